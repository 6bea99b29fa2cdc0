//! Addresses as they are printed: without what may be a key in them, which is who is asked as, and the query.

use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

fn shown(address: &str) -> String {
    let (before, query) = match address.split_once(['?', '#']) {
        Some((before, _)) => (before, "?..."),
        None => (address, ""),
    };
    match before.split_once("://") {
        Some((scheme, rest)) => {
            let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
            format!("{scheme}://{place}{query}")
        }
        None => format!("{before}{query}"),
    }
}

/// Writes the address of a feed, if it has one.
#[expect(
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
pub(super) fn of_feed<S: Serializer>(
    address: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    address.as_deref().map(shown).serialize(serializer)
}

/// Writes the addresses of streams, by camera.
pub(super) fn of_streams<S: Serializer>(
    addresses: &BTreeMap<String, String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(addresses.iter().map(|(camera, it)| (camera, shown(it))))
}

/// Writes the address of an archive.
pub(crate) fn of_archive<S: Serializer>(address: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown(address))
}
