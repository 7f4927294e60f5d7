//! Certificates held, the choice per connector, and TLS configurations.
