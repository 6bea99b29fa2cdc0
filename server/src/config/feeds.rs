//! A feed, as configured: what it speaks, what it fills, where it is fetched.

use super::{BadConfig, address};
use crate::adaptor::{Adaptor, Columns, Feed};
use crate::signature::SignatureConfig;
use atalaya_tiles::{Catalog, FeedName, LayerKind};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The longest time between two fetches, in seconds.
const DAY_S: u64 = 86_400;

/// A feed, as configured.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedConfig {
    /// Its name in `/feeds/{name}`.
    pub name: String,
    /// What it speaks.
    pub adaptor: Adaptor,
    /// The layer it fills.
    pub layer: String,
    /// Where to fetch it; `env:NAME` for an address with a secret in it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "address::of_feed"
    )]
    pub url: Option<String>,
    /// Seconds from one fetch to the next, 1 to 86400; twice as many after each failure, up to 900.
    #[serde(default = "minute")]
    pub every_s: u64,
    /// What a vendor signs in the place of a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureConfig>,
    /// Silence longer than this is shown as stale; 0 never.
    #[serde(default)]
    pub expect_every_s: u32,
    /// Whether a body is all that the feed has, so that what it leaves out is withdrawn. Where this is
    /// not set: what is fetched, from adaptors whose upstreams serve all that they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<bool>,
    /// The share of what the feed holds, 0 to 1, that one body may withdraw by leaving it out; where it
    /// holds no more than 10, all may go.
    #[serde(default = "half")]
    pub withdraw_at_most: f64,
    /// The zone of times that carry none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// For `csv`: which column is what.
    #[serde(default)]
    pub columns: Columns,
}

fn minute() -> u64 {
    60
}

fn half() -> f64 {
    0.5
}

impl FeedConfig {
    /// The feed that every layer has without being asked: of its own name, in `GeoJSON`.
    pub fn own(layer: &str) -> Self {
        Self {
            name: layer.to_owned(),
            adaptor: Adaptor::Geojson,
            layer: layer.to_owned(),
            url: None,
            every_s: minute(),
            signature: None,
            expect_every_s: 0,
            snapshot: None,
            withdraw_at_most: half(),
            timezone: None,
            columns: Columns::default(),
        }
    }

    /// For a body that was fetched: the share that it may withdraw by leaving it out, if any.
    pub fn fetched_may_withdraw(&self) -> Option<f64> {
        let all = self.snapshot.unwrap_or(self.adaptor.sends_everything());
        all.then_some(self.withdraw_at_most)
    }

    /// The same for a body that was posted: only where the feed is configured so.
    pub fn posted_may_withdraw(&self) -> Option<f64> {
        (self.snapshot == Some(true)).then_some(self.withdraw_at_most)
    }

    /// What is wrong with it, on a layer of this kind.
    fn check(&self, kind: LayerKind) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(plain) {
            return Err("a name is 1 to 64 lower case letters, digits, - and _".into());
        }
        if kind == LayerKind::Derived {
            let layer = &self.layer;
            return Err(format!("layer \"{layer}\" is derived and takes no feed"));
        }
        if !(1..=DAY_S).contains(&self.every_s) {
            return Err(format!(
                "every_s = {}: it must be 1 to {DAY_S}",
                self.every_s
            ));
        }
        if !(0.0..=1.0).contains(&self.withdraw_at_most) {
            let share = self.withdraw_at_most;
            return Err(format!("withdraw_at_most = {share}: it must be 0 to 1"));
        }
        if self.snapshot == Some(true) && kind != LayerKind::State {
            return Err("snapshot = true: what a sighting layer holds does not end".into());
        }
        if self.snapshot == Some(true) && !self.adaptor.can_send_everything() {
            return Err(format!(
                "snapshot = true: {} sends what happened, never all that there is",
                self.adaptor
            ));
        }
        self.signature
            .as_ref()
            .map_or(Ok(()), SignatureConfig::check)?;
        // The address itself is not repeated: it may hold a secret.
        let schemes = ["http://", "https://", "env:"];
        if let Some(url) = &self.url
            && !schemes.iter().any(|scheme| url.starts_with(scheme))
        {
            return Err("url: it must begin with http://, https:// or env:".into());
        }
        Ok(())
    }
}

/// The feed that a configuration describes.
pub fn feed(config: &FeedConfig, catalog: &Catalog) -> Result<Feed, BadConfig> {
    let bad = |reason: String| BadConfig::Feed {
        feed: config.name.clone(),
        reason,
    };
    let layer = catalog.layer(&config.layer).ok_or_else(|| {
        let taking = catalog.layers().map(|(_, spec)| spec);
        let taking = taking.filter(|spec| spec.kind != LayerKind::Derived);
        let names: Vec<&str> = taking.map(|spec| spec.name.as_str()).collect();
        let names = names.join(", ");
        bad(format!(
            "there is no layer \"{}\"; there are {names}",
            config.layer
        ))
    })?;
    config.check(catalog.spec(layer).kind).map_err(bad)?;
    let time_zone = config
        .timezone
        .as_deref()
        .map(|name| {
            TimeZone::get(name).map_err(|_| bad(format!("there is no time zone \"{name}\"")))
        })
        .transpose()?;
    Ok(Feed {
        name: FeedName::from(config.name.as_str()),
        layer,
        adaptor: config.adaptor,
        time_zone,
        columns: config.columns.clone(),
        others: Vec::new(),
    })
}
