//! Sites: a node is in one at most, so that it is never unclear which policies reach it.

use std::collections::HashMap;

use mailward_model::{FieldError, Object, kind::Site};

use super::{error, of, title};
use crate::ObjectError;

/// No node is in two sites.
pub(super) fn nodes(objects: &[&Object], errors: &mut Vec<ObjectError>) {
    let mut seen = HashMap::new();
    for (object, site) in of::<Site>(objects) {
        for (at, node) in site.nodes.iter().enumerate() {
            // Twice in one site is told by the site itself.
            let first = *seen.entry(node).or_insert(object);
            if !std::ptr::eq(first, object) {
                errors.push(error(
                    object,
                    FieldError::new(
                        format!("nodes[{at}]"),
                        format!("{node} is in {} already", title(first)),
                        "take it out of one of them",
                    ),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::{ObjectId, Revision};

    use super::*;

    #[test]
    fn a_node_is_in_one_site() {
        let site = |id: u64, name: &str, nodes: &[&str]| Object {
            id: ObjectId(id),
            name: name.to_owned(),
            revision: Revision(id),
            spec: Site {
                nodes: nodes.iter().map(|node| node.parse().unwrap()).collect(),
            }
            .into(),
        };
        let mut errors = Vec::new();
        let all = [
            site(1, "North", &["a.example", "b.example"]),
            site(2, "South", &["c.example", "B.example"]),
        ];
        nodes(&all.each_ref(), &mut errors);
        assert_eq!(errors.len(), 1, "{errors:?}");
        let told = errors[0].to_string();
        assert!(
            told.contains("nodes[1]") && told.contains("North"),
            "{told}"
        );
    }
}
