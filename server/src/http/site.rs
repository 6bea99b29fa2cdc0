//! The site as browsers reach it: under which addresses, how the connection is protected, and what pages
//! say of themselves.
//!
//! What may go over which connection, and what the server calls itself in what it answers, is decided
//! here and nowhere else. Promises: an address that a client made up is never repeated; what a proxy
//! says is believed of one on this machine alone, and of one that the configuration knows of.

use crate::config::Config;
use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::uri::Authority;
use actix_web::rt::net::TcpStream;
use actix_web::{HttpRequest, web};
use std::any::Any;
use std::net::{IpAddr, SocketAddr};

/// The address of this machine that a connection came in on.
#[derive(Debug, Clone, Copy)]
struct CameInOn(SocketAddr);

/// Set by configuration, the same for every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Whether what is shown is made up.
    pub demo: bool,
    /// A notice that pages show and hold until it is acknowledged.
    pub banner: Option<String>,
    /// The IANA time zone in which pages write times.
    pub time_zone: String,
    /// Whether the server itself speaks TLS.
    pub tls: bool,
    /// The origins under which browsers reach the server, such as `https://wall.example`, the usual one
    /// first. Empty where it is known by its address alone.
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
            tls: false,
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
            tls: config.tls.is_some(),
            origins: config.site.origins.clone(),
            ..Self::default()
        }
    }

    /// Whether browsers reach the server over TLS, its own or a proxy's.
    pub fn https(&self) -> bool {
        self.tls || !self.origins.is_empty()
    }

    /// How addresses begin that the server listens on.
    pub fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// How addresses begin in an answer to this request, without a slash at the end: with an origin of
    /// the configuration, the one asked for if it is one of them; without any, with the address that
    /// the connection came in on, or the loopback name that was asked for.
    pub fn base(&self, request: &HttpRequest) -> String {
        let asked = host(request);
        if let Some(usual) = self.origins.first() {
            let asked = self.origins.iter().find(|origin| {
                let named = origin.split_once("://").map(|(_, host)| host);
                matches!((named, asked), (Some(named), Some(asked)) if named.eq_ignore_ascii_case(asked))
            });
            return asked.unwrap_or(usual).clone();
        }
        let scheme = self.scheme();
        match asked.filter(|asked| is_loopback(asked)) {
            Some(asked) => format!("{scheme}://{asked}"),
            None => format!("{scheme}://{}", came_in_on(request)),
        }
    }

    /// Whether nobody in between can read what the two sides of a connection say: it is encrypted, does
    /// not leave the machine, or does so through a proxy on it that encrypts. A session is opened over
    /// no other.
    pub fn is_private(&self, request: &HttpRequest) -> bool {
        let proxied = || !self.origins.is_empty() && !is_forwarded_in_clear(request.headers());
        self.tls || (is_from_here(request) && (!is_forwarded(request.headers()) || proxied()))
    }

    /// Whether restricted fields may go to whoever sent this.
    pub fn carries_clearances(&self, request: &HttpRequest) -> bool {
        self.clear_text_clearances || self.is_private(request)
    }
}

/// How addresses begin in an answer to this request, without a slash at the end.
pub fn base_url(request: &HttpRequest) -> String {
    let site = request.app_data::<web::Data<Site>>();
    site.map_or_else(|| Site::default().base(request), |site| site.base(request))
}

/// Notes of a new connection which address it came in on.
pub fn note_address(connection: &dyn Any, notes: &mut Extensions) {
    let plain = connection.downcast_ref::<TcpStream>();
    let tls = connection.downcast_ref::<TlsStream<TcpStream>>();
    let socket = plain.or_else(|| tls.map(|tls| tls.get_ref().0));
    if let Some(address) = socket.and_then(|socket| socket.local_addr().ok()) {
        notes.insert(CameInOn(address));
    }
}

/// The host that was asked for, with its port if it was named.
pub(super) fn host(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(header::HOST);
    let header = header.and_then(|host| host.to_str().ok());
    header.or_else(|| request.uri().authority().map(Authority::as_str))
}

/// The address of this machine that a request came in on.
fn came_in_on(request: &HttpRequest) -> SocketAddr {
    let noted = request.conn_data::<CameInOn>();
    let mut address = noted.map_or_else(|| request.app_config().local_addr(), |noted| noted.0);
    address.set_ip(address.ip().to_canonical());
    address
}

/// Whether a host, with or without a port, is this machine for whoever asks.
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        let is_port = port
            .parse::<u16>()
            .is_ok_and(|number| number.to_string() == port);
        if is_port { name } else { host }
    });
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    let v4 = |name: &str| name.parse::<std::net::Ipv4Addr>().map(IpAddr::V4);
    let v6 = |name: &str| name.parse::<std::net::Ipv6Addr>().map(IpAddr::V6);
    let address = address.map_or_else(|| v4(name), v6);
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Whether the peer is on this machine.
fn is_from_here(request: &HttpRequest) -> bool {
    let peer = request.peer_addr();
    peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback())
}

/// Whether a proxy says that it speaks for another.
fn is_forwarded(headers: &HeaderMap) -> bool {
    [
        "forwarded",
        "x-forwarded-for",
        "x-real-ip",
        "x-forwarded-proto",
    ]
    .iter()
    .any(|name| headers.contains_key(*name))
}

/// Whether a proxy says that it was asked without TLS, anywhere on the way.
fn is_forwarded_in_clear(headers: &HeaderMap) -> bool {
    let texts = |name: &'static str| {
        let values = headers.get_all(name);
        values.map(|value| value.to_str().unwrap_or("?").to_ascii_lowercase())
    };
    let protocol = |text: &str| !text.split(',').all(|one| one.trim() == "https");
    let hops = |text: &str| {
        let pairs = text
            .split([',', ';'])
            .filter_map(|pair| pair.split_once('='));
        let mut named = pairs.filter(|(name, _)| name.trim() == "proto");
        named.any(|(_, value)| value.trim().trim_matches('"') != "https")
    };
    texts("x-forwarded-proto").any(|text| protocol(&text))
        || texts("forwarded").any(|text| hops(&text))
}

#[cfg(test)]
mod tests;
