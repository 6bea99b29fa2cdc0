//! What is asked amiss: said in words, with the code 2, and nothing is written.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use atalaya_tests::{City, atalaya, incident};

use super::{LAT, LON};

fn path_of(file: &Path) -> &str {
    file.to_str().expect("a plain name")
}

#[test]
fn what_is_asked_amiss_exits_2_and_says_what_is_expected() {
    let folder = tempfile::tempdir().expect("a folder");
    let (text, other) = (folder.path().join("ex.toml"), folder.path().join("other"));
    fs::write(&text, "[live]\n".repeat(100)).expect("written");
    let (text, data) = (path_of(&text), path_of(&other));
    let here = path_of(folder.path());
    for (arguments, said) in [
        (&["restore", text][..], "ex.toml is no backup of atalaya: "),
        (&["restore", here], "is no backup of atalaya: it is no file"),
        (&["restore", "/nonesuch"], "/nonesuch: "),
        (
            &["demo", "--speed", "fast"],
            "'fast' for '--speed <SPEED>': expected a number from 1 to 60",
        ),
        (&["demo", "--speed", "61"], "a number from 1 to 60"),
        (&["demo"], "--data goes with serve"),
        (
            &["replay", text, "--speed", "0.5"],
            "expected 0 or a number from 1 to 1000",
        ),
        (&["decode", "geojson", text], "not JSON at line 1"),
        (&["import", "incidents", text], "the ending says no format"),
        (
            &["link", "--role", "wal"],
            "public, wall, operator, dispatcher, planner, responder, analyst, oversight, admin",
        ),
    ] {
        let ran = atalaya(arguments.iter().copied().chain(["--data", data]));
        assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(said), "{arguments:?}: {}", ran.stderr);
        assert!(!other.exists(), "{arguments:?} made a store");
    }
    let help = atalaya(["link", "--help"]);
    let roles = "public, wall, operator, dispatcher, planner, responder, analyst, oversight, admin";
    let words = help.ok().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(roles), "{words}");
}

#[tokio::test]
async fn a_file_to_write_has_an_ending_that_is_known_and_is_outside_the_store() {
    let city = City::start().await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    for name in ["c.shp", "c"] {
        let file = city.scratch().join(name);
        let ran = city.command(&["export", "incidents", "--out", path_of(&file)]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        let said = "the ending says no format; there are GeoJSON (.geojson, .json), CSV (.csv) and \
                    FlatGeobuf (.fgb); or name one with --format";
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert!(!file.exists());
        let export = [
            "export",
            "incidents",
            "--format",
            "csv",
            "--out",
            path_of(&file),
        ];
        let ran = city.command(&export);
        assert!(
            ran.stderr.contains("1 feature of incidents"),
            "{}",
            ran.stderr
        );
        let text = fs::read_to_string(&file).expect("written");
        assert!(text.starts_with("lon,lat,id,"), "{text}");
    }
    let inside = city.data().join("backup.db");
    let ran = city.command(&["backup", path_of(&inside)]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("is inside the store"), "{}", ran.stderr);
    let ran = city.command(&["export", "incidents", "--for-spreadsheets"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("is for CSV"), "{}", ran.stderr);
}

#[test]
fn a_port_that_is_taken_is_said_with_a_way_out_and_no_store_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    let ran = atalaya(["serve", "--listen", &address, "--data", path_of(&data)]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let said = format!("atalaya: cannot listen on {address}: Address already in use");
    assert!(ran.stderr.contains(&said), "{}", ran.stderr);
    let hint = "; --listen 127.0.0.1:0 picks a free port";
    assert!(ran.stderr.trim_end().ends_with(hint), "{}", ran.stderr);
    let config = folder.path().join("city.toml");
    fs::write(&config, format!("admin_listen = \"{address}\"\n")).expect("written");
    let place = ["--data", path_of(&data), "--config", path_of(&config)];
    let ran = atalaya(
        ["serve", "--listen", "127.0.0.1:0"]
            .into_iter()
            .chain(place),
    );
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let said = format!("cannot listen on {address} for metrics (admin_listen): Address already");
    assert!(ran.stderr.contains(&said), "{}", ran.stderr);
    assert!(!data.exists(), "a store was made for nothing");
}

#[test]
fn check_refuses_a_scene_that_cannot_be_and_warns_of_video_that_is_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("city.toml");
    let check = |text: &str| {
        fs::write(&file, text).expect("written");
        atalaya(["check", "--config", path_of(&file)])
    };
    let scene = "[[scenes]]\nname = \"far\"\ntitle = \"Far\"\ncenter = [200, 1]\nzoom = 40\n";
    let refused = check(scene);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    let said = "scene \"far\": center, longitude = 200: it must be -180 to 180";
    assert!(refused.stderr.contains(said), "{}", refused.stderr);
    let warned = check("[streams]\na = \"env:ATALAYA_NONESUCH\"\nb = \"nonesuch/tower\"\n");
    assert_eq!(warned.code, 0, "{}", warned.stderr);
    for said in [
        "warning: streams: camera \"a\" has no video: the environment variable ATALAYA_NONESUCH is not set",
        "warning: streams: camera \"b\" has no video: there is no folder ",
    ] {
        assert!(warned.stderr.contains(said), "{}", warned.stderr);
    }
}

#[tokio::test]
async fn the_log_of_a_start_says_what_matters() {
    let mut city = City::start().await;
    city.stop();
    let log = city.log();
    assert!(log.contains("listening on"), "{log}");
    assert!(!log.contains("actix_server"), "{log}");
}
