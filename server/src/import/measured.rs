//! Files of records that say how long they are, beside how long the file is.
//!
//! Readers make room for what a record says of itself before they read it: so what it says is held
//! against what is left of the file before the reader comes to it.

use crate::regular;
use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, Read, Result, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::rc::Rc;

/// A file that is read, and how far.
#[derive(Debug)]
pub(super) struct Measured {
    file: BufReader<File>,
    at: Rc<Cell<u64>>,
}

/// How long such a file is and how far it is read, beside its reader.
#[derive(Debug)]
pub(super) struct Measure {
    file: File,
    length: u64,
    at: Rc<Cell<u64>>,
}

/// Opens a regular file.
pub(super) fn open(path: &Path) -> Result<(Measured, Measure)> {
    let file = regular::open(path)?;
    let at = Rc::default();
    let measure = Measure {
        file: file.try_clone()?,
        length: file.metadata()?.len(),
        at: Rc::clone(&at),
    };
    let file = BufReader::new(file);
    Ok((Measured { file, at }, measure))
}

impl Measure {
    /// How many bytes the file has.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// How many of them are read.
    pub(super) fn at(&self) -> u64 {
        self.at.get()
    }

    /// How many of them come after a place.
    pub(super) fn after(&self, at: u64) -> u64 {
        self.length.saturating_sub(at)
    }

    /// Bytes from a place on, which stay to be read; `None` where the file has fewer.
    pub(super) fn bytes<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact_at(&mut bytes, at).ok()?;
        Some(bytes)
    }
}

impl Read for Measured {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize> {
        let count = self.file.read(bytes)?;
        self.at.set(self.at.get() + count as u64);
        Ok(count)
    }
}

impl Seek for Measured {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let at = self.file.seek(to)?;
        self.at.set(at);
        Ok(at)
    }
}
