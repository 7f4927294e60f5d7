//! Dialog scripts, fakes and contract suites for tests; never shipped.
