//! Fences: which watched areas a position is in, and what a movement makes of that.
//!
//! Nothing is remembered of what was inside what. A transition is the difference between the two ends of a
//! leg, which is the way from one fix of a track to the next by the time of observation:
//!
//! ```text
//!   out ──▶ in   enter        in ──▶ out   exit        out ──|area|──▶ out   cross
//! ```
//!
//! So the crossings of a track are a function of its fixes, in whatever order they came: a late fix puts
//! two legs in the place of one, by which crossings are made and others unmade. Per fence and track, enter
//! and exit alternate.
//!
//! Areas are closed: their edge belongs to them. A leg is the straight line in degrees (RFC 7946, section
//! 3.1.1), the short way over the antimeridian; an area there is given in parts (section 3.1.9). The words
//! are those of Tile38 and OGC Moving Features.

use crate::feature::{FeatureId, Fix};
use crate::place::LonLat;
use geo::{BoundingRect, Intersects};
use geo_types::{Coord, Geometry, Line, Polygon};
use imbl::OrdMap;
use jiff::Timestamp;
use rstar::{AABB, RTree, RTreeObject};
use std::sync::Arc;

/// What a leg does to a fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transition {
    /// It begins outside, or is the first that is known, and ends inside.
    Enter,
    /// It begins inside and ends outside, or nowhere.
    Exit,
    /// It begins and ends outside, and the straight line between meets the area.
    Cross,
}

/// One transition of a track.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crossing {
    /// When the fix was observed that the leg ends with.
    pub at: Timestamp,
    /// Of which fence.
    pub fence: FeatureId,
    /// What happened.
    pub transition: Transition,
}

/// What a change of a track does to its crossings. Both lists are in order of time, then of fence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Crossings {
    /// Those that are known now.
    pub made: Vec<Crossing>,
    /// Those told before that a late fix has shown to be untrue, or true of another instant.
    pub unmade: Vec<Crossing>,
}

/// The areas that are watched. A clone shares with it what neither has changed since.
#[derive(Debug, Clone, Default)]
pub struct Fences {
    by_id: OrdMap<FeatureId, Arc<Fence>>,
    tree: Arc<RTree<Entry>>,
}

#[derive(Debug)]
struct Fence {
    id: FeatureId,
    parts: Box<[Polygon<f64>]>,
}

impl Fence {
    fn entries(self: &Arc<Self>) -> impl Iterator<Item = Entry> {
        let envelopes = self.parts.iter().filter_map(envelope);
        envelopes.map(|envelope| Entry {
            envelope,
            fence: Arc::clone(self),
        })
    }

    fn holds(&self, at: Coord<f64>) -> bool {
        self.parts.iter().any(|part| part.intersects(&at))
    }

    fn meets(&self, line: &Line<f64>) -> bool {
        self.parts.iter().any(|part| part.intersects(line))
    }
}

/// One part of a fence in the tree, by its box.
#[derive(Debug, Clone)]
struct Entry {
    envelope: AABB<[f64; 2]>,
    fence: Arc<Fence>,
}

impl RTreeObject for Entry {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        self.envelope
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.fence, &other.fence) && self.envelope == other.envelope
    }
}

impl Fences {
    /// Watches an area in the place of the one that had this id. Says whether there is one to watch:
    /// of a geometry only its polygons are.
    pub fn set(&mut self, id: &FeatureId, area: &Geometry<f64>) -> bool {
        self.remove(id);
        let mut parts = Vec::new();
        polygons(area, &mut parts);
        let fence = Arc::new(Fence {
            id: id.clone(),
            parts: parts.into(),
        });
        let tree = Arc::make_mut(&mut self.tree);
        let size = tree.size();
        for entry in fence.entries() {
            tree.insert(entry);
        }
        let watched = tree.size() > size;
        if watched {
            self.by_id.insert(id.clone(), fence);
        }
        watched
    }

    /// Watches an area no longer; says whether it was.
    pub fn remove(&mut self, id: &FeatureId) -> bool {
        let Some(fence) = self.by_id.remove(id) else {
            return false;
        };
        let tree = Arc::make_mut(&mut self.tree);
        for entry in fence.entries() {
            tree.remove(&entry);
        }
        true
    }

    /// How many areas are watched.
    pub fn count(&self) -> usize {
        self.by_id.len()
    }

    /// The fences that a position is in, in order of id.
    pub fn at(&self, at: LonLat) -> Vec<FeatureId> {
        let leg = self.leg(None, Some(at));
        leg.into_iter().map(|(fence, _)| fence).collect()
    }

    /// What a leg does, in order of fence; `None` is where something is before it is first known, or
    /// after it has left.
    pub fn leg(&self, from: Option<LonLat>, to: Option<LonLat>) -> Vec<(FeatureId, Transition)> {
        let [first, second] = lines(from, to);
        let mut near: Vec<&Arc<Fence>> = Vec::new();
        for line in first.iter().chain(&second) {
            let envelope = AABB::from_corners(line.start.into(), line.end.into());
            let entries = self.tree.locate_in_envelope_intersecting(envelope);
            near.extend(entries.map(|entry| &entry.fence));
        }
        near.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        near.dedup_by(|a, b| Arc::ptr_eq(a, b));
        let within =
            |fence: &Fence, at: Option<LonLat>| at.is_some_and(|at| fence.holds(coord(at)));
        let transition = |fence: &Fence| match (within(fence, from), within(fence, to)) {
            (false, true) => Some(Transition::Enter),
            (true, false) => Some(Transition::Exit),
            (true, true) => None,
            (false, false) => {
                let mut lines = first.iter().chain(&second);
                lines
                    .any(|line| fence.meets(line))
                    .then_some(Transition::Cross)
            }
        };
        let told = |fence: &Arc<Fence>| Some((fence.id.clone(), transition(fence)?));
        near.into_iter().filter_map(told).collect()
    }

    /// What becomes of a track's crossings when its fixes, in order of observation, change from
    /// `before` to `after`. What a track has forgotten at its beginning unmakes nothing.
    pub fn crossings(&self, before: &[Fix], after: &[Fix]) -> Crossings {
        let forgotten = after
            .first()
            .and_then(|first| before.iter().position(|fix| fix == first));
        let before = before.get(forgotten.unwrap_or(0)..).unwrap_or_default();
        let pairs = before.iter().zip(after);
        let same = pairs.take_while(|(was, is)| was == is).count();
        let (was, is) = (&before[same..], &after[same..]);
        let pairs = was.iter().rev().zip(is.iter().rev());
        let same_at_end = pairs.take_while(|(was, is)| was == is).count();
        let start = same.checked_sub(1).map(|last| before[last]);
        let changed = |fixes: &[Fix]| {
            // The leg that leads to the first fix after the change is another one too.
            let end = (fixes.len() + 1).saturating_sub(same_at_end);
            let legs = fixes.get(..end).unwrap_or(fixes);
            self.along(start, legs)
        };
        if was.is_empty() && is.is_empty() {
            return Crossings::default();
        }
        let (unmade, made) = (changed(was), changed(is));
        let without = |these: &[Crossing], those: &[Crossing]| {
            let left = these.iter().filter(|it| those.binary_search(it).is_err());
            left.cloned().collect()
        };
        Crossings {
            made: without(&made, &unmade),
            unmade: without(&unmade, &made),
        }
    }

    /// The crossings of the legs that end with these fixes, in order.
    fn along(&self, start: Option<Fix>, fixes: &[Fix]) -> Vec<Crossing> {
        let mut from = start.map(|fix| fix.at);
        let mut all = Vec::new();
        for fix in fixes {
            let leg = self.leg(from, Some(fix.at)).into_iter();
            all.extend(leg.map(|(fence, transition)| Crossing {
                at: fix.observed_at,
                fence,
                transition,
            }));
            from = Some(fix.at);
        }
        all
    }
}

/// The polygons of a geometry, however deep.
fn polygons(geometry: &Geometry<f64>, parts: &mut Vec<Polygon<f64>>) {
    match geometry {
        Geometry::Polygon(polygon) => parts.push(polygon.clone()),
        Geometry::MultiPolygon(many) => parts.extend(many.iter().cloned()),
        Geometry::Rect(rect) => parts.push(rect.to_polygon()),
        Geometry::Triangle(triangle) => parts.push(triangle.to_polygon()),
        Geometry::GeometryCollection(all) => {
            for geometry in all {
                polygons(geometry, parts);
            }
        }
        Geometry::Point(_)
        | Geometry::MultiPoint(_)
        | Geometry::Line(_)
        | Geometry::LineString(_)
        | Geometry::MultiLineString(_) => {}
    }
}

fn envelope(part: &Polygon<f64>) -> Option<AABB<[f64; 2]>> {
    let rect = part.bounding_rect()?;
    Some(AABB::from_corners(rect.min().into(), rect.max().into()))
}

fn coord(at: LonLat) -> Coord<f64> {
    Coord {
        x: at.lon(),
        y: at.lat(),
    }
}

/// The straight line from one position to another: two lines where the short way is over the
/// antimeridian, a line without length where one end is nowhere.
fn lines(from: Option<LonLat>, to: Option<LonLat>) -> [Option<Line<f64>>; 2] {
    let (Some(from), Some(to)) = (from.or(to), to.or(from)) else {
        return [None, None];
    };
    let (start, end) = (coord(from), coord(to));
    let east = end.x - start.x;
    if east.abs() <= 180.0 {
        return [Some(Line::new(start, end)), None];
    }
    let (edge, east) = if east < 0.0 {
        (180.0, east + 360.0)
    } else {
        (-180.0, east - 360.0)
    };
    // From one side of the antimeridian itself to the other there is no way at all.
    let share = Some((edge - start.x) / east).filter(|share| share.is_finite());
    let y = start.y + share.unwrap_or(0.0) * (end.y - start.y);
    [
        Some(Line::new(start, Coord { x: edge, y })),
        Some(Line::new(Coord { x: -edge, y }, end)),
    ]
}

#[cfg(test)]
mod tests;
