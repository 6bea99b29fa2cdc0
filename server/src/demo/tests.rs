use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;

const ROADS: &str = include_str!("../../../seed-data/basemap/roads.geojson");
const CAMERAS: &str = include_str!("../../../seed-data/layers/cameras.geojson");
const UNITS: &str = include_str!("../../../seed-data/layers/units.geojson");
const INCIDENTS: &str = include_str!("../../../seed-data/layers/incidents.geojson");

fn start() -> Timestamp {
    "2026-10-17T02:00:00Z".parse().expect("an instant")
}

fn seed_layer(text: &str) -> Value {
    serde_json::from_str(text).expect("a seed layer is JSON")
}

static STREETS: LazyLock<Streets> =
    LazyLock::new(|| Streets::parse(ROADS).expect("the seed streets"));

static EVENING: LazyLock<Scenario> =
    LazyLock::new(|| Scenario::new(7, &STREETS).with_cameras(&seed_layer(CAMERAS)));

static CYCLE: LazyLock<Vec<Report>> =
    LazyLock::new(|| EVENING.between(start(), 0.0, f64::from(CYCLE_S)));

fn text<'a>(report: &'a Report, pointer: &str) -> &'a str {
    report
        .feature
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or("")
}

fn position(report: &Report) -> Option<(f64, f64)> {
    let coordinates = report.feature.pointer("/geometry/coordinates")?;
    Some((coordinates.get(0)?.as_f64()?, coordinates.get(1)?.as_f64()?))
}

fn of_feed<'a>(reports: &'a [Report], feed: &str) -> Vec<&'a Report> {
    reports
        .iter()
        .filter(|report| report.feed == feed)
        .collect()
}

#[test]
fn a_span_gives_the_same_reports_however_it_is_cut() {
    let evening = &*EVENING;
    let whole = evening.between(start(), 0.0, 60.0);
    let seconds: Vec<Report> = (0..60_u32)
        .flat_map(|second| evening.between(start(), f64::from(second), f64::from(second + 1)))
        .collect();
    let uneven: Vec<Report> = [0.0, 0.37, 0.3701, 11.9, 12.0, 47.25, 60.0]
        .windows(2)
        .flat_map(|cut| match cut {
            [from_s, to_s] => evening.between(start(), *from_s, *to_s),
            _ => Vec::new(),
        })
        .collect();
    assert_eq!(whole, seconds);
    assert_eq!(whole, uneven);
}

#[test]
fn the_same_seed_gives_the_same_evening_and_another_seed_another() {
    let told = |seed| Scenario::new(seed, &STREETS).between(start(), 100.0, 130.0);
    assert_eq!(told(1), told(1));
    assert_ne!(told(1), told(2));
}

#[test]
fn the_first_half_minute_is_alive() {
    let evening = &*EVENING;
    let first = evening.between(start(), 0.0, 2.0);
    let driving = of_feed(&first, "units")
        .iter()
        .filter(|report| {
            report
                .feature
                .pointer("/properties/speed_mps")
                .and_then(Value::as_f64)
                > Some(3.0)
        })
        .count();
    assert!(driving >= 15, "{driving} units move");
    assert!(!of_feed(&first, "incidents").is_empty());
    let half_minute = evening.between(start(), 0.0, 30.0);
    let opened = of_feed(&half_minute, "incidents")
        .iter()
        .filter(|r| text(r, "/properties/status") == "open")
        .count();
    assert!(opened >= 5, "{opened} incidents open");
    assert!(
        of_feed(&half_minute, "alpr_hits")
            .iter()
            .any(|r| text(r, "/properties/status") == "unverified")
    );
    assert!(
        of_feed(&half_minute, "blockages")
            .iter()
            .any(|r| text(r, "/properties/cause") == "takeover")
    );
    assert!(
        of_feed(&half_minute, "cameras")
            .iter()
            .any(|r| text(r, "/properties/status") != "online")
    );
}

#[test]
fn the_load_is_what_a_city_sends() {
    let reports = EVENING.between(start(), 60.0, 120.0);
    let units = of_feed(&reports, "units").len();
    let reads = of_feed(&reports, "alpr_reads").len();
    assert!(
        (1_250..1_450).contains(&units),
        "{units} unit reports a minute"
    );
    assert!((220..260).contains(&reads), "{reads} reads a minute");
}

#[test]
fn every_report_is_simulated_timed_and_in_order() {
    let reports = &*CYCLE;
    let mut last = String::new();
    for report in reports {
        assert!(text(report, "/id").starts_with("sim-"), "{report:?}");
        let observed = text(report, "/observed_at");
        assert!(observed.parse::<Timestamp>().is_ok(), "{report:?}");
        assert!(observed >= last.as_str(), "{report:?}");
        observed.clone_into(&mut last);
    }
    let feeds: BTreeSet<&str> = reports.iter().map(|report| report.feed).collect();
    let expected = [
        "alpr_hits",
        "alpr_reads",
        "blockages",
        "cameras",
        "closures",
        "incidents",
        "units",
    ];
    assert_eq!(feeds, BTreeSet::from(expected));
}

/// The farthest that any unit moves between two of its reports, over a cycle and the start of the next.
fn longest_step_m(evening: &Scenario) -> f64 {
    let mut reports = evening.between(start(), 0.0, f64::from(CYCLE_S) + 120.0);
    reports.retain(|report| report.feed == "units");
    let mut last: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    let mut longest_m: f64 = 0.0;
    for report in &reports {
        let here = position(report).expect("a unit has a position");
        if let Some(before) = last.insert(text(report, "/id").to_owned(), here) {
            let (east_deg, north_deg) = (here.0 - before.0, here.1 - before.1);
            longest_m = longest_m.max((east_deg * 94_250.0).hypot(north_deg * 110_900.0));
        }
    }
    assert_eq!(last.len(), 34);
    longest_m
}

#[test]
fn units_drive_without_a_jump_across_the_end_of_a_cycle_too() {
    // One and a half seconds at 36 m/s, or a change of lane at a corner.
    let longest_m = longest_step_m(&EVENING);
    assert!(longest_m < 54.0, "{longest_m} m in one step");
}

#[test]
fn other_seeds_drive_without_a_jump_as_well() {
    for seed in [1, 42, 2026] {
        let longest_m = longest_step_m(&Scenario::new(seed, &STREETS));
        assert!(longest_m < 54.0, "seed {seed}: {longest_m} m in one step");
    }
}

#[test]
fn the_next_cycle_tells_of_new_things_and_everything_told_is_withdrawn() {
    let evening = &*EVENING;
    let things = |from_s: u32| -> (BTreeSet<String>, BTreeSet<String>) {
        let reports = evening.between(start(), f64::from(from_s), f64::from(from_s + CYCLE_S));
        let scripted = |report: &&Report| {
            ["incidents", "blockages", "closures", "alpr_hits"].contains(&report.feed)
        };
        let key = |report: &Report| format!("{}/{}", report.feed, text(report, "/id"));
        let gone = |report: &&Report| {
            report.feature.pointer("/properties/withdrawn") == Some(&json!(true))
        };
        let all = reports.iter().filter(scripted);
        (
            all.clone().map(key).collect(),
            all.filter(gone).map(key).collect(),
        )
    };
    let (first, first_gone) = things(0);
    let (second, second_gone) = things(CYCLE_S);
    assert_eq!(first, first_gone);
    assert_eq!(second, second_gone);
    assert!(first.len() > 80, "{} things", first.len());
    assert!(first.is_disjoint(&second));
}

#[test]
fn incidents_are_answered_in_order_and_mostly_by_somebody() {
    let reports = &*CYCLE;
    let mut stories: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for report in of_feed(reports, "incidents") {
        if text(report, "/id").starts_with("sim-inc-0")
            && report.feature.pointer("/properties/status").is_some()
        {
            stories
                .entry(text(report, "/id"))
                .or_default()
                .push(text(report, "/properties/status"));
        }
    }
    let answered = stories
        .values()
        .filter(|story| **story == ["open", "enroute", "on_scene", "closed"])
        .count();
    let ignored = stories
        .values()
        .filter(|story| **story == ["open", "closed"])
        .count();
    assert_eq!(answered + ignored, stories.len(), "{stories:?}");
    assert!(
        stories.len() > 50 && ignored * 4 < stories.len(),
        "{ignored} of {} ignored",
        stories.len()
    );
}

#[test]
fn the_takeover_hops_between_three_junctions_and_grows_surer() {
    let reports = EVENING.between(start(), 0.0, 1_200.0);
    let mut junctions: Vec<&str> = Vec::new();
    let mut sure = 0.0;
    for report in of_feed(&reports, "blockages") {
        let at = text(report, "/properties/intersection");
        if text(report, "/properties/cause") != "takeover"
            || text(report, "/geometry/type") != "Point"
        {
            continue;
        }
        let confidence = report
            .feature
            .pointer("/properties/confidence")
            .and_then(Value::as_f64)
            .unwrap_or(0.0);
        if junctions.last() != Some(&at) {
            junctions.push(at);
            sure = 0.0;
        }
        assert!(confidence > sure && confidence <= 0.9, "{report:?}");
        sure = confidence;
    }
    assert_eq!(
        junctions,
        ["22nd & Alvernon", "22nd & Craycroft", "22nd & Kolb"]
    );
}

#[test]
fn the_assembly_says_nothing_about_who_or_why() {
    let reports = &*CYCLE;
    let allowed = BTreeSet::from([
        "agency",
        "discipline",
        "type",
        "priority",
        "status",
        "address",
        "opened_at",
        "cad_id",
    ]);
    let mut told = 0;
    for report in of_feed(reports, "incidents")
        .iter()
        .filter(|r| text(r, "/properties/type") == "Assembly")
    {
        let fields = report
            .feature
            .get("properties")
            .and_then(Value::as_object)
            .expect("properties");
        assert!(
            fields.keys().all(|field| allowed.contains(field.as_str())),
            "{report:?}"
        );
        told += 1;
    }
    assert_eq!(told, 7, "one report a block");
}

#[test]
fn plates_are_fictional_and_reads_name_their_camera() {
    let reports = EVENING.between(start(), 0.0, 600.0);
    let known: BTreeSet<String> = ids(CAMERAS);
    for report in reports
        .iter()
        .filter(|report| report.feature.pointer("/properties/plate").is_some())
    {
        assert!(
            text(report, "/properties/plate").starts_with("SIM "),
            "{report:?}"
        );
        assert!(
            known.contains(text(report, "/properties/camera")),
            "{report:?}"
        );
    }
}

#[test]
fn the_drone_flies_from_its_pad_and_comes_back_with_its_camera() {
    let reports = &*CYCLE;
    let drone: Vec<&Report> = of_feed(reports, "units")
        .into_iter()
        .filter(|r| text(r, "/properties/unit_kind") == "drone")
        .collect();
    assert_eq!(
        drone.first().and_then(|r| position(r)),
        drone.last().and_then(|r| position(r))
    );
    assert!(
        drone
            .iter()
            .any(|r| text(r, "/properties/status") == "on_scene")
    );
    let payload: BTreeSet<&str> = of_feed(reports, "cameras")
        .into_iter()
        .filter(|r| text(r, "/id") == "sim-drone-cam-1")
        .map(|r| text(r, "/properties/status"))
        .collect();
    assert_eq!(payload, BTreeSet::from(["offline", "online"]));
}

fn ids(layer: &str) -> BTreeSet<String> {
    let layer = seed_layer(layer);
    let features = layer
        .get("features")
        .and_then(Value::as_array)
        .expect("features");
    features
        .iter()
        .filter_map(|feature| Some(feature.get("id")?.as_str()?.to_owned()))
        .collect()
}

#[test]
fn the_scenario_moves_the_units_and_closes_the_incidents_of_the_seed_layers() {
    let reports = EVENING.between(start(), 0.0, 1_800.0);
    let units: BTreeSet<String> = of_feed(&reports, "units")
        .iter()
        .map(|r| text(r, "/id").to_owned())
        .collect();
    assert_eq!(units, ids(UNITS));
    let closed: BTreeSet<String> = of_feed(&reports, "incidents")
        .iter()
        .map(|r| text(r, "/id").to_owned())
        .filter(|id| id.starts_with("sim-inc-seed-"))
        .collect();
    assert_eq!(closed, ids(INCIDENTS));
}

#[test]
fn every_reader_of_the_seed_layer_stands_at_its_crossing() {
    let readers = alpr::readers(&STREETS);
    let seeded = ids(CAMERAS)
        .into_iter()
        .filter(|id| id.starts_with("sim-alpr-"));
    assert_eq!(
        readers
            .iter()
            .map(|reader| reader.camera.clone())
            .collect::<Vec<_>>(),
        seeded.collect::<Vec<_>>()
    );
    for (_, _, one, other) in crews::ROSTER {
        assert!(STREETS.crossing(one, other).is_some(), "{one} & {other}");
    }
}

#[test]
fn streets_refuse_what_is_no_network() {
    assert!(matches!(
        Streets::parse("no"),
        Err(StreetsError::Unreadable(_))
    ));
    assert!(matches!(
        Streets::parse("{}"),
        Err(StreetsError::NotACollection)
    ));
    assert!(matches!(
        Streets::parse(r#"{"features": [{}, 3]}"#),
        Err(StreetsError::Empty)
    ));
}

#[test]
fn one_street_is_enough_for_an_evening() {
    let street = json!({ "features": [{
        "properties": { "kind": "major_road", "name": "Only St" },
        "geometry": { "type": "LineString", "coordinates": [[-110.97, 32.22], [-110.96, 32.22], [-110.95, 32.22]] },
    }] });
    let streets = Streets::parse(&street.to_string()).expect("one street");
    let reports = Scenario::new(1, &streets).between(start(), 0.0, 60.0);
    assert!(of_feed(&reports, "units").len() > 1_000);
    assert!(of_feed(&reports, "blockages").is_empty());
}

#[test]
fn an_empty_or_backward_span_tells_nothing() {
    let evening = &*EVENING;
    assert!(evening.between(start(), 5.0, 5.0).is_empty());
    assert!(evening.between(start(), 9.0, 5.0).is_empty());
    assert!(evening.between(start(), f64::NAN, f64::NAN).is_empty());
}

#[test]
fn seed_times_move_with_the_start() {
    let layer = json!({ "features": [{ "properties": {
        "starts_at": "2026-10-17T03:30:00Z", "name": "March", "protected": true,
    } }] });
    let moved = shifted(layer, "2027-01-01T00:00:00Z".parse().expect("an instant"));
    assert_eq!(
        moved.pointer("/features/0/properties/starts_at"),
        Some(&json!("2027-01-01T01:30:00.000Z"))
    );
    assert_eq!(
        moved.pointer("/features/0/properties/name"),
        Some(&json!("March"))
    );
}
