//! The harness of the tests that need the whole program: it runs the real binary on a free port with a store of its own,
//! talks to it as feeds, browsers and GIS clients do, and owns what it starts.
//!
//! Promises: nothing outlives its owner, no test sleeps (conditions have deadlines), an unexpected warning in the server's
//! log fails the test. Refuses to know how the server works inside.

#![allow(
    clippy::missing_panics_doc,
    reason = "what a harness cannot do fails the test"
)]

mod certificate;
mod city;
mod clock_face;
mod command;
mod deaf;
mod demo;
mod disk;
mod live;
mod postgis;
mod recorded;
mod socket;
mod tile;
mod upstream;
mod visitor;
mod wait;

pub use certificate::Certificate;
pub use city::City;
pub use clock_face::{ClockFace, clock_library};
pub use command::{
    Ran, atalaya, atalaya_as, atalaya_at_a_terminal, atalaya_killed_when, atalaya_within, run,
};
pub use deaf::Deaf;
pub use demo::Demo;
pub use disk::Disk;
pub use live::{Held, Live, Texts};
pub use postgis::PostGis;
pub use recorded::{recorded, skipped};
pub use socket::Socket;
pub use tile::{Tile, TileFeature};
pub use upstream::{Answer, Asked, Upstream};
pub use visitor::{Reply, Visitor};
pub use wait::{DEADLINE, eventually, in_time};

use serde_json::{Value, json};

/// A point feature as the `geojson` adaptor takes it.
pub fn point(id: &str, lon: f64, lat: f64, properties: &Value) -> Value {
    json!({
        "type": "Feature",
        "id": id,
        "geometry": { "type": "Point", "coordinates": [lon, lat] },
        "properties": properties,
    })
}

/// Features as one collection.
pub fn collection(features: &[Value]) -> Value {
    json!({ "type": "FeatureCollection", "features": features })
}

/// The withdrawal of a feature.
pub fn withdrawn(id: &str) -> Value {
    json!({ "type": "Feature", "id": id, "geometry": null, "properties": { "withdrawn": true } })
}

/// The middle of the demo city, where the tests put things.
pub const DOWNTOWN: (f64, f64) = (-110.9747, 32.2217);

/// An incident as a dispatch system would post it.
pub fn incident(id: &str, lon: f64, lat: f64) -> Value {
    let properties = json!({
        "agency": "TPD", "discipline": "police", "type": "collision", "priority": 3, "status": "dispatched",
        "address": "Congress St & Stone Ave",
    });
    point(id, lon, lat, &properties)
}

/// The tile of a zoom that holds a position: the formula of the tile scheme, written out once more.
pub fn tile_at(lon: f64, lat: f64, z: u8) -> (u32, u32) {
    let side = f64::from(1_u32 << z);
    let x = (lon + 180.0) / 360.0 * side;
    let y = (1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0 * side;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positions are within the pyramid"
    )]
    let floor = |value: f64| value.floor() as u32;
    (floor(x), floor(y))
}
