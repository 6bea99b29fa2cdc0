//! How long does it take to see what a movement does to 1,000 and to 10,000 perimeters? Circles of 64
//! corners over a city, and units that drive 30 m, the same every time.

use atalaya_tiles::{FeatureId, Fences, LonLat};
use criterion::{Criterion, criterion_group, criterion_main};
use geo_types::{Coord, LineString, Polygon};
use std::hint::black_box;

const WEST: f64 = -111.15;
const SOUTH: f64 = 32.05;
const WIDTH: f64 = 0.45;
const HEIGHT: f64 = 0.35;
/// 30 m and 300 m in degrees of latitude.
const STEP: f64 = 0.000_27;
const RADIUS: f64 = 0.002_7;
const CORNERS: u32 = 64;
const LEGS: u32 = 10_000;

/// The fractional parts of multiples of an irrational number: evenly spread, and the same every time.
fn spread(n: u32, of: f64) -> f64 {
    (f64::from(n) * of).fract()
}

fn circle(n: u32) -> Polygon<f64> {
    let (x, y) = (
        WEST + WIDTH * spread(n, 0.618_033_988_749_895),
        SOUTH + HEIGHT * spread(n, 0.754_877_666_246_693),
    );
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

fn leg(n: u32) -> Option<(LonLat, LonLat)> {
    let (x, y) = (
        WEST + WIDTH * spread(n, 0.569_840_290_998_053),
        SOUTH + HEIGHT * spread(n, 0.245_122_333_753_307),
    );
    let (sin, cos) = (std::f64::consts::TAU * spread(n, 0.819_172_513_396_164)).sin_cos();
    let to = LonLat::new(x + STEP * cos, y + STEP * sin).ok()?;
    Some((LonLat::new(x, y).ok()?, to))
}

fn legs(criterion: &mut Criterion) {
    let legs: Vec<_> = (0..LEGS).filter_map(leg).collect();
    let mut group = criterion.benchmark_group("how_long_do_10_000_legs_take_over");
    for count in [1_000, 10_000] {
        let mut fences = Fences::default();
        for n in 0..count {
            let id = FeatureId::from(format!("perimeter {n}"));
            fences.set(&id, &circle(n).into());
        }
        group.bench_function(format!("{count}_perimeters"), |bencher| {
            bencher.iter(|| {
                let told = legs.iter().map(|(from, to)| {
                    let told = fences.leg(black_box(Some(*from)), black_box(Some(*to)));
                    told.len()
                });
                told.sum::<usize>()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, legs);
criterion_main!(benches);
