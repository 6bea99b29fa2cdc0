//! What the pages promise: each invariant is held by a test, and each link leads somewhere.

use std::collections::BTreeSet;
use std::path::Path;

use super::{files, none, root, text, with_extension};

/// Invariants in the README.
const INVARIANTS: usize = 10;

#[test]
fn every_invariant_names_a_test_that_exists() {
    let tests = test_names();
    let items = invariants(&text("README.md"));
    let mut offences = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let named: Vec<&str> = code_spans(item).map(last_segment).collect();
        if named.is_empty() {
            offences.push(format!("{}. names none", at + 1));
        }
        let missing = named.into_iter().filter(|name| !tests.contains(*name));
        offences.extend(missing.map(|name| format!("{}. {name}", at + 1)));
    }
    if items.len() != INVARIANTS {
        offences.push(format!(
            "the README lists {} invariants, not {INVARIANTS}",
            items.len()
        ));
    }
    none(
        &offences,
        "each invariant in the README names, in backticks, tests that exist",
    );
}

/// The numbered items under the heading that speaks of invariants.
fn invariants(readme: &str) -> Vec<String> {
    let section = readme
        .lines()
        .skip_while(|line| !(line.starts_with('#') && line.to_lowercase().contains("invariants")))
        .skip(1)
        .take_while(|line| !line.starts_with('#'));
    let mut items: Vec<String> = Vec::new();
    for line in section {
        let numbered = line
            .split_once(". ")
            .is_some_and(|(number, _)| number.parse::<u8>().is_ok());
        match items.last_mut() {
            _ if numbered => items.push(line.to_owned()),
            Some(item) => {
                item.push('\n');
                item.push_str(line);
            }
            None => {}
        }
    }
    items
}

/// What stands between backticks.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// `a` of `module::a`.
fn last_segment(name: &str) -> &str {
    name.rsplit("::").next().unwrap_or(name)
}

/// The names of all Rust tests, and the titles of all others.
fn test_names() -> BTreeSet<String> {
    let files = files();
    let mut names = BTreeSet::new();
    for path in with_extension(&files, &["rs"]) {
        let source = text(path);
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            let Some(name) = function_named(line) else {
                continue;
            };
            let above = lines
                .iter()
                .take(at)
                .rev()
                .take_while(|it| it.starts_with("#["));
            if above
                .into_iter()
                .any(|it| it.contains("test]") || it.contains("test("))
                || in_proptest(&lines, at)
            {
                names.insert(name.to_owned());
            }
        }
    }
    for path in with_extension(&files, &["mjs", "ts"]) {
        let source = text(path);
        let titles = source.lines().filter_map(|line| {
            let line = line.trim();
            let rest = line
                .strip_prefix("test(\"")
                .or_else(|| line.strip_prefix("it(\""))?;
            rest.split('"').next()
        });
        names.extend(titles.map(str::to_owned));
    }
    names
}

fn function_named(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    line.strip_prefix("fn ")?.split(['(', '<']).next()
}

/// Whether a function without an attribute right above stands in a `proptest!` block, whose attribute may be apart.
fn in_proptest(lines: &[&str], at: usize) -> bool {
    lines
        .iter()
        .take(at)
        .any(|line| line.starts_with("proptest!"))
        && lines
            .iter()
            .take(at)
            .rev()
            .take_while(|line| !line.is_empty())
            .any(|line| line.contains("#[test]"))
}

#[test]
fn links_lead_somewhere() {
    let files = files();
    let mut offences = Vec::new();
    for path in with_extension(&files, &["md"]) {
        let page = text(path);
        let folder = root().join(Path::new(path).parent().unwrap_or(Path::new("")));
        let targets = page
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for target in targets.map(|it| it.split(['#', ' ']).next().unwrap_or_default()) {
            let outside =
                target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !outside && !folder.join(target).exists() {
                offences.push(format!("{path}: {target}"));
            }
        }
    }
    none(&offences, "a link in a page leads to a file that is there");
}
