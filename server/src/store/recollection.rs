//! What the engine remembers of the log beside the picture, in the same checkpoint: pages that are written
//! when they have changed. If one is damaged, lost or odd in any way, nothing of it is believed, and the log is
//! read instead.

use super::checkpointer::Stand;
use super::embedded::Embedded;
use super::error::StoreError;
use super::segments::crc32;
use super::sums::RECOLLECTION;
use atalaya_tiles::Seq;
use rusqlite::{Connection, OptionalExtension, params};

/// A part of what is remembered; the store does not look into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Which it is.
    pub number: u64,
    /// What it says.
    pub bytes: Vec<u8>,
}

/// What changed of what is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recollection {
    /// What it depends on besides the log: the catalog, for one.
    pub of: String,
    /// Its pages are those that changed after this generation; with 0 they are all there are.
    pub since: u64,
    /// The generation that they bring it to.
    pub generation: u64,
    /// The pages.
    pub pages: Vec<Page>,
}

/// What was remembered as of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled {
    /// The checkpoint.
    pub seq: Seq,
    /// The generation that the pages are of.
    pub generation: u64,
    /// All pages, in order of their numbers.
    pub pages: Vec<Page>,
}

impl Embedded {
    /// See [`Store::recollection`](super::Store::recollection).
    pub fn recollection(&self, of: &str) -> Result<Option<Recalled>, StoreError> {
        let last = self.last_seq()?;
        let file = self.picture();
        // What cannot be read is in the log.
        let picture = file.lock().ok();
        let recalled = picture.and_then(|picture| read(&picture, of).ok().flatten());
        Ok(recalled.filter(|recalled| recalled.seq <= last))
    }
}

/// What a file says of what it remembers.
struct Head {
    of: String,
    generation: u64,
    pages: u64,
}

impl Head {
    fn read(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT of, generation, pages FROM recollection";
        let head = connection.query_row(sql, [], |row| {
            Ok(Self {
                of: row.get(0)?,
                generation: row.get::<_, i64>(1)?.cast_unsigned(),
                pages: row.get::<_, i64>(2)?.cast_unsigned(),
            })
        });
        head.optional()
    }

    /// Whether changes may be added to it.
    fn is_continued_by(&self, changed: &Recollection) -> bool {
        let has = changed.since..=changed.generation;
        changed.since > 0 && self.of == changed.of && has.contains(&self.generation)
    }
}

fn read(connection: &Connection, of: &str) -> rusqlite::Result<Option<Recalled>> {
    let (Some(stand), Some(head)) = (Stand::read(connection)?, Head::read(connection)?) else {
        return Ok(None);
    };
    if head.of != of || RECOLLECTION.check(connection).is_err() {
        return Ok(None);
    }
    let mut recalled = Recalled {
        seq: stand.seq,
        generation: head.generation,
        pages: Vec::new(),
    };
    let mut select =
        connection.prepare("SELECT number, crc32, bytes FROM pages ORDER BY number")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let page = Page {
            number: row.get::<_, i64>(0)?.cast_unsigned(),
            bytes: row.get_ref(2)?.as_blob()?.to_owned(),
        };
        if row.get::<_, u32>(1)? != page.crc32() {
            return Ok(None);
        }
        recalled.pages.push(page);
    }
    let whole = u64::try_from(recalled.pages.len()) == Ok(head.pages);
    Ok(whole.then_some(recalled))
}

impl Page {
    fn crc32(&self) -> u32 {
        crc32(&[&self.number.to_be_bytes(), &self.bytes])
    }
}

/// Brings what a checkpoint remembers to what it is now; returns the generation. Where the changes do not
/// continue what is there, nothing is remembered, and 0 is returned: the next are to be all there is.
pub(crate) fn write(
    connection: &Connection,
    changed: Option<&Recollection>,
) -> rusqlite::Result<u64> {
    let head = Head::read(connection)?;
    let continued = changed.filter(|changed| {
        changed.since == 0 || head.as_ref().is_some_and(|it| it.is_continued_by(changed))
    });
    let Some(changed) = continued else {
        clear(connection)?;
        return Ok(0);
    };
    let mut pages = head.map_or(0, |head| head.pages);
    if changed.since == 0 {
        clear(connection)?;
        pages = 0;
    }
    let mut update =
        connection.prepare_cached("UPDATE pages SET crc32 = ?2, bytes = ?3 WHERE number = ?1")?;
    let mut insert = connection
        .prepare_cached("INSERT INTO pages (number, crc32, bytes) VALUES (?1, ?2, ?3)")?;
    for page in &changed.pages {
        let row = params![page.number.cast_signed(), page.crc32(), page.bytes];
        if changed.since == 0 || update.execute(row)? == 0 {
            pages += 1;
            insert.execute(row)?;
        }
    }
    connection.execute(
        "INSERT OR REPLACE INTO recollection (only, of, generation, pages) VALUES (1, ?1, ?2, ?3)",
        params![
            changed.of,
            changed.generation.cast_signed(),
            pages.cast_signed()
        ],
    )?;
    Ok(changed.generation)
}

fn clear(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("DELETE FROM pages; DELETE FROM recollection;")?;
    RECOLLECTION.emptied(connection)
}
