use super::*;
use actix_web::test::TestRequest;

#[test]
fn an_ending_says_the_format_and_is_taken_off() {
    assert_eq!(ending("66.mvt"), ("66", Some(TileFormat::Mvt)));
    assert_eq!(ending("66.pbf"), ("66", Some(TileFormat::Mvt)));
    assert_eq!(ending("66.mlt"), ("66", Some(TileFormat::Mlt)));
    assert_eq!(ending("66"), ("66", None));
    assert_eq!(ending("66.mlt.mvt"), ("66.mlt", Some(TileFormat::Mvt)));
}

#[test]
fn only_who_names_the_other_format_and_likes_it_as_well_gets_it() {
    let mlt = "application/vnd.maplibre-tile";
    let mvt = "application/vnd.mapbox-vector-tile";
    for (accept, expected) in [
        (String::new(), TileFormat::Mvt),
        ("*/*".into(), TileFormat::Mvt),
        ("application/*".into(), TileFormat::Mvt),
        ("image/png".into(), TileFormat::Mvt),
        (mvt.into(), TileFormat::Mvt),
        (mlt.into(), TileFormat::Mlt),
        (mlt.to_uppercase(), TileFormat::Mlt),
        (format!("{mlt}, */*;q=0.1"), TileFormat::Mlt),
        (format!("{mlt};q=0.5, */*;q=0.1"), TileFormat::Mlt),
        (format!("{mlt};q=0.5,{mvt}"), TileFormat::Mvt),
        (format!("{mvt};q=0.5,{mlt}"), TileFormat::Mlt),
        (format!("{mlt};q=0, */*"), TileFormat::Mvt),
        (format!("{mlt};q=0"), TileFormat::Mvt),
    ] {
        let request = TestRequest::default().insert_header(("accept", accept.as_str()));
        assert_eq!(accepted(&request.to_http_request()), expected, "{accept}");
    }
}
