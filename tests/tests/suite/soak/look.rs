//! What somebody looks at: layers, a part of the city, a zoom.

use std::collections::BTreeSet;

use atalaya_tests::tile_at;
use serde_json::{Value, json};

use super::chance::Chance;
use super::world::{CITY, Class, LAYERS};

/// A tile: zoom, column, row.
pub(super) type Place = (u8, u32, u32);

/// What a viewer asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Look {
    /// Layers whose features flow.
    pub(super) layers: Vec<&'static str>,
    /// Layers of which only tiles are shown.
    tile_layers: Vec<&'static str>,
    bbox: [f64; 4],
    zoom: u8,
}

impl Look {
    /// Something to look at, of what there is for a class.
    pub(super) fn somewhere(chance: &mut Chance, class: &Class) -> Self {
        let mut look = Self {
            layers: Vec::new(),
            tile_layers: Vec::new(),
            bbox: CITY,
            zoom: 10,
        };
        for layer in LAYERS.iter().filter(|layer| class.opens(layer.name)) {
            match chance.below(5) {
                0 | 1 => look.layers.push(layer.name),
                2 => look.tile_layers.push(layer.name),
                _ => {}
            }
        }
        if look.layers.is_empty() {
            look.layers.push(*chance.one_of(&["patrols", "calls"]));
            look.tile_layers.retain(|layer| *layer != look.layers[0]);
        }
        if chance.percent(70) {
            let [west, south, east, north] = CITY;
            let share = *chance.one_of(&[0.1, 0.25, 0.5]);
            let (wide, high) = ((east - west) * share, (north - south) * share);
            let from_west = west + chance.share() * (east - west - wide);
            let from_south = south + chance.share() * (north - south - high);
            look.bbox = [from_west, from_south, from_west + wide, from_south + high];
            look.zoom = if share < 0.2 { 13 } else { 11 };
        }
        look
    }

    /// As the query of `/live`.
    pub(super) fn query(&self) -> String {
        let [west, south, east, north] = self.bbox;
        let query = format!(
            "layers={}&bbox={west},{south},{east},{north}&zoom={}",
            self.layers.join(","),
            self.zoom
        );
        match self.tile_layers.as_slice() {
            [] => query,
            layers => query + "&tile_layers=" + &layers.join(","),
        }
    }

    /// As a change of subscription.
    pub(super) fn change(&self) -> Value {
        json!({
            "layers": self.layers, "tile_layers": self.tile_layers, "bbox": self.bbox, "zoom": self.zoom,
        })
    }

    /// The tiles of it.
    pub(super) fn places(&self) -> BTreeSet<Place> {
        let [west, south, east, north] = self.bbox;
        let (left, top) = tile_at(west, north, self.zoom);
        let (right, bottom) = tile_at(east, south, self.zoom);
        let columns = left..=right;
        columns
            .flat_map(|x| (top..=bottom).map(move |y| (self.zoom, x, y)))
            .collect()
    }

    /// The path of one of its tiles.
    pub(super) fn path(&self, (z, x, y): Place) -> String {
        let layers = [self.layers.as_slice(), &self.tile_layers].concat();
        format!("/tiles/{}/{z}/{x}/{y}", layers.join(","))
    }

    /// Whether tiles of the other are tiles of this one.
    pub(super) fn has_tiles_of(&self, other: &Self) -> bool {
        self.path((0, 0, 0)) == other.path((0, 0, 0))
    }
}
