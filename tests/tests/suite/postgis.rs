//! Our tiles against PostGIS: the same features through `ST_AsMVT`, and both against where PostGIS has them before it rounds.
//!
//! Ours are within half a unit of that everywhere. So are those of PostGIS, but for the ends where the buffer cuts: it rounds
//! before it cuts, and then again, and may be a whole unit off there. Of each other the two may be as far as both roundings add
//! up to, which is what the comparison of outlines allows.

use std::collections::BTreeMap;

use atalaya_tests::{City, DOWNTOWN, PostGis, Tile, TileFeature, collection, skipped, tile_at};
use geo_types::{Coord, Geometry};
use serde_json::{Value, json};

/// Where a tile is cut, a buffer beyond its edges.
const CUTS: [f64; 2] = [-64.0, 4_160.0];
/// A layer that takes everything.
const SHAPES: &str = "[[layers]]\nname = \"shapes\"\nkind = \"state\"\ngeometry = [\"point\", \"line\", \"polygon\"]\n\
    zooms = [0, 22]\nfields = { name = \"text\" }\n";
/// Half a unit of rounding, and that of doubles.
const ROUNDING: f64 = 0.5 + 1e-6;
/// Half a unit of rounding each way, and that of doubles.
const BOTH_ROUNDINGS: f64 = 1.0 + 1e-6;

/// Features around downtown: points, lines across tiles, a polygon with a hole, and some of several parts.
fn features() -> Vec<Value> {
    let (lon, lat) = DOWNTOWN;
    let feature = |id: String, geometry: Value| json!({ "type": "Feature", "id": id, "geometry": geometry, "properties": { "name": id } });
    let mut features: Vec<Value> = (0..60_u32)
        .map(|at| {
            let (east, north) = (f64::from(at % 10) * 0.0037, f64::from(at / 10) * 0.0029);
            feature(
                format!("p{at}"),
                json!({ "type": "Point", "coordinates": [lon + east, lat - north] }),
            )
        })
        .collect();
    let square = |size: f64| {
        json!([
            [lon - size, lat - size],
            [lon + size, lat - size],
            [lon + size, lat + size],
            [lon - size, lat + size],
            [lon - size, lat - size]
        ])
    };
    let mut hole = square(0.002).as_array().cloned().unwrap_or_default();
    hole.reverse();
    features.push(feature(
        "campus".into(),
        json!({ "type": "Polygon", "coordinates": [square(0.006), hole] }),
    ));
    features.push(feature(
        "block".into(),
        json!({ "type": "Polygon", "coordinates": [square(0.05)] }),
    ));
    features.push(feature(
        "street".into(),
        json!({ "type": "LineString", "coordinates": [
            [lon - 0.061, lat - 0.0113], [lon + 0.0217, lat + 0.0341], [lon + 0.0729, lat - 0.0203]] }),
    ));
    features.push(feature(
        "ramps".into(),
        json!({ "type": "MultiLineString", "coordinates": [
            [[lon - 0.0413, lat + 0.0307], [lon + 0.0509, lat + 0.0111]],
            [[lon - 0.0331, lat - 0.0407], [lon + 0.0423, lat - 0.0219]]] }),
    ));
    let (near, far) = (square(0.0043), square(0.0087));
    let moved = |ring: &Value| -> Value {
        let corners = ring.as_array().into_iter().flatten();
        corners
            .map(|at| json!([at[0].as_f64().unwrap_or_default() + 0.031, at[1]]))
            .collect()
    };
    features.push(feature(
        "lots".into(),
        json!({ "type": "MultiPolygon", "coordinates": [[near], [moved(&far)]] }),
    ));
    features
}

/// The tile that PostGIS makes of a layer of these features.
async fn theirs(client: &tokio_postgres::Client, z: u8, x: u32, y: u32) -> Tile {
    let sql = "with tile as (
            select name, ST_AsMVTGeom(ST_Transform(shape, 3857), ST_TileEnvelope($1, $2, $3), 4096, 64, true) as geom
            from shapes where ST_Intersects(shape, ST_Transform(ST_TileEnvelope($1, $2, $3, margin => 0.015625), 4326)))
        select ST_AsMVT(tile, 'shapes', 4096, 'geom') from tile where geom is not null";
    let number = |value: u32| i32::try_from(value).expect("tile numbers are small");
    let row = client
        .query_one(sql, &[&i32::from(z), &number(x), &number(y)])
        .await
        .expect("a tile");
    Tile::decode(row.get(0))
}

/// Where the features are in the units of the tile, before anything is rounded: by PostGIS, cut where the buffer ends.
async fn exact(
    client: &tokio_postgres::Client,
    z: u8,
    x: u32,
    y: u32,
) -> BTreeMap<String, Outline> {
    let sql = "with tile as (select ST_TileEnvelope($1, $2, $3) as square),
            scale as (select 4096 / (ST_XMax(square) - ST_XMin(square)) as s, square from tile)
        select name, ST_AsGeoJSON(ST_Intersection(ST_Affine(ST_Transform(shape, 3857),
                s, 0, 0, -s, -s * ST_XMin(square), s * ST_YMax(square)),
            ST_SetSRID(ST_MakeEnvelope(-64, -64, 4160, 4160), 3857)), 15, 0) as outline
        from shapes, scale";
    let number = |value: u32| i32::try_from(value).expect("tile numbers are small");
    let rows = client
        .query(sql, &[&i32::from(z), &number(x), &number(y)])
        .await
        .expect("outlines");
    let outline = |row: tokio_postgres::Row| {
        let geometry: Value = serde_json::from_str(row.get("outline")).expect("GeoJSON");
        let mut paths = Outline::new();
        add_paths(&geometry["coordinates"], &mut paths);
        (row.get("name"), paths)
    };
    rows.into_iter().map(outline).collect()
}

/// Points, lines and rings.
type Outline = Vec<Vec<Coord<f64>>>;

/// Adds what coordinates of any depth hold; positions that are not in a line are each by itself.
fn add_paths(coordinates: &Value, paths: &mut Outline) {
    let position = |at: &Value| {
        let (x, y) = (at[0].as_f64()?, at[1].as_f64()?);
        Some(Coord { x, y })
    };
    let members = coordinates.as_array().expect("coordinates");
    if let Some(at) = position(coordinates) {
        paths.push(vec![at]);
    } else if let Some(path) = members.iter().map(position).collect() {
        paths.push(path);
    } else {
        for member in members {
            add_paths(member, paths);
        }
    }
}

/// Every corner is within half a unit of the exact outline on either axis; those at a cut within `at_cut`.
fn on_outline(geometry: &Geometry<i32>, exact: &Outline, at_cut: f64, what: &str) {
    for corner in rings(geometry).into_iter().flatten() {
        let is_cut = [corner.x, corner.y].iter().any(|at| CUTS.contains(at));
        let reach = if is_cut { at_cut } else { ROUNDING };
        let touches = exact.iter().any(|path| match path.as_slice() {
            [only] => meets(corner, reach, *only, *only),
            path => path
                .windows(2)
                .any(|edge| meets(corner, reach, edge[0], edge[1])),
        });
        assert!(
            touches,
            "{what}: {corner:?} is more than {reach} off {exact:?}"
        );
    }
}

/// Whether a segment meets the square around a position (Liang and Barsky, 1984).
fn meets(middle: Coord<f64>, reach: f64, from: Coord<f64>, to: Coord<f64>) -> bool {
    let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
    for (start, end) in [
        (from.x - middle.x, to.x - middle.x),
        (from.y - middle.y, to.y - middle.y),
    ] {
        let step = end - start;
        if step == 0.0 {
            if start.abs() > reach {
                return false;
            }
            continue;
        }
        let (a, b) = ((-reach - start) / step, (reach - start) / step);
        enters = enters.max(a.min(b));
        leaves = leaves.min(a.max(b));
    }
    enters <= leaves
}

async fn load(client: &tokio_postgres::Client, features: &[Value]) {
    client
        .batch_execute("create table shapes (name text primary key, shape geometry not null)")
        .await
        .expect("a table");
    for feature in features {
        let name = feature["id"].as_str().expect("a string");
        let shape = feature["geometry"].to_string();
        let insert = "insert into shapes values ($1, ST_SetSRID(ST_GeomFromGeoJSON($2), 4326))";
        client
            .execute(insert, &[&name, &shape])
            .await
            .expect("inserted");
    }
}

fn by_name(features: &[TileFeature]) -> BTreeMap<&str, &TileFeature> {
    features
        .iter()
        .filter_map(|it| Some((it.text("name")?, it)))
        .collect()
}

#[tokio::test]
async fn our_tiles_are_those_of_postgis_within_half_a_unit_of_where_things_are() {
    let Ok(postgis) = PostGis::start() else {
        return skipped("PostgreSQL with PostGIS is not installed");
    };
    let client = postgis.connect().await;
    let features = features();
    load(&client, &features).await;
    let city = City::with_config(SHAPES).await;
    city.post("shapes", &collection(&features)).await;

    for z in [8, 11, 13, 14, 15] {
        let (x, y) = tile_at(DOWNTOWN.0, DOWNTOWN.1, z);
        for (x, y) in [(x, y), (x + 1, y), (x, y + 1), (x - 1, y - 1)] {
            let (ours, theirs) = (
                city.tile("shapes", z, x, y).await,
                theirs(&client, z, x, y).await,
            );
            let exact = exact(&client, z, x, y).await;
            let (ours, theirs) = (
                by_name(ours.layer("shapes")),
                by_name(theirs.layer("shapes")),
            );
            let names = |of: &BTreeMap<&str, &TileFeature>| {
                of.keys().map(|it| (*it).to_owned()).collect::<Vec<_>>()
            };
            assert_eq!(names(&ours), names(&theirs), "features of tile {z}/{x}/{y}");
            for (name, feature) in &ours {
                let (ours, theirs) = (&feature.geometry, &theirs[name].geometry);
                let what = format!("{name} in tile {z}/{x}/{y}");
                on_outline(ours, &exact[*name], ROUNDING, &format!("ours: {what}"));
                on_outline(
                    theirs,
                    &exact[*name],
                    BOTH_ROUNDINGS,
                    &format!("theirs: {what}"),
                );
                same(ours, theirs, &what);
            }
        }
    }
}

/// A layer of sightings that are shown as points.
const MARKS: &str = "[[layers]]\nname = \"marks\"\nkind = \"sighting\"\ngeometry = [\"point\"]\nzooms = [0, 22]\n\
    fields = { name = \"text\" }\n";
/// More than a segment holds, so that some of them are in one and some in none yet.
const MANY: u32 = 6_000;

/// Points all around downtown, in no order.
fn marks() -> Vec<Value> {
    let share = |number: u32, by: u32| f64::from(number.wrapping_mul(by) % 9_973) / 9_973.0;
    let mark = |at: u32| {
        let (east, north) = (share(at, 7_919) - 0.5, share(at, 6_007) - 0.5);
        let place = [DOWNTOWN.0 + east * 0.1, DOWNTOWN.1 + north * 0.08];
        json!({
            "type": "Feature", "id": format!("m{at}"), "properties": { "name": format!("m{at}") },
            "geometry": { "type": "Point", "coordinates": place },
        })
    };
    (0..MANY).map(mark).collect()
}

#[tokio::test]
async fn sightings_are_drawn_where_postgis_has_them_from_segments_too() {
    let Ok(postgis) = PostGis::start() else {
        return skipped("PostgreSQL with PostGIS is not installed");
    };
    let client = postgis.connect().await;
    let marks = marks();
    load(&client, &marks).await;
    let city = City::with_config(MARKS).await;
    for some in marks.chunks(1_000) {
        city.post("marks", &collection(some)).await;
    }
    let mut drawn = 0;
    for z in [14, 16] {
        let (x, y) = tile_at(DOWNTOWN.0, DOWNTOWN.1, z);
        for (x, y) in [(x, y), (x + 1, y), (x, y + 1), (x - 1, y - 1)] {
            let ours = city.tile("marks", z, x, y).await;
            let theirs = theirs(&client, z, x, y).await;
            let (ours, theirs) = (
                by_name(ours.layer("marks")),
                by_name(theirs.layer("shapes")),
            );
            let exact = exact(&client, z, x, y).await;
            let names = |of: &BTreeMap<&str, &TileFeature>| {
                of.keys().map(|it| (*it).to_owned()).collect::<Vec<_>>()
            };
            assert_eq!(names(&ours), names(&theirs), "marks of tile {z}/{x}/{y}");
            for (name, feature) in &ours {
                let what = format!("{name} in tile {z}/{x}/{y}");
                on_outline(&feature.geometry, &exact[*name], ROUNDING, &what);
                same(&feature.geometry, &theirs[name].geometry, &what);
            }
            drawn += ours.len();
        }
    }
    assert!(drawn > 500, "{drawn} marks were compared");
}

/// Points agree; so does the number of lines or rings, and every corner of one shape is on the outline of the other.
fn same(ours: &Geometry<i32>, theirs: &Geometry<i32>, what: &str) {
    let (a, b) = (rings(ours), rings(theirs));
    assert_eq!(
        a.len(),
        b.len(),
        "rings of {what}: {ours:?} against {theirs:?}"
    );
    if let (Some([ours]), Some([theirs])) =
        (a.first().map(Vec::as_slice), b.first().map(Vec::as_slice))
    {
        assert!(near(*ours, *theirs), "{what}: {ours:?} against {theirs:?}");
        return;
    }
    for (from, to) in [(&a, &b), (&b, &a)] {
        for corner in from.iter().flatten() {
            let nearest = to
                .iter()
                .map(|ring| distance(*corner, ring))
                .fold(f64::INFINITY, f64::min);
            assert!(
                nearest <= BOTH_ROUNDINGS,
                "{what}: {corner:?} is {nearest} units off: {ours:?} against {theirs:?}"
            );
        }
    }
}

/// The coordinates of a geometry by line or ring, or by itself for a point.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "tiles hold no other geometries"
)]
fn rings(geometry: &Geometry<i32>) -> Vec<Vec<Coord<f64>>> {
    let plain = |it: &Coord<i32>| Coord {
        x: f64::from(it.x),
        y: f64::from(it.y),
    };
    let polygon = |it: &geo_types::Polygon<i32>| {
        let all = std::iter::once(it.exterior()).chain(it.interiors());
        all.map(|ring| ring.0.iter().map(plain).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    match geometry {
        Geometry::Point(point) => vec![vec![plain(&point.0)]],
        Geometry::MultiPoint(points) => points.iter().map(|it| vec![plain(&it.0)]).collect(),
        Geometry::LineString(it) => vec![it.0.iter().map(plain).collect()],
        Geometry::MultiLineString(lines) => {
            let lines = lines.iter().map(|it| it.0.iter().map(plain).collect());
            lines.collect()
        }
        Geometry::Polygon(it) => polygon(it),
        Geometry::MultiPolygon(it) => it.iter().flat_map(polygon).collect(),
        other => unreachable!("a tile holds points, lines and polygons, not {other:?}"),
    }
}

fn near(a: Coord<f64>, b: Coord<f64>) -> bool {
    (a.x - b.x).abs() <= BOTH_ROUNDINGS && (a.y - b.y).abs() <= BOTH_ROUNDINGS
}

/// From a point to the nearest of a ring's segments. Where the buffer ends, one of the two cuts before it rounds and the other
/// after, so that the ends of a line differ along it: there the segments count as endless.
fn distance(point: Coord<f64>, ring: &[Coord<f64>]) -> f64 {
    let to_segment = |segment: &[Coord<f64>]| {
        let [from, to] = segment else {
            return f64::INFINITY;
        };
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let length = dx * dx + dy * dy;
        let along =
            ((point.x - from.x) * dx + (point.y - from.y) * dy) / length.max(f64::MIN_POSITIVE);
        let is_cut = [point.x, point.y].iter().any(|at| CUTS.contains(at));
        let along = if is_cut { along } else { along.clamp(0.0, 1.0) };
        (point.x - from.x - along * dx).hypot(point.y - from.y - along * dy)
    };
    ring.windows(2)
        .map(to_segment)
        .fold(f64::INFINITY, f64::min)
}
