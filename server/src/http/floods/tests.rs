use super::*;
use jiff::SignedDuration;

#[test]
fn a_bucket_fills_as_time_passes_and_not_when_the_clock_is_set() {
    let clock = Clock::fixed("2026-03-01T12:00:00Z".parse().unwrap());
    let floods = Floods::new(10, &clock);
    let admit = |feed| {
        let admitted = floods.admit(feed, 10 << 10);
        admitted.map_err(|refused| refused.retry_after_s())
    };
    for _ in 0..BURST_S {
        assert_eq!(admit("a"), Ok(()));
    }
    assert!(admit("a").unwrap_err() > Some(0));
    assert_eq!(admit("b"), Ok(()), "another feed has its own");
    clock.jump(SignedDuration::from_hours(1));
    assert!(admit("a").is_err());
    clock.jump(SignedDuration::from_hours(-2));
    clock.advance(SignedDuration::from_millis(1_001));
    assert_eq!(admit("a"), Ok(()));
    assert!(admit("a").is_err());
}

#[test]
fn a_body_larger_than_the_bucket_passes_after_quiet_and_is_owed() {
    let clock = Clock::fixed("2026-03-01T12:00:00Z".parse().unwrap());
    let floods = Floods::new(1, &clock);
    let admit = |kib: usize| {
        let admitted = floods.admit("a", kib << 10);
        admitted.map_err(|refused| refused.retry_after_s().unwrap())
    };
    assert_eq!(admit(20), Ok(()), "five times the bucket");
    // 20 s are owed, and a body of the bucket or more needs all of it.
    assert_eq!(admit(20), Err(20));
    assert_eq!(admit(1), Err(17));
    clock.advance(SignedDuration::from_secs(16));
    assert_eq!(admit(1), Err(1));
    assert_eq!(admit(20), Err(4));
    clock.advance(SignedDuration::from_millis(3_999));
    assert_eq!(admit(20), Err(1));
    clock.advance(SignedDuration::from_millis(1));
    assert_eq!(admit(20), Ok(()), "when it was told to come");
}
