//! Gets what lies at a location: a playlist whole and small, a segment piece by piece.
//!
//! Promises: at most so many fetches at once; a connection, a pause and a whole answer each have a
//! limit in time, and an answer one in bytes; a client that takes nothing holds its fetch no longer than
//! [`PATIENCE`]. An answer that breaks off is told from one that ends. Refuses to follow a redirect to
//! another origin, and files that links lead out of their folder.

use super::Failed;
use super::location::Location;
use crate::config::Limits;
use crate::task;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom, Take};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

/// The largest playlist, in bytes.
pub(super) const PLAYLIST_BYTES: u64 = 256 << 10;
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(10);
/// How long one answer may take from first to last byte.
const PATIENCE: Duration = Duration::from_mins(1);
const REDIRECTS: usize = 4;
const CHUNK_BYTES: usize = 64 << 10;
/// Chunks between the upstream and the client; a full channel makes the upstream wait.
const CHUNKS: usize = 4;

/// Fetches and reads, within bounds.
#[derive(Debug)]
pub(super) struct Downloader {
    client: Option<Client>,
    slots: Arc<Semaphore>,
    most: usize,
    segment_bytes: u64,
}

/// A segment that is on its way.
#[derive(Debug)]
pub struct Segment {
    /// Bytes to come, where that is known.
    pub length: Option<u64>,
    /// The header `Content-Range` of a part that was asked for.
    pub range: Option<String>,
    chunks: mpsc::Receiver<Piece>,
}

/// A segment broke off, or grew too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the segment broke off")]
pub struct Broken;

#[derive(Debug)]
enum Piece {
    Chunk(Bytes),
    End,
}

impl Segment {
    /// The bytes; ends by an error unless all of them came.
    pub fn into_chunks(self) -> impl Stream<Item = Result<Bytes, Broken>> {
        stream::unfold(Some(self.chunks), async |chunks| {
            let mut chunks = chunks?;
            match chunks.recv().await {
                Some(Piece::Chunk(chunk)) => Some((Ok(chunk), Some(chunks))),
                Some(Piece::End) => None,
                None => Some((Err(Broken), None)),
            }
        })
    }
}

/// Where the bytes of an answer come from.
enum Bytestream {
    Web(Response),
    Disk(Take<File>),
}

impl Bytestream {
    async fn next(&mut self) -> Result<Option<Bytes>, Failed> {
        match self {
            Self::Web(response) => response.chunk().await.map_err(|cause| of_request(&cause)),
            Self::Disk(file) => {
                let mut chunk = BytesMut::with_capacity(CHUNK_BYTES);
                let read = file.read_buf(&mut chunk).await;
                let read = read.map_err(|_| Failed::NoFile)?;
                Ok((read > 0).then(|| chunk.freeze()))
            }
        }
    }
}

/// An answer whose bytes have not been read yet.
struct Opened {
    length: Option<u64>,
    range: Option<String>,
    from: Location,
    bytes: Bytestream,
}

impl Downloader {
    pub(super) fn new(limits: &Limits) -> Self {
        let client = Client::builder()
            .connect_timeout(CONNECT_PATIENCE)
            .read_timeout(SILENCE)
            .redirect(redirect::Policy::custom(stay))
            .referer(false)
            .no_gzip();
        Self {
            client: client.build().ok(),
            slots: Arc::new(Semaphore::new(limits.stream_fetches)),
            most: limits.stream_fetches,
            segment_bytes: limits.stream_segment_bytes,
        }
    }

    fn slot(&self) -> Result<OwnedSemaphorePermit, Failed> {
        let slot = Arc::clone(&self.slots).try_acquire_owned();
        slot.map_err(|_| Failed::Busy(self.most))
    }

    /// A playlist, and where it lies after redirects: what its URIs are relative to.
    pub(super) async fn playlist(&self, location: &Location) -> Result<(String, Location), Failed> {
        let _slot = self.slot()?;
        let read = async {
            let mut opened = self.open(location, None).await?;
            within(opened.length.unwrap_or(0), PLAYLIST_BYTES)?;
            let mut text = Vec::new();
            while let Some(chunk) = opened.bytes.next().await? {
                text.extend_from_slice(&chunk);
                within(text.len() as u64, PLAYLIST_BYTES)?;
            }
            let text = String::from_utf8(text);
            let text = text.map_err(|_| Failed::Unreadable("it is not UTF-8"))?;
            Ok((text, opened.from))
        };
        timeout(SILENCE, read).await.map_err(|_| Failed::Silent)?
    }

    /// A segment, or the part of it that a header `Range` asks for.
    pub(super) async fn segment(
        &self,
        camera: &str,
        location: &Location,
        range: Option<&str>,
    ) -> Result<Segment, Failed> {
        let slot = self.slot()?;
        let opened = timeout(SILENCE, self.open(location, range)).await;
        let opened = opened.map_err(|_| Failed::Silent)??;
        within(opened.length.unwrap_or(0), self.segment_bytes)?;
        let (sender, chunks) = mpsc::channel(CHUNKS);
        let (bytes, most) = (opened.bytes, self.segment_bytes);
        let camera = camera.to_owned();
        task::spawn("camera segment", async move {
            // A sender that is dropped without an end is a break to the receiver.
            let passed = timeout(PATIENCE, pump(bytes, sender, most)).await;
            if let Err(cause) = passed.unwrap_or(Err(Failed::Silent)) {
                cause.counted(&camera);
            }
            drop(slot);
        });
        Ok(Segment {
            length: opened.length,
            range: opened.range,
            chunks,
        })
    }

    async fn open(&self, location: &Location, range: Option<&str>) -> Result<Opened, Failed> {
        match location {
            Location::Web(url) => self.ask(url, range).await,
            Location::Disk { root, below } => read_file(root, below, range).await,
        }
    }

    async fn ask(&self, url: &Url, range: Option<&str>) -> Result<Opened, Failed> {
        let client = self.client.as_ref().ok_or(Failed::Silent)?;
        let mut request = client.get(url.clone());
        if let Some(range) = range.filter(|range| byte_range(range).is_some()) {
            request = request.header(RANGE, range);
        }
        let response = request.send().await.map_err(|cause| of_request(&cause))?;
        let partial = response.status() == StatusCode::PARTIAL_CONTENT;
        if response.status() != StatusCode::OK && !(partial && range.is_some()) {
            return Err(Failed::Status(response.status().as_u16()));
        }
        let header = response.headers().get(CONTENT_RANGE);
        let header = header.and_then(|value| value.to_str().ok());
        Ok(Opened {
            length: response.content_length(),
            range: header.filter(|_| partial).map(str::to_owned),
            from: Location::Web(response.url().clone()),
            bytes: Bytestream::Web(response),
        })
    }
}

/// Follows redirects within the origin that was asked first.
fn stay(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let first = attempt.previous().first();
    let same = first.is_some_and(|first| first.origin() == attempt.url().origin());
    if same && attempt.previous().len() <= REDIRECTS {
        return attempt.follow();
    }
    attempt.error(Failed::Redirected)
}

fn of_request(cause: &reqwest::Error) -> Failed {
    if cause.is_redirect() {
        return Failed::Redirected;
    }
    Failed::Silent
}

fn within(bytes: u64, most: u64) -> Result<(), Failed> {
    if bytes <= most {
        return Ok(());
    }
    Err(Failed::TooLarge(most))
}

/// Passes an answer on as fast as it is taken.
async fn pump(mut bytes: Bytestream, client: mpsc::Sender<Piece>, most: u64) -> Result<(), Failed> {
    let mut passed = 0;
    loop {
        let piece = match bytes.next().await? {
            Some(chunk) => {
                passed += chunk.len() as u64;
                within(passed, most)?;
                Piece::Chunk(chunk)
            }
            None => Piece::End,
        };
        let ended = matches!(piece, Piece::End);
        // A client that went away is no failure.
        if client.send(piece).await.is_err() || ended {
            return Ok(());
        }
    }
}

async fn read_file(root: &Path, below: &Path, range: Option<&str>) -> Result<Opened, Failed> {
    let absent = |_| Failed::NoFile;
    let folder = tokio::fs::canonicalize(root).await.map_err(absent)?;
    let path = folder.join(below);
    let path = tokio::fs::canonicalize(path).await.map_err(absent)?;
    if !path.starts_with(&folder) {
        return Err(Failed::Outside);
    }
    let about = tokio::fs::metadata(&path).await.map_err(absent)?;
    if !about.is_file() {
        return Err(Failed::NoFile);
    }
    let mut file = File::open(path).await.map_err(absent)?;
    let whole = about.len();
    let part = range.and_then(byte_range).and_then(|it| it.of(whole));
    let (first, length) = part.unwrap_or((0, whole));
    file.seek(SeekFrom::Start(first)).await.map_err(absent)?;
    Ok(Opened {
        length: Some(length),
        range: part.map(|_| format!("bytes {first}-{}/{whole}", first + length - 1)),
        from: Location::Disk {
            root: root.into(),
            below: below.into(),
        },
        bytes: Bytestream::Disk(file.take(length)),
    })
}

/// One range of a header `Range`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteRange {
    /// From a byte on, to another where there is one, both included.
    From(u64, Option<u64>),
    /// So many bytes at the end.
    Last(u64),
}

/// Reads `bytes=first-last`, `bytes=first-` or `bytes=-count`; several ranges, and all else, count as
/// none, and the whole is sent.
pub(super) fn byte_range(header: &str) -> Option<ByteRange> {
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
    Some(match (first, last) {
        ("", count) => ByteRange::Last(number(count)?),
        (first, "") => ByteRange::From(number(first)?, None),
        (first, last) => ByteRange::From(number(first)?, Some(number(last)?)),
    })
}

impl ByteRange {
    /// The first byte and the count within a whole; `None` where nothing of it is there.
    pub(super) fn of(self, whole: u64) -> Option<(u64, u64)> {
        let last = whole.checked_sub(1)?;
        let (from, to) = match self {
            Self::From(from, to) => (from, to.unwrap_or(last).min(last)),
            Self::Last(count) => (whole.saturating_sub(count), last),
        };
        (from <= to).then(|| (from, to - from + 1))
    }
}
