//! Areas of an alert: `polygon` is `lat,lon lat,lon …`, `circle` is `lat,lon radius` with the radius in
//! kilometres (CAP 1.2 section 3.2.4), and `geocode` names zones that are drawn elsewhere.
//!
//! Empty polygons are common and mean none; a circle of radius 0 is a place, not an area, and means
//! none either. A circle that reaches over a pole or the antimeridian is reported and left out, as is a
//! polygon that is not valid.

use super::super::target::{Fault, Target};
use super::super::xml::Element;
use atalaya_tiles::{Bearing, Bounds, LonLat, MAX_POSITIONS, Meters, Rings, Shape};
use geo_types::{Coord, Geometry};

/// Corners of the polygon that stands for a circle.
const CIRCLE_CORNERS: u8 = 64;
/// The most kilometres a circle's radius can have: half way to the other side of the Earth.
const MAX_RADIUS_KM: f64 = 10_000.0;

/// The most areas of one alert that are looked at.
const MAX_AREAS: usize = 2_000;

/// The place that areas make together, and what was wrong with parts of them.
pub(super) fn place(target: Target<'_>, areas: &[&Element]) -> (Option<Geometry<f64>>, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut polygons: Vec<Rings> = Vec::new();
    let (mut looked_at, mut positions) = (0, 0);
    for (element, read, pointer) in areas.iter().flat_map(|area| drawn(area)) {
        looked_at += 1;
        if looked_at > MAX_AREAS || positions > MAX_POSITIONS {
            let most = format!(
                "more than {MAX_AREAS} polygons and circles, or {MAX_POSITIONS} positions: no area is shown"
            );
            faults.push(Fault::new(most, "/info/area"));
            return (None, faults);
        }
        let ring = read(element.text.trim());
        positions += ring
            .as_ref()
            .map_or(0, |ring| ring.iter().flatten().count());
        match ring {
            Ok(Some(ring)) if polygons.iter().any(|had| had.first() == Some(&ring)) => {}
            Ok(Some(ring)) => match Shape::Polygons(vec![vec![ring.clone()]]).into_geometry() {
                Ok(_) => polygons.push(vec![ring]),
                Err(bad) => faults.push(Fault::new(bad, pointer)),
            },
            Ok(None) => {}
            Err(reason) => faults.push(Fault::new(reason, pointer)),
        }
    }
    if polygons.is_empty() {
        return (None, faults);
    }
    let whole = Shape::Polygons(polygons).without_overlaps();
    let whole = whole.map_err(|bad| Fault::new(bad, ""));
    match whole.and_then(|whole| target.place(Some(whole))) {
        Ok(place) => (place, faults),
        Err(fault) => {
            faults.push(Fault::new(fault.reason, "/info/area"));
            (None, faults)
        }
    }
}

/// What an area draws, each with how it is read and where it stands.
fn drawn(area: &Element) -> impl Iterator<Item = (&Element, Reader, &'static str)> {
    let polygons = area
        .all("polygon")
        .map(|e| (e, polygon as Reader, "/info/area/polygon"));
    let circles = area
        .all("circle")
        .map(|e| (e, circle as Reader, "/info/area/circle"));
    polygons.chain(circles)
}

type Ring = Vec<Coord<f64>>;
type Reader = fn(&str) -> Result<Option<Ring>, String>;

fn lat_lon(text: &str) -> Result<Coord<f64>, String> {
    let pair = text.split_once(',').and_then(|(lat, lon)| {
        let [y, x] = [lat, lon].map(|degrees| degrees.trim().parse::<f64>());
        Some(Coord {
            x: x.ok()?,
            y: y.ok()?,
        })
    });
    pair.ok_or_else(|| {
        let text: String = text.chars().take(40).collect();
        format!("\"{text}\" is not latitude,longitude")
    })
}

fn polygon(text: &str) -> Result<Option<Ring>, String> {
    let ring = text
        .split_whitespace()
        .map(lat_lon)
        .collect::<Result<Ring, _>>()?;
    Ok((!ring.is_empty()).then_some(ring))
}

fn circle(text: &str) -> Result<Option<Ring>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let bad = || {
        format!(
            "\"{}\" is not latitude,longitude radius",
            text.chars().take(40).collect::<String>()
        )
    };
    let (center, radius_km) = text.split_once(char::is_whitespace).ok_or_else(bad)?;
    let Coord { x, y } = lat_lon(center)?;
    let center = LonLat::new(x, y).map_err(|off| off.to_string())?;
    let radius_km: f64 = radius_km.trim().parse().map_err(|_| bad())?;
    if !(0.0..=MAX_RADIUS_KM).contains(&radius_km) {
        return Err(format!(
            "a radius of {radius_km} km is not within 0 and {MAX_RADIUS_KM}"
        ));
    }
    if radius_km == 0.0 {
        return Ok(None);
    }
    let radius = Meters(radius_km * 1_000.0);
    let bounds = Bounds::around(center, radius);
    if bounds.west() >= bounds.east() || bounds.south() <= -90.0 || bounds.north() >= 90.0 {
        return Err("a circle that reaches over a pole or the antimeridian".to_owned());
    }
    let corners = (0..CIRCLE_CORNERS).rev().filter_map(|corner| {
        let bearing = Bearing::new(360.0 * f64::from(corner) / f64::from(CIRCLE_CORNERS))?;
        let at = center.destination(bearing, radius);
        Some(Coord {
            x: at.lon(),
            y: at.lat(),
        })
    });
    let mut ring: Ring = corners.collect();
    ring.extend(ring.first().copied());
    Ok(Some(ring))
}

/// The zones that areas name, in the first system of these that they use: UGC as it is (`AZZ501`),
/// others with the system before the code (`SAME 006109`).
pub(super) fn zones(areas: &[&Element]) -> Vec<String> {
    let codes = || {
        areas
            .iter()
            .flat_map(|area| area.all("geocode"))
            .filter_map(|code| Some((code.text_at(&["valueName"])?, code.text_at(&["value"])?)))
    };
    for system in ["UGC", "SAME", "FIPS6"] {
        let mut zones: Vec<String> = codes()
            .filter(|(name, _)| *name == system)
            .map(|(name, code)| {
                if name == "UGC" {
                    code.to_owned()
                } else {
                    format!("{name} {code}")
                }
            })
            .collect();
        if !zones.is_empty() {
            zones.dedup();
            return zones;
        }
    }
    codes()
        .map(|(name, code)| format!("{name} {code}"))
        .collect()
}
