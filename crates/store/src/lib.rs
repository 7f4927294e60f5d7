//! Objects with revisions and a change feed.
