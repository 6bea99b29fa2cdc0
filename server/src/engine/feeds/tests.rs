use super::*;

#[test]
fn whoever_may_not_know_hears_of_a_minute_when_it_is_over() {
    let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
    let config: FeedConfig =
        toml::from_str("name = \"f\"\nadaptor = \"geojson\"\nlayer = \"l\"").unwrap();
    let table = FeedTable::new(std::iter::once(&config));
    let told = |now: i64| {
        let report = table.reports(at(now)).remove(0).to_the_minute(at(now));
        report
            .last_received_at
            .map(|told| told.as_second() - 1_800_000_000)
    };
    assert_eq!(told(0), None);
    table.note_heard(&"f".into(), at(5), 0);
    assert_eq!(told(6), Some(6), "that it speaks at all");
    assert_eq!(told(119), Some(60));
    let before = told(150);
    table.note_heard(&"f".into(), at(151), 0);
    table.note_heard(&"f".into(), at(155), 0);
    assert_eq!(told(152), before, "not in which second it spoke");
    assert_eq!(told(179), before);
    assert_eq!(told(180), Some(180));
    let report = table.reports(at(239)).remove(0).to_the_minute(at(239));
    assert_eq!(
        report.status,
        FeedStatus::Live,
        "heard at the end of the minute before"
    );
}

#[test]
fn a_feed_says_when_it_will_be_stale_and_is_stale_after_that() {
    let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
    let feed = |expected: u32| -> FeedReport {
        let config = format!(
            "name = \"f\"\nadaptor = \"geojson\"\nlayer = \"l\"\nexpect_every_s = {expected}"
        );
        let table = FeedTable::new(std::iter::once(&toml::from_str(&config).unwrap()));
        assert_eq!(table.reports(at(0))[0].stale_at, None, "never heard");
        table.note_heard(&"f".into(), at(5), 0);
        table.reports(at(5)).remove(0)
    };
    let report = feed(30);
    assert_eq!(report.stale_at, Some(at(35)));
    let status = |now| report.clone().assessed(at(now)).status;
    assert_eq!([35, 36].map(status), [FeedStatus::Live, FeedStatus::Stale]);
    let told = report.clone().to_the_minute(at(5));
    assert_eq!(told.stale_at, Some(at(35)), "of what is told");
    let told = report.clone().to_the_minute(at(90));
    assert_eq!(told.last_received_at, Some(at(60)));
    assert_eq!(told.stale_at, Some(at(90)));

    let idle = feed(0);
    assert_eq!(idle.stale_at, None, "nothing is expected");
    let status = |now| idle.clone().assessed(at(now)).status;
    assert_eq!([65, 66].map(status), [FeedStatus::Live, FeedStatus::Quiet]);
}
