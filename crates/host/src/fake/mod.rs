//! Fakes of the machine, for tests: a clock that is set by hand, a disk that fails.

pub mod clock;
pub mod disk;
