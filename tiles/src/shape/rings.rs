//! Rings that came in no order: a shapefile has all those of a feature in one list, and readers of it give a hole to the
//! exterior before it.

use geo::Intersects;
use geo_types::Polygon;

/// Moves each hole to the exterior that it lies in, if that is another than it was given with.
pub fn holes_at_home(polygons: Vec<Polygon<f64>>) -> Vec<Polygon<f64>> {
    if polygons.len() < 2 {
        return polygons;
    }
    let (exteriors, holes): (Vec<_>, Vec<_>) =
        polygons.into_iter().map(Polygon::into_inner).unzip();
    let mut whole: Vec<Polygon<f64>> = exteriors
        .into_iter()
        .map(|ring| Polygon::new(ring, Vec::new()))
        .collect();
    for (given, holes) in holes.into_iter().enumerate() {
        for hole in holes {
            let around = |ring: &Polygon<f64>| hole.0.first().is_some_and(|at| ring.intersects(at));
            let own = whole.get(given).is_some_and(around);
            let found = if own {
                None
            } else {
                whole.iter().position(around)
            };
            if let Some(exterior) = whole.get_mut(found.unwrap_or(given)) {
                exterior.interiors_push(hole);
            }
        }
    }
    whole
}

#[cfg(test)]
mod tests;
