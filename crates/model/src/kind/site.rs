//! Sites: nodes that stand in one place, so that a policy can speak of them together.

use serde::{Deserialize, Serialize};

use crate::{Domain, FieldError, object::Validate};

/// Nodes of one site.
const NODES_MAX: usize = 1_000;

/// Nodes that stand in one place. A node is in one site at most.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The host names of its nodes, as their `mailward.toml` has them.
    #[serde(default)]
    pub nodes: Vec<Domain>,
}

impl Validate for Site {
    fn validate(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.nodes.len() > NODES_MAX {
            errors.push(FieldError::new(
                "nodes",
                format!("{} nodes, the limit is {NODES_MAX}", self.nodes.len()),
                "make more sites of it",
            ));
            return errors;
        }
        for (at, node) in self.nodes.iter().enumerate() {
            if self.nodes.iter().take(at).any(|other| other == node) {
                errors.push(FieldError::new(
                    format!("nodes[{at}]"),
                    format!("{node} stands there already"),
                    "name each node once",
                ));
            }
        }
        errors
    }
}
