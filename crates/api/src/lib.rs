//! The operations and views behind the command line and the HTTP API.
