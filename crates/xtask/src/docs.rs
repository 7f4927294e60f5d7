//! The generated documents: OpenAPI, man pages, completions.

use std::path::Path;

/// Writes them below `root`; what could not be written comes back.
pub(crate) fn write(_root: &Path) -> Vec<String> {
    Vec::new()
}
