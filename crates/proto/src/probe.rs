//! The marker of health probes.
