use crate::adaptor::Adaptor;
use crate::adaptor::testing::{catalog, feed, read};
use atalaya_tiles::FeatureId;

const NAMELESS: &str = "the body has records without a readable id (1)";

/// The ids that a body names, without the feed's, in order; or why it is in doubt.
fn check(adaptor: Adaptor, layer: &str, body: &str) -> String {
    let catalog = catalog();
    let whole = read(&catalog, &feed(&catalog, "f", layer, adaptor), body).whole();
    if let Some(doubt) = whole.doubt {
        return doubt.to_string();
    }
    let mut named: Vec<_> = whole.named.iter().map(FeatureId::as_str).collect();
    named.sort_unstable();
    named.join(" ").replace("f/", "")
}

const LINE: &str = r#"{"type": "LineString", "coordinates": [[-110.97, 32.22], [-110.95, 32.22]]}"#;

fn zone(id: &str, geometry: &str) -> String {
    format!(
        r#"{{"type": "Feature", "id": {id}, "geometry": {geometry},
            "properties": {{"core_details": {{"event_type": "work-zone"}}}}}}"#
    )
}

#[test]
fn a_refused_road_event_that_says_who_it_is_is_named() {
    let feed = |features: &[String]| {
        let features = features.join(",");
        check(
            Adaptor::Wzdx,
            "closures",
            &format!(r#"{{"features": [{features}]}}"#),
        )
    };
    assert_eq!(feed(&[]), "", "nothing is closed");
    let (good, placeless) = (zone("1", LINE), zone("2", "null"));
    assert_eq!(feed(&[good.clone(), placeless]), "1 2");
    assert_eq!(feed(&[good, zone("null", LINE)]), NAMELESS);
}

#[test]
fn an_alert_that_is_kept_off_the_wall_is_named_and_one_that_is_referred_to_is_not() {
    let alert = |id: &str, status: &str| {
        format!(
            r#"{{"properties": {{{id} "status": "{status}", "messageType": "Update",
                "references": [{{"identifier": "old"}}, {{}}]}}}}"#
        )
    };
    let list = |features: &[String], more: &str| {
        let features = features.join(",");
        check(
            Adaptor::Nws,
            "warnings",
            &format!(r#"{{"features": [{features}] {more}}}"#),
        )
    };
    let both = [
        alert(r#""id": "a","#, "Actual"),
        alert(r#""id": "t","#, "Test"),
    ];
    assert_eq!(list(&both, ""), "a t");
    assert_eq!(list(&[alert("", "Actual")], ""), NAMELESS);
    let page = r#", "pagination": {"next": "https://example.org/2"}"#;
    assert_eq!(list(&both, page), "the body is one page of several");
    let alone = check(Adaptor::Nws, "warnings", &both[0]);
    assert_eq!(alone, "the body is one alert, not a list of them");
}

#[test]
fn a_query_that_ended_early_is_not_whole() {
    let node = |id: &str, tags: &str| {
        format!(r#"{{"type": "node", {id} "lat": 32.2, "lon": -110.9, "tags": {{{tags}}}}}"#)
    };
    let export = |elements: &[String], more: &str| {
        let elements = elements.join(",");
        check(
            Adaptor::OsmSurveillance,
            "cameras",
            &format!(r#"{{"elements": [{elements}] {more}}}"#),
        )
    };
    let camera = node(r#""id": 1,"#, r#""man_made": "surveillance""#);
    let guard = node(
        r#""id": 2,"#,
        r#""man_made": "surveillance", "surveillance:type": "guard""#,
    );
    assert_eq!(export(&[camera.clone(), guard], ""), "1 2");
    let timeout = r#", "remark": "runtime error: Query timed out""#;
    assert_eq!(
        export(std::slice::from_ref(&camera), timeout),
        "the upstream ended the query early"
    );
    assert_eq!(export(&[camera, node("", "")], ""), NAMELESS);
}

#[test]
fn collections_and_sequences_are_whole_and_a_feature_by_itself_is_not() {
    let feature = |id: u8, lat: f64| {
        format!(
            r#"{{"type": "Feature", "id": {id}, "properties": null, "geometry": {{"type": "Point", "coordinates": [-110.9, {lat}]}}}}"#
        )
    };
    let geojson = |body: &str| check(Adaptor::Geojson, "sites", body);
    let two = [feature(1, 32.2), feature(2, 132.0)];
    let collection = |more: &str| {
        let features = two.join(",");
        geojson(&format!(
            r#"{{"type": "FeatureCollection", "features": [{features}] {more}}}"#
        ))
    };
    assert_eq!(collection(""), "1 2");
    assert_eq!(
        collection(r#", "links": [{"rel": "self", "href": "x"}], "exceededTransferLimit": false"#),
        "1 2"
    );
    let next = r#", "links": [{"rel": "next", "href": "x"}]"#;
    assert_eq!(collection(next), "the body is one page of several");
    for cut in [
        r#", "exceededTransferLimit": true"#,
        r#", "properties": {"exceededTransferLimit": true}"#,
    ] {
        assert_eq!(
            collection(cut),
            "the upstream cut the body at its transfer limit"
        );
    }
    assert_eq!(
        geojson(&two[0]),
        "the body is one feature, not a list of them"
    );
    assert_eq!(geojson(&two.join("\n")), "1 2");
    let cut = format!("\u{1e}{}\n\u{1e}{{\"type\": \"Fea", two[0]);
    assert_eq!(geojson(&cut), NAMELESS, "the tail is unreadable");
}

#[test]
fn a_refused_row_that_says_who_it_is_is_named() {
    let rows = |rows: &str| {
        check(
            Adaptor::Csv,
            "sites",
            &format!("id,lon,lat\na,-110.9,32.2\n{rows}"),
        )
    };
    assert_eq!(rows(""), "a");
    assert_eq!(rows("b,0,0\n"), "a b");
    assert_eq!(rows("b,-11"), NAMELESS, "the tail is unreadable");
    assert_eq!(rows(",-110.9,32.2\n"), NAMELESS);
}
