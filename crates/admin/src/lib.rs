//! The HTTP API: authorisation, operations, health pages and metrics.
