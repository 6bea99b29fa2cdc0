use super::*;
use crate::identity::tests::{catalog, key, link, store};
use crate::identity::{Authority, Grant, Lasting, NewKey, Role, viewer};
use jiff::SignedDuration;
use std::sync::Arc;
use tempfile::TempDir;

struct Trial {
    identity: Identity,
    catalog: Catalog,
    streams: Streams,
    _folder: TempDir,
}

fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

impl Trial {
    fn new() -> Self {
        let (folder, path) = store();
        Self {
            identity: Identity::open(&path, Lasting::default()).unwrap(),
            catalog: catalog(),
            streams: Streams::default(),
            _folder: folder,
        }
    }

    fn caller(&self, credential: Credential, carries_clearances: bool) -> Caller {
        let principal = self.identity.verify(&credential, noon()).unwrap().unwrap();
        let mut viewer = viewer(&principal, &self.catalog, noon());
        if !carries_clearances {
            viewer.clearances = atalaya_tiles::Clearances::NONE;
        }
        Caller {
            principal: Arc::clone(&principal),
            viewer,
            class: String::new().into(),
            credential,
            carries_clearances,
        }
    }

    fn program(&self, key: &NewKey) -> Caller {
        let token = self.identity.create_key(key, noon()).unwrap();
        self.caller(Credential::Bearer(token), true)
    }

    /// A signed-in browser, by the content of its cookie.
    fn browser(&self) -> Caller {
        let link = link(Role::Operator);
        let link = self.identity.issue_link(&link, noon()).unwrap();
        let session = self.identity.redeem(&link, noon()).unwrap().unwrap();
        self.caller(Credential::Session(session.token), true)
    }

    fn enter(&self, id: &str, caller: &Caller) -> Seat {
        let room = Room {
            all: 100,
            each: 100,
        };
        self.streams.enter(id, caller, room).unwrap()
    }

    fn recheck(&self, now: Timestamp) {
        self.streams
            .recheck(&self.identity, &self.catalog, now)
            .unwrap();
    }
}

fn told(seat: &Seat) -> Option<Dismissal> {
    *seat.dismissed.borrow()
}

#[test]
fn all_streams_of_a_session_end_after_it_and_no_others() {
    let trial = Trial::new();
    let (leaves, stays) = (trial.browser(), trial.browser());
    let ended = ["a", "b"].map(|id| trial.enter(id, &leaves));
    let open = trial.enter("c", &stays);
    trial.recheck(after(30));
    assert!(ended.iter().chain([&open]).all(|seat| told(seat).is_none()));
    let Credential::Session(token) = &leaves.credential else {
        unreachable!("a browser has a session")
    };
    trial.identity.sign_out(token, after(40)).unwrap();
    trial.recheck(after(60));
    assert!(
        ended
            .iter()
            .all(|seat| told(seat) == Some(Dismissal::NoLongerHolds))
    );
    assert_eq!(told(&open), None);
}

#[test]
fn a_stream_ends_with_its_key_or_its_clearance() {
    let trial = Trial::new();
    let role = || Authority::Role(Role::Analyst);
    let mut short = key(role());
    short.ends_at = Some(after(60));
    let mut lapses = key(role());
    lapses.grants = Grant::list("cji", Some(after(60)), &trial.catalog).unwrap();
    let seats = [key(role()), short, lapses].map(|key| {
        let caller = trial.program(&key);
        let seat = trial.enter(&caller.principal.id, &caller);
        (seat, caller)
    });
    trial.recheck(after(59));
    assert!(seats.iter().all(|(seat, _)| told(seat).is_none()));
    trial.recheck(after(60));
    let why = seats.each_ref().map(|(seat, _)| told(seat));
    let expected = [
        None,
        Some(Dismissal::NoLongerHolds),
        Some(Dismissal::SeesOtherwise),
    ];
    assert_eq!(why, expected);
    let (_, lasting) = &seats[0];
    let id = &lasting.principal.id;
    assert!(trial.identity.revoke_key(id, after(61)).unwrap());
    trial.recheck(after(62));
    assert_eq!(told(&seats[0].0), Some(Dismissal::NoLongerHolds));
}

#[test]
fn a_clearance_that_never_reached_the_stream_may_lapse() {
    let trial = Trial::new();
    let mut lapses = key(Authority::Role(Role::Analyst));
    lapses.grants = Grant::list("cji", Some(after(60)), &trial.catalog).unwrap();
    let token = trial.identity.create_key(&lapses, noon()).unwrap();
    let over_clear_text = trial.caller(Credential::Bearer(token), false);
    let seat = trial.enter("a", &over_clear_text);
    trial.recheck(after(30));
    trial.recheck(after(90));
    assert_eq!(told(&seat), None);
}

#[test]
fn one_lookup_serves_all_streams_of_a_session() {
    let trial = Trial::new();
    let wall = trial.browser();
    let seats: Vec<Seat> = (0..50)
        .map(|at| trial.enter(&at.to_string(), &wall))
        .collect();
    assert_eq!(trial.streams.credentials().len(), 1);
    trial.recheck(after(31 * 60));
    assert!(
        seats.iter().all(|seat| told(seat).is_some()),
        "watching is not using"
    );
}

fn subscription() -> Subscription {
    let catalog = crate::config::Config::default().catalog().unwrap();
    let limits = atalaya_tiles::RingLimits::default();
    let view = atalaya_tiles::View::empty(Arc::new(catalog), limits);
    let wish = crate::live::Wish {
        layers: vec!["units".into()],
        tile_layers: Vec::new(),
        bounds: atalaya_tiles::Bounds::new(-111.0, 32.0, -110.9, 32.1).unwrap(),
        zoom: None,
    };
    Subscription::new(&view, &atalaya_tiles::Viewer::EVERYTHING, &wish).unwrap()
}

#[test]
fn each_stream_obeys_its_owner_and_of_its_changes_the_last_counts() {
    let trial = Trial::new();
    let (one, other) = (trial.browser(), trial.browser());
    let mut seat = trial.enter("a", &one);
    let wanted = subscription();
    let change = |id: &str, who: &Caller| {
        let streams = &trial.streams;
        streams.change(id, &who.principal.id, wanted.clone())
    };
    assert!(!change("a", &other));
    assert!(!change("b", &one));
    assert!(!seat.changes.has_changed().unwrap());
    assert!(change("a", &one) && change("a", &one));
    assert!(seat.changes.borrow_and_update().is_some());
    assert!(!seat.changes.has_changed().unwrap());
}

#[test]
fn one_owner_cannot_take_all_places_and_a_place_given_back_is_free() {
    let trial = Trial::new();
    let [x, y, z] = [(); 3].map(|()| trial.browser());
    let room = Room { all: 3, each: 2 };
    let enter = |id, who| trial.streams.enter(id, who, room).map(drop);
    assert_eq!(enter("a", &x), Ok(()));
    assert_eq!(enter("b", &x), Ok(()));
    assert_eq!(enter("c", &x), Err(Full::Each));
    assert_eq!(enter("c", &y), Ok(()));
    assert_eq!(enter("d", &z), Err(Full::All));
    trial.streams.leave("a");
    trial.streams.leave("a");
    assert_eq!(trial.streams.count(), 2);
    assert_eq!(enter("d", &x), Ok(()));
    assert_eq!(enter("e", &y), Err(Full::All));
}
