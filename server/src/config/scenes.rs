//! What a saved view of the wall must fulfil: a map can show it, and it shows what there is.

use super::{BadConfig, Config, Scene};
use atalaya_tiles::Catalog;
use std::collections::HashSet;

/// Where Web Mercator ends.
const MOST_LAT: f64 = 85.051_129;
/// The last zoom of a map.
const LAST_ZOOM: f64 = 22.0;
/// The most that the wall tilts.
const MOST_TILT_DEG: f64 = 60.0;
/// The longest that a view stays.
const LONGEST_S: f64 = 86_400.0;

impl Config {
    pub(super) fn check_scenes(&self, catalog: &Catalog) -> Result<(), BadConfig> {
        let mut names = HashSet::new();
        for scene in &self.scenes {
            let bad = |reason: String| BadConfig::Scene {
                scene: scene.name.clone(),
                reason,
            };
            fits(scene).map_err(bad)?;
            if !names.insert(&scene.name) {
                return Err(bad("there are two scenes of this name".into()));
            }
            let mut shown = scene.layers.iter().flatten();
            if let Some(layer) = shown.find(|layer| catalog.layer(layer).is_none()) {
                return Err(bad(format!("there is no layer \"{layer}\"")));
            }
        }
        Ok(())
    }
}

fn fits(scene: &Scene) -> Result<(), String> {
    let [lon, lat] = scene.center;
    let within = |key: &str, value: f64, least: f64, most: f64| {
        // NaN is in no range.
        if (least..=most).contains(&value) {
            return Ok(());
        }
        Err(format!("{key} = {value}: it must be {least} to {most}"))
    };
    within("center, longitude", lon, -180.0, 180.0)?;
    within("center, latitude", lat, -MOST_LAT, MOST_LAT)?;
    within("zoom", scene.zoom, 0.0, LAST_ZOOM)?;
    within("bearing", scene.bearing, -360.0, 360.0)?;
    within("pitch", scene.pitch, 0.0, MOST_TILT_DEG)?;
    within("dwell_s", scene.dwell_s.into(), 1.0, LONGEST_S)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn complaint(scene: &str) -> String {
        let text = format!("[[scenes]]\nname = \"a\"\ntitle = \"A\"\n{scene}");
        let config: Config = toml::from_str(&text).unwrap();
        let checked = config.check();
        checked.map_or_else(|bad| bad.to_string(), |()| String::new())
    }

    #[test]
    fn a_scene_that_no_map_can_show_is_refused_with_value_and_limit() {
        let view = |center: &str, zoom: &str| format!("center = {center}\nzoom = {zoom}\n");
        let good = view("[-110.97, 32.22]", "14.5");
        assert_eq!(complaint(&good), "");
        assert_eq!(
            complaint(&format!(
                "{good}bearing = -17\npitch = 60\ndwell_s = 1\nlayers = [\"units\"]"
            )),
            ""
        );
        for (scene, expected) in [
            (
                view("[200, 1]", "40"),
                "scene \"a\": center, longitude = 200: it must be -180 to 180",
            ),
            (
                view("[0, 89]", "4"),
                "scene \"a\": center, latitude = 89: it must be -85.051129 to 85.051129",
            ),
            (view("[nan, 1]", "4"), "center, longitude = NaN"),
            (view("[0, 1]", "40"), "zoom = 40: it must be 0 to 22"),
            (
                format!("{good}pitch = 61"),
                "pitch = 61: it must be 0 to 60",
            ),
            (format!("{good}bearing = inf"), "bearing = inf"),
            (format!("{good}dwell_s = 0"), "dwell_s = 0: it must be 1 to"),
            (
                format!("{good}layers = [\"nonesuch\"]"),
                "scene \"a\": there is no layer \"nonesuch\"",
            ),
            (
                format!("{good}[[scenes]]\nname = \"a\"\ntitle = \"B\"\n{good}"),
                "two scenes of this name",
            ),
        ] {
            let found = complaint(&scene);
            assert!(found.contains(expected), "{scene}: {found}");
        }
    }
}
