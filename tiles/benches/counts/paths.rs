//! The hot paths, each a function of its own that nothing is inlined into: that is how its instructions
//! are found in a profile, with those of all that it calls and without those of what was made before.

use crate::city::{COMING, City, middle};
use atalaya_tiles::{
    Bounds, LonLat, Meters, Open, TileCoord, TileFormat, TileLimits, TileRequest, Viewer,
    encode_tile_as,
};
use std::hint::black_box;
use std::iter::repeat_n;

/// A hot path: its function is `path_` and its name.
pub(crate) struct Path {
    pub(crate) name: &'static str,
    /// How often it does what is counted; often enough that no single place or hash matters.
    pub(crate) operations: usize,
    run: fn(&mut City, usize),
}

const fn path(name: &'static str, operations: usize, run: fn(&mut City, usize)) -> Path {
    Path {
        name,
        operations,
        run,
    }
}

/// All of them. What changes the city comes last, so that no other depends on it.
pub(crate) const PATHS: [Path; 14] = [
    path("tile_z12", 16, path_tile_z12),
    path("tile_z14", 64, path_tile_z14),
    path("tile_z14_mlt", 64, path_tile_z14_mlt),
    path("tile_z14_units", 64, path_tile_z14_units),
    path("tile_z16", 256, path_tile_z16),
    path("unchanged", 4_096, path_unchanged),
    path("nearest_4", 512, path_nearest_4),
    path("radius_200_m", 512, path_radius_200_m),
    path("within_box", 512, path_within_box),
    path("seeing", 512, path_seeing),
    path("fences", 2_048, path_fences),
    path("topic_delta", 256, path_topic_delta),
    path("sighting", COMING, path_sighting),
    path("movement", COMING, path_movement),
];

/// Goes all paths once.
pub(crate) fn walk() {
    let mut city = City::new();
    for path in PATHS {
        (path.run)(&mut city, path.operations);
    }
}

/// A tile far out: counts of cells, since there are too many points.
#[inline(never)]
fn path_tile_z12(city: &mut City, operations: usize) {
    let tiles = repeat_n(middle(12), operations);
    cold(city, ("reads", TileFormat::Mvt), tiles);
}

/// Some 1,500 points.
#[inline(never)]
fn path_tile_z14(city: &mut City, operations: usize) {
    let tiles = city.tiles(14, operations);
    cold(city, ("reads", TileFormat::Mvt), tiles);
}

/// The same as a `MapLibre` Tile.
#[inline(never)]
fn path_tile_z14_mlt(city: &mut City, operations: usize) {
    let tiles = city.tiles(14, operations);
    cold(city, ("reads", TileFormat::Mlt), tiles);
}

/// Some 400 things that move, each with an id that is hashed.
#[inline(never)]
fn path_tile_z14_units(city: &mut City, operations: usize) {
    let tiles = city.tiles(14, operations);
    cold(city, ("units", TileFormat::Mvt), tiles);
}

/// Some hundred points.
#[inline(never)]
fn path_tile_z16(city: &mut City, operations: usize) {
    let tiles = city.tiles(16, operations);
    cold(city, ("reads", TileFormat::Mvt), tiles);
}

/// Tiles that nobody has asked for before.
fn cold(city: &City, (layer, format): (&str, TileFormat), tiles: impl Iterator<Item = TileCoord>) {
    let layers = [city.layer(layer)];
    for tile in tiles {
        let request = TileRequest {
            layers: &layers,
            tile,
            window: None,
            limits: TileLimits::default(),
        };
        let request = black_box(&request);
        let bytes = encode_tile_as(format, &city.view, &Viewer::EVERYTHING, request);
        assert!(!bytes.expect("a tile that fits").is_empty());
    }
}

/// Whether a client has the tile already: where it stands, by which it is answered with 304.
#[inline(never)]
fn path_unchanged(city: &mut City, operations: usize) {
    let layers = [city.layer("units"), city.layer("reads")];
    for tile in city.tiles(14, operations) {
        let opened = layers.iter();
        let opened = opened.filter_map(|layer| city.view.open_at(&Viewer::EVERYTHING, *layer));
        black_box(opened.map(|open| open.tile_seq(tile)).max());
    }
}

/// The four units that are nearest.
#[inline(never)]
fn path_nearest_4(city: &mut City, operations: usize) {
    let units = open(city, "units");
    for place in places(city, operations) {
        black_box(units.nearest(place, Meters(2_000.0), 4));
    }
}

/// All units within 200 metres.
#[inline(never)]
fn path_radius_200_m(city: &mut City, operations: usize) {
    let units = open(city, "units");
    for place in places(city, operations) {
        black_box(units.nearest(place, Meters(200.0), 1_000));
    }
}

/// All reads in a box of 400 metres.
#[inline(never)]
fn path_within_box(city: &mut City, operations: usize) {
    let reads = open(city, "reads");
    for place in places(city, operations) {
        black_box(reads.within(Bounds::around(place, Meters(200.0)), None));
    }
}

/// Which cameras see a place.
#[inline(never)]
fn path_seeing(city: &mut City, operations: usize) {
    let cameras = open(city, "cameras");
    for place in places(city, operations) {
        black_box(cameras.seeing(place));
    }
}

/// What an update of a track does to 1,000 perimeters: its trail has a fix more, and the first one less.
#[inline(never)]
fn path_fences(city: &mut City, operations: usize) {
    for trail in city.trails.iter().cycle().take(operations) {
        let (_, before) = trail.split_last().expect("a trail has fixes");
        black_box(city.fences.crossings(before, &trail[1..]));
    }
}

/// What changed in a topic in a tick.
#[inline(never)]
fn path_topic_delta(city: &mut City, operations: usize) {
    let units = open(city, "units");
    let (since, topics) = &city.topics;
    for topic in topics.iter().cycle().take(operations) {
        black_box(units.topic_delta(*topic, *since));
    }
}

/// A read that comes: folded, published and, now and then, sealed and merged.
#[inline(never)]
fn path_sighting(city: &mut City, _operations: usize) {
    city.take_reads();
}

/// A unit that moves: folded and published.
#[inline(never)]
fn path_movement(city: &mut City, _operations: usize) {
    city.take_moves();
}

fn open<'c>(city: &'c City, layer: &str) -> Open<'c> {
    let open = city.view.open(&Viewer::EVERYTHING, layer);
    open.expect("a layer of the city")
}

fn places(city: &City, count: usize) -> impl Iterator<Item = LonLat> {
    city.places.iter().copied().cycle().take(count)
}
