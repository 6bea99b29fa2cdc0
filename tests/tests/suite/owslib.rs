//! OWSLib as a client: another reader of the OGC API, written by others.

use std::path::Path;
use std::process::Command;

use atalaya_tests::{City, DOWNTOWN, collection, incident, run, skipped, tile_at};
use serde_json::Value;

#[tokio::test]
async fn owslib_walks_the_collections_and_pages_through_items() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = folder.join(".venv/bin/python");
    if !python.exists() {
        return skipped("tests/.venv is not there: `make suite` makes it");
    }
    let city = City::start().await;
    let incidents = (0..25).map(|at| {
        incident(
            &format!("i{at:02}"),
            DOWNTOWN.0 + f64::from(at) * 1e-4,
            DOWNTOWN.1,
        )
    });
    city.post("incidents", &collection(&incidents.collect::<Vec<_>>()))
        .await;
    let (x, y) = tile_at(DOWNTOWN.0, DOWNTOWN.1, 12);
    let mut command = Command::new(python);
    command
        .arg(folder.join("ogc.py"))
        .arg(city.base())
        .arg(city.role_key("operator", &[]));
    command.arg(format!("/tiles/incidents/12/{x}/{y}"));
    let ran = run(&mut command);
    let report: Value = serde_json::from_str(ran.ok()).expect("the script prints one JSON");
    assert_eq!(
        report["conforms"],
        Value::Array(Vec::new()),
        "conformance classes that are missing"
    );
    assert!(
        report["collections"]
            .as_array()
            .is_some_and(|it| it.contains(&"incidents".into())),
        "{report}"
    );
    assert_eq!(
        (report["matched"].as_u64(), report["paged"].as_u64()),
        (Some(25), Some(25)),
        "{report}"
    );
    assert_eq!(report["one"], "i07", "{report}");
    assert_eq!(
        report["in_tile"], 25,
        "the tile as mapbox-vector-tile reads it: {report}"
    );
}
