//! The core does no I/O: what its manifest may name, and what its sources may not.

use super::{files, none, text, with_extension};

/// All that the core may depend on: no runtime, network, logging, clock or random crate among them.
const CORE_DEPENDENCIES: &[&str] = &[
    "foldhash",
    "geo",
    "geo-types",
    "h3o",
    "imbl",
    "jiff",
    "mvt",
    "rstar",
    "serde",
    "sha2",
    "thiserror",
];

/// What a pure crate has no use for.
const IMPURE: &[&str] = &[
    "std::time",
    "std::fs",
    "std::net",
    "std::io",
    "std::env",
    "std::process",
    "std::thread",
    "thread_local!",
    "println!",
    "print!",
    "dbg!",
    "Timestamp::now",
    "Zoned::now",
    "Instant::now",
    "TimeZone::system",
    "RandomState",
    "tokio",
    "tracing",
    "log::",
    "async fn",
];

#[test]
fn the_core_depends_on_nothing_that_acts() {
    let manifest: toml::Table = text("tiles/Cargo.toml")
        .parse()
        .expect("the core's manifest is TOML");
    let mut offences = Vec::new();
    for table in ["dependencies", "build-dependencies"] {
        let named = manifest
            .get(table)
            .and_then(toml::Value::as_table)
            .map(toml::Table::keys);
        let strangers = named
            .into_iter()
            .flatten()
            .filter(|it| !CORE_DEPENDENCIES.contains(&it.as_str()));
        offences.extend(strangers.map(|it| format!("[{table}] {it}")));
    }
    if manifest.contains_key("target") {
        offences.push("[target] dependencies".to_owned());
    }
    none(&offences, "the core's manifest names pure crates only");
}

#[test]
fn the_core_never_acts() {
    let mut offences = Vec::new();
    for path in shipped() {
        for (at, line) in text(&path).lines().enumerate() {
            // Neither in a comment nor in a text.
            let code = line.split("//").next().unwrap_or_default();
            let code: String = code.split('"').step_by(2).collect();
            let found = IMPURE.iter().find(|word| names(&code, word));
            offences.extend(found.map(|word| format!("{path}:{}: {word}", at + 1)));
        }
    }
    none(
        &offences,
        "the core does no I/O, reads no clock, starts no thread, logs nothing and draws no random number",
    );
}

/// To find the cell of a place takes longer than to draw a point: it is done once, when an event
/// comes, and never while a tile is encoded.
#[test]
fn the_cell_of_a_place_is_found_in_one_file() {
    let ways = [".to_cell(", "Cell::finest(", "Cell::finest)", "Cell::of("];
    let may = ["tiles/src/cell.rs", "tiles/src/feature/placed.rs"];
    let offences: Vec<String> = shipped()
        .iter()
        .filter(|path| !may.contains(&path.as_str()))
        .flat_map(|path| super::lines_with(path, &ways))
        .collect();
    none(&offences, "the cell of a place is found where it is placed");
    let placed = super::lines_with(may[1], &ways);
    assert_eq!(placed.len(), 1, "once: {placed:?}");
}

/// The sources of the core that are part of what runs.
fn shipped() -> Vec<String> {
    let tests = test_modules();
    let is_shipped = |path: &&str| {
        let inside = path.strip_prefix("tiles/src/");
        inside.is_some_and(|it| {
            !it.ends_with("tests.rs")
                && !it.contains("/tests/")
                && !tests.iter().any(|test| it.starts_with(test))
        })
    };
    let files = files();
    let shipped = with_extension(&files, &["rs"]).filter(is_shipped);
    shipped.map(str::to_owned).collect()
}

/// The modules of the core that exist in tests only.
fn test_modules() -> Vec<String> {
    let root = text("tiles/src/lib.rs");
    let after_gate = root
        .split("#[cfg(test)]\n")
        .skip(1)
        .filter_map(|rest| rest.lines().next());
    after_gate
        .filter_map(super::names::module_named)
        .map(str::to_owned)
        .collect()
}

/// Whether the word stands in the code by itself, not at the end of a longer one.
fn names(code: &str, word: &str) -> bool {
    let part_of_one = |before: &str| before.ends_with(|it: char| it.is_alphanumeric() || it == '_');
    code.match_indices(word)
        .any(|(at, _)| code.get(..at).is_none_or(|before| !part_of_one(before)))
}

#[test]
fn the_clock_is_read_in_one_file() {
    let readers = ["Timestamp::now(", "SystemTime::now(", "Zoned::now("];
    let files = files();
    let offences: Vec<String> = with_extension(&files, &["rs"])
        .filter(|path| path.starts_with("server/src/") && *path != "server/src/clock.rs")
        .flat_map(|path| super::lines_with(path, &readers))
        .collect();
    none(&offences, "the clock is read in server/src/clock.rs only");
}

#[test]
fn no_lock_can_be_held_across_an_await() {
    let manifest = text("Cargo.toml");
    let bans = text(".clippy.toml");
    let mut offences = Vec::new();
    if !manifest.contains("await_holding_lock = \"deny\"") {
        offences.push("Cargo.toml: the lint await_holding_lock is not denied".to_owned());
    }
    for lock in ["tokio::sync::Mutex", "tokio::sync::RwLock"] {
        if !bans.contains(&format!("\"{lock}\"")) {
            offences.push(format!(".clippy.toml: {lock} is not banned"));
        }
    }
    none(
        &offences,
        "locks that live across an await are refused by the compiler",
    );
}
