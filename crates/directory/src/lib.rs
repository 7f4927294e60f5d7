//! Recipients, groups, routing and journal decisions over an immutable snapshot.
