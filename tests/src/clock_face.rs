//! A wall clock for a whole server that a test sets: days pass in as long as their traffic takes.
//!
//! The server reads it wherever it asks the system for the time of day. The clocks that measure go on as they are: ticks,
//! deadlines and what is to happen every so often take as long as ever.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::run;
use crate::wait::eventually;

const A_SECOND_NS: i64 = 1_000_000_000;
/// Where each number stands in the file; the C side knows them by the same order.
const TIME: u64 = 0;
const TIME_AGAIN: u64 = 8;
const ASKED: u64 = 16;
const HELD_BYTES: u64 = 24;
const ANSWERED: u64 = 32;

/// Makes the library that changes the clock of a process it is loaded into, in a folder.
///
/// # Errors
/// Why it cannot be made.
pub fn clock_library(folder: &Path) -> Result<PathBuf, String> {
    let (source, library) = (folder.join("clock_face.c"), folder.join("clock_face.so"));
    std::fs::write(&source, include_str!("clock_face.c")).expect("the folder can be written");
    let compiler = Command::new("cc").arg("--version").output();
    compiler.map_err(|_| "there is no C compiler".to_owned())?;
    let mut cc = Command::new("cc");
    cc.args(["-O2", "-shared", "-fPIC", "-o"]);
    let ran = run(cc.arg(&library).arg(&source));
    if ran.code != 0 {
        return Err(format!("the clock cannot be made: {}", ran.stderr));
    }
    Ok(library)
}

/// A clock that stands where it is set.
#[derive(Debug)]
pub struct ClockFace {
    library: PathBuf,
    path: PathBuf,
    face: File,
}

impl ClockFace {
    /// A clock in a folder, which shows this second since 1970.
    ///
    /// # Errors
    /// Why there cannot be one.
    pub fn new(folder: &Path, second: i64) -> Result<Self, String> {
        let library = clock_library(folder)?;
        let path = folder.join("clock-face");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        let face = options.open(&path).expect("the folder can be written");
        face.set_len(ANSWERED + 8)
            .expect("the folder can be written");
        let clock = Self {
            library,
            path,
            face,
        };
        clock.show(second);
        Ok(clock)
    }

    /// What a server's environment must have, to go by it.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        [
            ("LD_PRELOAD", text(&self.library)),
            ("CLOCK_FACE", text(&self.path)),
        ]
    }

    /// Shows this second since 1970 from now on.
    pub fn show(&self, second: i64) {
        for place in [TIME, TIME_AGAIN] {
            self.write(place, (second * A_SECOND_NS).to_ne_bytes());
        }
    }

    /// The bytes that the server has of its allocator just now.
    pub async fn held_bytes(&self) -> u64 {
        let question = self.read(ASKED) + 1;
        self.write(ASKED, question.to_ne_bytes());
        eventually("the server to look at its clock", async || {
            (self.read(ANSWERED) == question).then(|| self.read(HELD_BYTES))
        })
        .await
    }

    fn write(&self, place: u64, number: [u8; 8]) {
        let written = self.face.write_all_at(&number, place);
        written.expect("the clock's file can be written");
    }

    fn read(&self, place: u64) -> u64 {
        let mut number = [0; 8];
        let read = self.face.read_exact_at(&mut number, place);
        read.expect("the clock's file can be read");
        u64::from_ne_bytes(number)
    }
}
