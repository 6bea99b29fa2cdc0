//! Rows 9, 10, 11 and 18 in process: movements, fences, questions about a place and cells, beside Redis GEO and PostGIS.

use crate::Effort;
use crate::gauge::{median, microseconds_each};
use crate::peers::{Database, LEG, Redis, metres};
use crate::sample::{EAST, NORTH, SOUTH, WEST, share};
use crate::table::{Aim, Row, Table};
use atalaya_tiles::{
    Bounds, Catalog, Cell, Event, FeatureId, Fences, LonLat, Meters, Observation, Picture,
    Properties, Record, RingLimits, Seq, Value, View, Viewer,
};
use geo_types::{Coord, LineString, Point, Polygon};
use jiff::{SignedDuration, Timestamp};
use std::hint::black_box;
use std::sync::Arc;

const LAYERS: &str = r#"[
    {"name": "units", "kind": "state", "geometry": ["point"],
        "fields": {"call_sign": "text", "unit_kind": "text", "status": "text"}},
    {"name": "cameras", "kind": "state", "geometry": ["point"],
        "fields": {"heading_deg": "number", "fov_deg": "number", "range_m": "number"}},
    {"name": "coverage", "kind": "derived", "derived_from": "cameras", "geometry": ["polygon"], "fields": {}}
]"#;
/// Movements that are applied and published together.
const A_BATCH: u32 = 100;
const QUESTIONS: u32 = 20_000;
/// How many cameras a city has.
const CAMERAS: u32 = 2_000;
/// 30 m in degrees of latitude.
const STEP: f64 = 0.000_27;
/// 200 m in degrees of latitude, as far as a camera sees.
const SIGHT: f64 = 0.001_8;
/// 300 m in degrees of latitude, and the corners of a perimeter.
const RADIUS: f64 = 0.002_7;
const CORNERS: u32 = 64;
/// What a peer that no registry has took where it was measured, for a movement and for the first two questions: 100,000 points in
/// a box of 44 by 33 km, the server's processor time, its socket included.
const TILE38: [&str; 3] = [
    "Tile38, quoted: 13 to 18 µs, its socket included",
    "Tile38, quoted: 95 to 121 µs, its socket included",
    "Tile38, quoted: 130 to 141 µs in a box of 1 km, its socket included",
];

/// A place of the city, the same for the same numbers.
fn place(number: u32, salt: u32) -> (f64, f64) {
    let (east, north) = (share(number, salt), share(number, salt + 1));
    (WEST + east * (EAST - WEST), SOUTH + north * (NORTH - SOUTH))
}

fn at(number: u32, salt: u32) -> LonLat {
    let (lon, lat) = place(number, salt);
    LonLat::new(lon, lat).expect("a place of the city")
}

pub(crate) async fn ask(effort: Effort, table: &mut Table) {
    let mut city = Moving::new();
    city.start(effort.features);
    let redis = Redis::start().await;
    if let Some(redis) = &redis {
        redis.fill((0..effort.features).map(|number| (number, place(number, 20))));
    }
    let moved = moves(effort, &mut city, redis.as_ref(), table);
    let view = city.picture.view();
    let asked = questions(effort, &view, redis.as_ref(), table);
    // It takes a part of the machine also where nobody asks it.
    let postgis = Database::start().await;
    if let Some(postgis) = &postgis {
        let units = (0..effort.features).map(|number| (number, place(number, 20)));
        postgis.fill(units).await;
        postgis.areas("coverage", (0..CAMERAS).map(sector)).await;
    }
    beside_moves(effort, &moved, postgis.as_ref(), table).await;
    beside_questions(effort, &asked, postgis.as_ref(), table).await;
    fences(effort, postgis.as_ref(), table).await;
    cells(effort, table);
}

/// A picture of units that move, and cameras that do not.
struct Moving {
    picture: Picture,
    seq: u64,
}

impl Moving {
    fn new() -> Self {
        let specs = serde_json::from_str(LAYERS).expect("the layers are written above");
        let catalog = Catalog::new(specs, 6).expect("the layers are valid");
        Self {
            picture: Picture::new(Arc::new(catalog), RingLimits::default()),
            seq: 0,
        }
    }

    fn start(&mut self, features: u32) {
        let numbers: Vec<u32> = (0..features).collect();
        for some in numbers.chunks(10_000) {
            let records: Vec<Record> = some.iter().map(|it| self.unit(*it, 0)).collect();
            self.picture.apply(&records);
        }
        let cameras: Vec<Record> = (0..CAMERAS).map(|number| self.camera(number)).collect();
        self.picture.apply(&cameras);
        self.picture.tick();
    }

    fn unit(&mut self, number: u32, round: u32) -> Record {
        let (lon, lat) = place(number, 20);
        let moved = Point::new(lon + STEP * f64::from(round % 16), lat);
        let fields = [
            ("call_sign", Value::Text(format!("U{number}").into())),
            ("unit_kind", Value::Text("patrol".into())),
            ("status", Value::Text("free".into())),
        ];
        self.record("units", format!("u{number}"), round, moved, fields)
    }

    fn camera(&mut self, number: u32) -> Record {
        let (lon, lat) = place(number, 30);
        let fields = [
            ("heading_deg", Value::Number(share(number, 32) * 360.0)),
            ("fov_deg", Value::Number(70.0)),
            ("range_m", Value::Number(200.0)),
        ];
        self.record(
            "cameras",
            format!("c{number}"),
            0,
            Point::new(lon, lat),
            fields,
        )
    }

    fn record<const N: usize>(
        &mut self,
        layer: &str,
        id: String,
        round: u32,
        place: Point<f64>,
        fields: [(&str, Value); N],
    ) -> Record {
        self.seq += 1;
        let view = self.picture.view();
        let layer = view.catalog().layer(layer).expect("a layer above");
        let spec = view.catalog().spec(layer);
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(i64::from(round));
        let pairs = fields.into_iter();
        Record {
            seq: Seq(self.seq),
            received_at: now,
            event: Event::Observed(Observation {
                layer,
                feature: id.into(),
                feed: "bench".into(),
                observed_at: Some(now),
                stale_at: None,
                expires_at: None,
                geometry: Some(place.into()),
                properties: Properties::new(
                    pairs.filter_map(|(name, value)| Some((spec.field(name)?, value))),
                ),
            }),
        }
    }
}

fn moves(effort: Effort, city: &mut Moving, redis: Option<&Redis>, table: &mut Table) -> Row {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=effort.rounds {
        let batches: Vec<Vec<Record>> = (0..QUESTIONS / A_BATCH)
            .map(|batch| {
                let some = batch * A_BATCH..(batch + 1) * A_BATCH;
                let mixed = |it: u32| it.wrapping_mul(7_919) % effort.features;
                some.map(|it| city.unit(mixed(it), round)).collect()
            })
            .collect();
        let picture = &mut city.picture;
        let each_batch = microseconds_each(QUESTIONS / A_BATCH, |batch| {
            picture.apply(&batches[batch as usize]);
            black_box(picture.view());
        });
        ours.push(each_batch / f64::from(A_BATCH));
        theirs.extend(redis.map(|redis| {
            let moved = (0..QUESTIONS * 5).map(|number| {
                let number = number % effort.features;
                let (lon, lat) = place(number, 20);
                (number, (lon + STEP * f64::from(round), lat))
            });
            redis.fill(moved)
        }));
    }
    let row = Row {
        number: 9,
        what: format!("a movement applied and published, {A_BATCH} at a time"),
        ours: median(ours),
        unit: "µs",
        peer: Some(("Redis GEOADD", redis.map(|_| median(theirs)))),
        aim: Aim::AtMost(6.0),
        beside: "in process, one thread; Redis: its process, pipelined".to_owned(),
    };
    table.add(row.clone());
    table.add(row.beside("Tile38", None, TILE38[0]));
    row
}

async fn beside_moves(effort: Effort, row: &Row, postgis: Option<&Database>, table: &mut Table) {
    let mut theirs = Vec::new();
    for round in 1..=effort.rounds {
        let Some(postgis) = postgis else {
            break;
        };
        let mixed = |it: u32| it.wrapping_mul(7_919) % effort.features;
        let batches = (0..QUESTIONS / A_BATCH).map(|batch| {
            let some = batch * A_BATCH..(batch + 1) * A_BATCH;
            let moved = some.map(|it| {
                let (lon, lat) = place(mixed(it), 20);
                (mixed(it), (lon + STEP * f64::from(round), lat))
            });
            moved.collect()
        });
        theirs.push(postgis.moves(batches).await / f64::from(A_BATCH));
        postgis.tidy().await;
    }
    let beside = format!("{A_BATCH} in one statement, into a table that is not logged");
    let theirs = (!theirs.is_empty()).then(|| median(theirs));
    table.add(row.beside("PostGIS UPDATE", theirs, &beside));
}

/// What the questions are in SQL, places as plane metres, in their order.
const IN_SQL: [&str; 4] = [
    "select id from units where st_dwithin(place, st_makepoint($1, $2), 200)",
    "select id from units where place && st_expand(st_makepoint($1, $2), 200)",
    "select id from units order by place <-> st_makepoint($1, $2) limit 4",
    "select id from coverage where st_intersects(area, st_makepoint($1, $2))",
];

async fn beside_questions(
    effort: Effort,
    rows: &[Row],
    postgis: Option<&Database>,
    table: &mut Table,
) {
    for (row, quoted) in rows.iter().zip(&TILE38[1..]) {
        table.add(row.beside("Tile38", None, quoted));
    }
    for (row, sql) in rows.iter().zip(IN_SQL) {
        let mut theirs = Vec::new();
        for round in 0..effort.rounds {
            if let Some(postgis) = postgis {
                let places = (0..QUESTIONS / 4).map(|number| metres(place(number, 40 + round)));
                theirs.push(postgis.ask(sql, places).await);
            }
        }
        let theirs = (!theirs.is_empty()).then(|| median(theirs));
        table.add(row.beside(
            "PostGIS",
            theirs,
            "prepared, one connection that never waits",
        ));
    }
}

/// What a camera sees, nearly: the corners of a sector.
fn sector(number: u32) -> Vec<(f64, f64)> {
    let (lon, lat) = place(number, 30);
    let heading = share(number, 32) * 360.0;
    let arc = (0..=16).map(|step| {
        let bearing = (heading - 35.0 + 70.0 * f64::from(step) / 16.0).to_radians();
        let (north, east) = (SIGHT * bearing.cos(), SIGHT * bearing.sin());
        (lon + east / lat.to_radians().cos(), lat + north)
    });
    std::iter::once((lon, lat)).chain(arc).collect()
}

/// A question in process, and the same as a command of Redis.
type Question<'q> = (
    &'static str,
    Box<dyn Fn(LonLat) -> usize + 'q>,
    Option<&'static [&'static str]>,
);

fn questions(
    effort: Effort,
    view: &Arc<View>,
    redis: Option<&Redis>,
    table: &mut Table,
) -> Vec<Row> {
    let mut rows = Vec::new();
    let units = view
        .open(&Viewer::EVERYTHING, "units")
        .expect("it is there");
    let cameras = view
        .open(&Viewer::EVERYTHING, "cameras")
        .expect("it is there");
    let questions: [Question<'_>; 4] = [
        (
            "within 200 m",
            Box::new(move |at| units.nearest(at, Meters(200.0), usize::MAX).len()),
            Some(&["BYRADIUS", "200", "m"]),
        ),
        (
            "in a box of 400 m",
            Box::new(move |at| units.within(Bounds::around(at, Meters(200.0)), None).len()),
            Some(&["BYBOX", "400", "400", "m"]),
        ),
        (
            "the nearest 4 (Redis: of those within 500 m)",
            Box::new(move |at| units.nearest(at, Meters(20_000.0), 4).len()),
            Some(&["BYRADIUS", "500", "m", "ASC", "COUNT", "4"]),
        ),
        (
            "which cameras see a place",
            Box::new(move |at| cameras.seeing(at).len()),
            None,
        ),
    ];
    for (what, question, command) in questions {
        let rounds = (0..effort.rounds).map(|round| {
            microseconds_each(QUESTIONS, |number| {
                black_box(question(at(number, 40 + round)));
            })
        });
        let ours = median(rounds.collect());
        let theirs = command.zip(redis).map(|(command, redis)| {
            let rounds = (0..effort.rounds).map(|round| {
                let places = (0..QUESTIONS).map(|number| place(number, 40 + round));
                redis.search(command, places)
            });
            median(rounds.collect())
        });
        let row = Row {
            number: 11,
            what: what.to_owned(),
            ours,
            unit: "µs",
            peer: command.map(|_| ("Redis GEOSEARCH", theirs)),
            aim: Aim::AtMost(10.0),
            beside: String::new(),
        };
        table.add(row.clone());
        rows.push(row);
    }
    rows
}

fn perimeter(number: u32) -> Polygon<f64> {
    let (x, y) = place(number, 50);
    let corner = |at: u32| {
        let (sin, cos) = (std::f64::consts::TAU * f64::from(at) / f64::from(CORNERS)).sin_cos();
        Coord {
            x: x + RADIUS * cos,
            y: y + RADIUS * sin,
        }
    };
    Polygon::new(
        (0..CORNERS).map(corner).collect::<LineString<f64>>(),
        Vec::new(),
    )
}

async fn fences(effort: Effort, postgis: Option<&Database>, table: &mut Table) {
    for (count, most) in [(1_000, 1.0), (10_000, 5.0)] {
        let mut fences = Fences::default();
        for number in 0..count {
            let id = FeatureId::from(format!("perimeter {number}"));
            fences.set(&id, &perimeter(number).into());
        }
        let rounds = (0..effort.rounds).map(|round| {
            microseconds_each(QUESTIONS, |number| {
                let from = at(number, 60 + round);
                let to = LonLat::new(from.lon() + STEP, from.lat()).ok();
                black_box(fences.leg(Some(from), to));
            })
        });
        let row = Row {
            number: 10,
            what: format!("a leg of 30 m over {count} perimeters of 64 corners"),
            ours: median(rounds.collect()),
            unit: "µs",
            peer: Some(("Tile38", None)),
            aim: Aim::AtMost(most),
            beside: "Tile38, quoted: +5 to 16 µs over 1,000, +46 to 52 µs over 10,000".to_owned(),
        };
        let mut theirs = Vec::new();
        if let Some(postgis) = postgis {
            let corners = |number| {
                perimeter(number)
                    .exterior()
                    .points()
                    .map(|it| (it.x(), it.y()))
                    .collect()
            };
            postgis.areas("perimeters", (0..count).map(corners)).await;
            for round in 0..effort.rounds {
                let legs = (0..QUESTIONS / 4).map(|number| {
                    let (lon, lat) = place(number, 60 + round);
                    let ([x, y], [to_x, to_y]) = (metres((lon, lat)), metres((lon + STEP, lat)));
                    [x, y, to_x, to_y]
                });
                theirs.push(postgis.ask(LEG, legs).await);
            }
        }
        let theirs = (!theirs.is_empty()).then(|| median(theirs));
        table.add(row.beside(
            "PostGIS",
            theirs,
            "over which perimeters the leg goes; which it enters or leaves would be more",
        ));
        table.add(row);
    }
}

fn cells(effort: Effort, table: &mut Table) {
    let rounds = (0..effort.rounds).map(|round| {
        microseconds_each(QUESTIONS, |number| {
            black_box(Cell::finest(at(number, 70 + round)));
        })
    });
    table.add(Row {
        number: 18,
        what: "the H3 cell of a place, once an event".to_owned(),
        ours: median(rounds.collect()),
        unit: "µs",
        peer: None,
        aim: Aim::AtMost(1.0),
        beside: "parents follow from it; no cell is computed while a tile is encoded".to_owned(),
    });
}
