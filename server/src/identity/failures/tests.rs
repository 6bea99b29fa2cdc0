use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + seconds).unwrap()
}

fn peer(n: u32) -> IpAddr {
    IpAddr::V4(n.into())
}

#[test]
fn a_peer_may_fail_a_few_times_and_then_now_and_then() {
    let failures = Failures::new(3, SignedDuration::from_secs(30));
    for _ in 0..3 {
        assert_eq!(failures.admit(peer(1), at(0)), Ok(()));
        failures.note(peer(1), at(0));
    }
    assert_eq!(failures.admit(peer(1), at(0)), Err(31));
    assert_eq!(failures.admit(peer(1), at(29)), Err(2));
    assert_eq!(failures.admit(peer(1), at(30)), Ok(()));
    assert_eq!(failures.admit(peer(2), at(0)), Ok(()), "another peer");
}

#[test]
fn a_subscriber_is_one_peer() {
    let failures = Failures::new(1, SignedDuration::from_secs(30));
    failures.note("2001:db8:1:2:3:4:5:6".parse().unwrap(), at(0));
    assert!(
        failures
            .admit("2001:db8:1:2::9".parse().unwrap(), at(0))
            .is_err()
    );
    assert!(
        failures
            .admit("2001:db8:1:3::9".parse().unwrap(), at(0))
            .is_ok()
    );
    failures.note("::ffff:10.0.0.1".parse().unwrap(), at(0));
    assert!(failures.admit("10.0.0.1".parse().unwrap(), at(0)).is_err());
}

#[test]
fn the_memory_is_bounded() {
    let failures = Failures::new(1, SignedDuration::from_secs(30));
    for n in 0..10_000 {
        failures.note(peer(n), at(0));
    }
    assert!(failures.full_at().len() <= PEERS_MOST + 1);
    assert!(
        failures.admit(peer(99_999), at(0)).is_err(),
        "the rest share a bucket"
    );
    failures.note(peer(99_999), at(9_000_000));
    assert!(
        failures.full_at().len() <= 2,
        "those with nothing to answer for are forgotten"
    );
}
