//! Who answers which call: the nearest free crew of each kind that the call needs.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::{Call, Clear, TAKEOVER};
use super::chance::Chance;
use super::crews::Crew;
use super::place::Place;
use super::streets::Streets;

/// How far a crew is sent, and how long a call waits for one that is still busy.
struct Reach {
    far_m: f64,
    /// How far from its own post.
    from_post_m: f64,
    wait_ms: u32,
}

const EARLY: Reach = Reach {
    far_m: 7_000.0,
    from_post_m: 8_000.0,
    wait_ms: 240_000,
};

/// Toward the end of the cycle, so that every crew can be home in time at a lawful speed.
const LATE: Reach = Reach {
    far_m: 4_500.0,
    from_post_m: 4_500.0,
    wait_ms: 90_000,
};
const LATE_FROM_MS: u32 = 22 * 60_000;

/// A call that finds no crew is tried again after this, but no later in the cycle than [`LAST_SENT_MS`].
const RETRY_MS: u32 = 60_000;
const LAST_SENT_MS: u32 = 33 * 60_000;

/// A metre farther counts as much as this many milliseconds longer.
const MS_PER_METER: f64 = 60.0;
/// Streets are longer than the crow flies.
const DETOUR: f64 = 1.5;

/// A call that nobody can answer is closed after this.
const UNANSWERED_MS: u32 = 420_000;
/// A crew sent while it drives says so at once, though it only turns at the end of its block.
const ENDS_BLOCK_MS: u32 = 80_000;

/// Milliseconds of the cycle.
pub(super) type Ms = u32;

/// When what happened to a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) enroute: Option<Ms>,
    pub(super) on_scene: Option<Ms>,
    pub(super) closed: Ms,
}

/// Plays all calls and then sends every crew home. A call that finds no crew is tried again a few times.
pub(super) fn play(
    streets: &Streets,
    calls: &[Call],
    crews: &mut [Crew],
    chance: &mut Chance,
) -> Vec<Answer> {
    let mut attempts: BTreeSet<(u32, usize)> = calls
        .iter()
        .enumerate()
        .map(|(index, call)| (call.opened_ms + chance.within(2_000, 7_000), index))
        .collect();
    let mut answers = BTreeMap::new();
    while let Some((sent_ms, index)) = attempts.pop_first() {
        let Some(call) = calls.get(index) else {
            continue;
        };
        for crew in crews.iter_mut() {
            crew.pass_time(streets, sent_ms);
        }
        let chosen = choose(streets, call, crews, sent_ms);
        let again_ms = sent_ms + RETRY_MS;
        if chosen.is_empty() && again_ms < (call.opened_ms + UNANSWERED_MS).min(LAST_SENT_MS) {
            attempts.insert((again_ms, index));
        } else {
            answers.insert(index, send(streets, call, crews, &chosen, sent_ms));
        }
    }
    for crew in crews.iter_mut() {
        crew.finish(streets);
    }
    answers.into_values().collect()
}

fn choose(streets: &Streets, call: &Call, crews: &[Crew], sent_ms: u32) -> Vec<usize> {
    let reach = if sent_ms < LATE_FROM_MS { EARLY } else { LATE };
    let away_m = |crew: &Crew| streets.place(crew.at).distance_m(call.place);
    let delay_ms =
        |crew: &Crew| away_m(crew) * MS_PER_METER + f64::from(crew.now_ms.saturating_sub(sent_ms));
    let detail = std::ptr::eq(call.kind, &raw const TAKEOVER);
    let mut chosen: Vec<usize> = Vec::new();
    for need in call.kind.needs {
        let soonest = crews
            .iter()
            .enumerate()
            .filter(|(index, crew)| crew.kind == *need && !chosen.contains(index))
            .filter(|(_, crew)| crew.detail == detail && crew.now_ms <= sent_ms + reach.wait_ms)
            .filter(|(_, crew)| away_m(crew) < reach.far_m)
            .filter(|(_, crew)| crew.post(streets).distance_m(call.place) < reach.from_post_m)
            .filter(|(_, crew)| in_time(call, sent_ms, delay_ms(crew)))
            .min_by(|(_, a), (_, b)| delay_ms(a).total_cmp(&delay_ms(b)));
        chosen.extend(soonest.map(|(index, _)| index));
    }
    chosen
}

/// Nobody sets out for what will be over.
fn in_time(call: &Call, sent_ms: u32, delay_ms: f64) -> bool {
    match call.clear {
        Clear::At(at_ms) => f64::from(sent_ms) + delay_ms * DETOUR < f64::from(at_ms),
        Clear::AfterArrival(_) => true,
    }
}

fn send(
    streets: &Streets,
    call: &Call,
    crews: &mut [Crew],
    chosen: &[usize],
    sent_ms: u32,
) -> Answer {
    let free_ms = chosen
        .iter()
        .filter_map(|index| crews.get(*index))
        .map(|crew| crew.now_ms)
        .min();
    let mut arrivals: Vec<u32> = Vec::new();
    for (order, index) in chosen.iter().enumerate() {
        if let Some(crew) = crews.get_mut(*index) {
            arrivals.push(crew.respond(streets, call, parked(call.place, order)));
        }
    }
    let closed_ms = match (call.clear, arrivals.iter().max()) {
        (Clear::At(at_ms), _) => at_ms,
        (Clear::AfterArrival(scene_ms), Some(last)) => last + scene_ms,
        (Clear::AfterArrival(_), None) => call.opened_ms + UNANSWERED_MS,
    };
    for (order, index) in chosen.iter().enumerate() {
        if let Some(crew) = crews.get_mut(*index) {
            crew.work(streets, parked(call.place, order), closed_ms);
        }
    }
    Answer {
        enroute: free_ms.map(|free_ms| {
            if free_ms > sent_ms + ENDS_BLOCK_MS {
                free_ms
            } else {
                sent_ms
            }
        }),
        on_scene: arrivals.into_iter().min(),
        closed: closed_ms,
    }
}

/// The first crew stands at the scene, the others side by side next to it.
fn parked(scene: Place, order: usize) -> Place {
    let beside_m = 14.0 * f64::from(u32::try_from(order).unwrap_or(0));
    scene.moved(beside_m, -beside_m)
}
