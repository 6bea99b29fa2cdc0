//! The picture that the server shows, held against the model: as features, and as tiles.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use atalaya_tests::{DEADLINE, Tile, Visitor, tile_at};
use serde_json::{Map, Value};

use super::model::{Model, Shown};
use super::world::{CITY, Class, LAYERS};

/// A zoom at which the city is in one tile.
const OVERVIEW: u8 = 7;

/// Somebody who looks at everything there is for a class.
#[derive(Debug)]
pub(super) struct Inspector {
    pub(super) class: Class,
    pub(super) visitor: Visitor,
}

impl Inspector {
    /// Waits until what is shown is what must be at an instant. The clock stands still meanwhile, and the server does at
    /// least once a second what is due.
    ///
    /// # Errors
    /// What is still wrong at the deadline.
    pub(super) async fn agree(&self, model: &Model, now: i64) -> Result<(), String> {
        let mut often = tokio::time::interval(Duration::from_millis(250));
        let mut wrong = Vec::new();
        let agreed = async {
            loop {
                often.tick().await;
                wrong = self.disagreements(model, now).await;
                if wrong.is_empty() {
                    return;
                }
            }
        };
        let ended = tokio::time::timeout(DEADLINE, agreed).await;
        ended.map_err(|_| wrong.join("\n"))
    }

    async fn disagreements(&self, model: &Model, now: i64) -> Vec<String> {
        let mut wrong = Vec::new();
        let tile = self.overview().await;
        for layer in LAYERS.iter().filter(|layer| self.class.opens(layer.name)) {
            let name = layer.name;
            let (shown, either) = model.shown(name, now);
            if self.class.singles(name) {
                let found = self.features(name).await;
                wrong.extend(self.compared(name, &shown, &either, &found));
            }
            if layer.sightings {
                let counted = counted(&tile, name);
                let difference = counted.abs_diff(shown.len());
                if difference > either.len() {
                    wrong.push(format!("{counted} {name} counted for {}", shown.len()));
                }
                continue;
            }
            let placed = shown
                .iter()
                .filter(|(_, shown)| !shown.seen.geometry.is_null());
            let placed: BTreeSet<&str> = placed.map(|(id, _)| *id).collect();
            let drawn: BTreeSet<&str> = tile.ids(name).into_iter().collect();
            let differ = placed.symmetric_difference(&drawn);
            wrong.extend(differ.map(|id| format!("{id} is in {name} or in its tile, not in both")));
        }
        wrong
    }

    /// Of all features of a layer what is amiss.
    fn compared(
        &self,
        name: &str,
        shown: &BTreeMap<&str, Shown>,
        either: &[&str],
        found: &BTreeMap<String, Value>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let either = |id: &str| either.contains(&id);
        for (id, feature) in found.iter().filter(|(id, _)| !either(id)) {
            match shown.get(id.as_str()) {
                None => wrong.push(format!("{name} has {feature}, which must be gone")),
                Some(shown) => {
                    let expected = self.expected(shown);
                    let same = expected.iter().all(|(name, value)| feature[name] == *value);
                    if !same {
                        wrong.push(format!("{name} has {feature} for {expected:?}"));
                    }
                }
            }
        }
        let missing = shown.keys().filter(|id| !found.contains_key(**id));
        let missing = missing.filter(|id| !either(id));
        wrong.extend(missing.map(|id| format!("{id} is missing in {name}")));
        wrong
    }

    /// The members that a feature must have for this class.
    fn expected(&self, shown: &Shown) -> Map<String, Value> {
        let mut properties = shown.seen.properties.clone();
        let guarded = |value: &Value| {
            let text = value.as_str().unwrap_or_default();
            self.class.forbidden.iter().any(|mark| text.contains(mark))
        };
        let own = properties.as_object_mut().expect("properties");
        own.retain(|_, value| !guarded(value));
        let members = [
            ("geometry", shown.seen.geometry.clone()),
            ("properties", properties),
            ("stale", shown.stale.into()),
        ];
        let named = members.into_iter();
        named
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    async fn features(&self, layer: &str) -> BTreeMap<String, Value> {
        let path = format!("/ogc/collections/{layer}/items?limit=10000");
        let reply = self.visitor.get(&path).await.expect(200);
        self.class.may_see(&path, &reply.body);
        let mut page = reply.json();
        assert_eq!(page["numberMatched"], page["numberReturned"], "{layer}");
        let features = page["features"].as_array_mut().expect("features");
        let id = |feature: &Value| feature["id"].as_str().expect("an id").to_owned();
        features
            .drain(..)
            .map(|feature| (id(&feature), feature))
            .collect()
    }

    /// One tile of everything.
    async fn overview(&self) -> Tile {
        let [west, south, east, north] = CITY;
        let (x, y) = tile_at(west, south, OVERVIEW);
        assert_eq!(
            (x, y),
            tile_at(east, north, OVERVIEW),
            "one tile has it all"
        );
        let layers = LAYERS.iter().filter(|layer| self.class.opens(layer.name));
        let layers: Vec<&str> = layers.map(|layer| layer.name).collect();
        let path = format!("/tiles/{}/{OVERVIEW}/{x}/{y}", layers.join(","));
        let reply = self.visitor.get(&path).await;
        self.class.may_see(&path, &reply.body);
        if reply.status == 204 {
            return Tile::default();
        }
        Tile::decode(&reply.expect(200).body)
    }
}

/// How many are counted in the cells of a layer.
fn counted(tile: &Tile, layer: &str) -> usize {
    let cells = tile.layer(&format!("{layer}_cells")).iter();
    let counts = cells.filter_map(|cell| cell.integer("count"));
    usize::try_from(counts.sum::<i64>()).unwrap_or_default()
}
