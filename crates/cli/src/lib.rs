//! The operator's hand: the command line front end of the operations.
