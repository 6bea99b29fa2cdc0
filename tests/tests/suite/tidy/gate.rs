//! What passes the gate: who may name the viewer that sees everything, and who may read the picture or the log
//! without one. A new place is a decision, and stands here with its reason.

use std::path::Path;

use super::{files, none, root, text, with_extension};

/// A way past the gate.
struct Way {
    /// How it is written, once white space is gone.
    marks: &'static [&'static str],
    /// The files that may take it, each with its reason.
    open_to: &'static [(&'static str, &'static str)],
}

/// All that there are. `View::dirty_topics` is none: it takes a viewer.
const WAYS: &[Way] = &[
    Way {
        marks: &["::EVERYTHING"],
        open_to: &[
            (
                "server/src/cli/export.rs",
                "whoever runs it can read the files",
            ),
            (
                "server/src/engine/duplicates.rs",
                "the writer compares with what is known, and answers nobody",
            ),
            (
                "server/src/http/admin.rs",
                "the metrics count features by layer, on an address of their own",
            ),
        ],
    },
    Way {
        marks: &[".hot("],
        open_to: &[],
    },
    Way {
        marks: &[".received("],
        open_to: &[
            (
                "server/src/engine.rs",
                "counts only layers of which nothing is hidden from whoever opened them",
            ),
            (
                "server/src/http/timeline.rs",
                "hands over the layers as they were opened",
            ),
        ],
    },
    Way {
        marks: &["store::Reader", ".reader(", "Reader::beside("],
        open_to: &[
            (
                "server/src/cli/export.rs",
                "whoever runs it can read the files",
            ),
            (
                "server/src/engine/history.rs",
                "folds the log into views, which are read through the gate",
            ),
            (
                "server/src/engine/recall.rs",
                "duplicates are known again from the end of the log",
            ),
        ],
    },
];

/// The store itself, which makes what these ways lead to.
const STORE: [&str; 2] = ["server/src/store.rs", "server/src/store/"];

#[test]
fn the_ways_past_the_gate_are_as_listed() {
    let files = files();
    let mut offences = Vec::new();
    let mut taken = Vec::new();
    for path in with_extension(&files, &["rs"]).filter(|path| is_shipped(path)) {
        let code = code(&text(path));
        for way in WAYS {
            let Some(mark) = way.marks.iter().find(|mark| code.contains(**mark)) else {
                continue;
            };
            taken.push((path.to_owned(), way.marks));
            if !way.open_to.iter().any(|(open, _)| *open == path) {
                offences.push(format!("{path}: {mark}"));
            }
        }
    }
    for way in WAYS {
        for (path, reason) in way.open_to {
            let used = taken
                .iter()
                .any(|(by, marks)| by == path && *marks == way.marks);
            if !used || reason.is_empty() {
                offences.push(format!(
                    "{path} needs no {:?}, or gives no reason for it",
                    way.marks
                ));
            }
        }
    }
    none(
        &offences,
        "every read passes the gate, but for those listed with their reasons",
    );
}

/// Whether a file is part of what runs: no test, no bench, not the store.
fn is_shipped(path: &str) -> bool {
    let of_a_crate = path.starts_with("server/src/") || path.starts_with("tiles/src/");
    of_a_crate && !STORE.iter().any(|store| path.starts_with(store)) && !is_test(Path::new(path))
}

/// Whether a module or one that it stands in exists in tests only.
fn is_test(path: &Path) -> bool {
    let (Some(folder), Some(name)) = (path.parent(), path.file_stem()) else {
        return false;
    };
    let name = name.to_string_lossy();
    let parents = [
        folder.with_extension("rs"),
        folder.join("mod.rs"),
        folder.join("lib.rs"),
    ];
    let Some(parent) = parents
        .iter()
        .find(|it| *it != path && root().join(it).is_file())
    else {
        return false;
    };
    let declared = text(&parent.to_string_lossy());
    let after_gate = declared.split("#[cfg(test)]\n").skip(1);
    after_gate
        .filter_map(|rest| rest.lines().next())
        .any(|line| super::names::module_named(line) == Some(&name))
        || is_test(parent)
}

/// The code of a file without comments and white space, up to its tests, with `use a::{b, C}` as `a::C` too.
fn code(source: &str) -> String {
    let source = source
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let lines = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let mut code: String = lines
        .flat_map(|line| line.chars().filter(|c| !c.is_whitespace()))
        .collect();
    let groups = code.split("::{").collect::<Vec<_>>();
    let named: Vec<String> = groups
        .windows(2)
        .flat_map(|pair| {
            let before = pair[0]
                .rsplit([';', ':', '{', '}', ','])
                .next()
                .unwrap_or_default();
            let inside = pair[1].split('}').next().unwrap_or_default();
            inside
                .split(',')
                .map(move |name| format!(";{before}::{name}"))
        })
        .collect();
    code.extend(named);
    code
}

#[test]
fn a_way_is_found_however_it_is_written() {
    for written in [
        "use crate::store::Reader;",
        "use crate::store::{\n    Store, Reader,\n};",
        "let mut reader = store\n    .reader(catalog)?;",
    ] {
        let code = code(written);
        assert!(
            WAYS[3].marks.iter().any(|mark| code.contains(mark)),
            "{written}: {code}"
        );
    }
    let quiet = code(
        "// store::Reader is none\nlet a = 1;\n#[cfg(test)]\nmod tests { use crate::store::Reader; }",
    );
    assert!(
        !WAYS[3].marks.iter().any(|mark| quiet.contains(mark)),
        "{quiet}"
    );
}
