//! The site as browsers reach it: under which addresses, how the connection is protected, and what pages
//! say of themselves.
//!
//! What may go over which connection, and what the server calls itself in what it answers, is decided
//! here and nowhere else. Promises: an address that a client made up is never repeated; what a proxy says
//! is believed of those that the configuration names, and, where it lists origins, of one on this machine.

use super::proxies::{Net, is_forwarded, over_tls, spoken_for};
use crate::config::Config;
use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::http::header;
use actix_web::http::uri::Authority;
use actix_web::rt::net::TcpStream;
use actix_web::{HttpRequest, web};
use std::any::Any;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

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
    /// The proxies on other machines that end TLS for these origins.
    pub proxies: Vec<Net>,
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
            proxies: Vec::new(),
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
            proxies: config.site.nets().flatten().collect(),
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
    /// not leave the machine, or comes through a proxy that encrypts. One on another machine has to say
    /// so; the way from it to here is its operator's to guard. A session is opened over no other.
    pub fn is_private(&self, request: &HttpRequest) -> bool {
        if self.tls {
            return true;
        }
        let headers = request.headers();
        match request.peer_addr().map(|peer| peer.ip().to_canonical()) {
            Some(peer) if peer.is_loopback() => {
                let proxied = !self.origins.is_empty() && over_tls(headers) != Some(false);
                !is_forwarded(headers) || proxied
            }
            Some(peer) => self.is_named(peer) && over_tls(headers) == Some(true),
            None => false,
        }
    }

    /// The address of whoever asks, by which failures are counted: the peer's, or what the proxies of the
    /// configuration say of it.
    pub fn client(&self, request: &HttpRequest) -> IpAddr {
        let peer = request.peer_addr();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let peer = peer.to_canonical();
        if !self.is_proxy(peer) {
            return peer;
        }
        spoken_for(request.headers(), peer, |hop| self.is_proxy(hop))
    }

    /// Whether what comes from an address may speak for another.
    fn is_proxy(&self, address: IpAddr) -> bool {
        let here = address.is_loopback() && !self.origins.is_empty();
        here || self.is_named(address)
    }

    /// Whether the configuration names an address as a proxy's.
    fn is_named(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|net| net.holds(address))
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
    let name = without_port(host);
    let address = literal(name);
    name.eq_ignore_ascii_case("localhost") || address.is_some_and(|it| it.is_loopback())
}

/// A host without its port.
pub(super) fn without_port(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(name, port)| {
        let is_port = port
            .parse::<u16>()
            .is_ok_and(|number| number.to_string() == port);
        if is_port { name } else { host }
    })
}

/// The address that a host is, as it stands in an address of the web.
fn literal(name: &str) -> Option<IpAddr> {
    let bracketed = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    let v4 = |name: &str| name.parse::<Ipv4Addr>().map(IpAddr::V4);
    let v6 = |name: &str| name.parse::<std::net::Ipv6Addr>().map(IpAddr::V6);
    bracketed.map_or_else(|| v4(name), v6).ok()
}

/// Whether a host can only mean this server, or was configured: an address, a name without a dot, which no
/// registry hands out, or one of those given. A page that has its own name lead here shows itself by it.
pub(super) fn is_no_foreign_name(host: &str, known: &[&str]) -> bool {
    let name = without_port(host);
    literal(name).is_some()
        || (!name.is_empty() && !name.contains('.'))
        || known.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests;
