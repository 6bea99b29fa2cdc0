//! The configuration: one TOML file, every key documented here, unknown keys refused.
//!
//! Secrets never stand in the file: a value that begins with `env:` is read from that environment
//! variable, and the effective configuration prints the name of the variable only.

pub(crate) mod address;
mod bad;
mod check;
mod example;
mod feeds;
mod scenes;

use crate::adaptor::Feed;
use crate::http::proxies::Net;
use crate::store::StoreOptions;
use crate::tilesets::archives::{self as tile_archives, ArchiveConfig};
use crate::tilesets::postgis::PostGisConfig;
use crate::video;
use atalaya_tiles::{Catalog, LayerKind, LayerSpec, RingLimits};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use bad::BadConfig;
pub use check::listen_address;
pub use example::EXAMPLE;
pub use feeds::{FeedConfig, feed};

/// The layers that are always there.
const BUILT_IN: &str = include_str!("config/layers.toml");

/// The whole configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the store lives.
    pub data: PathBuf,
    /// Address and port to serve on; port 0 picks a free one.
    pub listen: String,
    /// Address and port for `/metrics`, which asks nobody who they are; port 0 picks a free one. None by
    /// default.
    pub admin_listen: Option<String>,
    /// What is drawn under everything, with source-layers as Protomaps names them: an archive as in `tile_archives`. None by
    /// default: then the tileset `basemap` is what was imported into it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basemap: Option<ArchiveConfig>,
    /// TLS on `listen`; without it, sign-in and restricted fields stay on the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsConfig>,
    /// What the site calls itself and how it tells the time.
    pub site: SiteConfig,
    /// Bounds on what is taken from outside.
    pub limits: Limits,
    /// The live stream.
    pub live: LiveConfig,
    /// The store.
    pub store: StoreConfig,
    /// Layers beyond the built-in ones.
    pub layers: Vec<LayerSpec>,
    /// Feeds beyond the default ones.
    pub feeds: Vec<FeedConfig>,
    /// Named tilesets: lists of layers.
    pub tilesets: BTreeMap<String, Vec<String>>,
    /// Tilesets from PMTiles and MBTiles archives.
    pub tile_archives: BTreeMap<String, ArchiveConfig>,
    /// Tilesets from tables and functions of PostGIS; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgis: Option<PostGisConfig>,
    /// Saved views of the wall.
    pub scenes: Vec<Scene>,
    /// HLS by camera id: the `http` or `https` address of a playlist, `env:NAME` for one with a secret
    /// in it, or the path of a playlist `*.m3u8` or of a folder with an `index.m3u8`. Served through
    /// this server, so that a browser learns no address.
    #[serde(serialize_with = "address::of_streams")]
    pub streams: BTreeMap<String, String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("atalaya-data"),
            listen: "127.0.0.1:8080".into(),
            admin_listen: None,
            basemap: None,
            tls: None,
            site: SiteConfig::default(),
            limits: Limits::default(),
            live: LiveConfig::default(),
            store: StoreConfig::default(),
            layers: Vec::new(),
            feeds: Vec::new(),
            tilesets: BTreeMap::new(),
            tile_archives: BTreeMap::new(),
            postgis: None,
            scenes: Vec::new(),
            streams: BTreeMap::new(),
        }
    }
}

/// The files of TLS, in PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate, and after it those that lead to the root.
    pub certificate: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC 1, not encrypted.
    pub private_key: PathBuf,
}

/// The site.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SiteConfig {
    /// IANA name of the zone that the wall's clock shows.
    pub time_zone: String,
    /// A line across the wall, such as a classification.
    pub banner: Option<String>,
    /// Whether what is shown is simulated; the wall then says so.
    pub demo: bool,
    /// The origins under which browsers and programs reach the server where its own address is not it,
    /// such as `https://wall.example`, the usual one first: for a proxy on this machine that ends TLS,
    /// or for the name in the certificate. Links lead there, and pages of no other origin may change
    /// anything or open a WebSocket.
    pub origins: Vec<String>,
    /// Proxies on other machines that end TLS for these origins, as addresses or nets such as
    /// `10.20.0.0/24`. Their `X-Forwarded-Proto`, `X-Forwarded-For` and `Forwarded` are believed, and
    /// nobody else's; each has to set them itself, and the way from it to here is yours to guard.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<String>,
}

impl SiteConfig {
    /// The proxies as nets; nothing in the place of one that is none.
    pub fn nets(&self) -> impl Iterator<Item = Option<Net>> {
        self.proxies.iter().map(|net| net.parse().ok())
    }
}

impl Default for SiteConfig {
    fn default() -> Self {
        Self {
            time_zone: "America/Phoenix".into(),
            banner: None,
            demo: false,
            origins: Vec::new(),
            proxies: Vec::new(),
        }
    }
}

/// Bounds on what is taken from outside.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The largest body of a feed post, in bytes.
    pub body_bytes: usize,
    /// Requests that may wait for the writer; more answer 503, and so do those of a feed that would hold
    /// more places than it leaves to others: one feed alone may have half of them.
    pub queue_requests: usize,
    /// Bytes of bodies that may arrive and wait for the writer; more answer 503, with the same bound on one
    /// feed. One body alone always may.
    pub queue_bytes: usize,
    /// Tiles encoded at once, and as many frames of the live stream; of other reads that take work twice
    /// as many are answered at once. A tile or a read that waits 5 s for its turn is answered 503.
    pub encoders: usize,
    /// Bytes of encoded tiles kept.
    pub tile_cache_bytes: u64,
    /// The largest uncompressed tile, in bytes.
    pub tile_bytes: usize,
    /// KiB per second and feed, in the mean, a request counting for at least one; a feed that sends
    /// more is answered 429. A body larger than 4 s of it passes after quiet, and the feed waits for it after.
    pub feed_kib_per_s: u32,
    /// Features on one page of `/ogc`.
    pub page: usize,
    /// Connections to `/live`.
    pub live_clients: usize,
    /// Connections to `/live` of one session or key.
    pub live_clients_each: usize,
    /// Bytes of encoded frames of the live stream kept for those who come to them later; a quarter as much
    /// of those of the past.
    pub live_frame_bytes: u64,
    /// Folds of the log at once, for replays and timelines: each holds a picture of its own. One that
    /// waits 5 s for its turn is answered 503.
    pub past_folds: usize,
    /// Pictures of the past kept to be taken further, each with all features of its layers: about as many
    /// as walls replay apart from each other, and one more. Of each the latest views are kept, twice as
    /// many as there are pictures.
    pub past_pictures: usize,
    /// The largest answer of `/past`, in bytes; what is larger is refused.
    pub past_bytes: usize,
    /// Playlists and segments of cameras fetched at once; more are answered 503.
    pub stream_fetches: usize,
    /// The largest segment of a camera's video, in bytes.
    pub stream_segment_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 8 << 20,
            queue_requests: 4_096,
            queue_bytes: 64 << 20,
            encoders: std::thread::available_parallelism().map_or(2, usize::from),
            tile_cache_bytes: 256 << 20,
            tile_bytes: 500_000,
            feed_kib_per_s: 32_768,
            page: 10_000,
            live_clients: 20_000,
            live_clients_each: 2_000,
            live_frame_bytes: 64 << 20,
            past_folds: 2,
            past_pictures: 3,
            past_bytes: 64 << 20,
            stream_fetches: 64,
            stream_segment_bytes: 32 << 20,
        }
    }
}

/// The live stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiveConfig {
    /// Milliseconds between two ticks, 50 to 3,000.
    pub tick_ms: u64,
    /// H3 resolution of the topics.
    pub topic_resolution: u8,
    /// Ticks kept for clients that come back.
    pub ring_ticks: usize,
    /// Changes kept for clients that come back.
    pub ring_changes: usize,
    /// Seconds that a client may take nothing of what it is sent, whatever that is, before its connection
    /// is closed; 1 to 3,600.
    pub stall_s: u64,
    /// Seconds after which an open stream asks again whether its session or key still holds; 60 at most.
    pub recheck_s: u64,
}

impl Default for LiveConfig {
    fn default() -> Self {
        let ring = RingLimits::default();
        Self {
            tick_ms: 250,
            topic_resolution: 6,
            ring_ticks: ring.ticks,
            ring_changes: ring.changes,
            stall_s: 30,
            recheck_s: 30,
        }
    }
}

/// The store.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// Seconds between two checkpoints; 0 is one at every tick. Many records bring the next one on earlier.
    pub checkpoint_every_s: u64,
    /// Bytes held in reserve for a full disk.
    pub reserve_bytes: u64,
    /// Days that layers without `retain_days` keep superseded observations, and remember what was
    /// withdrawn: a late report of something withdrawn longer ago counts as new. At least 1.
    pub history_days: u32,
    /// Hours after its end (midnight UTC) that a day stays in `main.db` before it moves into a file of its
    /// own in `archive`.
    pub archive_after_h: u32,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            checkpoint_every_s: 15,
            reserve_bytes: 64 << 20,
            history_days: 30,
            archive_after_h: 24,
        }
    }
}

impl StoreConfig {
    /// What the store is opened with.
    pub fn options(&self) -> StoreOptions {
        StoreOptions {
            reserve_bytes: self.reserve_bytes,
            history_days: self.history_days,
            archive_after_h: self.archive_after_h,
        }
    }
}

/// A saved view of the wall.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// Its name in the address.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Longitude and latitude of the middle: -180 to 180, -85.051129 to 85.051129.
    pub center: [f64; 2],
    /// Zoom, 0 to 22.
    pub zoom: f64,
    /// Degrees clockwise from north that point up, -360 to 360.
    #[serde(default)]
    pub bearing: f64,
    /// Degrees of tilt, 0 to 60.
    #[serde(default)]
    pub pitch: f64,
    /// The layers shown; all where absent.
    #[serde(default)]
    pub layers: Option<Vec<String>>,
    /// Seconds it stays when the wall cycles, 1 to 86,400.
    #[serde(default = "dwell")]
    pub dwell_s: u32,
}

fn dwell() -> u32 {
    20
}

impl Config {
    /// Reads a file; without one, everything has its default.
    pub fn load(path: Option<&Path>) -> Result<Self, BadConfig> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let text = std::fs::read_to_string(path).map_err(|cause| BadConfig::File {
            path: path.into(),
            cause,
        })?;
        let mut config: Self = toml::from_str(&text).map_err(|cause| BadConfig::Syntax {
            path: path.into(),
            cause: Box::new(cause),
        })?;
        // A relative path is meant from where the file lies; joining an absolute one changes nothing.
        if let Some(folder) = path.parent() {
            config.data = folder.join(&config.data);
            for stream in config.streams.values_mut() {
                *stream = video::beside(folder, stream);
            }
            for archive in config
                .basemap
                .iter_mut()
                .chain(config.tile_archives.values_mut())
            {
                archive.address = tile_archives::beside(folder, &archive.address);
            }
            let root = config
                .postgis
                .as_mut()
                .and_then(|it| it.root_certificate.as_mut());
            if let Some(root) = root {
                *root = folder.join(&*root);
            }
            if let Some(tls) = &mut config.tls {
                tls.certificate = folder.join(&tls.certificate);
                tls.private_key = folder.join(&tls.private_key);
            }
        }
        config.check()?;
        Ok(config)
    }

    /// The built-in layers and the configured ones. A configured layer of a built-in name replaces it, but
    /// for `wall` and `search` where it leaves them out.
    pub fn catalog(&self) -> Result<Catalog, BadConfig> {
        #[derive(Deserialize)]
        struct BuiltIn {
            layers: Vec<LayerSpec>,
        }
        let built_in: BuiltIn = toml::from_str(BUILT_IN).map_err(|cause| BadConfig::Syntax {
            path: "layers.toml".into(),
            cause: Box::new(cause),
        })?;
        let mut specs = built_in.layers;
        check::replaced(&specs, &self.layers)?;
        for layer in &self.layers {
            match specs.iter_mut().find(|spec| spec.name == layer.name) {
                Some(spec) => *spec = layer.clone().replacing(spec),
                None => specs.push(layer.clone()),
            }
        }
        let catalog = Catalog::new(specs, self.live.topic_resolution)?;
        Ok(catalog.with_history_days(self.store.history_days))
    }

    /// All feeds: one of its own name for every state and sighting layer but `perimeters`, and the
    /// configured ones.
    pub fn feeds(&self, catalog: &Catalog) -> Result<Vec<(FeedConfig, Feed)>, BadConfig> {
        let own = catalog
            .layers()
            .filter(|(_, spec)| spec.kind != LayerKind::Derived && spec.name != "perimeters")
            .filter(|(_, spec)| self.feeds.iter().all(|feed| feed.name != spec.name))
            .map(|(_, spec)| FeedConfig::own(&spec.name));
        let all = own.chain(self.feeds.iter().cloned());
        let all = all.map(|config| Ok((config.clone(), feed(&config, catalog)?)));
        let mut all: Vec<(FeedConfig, Feed)> = all.collect::<Result<_, BadConfig>>()?;
        let names: Vec<_> = (all.iter().map(|(_, feed)| (feed.name.clone(), feed.layer))).collect();
        for (config, feed) in all
            .iter_mut()
            .filter(|(config, _)| config.name == config.layer)
        {
            let others = names
                .iter()
                .filter(|(name, layer)| *layer == feed.layer && name.as_str() != config.name);
            feed.others = others.map(|(name, _)| name.clone()).collect();
        }
        Ok(all)
    }

    /// The tilesets that come from archives, by name.
    pub fn tile_archives(&self) -> impl Iterator<Item = (&str, &ArchiveConfig)> {
        let basemap = self.basemap.iter().map(|archive| (check::BASEMAP, archive));
        let others = self.tile_archives.iter();
        basemap.chain(others.map(|(name, archive)| (name.as_str(), archive)))
    }

    /// How much the change ring holds.
    pub fn ring_limits(&self) -> RingLimits {
        RingLimits {
            ticks: self.live.ring_ticks,
            changes: self.live.ring_changes,
        }
    }
}

#[cfg(test)]
mod tests;
