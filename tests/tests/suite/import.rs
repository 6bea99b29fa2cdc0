//! Files in and out beside a running server, through its control socket, and without one.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use atalaya_tests::{
    City, DOWNTOWN, Tile, atalaya_at_a_terminal, atalaya_killed_when, collection, eventually,
    incident, point, recorded, skipped, tile_at,
};
use serde_json::{Value, json};

const LON: f64 = DOWNTOWN.0;
const LAT: f64 = DOWNTOWN.1;

fn written(city: &City, name: &str, text: &str) -> String {
    let file = city.scratch().join(name);
    fs::write(&file, text).expect("written");
    file.to_str().expect("a plain name").to_owned()
}

async fn found(city: &City, layer: &str) -> usize {
    let path = format!("/near?lon={LON}&lat={LAT}&layer={layer}&limit=100");
    let answer = city.operator().json(&path).await;
    answer["features"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn the_control_socket_is_private_and_goes_with_the_server() {
    let mut city = City::start().await;
    let socket = city.data().join("control.sock");
    let mode = fs::metadata(&socket)
        .expect("a socket")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    city.restart().await;
    assert!(socket.exists(), "one that a killed server left is replaced");
    city.stop();
    assert!(!socket.exists());
}

#[tokio::test]
async fn csv_is_imported_beside_the_server_and_without_it() {
    let mut city = City::start().await;
    let text =
        format!("no,what,x,y\nA1,Fire,{LON},{LAT}\nA2,Crash,{LON},{LAT}\nA3,Crash,{LAT},{LON}\n");
    let path = written(&city, "calls.csv", &text);
    let import = [
        "import",
        "incidents",
        &path,
        "--map",
        "type=what",
        "lon=x",
        "lat=y",
        "--id",
        "no",
    ];
    let ran = city.command(&import);
    assert!(
        ran.stderr.contains("2 new, 0 known already, 1 rejected"),
        "{}",
        ran.stderr
    );
    assert_eq!(found(&city, "incidents").await, 2);
    let rejects = fs::read_to_string(format!("{path}.rejects.jsonl")).expect("rejects");
    let reject: Value = serde_json::from_str(rejects.trim_end()).expect("one line");
    assert_eq!(
        (&reject["index"], &reject["pointer"]),
        (&json!(2), &json!("/geometry"))
    );
    city.stop();
    let ran = city.command(&import);
    assert!(
        ran.stderr.contains("0 new, 2 known already, 1 rejected"),
        "{}",
        ran.stderr
    );
    for format in ["csv", "geojson"] {
        let ran = city.command(&["export", "incidents", "--format", format]);
        assert!(
            ran.ok().contains("A2") && !ran.ok().contains("A3"),
            "{}",
            ran.stdout
        );
    }
}

#[tokio::test]
async fn state_plane_feet_come_out_within_a_metre() {
    let city = City::start().await;
    // Control points by GDAL: Arizona Central in international feet, California III in US survey feet.
    for (code, at, (lon, lat)) in [
        (
            "EPSG:2223",
            "993000,445000",
            (-110.969_213_414, 32.219_839_320),
        ),
        (
            "EPSG:2227",
            "6050000,2110000",
            (-122.270_480_213, 37.776_381_302),
        ),
    ] {
        let name = code.replace(':', "");
        let path = written(
            &city,
            &format!("{name}.csv"),
            &format!("id,lon,lat\n{name},{at}\n"),
        );
        city.command(&["import", "sites", &path, "--crs", code])
            .ok();
        let near = format!("/near?lon={lon}&lat={lat}&layer=sites&limit=1");
        let found = city.operator().json(&near).await["features"][0].clone();
        assert_eq!(found["id"], name, "{found}");
        let apart = &found["properties"]["distance_m"];
        let apart = apart.as_f64().or(found["distance_m"].as_f64());
        assert!(apart.is_some_and(|metres| metres < 1.0), "{found}");
    }
}

#[tokio::test]
async fn what_is_not_there_exits_2_and_says_what_is() {
    let city = City::start().await;
    let path = written(&city, "calls.csv", "id,lon,lat\n");
    for (wrong, said) in [
        (&["import", "nonesuch", &path][..], "cameras"),
        (&["import", "incidents", "nonesuch.csv"], "nonesuch.csv"),
        (&["import", "incidents", &path, "--crs", "EPSG:1"], "EPSG:1"),
        (
            &["import", "incidents", &path, "--map", "type=nonesuch"],
            "id, lon, lat",
        ),
        (
            &["import", "incidents", &path, "--map", "nonesuch=id"],
            "priority",
        ),
        (&["import", "basemap:nonesuch", &path], "basemap:roads"),
        (&["export", "nonesuch"], "cameras"),
        (&["replay", "nonesuch.jsonl"], "nonesuch.jsonl"),
    ] {
        let ran = city.command(wrong);
        assert_eq!(ran.code, 2, "{wrong:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(said), "{wrong:?}: {}", ran.stderr);
    }
    let ran = city.command(&["export", "incidents", "--at", "2020-01-01T00:00:00Z"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
}

#[tokio::test]
async fn a_basemap_is_shown_as_soon_as_it_is_imported() {
    let city = City::start().await;
    let (x, y) = tile_at(LON, LAT, 14);
    let tile = format!("/tiles/basemap/14/{x}/{y}");
    city.operator().get(&tile).await.expect(204);
    let street = json!({ "type": "Feature",
        "geometry": { "type": "LineString", "coordinates": [[LON - 0.01, LAT], [LON + 0.01, LAT]] },
        "properties": { "ROADCAT_DS": "Major local road", "COT_SPEED": 40, "STREET": "E CONGRESS ST" } });
    let path = written(&city, "streets.geojson", &collection(&[street]).to_string());
    let ran = city.command(&["import", "basemap:roads", &path]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("1 feature in basemap:roads\n"),
        "{}",
        ran.stderr
    );
    let again = city.command(&["import", "basemap:roads", &path]);
    assert!(
        again
            .stderr
            .contains("1 feature in basemap:roads, in place of 1\n"),
        "what went is said: {}",
        again.stderr
    );
    let shown = city.operator().get(&tile).await.expect(200);
    assert!(String::from_utf8_lossy(&shown.body).contains("E Congress St"));
    let described = city.operator().json("/tiles/basemap").await;
    assert_eq!(described["maxzoom"], 16, "{described}");
    for (z, status) in [(16, 200), (17, 204), (18, 204), (22, 204)] {
        let (x, y) = tile_at(LON, LAT, z);
        let path = format!("/tiles/basemap/{z}/{x}/{y}");
        city.operator().get(&path).await.expect(status);
    }
    // What cannot be drawn as streets leaves those that there are.
    let path = written(
        &city,
        "points.geojson",
        &collection(&[incident("a", LON, LAT)]).to_string(),
    );
    let ran = city.command(&["import", "basemap:roads", &path]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("none of its features (1) is a line"),
        "{}",
        ran.stderr
    );
    let still = city.operator().get(&tile).await.expect(200);
    assert_eq!(still.body, shown.body);
    assert!(Path::new(&city.data().join("basemap/roads.geojson")).exists());
}

#[tokio::test]
async fn geojson_is_read_by_usual_names_and_it_is_said_what_became_what() {
    let city = City::start().await;
    let rack = json!({ "type": "Feature", "properties": { "cam_id": "C-6", "label": "Sixth rack" },
        "geometry": { "type": "Point", "coordinates": [LON, LAT] } });
    let path = written(&city, "mine.geojson", &collection(&[rack]).to_string());
    let ran = city.command(&["import", "cameras", &path]);
    for said in [
        "properties: --map name=label\n",
        "ids: made of the file's name and position; --id COLUMN names another\n",
        "not imported, since no field is for them: cam_id\n",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    let ran = city.command(&["import", "cameras", &path, "--id", "cam_id"]);
    let said = "properties: --map name=label --id cam_id\n";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(!ran.stderr.contains("ids: "), "{}", ran.stderr);
    let near = format!("/near?lon={LON}&lat={LAT}&layer=cameras");
    let found = city.operator().json(&near).await;
    let mut ids: Vec<&str> = Vec::new();
    for camera in found["features"].as_array().expect("features") {
        assert_eq!(camera["properties"]["name"], "Sixth rack", "{camera}");
        ids.extend(camera["id"].as_str());
    }
    ids.sort_unstable();
    assert_eq!(ids, ["C-6", "mine.geojson#0"]);
}

#[tokio::test]
async fn the_real_streets_are_drawn_with_their_names() {
    let city = City::start().await;
    for file in [
        "tucson/streets_major_streets_and_routes.geojson",
        "tucson/streets_speed_limits_centerlines.geojson",
    ] {
        let Some(streets) = recorded(file) else {
            continue;
        };
        let ran = city.command(&[
            "import",
            "basemap:roads",
            streets.to_str().expect("a plain name"),
        ]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("the running server shows them now"),
            "{}",
            ran.stderr
        );
        for (zoom, most) in [(12, 500_000), (14, 200_000)] {
            let (x, y) = tile_at(LON, LAT, zoom);
            let reply = city
                .operator()
                .get(&format!("/tiles/basemap/{zoom}/{x}/{y}"))
                .await
                .expect(200);
            assert!(
                reply.body.len() < most,
                "{file} at z{zoom}: {} bytes",
                reply.body.len()
            );
            let tile = Tile::decode(&reply.body);
            let roads = tile.layer("roads");
            let kinds = ["highway", "major_road", "medium_road", "minor_road"];
            let known = |road: &&atalaya_tests::TileFeature| {
                road.text("kind").is_some_and(|kind| kinds.contains(&kind))
            };
            assert!(!roads.is_empty(), "{file} at z{zoom}");
            assert_eq!(
                roads.iter().filter(known).count(),
                roads.len(),
                "{file} at z{zoom}"
            );
            let named: Vec<&str> = roads.iter().filter_map(|road| road.text("name")).collect();
            assert!(
                named
                    .iter()
                    .any(|name| name.contains("Congress") || name.contains("Broadway")),
                "{file} at z{zoom}: {named:?}"
            );
        }
        let rejects = streets.with_file_name(format!(
            "{}.rejects.jsonl",
            streets.file_name().expect("a name").display()
        ));
        assert!(!rejects.exists(), "nothing was refused: {}", ran.stderr);
    }
}

#[tokio::test]
async fn a_bar_is_drawn_at_a_terminal_and_nowhere_else() {
    let mut city = City::start().await;
    city.stop();
    let features = (0..3_000).map(|at| incident(&format!("i{at}"), LON, LAT));
    let path = written(
        &city,
        "many.geojson",
        &collection(&features.collect::<Vec<_>>()).to_string(),
    );
    let data = city.data();
    let import = [
        "import",
        "incidents",
        &path,
        "--data",
        data.to_str().expect("a plain name"),
    ];
    let Some(drawn) = atalaya_at_a_terminal(&import) else {
        return skipped("there is no script");
    };
    let drawn = drawn.ok().to_owned();
    for said in [" records, ", "kB stored, ", "B/s", "3000 new"] {
        assert!(drawn.contains(said), "{said}: {drawn}");
    }
    let piped = city.command(&["import", "incidents", &path]);
    assert!(
        piped.stderr.contains("3000 known already") && !piped.stderr.contains("stored"),
        "{}",
        piped.stderr
    );
}

/// The features of an exported layer, by id, without what the moment of import alone says.
fn exported(city: &City, layer: &str) -> BTreeMap<String, (Value, Value)> {
    let text = city.command(&["export", layer, "--format", "geojson"]);
    let whole: Value = serde_json::from_str(text.ok()).expect("GeoJSON");
    let features = whole["features"].as_array().expect("features");
    let by_id = features.iter().map(|feature| {
        let id = feature["id"].as_str().expect("an id").to_owned();
        (
            id,
            (feature["geometry"].clone(), feature["properties"].clone()),
        )
    });
    by_id.collect()
}

#[tokio::test]
async fn a_flat_geobuf_brings_back_what_was_exported() {
    let (from, into) = (City::start().await, City::start().await);
    let camera = |id: &str, east: f64| {
        let said = json!({ "name": format!("Congress \"{id}\""), "heading_deg": 12.5, "fov_deg": 60,
            "camera_kind": "ptz", "owner_kind": "city", "status": "up" });
        point(id, LON + east, LAT, &said)
    };
    from.post(
        "cameras",
        &collection(&[camera("a", 0.0), camera("7", 0.001), camera("ñ/c", 0.002)]),
    )
    .await;
    let ring = json!([[
        [LON, LAT],
        [LON + 0.01, LAT],
        [LON + 0.01, LAT + 0.01],
        [LON, LAT]
    ]]);
    let school = json!({ "type": "Feature", "id": "s", "properties": { "name": "Mansfeld" },
        "geometry": { "type": "Polygon", "coordinates": ring } });
    from.post(
        "sites",
        &collection(&[school, point("p", LON, LAT, &json!({ "name": "Depot" }))]),
    )
    .await;
    for (layer, count) in [("cameras", 3), ("sites", 2)] {
        let file = from.scratch().join(format!("{layer}.fgb"));
        let path = file.to_str().expect("a plain name");
        from.command(&["export", layer, "--out", path]).ok();
        let ran = into.command(&["import", layer, path]);
        let said = format!("{count} new, 0 known already, 0 rejected");
        assert!(ran.stderr.contains(&said), "{}", ran.stderr);
        let (sent, got) = (exported(&from, layer), exported(&into, layer));
        assert_eq!((sent.len(), &got), (count, &sent), "{layer}");
        let again = into.command(&["import", layer, path]);
        let said = format!("0 new, {count} known already");
        assert!(again.stderr.contains(&said), "{}", again.stderr);
    }
}

#[tokio::test]
async fn an_import_that_was_killed_goes_on_without_duplicates() {
    const RECORDS: usize = 40_000;
    let mut city = City::start().await;
    city.stop();
    let rows = (0..RECORDS).map(|at| format!("k{at},Call,{LON},{LAT}\n"));
    let text = format!("id,type,lon,lat\n{}", rows.collect::<String>());
    let path = written(&city, "calls.csv", &text);
    let data = city.data();
    let place = data.to_str().expect("a plain name");
    let under_way = || {
        let ledgers = fs::read_dir(data.join("imports")).into_iter().flatten();
        ledgers.flatten().any(|entry| {
            let name = entry.file_name();
            name.to_string_lossy().ends_with(".json")
        })
    };
    let import = ["import", "incidents", &path];
    atalaya_killed_when(&[&import[..], &["--data", place]].concat(), under_way).await;
    let ran = city.command(&import);
    let said = ran.stderr.lines().find(|line| line.contains(" new, "));
    let numbers: Vec<usize> = said
        .expect("what became of them")
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    let [new, known, rejected, before] = numbers[..] else {
        panic!("nothing was done before: {}", ran.stderr);
    };
    assert_eq!((new + known + before, rejected), (RECORDS, 0), "{said:?}");
    assert!(before >= 1_000 && new > 0, "{said:?}");
    assert!(
        known <= 1_000,
        "at most the batch that was under way: {said:?}"
    );
    assert_eq!(exported(&city, "incidents").len(), RECORDS);
}

#[tokio::test]
async fn a_recording_is_replayed_as_if_live() {
    let city = City::start().await;
    let at = |id: &str, time: &str| {
        let mut feature = incident(id, LON, LAT);
        feature["observed_at"] = time.into();
        feature.to_string()
    };
    let text = [
        at("r1", "2020-01-01T00:00:00Z"),
        at("r2", "2020-01-01T00:05:00Z"),
    ]
    .join("\n");
    let path = written(&city, "night.geojsonl", &text);
    let ran = city.command(&["replay", &path, "--layer", "incidents", "--speed", "1000"]);
    assert!(ran.stderr.contains("2 told, 0 rejected"), "{}", ran.stderr);
    eventually("both are there", async || {
        (found(&city, "incidents").await == 2).then_some(())
    })
    .await;
}
