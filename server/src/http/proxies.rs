//! Proxies that are believed, and what they say of whom they speak for.
//!
//! Promises: a header counts only as far as it was written by a proxy of ours. A chain of addresses is
//! read from its right end, where the nearest proxy writes, up to the first that is none of ours; what
//! stands left of that anybody may have made up.
//!
//! Refuses to choose between `X-Forwarded-For` and `Forwarded` where they say different things: then it is
//! the proxy itself that is named.

use actix_web::http::header::{self, HeaderMap, HeaderName};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// The headers by which a proxy says that it speaks for another.
static FORWARDING: [HeaderName; 4] = [
    header::FORWARDED,
    header::X_FORWARDED_FOR,
    HeaderName::from_static("x-real-ip"),
    header::X_FORWARDED_PROTO,
];

/// Addresses that share their first bits, such as `10.0.0.0/8`; a single one without the slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    first: IpAddr,
    bits: u8,
}

/// A text that is no net.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoNet;

impl FromStr for Net {
    type Err = NoNet;

    fn from_str(text: &str) -> Result<Self, NoNet> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| NoNet)?;
        let all = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| NoNet)?,
            None => all,
        };
        let net = Self { first, bits };
        // All addresses there are would be everybody; bits beyond those shared are a slip.
        let is_one = (1..=all).contains(&bits) && net.masked(first) == whole(first);
        is_one.then_some(net).ok_or(NoNet)
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

impl Net {
    /// Whether an address is one of these.
    pub fn holds(&self, address: IpAddr) -> bool {
        let address = if self.first.is_ipv4() {
            address.to_canonical()
        } else {
            address
        };
        address.is_ipv4() == self.first.is_ipv4() && self.masked(address) == whole(self.first)
    }

    /// The bits of an address that this net is about.
    fn masked(&self, address: IpAddr) -> u128 {
        let all: u32 = if address.is_ipv4() { 32 } else { 128 };
        let rest = all.saturating_sub(u32::from(self.bits));
        whole(address)
            .checked_shr(rest)
            .and_then(|kept| kept.checked_shl(rest))
            .unwrap_or(0)
    }
}

fn whole(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// Whom a chain of proxies speaks for: the last address that is none of theirs, `peer` where they name
/// none or contradict themselves.
pub fn spoken_for(headers: &HeaderMap, peer: IpAddr, is_ours: impl Fn(IpAddr) -> bool) -> IpAddr {
    let read = |chain: Vec<Option<String>>| {
        if chain.iter().all(Option::is_none) {
            return None;
        }
        let mut named = peer;
        for hop in chain.iter().rev() {
            let Some(address) = hop.as_deref().and_then(address) else {
                // "unknown", hidden on purpose, or not said: nearer than this nobody is named.
                break;
            };
            named = address;
            if !is_ours(address) {
                break;
            }
        }
        Some(named)
    };
    let usual = texts(headers, "x-forwarded-for", ',').into_iter();
    let usual = read(usual.map(Some).collect());
    let standard = read(hops(headers, "for"));
    match (usual, standard) {
        (Some(one), Some(other)) if one != other => peer,
        (one, other) => one.or(other).unwrap_or(peer),
    }
}

/// Whether a proxy says that it speaks for another.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDING.iter().any(|name| headers.contains_key(name))
}

/// Whether a proxy says that it was asked over TLS: `None` where it says nothing of it, `Some(false)`
/// where any hop on the way was in clear.
pub fn over_tls(headers: &HeaderMap) -> Option<bool> {
    let mut said = texts(headers, "x-forwarded-proto", ',');
    said.extend(hops(headers, "proto").into_iter().flatten());
    if said.is_empty() {
        return None;
    }
    Some(said.iter().all(|one| one == "https"))
}

/// All parts of all headers of a name, in order, in lower case.
fn texts(headers: &HeaderMap, name: &'static str, between: char) -> Vec<String> {
    let values = headers.get_all(name);
    let values = values.map(|value| value.to_str().unwrap_or("?").to_ascii_lowercase());
    let parts = values.flat_map(|value| {
        let parts = value.split(between).map(|part| part.trim().to_owned());
        parts.collect::<Vec<_>>()
    });
    parts.collect()
}

/// What the hops of `Forwarded` (RFC 7239) say by one parameter, in order; `None` where a hop leaves it out.
fn hops(headers: &HeaderMap, name: &str) -> Vec<Option<String>> {
    let hops = texts(headers, "forwarded", ',').into_iter();
    let said = hops.map(|hop| {
        hop.split(';').find_map(|pair| {
            let (found, value) = pair.split_once('=')?;
            (found.trim() == name).then(|| value.trim().trim_matches('"').to_owned())
        })
    });
    said.collect()
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let alone = bracketed.unwrap_or(text).parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    alone.or_else(with_port).map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests;
