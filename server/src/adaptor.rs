//! Adaptors: what a feed sends, as bytes, becomes events. Foreign units, names, time zones and
//! coordinate systems stop here (invariant 8); inside there are WGS 84 longitude and latitude,
//! metres, degrees and UTC.
//!
//! ```text
//!   bytes ──decode(feed, catalog)──▶ Decoded { events, rejects, ignored }
//!                                └─▶ Unreadable            the body as a whole
//! ```
//!
//! Promises:
//! - [`decode`] is pure and total: no I/O, no clock, no panic, whatever the bytes;
//! - bad input is a result: one bad record never loses its neighbours, and each reject says which
//!   record, why, and where in it;
//! - an event that comes out is admissible: its geometry passed
//!   [`LayerSpec::admit`](atalaya_tiles::LayerSpec::admit), each property is
//!   a field of the layer and passed [`FieldSpec::admit`](atalaya_tiles::FieldSpec::admit), its id has
//!   1 to [`MAX_ID_BYTES`] bytes.
//!
//! Refuses: to guess an id, a time zone or a position; to keep what no field of the layer is for.
//!
//! Ids are as sent on the feed that bears the layer's own name, `feed/id` on any other, so that two
//! feeds of one layer cannot overwrite each other.

pub mod geometry;
mod instant;
mod json;
mod media_type;
mod multipart;
mod plate;
mod property;
mod rejects;
mod target;
mod whole;
mod xml;

use atalaya_tiles::{Bounds, Catalog, Event, FeedName, LayerIx};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

pub(crate) use self::csv::cell;
pub(crate) use media_type::is_utf_8;
pub use rejects::{Reject, Rejects};
pub use whole::{Doubt, Whole};

/// The most bytes an id can have, as sent.
pub const MAX_ID_BYTES: usize = 256;
/// The most bytes of text one property can have.
pub const MAX_TEXT_BYTES: usize = 65_536;
/// The most values one list can have.
pub const MAX_LIST: usize = 1_000;
/// The most records that a list in JSON can have.
pub const MAX_RECORDS: usize = 1_000_000;
/// The most names kept in [`Decoded::ignored`].
pub const MAX_IGNORED: usize = 64;

/// Makes the modules of the formats, their enum and everything that goes by it from one row a format.
macro_rules! adaptors {
    ($($(#[$doc:meta])+ $name:literal $adaptor:ident reads $module:ident fills $layer:literal sends $bodies:ident;)+) => {
        $(mod $module;)+

        /// The formats that are read, by the names that configuration uses.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Adaptor {
            $($(#[$doc])+ #[serde(rename = $name)] $adaptor,)+
        }

        impl Adaptor {
            /// All of them, as documented.
            pub const ALL: &[Self] = &[$(Self::$adaptor),+];

            /// The name as configured.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$adaptor => $name,)+
                }
            }

            /// The layer that it usually fills.
            pub fn usual_layer(self) -> &'static str {
                match self {
                    $(Self::$adaptor => $layer,)+
                }
            }

            fn bodies(self) -> Bodies {
                match self {
                    $(Self::$adaptor => Bodies::$bodies,)+
                }
            }

            /// A file that somebody else wrote, and what becomes of it.
            #[cfg(test)]
            fn recorded(self) -> testing::Recorded {
                match self {
                    $(Self::$adaptor => $module::tests::RECORDED,)+
                }
            }
        }

        /// Reads what a feed sent. The layer of the feed is one of the catalog.
        pub fn decode(
            feed: &Feed,
            catalog: &Catalog,
            input: &Input<'_>,
        ) -> Result<Decoded, Unreadable> {
            let target = target::Target::new(feed, catalog);
            match feed.adaptor {
                $(Adaptor::$adaptor => $module::decode(&target, input),)+
            }
        }
    };
}

adaptors! {
    /// `GeoJSON` with the layer's own fields (RFC 7946, RFC 8142).
    "geojson" Geojson reads geojson fills "incidents" sends Lists;
    /// Delimited text with a column map.
    "csv" Csv reads csv fills "incidents" sends Lists;
    /// Rekor and `OpenALPR` webhooks.
    "alpr-rekor" AlprRekor reads rekor fills "alpr_reads" sends Messages;
    /// Plate Recognizer webhooks, JSON or multipart.
    "alpr-platerecognizer" AlprPlaterecognizer reads platerecognizer fills "alpr_reads" sends Messages;
    /// Hikvision ANPR events (ISAPI).
    "alpr-hikvision" AlprHikvision reads hikvision fills "alpr_reads" sends Messages;
    /// Work zones and road closures (`WZDx` 4).
    "wzdx" Wzdx reads wzdx fills "closures" sends Everything;
    /// The Common Alerting Protocol 1.0 to 1.2.
    "cap" Cap reads cap fills "warnings" sends Messages;
    /// The alerts of the National Weather Service's API.
    "nws" Nws reads nws fills "warnings" sends Everything;
    /// Surveillance cameras mapped in `OpenStreetMap`.
    "osm-surveillance" OsmSurveillance reads osm fills "cameras" sends Everything;
}

/// What the bodies of a format are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bodies {
    /// Something happened.
    Messages,
    /// Features, perhaps all that there are.
    Lists,
    /// Everything that the upstream has at the time.
    Everything,
}

impl Adaptor {
    /// Whether the body that an upstream of this format serves is all that it has at the time, so that
    /// what it no longer names is gone. An adaptor, which sees one body only, cannot withdraw that.
    pub fn sends_everything(self) -> bool {
        self.bodies() == Bodies::Everything
    }

    /// Whether a body of this format can be all that there is: a list of features, rather than a
    /// message about what happened.
    pub fn can_send_everything(self) -> bool {
        self.bodies() != Bodies::Messages
    }
}

impl fmt::Display for Adaptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no adaptor has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no adaptor \"{0}\"; there are {all}", all = names())]
pub struct NoSuchAdaptor(pub String);

/// The names of all formats, for people.
fn names() -> String {
    let names: Vec<&str> = Adaptor::ALL.iter().map(|known| known.name()).collect();
    names.join(", ")
}

impl FromStr for Adaptor {
    type Err = NoSuchAdaptor;

    fn from_str(name: &str) -> Result<Self, NoSuchAdaptor> {
        let known = Self::ALL.iter().copied().find(|known| known.name() == name);
        known.ok_or_else(|| NoSuchAdaptor(name.to_owned()))
    }
}

/// A feed as the adaptors need it.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Its name.
    pub name: FeedName,
    /// The layer that it writes to.
    pub layer: LayerIx,
    /// The format that it sends.
    pub adaptor: Adaptor,
    /// The zone of times that carry none, or a false one.
    pub time_zone: Option<TimeZone>,
    /// Where things are, for formats that have no fixed places for them.
    pub columns: Columns,
    /// For the layer's own feed: the other feeds of the layer, whose ids begin with their names.
    pub others: Vec<FeedName>,
}

impl Feed {
    /// A feed with the default columns and no time zone.
    pub fn new(name: impl Into<FeedName>, layer: LayerIx, adaptor: Adaptor) -> Self {
        Self {
            name: name.into(),
            layer,
            adaptor,
            time_zone: None,
            columns: Columns::default(),
            others: Vec::new(),
        }
    }
}

/// Where a feed keeps what: for `csv` the names of columns, for `geojson` the names of properties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Columns {
    /// The id. In `GeoJSON` the member `id` where this is not set.
    pub id: Option<String>,
    /// Longitude in degrees; `csv` only.
    pub lon: String,
    /// Latitude in degrees; `csv` only.
    pub lat: String,
    /// When it was observed. In `GeoJSON` the member `observed_at` where this is not set.
    pub observed_at: Option<String>,
    /// Field of the layer → column. A field that is not named here is read from the column of its
    /// own name.
    pub fields: BTreeMap<String, String>,
    /// The one character between columns; `csv` only.
    pub delimiter: char,
    /// Times are local to the feed's time zone although they wear a `Z` or an offset.
    pub zone_is_false: bool,
    /// Positions of cameras by their id, `[lon, lat]`, for plate readers that send none.
    pub cameras: BTreeMap<String, [f64; 2]>,
    /// Records outside this box are rejected as badly geocoded: `[west, south, east, north]`.
    #[serde(
        deserialize_with = "bounds",
        serialize_with = "edges",
        skip_serializing_if = "Option::is_none"
    )]
    pub bounds: Option<Bounds>,
}

#[expect(
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
fn edges<S: serde::Serializer>(bounds: &Option<Bounds>, serializer: S) -> Result<S::Ok, S::Error> {
    bounds
        .map(|b| [b.west(), b.south(), b.east(), b.north()])
        .serialize(serializer)
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            id: None,
            lon: "lon".to_owned(),
            lat: "lat".to_owned(),
            observed_at: None,
            fields: BTreeMap::new(),
            delimiter: ',',
            zone_is_false: false,
            cameras: BTreeMap::new(),
            bounds: None,
        }
    }
}

impl Columns {
    /// The column of a field.
    fn of_field<'a>(&'a self, field: &'a str) -> &'a str {
        self.fields.get(field).map_or(field, String::as_str)
    }
}

fn bounds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Bounds>, D::Error> {
    let [west, south, east, north] = <[f64; 4]>::deserialize(deserializer)?;
    Bounds::new(west, south, east, north)
        .map(Some)
        .map_err(serde::de::Error::custom)
}

/// What was sent.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The body, without content coding.
    pub body: &'a [u8],
    /// The media type as sent, parameters included; empty where a sender that has to name one did not.
    /// `None` counts as what the feed expects: a file, or a fetched body of an upstream that names none.
    pub content_type: Option<&'a str>,
}

/// What an adaptor made of a body.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decoded {
    /// What happened, in the order of the input. One record may make several events.
    pub events: Vec<Accepted>,
    /// What could not be read, in the order of the input.
    pub rejects: Rejects,
    /// Names of properties that the layer has no field for, and kinds of messages that it does not take, each
    /// with why; at most [`MAX_IGNORED`] of them.
    pub ignored: BTreeSet<String>,
    /// As of when the body as a whole was made, where it says.
    pub as_of: Option<Timestamp>,
    /// Why the body is not all that there is, where it says so itself.
    pub partial: Option<&'static str>,
}

/// An event and the record it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// Position of the record in the input, from 0.
    pub index: usize,
    /// What happened.
    pub event: Event,
}

impl Decoded {
    fn accept(&mut self, index: usize, event: Event) {
        self.rejects.note_read(index);
        self.events.push(Accepted { index, event });
    }

    fn reject(&mut self, index: usize, fault: target::Fault) {
        let read = self.events.last().is_some_and(|last| last.index == index);
        let reject = Reject {
            index,
            reason: fault.reason,
            pointer: fault.pointer,
            feature: fault.feature,
        };
        self.rejects.push(reject, read);
    }

    fn ignore(&mut self, name: &str) {
        if self.ignored.len() < MAX_IGNORED && !self.ignored.contains(name) {
            self.ignored.insert(name.chars().take(64).collect());
        }
    }
}

/// Why a body as a whole could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// A media type that the adaptor does not read.
    #[error("{found} is not read here; this feed takes {takes}")]
    MediaType {
        /// The media type sent.
        found: String,
        /// The media types read.
        takes: &'static str,
    },
    /// Not UTF-8 where it has to be.
    #[error("not UTF-8 at byte {0}")]
    NotUtf8(usize),
    /// Not JSON.
    #[error("not JSON at line {line}, column {column}: {reason}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// Not XML, or XML that is refused.
    #[error("not readable as XML at byte {offset}: {reason}")]
    Xml {
        /// Where, in bytes of the text.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// Not a multipart form.
    #[error("not readable as a multipart form: {0}")]
    Multipart(&'static str),
    /// Not delimited text.
    #[error("not CSV at line {line}: {reason}")]
    Csv {
        /// Line, from 1.
        line: u64,
        /// What is wrong there.
        reason: String,
    },
    /// Well formed, but not what the adaptor reads.
    #[error("{0}")]
    Shape(&'static str),
    /// Well formed, but something else than the adaptor reads.
    #[error("\"{found}\" is {what}")]
    Other {
        /// What stands there, shortened.
        found: String,
        /// What is to be said of it.
        what: &'static str,
    },
}

impl Unreadable {
    fn other(found: &str, what: &'static str) -> Self {
        let found = found.chars().take(80).collect();
        Self::Other { found, what }
    }

    /// What is wrong without any value of the body: for logs, and for those who did not send it.
    pub fn in_general(&self) -> String {
        match self {
            Self::Json { line, column, .. } => format!("not JSON at line {line}, column {column}"),
            Self::Xml { offset, .. } => format!("not readable as XML at byte {offset}"),
            Self::Csv { line, .. } => format!("not CSV at line {line}"),
            Self::Other { what, .. } => format!("what stands there is {what}"),
            Self::MediaType { .. } | Self::NotUtf8(_) | Self::Multipart(_) | Self::Shape(_) => {
                self.to_string()
            }
        }
    }

    /// Where the media type is at fault (415), not the content (400): those that are read.
    pub fn media_types(&self) -> Option<&'static str> {
        if let Self::MediaType { takes, .. } = self {
            return Some(takes);
        }
        None
    }
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self::Json {
            line: error.line(),
            column: error.column(),
            reason: error.to_string(),
        }
    }
}

/// The body as UTF-8, without a byte order mark.
fn text<'a>(input: &Input<'a>) -> Result<&'a str, Unreadable> {
    match std::str::from_utf8(input.body) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => Err(Unreadable::NotUtf8(error.valid_up_to())),
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
