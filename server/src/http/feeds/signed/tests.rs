use super::*;

/// Takes a place for good.
fn take<'a>(held: &mut Vec<Place<'a>>, feeds: &'a SignedFeeds, peer: &str) -> Result<(), String> {
    let place = feeds.place(peer.parse().unwrap());
    held.push(place.map_err(|problem| format!("{problem:?}"))?);
    Ok(())
}

#[test]
fn an_address_takes_no_more_than_its_share_of_places() {
    let feeds = SignedFeeds::new(&[]);
    let mut held = Vec::new();
    for _ in 0..ARRIVING_EACH {
        take(&mut held, &feeds, "192.0.2.1").unwrap();
    }
    let refused = take(&mut held, &feeds, "192.0.2.1").unwrap_err();
    assert!(refused.contains("of one address"), "{refused}");
    // One subscriber of IPv6 is one address.
    for host in 1..=ARRIVING_EACH {
        take(&mut held, &feeds, &format!("2001:db8::{host}")).unwrap();
    }
    take(&mut held, &feeds, "2001:db8::99").unwrap_err();
    for net in 2..ARRIVING_MOST / ARRIVING_EACH {
        for _ in 0..ARRIVING_EACH {
            take(&mut held, &feeds, &format!("192.0.2.{net}")).unwrap();
        }
    }
    let refused = take(&mut held, &feeds, "192.0.2.200").unwrap_err();
    assert!(!refused.contains("of one address"), "{refused}");
    let known = feeds.arriving().len();
    let addresses = ARRIVING_MOST / ARRIVING_EACH;
    assert_eq!(known, addresses, "the refused are forgotten");
}

#[test]
fn a_place_is_free_again_when_its_body_is_there_or_gone() {
    let feeds = SignedFeeds::new(&[]);
    let peer = "192.0.2.1".parse().unwrap();
    for _ in 0..3 {
        let places: Vec<_> = (0..ARRIVING_EACH)
            .map(|_| feeds.place(peer).unwrap())
            .collect();
        assert!(feeds.place(peer).is_err());
        drop(places);
    }
    assert!(feeds.arriving().is_empty());
}
