use super::*;
use crate::config::Config;
use atalaya_tiles::{Catalog, LayerSpec};
use serde_json::json;
use std::process::Command;

fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn catalog() -> Catalog {
    Config::default().catalog().unwrap()
}

fn spec<'c>(catalog: &'c Catalog, name: &str) -> &'c LayerSpec {
    catalog.spec(catalog.layer(name).unwrap())
}

/// The features of a file as the incidents they become, bad records as their reasons.
fn features(path: &Path, pairs: &[&str], id: Option<&str>) -> Vec<Result<Json, String>> {
    let catalog = catalog();
    let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
    let mut mapping = Mapping::new(spec(&catalog, "incidents"), &pairs, id, path).unwrap();
    let positions = Positions {
        lon: mapping.column("lon"),
        lat: mapping.column("lat"),
    };
    let source = open(path, None, positions).unwrap();
    let mut found = Vec::new();
    for (index, record) in (0_u64..).zip(source.records) {
        found.push(match record {
            Ok(draft) => mapping.feature(index, draft, &source.crs),
            Err(Unread::Record(reason) | Unread::Rest(reason)) => Err(reason),
        });
    }
    found
}

const POINT: &str = r#"{"type":"Point","coordinates":[-110.9,32.2]}"#;

#[test]
fn geojson_keeps_its_ids_and_makes_stable_ones() {
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[
          {{"type":"Feature","id":7,"geometry":{POINT},"properties":{{"TYPE":"Fire"}}}},
          {{"type":"Feature","geometry":{POINT},"properties":{{"type":"Crash"}},"observed_at":"2026-01-01T00:00:00Z"}},
          {{"type":"Feature","id":9,"geometry":{POINT},"properties":null,"id":3}}]}}"#
    );
    let (_folder, path) = file("calls.geojson", &text);
    let found = features(&path, &[], None);
    let first = found[0].as_ref().unwrap();
    assert_eq!(
        (&first["id"], &first["properties"]["type"]),
        (&7.into(), &"Fire".into())
    );
    let second = found[1].as_ref().unwrap();
    assert_eq!(second["id"], "calls.geojson#1");
    assert_eq!(second["observed_at"], "2026-01-01T00:00:00Z");
    assert!(found[2].is_err(), "a member twice: {:?}", found[2]);
}

#[test]
fn sequences_come_by_line_and_by_record_separator() {
    let feature = format!(r#"{{"type":"Feature","id":"a","geometry":{POINT},"properties":{{}}}}"#);
    for text in [
        format!("{feature}\n{feature}\nnonsense\n{feature}"),
        format!("\u{1e}{feature}\n\u{1e}{feature}\n\u{1e}nonsense\n\u{1e}{feature}"),
    ] {
        let (_folder, path) = file("calls.geojsonl", &text);
        let found = features(&path, &[], None);
        let good: Vec<bool> = found.iter().map(Result::is_ok).collect();
        assert_eq!(good, [true, true, false, true]);
    }
}

#[test]
fn a_crs_member_is_honoured() {
    let feature = r#"{"type":"Feature","id":1,"geometry":{"type":"Point","coordinates":[993000,445000]},"properties":{}}"#;
    let crs = r#"{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::2223"}}"#;
    let text = format!(r#"{{"type":"FeatureCollection","crs":{crs},"features":[{feature}]}}"#);
    let (_folder, path) = file("calls.json", &text);
    let found = features(&path, &[], None);
    let lon = found[0].as_ref().unwrap()["geometry"]["coordinates"][0]
        .as_f64()
        .unwrap();
    assert!((lon + 110.969_213_4).abs() < 1e-6, "{lon}");
    let (_folder, path) = file("calls.json", &text.replace("2223", "99999"));
    let refused = open(&path, None, Positions::default())
        .err()
        .unwrap()
        .to_string();
    assert!(
        refused.contains("EPSG:99999") && refused.contains("--crs"),
        "{refused}"
    );
}

#[test]
fn csv_columns_are_mapped_and_typed() {
    let text = "Nature;Pri;Closed?;X_East;Y_North;Call No;When\n\
                Fire;2;x;-110,9;32.2;A1;2026-01-01T00:00:00Z\n\
                Crash;3;x;-110.9;32.2;A2;\n\
                Theft;;x;;;A3;2026-01-02T00:00:00Z\n";
    let (_folder, path) = file("calls.csv", text);
    let pairs = [
        "type=Nature",
        "priority=Pri",
        "lon=X_East",
        "lat=Y_North",
        "observed_at=When",
    ];
    let found = features(&path, &pairs, Some("Call No"));
    assert_eq!(
        found[0],
        Err("line 2, column X_East: \"-110,9\" is no coordinate".into())
    );
    let second = found[1].as_ref().unwrap();
    assert_eq!(second["id"], "A2");
    assert_eq!(
        second["properties"],
        serde_json::json!({ "priority": 3, "type": "Crash" })
    );
    assert_eq!(
        second["geometry"]["coordinates"],
        serde_json::json!([-110.9, 32.2])
    );
    assert!(second.get("observed_at").is_none());
    let third = found[2].as_ref().unwrap();
    assert_eq!(
        (&third["geometry"], &third["observed_at"]),
        (&Json::Null, &"2026-01-02T00:00:00Z".into())
    );
}

#[test]
fn a_mapping_of_what_is_not_there_is_refused() {
    let catalog = catalog();
    let incidents = spec(&catalog, "incidents");
    let path = Path::new("calls.csv");
    let refused = Mapping::new(incidents, &["colour=C".into()], None, path).unwrap_err();
    assert!(
        refused.contains("no field \"colour\"; there are") && refused.contains("priority"),
        "{refused}"
    );
    assert!(
        Mapping::new(incidents, &["colour".into()], None, path)
            .unwrap_err()
            .contains("field=column")
    );
    let (_folder, path) = file("calls.csv", "Nature,lon,lat\n");
    let mut mapping = Mapping::new(incidents, &["type=Nature".into()], Some("No"), &path).unwrap();
    let mut source = open(&path, None, Positions::default()).unwrap();
    let refused = mapping.settle(&path, &mut source).unwrap_err().to_string();
    assert!(
        refused.ends_with("there is no column \"No\"; there are Nature, lon, lat"),
        "{refused}"
    );
}

/// What is said where no column is of ids.
const MADE: &str = "ids: made of the file's name and position; --id COLUMN names another";

/// What is said of a file whose columns nobody mapped.
fn settled(layer: &str, name: &str, header: &str) -> Result<Vec<String>, String> {
    let (_folder, path) = file(name, header);
    let catalog = catalog();
    let mut mapping = Mapping::new(spec(&catalog, layer), &[], None, &path).unwrap();
    let mut source = open(&path, None, Positions::default()).unwrap();
    mapping
        .settle(&path, &mut source)
        .map_err(|bad| bad.to_string())?;
    Ok(mapping.said())
}

#[test]
fn properties_none_of_which_is_a_field_are_refused_and_none_at_all_are_not() {
    let feature = |properties: &str| {
        format!(r#"{{"type":"Feature","geometry":{POINT},"properties":{{{properties}}}}}"#)
    };
    let (strange, known) = (
        feature(r#""lamp":"LED","pole":3"#),
        feature(r#""NAME":"a""#),
    );
    let whole = format!(r#"{{"type":"FeatureCollection","features":[{strange}]}}"#);
    for (name, text) in [
        ("a.geojson", &whole),
        ("a.geojsonl", &format!("{strange}\n{strange}\n")),
    ] {
        let said = settled("cameras", name, text).unwrap_err();
        for part in [
            "no property is known",
            "there are lamp, pole",
            "--map name=lamp",
            "fov_deg",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("OpenStreetMap"), "{said}");
    }
    for text in [
        format!("{strange}\n{known}\n"),
        feature(""),
        feature(r#""withdrawn":true"#),
    ] {
        assert!(settled("cameras", "a.geojsonl", &text).is_ok(), "{text}");
    }
    let mapped = feature(r#""man_made":"surveillance","operator":"X""#);
    let said = settled("cameras", "a.geojson", &mapped).unwrap_err();
    assert!(said.contains("adaptor = \"osm-surveillance\""), "{said}");
    let (_folder, path) = file("a.geojson", &strange);
    let catalog = catalog();
    let pairs = ["name=lamp".to_owned()];
    let mut mapping = Mapping::new(spec(&catalog, "cameras"), &pairs, None, &path).unwrap();
    let mut source = open(&path, None, Positions::default()).unwrap();
    mapping.settle(&path, &mut source).unwrap();
    assert_eq!(
        source.records.count(),
        1,
        "what was looked at is still read"
    );
}

#[test]
fn columns_that_go_by_usual_names_are_taken_and_said() {
    let place = "lat=latitude lon=longitude";
    for (layer, header, expected) in [
        (
            "incidents",
            "id,time,location,latitude,longitude,district,nature,status\n",
            vec![format!(
                "columns: --map address=location {place} status=status type=nature --id id"
            )],
        ),
        (
            "cameras",
            "Y,X,Camera Name,heading\n",
            vec![
                "columns: --map heading_deg=heading lat=Y lon=X 'name=Camera Name'".into(),
                MADE.into(),
            ],
        ),
        (
            "sites",
            "id,lon,lat\n",
            vec!["columns: --map lat=lat lon=lon --id id".into()],
        ),
    ] {
        assert_eq!(settled(layer, "list.csv", header), Ok(expected), "{header}");
    }
}

#[test]
fn properties_go_by_the_same_usual_names_as_columns() {
    let feature = |members: &str, properties: &str| {
        format!(r#"{{"type":"Feature",{members}"geometry":{POINT},"properties":{{{properties}}}}}"#)
    };
    let labelled = feature("", r#""label":"Sixth rack","bearing":90"#);
    let map = "properties: --map heading_deg=bearing name=label";
    for (text, expected) in [
        (labelled.clone(), vec![map, MADE]),
        (
            feature(r#""id":7,"#, r#""label":"Sixth rack","bearing":90"#),
            vec![map, "ids: those of the file; --id COLUMN names others"],
        ),
        (
            format!("{labelled}\n{}\n", feature(r#""id":7,"#, "")),
            vec![
                map,
                "ids: those of the file, and where there is none made of the file's name and \
                 position; --id COLUMN names another",
            ],
        ),
        (
            feature("", r#""uuid":"u","NAME":"a","label":"b""#),
            vec!["properties: --map name=NAME --id uuid"],
        ),
        (feature("", r#""withdrawn":true"#), vec![MADE]),
    ] {
        let said = settled("cameras", "a.geojsonl", &text).unwrap();
        assert_eq!(said, expected, "{text}");
    }
    let [one, other] = [r#""label":"Sixth rack""#, r#""bearing":90,"uuid":"u""#];
    let (_folder, path) = file(
        "a.geojsonl",
        &format!("{}\n{}\n", feature("", one), feature("", other)),
    );
    let catalog = catalog();
    let mut mapping = Mapping::new(spec(&catalog, "cameras"), &[], None, &path).unwrap();
    let mut source = open(&path, None, Positions::default()).unwrap();
    mapping.settle(&path, &mut source).unwrap();
    let late = feature("", r#""NAME":"Own","uuid":"v""#);
    let (_folder, late) = file("late.geojsonl", &late);
    let late = open(&late, None, Positions::default()).unwrap();
    let drafts = (0..).zip(source.records.chain(late.records));
    let features: Vec<Json> = drafts
        .map(|(at, draft)| mapping.feature(at, draft.unwrap(), &source.crs).unwrap())
        .collect();
    let of = |at: usize| (&features[at]["id"], &features[at]["properties"]["name"]);
    assert_eq!(of(0), (&json!("a.geojsonl#0"), &json!("Sixth rack")));
    assert_eq!(of(1), (&json!("u"), &Json::Null));
    assert_eq!(
        of(2),
        (&json!("v"), &json!("Own")),
        "its own name is known too"
    );
    assert_eq!(mapping.ignored().count(), 0);
}

#[test]
fn columns_that_say_nothing_of_the_layer_are_refused_with_an_example() {
    for (header, said) in [
        (
            "lat,lon,descr,src\n",
            "no column is known to be a field of layer cameras; there are lat, lon, descr, src: \
             say which is which, as in --map name=descr; the fields are attribution, camera_kind, ",
        ),
        (
            "name,easting,northing\n",
            "layer cameras takes positions, and no column is known to hold them; there are name, \
             easting, northing: say which ones do, as in --map lon=COLUMN lat=COLUMN",
        ),
    ] {
        let refused = settled("cameras", "list.csv", header).unwrap_err();
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn what_is_no_file_of_a_known_format_is_refused() {
    let (folder, path) = file("calls.xlsx", "");
    let endless = folder.path().join("endless.csv");
    std::os::unix::fs::symlink("/dev/zero", &endless).unwrap();
    for (path, reason) in [
        (endless, "endless.csv: it is no regular file"),
        (path.clone(), "the ending says no format"),
        (folder.path().to_owned(), "directory"),
        (folder.path().join("nothing.csv"), "No such file"),
    ] {
        let refused = open(&path, None, Positions::default())
            .err()
            .unwrap()
            .to_string();
        assert!(refused.contains(reason), "{refused}");
    }
    for (name, text) in [
        ("a.geojson", ""),
        ("a.geojson", "[]"),
        ("a.fgb", "nonsense"),
        ("a.shp", "nonsense"),
    ] {
        let (_folder, path) = file(name, text);
        assert!(open(&path, None, Positions::default()).is_err(), "{name}");
    }
}

#[test]
fn a_shapefile_in_feet_comes_out_in_degrees() {
    if Command::new("ogr2ogr").arg("--version").output().is_err() {
        return crate::adaptor::testing::skipped("there is no ogr2ogr");
    }
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[
          {{"type":"Feature","geometry":{POINT},"properties":{{"TYPE":"Fire","PRI":2,"OPEN":1.5}}}},
          {{"type":"Feature","geometry":null,"properties":{{"TYPE":"Crash","PRI":3,"OPEN":null}}}}]}}"#
    );
    let (folder, path) = file("calls.geojson", &text);
    let shp = folder.path().join("calls.shp");
    let made = Command::new("ogr2ogr")
        .args(["-t_srs", "EPSG:2223"])
        .arg(&shp)
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    let found = features(&shp, &["priority=PRI"], None);
    let first = found[0].as_ref().unwrap();
    assert_eq!(first["id"], "calls.shp#0");
    assert_eq!(
        first["properties"],
        serde_json::json!({ "priority": 2, "type": "Fire" })
    );
    let at = &first["geometry"]["coordinates"];
    let (lon, lat) = (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
    assert!(
        (lon + 110.9).abs() < 1e-7 && (lat - 32.2).abs() < 1e-7,
        "{lon} {lat}"
    );
    assert_eq!(found[1].as_ref().unwrap()["geometry"], Json::Null);
    assert_eq!(found.len(), 2);
    std::fs::remove_file(shp.with_extension("prj")).unwrap();
    let refused = open(&shp, None, Positions::default())
        .err()
        .unwrap()
        .to_string();
    assert!(refused.contains("--crs"), "{refused}");
    assert!(open(&shp, Some(Crs::epsg(2223).unwrap()), Positions::default()).is_ok());
}

#[test]
fn streets_get_a_kind_and_a_name() {
    let street = |properties: &str| {
        let line = r#"{"type":"LineString","coordinates":[[-110.9,32.2],[-110.8,32.2]]}"#;
        let text = format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","geometry":{line},"properties":{properties}}}]}}"#
        );
        let (_folder, path) = file("streets.geojson", &text);
        let (text, rejects) =
            source_layer("roads", open(&path, None, Positions::default()).unwrap()).unwrap();
        assert_eq!(rejects, []);
        let mut layer: Json = serde_json::from_str(&text).unwrap();
        layer["features"][0]["properties"].take()
    };
    for (given, expected) in [
        (
            r#"{"ROADCAT_DS":"State route","COT_SPEED":40,"STREET":"W MIRACLE MILE"}"#,
            r#"{"kind":"major_road","name":"W Miracle Mile"}"#,
        ),
        (
            r#"{"ROADCAT_DS":"Major local road","COT_SPEED":40,"PRE_DIR":"N","STR_NAME":"SWAN","STR_TYPE":"RD","SUF_DIR":" "}"#,
            r#"{"kind":"major_road","name":"N Swan Rd"}"#,
        ),
        (
            r#"{"ROADCAT_DS":"Major local road","COT_SPEED":30}"#,
            r#"{"kind":"medium_road"}"#,
        ),
        (
            r#"{"ROADCAT_DS":"Minor local road","COT_SPEED":25}"#,
            r#"{"kind":"minor_road"}"#,
        ),
        (
            r#"{"ROADCAT_DS":"State route ramp","COT_SPEED":55}"#,
            r#"{"kind":"medium_road"}"#,
        ),
        (
            r#"{"highway":"motorway","name":"I 10"}"#,
            r#"{"name":"I 10","kind":"highway"}"#,
        ),
        (
            r#"{"MSR_TYPE":"ARTERIAL SCENIC","STREET":"E BROADWAY BL"}"#,
            r#"{"kind":"major_road","name":"E Broadway Bl"}"#,
        ),
        (r#"{"speed":"65 mph"}"#, r#"{"kind":"highway"}"#),
        (r#"{"kind":"path","colour":"red"}"#, r#"{"kind":"path"}"#),
    ] {
        let expected: Json = serde_json::from_str(expected).unwrap();
        assert_eq!(street(given), expected, "{given}");
    }
}
