//! The data that both sides hold: observations all over a city, the same every time.

use atalaya_tests::{point, tile_at};
use serde_json::{Value, json};

pub(crate) const WEST: f64 = -111.15;
pub(crate) const SOUTH: f64 = 32.05;
pub(crate) const EAST: f64 = -110.70;
pub(crate) const NORTH: f64 = 32.40;

const KINDS: [&str; 6] = [
    "camera",
    "alpr_hit",
    "street_racing",
    "blockage",
    "incident",
    "protest",
];
/// 2026-01-01T00:00:00Z in milliseconds, and a span of 300 days.
const FIRST_MS: i64 = 1_767_225_600_000;
const SPAN_MS: f64 = 300.0 * 86_400e3;

/// One observation.
#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) id: u32,
    pub(crate) lon: f64,
    pub(crate) lat: f64,
    pub(crate) kind: &'static str,
    pub(crate) ts_ms: i64,
    pub(crate) severity: u32,
    pub(crate) heading: u32,
    pub(crate) label: String,
}

/// 32 bits of the finaliser of `SplitMix64` (Steele, Lea and Flood, 2014).
pub(crate) fn mixed(number: u32, salt: u32) -> u32 {
    let mut z = (u64::from(number) << 32 | u64::from(salt)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    u32::try_from((z ^ z >> 31) >> 32).unwrap_or_default()
}

/// From 0 to below 1.
pub(crate) fn share(number: u32, salt: u32) -> f64 {
    f64::from(mixed(number, salt)) / 4_294_967_296.0
}

impl Observation {
    pub(crate) fn of(id: u32) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a span of 300 days")]
        let after_ms = (share(id, 2) * SPAN_MS) as i64;
        Self {
            id,
            lon: WEST + share(id, 0) * (EAST - WEST),
            lat: SOUTH + share(id, 1) * (NORTH - SOUTH),
            kind: KINDS[mixed(id, 3) as usize % KINDS.len()],
            ts_ms: FIRST_MS + after_ms,
            severity: 1 + mixed(id, 4) % 5,
            heading: mixed(id, 5) % 360,
            label: format!("obs-{:08x}", mixed(id, 6)),
        }
    }

    /// As a feed tells it.
    pub(crate) fn feature(&self) -> Value {
        let properties = json!({
            "kind": self.kind, "ts": self.ts_ms, "severity": self.severity, "heading": self.heading, "label": self.label,
        });
        point(&self.id.to_string(), self.lon, self.lat, &properties)
    }

    /// As a line of CSV.
    pub(crate) fn line(&self) -> String {
        let Self {
            id,
            lon,
            lat,
            kind,
            ts_ms,
            severity,
            heading,
            label,
        } = self;
        format!("{id},{lon},{lat},{kind},{ts_ms},{severity},{heading},{label}\n")
    }
}

/// Tiles that the data covers, in no order: two hundred, or all there are.
pub(crate) fn tiles(z: u8) -> Vec<(u32, u32)> {
    let ((left, top), (right, bottom)) = (tile_at(WEST, NORTH, z), tile_at(EAST, SOUTH, z));
    // Where there are enough, those that the edge of the data cuts are left out.
    let inside = u32::from(right - left > 2);
    let (left, top) = (left + inside, top + inside);
    let (wide, high) = (right - inside + 1 - left, bottom - inside + 1 - top);
    let all = wide * high;
    if all <= 200 {
        return (0..all)
            .map(|at| (left + at % wide, top + at / wide))
            .collect();
    }
    (0..200)
        .map(|at| (left + mixed(at, 7) % wide, top + mixed(at, 8) % high))
        .collect()
}
