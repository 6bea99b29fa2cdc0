use super::*;
use std::collections::BTreeSet;
use std::fmt::Write;

fn printed() -> String {
    let mut page = String::from(
        "# Metrics\n\n\
         With `admin_listen` in the configuration, `/metrics` is served on that address, and nowhere else, in the text format of\n\
         Prometheus; nobody signs in there, so the address should not be reachable from outside. Labels are the feeds and layers of\n\
         the configuration and the words below: never an id, a place or a plate. What a queue, a body or a page does when it is full\n\
         is counted by the row that says so, and every refusal by `atalaya_problems_total`.\n\n\
         | name | kind | labels | what it is |\n|---|---|---|---|\n",
    );
    for row in ROWS {
        let labels: Vec<String> = row
            .labels
            .iter()
            .map(|(label, values)| match values {
                [] => format!("`{label}`"),
                values => format!("`{label}`: {}", values.join(", ")),
            })
            .collect();
        writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            row.name,
            row.kind.name(),
            labels.join("; "),
            row.help
        )
        .unwrap();
    }
    page
}

#[test]
fn the_table_in_the_docs_is_this_table() {
    crate::printed::is_in_the_docs("metrics.md", &printed());
}

#[test]
fn names_follow_the_conventions() {
    let names: BTreeSet<_> = ROWS.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), ROWS.len(), "each name once");
    for row in ROWS {
        let name = row.name;
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(name.chars().all(plain), "{name}");
        assert!(
            name.starts_with("atalaya_") || name.starts_with("process_"),
            "{name}"
        );
        assert_eq!(
            name.ends_with("_total"),
            row.kind == Kind::Counter,
            "{name}"
        );
        for unit in ["_ms", "_millis", "_us", "_kib", "_mib", "_minutes"] {
            assert!(!name.ends_with(unit), "{name}: base units only");
        }
        assert!(row.help.ends_with('.') && !row.help.contains('|'), "{name}");
        for (label, values) in row.labels {
            let known = [
                "feed", "layer", "outcome", "reason", "cache", "class", "problem", "version",
                "work",
            ];
            assert!(known.contains(label), "{name}: a label named {label}");
            assert!(values.iter().all(|value| value.len() < 16), "{name}");
        }
    }
}

#[test]
fn what_is_no_configured_feed_shares_one_name() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    ::metrics::with_local_recorder(&recorder, || {
        let feeds = Feeds::new(["incidents"].into_iter());
        feeds.of("incidents").accepted.increment(2);
        feeds.of("import-of-ABC1234").accepted.increment(3);
        feeds.of("another").accepted.increment(4);
    });
    let text = handle.render();
    let has = |line: &str| assert!(text.contains(line), "{line}\n{text}");
    has("atalaya_feed_records_total{feed=\"incidents\",outcome=\"accepted\"} 2");
    has("atalaya_feed_records_total{feed=\"(other)\",outcome=\"accepted\"} 7");
    assert!(!text.contains("ABC1234"), "{text}");
}
