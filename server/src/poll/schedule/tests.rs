use super::{pause, retry_after};
use std::time::Duration;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn failures_double_the_pause_up_to_a_quarter_of_an_hour() {
    let pauses: Vec<u64> = (0..7)
        .map(|failures| pause(s(30), failures, None).as_secs())
        .collect();
    assert_eq!(pauses, [30, 60, 120, 240, 480, 900, 900]);
    for failures in [31, 32, 1_000, u32::MAX] {
        assert_eq!(pause(s(1), failures, None), s(900), "{failures}");
    }
    assert_eq!(
        pause(s(3_600), 3, None),
        s(3_600),
        "never more often than it is meant to be"
    );
}

#[test]
fn an_upstream_may_ask_for_a_longer_pause_but_not_for_a_shorter_one() {
    assert_eq!(pause(s(30), 1, Some(s(45))), s(60));
    assert_eq!(pause(s(30), 1, Some(s(3_600))), s(3_600));
    assert_eq!(pause(s(30), 1, Some(s(u64::MAX))), s(86_400));
    assert_eq!(pause(s(30), 0, Some(s(45))), s(45));
}

#[test]
fn retry_after_is_seconds_or_an_instant() {
    let now = "2026-03-01T12:00:00Z".parse().unwrap();
    assert_eq!(retry_after("120", now), Some(s(120)));
    assert_eq!(
        retry_after("Sun, 01 Mar 2026 12:01:30 GMT", now),
        Some(s(90))
    );
    assert_eq!(retry_after("Sun, 01 Mar 2026 11:00:00 GMT", now), None);
    for nonsense in ["", "soon", "-5", "1.5", "99999999999999999999999"] {
        assert_eq!(retry_after(nonsense, now), None, "{nonsense}");
    }
}
