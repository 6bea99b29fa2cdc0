//! A day of a city: what its feeds would post, minute by minute, busier and quieter by the hour, with what feeds do
//! wrong: late, twice, corrected, taken back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::chance::Chance;
use super::model::{Seen, Told};
use super::world::{CITY, COVERT_MARK, NOTE_MARK, PLATE_MARK};

/// How busy an hour is; every quarter of a day alike, so that quarters can be compared.
const BUSY: [f64; 6] = [1.6, 0.6, 1.0, 0.5, 1.6, 0.7];
const PATROLS: u32 = 40;
const COVERT: u32 = 10;
const HOUR_S: i64 = 3_600;

/// Where something that moves is.
#[derive(Debug)]
struct Mover {
    at: (f64, f64),
    heading: f64,
    off_duty_until: i64,
}

/// The feeds of a city.
#[derive(Debug)]
pub(super) struct Traffic {
    chance: Chance,
    patrols: Vec<Mover>,
    covert: Vec<Mover>,
    /// What is open, as it was last told.
    open: BTreeMap<&'static str, Vec<Told>>,
    /// What is told too late: when, and what.
    late: Vec<(i64, Told)>,
    counted: u64,
}

impl Traffic {
    pub(super) fn new(mut chance: Chance) -> Self {
        let mut movers = |many: u32| (0..many).map(|_| Mover::new(&mut chance)).collect();
        let (patrols, covert) = (movers(PATROLS), movers(COVERT));
        Self {
            chance,
            patrols,
            covert,
            open: BTreeMap::new(),
            late: Vec::new(),
            counted: 0,
        }
    }

    /// What is told between two instants, in order; nothing of it is of the future.
    pub(super) fn between(&mut self, from: i64, to: i64) -> Vec<Told> {
        let hour = usize::try_from(to.div_euclid(HOUR_S).rem_euclid(6)).unwrap_or_default();
        let hours = f64::from(i32::try_from(to - from).unwrap_or_default()) / 3_600.0;
        // A burst now and then, besides.
        let burst = if self.chance.percent(2) { 4.0 } else { 1.0 };
        let share = BUSY[hour] * hours * burst;
        let mut told = self.due_late(to);
        self.moves(share, (from, to), &mut told);
        self.begins(share, (from, to), &mut told);
        self.goes_on(share, (from, to), &mut told);
        self.amiss(to, &mut told);
        told
    }

    /// An event that everybody notices.
    pub(super) fn beacon(&mut self, now: i64) -> Told {
        self.counted += 1;
        self.told("calls", format!("beacon-{}", self.counted), now)
    }

    fn due_late(&mut self, to: i64) -> Vec<Told> {
        let (due, later) = std::mem::take(&mut self.late)
            .into_iter()
            .partition(|(at, _)| *at <= to);
        self.late = later;
        due.into_iter().map(|(_, told)| told).collect()
    }

    /// Patrols, and those of which few know.
    fn moves(&mut self, share: f64, (from, to): (i64, i64), told: &mut Vec<Told>) {
        let Self { chance, .. } = self;
        for (layer, movers, an_hour) in [
            ("patrols", &mut self.patrols, 30.0),
            ("covert", &mut self.covert, 12.0),
        ] {
            for (number, mover) in movers.iter_mut().enumerate() {
                if to < mover.off_duty_until {
                    continue;
                }
                let times = chance.about(an_hour * share).min(4);
                for time in 0..times {
                    let step = (to - from) * i64::from(time + 1) / i64::from(times);
                    told.push(mover.moved(chance, layer, number, from + step));
                }
                if times > 0 && chance.below(1_500) == 0 {
                    mover.off_duty_until = to + chance.within(600, 3 * HOUR_S);
                    let last = told.last().expect("just pushed").clone();
                    told.push(Told { seen: None, ..last });
                } else if times > 0 && chance.below(400) == 0 {
                    // Silence: it goes stale, and leaves by itself.
                    mover.off_duty_until = to + chance.within(600, 2 * HOUR_S);
                }
            }
        }
    }

    /// What was not there before.
    fn begins(&mut self, share: f64, (from, to): (i64, i64), told: &mut Vec<Told>) {
        for (layer, an_hour) in [
            ("calls", 40.0),
            ("hits", 40.0),
            ("jams", 25.0),
            ("plates", 300.0),
        ] {
            for _ in 0..self.chance.about(an_hour * share) {
                self.counted += 1;
                let id = format!("{layer}-{}", self.counted);
                let at = self.chance.within(from + 1, to);
                let mut first = self.told(layer, id, at);
                if layer == "jams" && self.chance.percent(60) {
                    first.expires_at = Some(at + self.chance.within(-60, 5_000));
                }
                told.push(first.clone());
                if layer != "plates" || self.chance.percent(10) {
                    self.open.entry(layer).or_default().push(first);
                }
            }
        }
    }

    /// What becomes of what is open: it changes, is corrected, ends.
    fn goes_on(&mut self, share: f64, (from, to): (i64, i64), told: &mut Vec<Told>) {
        for (layer, changes, ends) in [
            ("calls", 90.0, 38.0),
            ("hits", 20.0, 30.0),
            ("jams", 30.0, 20.0),
            ("plates", 0.0, 10.0),
        ] {
            for _ in 0..self.chance.about(changes * share) {
                let Some(open) = self.pick(layer) else { break };
                let now = self.chance.within(from + 1, to);
                let corrects = self.chance.percent(30);
                let before = self.open[layer][open].clone();
                // A correction is of the same instant, and may change nothing but what is hidden. What may be over
                // when it comes gets another: whether it is over already is up to when the server looks at its clock.
                let at = match layer {
                    _ if !corrects => now,
                    "calls" => before.observed_at,
                    _ => (before.observed_at + 1).min(now),
                };
                let mut next = self.told(layer, before.id, at);
                if corrects && let (Some(next), Some(before)) = (&mut next.seen, before.seen) {
                    next.geometry = before.geometry;
                }
                if layer == "jams" {
                    next.expires_at = Some(now + self.chance.within(-30, 5_000));
                }
                self.open.entry(layer).or_default()[open] = next.clone();
                told.push(next);
            }
            for _ in 0..self.chance.about(ends * share) {
                let Some(open) = self.pick(layer) else { break };
                let last = self.open.entry(layer).or_default().swap_remove(open);
                let at = self.chance.within(from + 1, to).max(last.observed_at);
                told.push(Told {
                    observed_at: at,
                    expires_at: None,
                    seen: None,
                    ..last
                });
            }
            // What nobody ends is forgotten here too, by and by.
            let open = self.open.entry(layer).or_default();
            open.drain(..open.len().saturating_sub(400));
        }
    }

    /// Posts that come twice, and posts that come too late.
    fn amiss(&mut self, to: i64, told: &mut Vec<Told>) {
        let mut kept = Vec::with_capacity(told.len());
        for one in told.drain(..) {
            if one.observed_at > to - 300 && self.chance.percent(2) {
                self.late.push((to + self.chance.within(1, 1_200), one));
                continue;
            }
            if self.chance.percent(2) {
                let at = to + self.chance.within(0, 600);
                self.late.push((at, one.clone()));
            }
            if self.chance.percent(1) {
                kept.push(one.clone());
            }
            kept.push(one);
        }
        *told = kept;
    }

    fn pick(&mut self, layer: &str) -> Option<usize> {
        let many = self.open.get(layer).map_or(0, Vec::len);
        let many = u32::try_from(many).ok().filter(|many| *many > 0)?;
        Some(self.chance.below(many) as usize)
    }

    fn told(&mut self, layer: &'static str, id: String, observed_at: i64) -> Told {
        let chance = &mut self.chance;
        let place = somewhere(chance);
        let number = chance.below(9_000) + 1_000;
        let properties = match layer {
            "calls" => {
                json!({ "priority": number % 5 + 1, "notes": format!("{NOTE_MARK} {number}") })
            }
            "hits" => json!({ "reason": "stolen", "plate": format!("{PLATE_MARK}{number}") }),
            "plates" => json!({ "plate": format!("{PLATE_MARK}{number}") }),
            _ => json!({ "cause": *chance.one_of(&["crash", "works", "crowd"]) }),
        };
        let geometry = match layer {
            "calls" if chance.percent(5) => Value::Null,
            "jams" if chance.percent(50) => {
                let (lon, lat) = place;
                let ends = [place, (rounded(lon + 0.004), rounded(lat + 0.002))];
                json!({ "type": "LineString", "coordinates": ends })
            }
            _ => point(place),
        };
        Told {
            layer,
            id,
            observed_at,
            expires_at: None,
            seen: Some(Seen {
                geometry,
                properties,
            }),
        }
    }
}

impl Mover {
    fn new(chance: &mut Chance) -> Self {
        Self {
            at: somewhere(chance),
            heading: chance.share() * std::f64::consts::TAU,
            off_duty_until: 0,
        }
    }

    fn moved(&mut self, chance: &mut Chance, layer: &'static str, number: usize, at: i64) -> Told {
        self.heading += (chance.share() - 0.5) * 1.5;
        let (lon, lat) = self.at;
        let next = (
            rounded(lon + self.heading.cos() * 0.004),
            rounded(lat + self.heading.sin() * 0.004),
        );
        let [west, south, east, north] = CITY;
        if (west..east).contains(&next.0) && (south..north).contains(&next.1) {
            self.at = next;
        } else {
            self.heading += std::f64::consts::PI;
        }
        let (id, properties) = if layer == "patrols" {
            let id = format!("p{number}");
            (id.clone(), json!({ "call_sign": id }))
        } else {
            let id = format!("{COVERT_MARK}-{number}");
            (id.clone(), json!({ "name": id }))
        };
        Told {
            layer,
            id,
            observed_at: at,
            expires_at: None,
            seen: Some(Seen {
                geometry: point(self.at),
                properties,
            }),
        }
    }
}

/// As many digits as go through every format unchanged.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e5).round() / 1e5
}

fn somewhere(chance: &mut Chance) -> (f64, f64) {
    let [west, south, east, north] = CITY;
    (
        rounded(west + chance.share() * (east - west)),
        rounded(south + chance.share() * (north - south)),
    )
}

fn point(place: (f64, f64)) -> Value {
    json!({ "type": "Point", "coordinates": place })
}
