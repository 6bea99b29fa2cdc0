//! The example configuration that `atalaya check` prints for newcomers, parsed by a test.

/// A file with every section, as a starting point.
pub const EXAMPLE: &str = include_str!("example.toml");
