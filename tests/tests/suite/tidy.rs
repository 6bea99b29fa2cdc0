//! The rules of the house that no compiler checks, as tests over the tracked files. Each failure names every offender
//! at once, so that one run is enough to mend them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

mod gate;
mod names;
mod purity;
mod readme;
mod seed;
mod views;

/// Lines a source file may have.
const LINES: usize = 500;

/// Files that may be longer, each with its reason.
const LONGER: &[(&str, &str)] = &[];

/// What stands at the top level, and nothing else.
const TOP: &[&str] = &[
    ".ci",
    ".clippy.toml",
    ".config",
    ".deny.toml",
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    ".rustfmt.toml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "Makefile",
    "README.md",
    "frontend",
    "rust-toolchain.toml",
    "seed-data",
    "server",
    "styles",
    "tests",
    "tiles",
];

/// The project's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the project's folder")
}

/// Every file that git tracks or would track, relative to the root.
fn files() -> Vec<String> {
    let list = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files", "-z"])
        .args(["--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git is installed");
    assert!(
        list.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&list.stderr)
    );
    let mut files: Vec<String> = String::from_utf8(list.stdout)
        .expect("file names are UTF-8")
        .split_terminator('\0')
        .filter(|path| root().join(path).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    files
}

/// The files with one of these extensions.
fn with_extension<'a>(files: &'a [String], extensions: &[&str]) -> impl Iterator<Item = &'a str> {
    files.iter().map(String::as_str).filter(move |path| {
        Path::new(path)
            .extension()
            .is_some_and(|it| extensions.iter().any(|ext| it == *ext))
    })
}

/// A file's text; an empty one where it is not text.
fn text(path: &str) -> String {
    let bytes = fs::read(root().join(path)).expect("a listed file can be read");
    String::from_utf8(bytes).unwrap_or_default()
}

/// Fails with all offences at once.
fn none(offences: &[String], rule: &str) {
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}

#[test]
fn files_stay_short() {
    let files = files();
    let mut offences = Vec::new();
    for path in with_extension(&files, &["rs", "ts", "svelte", "css", "mjs", "py"]) {
        let lines = text(path).lines().count();
        if lines > LINES && !LONGER.iter().any(|(longer, _)| *longer == path) {
            offences.push(format!("{path}: {lines} lines"));
        }
    }
    for (path, reason) in LONGER {
        let lines = if files.iter().any(|it| it == path) {
            text(path).lines().count()
        } else {
            0
        };
        if lines <= LINES || reason.is_empty() {
            offences.push(format!(
                "{path} needs no exception, or gives no reason for it"
            ));
        }
    }
    none(&offences, "a source file has at most 500 lines");
}

#[test]
fn the_top_level_is_as_fixed() {
    let mut found: Vec<String> = files()
        .iter()
        .filter_map(|path| path.split('/').next().map(str::to_owned))
        .collect();
    found.dedup();
    let strangers = found.iter().filter(|it| !TOP.contains(&it.as_str()));
    let missing = TOP
        .iter()
        .filter(|it| !found.iter().any(|found| found == *it));
    let offences: Vec<String> = strangers
        .map(|it| format!("{it} does not belong there"))
        .chain(missing.map(|it| format!("{it} is missing")))
        .collect();
    none(
        &offences,
        "the top level holds what architecture fixes and nothing else",
    );
}

#[test]
fn nothing_is_left_for_later() {
    // Written apart, so that this file does not find itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("unimplemen", "ted!"),
    ];
    let files = files();
    let mut offences = Vec::new();
    for path in with_extension(
        &files,
        &[
            "rs", "ts", "svelte", "css", "mjs", "js", "py", "sh", "md", "html",
        ],
    ) {
        offences.extend(lines_with(path, &marks));
    }
    none(
        &offences,
        "what is open stands in an issue, not in the code",
    );
}

#[test]
fn no_machine_is_named() {
    let marks = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("registry.npm", "js.org"),
        concat!("index.crates", ".io"),
        concat!("static.crates", ".io"),
        concat!("files.python", "hosted.org"),
        concat!("\"resol", "ved\": \"http"),
    ];
    let offences: Vec<String> = files()
        .iter()
        .flat_map(|path| lines_with(path, &marks))
        .collect();
    none(
        &offences,
        "no tracked file names a path of some machine or a package host",
    );
}

#[test]
fn no_test_sleeps() {
    let marks = [
        concat!("waitFor", "Timeout("),
        concat!("setTime", "out("),
        concat!("sle", "ep("),
    ];
    let files = files();
    let offences: Vec<String> = with_extension(&files, &["rs", "mjs", "ts", "py"])
        .filter(|path| is_for_tests(path))
        .flat_map(|path| {
            // A unit test of the pages has only what its own clock calls so.
            let own_clock = path.ends_with(".test.ts");
            lines_with(path, if own_clock { &marks[..2] } else { &marks })
        })
        .collect();
    none(
        &offences,
        "a test waits for a condition, never for the clock",
    );
}

/// Whether a file holds tests, or what they share.
fn is_for_tests(path: &str) -> bool {
    let ends = [
        "tests.rs",
        "/trial.rs",
        "/testing.rs",
        ".test.ts",
        ".test.mjs",
    ];
    path.starts_with("tests/")
        || path.contains("/tests/")
        || ends.iter().any(|end| path.ends_with(end))
}

/// The lines of a file that hold one of the marks, as `path:line: text`.
fn lines_with(path: &str, marks: &[&str]) -> Vec<String> {
    text(path)
        .lines()
        .enumerate()
        .filter(|(_, line)| marks.iter().any(|mark| line.contains(mark)))
        .map(|(at, line)| {
            format!(
                "{path}:{}: {}",
                at + 1,
                line.trim().chars().take(80).collect::<String>()
            )
        })
        .collect()
}
