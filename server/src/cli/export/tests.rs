use super::*;
use crate::cli::way::Way;
use crate::import::{Positions, open};
use serde_json::{Value as Json, json};

fn bench() -> (tempfile::TempDir, Config) {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config {
        data: folder.path().join("data"),
        ..Config::default()
    };
    config.store.reserve_bytes = 0;
    let collection = json!({ "type": "FeatureCollection", "features": [
        { "type": "Feature", "id": "a", "observed_at": "2026-01-01T00:00:00Z",
          "geometry": { "type": "Point", "coordinates": [-110.9, 32.2] },
          "properties": { "type": "Fire, large", "priority": 1, "opened_at": "2026-01-01T00:00:00Z", "notes": "asthma" } },
        { "type": "Feature", "id": "b", "observed_at": "2026-01-01T00:00:00Z", "geometry": null,
          "properties": { "type": "Call" } },
    ]});
    actix_web::rt::System::new().block_on(async {
        let way = Way::open(&config).await.unwrap();
        let told = way
            .ingest("incidents", "incidents", collection.to_string().into())
            .await
            .unwrap();
        assert_eq!(told.accepted, 2, "{told:?}");
    });
    (folder, config)
}

fn export(config: &Config, layer: &str, at: Option<&str>, out: &Path) -> Result<(), Failure> {
    let export = Export {
        layer: layer.into(),
        at: at.map(|at| at.parse().unwrap()),
        format: None,
        out: Some(out.to_owned()),
        for_spreadsheets: false,
    };
    export.run(config)
}

#[test]
fn geojson_has_every_field_restricted_ones_too() {
    let (folder, config) = bench();
    let out = folder.path().join("incidents.geojson");
    export(&config, "incidents", None, &out).unwrap();
    let written: Json = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    assert_eq!(written["features"].as_array().unwrap().len(), 2);
    assert_eq!(written["features"][0]["properties"]["notes"], "asthma");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&out).unwrap().permissions());
    assert_eq!(
        mode & 0o777,
        0o600,
        "what takes a clearance is for its owner only"
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        2,
        "no part is left behind"
    );
}

#[test]
fn csv_has_a_row_for_each_feature() {
    let (folder, config) = bench();
    let out = folder.path().join("incidents.csv");
    export(&config, "incidents", None, &out).unwrap();
    let text = std::fs::read_to_string(&out).unwrap();
    let mut lines = text.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("lon,lat,id,observed_at,address,")
    );
    let first = lines.next().unwrap();
    assert!(
        first.starts_with("-110.9,32.2,a,2026-01-01T00:00:00Z,")
            && first.contains("\"Fire, large\""),
        "{first}"
    );
    assert!(lines.next().unwrap().starts_with(",,b,"));
}

#[test]
fn flatgeobuf_is_read_back() {
    let (folder, config) = bench();
    let out = folder.path().join("incidents.fgb");
    export(&config, "incidents", None, &out).unwrap();
    let source = open(&out, None, Positions::default()).unwrap();
    assert_eq!(source.count, Some(1), "what has no geometry is left out");
    let drafts: Vec<_> = source.records.map(Result::unwrap).collect();
    assert_eq!(
        drafts[0].geometry,
        json!({ "type": "Point", "coordinates": [-110.9, 32.2] })
    );
    assert_eq!(drafts[0].properties["priority"], 1);
    assert_eq!(drafts[0].properties["id"], "a");
    assert_eq!(drafts[0].properties["opened_at"], "2026-01-01T00:00:00Z");
    export(&config, "cameras", None, &folder.path().join("cameras.fgb")).unwrap();
}

#[test]
fn instants_outside_what_is_kept_are_named() {
    let (folder, config) = bench();
    let out = folder.path().join("incidents.geojson");
    let refused = export(&config, "incidents", Some("2020-01-01T00:00:00Z"), &out).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("2020-01-01T00:00:00Z is before what is kept: it begins at 2"),
        "{refused}"
    );
    assert!(matches!(refused, Failure::NotThere(_)));
    assert!(export(&config, "incidents", Some("3020-01-01T00:00:00Z"), &out).is_err());
    for layer in ["nothing", "coverage"] {
        let refused = export(&config, layer, None, &out).unwrap_err();
        assert!(matches!(refused, Failure::NotThere(_)), "{refused}");
    }
    assert!(!out.exists());
}

#[test]
fn text_that_a_spreadsheet_would_run_is_kept_unless_it_is_for_one() {
    let (folder, config) = bench();
    let feature = json!({ "type": "Feature", "id": "=1+1", "observed_at": "2026-01-01T00:00:00Z",
        "geometry": { "type": "Point", "coordinates": [-110.9, 32.2] },
        "properties": { "type": "@SUM(A1)", "address": "\tx", "notes": "-2 \"x\"", "priority": 1,
            "status": "a=b" } });
    actix_web::rt::System::new().block_on(async {
        let way = Way::open(&config).await.unwrap();
        let told = way
            .ingest("incidents", "incidents", feature.to_string().into())
            .await
            .unwrap();
        assert_eq!(told.accepted, 1, "{told:?}");
    });
    let written = |for_spreadsheets| {
        let out = folder.path().join("incidents.csv");
        let export = Export {
            layer: "incidents".into(),
            at: None,
            format: None,
            out: Some(out.clone()),
            for_spreadsheets,
        };
        export.run(&config).unwrap();
        let text = std::fs::read_to_string(&out).unwrap();
        let line = text.lines().find(|line| line.contains("1+1"));
        line.unwrap().to_owned()
    };
    let plain = written(false);
    assert!(!plain.contains('\''), "{plain}");
    assert!(plain.starts_with("-110.9,32.2,=1+1,"), "{plain}");
    let guarded = written(true);
    assert!(
        guarded.starts_with("-110.9,32.2,'=1+1,"),
        "numbers are no text: {guarded}"
    );
    for cell in [",a=b,'@SUM(A1)", ",'\tx,", ",\"'-2 \"\"x\"\"\","] {
        assert!(guarded.contains(cell), "{cell}: {guarded}");
    }
    assert_eq!(guarded.matches('\'').count(), 4, "{guarded}");
}

#[test]
fn the_ending_says_the_format() {
    let of = |name: &str| Format::of(Path::new(name));
    assert_eq!(of("a.GeoJSON"), Some(Format::Geojson));
    assert_eq!(of("a.csv"), Some(Format::Csv));
    assert_eq!(of("a.fgb"), Some(Format::Fgb));
    for name in ["a.shp", "a", ".csv", "a.csv.gz"] {
        assert_eq!(of(name), None, "{name}");
    }
}
