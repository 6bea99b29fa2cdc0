//! What must be in the picture and what must not, by what was posted and the rules of the catalog alone. Written apart from
//! the server, and far simpler: nothing is indexed, nothing happens by itself, all is asked for an instant.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::world::{LAYERS, Layer, RETAINED_S};

/// One thing told of a feature. Instants are seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub(super) layer: &'static str,
    pub(super) id: String,
    pub(super) observed_at: i64,
    pub(super) expires_at: Option<i64>,
    /// `None` withdraws it.
    pub(super) seen: Option<Seen>,
}

/// How a feature looks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) geometry: Value,
    pub(super) properties: Value,
}

impl Told {
    /// As the native format has it.
    pub(super) fn json(&self) -> Value {
        let mut feature = match &self.seen {
            Some(seen) => json!({ "geometry": seen.geometry, "properties": seen.properties }),
            None => json!({ "geometry": null, "properties": { "withdrawn": true } }),
        };
        feature["type"] = "Feature".into();
        feature["id"] = self.id.as_str().into();
        feature["observed_at"] = instant(self.observed_at);
        if let Some(at) = self.expires_at {
            feature["expires_at"] = instant(at);
        }
        feature
    }
}

fn instant(second: i64) -> Value {
    let at = jiff::Timestamp::from_second(second);
    at.expect("an instant").to_string().into()
}

/// A feature as it was last told.
#[derive(Debug, Clone)]
struct Known {
    told: Told,
    received_at: i64,
    /// What was told of it for the same instant before: none of that counts again.
    before: Vec<Told>,
}

impl Known {
    fn effective_at(&self) -> i64 {
        self.told.observed_at.min(self.received_at)
    }

    fn leaves_at(&self, layer: &Layer) -> i64 {
        let after = layer
            .expire_after_s
            .map(|after| self.effective_at() + after);
        let expires_at = self.told.expires_at.or(after);
        let gone_at = self.received_at + RETAINED_S;
        expires_at.map_or(gone_at, |at| at.min(gone_at))
    }

    fn is_stale(&self, layer: &Layer, now: i64) -> bool {
        let after = layer.stale_after_s;
        after.is_some_and(|after| self.effective_at() + after <= now)
    }
}

/// What a layer must show of a feature.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown {
    pub(super) seen: Seen,
    pub(super) stale: bool,
}

/// What was told of one layer.
#[derive(Debug)]
struct OfLayer {
    layer: Layer,
    features: BTreeMap<String, Known>,
    /// Up to which instant nothing told of a feature counts any more: in half seconds, so that there is one before each.
    graves: BTreeMap<String, i64>,
}

/// The model.
#[derive(Debug)]
pub(super) struct Model(BTreeMap<&'static str, OfLayer>);

impl Model {
    pub(super) fn new() -> Self {
        let layers = LAYERS.map(|layer| {
            let told = OfLayer {
                layer,
                features: BTreeMap::new(),
                graves: BTreeMap::new(),
            };
            (layer.name, told)
        });
        Self(layers.into())
    }

    /// Takes in what was posted and acknowledged at an instant.
    pub(super) fn hear(&mut self, told: &Told, now: i64) {
        let of = self.0.get_mut(told.layer).expect("a layer of the world");
        of.age(&told.id, now);
        of.hear(told, now);
    }

    /// Forgets what has left long ago.
    pub(super) fn prune(&mut self, now: i64) {
        for of in self.0.values_mut() {
            let layer = of.layer;
            let left = |known: &Known| known.leaves_at(&layer) < now - 2 * RETAINED_S;
            of.features.retain(|_, known| !left(known));
        }
    }

    /// What a layer must show at an instant; of sightings these may be gone, or may not be yet, within a minute of the
    /// end of their day.
    pub(super) fn shown(&self, layer: &str, now: i64) -> (BTreeMap<&str, Shown>, Vec<&str>) {
        let of = &self.0[layer];
        let (mut shown, mut either) = (BTreeMap::new(), Vec::new());
        for (id, known) in &of.features {
            let left_s = known.leaves_at(&of.layer) - now;
            if of.layer.sightings && left_s.abs() <= 120 {
                either.push(id.as_str());
            }
            let seen = known.told.seen.clone();
            if let Some(seen) = seen.filter(|_| left_s > 0) {
                let stale = known.is_stale(&of.layer, now);
                shown.insert(id.as_str(), Shown { seen, stale });
            }
        }
        (shown, either)
    }
}

impl OfLayer {
    /// Forgets a feature that has left by an instant.
    fn age(&mut self, id: &str, now: i64) {
        let Some(known) = self.features.get(id) else {
            return;
        };
        let leaves_at = known.leaves_at(&self.layer);
        if leaves_at > now {
            return;
        }
        if leaves_at < known.received_at + RETAINED_S {
            // What was told for the same instant may still correct it.
            let grave = 2 * known.effective_at() - 1;
            self.bury(id, grave);
        }
        self.features.remove(id);
    }

    fn bury(&mut self, id: &str, until: i64) {
        let grave = self.graves.entry(id.to_owned()).or_insert(i64::MIN);
        *grave = (*grave).max(until);
    }

    fn hear(&mut self, told: &Told, now: i64) {
        let mut next = Known {
            told: told.clone(),
            received_at: now,
            before: Vec::new(),
        };
        let effective = next.effective_at();
        if told.seen.is_none() {
            self.withdraw(&told.id, effective);
            return;
        }
        let buried = self.graves.get(&told.id);
        if buried.is_some_and(|until| 2 * effective <= *until) {
            return;
        }
        if let Some(prev) = self.features.get(&told.id) {
            let is_known = prev.told == *told || prev.before.contains(told);
            if self.layer.sightings || is_known || effective < prev.effective_at() {
                return;
            }
            if effective == prev.effective_at() {
                next.before.clone_from(&prev.before);
                next.before.push(prev.told.clone());
            }
        }
        self.features.insert(told.id.clone(), next);
        self.age(&told.id, now);
    }

    fn withdraw(&mut self, id: &str, at: i64) {
        let prev = self.features.get(id).map(Known::effective_at);
        if !self.layer.sightings && prev.is_some_and(|prev| prev > at) {
            return;
        }
        let at = prev.map_or(at, |prev| prev.max(at));
        self.bury(id, 2 * at);
        self.features.remove(id);
    }
}
