use crate::adaptor::testing::Recorded;
use crate::adaptor::testing::{
    Trial, catalog, feed, observed, only, real, reasons, text_of, value,
};
use crate::adaptor::{Adaptor, Decoded, Input, decode};
use atalaya_tiles::{Event, Observation, Value};
use geo::Area;
use geo_types::Geometry;

/// What the tests of all adaptors read.
pub(in crate::adaptor) const RECORDED: Recorded = Recorded {
    path: "cap/google_noaa_errors.cap",
    events: 1,
    rejects: 4,
    fit: |_, _| {},
};

fn alert(head: &str, infos: &str) -> String {
    format!(
        "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>a.2</identifier><sender>s@x.org</sender>\
         <sent>2026-07-15T18:00:00-07:00</sent>{head}{infos}</alert>"
    )
}

const ALERT: &str = "<status>Actual</status><msgType>Alert</msgType><scope>Public</scope>";
const SQUARE: &str =
    "<polygon>32.0,-111.0 32.0,-110.0 33.0,-110.0 33.0,-111.0 32.0,-111.0</polygon>";

fn info(language: &str, event: &str, area: &str) -> String {
    format!(
        "<info><language>{language}</language><category>Met</category><event>{event}</event><urgency>Expected</urgency>\
         <severity>Severe</severity><certainty>Likely</certainty><expires>2026-07-15T20:00:00-07:00</expires>\
         <senderName>Weather\n Office</senderName><area><areaDesc>Pima</areaDesc>{area}</area></info>"
    )
}

const ALERTS: Trial = Trial {
    feed: "cap",
    layer: "warnings",
    adaptor: Adaptor::Cap,
};

fn withdrawn(decoded: &Decoded) -> Vec<&str> {
    let withdrawn = decoded
        .events
        .iter()
        .filter_map(|accepted| match &accepted.event {
            Event::Withdrawn { feature, .. } => Some(feature.as_str()),
            Event::Observed(_) | Event::Clock => None,
        });
    withdrawn.collect()
}

fn area_of(warning: &Observation) -> f64 {
    warning.geometry.as_ref().map_or(0.0, Area::unsigned_area)
}

#[test]
fn an_alert_becomes_a_warning_with_longitude_first() {
    let catalog = catalog();
    let zones = "<geocode><valueName>SAME</valueName><value>004019</value></geocode>\
        <geocode><valueName>UGC</valueName><value>AZZ501</value></geocode>";
    let decoded = ALERTS.check(alert(
        ALERT,
        &info("en-US", "Flood", &format!("{SQUARE}{zones}")),
    ));
    let warning = only(&decoded);
    assert_eq!(warning.feature.as_str(), "cap/a.2");
    assert_eq!(
        warning.observed_at.unwrap().to_string(),
        "2026-07-16T01:00:00Z"
    );
    assert_eq!(
        warning.expires_at.unwrap().to_string(),
        "2026-07-16T03:00:00Z"
    );
    let Some(Geometry::Polygon(polygon)) = &warning.geometry else {
        panic!("no polygon");
    };
    assert_eq!(polygon.exterior().0[0].x, -111.0);
    let text = |field| text_of(&catalog, warning, field).unwrap();
    assert_eq!(
        (text("event"), text("area")),
        ("Flood".into(), "Pima".into())
    );
    assert_eq!(
        (text("sender"), text("status")),
        ("Weather Office".into(), "Actual".into())
    );
    assert_eq!(
        value(&catalog, warning, "zones"),
        Some(Value::List([Value::Text("AZZ501".into())].into()))
    );
}

#[test]
fn cancel_withdraws_and_update_replaces() {
    let head = |kind| {
        format!(
            "<status>Actual</status><msgType>{kind}</msgType><scope>Public</scope>\
         <references>s@x.org,a.1,2026-07-15T17:00:00-07:00\n s@x.org,a.0,2026-07-15T16:00:00-07:00</references>"
        )
    };
    let cancel = ALERTS.check(alert(&head("Cancel"), ""));
    assert_eq!(
        (withdrawn(&cancel), cancel.events.len()),
        (vec!["cap/a.1", "cap/a.0"], 2)
    );
    let update = ALERTS.check(alert(&head("Update"), &info("en-US", "Flood", "")));
    assert_eq!(
        (withdrawn(&update), update.events.len()),
        (vec!["cap/a.1", "cap/a.0"], 3)
    );
    assert_eq!(observed(&update.events[2].event).geometry, None, "listed");
}

#[test]
fn references_to_itself_or_the_future_withdraw_nothing() {
    let head = "<status>Actual</status><msgType>Update</msgType><scope>Public</scope><references>\
        s@x.org,a.2,2026-07-15T18:00:00-07:00 s@x.org,a.3,2026-07-15T19:00:00-07:00 nonsense</references>";
    let decoded = ALERTS.check(alert(head, &info("en-US", "Flood", SQUARE)));
    assert_eq!(decoded.events.len(), 1, "the warning itself");
    assert_eq!(
        reasons(&decoded.rejects),
        [
            "a reference to the alert itself",
            "a reference to an alert that was sent later",
            "a reference that is not sender,identifier,sent",
        ]
    );
    let cancel = alert(
        "<status>Actual</status><msgType>Cancel</msgType><scope>Public</scope>",
        "",
    );
    assert_eq!(
        reasons(&ALERTS.check(cancel).rejects),
        ["a Cancel that refers to nothing"]
    );
}

#[test]
fn what_is_not_for_the_wall_is_rejected_and_says_why() {
    let with = |head: &str| {
        let decoded = ALERTS.check(alert(head, &info("en-US", "Flood", SQUARE)));
        assert!(decoded.events.is_empty());
        decoded.rejects[0].reason.clone()
    };
    let replaced = |from, to| with(&ALERT.replace(from, to));
    for status in ["Exercise", "System", "Test", "Draft"] {
        assert_eq!(
            replaced("Actual", status),
            format!("status is {status}: not shown")
        );
    }
    assert_eq!(replaced("Public", "Private"), "scope is Private: not shown");
    assert_eq!(
        replaced(">Alert<", ">Ack<"),
        "msgType is Ack: nothing to show"
    );
    assert_eq!(replaced("<scope>Public</scope>", ""), "there is no scope");
    let empty = ALERTS.check(alert(ALERT, ""));
    assert_eq!(reasons(&empty.rejects), ["there is no info"]);
}

#[test]
fn one_language_is_shown_and_its_areas_are_united() {
    let catalog = catalog();
    let east = SQUARE
        .replace("-111.0", "-110.5")
        .replace("-110.0", "-109.5");
    let infos = [
        info("es-US", "Inundación", "<circle>40.0,-100.0 10</circle>"),
        info("en-US", "Flood", &format!("{SQUARE}{SQUARE}")),
        info("en-US", "Flood", &east),
    ];
    let decoded = ALERTS.check(alert(ALERT, &infos.concat()));
    let warning = only(&decoded);
    assert_eq!(
        text_of(&catalog, warning, "event").as_deref(),
        Some("Flood")
    );
    assert!(
        (area_of(warning) - 1.5).abs() < 1e-9,
        "{}",
        area_of(warning)
    );
    let spanish = ALERTS.check(alert(ALERT, &infos[0]));
    assert_eq!(
        text_of(&catalog, only(&spanish), "event").as_deref(),
        Some("Inundación")
    );
}

#[test]
fn an_alert_of_too_many_areas_is_listed_without_them_soon() {
    let catalog = catalog();
    let triangle = |n: u32| {
        let (lat, lon) = (
            f64::from(n / 200) * 0.01 + 1.0,
            f64::from(n % 200) * 0.01 + 1.0,
        );
        format!(
            "<polygon>{lat},{lon} {lat},{} {},{lon} {lat},{lon}</polygon>",
            lon + 0.009,
            lat + 0.009
        )
    };
    let many: String = (0..30_000).map(triangle).collect();
    let decoded = ALERTS.check(alert(ALERT, &info("en-US", "Flood", &many)));
    let [accepted] = decoded.events.as_slice() else {
        panic!("one alert: {:?}", decoded.rejects);
    };
    let warning = observed(&accepted.event);
    assert_eq!(warning.geometry, None);
    assert_eq!(
        text_of(&catalog, warning, "event").as_deref(),
        Some("Flood")
    );
    let why = reasons(&decoded.rejects);
    assert!(why[0].starts_with("more than 2000 polygons"), "{why:?}");
    let some: String = (0..1_000).map(triangle).collect();
    let overlap = format!("{some}<polygon>0,0.5 0,9 9,9 9,0.5 0,0.5</polygon>");
    let decoded = ALERTS.check(alert(ALERT, &info("en-US", "Flood", &overlap)));
    assert!((area_of(only(&decoded)) - 76.5).abs() < 1e-6);
}

#[test]
fn circles_become_polygons_of_their_size() {
    let circle = |text: &str| {
        ALERTS.check(alert(
            ALERT,
            &info("en-US", "Fire", &format!("<circle>{text}</circle>")),
        ))
    };
    let decoded = circle("0.5,10.0 11.1195");
    let expected = std::f64::consts::PI * 0.01;
    assert!((area_of(only(&decoded)) / expected - 1.0).abs() < 0.01);
    assert_eq!(
        only(&circle("32.9525,-115.5527 0")).geometry,
        None,
        "a place, not an area"
    );
    for (text, reason) in [
        (
            "0,179.99 100",
            "a circle that reaches over a pole or the antimeridian",
        ),
        (
            "89.9,0 100",
            "a circle that reaches over a pole or the antimeridian",
        ),
        ("1,2 -5", "a radius of -5 km is not within 0 and 10000"),
        ("1,2", "\"1,2\" is not latitude,longitude radius"),
    ] {
        let decoded = circle(text);
        assert_eq!(reasons(&decoded.rejects), [reason]);
        assert_eq!(
            observed(&decoded.events[0].event).geometry,
            None,
            "listed all the same"
        );
    }
}

#[test]
fn a_bad_polygon_costs_the_polygon_not_the_warning() {
    let open = "<polygon>32.0,-111.0 32.0,-110.0 33.0,-110.0 33.0,-111.0</polygon>";
    let crossing = "<polygon>1.0,1.0 3.0,3.0 1.0,3.0 3.0,1.0 1.0,1.0</polygon>";
    let comma = "<polygon>1.0,1.0, 3.0,3.0</polygon>";
    let decoded = ALERTS.check(alert(
        ALERT,
        &info(
            "en-US",
            "Flood",
            &format!("{open}{crossing}{comma}<polygon/>{SQUARE}"),
        ),
    ));
    assert!((area_of(observed(&decoded.events[0].event)) - 1.0).abs() < 1e-9);
    assert_eq!(
        reasons(&decoded.rejects),
        [
            "a ring is not closed: it begins at [-111, 32] and ends at [-111, 33]",
            "a ring crosses or touches itself at [2, 2]",
            "\"1.0,1.0,\" is not latitude,longitude",
        ]
    );
}

#[test]
fn what_the_schema_cannot_say_is_reported() {
    let area = "<altitude>500</altitude><ceiling>100</ceiling></area><area><areaDesc>x</areaDesc><ceiling>1</ceiling>";
    let odd = info("en_US!", "", area).replace("<area>", "<headline>Stay &lt;b&gt;in&lt;/b&gt;</headline><resource><uri>a.png</uri></resource><area>");
    let decoded = ALERTS.check(alert(
        &format!("{ALERT}<restriction>none</restriction>"),
        &odd,
    ));
    assert_eq!(decoded.events.len(), 1);
    assert_eq!(
        decoded
            .rejects
            .iter()
            .map(|r| r.pointer.as_str())
            .collect::<std::collections::BTreeSet<_>>(),
        [
            "/info/area/altitude",
            "/info/area/ceiling",
            "/info/event",
            "/info/headline",
            "/info/language",
            "/info/resource/uri",
            "/restriction",
        ]
        .into()
    );
}

#[test]
fn an_alert_without_an_end_is_kept_for_a_day() {
    let endless = info("en-US", "Flood", "").replace("expires>", "other>");
    let decoded = ALERTS.check(alert(ALERT, &endless));
    assert_eq!(
        only(&decoded).expires_at.unwrap().to_string(),
        "2026-07-17T01:00:00Z"
    );
}

#[test]
fn wrappers_hold_many_alerts_and_one_bad_one_costs_itself() {
    let good = alert(ALERT, &info("en-US", "Flood", SQUARE));
    let bad = good.replace("<status>Actual</status>", "");
    let decoded = ALERTS.check(format!(
        "<ns:alerts xmlns:ns=\"http://gov.fema.ipaws.services/feed\">{good}{bad}{good}</ns:alerts>"
    ));
    assert_eq!(
        decoded.events.iter().map(|a| a.index).collect::<Vec<_>>(),
        [0, 2]
    );
    assert_eq!(
        (
            decoded.rejects[0].index,
            decoded.rejects[0].pointer.as_str()
        ),
        (1, "/status")
    );
    let catalog = catalog();
    let feed = feed(&catalog, "cap", "warnings", Adaptor::Cap);
    let input = Input {
        body: b"<feed xmlns=\"http://www.w3.org/2005/Atom\"/>",
        content_type: None,
    };
    let refused = decode(&feed, &catalog, &input).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "\"feed\" is no CAP alert, and has none in it"
    );
}

#[test]
fn the_real_alerts_are_read() {
    for (file, events, rejects, drawn) in [
        ("v1dot1_appendix_adot2.xml", 1, 0, true),
        ("v1dot2_appendix_adot1.xml", 1, 0, false),
        ("v1dot2_appendix_adot2.xml", 1, 0, true),
        ("v1dot2_appendix_adot3.xml", 2, 0, false),
        ("v1dot2_appendix_adot4.xml", 1, 0, false),
        ("nws-5c2cf27b1f56885d61654dc47fa411d5.xml", 1, 0, false),
        ("google_australia.cap", 1, 0, true),
        ("google_canada.cap", 3, 0, true),
        ("google_weather.cap", 1, 0, false),
        ("google_noaa_errors.cap", 1, 4, false),
    ] {
        let Some(body) = real(&format!("cap/{file}")) else {
            return;
        };
        let decoded = ALERTS.check(body);
        assert_eq!(
            (decoded.events.len(), decoded.rejects.len()),
            (events, rejects),
            "{file}: {:?}",
            decoded.rejects
        );
        let warning = observed(&decoded.events[events - 1].event);
        assert_eq!(warning.geometry.is_some(), drawn, "{file}");
    }
}

#[test]
fn the_real_cancel_withdraws_what_it_names() {
    let Some(body) = real("cap/ipaws-5e6dd9de023f1930ef6548d9.xml") else {
        return;
    };
    let decoded = ALERTS.check(body);
    assert_eq!(
        withdrawn(&decoded),
        ["cap/AS-NV-e18921c7-1b35-4a81-9705-42d25c265ddd"]
    );
}

/// The same files through a reader that nobody here wrote.
#[test]
fn an_independent_reader_agrees_on_the_real_alerts() {
    let catalog = catalog();
    for file in [
        "v1dot1_appendix_adot2.xml",
        "v1dot2_appendix_adot3.xml",
        "v1dot2_appendix_adot4.xml",
        "google_weather.cap",
        "google_canada.cap",
        "google_australia.cap",
    ] {
        let Some(body) = real(&format!("cap/{file}")) else {
            return;
        };
        let theirs: oasiscap::Alert = std::str::from_utf8(&body).unwrap().parse().unwrap();
        let theirs = theirs.into_latest();
        let decoded = ALERTS.check(&body);
        let ours = observed(&decoded.events.last().unwrap().event);
        assert_eq!(
            ours.feature.as_str(),
            format!("cap/{}", theirs.identifier),
            "{file}"
        );
        assert_eq!(
            ours.observed_at,
            theirs.sent.to_string().parse().ok(),
            "{file}"
        );
        let info = &theirs.info[0];
        assert_eq!(
            text_of(&catalog, ours, "event").as_deref(),
            Some(info.event.as_str()),
            "{file}"
        );
        assert_eq!(
            text_of(&catalog, ours, "severity"),
            Some(info.severity.to_string()),
            "{file}"
        );
        assert!(ours.expires_at.is_some(), "{file}");
    }
}
