//! Every way in which a request can be refused or fail: one closed enum, one table row each, sent as
//! RFC 9457 `application/problem+json`.
//!
//! Promises: a `type` that never changes, a `detail` that names the value and the limit, an
//! `instance` that the log line carries too. A private [`Cause`] is logged once and never sent; what
//! the request said is sent back to its sender and never logged, since it may be a plate.

use crate::metrics::PROBLEMS;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

/// The media type of all problems.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// The longest part of a value that is repeated in a detail, in characters.
const ECHO_CHARS: usize = 80;

/// One row of the table of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The last part of `type`, after `/problems/`. Never changes.
    pub slug: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// What kind of problem it is, the same text always.
    pub title: &'static str,
    /// What is said of one occurrence, with places for the values.
    pub detail: &'static str,
}

impl Row {
    /// The `type` of a problem of this kind: a path under which this row is served.
    pub fn kind(&self) -> String {
        format!("/problems/{}", self.slug)
    }
}

/// Declares the enum and its table at once, so that neither can have what the other lacks.
macro_rules! problems {
    ($(
        $(#[$doc:meta])*
        $variant:ident { $($field:ident: $type:ty),* } => $status:ident $slug:literal $title:literal $detail:literal
    )*) => {
        /// Why a request got no answer.
        #[derive(Debug, Clone)]
        #[allow(missing_docs, reason = "the detail says what each field is")]
        pub enum Problem {
            $($(#[$doc])* $variant { $($field: $type),* },)*
        }

        /// The table of problems, in the order of the enum.
        pub const ROWS: &[Row] = &[
            $(Row { slug: $slug, status: StatusCode::$status, title: $title, detail: $detail },)*
        ];

        impl Problem {
            /// The row of the table that this problem belongs to.
            pub fn row(&self) -> Row {
                match self {
                    $(Self::$variant { .. } => Row {
                        slug: $slug,
                        status: StatusCode::$status,
                        title: $title,
                        detail: $detail,
                    },)*
                }
            }

            /// What is said of this occurrence: the value and the limit.
            #[allow(unused_variables, reason = "causes and places are not part of the detail")]
            pub fn detail(&self) -> String {
                match self {
                    $(Self::$variant { $($field),* } => format!($detail),)*
                }
            }
        }
    };
}

problems! {
    // --- what was asked for does not exist, or not for this caller ---------------------------
    /// A tile outside the pyramid.
    NoSuchTile { tile: String } => NOT_FOUND "no-such-tile" "No such tile"
        "Tile {tile} is not in the pyramid: z is 0 to 22, x and y are 0 to 2^z - 1."
    /// A layer that does not exist or may not be opened; the two are not told apart.
    NoSuchLayer { name: String } => NOT_FOUND "no-such-layer" "No such layer"
        "There is no layer or tileset \"{name}\"; /catalog lists those there are."
    /// A layer of which this viewer has counts and no single features.
    NoSuchCollection { layer: String } => NOT_FOUND "no-such-collection" "No such collection"
        "Layer {layer} is no collection for you: there are counts of it, in tiles and at /cells, and no single features."
    /// A feature that does not exist or may not be seen.
    NoSuchFeature { layer: String, id: String } => NOT_FOUND "no-such-feature" "No such feature"
        "Layer {layer} has no feature \"{id}\"."
    /// A feed that is not configured.
    NoSuchFeed { name: String } => NOT_FOUND "no-such-feed" "No such feed"
        "There is no feed \"{name}\"."
    /// A live stream that is over, or another viewer's.
    NoSuchStream { id: String } => NOT_FOUND "no-such-stream" "No such stream"
        "There is no stream \"{id}\" for you."
    /// A camera without video, or one that this viewer cannot see.
    NoSuchVideo { camera: String } => NOT_FOUND "no-such-video" "No such video"
        "There is no video of camera \"{camera}\" for you."
    /// A list of fonts of which there is none.
    NoSuchFont { name: String, known: String } => NOT_FOUND "no-such-font" "No such font"
        "There is no font \"{name}\"; there are {known}."
    /// An instant that is no longer kept, or not yet.
    NoHistory { at: String, why: String } => NOT_FOUND "no-history" "No history of that time"
        "There is no history of {at}: {why}."
    /// A path that leads nowhere.
    NoSuchPath { } => NOT_FOUND "no-such-path" "No such path"
        "Nothing is served at this path."

    // --- the request cannot be read ----------------------------------------------------------
    /// A box that is none.
    BadBbox { name: String, value: String } => BAD_REQUEST "bad-bbox" "Not a box"
        "{name}={value} is no west,south,east,north in degrees: longitudes are -180 to 180, latitudes -90 to 90, south is not above north."
    /// An instant that is none.
    BadInstant { name: String, value: String } => BAD_REQUEST "bad-instant" "Not an instant"
        "{name}={value}: expected an RFC 3339 instant: a date, T, a time to second 59, and Z or an offset in hours and minutes, such as 2026-03-01T12:00:00Z or 2026-03-01T05:00:00-07:00."
    /// A span of time that is none, or too long.
    BadWindow { name: String, value: String, longest: String } => BAD_REQUEST "bad-window" "Not a span of time"
        "{name}={value} is no whole number followed by s, m, h or d, such as 15m, from 1s to {longest}."
    /// A parameter with a value that it does not take.
    BadParameter { name: String, value: String, expected: String } => BAD_REQUEST "bad-parameter" "Bad value of a parameter"
        "{name}={value}: expected {expected}."
    /// A parameter that has to be there.
    MissingParameter { name: String, expected: String } => BAD_REQUEST "missing-parameter" "A parameter is missing"
        "{name} is missing: expected {expected}."
    /// A parameter that this path does not have.
    UnknownParameter { name: String, known: String } => BAD_REQUEST "unknown-parameter" "Unknown parameter"
        "{name} is no parameter of this path; it takes {known}."
    /// A parameter that was given more than once.
    RepeatedParameter { name: String } => BAD_REQUEST "repeated-parameter" "Repeated parameter"
        "{name} is given more than once; it is taken once."
    /// A position off the globe.
    BadCoordinates { value: String } => BAD_REQUEST "bad-coordinates" "Not a position"
        "{value} is no longitude,latitude: longitudes are -180 to 180, latitudes -90 to 90."
    /// A body that is not what its media type says.
    UnreadableBody { reason: String } => BAD_REQUEST "unreadable-body" "Unreadable body"
        "The body could not be read: {reason}."
    /// A request that breaks HTTP itself.
    BadRequest { } => BAD_REQUEST "bad-request" "Bad request"
        "The request could not be read."

    // --- who asks ----------------------------------------------------------------------------
    /// No credentials, or none that hold.
    Unauthorised { } => UNAUTHORIZED "unauthorised" "Not signed in"
        "This needs a bearer token or a signed-in session; the one given, if any, is unknown, expired or revoked."
    /// A sign-in link that does not open: never told apart why.
    LinkSpent { } => UNAUTHORIZED "link-spent" "The sign-in link does not open"
        "The sign-in link is unknown, expired or used already; links open once, within 15 minutes."
    /// Known, and not allowed.
    Forbidden { action: String } => FORBIDDEN "forbidden" "Not allowed"
        "The caller may not {action}."
    /// A page of another site tried to act with a session of ours.
    OriginRefused { origin: String } => FORBIDDEN "origin-refused" "Refused to another origin"
        "Requests from origin {origin} may not use this session."
    /// A session was asked for over a connection that others can read.
    InsecureSignIn { } => FORBIDDEN "insecure-sign-in" "Sign-in needs TLS"
        "Without TLS a browser signs in from the server's own machine only."

    // --- how it was asked --------------------------------------------------------------------
    /// The path exists, the method does not.
    MethodNotAllowed { allowed: String } => METHOD_NOT_ALLOWED "method-not-allowed" "Method not allowed"
        "This path takes {allowed}."
    /// A name that leads here, and is none of this server's.
    Misdirected { host: String } => MISDIRECTED_REQUEST "misdirected" "Not served under this name"
        "Nothing is served here under the name {host}: ask by address, or by a name of the configuration."
    /// No representation that the client accepts.
    NotAcceptable { offered: String } => NOT_ACCEPTABLE "not-acceptable" "Not acceptable"
        "This path answers in {offered}."
    /// Too many bytes.
    BodyTooLarge { limit: String } => PAYLOAD_TOO_LARGE "body-too-large" "Body too large"
        "The body is larger than {limit}."
    /// A media type that is not read here.
    UnsupportedMediaType { found: String, expected: String } => UNSUPPORTED_MEDIA_TYPE "unsupported-media-type" "Unsupported media type"
        "{found} is not read here, but {expected}."
    /// A geometry that encloses nothing, or crosses itself.
    BadGeometry { reason: String, at: Option<[f64; 2]> } => UNPROCESSABLE_ENTITY "bad-geometry" "Invalid geometry"
        "The geometry is invalid: {reason}."
    /// Well-formed, and makes no sense.
    Unprocessable { pointer: String, reason: String } => UNPROCESSABLE_ENTITY "unprocessable" "Invalid content"
        "{pointer}: {reason}."
    /// A tile that holds too many layers to fit at any detail.
    TileTooLarge { tile: String, bytes: usize, limit: usize } => UNPROCESSABLE_ENTITY "tile-too-large" "Tile too large"
        "Tile {tile} takes {bytes} bytes at its coarsest, and {limit} is the most; ask for fewer layers at once."
    /// Too many requests.
    Flooded { limit: String, retry_after_s: u32 } => TOO_MANY_REQUESTS "flooded" "Too many requests"
        "More than {limit}; try again in {retry_after_s} s."

    // --- it is somebody behind us -------------------------------------------------------------
    /// A camera's video cannot be had. Where it comes from is not said.
    UpstreamFailed { camera: String, reason: String } => BAD_GATEWAY "upstream-failed" "Video cannot be had"
        "The video of camera \"{camera}\" cannot be had: {reason}."
    /// An archive or a database whose tiles cannot be had just now.
    TilesetFailed { tileset: String, reason: String, retry_after_s: u32 } => BAD_GATEWAY "tileset-failed" "Tiles cannot be had"
        "No tile of \"{tileset}\" can be had: {reason}."

    // --- it is us ----------------------------------------------------------------------------
    /// Still starting, or already stopping.
    NotReady { reason: String, retry_after_s: u32 } => SERVICE_UNAVAILABLE "not-ready" "Not ready"
        "The server is not ready: {reason}; try again in {retry_after_s} s."
    /// Every slot for this kind of work is taken.
    Overloaded { what: String, limit: usize, retry_after_s: u32 } => SERVICE_UNAVAILABLE "overloaded" "Overloaded"
        "All {limit} {what} are taken; try again in {retry_after_s} s."
    /// This node has not seen `min_seq` yet.
    Behind { min_seq: u64, seq: u64 } => SERVICE_UNAVAILABLE "behind" "Behind"
        "This node is at seq {seq} and min_seq is {min_seq}; try again in 1 s."
    /// `min_seq` is of another epoch, such as that before a restore: this store never comes to it.
    OtherEpoch { asked: String, epoch: String } => SERVICE_UNAVAILABLE "other-epoch" "Another epoch"
        "min_seq is of epoch {asked} and this store is of epoch {epoch}, in which what was written there may be missing; read without min_seq and go on from Atalaya-Seq."
    /// Nothing can be made durable, so nothing is accepted.
    NotDurable { reason: &'static str, retry_after_s: u32, cause: Cause } => SERVICE_UNAVAILABLE "not-durable" "Nothing can be stored"
        "The events could not be made durable and none was accepted: {reason}; try again in {retry_after_s} s."
    /// A fault of the server. What it was is in the log only.
    Internal { cause: Cause } => INTERNAL_SERVER_ERROR "internal" "Internal error"
        "Something failed on the server; its log names it by the instance of this problem."
}

impl Problem {
    /// A fault of the server, with what led to it.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal {
            cause: Cause::new(cause),
        }
    }

    /// Events could not be made durable: why, and what led to it.
    pub fn not_durable(
        reason: &'static str,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::NotDurable {
            reason,
            retry_after_s: 5,
            cause: Cause::new(cause),
        }
    }

    /// The document that is sent.
    pub fn document(&self, instance: Uuid) -> Document {
        let row = self.row();
        let mut document = Document {
            kind: row.kind(),
            title: row.title,
            status: row.status.as_u16(),
            detail: self.detail(),
            instance: format!("urn:uuid:{instance}"),
            at: None,
            pointer: None,
        };
        if let Self::BadGeometry { at, .. } = self {
            document.at = *at;
        }
        if let Self::Unprocessable { pointer, .. } = self {
            document.pointer = Some(pointer.clone());
        }
        document
    }

    /// What led to it, if that is ours to know.
    pub fn cause(&self) -> Option<&Cause> {
        if let Self::Internal { cause } | Self::NotDurable { cause, .. } = self {
            return Some(cause);
        }
        None
    }

    /// Seconds after which it is worth trying again, if it is.
    pub fn retry_after_s(&self) -> Option<u32> {
        if let Self::TilesetFailed { retry_after_s, .. }
        | Self::Flooded { retry_after_s, .. }
        | Self::NotReady { retry_after_s, .. }
        | Self::Overloaded { retry_after_s, .. }
        | Self::NotDurable { retry_after_s, .. } = self
        {
            return Some(*retry_after_s);
        }
        matches!(self, Self::Behind { .. }).then_some(1)
    }

    /// The header that says what to do next.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        if let Self::MethodNotAllowed { allowed } = self {
            let allowed = HeaderValue::from_str(allowed).ok()?;
            return Some((header::ALLOW, allowed));
        }
        if self.status_code() == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"atalaya\"");
            return Some((header::WWW_AUTHENTICATE, scheme));
        }
        let seconds = self.retry_after_s()?;
        Some((header::RETRY_AFTER, HeaderValue::from(seconds)))
    }

    fn log(&self, instance: Uuid) {
        let (slug, status) = (self.row().slug, self.row().status.as_u16());
        match self.cause() {
            Some(cause) if cause.first_time() => {
                let cause = chain(&*cause.0.error);
                tracing::error!(request.id = %instance, problem = slug, status, cause, "{slug}: {cause}");
            }
            _ => tracing::debug!(request.id = %instance, problem = slug, status, "{slug}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail())
    }
}

impl Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.row().status
    }

    /// Renders the problem and logs its cause; called by actix once for each failed request.
    fn error_response(&self) -> HttpResponse {
        let instance = request_id();
        self.log(instance);
        ::metrics::counter!(PROBLEMS, "problem" => self.row().slug).increment(1);
        let mut response = HttpResponse::build(self.status_code());
        response
            .insert_header((header::CONTENT_TYPE, PROBLEM_JSON))
            .insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(pair) = self.header() {
            response.insert_header(pair);
        }
        let document = serde_json::to_vec(&self.document(instance)).unwrap_or_default();
        response.body(document)
    }
}

impl From<atalaya_tiles::NoSuchTile> for Problem {
    fn from(tile: atalaya_tiles::NoSuchTile) -> Self {
        Self::NoSuchTile {
            tile: format!("{}/{}/{}", tile.z, tile.x, tile.y),
        }
    }
}

impl From<atalaya_tiles::NoSuchLayer> for Problem {
    fn from(layer: atalaya_tiles::NoSuchLayer) -> Self {
        Self::NoSuchLayer {
            name: echo(&layer.0),
        }
    }
}

/// A problem as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Document {
    /// The stable name of the problem, a relative URI.
    #[serde(rename = "type")]
    pub kind: String,
    /// What kind of problem it is.
    pub title: &'static str,
    /// The HTTP status again.
    pub status: u16,
    /// What was wrong this time.
    pub detail: String,
    /// The request, as a URN; the log has it too.
    pub instance: String,
    /// For geometries: where, as `[lon, lat]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<[f64; 2]>,
    /// For content: where, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

/// What led to a problem of ours: for the log, never for the client. Clones share one occurrence, so
/// that it is logged once however many requests waited for it.
#[derive(Clone)]
pub struct Cause(Arc<Occurrence>);

struct Occurrence {
    error: Box<dyn Error + Send + Sync>,
    logged: AtomicBool,
}

impl Cause {
    /// Keeps an error, or a text, as a cause.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::new(Occurrence {
            error: error.into(),
            logged: AtomicBool::new(false),
        }))
    }

    fn first_time(&self) -> bool {
        !self.0.logged.swap(true, Ordering::Relaxed)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cause").field(&self.0.error).finish()
    }
}

/// An error and what is behind it, in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| {
        (*error).source()
    })
    .map(ToString::to_string)
    .collect::<Vec<_>>()
    .join(": ")
}

/// What a request said, fit to be repeated: short and without control characters.
pub fn echo(value: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut shown: String = value.chars().take(ECHO_CHARS).map(plain).collect();
    if value.chars().nth(ECHO_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// The id of the request that is being answered; a random one outside of any.
pub fn request_id() -> Uuid {
    crate::request::id().unwrap_or_else(Uuid::new_v4)
}

#[cfg(test)]
mod tests;
