use super::*;

fn scene() -> Scene {
    let cameras = serde_json::json!({ "features": [
        { "id": "sim-cam-085", "properties": { "name": "Congress & <Stone>" } },
    ] });
    scenes(&cameras).remove(0)
}

#[test]
fn every_camera_with_a_picture_is_in_the_seed_city() {
    let cameras = Seed::get("layers/cameras.geojson").unwrap();
    let cameras: Value = serde_json::from_slice(&cameras.data).unwrap();
    assert_eq!(scenes(&cameras).len(), CAMERAS.len());
    assert!(scenes(&Value::Null).is_empty());
}

/// Pixels of a part of a picture that are as bright as writing.
fn bright(png: &[u8], left: u32, top: u32, width: u32, height: u32) -> usize {
    let picture = Pixmap::decode_png(png).unwrap();
    let pixels = (top..top + height).flat_map(|y| (left..left + width).map(move |x| (x, y)));
    let pixels = pixels.filter_map(|(x, y)| picture.pixel(x, y));
    pixels.filter(|pixel| pixel.red() > 200).count()
}

#[test]
fn the_picture_says_that_it_is_simulated_and_which_camera_it_is() {
    let drawn = scene().drawn().unwrap();
    assert!(bright(&drawn.street, 10, 8, 120, 24) > 200, "SIMULATED");
    assert!(bright(&drawn.street, 10, 332, 220, 24) > 200, "the name");
    assert!(bright(&drawn.street, 400, 332, 220, 24) < 10);
    assert!(drawn.car.starts_with(b"\x89PNG"));
    assert!(!drawn.font.is_empty());
}

#[test]
fn the_clock_is_left_out_where_nothing_can_be_written() {
    let told = |writes| arguments(&scene(), writes).join(" ");
    assert!(told(true).contains("drawtext=fontfile=font.ttf"));
    assert!(!told(false).contains("drawtext"));
    for told in [told(true), told(false)] {
        let overlays = told.matches("overlay=").count();
        assert_eq!(told.matches("shortest=1").count(), overlays, "{told}");
    }
}
