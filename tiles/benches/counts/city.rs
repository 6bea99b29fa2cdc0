//! A small city, the same every time: 40,000 reads of number plates, 10,000 units with trails and 700
//! cameras in a box of a tenth of a degree, and 1,000 perimeters that are watched.

use atalaya_tiles::{
    Catalog, Event, Fences, Fix, LayerIx, LonLat, Observation, Picture, Record, RingLimits, Seq,
    TileCoord, Topic, Value, View, Viewer, tile,
};
use geo_types::{Coord, Point, Rect};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

const LAYERS: &str = r#"[
    {"name": "units", "kind": "state", "geometry": ["point"], "track": true, "stale_after_s": 60,
        "expire_after_s": 3600, "retain_days": 7,
        "fields": {"call_sign": "text", "agency": "text", "unit_kind": "text", "status": "text",
            "speed_mps": "number", "heading_deg": "number", "incident": "text"}},
    {"name": "reads", "kind": "sighting", "geometry": ["point"],
        "fields": {"plate": "text", "camera": "text", "confidence": "number"}},
    {"name": "cameras", "kind": "state", "geometry": ["point"],
        "fields": {"name": "text", "heading_deg": "number", "fov_deg": "number", "range_m": "number"}},
    {"name": "coverage", "kind": "derived", "derived_from": "cameras", "geometry": ["polygon"],
        "fields": {"name": "text"}}
]"#;

const WEST: f64 = -111.0;
const SOUTH: f64 = 32.2;
const SIZE: f64 = 0.1;

const UNITS: usize = 10_000;
const READS: usize = 40_000;
const CAMERAS: usize = 700;
const PERIMETERS: usize = 1_000;
/// Fixes of a trail.
const TRAIL: usize = 64;

/// Reads that come, and moves, while it is counted.
pub(crate) const COMING: usize = 8_000;
/// Updates between two views, and views between two ticks.
const A_COMMIT: usize = 80;
const A_TICK: usize = 25;

/// A linear congruential generator (Knuth's MMIX constants): shares from 0 to 1.
struct Shares(u64);

impl Shares {
    fn draw(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 32).map_or(0.0, |high| f64::from(high) / f64::from(u32::MAX))
    }

    fn place(&mut self) -> Point<f64> {
        Point::new(WEST + self.draw() * SIZE, SOUTH + self.draw() * SIZE)
    }
}

/// The city, with what is asked of it made beforehand.
pub(crate) struct City {
    picture: Picture,
    catalog: Arc<Catalog>,
    shares: Shares,
    /// Where the units are.
    units: Vec<Point<f64>>,
    cameras: Vec<Point<f64>>,
    /// What readers have: the newest view, and an older one.
    pub(crate) view: Arc<View>,
    held: Arc<View>,
    seq: u64,
    commits: usize,
    pub(crate) fences: Fences,
    /// Trails with one fix more than a track keeps.
    pub(crate) trails: Vec<Vec<Fix>>,
    /// Places all over the city, to ask about.
    pub(crate) places: Vec<LonLat>,
    /// The live topics of the units that changed in the last tick, and since when.
    pub(crate) topics: (Seq, Vec<Topic>),
    /// What comes next: reads that nobody has had yet, and then units that move.
    arriving: Vec<Record>,
    moving: Vec<Record>,
}

impl City {
    pub(crate) fn new() -> Self {
        let specs = serde_json::from_str(LAYERS).expect("the layers are written above");
        let catalog = Arc::new(Catalog::new(specs, 6).expect("the layers are valid"));
        let picture = Picture::new(Arc::clone(&catalog), RingLimits::default());
        let mut shares = Shares(1);
        let mut city = Self {
            view: picture.view(),
            held: picture.view(),
            picture,
            catalog,
            units: (0..UNITS).map(|_| shares.place()).collect(),
            cameras: (0..CAMERAS).map(|_| shares.place()).collect(),
            places: (0..512).map(|_| lon_lat(shares.place())).collect(),
            shares,
            seq: 0,
            commits: 0,
            fences: Fences::default(),
            trails: Vec::new(),
            topics: (Seq(0), Vec::new()),
            arriving: Vec::new(),
            moving: Vec::new(),
        };
        let cameras: Vec<Record> = (0..CAMERAS).map(|id| city.camera(id)).collect();
        city.commit(&cameras);
        let reads = city.reads(0, READS);
        city.commits(&reads);
        // Each comes and drives on, so that nothing is there for the first time.
        let moves = city.moves(0, 2 * UNITS);
        city.commits(&moves);
        city.topics = city.topics_of_units();
        city.watch();
        city.arriving = city.reads(READS, COMING);
        city.moving = city.moves(2 * UNITS, COMING);
        city
    }

    pub(crate) fn layer(&self, name: &str) -> LayerIx {
        self.catalog.layer(name).expect("a layer above")
    }

    fn record(
        &mut self,
        layer: &str,
        id: &str,
        place: Point<f64>,
        values: &[(&str, Value)],
    ) -> Record {
        self.seq += 1;
        let layer = self.layer(layer);
        let spec = self.catalog.spec(layer);
        let pairs = values.iter().cloned();
        // 8,000 a second; a commit has one time.
        let commit = self.seq / A_COMMIT as u64 * 10;
        let after = SignedDuration::from_millis(i64::try_from(commit).unwrap_or(i64::MAX));
        Record {
            seq: Seq(self.seq),
            received_at: Timestamp::UNIX_EPOCH + after,
            event: Event::Observed(Observation {
                layer,
                feature: id.into(),
                feed: "a-feed".into(),
                observed_at: None,
                stale_at: None,
                expires_at: None,
                geometry: Some(place.into()),
                properties: pairs
                    .filter_map(|(name, value)| Some((spec.field(name)?, value)))
                    .collect(),
            }),
        }
    }

    /// A unit that drives on: most stay within sight of where they were.
    fn unit(&mut self, id: usize) -> Record {
        let (east, north) = (self.shares.draw() - 0.5, self.shares.draw() - 0.5);
        let (speed, heading) = (self.shares.draw() * 30.0, self.shares.draw() * 360.0);
        let from = self.units[id];
        self.units[id] = Point::new(from.x() + east * 0.004, from.y() + north * 0.003);
        let kind = ["patrol", "engine", "medic"][id % 3];
        let status = ["available", "en route", "on scene"][id % 7 % 3];
        let values = [
            ("call_sign", text(&format!("unit {id}"))),
            ("agency", text("police")),
            ("unit_kind", text(kind)),
            ("status", text(status)),
            ("speed_mps", Value::Number((speed * 10.0).round() / 10.0)),
            ("heading_deg", Value::Number(heading.round())),
        ];
        self.record("units", &format!("unit-{id:07}"), self.units[id], &values)
    }

    fn read(&mut self, id: usize) -> Record {
        let camera = id * 7 % CAMERAS;
        let values = [
            ("plate", text(&format!("PL{:05}", id * 7_919 % 300_000))),
            ("camera", text(&format!("camera-{camera}"))),
            ("confidence", Value::Number(self.shares.draw())),
        ];
        let place = self.shares.place();
        // Numbers, as ids that are none are hashed: in a tile that would be most of what there is to count.
        self.record("reads", &id.to_string(), place, &values)
    }

    fn camera(&mut self, id: usize) -> Record {
        let (heading, range) = (self.shares.draw() * 360.0, self.shares.draw() * 250.0);
        let values = [
            ("name", text(&format!("camera {id}"))),
            ("heading_deg", Value::Number(heading.round())),
            ("fov_deg", Value::Number(90.0)),
            ("range_m", Value::Number(50.0 + range.round())),
        ];
        self.record(
            "cameras",
            &format!("camera-{id}"),
            self.cameras[id],
            &values,
        )
    }

    fn reads(&mut self, first: usize, count: usize) -> Vec<Record> {
        (first..first + count).map(|id| self.read(id)).collect()
    }

    /// So many moves, in an order that is none.
    fn moves(&mut self, first: usize, count: usize) -> Vec<Record> {
        // Coprime to the number of units, so that each has its turn.
        let ids = (first..first + count).map(|at| at * 61_803 % UNITS);
        ids.map(|id| self.unit(id)).collect()
    }

    /// Takes the reads that come next.
    pub(crate) fn take_reads(&mut self) {
        let reads = std::mem::take(&mut self.arriving);
        self.commits(&reads);
        self.arriving = reads;
    }

    /// Takes the moves that come after them.
    pub(crate) fn take_moves(&mut self) {
        let moves = std::mem::take(&mut self.moving);
        self.commits(&moves);
        self.moving = moves;
    }

    /// Folds and publishes, as the writer does.
    fn commit(&mut self, records: &[Record]) {
        self.picture.apply(records);
        self.view = self.picture.view();
        self.commits += 1;
        if self.commits.is_multiple_of(A_TICK) {
            self.picture.tick();
            self.held = std::mem::replace(&mut self.view, self.picture.view());
        }
    }

    /// Folds and publishes a commit at a time, and merges what is to be merged.
    fn commits(&mut self, records: &[Record]) {
        for commit in records.chunks(A_COMMIT) {
            self.commit(commit);
            while let Some(merge) = self.picture.next_merge() {
                self.picture.accept_merge(merge.run());
            }
        }
    }

    fn topics_of_units(&self) -> (Seq, Vec<Topic>) {
        let units = self.layer("units");
        let since = Seq(self.seq - (A_COMMIT * A_TICK) as u64);
        let dirty = self.view.dirty_topics(&Viewer::EVERYTHING, since);
        let of_units = dirty.into_iter().filter(|(layer, _)| *layer == units);
        let mut topics: Vec<Topic> = of_units.map(|(_, topic)| topic).collect();
        topics.sort_unstable();
        (since, topics)
    }

    /// Watches perimeters of some hundred metres, and makes trails that lead through them.
    fn watch(&mut self) {
        for id in 0..PERIMETERS {
            let Coord { x, y } = self.shares.place().0;
            let (width, height) = (self.shares.draw() * 0.004, self.shares.draw() * 0.004);
            let area = Rect::new((x, y), (x + width, y + height));
            let id = format!("perimeter-{id:04}").as_str().into();
            assert!(self.fences.set(&id, &area.into()), "an area has an inside");
        }
        for track in 0..64 {
            let mut at = self.places[track * 7];
            let mut fixes = Vec::new();
            for second in 0..=TRAIL {
                let step = |share: f64| (share - 0.5) * 0.003;
                let (lon, lat) = (step(self.shares.draw()), step(self.shares.draw()));
                at = LonLat::new(at.lon() + lon, at.lat() + lat).expect("near the city");
                let after = SignedDuration::from_secs(i64::try_from(second).unwrap_or_default());
                let observed_at = Timestamp::UNIX_EPOCH + after;
                fixes.push(Fix { at, observed_at });
            }
            self.trails.push(fixes);
        }
    }

    /// So many tiles of a zoom, each of them around one of the places.
    pub(crate) fn tiles(&self, z: u8, count: usize) -> impl Iterator<Item = TileCoord> {
        let places = self.places.iter().cycle().take(count);
        places.map(move |place| tile_at(z, *place))
    }
}

/// The tile of a zoom in the middle of the city.
pub(crate) fn middle(z: u8) -> TileCoord {
    let half = SIZE / 2.0;
    tile_at(z, lon_lat(Point::new(WEST + half, SOUTH + half)))
}

fn tile_at(z: u8, place: LonLat) -> TileCoord {
    let x = tile::column(tile::world_x(place.lon()), z);
    let y = tile::column(tile::world_y(place.lat()), z);
    TileCoord::new(z, x, y).expect("a column and a row of the zoom")
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn lon_lat(place: Point<f64>) -> LonLat {
    LonLat::new(place.x(), place.y()).expect("in the city")
}
