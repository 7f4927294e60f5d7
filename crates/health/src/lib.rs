//! Probes, monitors, responders, overrides and the repair ledger.
