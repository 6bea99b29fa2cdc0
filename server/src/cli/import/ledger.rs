//! What an import keeps beside the store: how far it got, and what was refused.
//!
//! Neither is needed for the import to be right: a lost ledger costs a second reading, since what is
//! known is not taken twice. So a file that cannot be written is said on stderr and no more. What was
//! refused may be anything: only its owner may read it, and it is written through no link.

use crate::cli::{fresh, say};
use crate::regular;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// How far an import of one file into one layer got.
#[derive(Debug)]
pub(super) struct Ledger {
    path: PathBuf,
    file: String,
    layer: String,
    next: u64,
}

impl Ledger {
    /// The ledger of an import; a file that changed since, or other options, begin a new one.
    pub(super) fn open(data: &Path, layer: &str, file: &Path, options: &str) -> Self {
        let whole = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let state = std::fs::metadata(file).map(|meta| (meta.len(), meta.modified().ok()));
        let key = format!("{layer}\n{}\n{options}\n{state:?}", whole.display());
        let digest = Sha256::digest(key);
        let name = crate::identity::hex(&digest);
        let path = data.join("imports").join(format!("{name}.json"));
        Self {
            next: read(&path).unwrap_or(0),
            path,
            file: whole.display().to_string(),
            layer: layer.to_owned(),
        }
    }

    /// The record to go on with.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Notes that everything before `next` is durable.
    pub(super) fn advance(&mut self, next: u64) {
        self.next = next;
        if let Err(cause) = self.write() {
            say(&format!(
                "{}: {cause}; an interrupted import will start again",
                self.path.display()
            ));
        }
    }

    fn write(&self) -> std::io::Result<()> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let part = self.path.with_extension("part");
        let text = json!({ "file": self.file, "layer": self.layer, "next": self.next });
        std::fs::write(&part, text.to_string())?;
        std::fs::rename(&part, &self.path)
    }

    /// The import is complete: the next one reads the file from its beginning.
    pub(super) fn close(&self) {
        if self.path.exists()
            && let Err(cause) = std::fs::remove_file(&self.path)
        {
            say(&format!("{}: {cause}", self.path.display()));
        }
    }
}

fn read(path: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let json: serde_json::Value = serde_json::from_str(&text).ok()?;
    json.get("next")?.as_u64()
}

/// The rejects of an import, one JSON object a line.
#[derive(Debug)]
pub(super) struct Rejects {
    path: PathBuf,
    /// Whether to add to the rejects of the run before.
    goes_on: bool,
    out: Option<BufWriter<File>>,
    failed: bool,
}

impl Rejects {
    /// The rejects of a file; nothing is written before there is one.
    pub(super) fn new(file: &Path, goes_on: bool) -> Self {
        Self {
            path: Self::path(file),
            goes_on,
            out: None,
            failed: false,
        }
    }

    /// Where they are written.
    pub(super) fn path(file: &Path) -> PathBuf {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(".rejects.jsonl");
        file.with_file_name(name)
    }

    /// Notes a reject; on stderr where the file cannot be written.
    pub(super) fn note(&mut self, index: u64, reason: &str, pointer: &str) {
        let line = json!({ "index": index, "reason": reason, "pointer": pointer });
        if self.out.is_none() && !self.failed {
            match self.open() {
                Ok(file) => self.out = Some(BufWriter::new(file)),
                Err(cause) => {
                    self.failed = true;
                    say(&format!("{}: {cause}; rejects follow", self.path.display()));
                }
            }
        }
        match &mut self.out {
            Some(out) => drop(writeln!(out, "{line}")),
            None => say(&line.to_string()),
        }
    }

    fn open(&self) -> std::io::Result<File> {
        let part = fresh::part_of(&self.path);
        let mut file = fresh::create(&part)?;
        let is_file = |meta: std::fs::Metadata| meta.is_file();
        if self.goes_on && std::fs::symlink_metadata(&self.path).is_ok_and(is_file) {
            std::io::copy(&mut regular::open(&self.path)?, &mut file)?;
        }
        std::fs::rename(&part, &self.path)?;
        Ok(file)
    }

    /// Writes out what is noted.
    pub(super) fn flush(&mut self) {
        if let Some(out) = &mut self.out
            && let Err(cause) = out.flush()
        {
            say(&format!("{}: {cause}", self.path.display()));
        }
    }

    /// The import is complete. Rejects of an earlier run that this one did not meet again are gone.
    pub(super) fn finish(&mut self) {
        self.flush();
        if self.out.is_none() && !self.goes_on && std::fs::symlink_metadata(&self.path).is_ok() {
            drop(std::fs::remove_file(&self.path));
        }
    }
}
