use super::*;

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

/// A clock and the log's time by it, which has told the time once.
fn running() -> (Clock, LogTime, Timestamp) {
    let clock = Clock::fixed("2026-03-01T12:00:00Z".parse().unwrap());
    let mut time = LogTime::new(clock.clone(), Timestamp::UNIX_EPOCH);
    let start = time.now();
    assert_eq!(start, clock.now());
    (clock, time, start)
}

#[test]
fn a_clock_that_goes_well_is_followed() {
    let (clock, mut time, start) = running();
    for passed in 1..100 {
        clock.advance(seconds(200));
        assert_eq!(time.now(), start + seconds(200 * passed));
    }
}

#[test]
fn a_clock_set_back_slows_the_log_until_it_has_caught_up() {
    for passed in [0, 60, 3_600, 7_198] {
        let (clock, mut time, start) = running();
        clock.jump(seconds(-3_600));
        time.now();
        clock.advance(seconds(passed));
        assert_eq!(time.now(), start + seconds(passed / 2));
    }
    // However often it is asked.
    let (clock, mut time, start) = running();
    clock.jump(seconds(-3_600));
    for _ in 0..72_000 {
        clock.advance(SignedDuration::from_millis(101));
        time.now();
    }
    assert_eq!(time.now(), clock.now());
    assert_eq!(
        time.now(),
        start + SignedDuration::from_millis(7_272_000) - seconds(3_600)
    );
}

#[test]
fn a_leap_that_is_taken_back_does_no_harm() {
    let (clock, mut time, start) = running();
    clock.jump(SignedDuration::from_hours(24 * 365));
    for passed in 1..=59 {
        time.now();
        clock.advance(seconds(1));
        assert_eq!(time.now(), start + seconds(passed));
    }
    clock.jump(SignedDuration::from_hours(-24 * 365));
    assert_eq!(time.now(), clock.now());
    clock.advance(seconds(60));
    assert_eq!(time.now(), start + seconds(119));
}

#[test]
fn a_leap_that_lasts_is_believed() {
    let (clock, mut time, start) = running();
    clock.jump(SignedDuration::from_hours(5));
    assert_eq!(time.now(), start);
    clock.advance(seconds(60));
    assert_eq!(time.now(), clock.now());
    clock.advance(seconds(1));
    assert_eq!(time.now(), clock.now());
}

#[test]
fn a_start_long_after_the_last_record_is_no_leap_and_one_before_it_goes_on() {
    let clock = Clock::fixed("2026-03-01T12:00:00Z".parse().unwrap());
    let last = clock.now() + SignedDuration::from_hours(1);
    let mut time = LogTime::new(clock.clone(), last);
    assert_eq!(time.now(), last);
    clock.advance(seconds(60));
    assert_eq!(time.now(), last + seconds(30));
}
