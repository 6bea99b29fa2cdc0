//! What a configuration must fulfil as a whole, beyond that every key can be read.

use super::{BadConfig, Config, Limits, LiveConfig};
use crate::signature::SignatureConfig;
use crate::tilesets::archives as tile_archives;
use crate::video;
use atalaya_tiles::{Catalog, FINEST, LayerSpec};
use jiff::tz::TimeZone;
use std::collections::HashSet;
use std::fmt::Display;

/// The static tileset, which is no layer.
pub(super) const BASEMAP: &str = "basemap";

/// What an address to listen on looks like.
const ADDRESS: &str = "it must be ADDRESS:PORT, such as 127.0.0.1:8080; port 0 picks a free one";

/// Seconds that a feed may be closed for by one body of its own without a warning.
const LONG_CLOSED_S: usize = 60;

/// An address to listen on, as an argument.
///
/// # Errors
/// What it has to look like.
pub fn listen_address(text: &str) -> Result<String, &'static str> {
    if has_port(text) {
        return Ok(text.to_owned());
    }
    Err(ADDRESS)
}

fn has_port(address: &str) -> bool {
    let parts = address.rsplit_once(':');
    parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

impl Config {
    pub(super) fn check(&self) -> Result<(), BadConfig> {
        self.check_values()?;
        self.check_site()?;
        for (camera, stream) in &self.streams {
            video::check(camera, stream).map_err(|reason| BadConfig::Video {
                camera: camera.clone(),
                reason,
            })?;
        }
        let catalog = self.catalog()?;
        self.check_tilesets(&catalog)?;
        self.check_archives(&catalog)?;
        self.check_postgis(&catalog)?;
        self.check_scenes(&catalog)?;
        let feeds = self.feeds(&catalog)?;
        let mut names = HashSet::new();
        match feeds.iter().find(|(feed, _)| !names.insert(&feed.name)) {
            Some((feed, _)) => Err(BadConfig::Feed {
                feed: feed.name.clone(),
                reason: "there are two feeds of this name".into(),
            }),
            None => Ok(()),
        }
    }

    fn check_values(&self) -> Result<(), BadConfig> {
        let admin = self.admin_listen.as_deref();
        let checks = [
            value("listen", &self.listen, has_port(&self.listen), ADDRESS),
            value(
                "admin_listen",
                &admin.unwrap_or_default(),
                admin.is_none_or(has_port),
                ADDRESS,
            ),
            value(
                "store.history_days",
                &self.store.history_days,
                self.store.history_days >= 1,
                ONE,
            ),
        ];
        let limits = limit_values(&self.limits);
        let all = checks.into_iter().chain(limits);
        all.chain(live_values(&self.live)).collect()
    }

    fn check_site(&self) -> Result<(), BadConfig> {
        let zone = &self.site.time_zone;
        let origins = &self.site.origins;
        let strange = origins.iter().find(|origin| !is_origin(origin));
        let proxies = &self.site.proxies;
        let no_net = self.site.nets().position(|net| net.is_none());
        let no_net = no_net.and_then(|at| proxies.get(at));
        let checks = [
            value(
                "site.time_zone",
                zone,
                TimeZone::get(zone).is_ok(),
                "it must be an IANA time zone such as America/Phoenix",
            ),
            value(
                "site.origins",
                &strange.map_or("", String::as_str),
                strange.is_none(),
                "each must be https://HOST or https://HOST:PORT as browsers write it: in lower case, \
                 without the usual port and without a path",
            ),
            value(
                "site.proxies",
                &no_net.map_or("", String::as_str),
                no_net.is_none(),
                "each must be an address or a net of addresses, such as 10.20.0.5 or 10.20.0.0/24",
            ),
            value(
                "site.proxies",
                &proxies.join(", "),
                proxies.is_empty() || !origins.is_empty(),
                "they end TLS for site.origins, and there are none",
            ),
        ];
        checks.into_iter().collect()
    }

    /// What can be so, and is hardly meant.
    pub fn warnings(&self) -> Vec<String> {
        self.of_origins()
            .into_iter()
            .chain(self.of_floods())
            .chain(self.of_streams())
            .chain(self.of_archives())
            .chain(self.of_signatures())
            .collect()
    }

    /// Cameras whose video cannot be there yet.
    fn of_streams(&self) -> impl Iterator<Item = String> {
        let streams = self.streams.iter();
        streams.filter_map(|(camera, value)| {
            let why = video::missing(value)?;
            Some(format!("streams: camera \"{camera}\" has no video: {why}"))
        })
    }

    /// Archives that cannot be there yet.
    fn of_archives(&self) -> impl Iterator<Item = String> {
        self.tile_archives().filter_map(|(name, archive)| {
            let why = tile_archives::missing(&archive.address)?;
            Some(format!("tile archive \"{name}\" has no tiles: {why}"))
        })
    }

    /// Feeds whose vendors sign what cannot be looked at.
    fn of_signatures(&self) -> impl Iterator<Item = String> {
        self.feeds.iter().flat_map(|feed| {
            let troubles = feed.signature.iter().flat_map(SignatureConfig::troubles);
            troubles.map(|trouble| format!("feed \"{}\" {trouble}", feed.name))
        })
    }

    /// A feed that a body of its own closes for long.
    fn of_floods(&self) -> Option<String> {
        let (body_bytes, rate) = (self.limits.body_bytes, self.limits.feed_kib_per_s);
        let kib = body_bytes.div_ceil(1_024);
        let closed_s = kib.div_ceil(usize::try_from(rate).unwrap_or(usize::MAX).max(1));
        (closed_s > LONG_CLOSED_S).then(|| {
            format!(
                "limits.feed_kib_per_s = {rate} with limits.body_bytes = {body_bytes}: a feed that posts a \
                 body of that size is answered 429 for up to {closed_s} s after it; {} would keep it to \
                 {LONG_CLOSED_S} s",
                kib.div_ceil(LONG_CLOSED_S)
            )
        })
    }

    fn of_origins(&self) -> Option<String> {
        let host = self.listen.rsplit_once(':').map_or("", |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let address = host.parse::<std::net::IpAddr>();
        let here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
        let (listen, known) = (&self.listen, !self.site.origins.is_empty());
        match (&self.tls, here || known) {
            (_, true) => None,
            (Some(_), false) => Some(format!(
                "[tls] without site.origins: what leads to this server (links, TileJSON, styles, /ogc) \
                 begins with the address that was connected to, such as {listen}, and the certificate \
                 is hardly for that; list the name in it, such as origins = [\"https://wall.example\"]"
            )),
            (None, false) => Some(format!(
                "listen = {listen} without [tls] or site.origins: nobody can sign in from another \
                 machine, and programs there get no restricted fields"
            )),
        }
    }

    fn check_tilesets(&self, catalog: &Catalog) -> Result<(), BadConfig> {
        for (tileset, layers) in &self.tilesets {
            if catalog.layer(tileset).is_some() || tileset == BASEMAP {
                return Err(BadConfig::Layer {
                    layer: tileset.clone(),
                    reason: "a tileset of the same name would hide it".into(),
                });
            }
            let known = |layer: &&String| *layer == BASEMAP || catalog.layer(layer).is_some();
            if let Some(layer) = layers.iter().find(|layer| !known(layer)) {
                return Err(BadConfig::Tileset {
                    tileset: tileset.clone(),
                    layer: layer.clone(),
                });
            }
        }
        match catalog.layer(BASEMAP) {
            Some(_) => Err(BadConfig::Layer {
                layer: BASEMAP.into(),
                reason: "the name is that of the static tileset".into(),
            }),
            None => Ok(()),
        }
    }
}

impl Config {
    fn check_archives(&self, catalog: &Catalog) -> Result<(), BadConfig> {
        for (name, archive) in self.tile_archives() {
            let of = |reason: String| BadConfig::Archive {
                archive: name.to_owned(),
                reason,
            };
            tile_archives::check(&archive.address).map_err(|reason| of(reason.into()))?;
            if let Some(clearance) = archive.clearance.as_deref()
                && catalog.clearance(clearance).is_none()
            {
                return Err(of(format!("no layer knows a clearance \"{clearance}\"")));
            }
        }
        for name in self.tile_archives.keys() {
            let taken = name == BASEMAP
                || catalog.layer(name).is_some()
                || self.tilesets.contains_key(name);
            let reason = if taken {
                "a layer, a tileset or the basemap has this name already"
            } else if name.is_empty() || name.contains([',', '/']) {
                "a name of a tileset is not empty and has neither a comma nor a slash"
            } else {
                continue;
            };
            return Err(BadConfig::Archive {
                archive: name.clone(),
                reason: reason.into(),
            });
        }
        // Bytes of an archive go out as they are: nothing is put beside them.
        let joined = |layers: &Vec<String>| layers.iter().any(|layer| layer == BASEMAP);
        let joins = self.tilesets.iter().find(|(_, layers)| joined(layers));
        match joins.filter(|_| self.basemap.is_some()) {
            Some((tileset, _)) => Err(BadConfig::Archive {
                archive: BASEMAP.into(),
                reason: format!("tileset \"{tileset}\" joins it, and an archive stands alone"),
            }),
            None => Ok(()),
        }
    }
}

impl Config {
    fn check_postgis(&self, catalog: &Catalog) -> Result<(), BadConfig> {
        let Some(postgis) = &self.postgis else {
            return Ok(());
        };
        let wrong = |reason: String| Err(BadConfig::PostGis { reason });
        if postgis.schemas.is_empty() {
            return wrong("schemas = []: nothing is published that no schema is named for".into());
        }
        if postgis.connections == 0 || postgis.look_s == 0 {
            let (connections, look_s) = (postgis.connections, postgis.look_s);
            return wrong(format!(
                "connections = {connections}, look_s = {look_s}: both must be 1 or more"
            ));
        }
        let of_schema = |name: &&String| {
            let schemas = postgis.schemas.iter();
            let mut of = schemas.map(|schema| format!("{schema}."));
            of.any(|schema| name.starts_with(&schema))
        };
        let mut names = self.tile_archives.keys().chain(self.tilesets.keys());
        if let Some(name) = names.find(of_schema) {
            return wrong(format!(
                "tileset \"{name}\" has a name as those of a schema have"
            ));
        }
        for (name, own) in &postgis.tilesets {
            let last = own.maxzoom.unwrap_or(atalaya_tiles::tile::MAX_ZOOM);
            if own.minzoom > last || last > atalaya_tiles::tile::MAX_ZOOM {
                let zooms = format!("minzoom = {}, maxzoom = {last}", own.minzoom);
                return wrong(format!(
                    "tileset \"{name}\": {zooms}: they must rise, to 22 at most"
                ));
            }
            if let Some(clearance) = own.clearance.as_deref()
                && catalog.clearance(clearance).is_none()
            {
                return wrong(format!(
                    "tileset \"{name}\": no layer knows a clearance \"{clearance}\""
                ));
            }
        }
        Ok(())
    }
}

const ONE: &str = "it must be 1 or more";

/// Limits below which nothing works.
fn limit_values(limits: &Limits) -> impl Iterator<Item = Result<(), BadConfig>> {
    let feed = limits.feed_kib_per_s as usize;
    let least = [
        (
            "limits.body_bytes",
            limits.body_bytes,
            1_024,
            "it must be 1024 or more",
        ),
        (
            "limits.queue_requests",
            limits.queue_requests,
            2,
            "it must be 2 or more: less lets no feed in",
        ),
        (
            "limits.feed_kib_per_s",
            feed,
            1,
            "it must be 1 or more: less lets no feed in",
        ),
        (
            "limits.tile_bytes",
            limits.tile_bytes,
            50_000,
            "it must be 50000 or more: less cannot hold the counts of a city",
        ),
        ("limits.past_folds", limits.past_folds, 1, ONE),
        ("limits.past_pictures", limits.past_pictures, 1, ONE),
        (
            "limits.past_bytes",
            limits.past_bytes,
            1 << 20,
            "it must be 1048576 or more: less cannot hold the picture of a city",
        ),
        ("limits.page", limits.page, 1, ONE),
        ("limits.stream_fetches", limits.stream_fetches, 1, ONE),
    ];
    let least = least.into_iter();
    least.map(|(name, set, least, why)| value(name, &set, set >= least, why))
}

fn live_values(live: &LiveConfig) -> [Result<(), BadConfig>; 4] {
    [
        value(
            "live.tick_ms",
            &live.tick_ms,
            (50..=3_000).contains(&live.tick_ms),
            "it must be 50 to 3000",
        ),
        value(
            "live.stall_s",
            &live.stall_s,
            (1..=3_600).contains(&live.stall_s),
            "it must be 1 to 3600",
        ),
        value(
            "live.recheck_s",
            &live.recheck_s,
            (1..=60).contains(&live.recheck_s),
            "it must be 1 to 60",
        ),
        value(
            "live.topic_resolution",
            &live.topic_resolution,
            live.topic_resolution <= FINEST,
            "it must be 0 to 12",
        ),
    ]
}

/// Whether a text is an origin with TLS, written as browsers send it.
fn is_origin(text: &str) -> bool {
    let url = reqwest::Url::parse(text);
    let is_written_so = |url: reqwest::Url| url.origin().ascii_serialization() == text;
    text.starts_with("https://") && !text.contains('*') && url.is_ok_and(is_written_so)
}

fn value(
    key: &'static str,
    found: &impl Display,
    fits: bool,
    limit: &'static str,
) -> Result<(), BadConfig> {
    if fits {
        return Ok(());
    }
    Err(BadConfig::Value {
        key,
        value: found.to_string(),
        limit,
    })
}

/// A layer that replaces a built-in one keeps every clearance that it has: what was restricted is not
/// opened by leaving a word out.
pub(super) fn replaced(built_in: &[LayerSpec], layers: &[LayerSpec]) -> Result<(), BadConfig> {
    for layer in layers {
        let Some(before) = built_in.iter().find(|spec| spec.name == layer.name) else {
            continue;
        };
        let opened = |reason: String| BadConfig::Layer {
            layer: layer.name.clone(),
            reason,
        };
        let lost =
            |before: &Option<String>, now: &Option<String>| before.is_some() && now.is_none();
        if lost(&before.clearance, &layer.clearance)
            || lost(&before.single_clearance, &layer.single_clearance)
        {
            return Err(opened(
                "the built-in layer has a clearance, and this has none".into(),
            ));
        }
        let field = before.fields.iter().find(|(name, field)| {
            let now = layer.fields.get(*name);
            now.is_some_and(|now| lost(&field.clearance, &now.clearance))
        });
        if let Some((name, field)) = field {
            let needed = field.clearance.as_deref().unwrap_or_default();
            return Err(opened(format!(
                "field {name} has clearance {needed} in the built-in layer, and none here"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
