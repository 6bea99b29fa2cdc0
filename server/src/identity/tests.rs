use super::*;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::Barrier;
use tempfile::TempDir;

pub(crate) use super::policy::tests::catalog;

/// A store with the identity tables, for tests here and of the HTTP edge.
pub(crate) fn store() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("main.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch(include_str!("../store/schema/0002_identity.sql"))
        .unwrap();
    (folder, path)
}

pub(crate) fn link(role: Role) -> NewLink {
    NewLink {
        name: format!("the {role}"),
        role,
        grants: Vec::new(),
        layers: None,
    }
}

pub(crate) fn key(authority: Authority) -> NewKey {
    NewKey {
        name: "a program".into(),
        authority,
        grants: Vec::new(),
        layers: None,
        ends_at: None,
    }
}

fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    later(noon(), SignedDuration::from_secs(seconds))
}

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

struct Trial {
    identity: Identity,
    path: PathBuf,
    _folder: TempDir,
}

impl Trial {
    fn new() -> Self {
        let (folder, path) = store();
        Self {
            identity: Identity::open(&path, Lasting::default()).unwrap(),
            path,
            _folder: folder,
        }
    }

    fn reopened(&self) -> Identity {
        Identity::open(&self.path, Lasting::default()).unwrap()
    }

    fn signed_in(&self, role: Role) -> Session {
        let link = self.identity.issue_link(&link(role), noon()).unwrap();
        self.identity.redeem(&link, noon()).unwrap().unwrap()
    }

    fn holds(&self, credential: &Credential, now: Timestamp) -> bool {
        self.identity.verify(credential, now).unwrap().is_some()
    }
}

#[test]
fn a_key_is_let_in_until_it_is_revoked() {
    let trial = Trial::new();
    let feed = Authority::Feed("incidents".into());
    let token = trial.identity.create_key(&key(feed), noon()).unwrap();
    let bearer = Credential::Bearer(token.clone());
    let principal = trial.identity.verify(&bearer, noon()).unwrap().unwrap();
    assert_eq!(principal.feed(), Some("incidents"));
    assert_eq!(principal.role(), None);
    let prefix = token.prefix().unwrap();
    assert!(trial.identity.revoke_key(prefix, noon()).unwrap());
    assert!(!trial.identity.revoke_key(prefix, noon()).unwrap());
    assert!(!trial.holds(&bearer, noon()));
    let listed = trial.identity.listed(Kind::Keys, noon()).unwrap();
    assert_eq!(listed[0].state, State::Revoked);
}

#[test]
fn a_key_ends_when_it_says_so() {
    let trial = Trial::new();
    let mut short = key(Authority::Role(Role::Analyst));
    short.ends_at = Some(after(HOUR));
    let bearer = Credential::Bearer(trial.identity.create_key(&short, noon()).unwrap());
    assert!(trial.holds(&bearer, after(HOUR - 1)));
    assert!(
        !trial.holds(&bearer, after(HOUR)),
        "though it was read 1 s ago"
    );
}

#[test]
fn a_wrong_secret_does_not_hold() {
    let trial = Trial::new();
    let admin = key(Authority::Role(Role::Admin));
    let right = trial.identity.create_key(&admin, noon()).unwrap();
    let other = Token::new_key().unwrap();
    let (_, secret) = other.expose().rsplit_once('_').unwrap();
    let forged = format!("atl_{}_{secret}", right.prefix().unwrap());
    let longer = format!("{}0", right.expose());
    for wrong in [
        forged.as_str(),
        &longer,
        other.expose(),
        "",
        "atl_",
        "x",
        &"9".repeat(9999),
    ] {
        let bearer = Credential::Bearer(Token::presented(wrong));
        assert!(!trial.holds(&bearer, noon()), "{wrong}");
    }
    let as_cookie = Credential::Session(right.clone());
    assert!(!trial.holds(&as_cookie, noon()), "a key is no session");
    let session = trial.signed_in(Role::Admin);
    let as_key = Credential::Bearer(session.token);
    assert!(!trial.holds(&as_key, noon()), "a session is no key");
}

#[test]
fn a_link_opens_once_within_15_minutes() {
    let trial = Trial::new();
    let issue = || {
        trial
            .identity
            .issue_link(&link(Role::Operator), noon())
            .unwrap()
    };
    let first = issue();
    let redeem = |token: &Token, now| trial.identity.redeem(token, now).unwrap();
    let opened = redeem(&first, after(15 * MINUTE - 1)).unwrap();
    assert_eq!(opened.principal.role(), Some(Role::Operator));
    assert_eq!(opened.principal.name, "the operator");
    assert!(redeem(&first, after(15 * MINUTE - 1)).is_none(), "used");
    assert!(redeem(&issue(), after(15 * MINUTE)).is_none(), "expired");
    assert!(redeem(&Token::new_secret().unwrap(), noon()).is_none());
    assert!(redeem(&Token::presented(""), noon()).is_none());
}

#[test]
fn a_link_opens_once_however_many_try_at_once() {
    let trial = Trial::new();
    let token = trial
        .identity
        .issue_link(&link(Role::Wall), noon())
        .unwrap();
    let other_process = trial.reopened();
    let start = Barrier::new(8);
    let opened = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..8)
            .map(|n| {
                let identity = if n % 2 == 0 {
                    &trial.identity
                } else {
                    &other_process
                };
                let (start, token) = (&start, &token);
                scope.spawn(move || {
                    start.wait();
                    identity.redeem(token, noon()).unwrap().is_some()
                })
            })
            .collect();
        tries
            .into_iter()
            .filter_map(|one| one.join().ok())
            .filter(|opened| *opened)
            .count()
    });
    assert_eq!(opened, 1);
}

#[test]
fn a_session_survives_a_restart() {
    let trial = Trial::new();
    let cookie = Credential::Session(trial.signed_in(Role::Planner).token);
    let again = trial.reopened();
    let principal = again.verify(&cookie, after(1)).unwrap().unwrap();
    assert_eq!(principal.role(), Some(Role::Planner));
}

#[test]
fn a_session_ends_after_12_hours_and_when_it_is_not_used() {
    let trial = Trial::new();
    let cookie = Credential::Session(trial.signed_in(Role::Operator).token);
    let busy = (0..12 * HOUR)
        .step_by(20 * 60)
        .all(|at| trial.holds(&cookie, after(at)));
    assert!(busy, "each use puts the end off");
    assert!(!trial.holds(&cookie, after(12 * HOUR)));

    let idle = Credential::Session(trial.signed_in(Role::Operator).token);
    assert!(trial.holds(&idle, after(30 * MINUTE - 1)));
    assert!(!trial.holds(&idle, after(61 * MINUTE)));
}

#[test]
fn a_wall_stays_for_a_week_without_use() {
    let trial = Trial::new();
    let cookie = Credential::Session(trial.signed_in(Role::Wall).token);
    assert!(trial.holds(&cookie, after(6 * 24 * HOUR)));
    assert!(!trial.holds(&cookie, after(14 * 24 * HOUR)));
}

#[test]
fn watching_is_not_using() {
    let trial = Trial::new();
    let cookie = Credential::Session(trial.signed_in(Role::Operator).token);
    let still = |at| trial.identity.still(&cookie, after(at)).unwrap().is_some();
    assert!((0..30 * MINUTE).step_by(30).all(still));
    assert!(!still(30 * MINUTE));
}

#[test]
fn a_revocation_by_another_process_holds_within_seconds() {
    let trial = Trial::new();
    let session = trial.signed_in(Role::Operator);
    let cookie = Credential::Session(session.token);
    assert!(trial.holds(&cookie, noon()));
    let other = trial.reopened();
    assert!(other.revoke_session(&session.principal.id, noon()).unwrap());
    assert!(!trial.holds(&cookie, after(5)));
    assert!(matches!(
        trial.identity.known(&cookie, after(5)),
        Known::Fails
    ));
}

#[test]
fn signing_out_holds_at_once() {
    let trial = Trial::new();
    let session = trial.signed_in(Role::Operator);
    let cookie = Credential::Session(session.token.clone());
    assert!(trial.holds(&cookie, noon()));
    trial.identity.sign_out(&session.token, noon()).unwrap();
    assert!(!trial.holds(&cookie, noon()));
}

#[test]
fn a_hot_request_does_not_ask_the_store() {
    let trial = Trial::new();
    let cookie = Credential::Session(trial.signed_in(Role::Operator).token);
    let known = |at| trial.identity.known(&cookie, after(at));
    assert_eq!(known(0), Known::Ask);
    assert!(trial.holds(&cookie, noon()));
    assert!(matches!(known(4), Known::Holds(_)));
    assert_eq!(known(5), Known::Ask, "after 5 s");
    assert_eq!(known(-1), Known::Ask, "the clock jumped back");
}

#[test]
fn what_a_thread_knows_ends_for_all_at_once() {
    let trial = Trial::new();
    let session = trial.signed_in(Role::Operator);
    let cookie = Credential::Session(session.token.clone());
    let bearer = key(Authority::Role(Role::Wall));
    let token = trial.identity.create_key(&bearer, noon()).unwrap();
    let bearer = Credential::Bearer(token.clone());
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        let knows =
            |credential| matches!(trial.identity.known(credential, noon()), Known::Holds(_));
        let (cookie, bearer, barrier) = (&cookie, &bearer, &barrier);
        assert!(trial.holds(cookie, noon()) && trial.holds(bearer, noon()));
        scope.spawn(move || {
            assert!(knows(cookie) && knows(bearer));
            barrier.wait();
            barrier.wait();
            assert!(!knows(cookie), "signed out on another thread");
            assert!(!knows(bearer), "revoked on another thread");
        });
        assert!(knows(cookie) && knows(bearer));
        barrier.wait();
        trial.identity.sign_out(&session.token, noon()).unwrap();
        trial
            .identity
            .revoke_key(token.prefix().unwrap(), noon())
            .unwrap();
        barrier.wait();
        assert!(!knows(cookie) && !knows(bearer));
    });
}

#[test]
fn a_grant_ends_by_itself() {
    let catalog = catalog();
    let trial = Trial::new();
    let mut analyst = key(Authority::Role(Role::Analyst));
    analyst.grants = Grant::list("cji", Some(after(HOUR)), &catalog).unwrap();
    let bearer = Credential::Bearer(trial.identity.create_key(&analyst, noon()).unwrap());
    let seen = |at| {
        let principal = trial.identity.verify(&bearer, after(at)).unwrap().unwrap();
        viewer(&principal, &catalog, after(at))
            .clearances
            .names(&catalog)
            .join(",")
    };
    assert_eq!(seen(HOUR - 1), "cji");
    assert_eq!(seen(HOUR), "");
}

#[test]
fn a_clearance_that_nobody_asks_for_cannot_be_granted() {
    let catalog = catalog();
    let error = Grant::list("cji,secret", None, &catalog).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no clearance \"secret\"; the catalog's are cji, medical"
    );
}

#[test]
fn the_store_and_the_log_hold_no_secret() {
    let trial = Trial::new();
    let token = trial
        .identity
        .create_key(&key(Authority::Role(Role::Admin)), noon())
        .unwrap();
    let session = trial.signed_in(Role::Admin);
    let bearer = Credential::Bearer(token.clone());
    assert!(trial.holds(&bearer, noon()));
    let shown = format!("{token:?} {session:?} {bearer:?} {:?}", trial.identity);
    let (_, secret) = token.expose().rsplit_once('_').unwrap();
    for secret in [secret, session.token.expose()] {
        assert!(!shown.contains(secret), "{shown}");
        for file in ["main.db", "main.db-wal"] {
            let kept = std::fs::read(trial.path.with_file_name(file)).unwrap();
            let found = kept
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{file}");
        }
    }
}

#[test]
fn what_ended_long_ago_is_forgotten() {
    let trial = Trial::new();
    trial.signed_in(Role::Operator);
    let much_later = after(48 * HOUR);
    trial
        .identity
        .issue_link(&link(Role::Wall), much_later)
        .unwrap();
    let count = |table: &str| -> i64 {
        Connection::open(&trial.path)
            .unwrap()
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get(0)
            })
            .unwrap()
    };
    assert_eq!((count("session"), count("sign_in_link")), (0, 1));
}
