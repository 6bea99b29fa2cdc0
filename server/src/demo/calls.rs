//! The calls of one cycle: what is reported, where, and who is needed.
//!
//! Half a minute in, five calls are open, so that a screen is alive from the start; then one comes every half minute or so until
//! [`LAST_OPENED_MS`], early enough for every crew to be home when the cycle ends.

use super::chance::Chance;
use super::crews::UnitKind;
use super::place::Place;
use super::streets::{NodeIndex, Streets, spoken};

/// No call is opened later in a cycle.
const LAST_OPENED_MS: u32 = 31 * 60_000;

/// Where Tucson's house numbers begin: Stone Avenue and Broadway.
const ORIGIN: Place = Place::new(-110.971_8, 32.221_2);

/// House numbers to a metre: about 1,050 to a mile.
const NUMBERS_PER_METER: f64 = 0.652;

use UnitKind::{Alternative, Engine, Medic, Patrol};

/// A kind of call.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) discipline: &'static str,
    pub(super) title: &'static str,
    /// 1 to 9, 1 highest.
    pub(super) priority: u8,
    pub(super) needs: &'static [UnitKind],
    /// Least and most time at the scene, seconds.
    scene_s: (u32, u32),
    /// How often it comes, among all kinds.
    weight: u32,
}

/// When a call is cleared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Clear {
    /// So long after the last crew came.
    AfterArrival(u32),
    /// At a fixed time of the cycle.
    At(u32),
}

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) opened_ms: u32,
    pub(super) kind: &'static Kind,
    /// Where crews leave the network, and the scene itself.
    pub(super) node: NodeIndex,
    /// The other end of the block, where the scene is not at a crossing.
    pub(super) far_end: Option<NodeIndex>,
    pub(super) place: Place,
    pub(super) address: String,
    pub(super) clear: Clear,
}

impl Kind {
    /// A kind of call that only the story opens.
    const fn new(
        discipline: &'static str,
        title: &'static str,
        priority: u8,
        needs: &'static [UnitKind],
    ) -> Self {
        Self {
            discipline,
            title,
            priority,
            needs,
            scene_s: (300, 301),
            weight: 0,
        }
    }

    /// The same kind, which comes by chance too, and how long it takes at the scene.
    const fn by_chance(self, weight: u32, scene_s: (u32, u32)) -> Self {
        Self {
            scene_s,
            weight,
            ..self
        }
    }
}

pub(super) static COLLISION: Kind = Kind::new(
    "police",
    "Traffic collision, injuries",
    2,
    &[Patrol, Engine, Medic],
)
.by_chance(4, (260, 420));
static SHOTS: Kind =
    Kind::new("police", "Shots heard", 1, &[Patrol, Patrol]).by_chance(2, (150, 260));
static CHEST_PAIN: Kind =
    Kind::new("medical", "Chest pain", 1, &[Medic, Engine]).by_chance(3, (240, 360));
static STRUCTURE_FIRE: Kind =
    Kind::new("fire", "Structure fire", 1, &[Engine, Engine, Medic]).by_chance(1, (380, 540));
static WELFARE: Kind =
    Kind::new("alternative", "Welfare check", 6, &[Alternative]).by_chance(3, (160, 280));
pub(super) static TAKEOVER: Kind =
    Kind::new("police", "Street takeover", 2, &[Patrol, Patrol, Patrol]);
pub(super) static MARCH_TRAFFIC: Kind = Kind::new(
    "police",
    "Traffic control, permitted march",
    8,
    &[Patrol, Patrol],
);

static OTHERS: [Kind; 15] = [
    Kind::new("police", "Burglar alarm", 6, &[Patrol]).by_chance(5, (110, 200)),
    Kind::new("police", "Disturbance", 4, &[Patrol, Patrol]).by_chance(6, (150, 280)),
    Kind::new("police", "Robbery report", 2, &[Patrol, Patrol]).by_chance(2, (200, 320)),
    Kind::new("police", "Suspicious vehicle", 6, &[Patrol]).by_chance(5, (90, 180)),
    Kind::new("police", "Noise complaint", 7, &[Patrol]).by_chance(4, (80, 150)),
    Kind::new("police", "Stolen vehicle report", 5, &[Patrol]).by_chance(3, (160, 260)),
    Kind::new("police", "Traffic hazard", 5, &[Patrol]).by_chance(4, (90, 200)),
    Kind::new("medical", "Fall injury", 4, &[Medic]).by_chance(5, (180, 300)),
    Kind::new("medical", "Breathing difficulty", 2, &[Medic, Engine]).by_chance(4, (200, 320)),
    Kind::new("medical", "Unwell person", 3, &[Medic]).by_chance(4, (160, 260)),
    Kind::new("fire", "Fire alarm", 5, &[Engine]).by_chance(3, (120, 220)),
    Kind::new("fire", "Vehicle fire", 3, &[Engine]).by_chance(2, (200, 320)),
    Kind::new("fire", "Wires down", 4, &[Engine]).by_chance(2, (180, 300)),
    Kind::new("alternative", "Person in distress", 3, &[Alternative]).by_chance(3, (180, 320)),
    Kind::new("alternative", "Transport request", 7, &[Alternative]).by_chance(3, (150, 260)),
];

/// The calls that open a cycle: when, what, at which crossing.
static OPENING: [(u32, &Kind, &str, &str); 5] = [
    (800, &COLLISION, "Speedway Blvd", "Country Club Rd"),
    (3_200, &SHOTS, "Grant Rd", "Oracle Rd"),
    (9_000, &CHEST_PAIN, "6th Ave", "29th St"),
    (15_500, &STRUCTURE_FIRE, "Pima St", "Columbus Blvd"),
    (22_000, &WELFARE, "Congress St", "Stone Ave"),
];

/// All calls of a cycle but those of the takeover and the march, by time.
pub(super) fn of_a_cycle(streets: &Streets, chance: &mut Chance) -> Vec<Call> {
    let mut calls: Vec<Call> = OPENING
        .iter()
        .map(|(opened_ms, kind, one, other)| {
            let node = streets.crossing_or_any(one, other, chance);
            let scene = Clear::AfterArrival(chance.within(kind.scene_s.0, kind.scene_s.1) * 1000);
            at_node(streets, *opened_ms, kind, node, scene)
        })
        .collect();
    let mut opened_ms = 34_000;
    while opened_ms < LAST_OPENED_MS {
        calls.push(somewhere(streets, opened_ms, chance));
        opened_ms += chance.within(24_000, 50_000);
    }
    calls
}

pub(super) fn at_node(
    streets: &Streets,
    opened_ms: u32,
    kind: &'static Kind,
    node: NodeIndex,
    clear: Clear,
) -> Call {
    Call {
        opened_ms,
        kind,
        node,
        far_end: None,
        place: streets.place(node),
        address: streets.title(node),
        clear,
    }
}

/// A random call in the city: at a crossing, or in the middle of a block.
fn somewhere(streets: &Streets, opened_ms: u32, chance: &mut Chance) -> Call {
    let kind = any_kind(chance);
    let clear = Clear::AfterArrival(chance.within(kind.scene_s.0, kind.scene_s.1) * 1000);
    let aim = Place::new(
        chance.between(-111.0, -110.815),
        chance.between(32.14, 32.28),
    );
    let node = streets.nearest(aim);
    let edge = chance
        .pick(streets.edges(node))
        .filter(|_| !streets.crosses(node) || chance.part() < 0.6);
    let Some(edge) = edge else {
        return at_node(streets, opened_ms, kind, node, clear);
    };
    let place = streets.place(node).mix(streets.place(edge.to), 0.5);
    Call {
        opened_ms,
        kind,
        node,
        far_end: Some(edge.to),
        place,
        address: block(place, &edge.name),
        clear,
    }
}

fn any_kind(chance: &mut Chance) -> &'static Kind {
    let all = || {
        OTHERS
            .iter()
            .chain([&COLLISION, &SHOTS, &CHEST_PAIN, &STRUCTURE_FIRE, &WELFARE])
    };
    let mut drawn = chance.below(all().map(|kind| kind.weight).sum());
    for kind in all() {
        if drawn < kind.weight {
            return kind;
        }
        drawn -= kind.weight;
    }
    &WELFARE
}

/// "3200 block of E Grant Rd". Numbers count from [`ORIGIN`], along the street's direction.
fn block(place: Place, street: &str) -> String {
    let avenue = ["Ave", "Dr"].iter().any(|ending| street.ends_with(ending))
        || NORTHBOUND.contains(&spoken(street));
    let (side, corner) = if avenue {
        (
            if place.lat > ORIGIN.lat { "N" } else { "S" },
            Place::new(ORIGIN.lon, place.lat),
        )
    } else {
        (
            if place.lon > ORIGIN.lon { "E" } else { "W" },
            Place::new(place.lon, ORIGIN.lat),
        )
    };
    let hundreds = (ORIGIN.distance_m(corner) * NUMBERS_PER_METER / 100.0).floor();
    format!("{:.0} block of {side} {street}", hundreds * 100.0)
}

/// North-south streets that are not called avenue.
const NORTHBOUND: [&str; 28] = [
    "Alvernon",
    "Country Club",
    "Tucson",
    "Swan",
    "Craycroft",
    "Wilmot",
    "Kolb",
    "Pantano",
    "Harrison",
    "Houghton",
    "Prudence",
    "Camino Seco",
    "Columbus",
    "Rosemont",
    "Dodge",
    "Oracle",
    "Romero",
    "La Cholla",
    "Flowing Wells",
    "Shannon",
    "Greasewood",
    "Kino",
    "Palo Verde",
    "Mission",
    "Silverbell",
    "Nogales",
    "Sabino Canyon",
    "Calle Santa Cruz",
];
