//! What the head of a tile's answer tells: which version it is, and where it stands in the log.
//!
//! Both are the same for many tiles in a row, and are kept for each thread, by all that they depend on.

use super::format::{form, media_type};
use super::service::{TileKey, Wire};
use super::{App, Caller, matches};
use crate::http::coding::Coding;
use crate::http::{ATALAYA_SEQ, atalaya_seq, stands_at};
use crate::identity::hex;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use atalaya_tiles::{TileFormat, View, Viewer, Window};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::sync::{Arc, Weak};

/// How many of each are kept for a thread.
const KEPT_MOST: usize = 8;

thread_local! {
    static TAGS: RefCell<Vec<Tagged>> = const { RefCell::new(Vec::new()) };
    static STANDS: RefCell<Vec<Standing>> = const { RefCell::new(Vec::new()) };
}

/// The headers of a tile's answer.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) etag: HeaderValue,
    pub(super) stands: HeaderValue,
    pub(super) format: TileFormat,
}

impl Told {
    /// What is told of a tile of a view to who asks.
    pub(super) fn of(
        app: &App,
        view: &Arc<View>,
        caller: &Caller,
        name: &str,
        key: &TileKey,
    ) -> Self {
        let tag = Tag {
            epoch: app.engine.epoch(),
            catalog: app.engine.catalog_version(),
            class: &caller.class,
            name,
            window: key.window,
            at: key.at,
            basemap_version: key.basemap_version,
            coding: key.coding,
            format: key.format,
        };
        let etag = tag.with_hash(|hash| plain(&format!("\"{hash}-{}\"", key.seq)));
        let stands = match key.at {
            None => stands_now(app, view, &caller.viewer),
            Some(_) => stands(app, view, &caller.viewer, key),
        };
        Self {
            etag,
            stands,
            format: key.format,
        }
    }

    /// Whether the client says that it has this version.
    pub(super) fn is_known(&self, request: &HttpRequest) -> bool {
        matches(request, self.etag.to_str().unwrap_or_default())
    }

    pub(super) fn not_modified(&self) -> HttpResponse {
        self.headers(HttpResponse::NotModified()).finish()
    }

    /// The answer with a tile, or that it has nothing in it.
    pub(super) fn whole(&self, wire: &Wire) -> HttpResponse {
        if wire.bytes.is_empty() {
            return self.headers(HttpResponse::NoContent()).finish();
        }
        let mut answer = self.headers(HttpResponse::Ok());
        answer.insert_header((
            header::CONTENT_TYPE,
            HeaderValue::from_static(media_type(self.format)),
        ));
        if wire.coding != Coding::Identity {
            let coding = HeaderValue::from_static(wire.coding.name());
            answer.insert_header((header::CONTENT_ENCODING, coding));
        }
        answer.body(wire.bytes.clone())
    }

    fn headers(&self, mut answer: HttpResponseBuilder) -> HttpResponseBuilder {
        answer
            .insert_header((header::ETAG, self.etag.clone()))
            .insert_header((
                header::CACHE_CONTROL,
                HeaderValue::from_static("private, no-cache"),
            ))
            .insert_header((
                header::VARY,
                HeaderValue::from_static("Accept, Accept-Encoding"),
            ))
            .insert_header((ATALAYA_SEQ.clone(), self.stands.clone()));
        answer
    }
}

/// What the first part of an `ETag` is a hash of, together with the form: the second part is the tile's seq.
struct Tag<'a> {
    epoch: &'a str,
    catalog: &'a str,
    class: &'a Arc<str>,
    name: &'a str,
    window: Option<Window>,
    at: Option<Timestamp>,
    basemap_version: u64,
    coding: Coding,
    format: TileFormat,
}

/// A hash that was made before.
struct Tagged {
    epoch: String,
    catalog: String,
    class: Arc<str>,
    name: String,
    window: Option<Window>,
    at: Option<Timestamp>,
    basemap_version: u64,
    coding: Coding,
    format: TileFormat,
    hash: String,
}

impl Tag<'_> {
    fn with_hash<T>(&self, use_it: impl FnOnce(&str) -> T) -> T {
        TAGS.with_borrow_mut(|kept| {
            if let Some(known) = kept.iter().find(|known| self.is_of(known)) {
                return use_it(&known.hash);
            }
            let made = self.made();
            let answer = use_it(&made.hash);
            keep(kept, made);
            answer
        })
    }

    fn is_of(&self, known: &Tagged) -> bool {
        known.class == *self.class
            && known.name == self.name
            && known.coding == self.coding
            && known.format == self.format
            && known.window == self.window
            && known.at == self.at
            && known.basemap_version == self.basemap_version
            && known.catalog == self.catalog
            && known.epoch == self.epoch
    }

    fn made(&self) -> Tagged {
        let mut digest = Sha256::new();
        digest.update(self.epoch);
        digest.update(self.catalog);
        digest.update(&**self.class);
        digest.update(self.name);
        digest.update(format!(
            "{:?} {:?} {} {} {}",
            self.window,
            self.at,
            self.basemap_version,
            form(self.format),
            self.coding.name()
        ));
        Tagged {
            epoch: self.epoch.to_owned(),
            catalog: self.catalog.to_owned(),
            class: Arc::clone(self.class),
            name: self.name.to_owned(),
            window: self.window,
            at: self.at,
            basemap_version: self.basemap_version,
            coding: self.coding,
            format: self.format,
            hash: hex(&digest.finalize()[..8]),
        }
    }
}

/// Where a view stands for a viewer. The view itself is not held: what is kept of it is known by its place,
/// which no other view has before this is forgotten.
struct Standing {
    view: Weak<View>,
    viewer: Viewer,
    stands: HeaderValue,
}

/// Where a view of now stands for a viewer.
fn stands_now(app: &App, view: &Arc<View>, viewer: &Viewer) -> HeaderValue {
    STANDS.with_borrow_mut(|kept| {
        let of_view = |known: &&Standing| std::ptr::eq(known.view.as_ptr(), Arc::as_ptr(view));
        let known = kept
            .iter()
            .find(|known| of_view(known) && known.viewer == *viewer);
        if let Some(known) = known {
            return known.stands.clone();
        }
        let made = Standing {
            view: Arc::downgrade(view),
            viewer: *viewer,
            stands: header_of(app, stands_at(view, viewer, None, &[])),
        };
        let stands = made.stands.clone();
        keep(kept, made);
        stands
    })
}

fn stands(app: &App, view: &View, viewer: &Viewer, key: &TileKey) -> HeaderValue {
    header_of(app, stands_at(view, viewer, key.at, &key.tileset.layers))
}

fn header_of(app: &App, seq: atalaya_tiles::Seq) -> HeaderValue {
    let (_, text) = atalaya_seq(app, seq);
    plain(&text)
}

/// A value of hexadecimal digits, numbers and what stands between them.
fn plain(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Keeps one more; the oldest makes room.
fn keep<T>(kept: &mut Vec<T>, one: T) {
    if kept.len() >= KEPT_MOST {
        kept.remove(0);
    }
    kept.push(one);
}
