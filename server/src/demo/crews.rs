//! The units on duty and how each spends the evening between calls.
//!
//! A crew is played forward in time: patrols and community care wander near their post, engines and
//! medics wait at their station. Its legs are the record. At the end of the cycle every crew is back
//! where it began, so that the cycle can repeat without a jump.

use super::calls::Call;
use super::chance::Chance;
use super::legs::{Leg, Status, length_m, millis};
use super::place::Place;
use super::route;
use super::streets::{Edge, NodeIndex, Rank, Streets};

/// Wanderers turn back when they are farther from their post.
const BEAT_M: f64 = 2_000.0;
/// Nodes of the way back that are driven at a time.
const HOMEWARD_NODES: usize = 4;
/// Crews head home early enough to have this left at the end of a cycle.
const SPARE_MS: u32 = 120_000;
const HOMEWARD_MPS: f64 = 14.0;
const RESPONSE_MPS: f64 = 17.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnitKind {
    Patrol,
    Engine,
    Medic,
    Alternative,
    Drone,
    Tethered,
}

impl UnitKind {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Patrol => "patrol",
            Self::Engine => "engine",
            Self::Medic => "medic",
            Self::Alternative => "alternative",
            Self::Drone => "drone",
            Self::Tethered => "tethered",
        }
    }

    pub(super) const fn agency(self) -> &'static str {
        match self {
            Self::Patrol | Self::Drone | Self::Tethered => "Police (simulated)",
            Self::Engine | Self::Medic => "Fire (simulated)",
            Self::Alternative => "Community Care (simulated)",
        }
    }
}

use UnitKind::{Alternative, Engine, Medic, Patrol};

/// Call sign, kind and post of every unit that drives. The order gives the ids `sim-unit-01`, `-02`, …
pub(super) const ROSTER: [(&str, UnitKind, &str, &str); 32] = [
    ("4A11", Patrol, "Congress St", "6th Ave"),
    ("4A12", Patrol, "Speedway Blvd", "Stone Ave"),
    ("4A14", Patrol, "Grant Rd", "Oracle Rd"),
    ("4A17", Patrol, "St. Marys Rd", "Silverbell Rd"),
    ("4T01", Patrol, "22nd St", "Swan Rd"),
    ("4B22", Patrol, "22nd St", "Country Club Rd"),
    ("4B25", Patrol, "Broadway Blvd", "Alvernon Way"),
    ("4T02", Patrol, "22nd St", "Wilmot Rd"),
    ("4C31", Patrol, "Speedway Blvd", "Campbell Ave"),
    ("4C33", Patrol, "Grant Rd", "Alvernon Way"),
    ("4C34", Patrol, "Prince Rd", "Campbell Ave"),
    ("4C38", Patrol, "Speedway Blvd", "Craycroft Rd"),
    ("4D41", Patrol, "Valencia Rd", "12th Ave"),
    ("4D42", Patrol, "Irvington Rd", "Park Ave"),
    ("4D45", Patrol, "Ajo Way", "6th Ave"),
    ("4D47", Patrol, "Golf Links Rd", "Kolb Rd"),
    ("4T03", Patrol, "22nd St", "Kolb Rd"),
    ("E1", Engine, "Cushing St", "Church Ave"),
    ("E3", Engine, "Grant Rd", "1st Ave"),
    ("E5", Engine, "22nd St", "Craycroft Rd"),
    ("E8", Engine, "Prince Rd", "1st Ave"),
    ("E11", Engine, "Speedway Blvd", "Swan Rd"),
    ("E16", Engine, "Irvington Rd", "12th Ave"),
    ("E17", Engine, "Golf Links Rd", "Kolb Rd"),
    ("M4", Medic, "22nd St", "Park Ave"),
    ("M7", Medic, "Grant Rd", "Country Club Rd"),
    ("M10", Medic, "Broadway Blvd", "Wilmot Rd"),
    ("M15", Medic, "Valencia Rd", "Campbell Ave"),
    ("M17", Medic, "Broadway Blvd", "Pantano Rd"),
    ("CARE 1", Alternative, "6th Ave", "6th St"),
    ("CARE 2", Alternative, "Speedway Blvd", "Alvernon Way"),
    ("CARE 3", Alternative, "29th St", "6th Ave"),
];

/// Call signs of the street racing detail.
const DETAIL_PREFIX: &str = "4T";

/// One unit while its evening is written.
#[derive(Debug, Clone)]
pub(super) struct Crew {
    pub(super) kind: UnitKind,
    /// Kept free for street takeovers, and sent to nothing else.
    pub(super) detail: bool,
    pub(super) legs: Vec<Leg>,
    /// Up to when the legs are written.
    pub(super) now_ms: u32,
    pub(super) at: NodeIndex,
    home: NodeIndex,
    before: NodeIndex,
    end_ms: u32,
    chance: Chance,
}

impl Crew {
    /// A crew at its post at the start of a cycle that ends at `end_ms`.
    pub(super) fn new(
        call_sign: &str,
        kind: UnitKind,
        home: NodeIndex,
        end_ms: u32,
        chance: Chance,
    ) -> Self {
        Self {
            kind,
            detail: call_sign.starts_with(DETAIL_PREFIX),
            legs: Vec::new(),
            now_ms: 0,
            at: home,
            home,
            before: home,
            end_ms,
            chance,
        }
    }

    /// Where the crew begins and ends its evening.
    pub(super) fn post(&self, streets: &Streets) -> Place {
        streets.place(self.home)
    }

    /// Plays on until `until_ms`, or until the block begun before it is driven.
    pub(super) fn pass_time(&mut self, streets: &Streets, until_ms: u32) {
        while self.now_ms < until_ms {
            match self.kind {
                Patrol | Alternative => self.wander(streets),
                Engine | Medic | UnitKind::Drone | UnitKind::Tethered => {
                    self.wait_at_home(streets, until_ms);
                }
            }
        }
    }

    /// Drives to the scene; gives the time of arrival. A scene within a block is reached from the end that comes first.
    pub(super) fn respond(&mut self, streets: &Streets, call: &Call, scene: Place) -> u32 {
        let mut way = route::nodes(streets, self.at, call.node);
        if let (Some(far_end), [.., last_but_one, _]) = (call.far_end, way.as_slice())
            && *last_but_one == far_end
        {
            way.pop();
        }
        self.at = way.last().copied().unwrap_or(call.node);
        self.before = self.at;
        let mut path: Vec<Place> = way.iter().map(|index| streets.place(*index)).collect();
        path.push(scene);
        let speed_mps = RESPONSE_MPS * self.chance.between(0.9, 1.1);
        self.push(Leg::drive(self.now_ms, path, speed_mps, Status::Enroute));
        self.now_ms
    }

    /// Stays at the scene until `until_ms` and drives back to the network.
    pub(super) fn work(&mut self, streets: &Streets, scene: Place, until_ms: u32) {
        self.push(Leg::stay(
            self.now_ms,
            until_ms.max(self.now_ms),
            scene,
            Status::OnScene,
        ));
        let back = vec![scene, streets.place(self.at)];
        if length_m(&back) > 1.0 {
            self.push(Leg::drive(
                self.now_ms,
                back,
                HOMEWARD_MPS,
                Status::Available,
            ));
        }
    }

    /// Brings the crew home by the end of the cycle.
    pub(super) fn finish(&mut self, streets: &Streets) {
        while self.now_ms + self.homeward_ms(streets) + SPARE_MS < self.end_ms {
            self.pass_time(streets, self.now_ms + 10_000);
        }
        self.drive_home(streets);
        let home = self.post(streets);
        self.push(Leg::stay(self.now_ms, self.end_ms, home, Status::Available));
    }

    /// All the way, and faster than usual if the cycle ends soon.
    fn drive_home(&mut self, streets: &Streets) {
        let path = route::places(streets, self.at, self.home);
        let left_ms = self.end_ms.saturating_sub(self.now_ms).max(2_000) - 1_000;
        let speed_mps = HOMEWARD_MPS.max(length_m(&path) * 1000.0 / f64::from(left_ms));
        self.at = self.home;
        if path.len() > 1 {
            self.push(Leg::drive(self.now_ms, path, speed_mps, Status::Available));
        }
    }

    /// How long the way home takes at most, guessed from the distance: a grid is half as long again.
    fn homeward_ms(&self, streets: &Streets) -> u32 {
        let straight_m = streets.place(self.at).distance_m(self.post(streets));
        millis(straight_m * 1.5 / HOMEWARD_MPS)
    }

    fn push(&mut self, leg: Leg) {
        self.now_ms = leg.to_ms;
        self.legs.push(leg);
    }

    fn wait_at_home(&mut self, streets: &Streets, until_ms: u32) {
        if self.at != self.home {
            self.drive_home(streets);
        }
        if self.now_ms < until_ms {
            self.push(Leg::stay(
                self.now_ms,
                until_ms,
                streets.place(self.home),
                Status::Available,
            ));
        }
    }

    /// One block, and now and then a red light or a stop.
    fn wander(&mut self, streets: &Streets) {
        let here = streets.place(self.at);
        if here.distance_m(self.post(streets)) > BEAT_M {
            return self.head_home(streets);
        }
        let Some(edge) = self.next_edge(streets).cloned() else {
            return self.push(Leg::stay(
                self.now_ms,
                self.now_ms + 10_000,
                here,
                Status::Available,
            ));
        };
        let cruise_mps = match edge.rank {
            Rank::Major => 15.0,
            Rank::Medium => 12.0,
            Rank::Minor => 8.0,
        };
        let speed_mps = cruise_mps * self.chance.between(0.85, 1.1);
        let there = streets.place(edge.to);
        self.push(Leg::drive(
            self.now_ms,
            vec![here, there],
            speed_mps,
            Status::Available,
        ));
        (self.before, self.at) = (self.at, edge.to);
        let drawn = self.chance.below(100);
        if drawn < 4 {
            let stop_ms = self.chance.within(50_000, 80_000);
            self.push(Leg::stay(
                self.now_ms,
                self.now_ms + stop_ms,
                there,
                Status::Busy,
            ));
        } else if drawn < 30 && edge.rank != Rank::Minor {
            let red_ms = self.chance.within(5_000, 22_000);
            self.push(Leg::stay(
                self.now_ms,
                self.now_ms + red_ms,
                there,
                Status::Available,
            ));
        }
    }

    fn head_home(&mut self, streets: &Streets) {
        let way = route::nodes(streets, self.at, self.home);
        let next: Vec<NodeIndex> = way.into_iter().take(HOMEWARD_NODES + 1).collect();
        let path: Vec<Place> = next.iter().map(|index| streets.place(*index)).collect();
        if let [.., before, last] = next.as_slice() {
            (self.before, self.at) = (*before, *last);
        }
        self.push(Leg::drive(
            self.now_ms,
            path,
            HOMEWARD_MPS,
            Status::Available,
        ));
    }

    /// Straight on more often than not; back only from a dead end.
    fn next_edge<'a>(&mut self, streets: &'a Streets) -> Option<&'a Edge> {
        let edges = streets.edges(self.at);
        let here = streets.place(self.at);
        let onward: Vec<&Edge> = edges.iter().filter(|edge| edge.to != self.before).collect();
        let heading_deg = streets.place(self.before).heading_deg(here);
        let ahead = onward.iter().find(|edge| {
            let turn = (here.heading_deg(streets.place(edge.to)) - heading_deg + 180.0)
                .rem_euclid(360.0)
                - 180.0;
            turn.abs() < 30.0
        });
        match ahead {
            Some(edge) if self.chance.part() < 0.6 => Some(edge),
            Some(_) | None => self.chance.pick(&onward).copied().or(edges.first()),
        }
    }
}
