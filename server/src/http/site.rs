//! The site as browsers reach it: how the connection is protected and what pages say of themselves.

use serde::Serialize;

/// Set by configuration, the same for every request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Site {
    /// Whether what is shown is made up.
    pub demo: bool,
    /// A notice that pages show and hold until it is acknowledged.
    pub banner: Option<String>,
    /// The IANA time zone in which pages write times.
    pub time_zone: String,
    /// Whether browsers reach the server over TLS, its own or a proxy's.
    pub https: bool,
    /// Origins besides the server's own whose pages may use a session, such as `https://map.example`,
    /// for a proxy that rewrites Host.
    pub origins: Vec<String>,
    /// Whether restricted fields may leave the machine without TLS.
    pub clear_text_clearances: bool,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            demo: false,
            banner: None,
            time_zone: "UTC".into(),
            https: false,
            origins: Vec::new(),
            clear_text_clearances: false,
        }
    }
}
