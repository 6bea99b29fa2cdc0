//! The demo city's files are those of its manifest, each with a licence.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{files, none, root};

const MANIFEST: &str = "seed-data/manifest.json";
/// The manifest itself, for machines and for people.
const UNLISTED: &[&str] = &["manifest.json", "MANIFEST.md"];

#[test]
fn seed_files_are_those_of_the_manifest() {
    let manifest = fs::read(root().join(MANIFEST)).expect(MANIFEST);
    let manifest: Value = serde_json::from_slice(&manifest).expect("the manifest is JSON");
    let entries = manifest["files"].as_array().expect("files: a list");
    let listed: BTreeMap<&str, &Value> = entries
        .iter()
        .filter_map(|entry| Some((entry["file"].as_str()?, entry)))
        .collect();
    let mut offences = Vec::new();
    if listed.len() != entries.len() {
        offences.push("an entry without `file`, or two for one".to_owned());
    }

    let found: Vec<String> = files()
        .iter()
        .filter_map(|path| path.strip_prefix("seed-data/").map(str::to_owned))
        .collect();
    for name in found
        .iter()
        .filter(|name| !UNLISTED.contains(&name.as_str()))
    {
        match listed.get(name.as_str()) {
            None => offences.push(format!("{name} is not listed")),
            Some(entry) => offences.extend(differences(name, entry)),
        }
    }
    let gone = listed
        .keys()
        .filter(|name| !found.iter().any(|found| found == *name));
    offences.extend(gone.map(|name| format!("{name} is listed but not there")));
    none(
        &offences,
        "seed-data holds the files of its manifest, unchanged, each with source and licence",
    );
}

/// What an entry says that is not so of its file.
fn differences(name: &str, entry: &Value) -> Vec<String> {
    let bytes = fs::read(root().join("seed-data").join(name)).expect("a listed file can be read");
    let sum = Sha256::digest(&bytes)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a string takes what is written");
            hex
        });
    let mut differences = Vec::new();
    if entry["sha256"].as_str() != Some(&sum) {
        differences.push(format!("{name}: sha256 is {sum}"));
    }
    if entry["bytes"].as_u64() != u64::try_from(bytes.len()).ok() {
        differences.push(format!("{name}: it has {} bytes", bytes.len()));
    }
    for member in ["licence", "source"] {
        if entry[member].as_str().is_none_or(str::is_empty) {
            differences.push(format!("{name}: no {member}"));
        }
    }
    differences
}
