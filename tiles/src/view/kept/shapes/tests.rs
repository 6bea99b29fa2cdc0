use super::*;
use geo_types::{line_string, point, polygon};

#[test]
fn every_kind_of_geometry_comes_back_and_no_cut_one_does() {
    let line = line_string![(x: 0.0, y: -0.0), (x: 1.5, y: 2.0)];
    let holed = Polygon::new(
        polygon![(x: 0.0, y: 0.0), (x: 9.0, y: 0.0), (x: 9.0, y: 9.0)]
            .exterior()
            .clone(),
        vec![line_string![(x: 1.0, y: 1.0), (x: 2.0, y: 1.0), (x: 2.0, y: 2.0), (x: 1.0, y: 1.0)]],
    );
    let kinds: Vec<Geometry<f64>> = vec![
        point!(x: 1.0, y: 2.0).into(),
        Line::new((0.0, 1.0), (2.0, 3.0)).into(),
        line.clone().into(),
        holed.clone().into(),
        MultiPoint(vec![point!(x: 1.0, y: 2.0)]).into(),
        MultiLineString(vec![line]).into(),
        MultiPolygon(vec![holed]).into(),
        Rect::new((0.0, 0.0), (1.0, 2.0)).into(),
        Triangle::new((0.0, 0.0).into(), (1.0, 0.0).into(), (0.0, 1.0).into()).into(),
    ];
    let all = Geometry::GeometryCollection(GeometryCollection(kinds));
    let mut bytes = Vec::new();
    all.put(&mut bytes);
    let mut rest = bytes.as_slice();
    assert_eq!(Geometry::take(&mut rest), Some(all));
    assert!(rest.is_empty());
    for cut in 0..bytes.len() {
        assert_eq!(Geometry::take(&mut &bytes[..cut]), None);
    }
    let endless = [7, 1, 0, 0, 0].repeat(1_000);
    assert_eq!(Geometry::take(&mut endless.as_slice()), None);
}
