//! A parsed filter: asked of a recipient, and written in its stored form.

use std::fmt;

use super::{Attributes, Catalogue, Property, comparison::Comparison};

/// A part of a filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<P = Property> {
    /// All of them; two at least.
    And(Vec<Node<P>>),
    /// One of them; two at least.
    Or(Vec<Node<P>>),
    Not(Box<Node<P>>),
    Test(Comparison<P>),
}

impl<P: Catalogue> Node<P> {
    fn matches(&self, of: &Attributes<P>) -> bool {
        match self {
            Node::And(parts) => parts.iter().all(|part| part.matches(of)),
            Node::Or(parts) => parts.iter().any(|part| part.matches(of)),
            Node::Not(part) => !part.matches(of),
            Node::Test(comparison) => comparison.holds(of),
        }
    }

    fn properties(&self, into: &mut Vec<P>) {
        match self {
            Node::And(parts) | Node::Or(parts) => {
                parts.iter().for_each(|part| part.properties(into));
            }
            Node::Not(part) => part.properties(into),
            Node::Test(comparison) => into.push(comparison.property),
        }
    }
}

impl<P: Catalogue> fmt::Display for Node<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain = |f: &mut fmt::Formatter<'_>, parts: &[Node<P>], word: &str| {
            f.write_str("(")?;
            for (at, part) in parts.iter().enumerate() {
                if at > 0 {
                    write!(f, " -{word} ")?;
                }
                part.fmt(f)?;
            }
            f.write_str(")")
        };
        match self {
            Node::And(parts) => chain(f, parts, "and"),
            Node::Or(parts) => chain(f, parts, "or"),
            Node::Not(part) => write!(f, "(-not{part})"),
            Node::Test(comparison) => comparison.fmt(f),
        }
    }
}

/// A filter over recipients, or over whatever else has a catalogue of properties. Its text is [`Display`](fmt::Display)ed fully parenthesised, so that
/// nobody has to know which of `-and` and `-or` binds tighter.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter<P = Property> {
    pub(super) root: Node<P>,
}

impl<P: Catalogue> Filter<P> {
    /// Whether a recipient fits.
    pub fn matches(&self, of: &Attributes<P>) -> bool {
        self.root.matches(of)
    }

    /// The properties it reads, each once.
    pub fn properties(&self) -> Vec<P> {
        let mut properties = Vec::new();
        self.root.properties(&mut properties);
        properties.sort_unstable();
        properties.dedup();
        properties
    }

    /// Whether it reads a property.
    pub fn reads(&self, property: P) -> bool {
        self.properties().contains(&property)
    }
}

impl<P: Catalogue> fmt::Display for Filter<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}
