//! Which tiles are light: few points and nothing else.

use super::*;

fn is_light_of(city: &City, names: &[&str], tile: TileCoord) -> bool {
    let request = TileRequest {
        layers: &city.layers(names),
        tile,
        window: None,
        limits: TileLimits::default(),
    };
    is_light(&city.view(), &Viewer::EVERYTHING, &request)
}

#[test]
fn a_tile_of_few_points_is_light_and_one_of_more_or_of_anything_else_is_not() {
    let here = tile(14, 3_140, 6_600);
    let elsewhere = tile(14, 3_144, 6_600);
    let mut city = City::new();
    let place = |at: usize| {
        let units = |by: usize| f64::from(u32::try_from(at * by % 4_096).unwrap());
        point(here, units(977), units(613))
    };
    // Half of them in segments, and some in another layer.
    for at in 0..FEW - 10 {
        city.put("pings", &at.to_string(), place(at));
    }
    for at in 0..10 {
        city.put("spots", &at.to_string(), place(at));
    }
    let all = ["spots", "pings", "areas"];
    assert!(is_light_of(&city, &all, here));
    city.put("pings", "one more", place(1));
    assert!(!is_light_of(&city, &all, here));
    assert!(is_light_of(&city, &["pings"], here));
    assert!(is_light_of(&city, &all, elsewhere));

    // Reads are shown as counts of what a few cells hold.
    city.put("reads", "r", place(0));
    assert!(!is_light_of(&city, &["reads"], here));
    assert!(is_light_of(&city, &["reads"], elsewhere));
    let line = LineString(vec![place(1).0, place(2).0]);
    city.put("areas", "a", line);
    assert!(!is_light_of(&city, &["areas"], here));
    assert!(is_light_of(&city, &["areas"], elsewhere));

    // Those of any time count: looking at their times would take as long as there are many.
    let layers = city.layers(&["pings", "spots"]);
    let view = city.view();
    let never = TileRequest {
        layers: &layers,
        tile: here,
        window: Some(Window {
            from: second(0),
            to: second(1),
        }),
        limits: TileLimits::default(),
    };
    assert!(!is_light(&view, &Viewer::EVERYTHING, &never));
}
