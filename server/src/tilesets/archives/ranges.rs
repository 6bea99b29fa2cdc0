//! Parts of a file, here or on a server that answers ranges (RFC 9110 section 14).

use super::place::Place;
use super::{MOST_BYTES, PATIENCE, Unusable};
use crate::upstream;
use actix_web::web;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use pmtiles::{AsyncBackend, BackendResponse, PmtResult};
use reqwest::header::{ACCEPT_ENCODING, ETAG, HeaderMap, LAST_MODIFIED, RANGE};
use reqwest::{Client, StatusCode, Url};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;

/// Which version of an archive it is: of a file where it lies on the disk, how long it is and when it was written;
/// elsewhere what its server calls it.
pub(super) type Stamp = String;

/// An archive of which parts are read.
#[derive(Debug, Clone)]
pub(super) enum Ranges {
    File(Arc<File>),
    Web(Client, Url),
}

/// A part, and of which version.
type Part = (Bytes, Option<Stamp>);

impl Ranges {
    pub(super) async fn open(place: &Place) -> Result<Self, Unusable> {
        match place {
            Place::Web(url) => {
                let client = upstream::client(PATIENCE).map_err(|_| Unusable::Silent)?;
                Ok(Self::Web(client, url.clone()))
            }
            Place::File(path) => {
                let path = path.clone();
                let file = web::block(move || File::open(path)).await;
                let file = file.map_err(|_| Unusable::Busy)?;
                let file = file.map_err(|error| Unusable::File(error.kind()))?;
                Ok(Self::File(Arc::new(file)))
            }
        }
    }

    /// So many bytes from its beginning, or all of a shorter one, and which version it is.
    pub(super) async fn begin(&self, most: usize) -> Result<(Bytes, Stamp), Unusable> {
        let (bytes, stamp) = self.part(0, most).await?;
        Ok((bytes, stamp.unwrap_or_default()))
    }

    async fn part(&self, offset: u64, length: usize) -> Result<Part, Unusable> {
        if length > MOST_BYTES {
            let bytes = length as u64;
            return Err(Unusable::TooLarge { bytes });
        }
        match self {
            Self::File(file) => {
                let file = Arc::clone(file);
                let read = web::block(move || of_file(&file, offset, length)).await;
                let read = read.map_err(|_| Unusable::Busy)?;
                read.map_err(|error| Unusable::File(error.kind()))
            }
            Self::Web(client, url) => of_web(client, url, offset, length).await,
        }
    }
}

impl AsyncBackend for Ranges {
    async fn read(&self, offset: u64, length: usize) -> PmtResult<BackendResponse> {
        let (bytes, stamp) = self.part(offset, length).await.map_err(io::Error::other)?;
        Ok(match stamp {
            Some(stamp) => BackendResponse::new_with_version(bytes, stamp),
            None => BackendResponse::new(bytes),
        })
    }
}

fn of_file(file: &File, offset: u64, length: usize) -> io::Result<Part> {
    let mut bytes = BytesMut::zeroed(length);
    let mut read = 0;
    while read < length {
        let at = offset.saturating_add(read as u64);
        match file.read_at(&mut bytes[read..], at) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(read);
    // Looked at after it was read: what was written meanwhile shows.
    Ok((bytes.freeze(), Some(stamp_of(&file.metadata()?))))
}

fn stamp_of(metadata: &Metadata) -> Stamp {
    let written = (metadata.mtime(), metadata.mtime_nsec());
    format!(
        "{} {} {} {}.{}",
        metadata.dev(),
        metadata.ino(),
        metadata.len(),
        written.0,
        written.1
    )
}

async fn of_web(client: &Client, url: &Url, offset: u64, length: usize) -> Result<Part, Unusable> {
    let last = offset.saturating_add(length as u64).saturating_sub(1);
    let asked = client
        .get(url.clone())
        .header(RANGE, format!("bytes={offset}-{last}"))
        // Of a coded answer it would be a part of the coded bytes.
        .header(ACCEPT_ENCODING, "identity");
    let answer = asked.send().await.map_err(|_| Unusable::Silent)?;
    match answer.status() {
        StatusCode::PARTIAL_CONTENT => {}
        StatusCode::OK => return Err(Unusable::NoRanges),
        other => return Err(Unusable::Status(other.as_u16())),
    }
    let stamp = stamp_by(answer.headers());
    let mut bytes = BytesMut::with_capacity(length);
    let mut chunks = answer.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Unusable::Silent)?;
        if bytes.len() + chunk.len() > length {
            return Err(Unusable::NoRanges);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((bytes.freeze(), stamp))
}

/// What the server calls this version; nothing where it does not.
fn stamp_by(headers: &HeaderMap) -> Option<Stamp> {
    let named = headers.get(ETAG).or_else(|| headers.get(LAST_MODIFIED))?;
    named.to_str().ok().map(str::to_owned)
}
