use super::*;

#[test]
fn tile_coordinates_are_plain_decimal_numbers() {
    assert!(coordinates("14", "3140", "6600.mvt").is_ok());
    assert!(coordinates("14", "3140", "6600.pbf").is_ok());
    assert!(coordinates("14", "3140", "6600.mlt").is_ok());
    let refused = [
        ("23", "0", "0"),
        ("1", "2", "0"),
        ("-1", "0", "0"),
        ("1", "+1", "0"),
        ("1", "", "0"),
        ("1", "0", "0.png"),
        ("300", "0", "0"),
    ];
    for (z, x, y) in refused {
        assert!(coordinates(z, x, y).is_err(), "{z}/{x}/{y}");
    }
}
