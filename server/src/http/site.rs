//! The site as browsers reach it: how the connection is protected and what pages say of themselves.
//!
//! What may go over which connection is decided here and nowhere else.

use crate::config::Config;
use actix_web::HttpRequest;

/// Set by configuration, the same for every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Whether what is shown is made up.
    pub demo: bool,
    /// A notice that pages show and hold until it is acknowledged.
    pub banner: Option<String>,
    /// The IANA time zone in which pages write times.
    pub time_zone: String,
    /// Whether browsers reach the server over TLS.
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

impl Site {
    /// The site that a configuration describes.
    pub fn of(config: &Config) -> Self {
        Self {
            demo: config.site.demo,
            banner: config.site.banner.clone(),
            time_zone: config.site.time_zone.clone(),
            https: config.tls.is_some(),
            ..Self::default()
        }
    }

    /// How addresses of the site begin.
    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// Whether nobody in between can read what the two sides of a connection say: it is encrypted, or does
    /// not leave the machine. A session is opened over no other.
    pub fn is_private(&self, request: &HttpRequest) -> bool {
        self.https || is_local(request)
    }

    /// Whether restricted fields may go to whoever sent this.
    pub fn carries_clearances(&self, request: &HttpRequest) -> bool {
        self.clear_text_clearances || self.is_private(request)
    }
}

/// Whether the peer is this machine, and not a proxy on it that speaks for another.
fn is_local(request: &HttpRequest) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip"];
    let direct = forwarded
        .iter()
        .all(|name| !request.headers().contains_key(*name));
    direct
        && request
            .peer_addr()
            .is_some_and(|peer| peer.ip().to_canonical().is_loopback())
}

#[cfg(test)]
mod tests;
