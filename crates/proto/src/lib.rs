//! Everything that has an RFC and no socket: SMTP machines, headers, DSN, journal report format.
