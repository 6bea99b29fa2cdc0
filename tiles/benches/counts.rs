//! How many instructions do the hot paths take? Counted by callgrind and held against the counts in
//! `counts.txt`: no clock is read, so that a busy machine changes nothing.
//!
//! The program runs itself under valgrind with the word `walk`, reads from the profile what each path took
//! with all that it called, and fails where a path grew by more than the limit, is new or is missing. With
//! the word `keep` it writes what it counted to `counts.txt`, to be committed with the change that is meant.
//!
//! The counts are those of x86-64 with the profile `counts`, by which `make counts` builds: that of a release, but
//! in one piece. They change with the compiler (`rust-toolchain.toml` has its version), the dependencies
//! (`Cargo.lock`) and a little with the C library, whose allocator and copying are counted too. What is chosen by the features of a processor is chosen by those that valgrind
//! shows: SHA-256 is counted in software, and copying without AVX2 moves a count by 3 %. Hash maps draw their
//! seeds anew in each run, which moves one by up to half a percent. An instruction is not a time: what waits for
//! memory costs more than it counts here.
#![expect(clippy::print_stdout, reason = "the counts are what it is for")]

#[path = "counts/city.rs"]
mod city;
#[path = "counts/compare.rs"]
mod compare;
#[path = "counts/paths.rs"]
mod paths;

use compare::Counts;
use std::fs;
use std::process::{Command, ExitCode};

/// The counts that are kept.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/counts.txt");
/// Where callgrind writes.
const PROFILE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/counts.callgrind");

fn main() -> ExitCode {
    let told = |word: &str| std::env::args().skip(1).any(|arg| arg == word);
    if told("walk") {
        paths::walk();
        return ExitCode::SUCCESS;
    }
    let done = if told("keep") { keep() } else { hold() };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            println!("counts: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Counts, and keeps what has changed.
fn keep() -> Result<bool, String> {
    let kept = fs::read_to_string(KEPT).ok();
    let kept = kept.and_then(|text| compare::read(&text).ok());
    let counts = compare::renew(&kept.unwrap_or_default(), &counted()?);
    let text = compare::write(&counts);
    fs::write(KEPT, &text).map_err(|error| format!("{KEPT}: {error}"))?;
    print!("{text}");
    Ok(true)
}

/// Counts, and holds what was counted against what is kept; says whether nothing is wrong with it.
fn hold() -> Result<bool, String> {
    let text = fs::read_to_string(KEPT).map_err(|error| format!("{KEPT}: {error}"))?;
    let kept = compare::read(&text).map_err(|error| format!("{KEPT}: {error}"))?;
    let rows = compare::compare(&kept, &counted()?);
    print!("{}", compare::report(&rows));
    if !cfg!(target_arch = "x86_64") {
        println!("the counts that are kept are those of x86-64: nothing is held against them here");
        return Ok(true);
    }
    Ok(rows.iter().all(|row| row.fault().is_none()))
}

/// Instructions of one operation on each path.
fn counted() -> Result<Counts, String> {
    let mut walked = profiled()?;
    let mut counts = Counts::new();
    for path in paths::PATHS {
        let name = path.name;
        let operations = u64::try_from(path.operations).unwrap_or(u64::MAX);
        let all = walked.remove(name);
        let all = all.ok_or_else(|| format!("{PROFILE}: no function path_{name}"))?;
        counts.insert(name.to_owned(), all / operations);
    }
    Ok(counts)
}

/// Walks the paths under valgrind and reads what it saw.
fn profiled() -> Result<Counts, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={PROFILE}"))
        // Names and places are then read as they stand.
        .args(["--compress-strings=no", "--compress-pos=no"])
        .arg(program)
        .arg("walk")
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("valgrind: {}\n{said}", output.status));
    }
    let profile = fs::read(PROFILE).map_err(|error| format!("{PROFILE}: {error}"))?;
    let profile = String::from_utf8_lossy(&profile);
    compare::read_profile(&profile).map_err(|error| format!("{PROFILE}: {error}"))
}
