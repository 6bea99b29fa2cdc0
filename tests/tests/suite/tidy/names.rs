//! Names that say what a thing is for.

use std::path::Path;

use super::{files, none, text, with_extension};

/// Words that say nothing, wherever they stand in a name.
const NEVER: &[&str] = &[
    "utils", "util", "helpers", "helper", "misc", "manager", "handler2",
];
/// Words that say nothing when they stand alone.
const NEVER_ALONE: &[&str] = &["common", "data", "info"];

fn says_nothing(name: &str) -> bool {
    NEVER_ALONE.contains(&name)
        || name
            .split(['_', '-', '.'])
            .any(|word| NEVER.contains(&word))
}

#[test]
fn files_and_modules_say_what_they_are() {
    let files = files();
    let mut offences = Vec::new();
    for path in with_extension(
        &files,
        &["rs", "ts", "svelte", "css", "mjs", "py", "sql", "toml"],
    ) {
        let without_extension = Path::new(path).with_extension("");
        let parts = without_extension.iter().filter_map(|part| part.to_str());
        offences.extend(
            parts
                .filter(|part| says_nothing(part))
                .map(|part| format!("{path}: {part}")),
        );
        if Path::new(path).extension().is_some_and(|it| it == "rs") {
            let source = text(path);
            let modules = source.lines().filter_map(module_named);
            offences.extend(
                modules
                    .filter(|it| says_nothing(it))
                    .map(|it| format!("{path}: mod {it}")),
            );
        }
    }
    none(&offences, "a name says what the thing is for");
}

/// The name in a line that declares a module.
pub(super) fn module_named(line: &str) -> Option<&str> {
    let line = line
        .trim()
        .trim_start_matches("pub(crate) ")
        .trim_start_matches("pub ");
    let rest = line.strip_prefix("mod ")?;
    Some(rest.trim_end_matches([';', '{', ' ']))
}

#[test]
fn every_module_opens_with_what_it_is_for() {
    let files = files();
    let offences: Vec<String> = with_extension(&files, &["rs"])
        .filter(|path| !path.ends_with("/tests.rs") && !path.contains("/tests/"))
        .filter(|path| !text(path).starts_with("//!"))
        .map(str::to_owned)
        .collect();
    none(
        &offences,
        "a module opens with a `//!` that says what it is for",
    );
}
