//! The typed event catalogue, its pages, its sinks, and the message tracking log.
