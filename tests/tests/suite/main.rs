//! The one test binary: every test that needs the whole project, by boundary.

mod tidy;
