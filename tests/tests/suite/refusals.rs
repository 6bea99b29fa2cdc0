//! What the command line refuses, and the words in which it does: each says what was given and what would do.

use std::fs;

use atalaya_tests::{City, DOWNTOWN, atalaya, incident};

/// A command, the code it ends with, and what stands on stderr.
type Case = (&'static [&'static str], i32, &'static [&'static str]);

/// Refused before a store is looked for.
const CASES: &[Case] = &[
    (&["nonesuch"], 2, &["'nonesuch'", "--help"]),
    (&["key"], 2, &["create", "revoke"]),
    (
        &["key", "create"],
        2,
        &["--feed NAME", "incidents", "--role ROLE", "analyst"],
    ),
    (
        &["key", "create", "--feed", "nonesuch"],
        2,
        &["\"nonesuch\"", "incidents"],
    ),
    (
        &["key", "create", "--role", "boss"],
        2,
        &["\"boss\"", "operator"],
    ),
    (
        &["key", "create", "--role", "wall", "--clearance", "top"],
        2,
        &["\"top\"", "cji, medical"],
    ),
    (
        &["key", "create", "--role", "wall", "--expires", "tomorrow"],
        2,
        &["'tomorrow'", "RFC 3339", "2026-03-01T12:00:00Z"],
    ),
    (
        &["key", "create", "--role", "wall"],
        2,
        &["no store in", "--data"],
    ),
    (&["link", "--role", "boss"], 2, &["\"boss\"", "operator"]),
    (
        &["link", "--layers", "nonesuch"],
        2,
        &["\"nonesuch\"", "cameras"],
    ),
    (&["session", "list"], 2, &["no store in", "--data"]),
    (
        &["export", "nonesuch"],
        2,
        &["\"nonesuch\"", "cameras, incidents"],
    ),
    (
        &["export", "coverage"],
        2,
        &["coverage is computed from others", "cameras"],
    ),
    (
        &["export", "cameras", "--at", "yesterday"],
        2,
        &["'yesterday'", "RFC 3339", "2026-03-01T12:00:00Z"],
    ),
    (
        &["export", "cameras", "--format", "kml"],
        2,
        &["'kml'", "geojson, csv, fgb"],
    ),
    (&["export", "cameras"], 2, &["no store in", "--data"]),
    (
        &["decode", "nonesuch", "FILE"],
        2,
        &[
            "\"nonesuch\"",
            "geojson, csv, alpr-rekor",
            "osm-surveillance",
        ],
    ),
    (
        &["decode", "geojson", "FILE", "--layer", "nonesuch"],
        2,
        &["\"nonesuch\"", "cameras, incidents"],
    ),
    (
        &["decode", "geojson", "FILE", "--layer", "coverage"],
        2,
        &["coverage is computed from others"],
    ),
    (
        &["decode", "geojson", "nonesuch.json"],
        2,
        &["nonesuch.json", "No such file"],
    ),
    (
        &["decode", "wzdx", "FILE"],
        2,
        &["list.csv", "this is no JSON object"],
    ),
    (
        &["import", "nonesuch", "FILE"],
        2,
        &["\"nonesuch\"", "cameras, incidents"],
    ),
    (
        &["import", "cameras", "nonesuch.csv"],
        2,
        &["nonesuch.csv", "No such file"],
    ),
    (&["import", "cameras", "list.xlsx"], 2, &["list.xlsx"]),
    (
        &["import", "cameras", "FILE", "--crs", "feet"],
        2,
        &["\"feet\"", "EPSG:2223"],
    ),
    (
        &["import", "cameras", "FILE", "--map", "title"],
        2,
        &["title", "field=column"],
    ),
    (
        &["import", "cameras", "FILE", "--map", "colour=descr"],
        2,
        &["\"colour\"", "heading_deg"],
    ),
    (
        &["import", "cameras", "FILE", "--id", "key"],
        2,
        &["\"key\"", "lat, lon, descr"],
    ),
    (
        &["import", "cameras", "FILE"],
        2,
        &["lat, lon, descr", "--map name=descr", "heading_deg"],
    ),
    (
        &["import", "basemap:rivers", "FILE"],
        2,
        &["basemap:rivers", "basemap:roads"],
    ),
    (
        &["replay", "nonesuch.jsonl"],
        2,
        &["nonesuch.jsonl", "No such file"],
    ),
    (
        &["replay", "FILE", "--speed", "5000"],
        2,
        &["5000", "1 to 1000"],
    ),
    (&["backup", "FILE"], 1, &["there already", "--force"]),
    (
        &["backup", "nonesuch/new.db"],
        2,
        &["no directory nonesuch"],
    ),
    (
        &["import", "cameras", "ARRAY"],
        2,
        &["FeatureCollection", "other JSON"],
    ),
    (&["import", "cameras", "EMPTY"], 2, &["no first row"]),
    (
        &["decode", "csv", "FILE"],
        2,
        &["no column \"id\"; there are lat, lon, descr"],
    ),
    (&["backup", "new.db"], 2, &["no store in", "--data"]),
    (
        &["restore", "nonesuch.db"],
        2,
        &["nonesuch.db", "No such file"],
    ),
    (
        &["restore", "FILE"],
        2,
        &["list.csv is no backup of atalaya"],
    ),
    (
        &["serve", "--listen", "8080"],
        2,
        &["'8080'", "ADDRESS:PORT", "127.0.0.1:8080"],
    ),
    (&["demo", "--speed", "600"], 2, &["600", "1 to 60"]),
    (
        &["demo", "--data", "somewhere"],
        2,
        &["throw-away", "serve"],
    ),
    (
        &["check", "--config", "nonesuch.toml"],
        2,
        &["nonesuch.toml", "No such file"],
    ),
];

#[test]
fn every_refusal_of_a_command_names_the_value_and_what_would_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("list.csv");
    fs::write(&file, "lat,lon,descr\n32.2,-110.9,Congress\n").expect("written");
    let (array, empty) = (
        folder.path().join("array.json"),
        folder.path().join("empty.csv"),
    );
    fs::write(&array, "[]").expect("written");
    fs::write(&empty, "").expect("written");
    let mut wrong = Vec::new();
    for (arguments, code, said) in CASES {
        let arguments = arguments.iter().map(|argument| match *argument {
            "FILE" => file.to_string_lossy().into_owned(),
            "ARRAY" => array.to_string_lossy().into_owned(),
            "EMPTY" => empty.to_string_lossy().into_owned(),
            other => other.to_owned(),
        });
        let mut arguments: Vec<String> = arguments.collect();
        if !arguments.iter().any(|argument| argument == "--data") {
            let data = folder.path().join("data").to_string_lossy().into_owned();
            arguments.extend(["--data".to_owned(), data]);
        }
        if arguments.first().is_some_and(|command| command == "demo")
            && !arguments.contains(&"somewhere".to_owned())
        {
            arguments.truncate(arguments.len() - 2);
        }
        let ran = atalaya(&arguments);
        let missing: Vec<_> = said
            .iter()
            .filter(|part| !ran.stderr.contains(**part))
            .collect();
        if ran.code != *code || !missing.is_empty() || !ran.stdout.is_empty() {
            wrong.push(format!(
                "{arguments:?}: wanted {code} and {missing:?}, got {} and {}{}",
                ran.code, ran.stdout, ran.stderr
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        !folder.path().join("data").exists(),
        "nothing is made by what is refused"
    );
}

#[test]
fn every_command_says_what_it_is_for_and_what_its_options_mean() {
    for command in [
        &["serve"][..],
        &["demo"],
        &["link"],
        &["key", "create"],
        &["key", "list"],
        &["key", "revoke"],
        &["session", "list"],
        &["session", "revoke"],
        &["import"],
        &["export"],
        &["replay"],
        &["decode"],
        &["check"],
        &["backup"],
        &["restore"],
    ] {
        let ran = atalaya([command, &["--help"]].concat());
        let help = ran.ok();
        let bare = help.lines().filter(|line| {
            let line = line.trim();
            // An option or an argument with nothing behind it, or under it.
            (line.starts_with("--") || line.starts_with('<')) && !line.contains("  ")
        });
        let bare: Vec<&str> = bare.collect();
        let explained = bare.iter().all(|line| {
            let after = help.split(*line).nth(1).unwrap_or_default();
            after
                .lines()
                .nth(1)
                .is_some_and(|next| next.starts_with("          "))
        });
        assert!(explained, "{command:?}: {bare:?}");
        assert!(
            help.contains("The configuration file"),
            "{command:?}: {help}"
        );
    }
}

#[tokio::test]
async fn csv_rejects_name_the_line_and_the_column_and_the_map_is_said() {
    let city = City::start().await;
    let file = city.scratch().join("cameras.csv");
    let text = "Camera Name,Latitude,Longitude,heading\n\
                Congress,32.2217,-110.9716,90\n\
                Stone,32.2217,,0\n\
                Broadway,32.2207,-110.9616,north\n\
                Sixth,32.2207\n";
    fs::write(&file, text).expect("written");
    let path = file.to_str().expect("a plain name");
    let ran = city.command(&["import", "cameras", path]);
    for said in [
        "--map heading_deg=heading lat=Latitude lon=Longitude 'name=Camera Name'",
        "line 3, column Longitude: no coordinate",
        "line 4, column heading: ",
        "line 5: 2 columns where the header has 4",
        "1 new, 0 known already, 3 rejected",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    fs::write(&file, "Camera Name,Latitude,Longitude\nStone,32.2217,\n").expect("written");
    let ran = city.command(&["import", "cameras", path]);
    assert_eq!(ran.code, 1, "nothing was taken: {}", ran.stderr);
    assert!(ran.stderr.contains("nothing of"), "{}", ran.stderr);
    let near = format!("/near?lon={}&lat={}&layer=cameras", DOWNTOWN.0, DOWNTOWN.1);
    let found = city.operator().json(&near).await;
    assert_eq!(
        found["features"][0]["properties"]["name"], "Congress",
        "{found}"
    );
    assert_eq!(
        found["features"][0]["properties"]["heading_deg"], 90.0,
        "{found}"
    );
}

#[test]
fn decode_reads_any_layer_and_any_feed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cameras.geojson");
    let camera = serde_json::json!({ "type": "Feature", "id": "c1", "properties": { "name": "Congress" },
        "geometry": { "type": "Point", "coordinates": [DOWNTOWN.0, DOWNTOWN.1] } });
    fs::write(&file, camera.to_string()).expect("written");
    let path = file.to_str().expect("a plain name");
    let config = folder.path().join("atalaya.toml");
    fs::write(
        &config,
        "[[feeds]]\nname = \"poles\"\nadaptor = \"geojson\"\nlayer = \"cameras\"\n",
    )
    .expect("written");
    let config = config.to_str().expect("a plain name");
    for arguments in [
        &["decode", "geojson", path, "--layer", "cameras"][..],
        &["decode", "cameras", path],
        &["decode", "poles", path, "--config", config],
        &["decode", "incidents", path, "--layer", "cameras"],
    ] {
        let ran = atalaya(arguments);
        let event: serde_json::Value = serde_json::from_str(ran.ok()).expect("one event");
        assert_eq!(event["properties"]["name"], "Congress", "{arguments:?}");
        assert!(
            ran.stderr.contains("1 event of layer cameras, 0 rejects"),
            "{}",
            ran.stderr
        );
    }
    let ran = atalaya(["decode", "geojson", path]);
    let said = "since layer incidents has no place for them: name (--layer names another layer)";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}

#[tokio::test]
async fn a_backup_replaces_no_file_unless_it_is_told_to() {
    let city = City::start().await;
    city.post("incidents", &incident("a", DOWNTOWN.0, DOWNTOWN.1))
        .await;
    let file = city.scratch().join("backup.db");
    let path = file.to_str().expect("a plain name");
    fs::write(&file, "mine").expect("written");
    let refused = city.command(&["backup", path]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("--force") && refused.stderr.contains("backup.db"));
    assert_eq!(fs::read_to_string(&file).expect("still there"), "mine");
    let made = city.command(&["backup", path, "--force"]);
    assert!(
        made.stderr.contains("no basemap was imported"),
        "{}",
        made.stderr
    );
    assert!(fs::metadata(&file).expect("a file").len() > 4_096);
    let beside = fs::read_dir(city.scratch()).expect("a folder").flatten();
    let left: Vec<_> = beside
        .map(|file| file.file_name())
        .filter(|name| name.to_string_lossy().starts_with("backup.db."))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_what_it_is() {
    let city = City::start().await;
    let refused = city.anybody().get("/catalog").await.expect_problem(401);
    let kind = refused.json()["type"].as_str().expect("a type").to_owned();
    let row = city.anybody().get(&kind).await.expect(200);
    assert_eq!(row.header("content-type"), "application/json");
    for member in ["type", "title", "status", "detail"] {
        assert_eq!(row.json()[member], refused.json()[member], "{member}");
    }
    let strange = city.anybody().get("/problems/zzq").await;
    let strange = strange.expect_problem(404).text();
    assert!(strange.contains("/problems/no-such-path"), "{strange}");
    assert!(!strange.contains("zzq"), "{strange}");
}

#[tokio::test]
async fn layers_named_in_one_request_are_bounded_on_every_route() {
    let city = City::start().await;
    let operator = city.operator();
    let names = |count: usize| vec!["cameras"; count].join(",");
    let (most, more) = (names(64), names(65));
    operator.get(&format!("/tiles/{most}")).await.expect(200);
    operator
        .get(&format!("/tiles/{most}/0/0/0"))
        .await
        .expect(204);
    for path in [
        format!("/tiles/{more}"),
        format!("/tiles/{more}/0/0/0"),
        format!("/cells?layers={more}"),
        format!("/timeline?layers={more}"),
        format!("/live?layers={more}&bbox=0,0,1,1"),
        format!("/past?layers={more}&bbox=0,0,1,1&at=2026-01-01T00:00:00Z"),
    ] {
        let refused = operator.get(&path).await.expect_problem(400).text();
        assert!(
            refused.contains("1 to 64 names joined by commas"),
            "{path}: {refused}"
        );
    }
}
