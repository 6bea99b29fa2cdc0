use super::read;
use crate::adaptor::testing::catalog;
use geo::Winding;
use geo_types::Geometry;

fn check(layer: &str, json: &str) -> Result<Option<Geometry<f64>>, String> {
    let catalog = catalog();
    let spec = catalog.spec(catalog.layer(layer).unwrap());
    let shape = read(json).map_err(|bad| bad.to_string())?;
    spec.admit(shape).map_err(|bad| bad.to_string())
}

fn refused(layer: &str, kind: &str, coordinates: &str) -> String {
    check(
        layer,
        &format!(r#"{{"type": "{kind}", "coordinates": {coordinates}}}"#),
    )
    .unwrap_err()
}

#[test]
fn positions_off_the_globe_and_placeholders_are_refused() {
    let point = |coordinates| refused("cameras", "Point", coordinates);
    assert_eq!(point("[0, 0]"), "[0, 0] is a placeholder, not a place");
    assert_eq!(
        point("[-1.0, -1]"),
        "[-1, -1] is a placeholder, not a place"
    );
    assert_eq!(point("[0, -0.0]"), "[0, -0] is a placeholder, not a place");
    assert!(point("[200, 10]").starts_with("[200, 10] is not on the globe"));
    assert!(point("[32.2, -110.9]").ends_with("; the two look swapped"));
    assert!(point("[1]").starts_with("no GeoJSON geometry: invalid length 1"));
    assert!(point("[1e999, 2]").starts_with("no GeoJSON geometry: number out of range"));
    assert!(
        point("[\"-73.9\", \"40.7\"]").starts_with("no GeoJSON geometry: invalid type: string")
    );
    assert!(point("null").starts_with("no GeoJSON geometry"));
    assert!(
        check(
            "cameras",
            r#"{"type": "Point", "coordinates": [0, 0.0001]}"#
        )
        .is_ok()
    );
}

#[test]
fn a_layer_takes_its_kinds_only_multi_or_not() {
    let line = "[[1, 2], [3, 4]]";
    assert_eq!(
        refused("cameras", "LineString", line),
        "layer cameras takes points, not lines"
    );
    assert_eq!(
        check("cameras", "null").unwrap_err(),
        "layer cameras takes points, not no geometry"
    );
    assert_eq!(check("warnings", "null"), Ok(None));
    let multi =
        r#"{"type": "MultiLineString", "coordinates": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}"#;
    assert!(matches!(
        check("closures", multi),
        Ok(Some(Geometry::MultiLineString(_)))
    ));
    let one = r#"{"type": "MultiPoint", "coordinates": [[1, 2, 99]]}"#;
    assert_eq!(
        check("alpr_reads", one),
        Ok(Some(Geometry::Point((1.0, 2.0).into())))
    );
    let several = "[[1, 2], [3, 4]]";
    assert!(
        refused("alpr_reads", "MultiPoint", several).ends_with("not several positions at once")
    );
    assert!(refused("units", "MultiPoint", several).ends_with("not several positions at once"));
    assert_eq!(
        refused("cameras", "Curve", "[]"),
        "\"Curve\" is no GeoJSON geometry type"
    );
}

#[test]
fn lines_have_a_length_and_repeat_no_position_at_once() {
    assert_eq!(
        refused("closures", "LineString", "[[1, 2], [1, 2]]"),
        "the line at [1, 2] has no length"
    );
    assert_eq!(
        refused("closures", "LineString", "[]"),
        "the geometry has no positions"
    );
    let json = r#"{"type": "LineString", "coordinates": [[1, 2], [1, 2], [3, 4]]}"#;
    let Ok(Some(Geometry::LineString(line))) = check("closures", json) else {
        panic!("no line");
    };
    assert_eq!(line.0.len(), 2);
}

#[test]
fn rings_are_closed_and_exteriors_run_counter_clockwise() {
    assert_eq!(
        refused(
            "perimeters",
            "Polygon",
            "[[[1, 1], [3, 1], [3, 3], [1, 3]]]"
        ),
        "a ring is not closed: it begins at [1, 1] and ends at [1, 3]"
    );
    assert_eq!(
        refused("perimeters", "Polygon", "[[[1, 1], [3, 1], [1, 1]]]"),
        "the ring at [1, 1] has fewer than three different positions"
    );
    assert_eq!(
        refused("perimeters", "Polygon", "[]"),
        "the geometry has no positions"
    );
    let clockwise =
        r#"{"type": "Polygon", "coordinates": [[[1, 1], [1, 3], [3, 3], [3, 1], [1, 1]]]}"#;
    let Ok(Some(Geometry::Polygon(polygon))) = check("perimeters", clockwise) else {
        panic!("no polygon");
    };
    assert!(polygon.exterior().is_ccw());
}

#[test]
fn collections_are_one_kind_and_not_deep() {
    let point = r#"{"type": "Point", "coordinates": [1, 2]}"#;
    let line = r#"{"type": "LineString", "coordinates": [[1, 2], [3, 4]]}"#;
    let of =
        |members: &str| format!(r#"{{"type": "GeometryCollection", "geometries": [{members}]}}"#);
    let other = r#"{"type": "Point", "coordinates": [3, 4]}"#;
    let both = check("cameras", &of(&format!("{point}, {}", of(other))));
    assert!(matches!(both, Ok(Some(Geometry::MultiPoint(_)))));
    assert_eq!(
        check("cameras", &of(&format!("{point}, {line}"))).unwrap_err(),
        "a geometry collection of points and lines: one feature has one kind of geometry"
    );
    let deep = (0..5).fold(point.to_owned(), |inner, _| of(&inner));
    assert_eq!(
        check("cameras", &deep).unwrap_err(),
        "geometry collections are nested deeper than 4"
    );
    assert_eq!(
        check("cameras", &of("")).unwrap_err(),
        "the geometry has no positions"
    );
}
