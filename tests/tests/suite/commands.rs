//! The command line: what each command prints, and with which code it ends.

mod amiss;

use std::fs;
use std::process::Command;

use atalaya_tests::{City, DOWNTOWN, atalaya, collection, incident, tile_at};
use serde_json::Value;

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;

fn near() -> String {
    format!("/near?lon={LON}&lat={LAT}&layer=incidents&limit=100")
}

async fn ids(city: &City) -> Vec<String> {
    let answer = city.operator().json(&near()).await;
    let features = answer["features"]
        .as_array()
        .expect("a FeatureCollection")
        .iter();
    let mut ids: Vec<String> = features
        .filter_map(|it| it["id"].as_str().map(str::to_owned))
        .collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn a_key_is_printed_alone_and_unknown_names_exit_2() {
    let city = City::start().await;
    let made = city.command(&["key", "create", "--feed", "incidents"]);
    assert_eq!(made.ok().lines().count(), 1, "{}", made.stdout);
    assert!(!made.ok().contains(' '), "{}", made.stdout);
    for wrong in [
        &["key", "create", "--feed", "nonesuch"][..],
        &["key", "create", "--role", "nonesuch"],
        &[
            "key",
            "create",
            "--role",
            "analyst",
            "--clearance",
            "nonesuch",
        ],
        &["key", "create"],
        &["key", "create", "--feed", "incidents", "--layers", "units"],
        &["key", "create", "--role", "analyst", "--layers", "nonesuch"],
        &["key", "revoke", "nonesuch"],
        &["session", "revoke", "nonesuch"],
        &["nonesuch"],
        &["link", "--role", "nonesuch"],
    ] {
        let ran = city.command(wrong);
        assert_eq!(ran.code, 2, "{wrong:?}: {}{}", ran.stdout, ran.stderr);
        assert!(
            ran.stdout.is_empty() && !ran.stderr.is_empty(),
            "{wrong:?} says why on stderr"
        );
    }
}

#[tokio::test]
async fn what_is_bound_to_layers_opens_no_other() {
    let city = City::start().await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    let bound = ["--layers", "cameras,sites"];
    let link = [&["link", "--role", "wall"], &bound[..]].concat();
    let printed = city.command(&link).ok().to_owned();
    let (_, token) = printed.split_once("/sign-in#").expect("a link");
    let opened = city
        .anybody()
        .post("/sign-in", &serde_json::json!({ "token": token }))
        .await
        .expect(204);
    let (cookie, _) = opened.header("set-cookie").split_once(';').expect("flags");
    let key = [&["key", "create", "--role", "operator"], &bound[..]].concat();
    let program = city.bearer(city.command(&key).ok());
    for visitor in [city.anybody().with_cookie(cookie), program.clone()] {
        visitor.get("/tiles/cameras").await.expect(200);
        visitor.get("/tiles/incidents").await.expect(404);
        visitor.get(&near()).await.expect(404);
        let catalog = visitor.get("/catalog").await.expect(200).text();
        assert!(!catalog.contains("\"incidents\""), "{catalog}");
        let found = visitor.get("/search?q=incident").await.expect(200);
        assert_eq!(found.json()["features"], serde_json::json!([]));
    }
    let body = incident("b", LON, LAT);
    program.post("/feeds/incidents", &body).await.expect(403);
    program.post("/feeds/cameras", &body).await.expect(200);
    let wrong = city.command(&["link", "--layers", "cameras,nonesuch"]);
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
    assert!(
        wrong.stderr.contains("nonesuch") && wrong.stderr.contains("incidents"),
        "it names the layer and those there are: {}",
        wrong.stderr
    );
}

#[tokio::test]
async fn what_is_revoked_opens_nothing_and_lists_show_no_secret() {
    let mut city = City::start().await;
    let make = |city: &City, name: &str| {
        let role = ["key", "create", "--role", "operator", "--name", name];
        city.command(&role).ok().to_owned()
    };
    let (here, away) = (make(&city, "here"), make(&city, "away"));
    let listed = city.command(&["key", "list"]).ok().to_owned();
    for token in [&here, &away] {
        let (public, secret) = token.rsplit_once('_').expect("two parts");
        assert!(listed.contains(public) && !listed.contains(secret));
    }
    city.bearer(&here).get("/catalog").await.expect(200);
    let revoked = city.command(&["key", "revoke", "here"]);
    assert!(revoked.ok().is_empty() && revoked.stderr.contains("\"here\""));
    // Beside the server it holds at once.
    city.bearer(&here).get("/catalog").await.expect(401);
    assert_eq!(city.command(&["key", "revoke", "here"]).code, 2);

    city.stop();
    city.command(&["key", "revoke", "away"]).ok();
    let left = city.command(&["key", "list", "--json"]).ok().to_owned();
    assert!(
        !left.contains("\"here\"") && !left.contains("\"away\""),
        "{left}"
    );
    let all = city.command(&["key", "list", "--all"]).ok().to_owned();
    assert!(all.contains(" away ") && all.contains("revoked"), "{all}");
    city.restart().await;
    city.bearer(&away).get("/catalog").await.expect(401);
}

#[tokio::test]
async fn two_people_at_once_get_keys_and_links_with_and_without_a_server() {
    let mut city = City::start().await;
    let mut tokens = Vec::new();
    for served in [true, false] {
        if !served {
            city.stop();
        }
        let city = &city;
        let made: Vec<[String; 2]> = std::thread::scope(|scope| {
            let people: Vec<_> = (0..2)
                .map(|_| scope.spawn(|| [city.role_key("operator", &[]), city.link_token("wall")]))
                .collect();
            let made = people.into_iter().map(|it| it.join().expect("no panic"));
            made.collect()
        });
        tokens.extend(made);
    }
    city.restart().await;
    for [key, link] in tokens {
        city.bearer(&key).get(&near()).await.expect(200);
        city.anybody()
            .post("/sign-in", &serde_json::json!({ "token": link }))
            .await
            .expect(204);
    }
}

#[tokio::test]
async fn a_key_ends_when_it_was_told_to() {
    let city = City::start().await;
    let spent = [
        "key",
        "create",
        "--role",
        "operator",
        "--expires",
        "2020-01-01T00:00:00Z",
    ];
    let spent = city.command(&spent);
    assert_eq!(spent.code, 2, "{}", spent.stderr);
    assert!(
        spent
            .stderr
            .contains("--expires 2020-01-01T00:00:00Z is past"),
        "{}",
        spent.stderr
    );
    let held = city.command(&[
        "key",
        "create",
        "--role",
        "operator",
        "--expires",
        "2999-01-01T00:00:00Z",
    ]);
    city.bearer(held.ok()).get("/catalog").await.expect(200);
}

#[test]
fn decode_prints_events_and_rejects() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("incidents.geojson");
    let body = collection(&[
        incident("a", LON, LAT),
        incident("b", 999.0, LAT),
        incident("c", LON, LAT),
    ]);
    fs::write(&file, body.to_string()).expect("written");
    let path = file.to_str().expect("a plain name");
    let ran = atalaya(["decode", "geojson", path]);
    let events: Vec<Value> = ran
        .ok()
        .lines()
        .map(|line| serde_json::from_str(line).expect("one JSON a line"))
        .collect();
    assert_eq!(events.len(), 2, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("999"),
        "the reject says why: {}",
        ran.stderr
    );
    assert_eq!(atalaya(["decode", "geojson", "/nonesuch"]).code, 2);
    assert_eq!(atalaya(["decode", "nonesuch", path]).code, 2);
}

#[tokio::test]
async fn an_import_is_idempotent() {
    let city = City::start().await;
    let file = city.scratch().join("import.geojson");
    let features =
        (0..50).map(|at| incident(&format!("i{at:02}"), LON + f64::from(at) * 1e-4, LAT));
    fs::write(&file, collection(&features.collect::<Vec<_>>()).to_string()).expect("written");
    let path = file.to_str().expect("a plain name");
    for round in 0..2 {
        let ran = city.command(&["import", "incidents", path]);
        assert_eq!(ran.code, 0, "round {round}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(ids(&city).await.len(), 50, "round {round}");
    }
}

#[tokio::test]
async fn an_export_gives_back_what_was_posted() {
    let city = City::start().await;
    let features = (0..50).map(|at| incident(&format!("i{at:02}"), LON, LAT));
    city.post("incidents", &collection(&features.collect::<Vec<_>>()))
        .await;
    let exported = city.command(&["export", "incidents"]);
    let exported: Value = serde_json::from_str(exported.ok()).expect("GeoJSON");
    assert_eq!(exported["features"].as_array().map(Vec::len), Some(50));
}

#[tokio::test]
async fn a_backup_restores_what_was_there_under_a_new_epoch() {
    let mut city = City::start().await;
    city.post("incidents", &incident("kept", LON, LAT)).await;
    let operator = city.operator();
    let before = operator.epoch().await;
    let streets = city.scratch().join("streets.geojson");
    let street = serde_json::json!({ "type": "Feature", "properties": { "kind": "major_road" },
        "geometry": { "type": "LineString", "coordinates": [[LON - 0.01, LAT], [LON + 0.01, LAT]] } });
    fs::write(&streets, collection(&[street]).to_string()).expect("written");
    let streets = streets.to_str().expect("a plain name");
    city.command(&["import", "basemap:roads", streets]).ok();
    let (x, y) = tile_at(LON, LAT, 14);
    let tile = format!("/tiles/basemap/14/{x}/{y}");
    let drawn = operator.get(&tile).await.expect(200);
    let file = city.scratch().join("backup.db");
    let path = file.to_str().expect("a plain name");
    let made = city.command(&["backup", path]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert!(
        made.stderr.contains("the basemap (roads)"),
        "{}",
        made.stderr
    );
    city.post("incidents", &incident("later", LON, LAT)).await;
    assert_eq!(ids(&city).await, ["kept", "later"]);

    city.stop();
    // A restore fills an empty store and never writes over another.
    assert_ne!(
        city.command(&["restore", path]).code,
        0,
        "the store is not empty"
    );
    fs::rename(city.data(), city.scratch().join("lost")).expect("renamed");
    let restored = city.command(&["restore", path]);
    assert_eq!(restored.code, 0, "{}{}", restored.stdout, restored.stderr);
    city.restart().await;
    assert_eq!(ids(&city).await, ["kept"]);
    let again = operator.get(&tile).await.expect(200);
    assert_eq!(again.body, drawn.body, "the streets are back");
    assert_ne!(
        operator.epoch().await,
        before,
        "clients hold the log of another epoch"
    );
}

#[tokio::test]
async fn check_prints_what_is_in_force_and_refuses_unknown_keys() {
    let city = City::with_config("[live]\ntick_ms = 125\n").await;
    let printed = city.command(&["check"]);
    assert!(
        printed.ok().contains("125") && printed.ok().contains("body_bytes"),
        "{}",
        printed.stdout
    );
    let file = city.scratch().join("wrong.toml");
    fs::write(&file, "[live]\ntick_sm = 125\n").expect("written");
    let wrong = atalaya(["check", "--config", file.to_str().expect("a plain name")]);
    assert_ne!(wrong.code, 0, "{}", wrong.stdout);
    assert!(
        wrong.stderr.contains("tick_sm"),
        "it names the key: {}",
        wrong.stderr
    );
}

#[tokio::test]
async fn commands_work_without_a_server_too() {
    let mut city = City::start().await;
    city.post("incidents", &incident("a", LON, LAT)).await;
    city.stop();
    let key = city.role_key("operator", &[]);
    let token = city.link_token("operator");
    city.restart().await;
    city.bearer(&key).get(&near()).await.expect(200);
    city.anybody()
        .post("/sign-in", &serde_json::json!({ "token": token }))
        .await
        .expect(204);
}

#[test]
fn the_version_names_the_commit_that_was_built() {
    let told = atalaya(["--version"]);
    let told = told.ok().strip_prefix("atalaya ").expect("its name");
    let (version, commit) = told.split_once(" (").expect("a version and a commit");
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    let commit = commit.strip_suffix(')').expect("a commit in brackets");
    let checkout = Command::new("git")
        .args(["-c", "safe.directory=*", "rev-parse", "HEAD"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    if checkout.is_ok_and(|git| git.status.success()) {
        assert_eq!(commit.len(), 40, "{commit}");
        assert!(commit.bytes().all(|it| it.is_ascii_hexdigit()), "{commit}");
    } else {
        assert_eq!(commit, "unknown");
    }
}
