//! Who holds a view of the moment over an await: it grows old there, and keeps an old picture alive.

use super::{files, none, text, with_extension};

/// The files where one is held, each with its reason.
const HELD: &[(&str, &str)] = &[
    (
        "server/src/http/tiles.rs",
        "the version in the ETag and the key of the cache is that of the view that is drawn",
    ),
    (
        "server/src/http/past.rs",
        "a picture of the past does not grow old, and is the same for whoever asks",
    ),
    (
        "server/src/live/client.rs",
        "the parts of a step are of one view, which lives no longer than live/views.rs keeps it",
    ),
];

#[test]
fn no_view_of_the_moment_is_held_over_an_await() {
    let files = files();
    let sources = with_extension(&files, &["rs"])
        .filter(|path| path.starts_with("server/src/") && !path.ends_with("tests.rs"));
    let mut offences = Vec::new();
    let mut needed = Vec::new();
    for path in sources {
        let held = held_over_an_await(&text(path));
        if HELD.iter().any(|(listed, _)| *listed == path) {
            needed.extend((!held.is_empty()).then_some(path));
        } else {
            offences.extend(held.iter().map(|line| format!("{path}:{line}")));
        }
    }
    for (path, reason) in HELD {
        if !needed.contains(path) || reason.is_empty() {
            offences.push(format!(
                "{path} needs no exception, or gives no reason for it"
            ));
        }
    }
    none(&offences, "a view is loaded after the wait, not before it");
}

/// The lines that bind a view and are followed by an await before the end of their block, by number.
fn held_over_an_await(source: &str) -> Vec<usize> {
    let lines: Vec<&str> = source.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let binds = |line: &str| {
        let line = line.trim_start();
        line.starts_with("let ")
            && (line.ends_with("engine.view();")
                || line.ends_with("engine.view_now();")
                || line.contains("(app.engine.view(),")
                || line.contains("view_of("))
    };
    let held = |(at, line): &(usize, &&str)| {
        let block = lines
            .iter()
            .skip(at + 1)
            .take_while(|next| next.trim().is_empty() || indent(next) >= indent(line));
        binds(line) && block.into_iter().any(|next| next.contains(".await"))
    };
    let found = lines.iter().enumerate().filter(held);
    found.map(|(at, _)| at + 1).collect()
}

#[test]
fn a_view_that_waits_is_found() {
    for view in ["view", "view_now"] {
        let waits =
            format!("async fn a() {{\n    let view = app.engine.{view}();\n    b().await;\n}}\n");
        assert_eq!(held_over_an_await(&waits), [2], "{view}");
    }
    let inside =
        "async fn a() {\n    {\n        let view = app.engine.view();\n    }\n    b().await;\n}\n";
    assert!(held_over_an_await(inside).is_empty());
}
