//! Who asks: bearer keys for programs, one-time links and sessions for browsers, and what each may
//! do and see.
//!
//! Promises: a secret is kept as its SHA-256 only; a link opens once, however many try at once; a
//! revocation holds within [`CACHED_FOR`], whichever process makes it; whatever ends is looked at on
//! each use. Every instant is an argument. Refuses to tell an unknown secret
//! from an expired or a revoked one.
//!
//! Calls block on the store and belong off the event loop, all but [`Identity::known`].

mod at_hand;
mod failures;
mod grant;
mod listed;
mod order;
mod policy;
mod records;
mod token;

pub use failures::Failures;
pub(crate) use failures::subscriber;
pub use grant::{Authority, Grant, Principal, UnknownClearance};
pub use listed::{Kind, Listed, State};
pub use order::{KeyOrder, LinkOrder, UnknownName};
pub(crate) use policy::role_names;
pub use policy::{Action, Permission, Role, UnknownRole, may, viewer};
pub use token::Token;
pub(crate) use token::hex;

use crate::metrics;
use at_hand::Turns;
use jiff::{SignedDuration, Timestamp};
use moka::notification::RemovalCause;
use moka::sync::Cache;
use records::{Found, Records};
use std::path::Path;
use std::sync::Arc;
use token::Digest;

/// How long a checked credential is believed without asking the store.
pub const CACHED_FOR: SignedDuration = SignedDuration::from_secs(5);
/// How many checked credentials are believed at once.
const CACHED_MOST: u64 = 10_000;
/// How stale the note of a session's last use may be.
const SEEN_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// What can go wrong besides a credential that does not hold.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The store.
    #[error("the identity store failed")]
    Store(#[from] rusqlite::Error),
    /// The operating system's random numbers.
    #[error("no random numbers")]
    Random(#[from] getrandom::Error),
}

impl IdentityError {
    /// Whether the store had no room.
    pub fn is_full(&self) -> bool {
        let Self::Store(cause) = self else {
            return false;
        };
        cause.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
    }
}

/// How long things last. A wall is a device that nobody signs in anew every morning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lasting {
    /// A one-time link.
    pub link: SignedDuration,
    /// A session, however busy.
    pub session: SignedDuration,
    /// A session that is not used.
    pub session_idle: SignedDuration,
    /// A wall's session, however busy.
    pub wall: SignedDuration,
    /// A wall's session that is not used.
    pub wall_idle: SignedDuration,
}

impl Default for Lasting {
    fn default() -> Self {
        Self {
            link: SignedDuration::from_mins(15),
            session: SignedDuration::from_hours(12),
            session_idle: SignedDuration::from_mins(30),
            wall: SignedDuration::from_hours(24 * 365),
            wall_idle: SignedDuration::from_hours(24 * 7),
        }
    }
}

impl Lasting {
    fn session_of(&self, role: Role) -> SignedDuration {
        if role == Role::Wall {
            self.wall
        } else {
            self.session
        }
    }

    fn idle_of(&self, role: Option<Role>) -> SignedDuration {
        if role == Some(Role::Wall) {
            self.wall_idle
        } else {
            self.session_idle
        }
    }
}

/// What somebody presents.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A bearer token.
    Bearer(Token),
    /// The content of a session cookie.
    Session(Token),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Slot {
    Key(Digest),
    Session(Digest),
}

impl Slot {
    /// A number that is as good as drawn.
    fn place(&self) -> usize {
        let (Self::Key(digest) | Self::Session(digest)) = self;
        digest.bytes().first().copied().map_or(0, usize::from)
    }
}

impl Credential {
    fn token(&self) -> &Token {
        match self {
            Self::Bearer(token) | Self::Session(token) => token,
        }
    }

    fn slot(&self) -> Slot {
        match self {
            Self::Bearer(token) => Slot::Key(token.digest()),
            Self::Session(token) => Slot::Session(token.digest()),
        }
    }
}

/// What is known of a credential without asking the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It holds.
    Holds(Arc<Principal>),
    /// It does not hold.
    Fails,
    /// The store has to be asked.
    Ask,
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its name for people.
    pub name: String,
    /// On whose behalf it acts.
    pub authority: Authority,
    /// The clearances it carries, checked by [`Grant::list`].
    pub grants: Vec<Grant>,
    /// The layers it is bound to; `None` is all that the role opens.
    pub layers: Option<Vec<String>>,
    /// When it ends.
    pub ends_at: Option<Timestamp>,
}

/// A sign-in link to be made.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// The name of the session that it opens.
    pub name: String,
    /// The role of that session.
    pub role: Role,
    /// The clearances of that session, checked by [`Grant::list`].
    pub grants: Vec<Grant>,
    /// The layers that session is bound to; `None` is all that the role opens.
    pub layers: Option<Vec<String>>,
}

/// A session that was just opened.
#[derive(Debug, Clone)]
pub struct Session {
    /// What goes into the cookie.
    pub token: Token,
    /// Whose it is.
    pub principal: Arc<Principal>,
    /// How long it lasts at most.
    pub lasts: SignedDuration,
}

#[derive(Debug, Clone)]
struct Believed {
    found: Option<Found>,
    read_at: Timestamp,
}

/// Keys, links and sessions over one store, with a short memory of what was checked.
#[derive(Debug)]
pub struct Identity {
    records: Records,
    lasting: Lasting,
    believed: Cache<Slot, Believed>,
    at_hand: Turns,
    /// Uses of sessions that the store could not note.
    unnoted: Cache<Digest, Timestamp>,
    failed_links: Failures,
    failed_tokens: Failures,
}

impl Identity {
    /// Opens the identity tables of a store; its schema has to be there.
    pub fn open(store: &Path, lasting: Lasting) -> Result<Self, IdentityError> {
        Ok(Self {
            records: Records::open(store)?,
            lasting,
            believed: Cache::builder()
                .max_capacity(CACHED_MOST)
                .eviction_listener(|_, _, cause| {
                    if cause == RemovalCause::Size {
                        metrics::EVICTED_CREDENTIALS.increment(1);
                    }
                })
                .build(),
            at_hand: Turns::default(),
            unnoted: Cache::new(CACHED_MOST),
            failed_links: Failures::new(10, SignedDuration::from_secs(30)),
            failed_tokens: Failures::new(60, SignedDuration::from_secs(1)),
        })
    }

    /// How often sign-in links failed.
    pub fn failed_links(&self) -> &Failures {
        &self.failed_links
    }

    /// How often tokens and sessions failed.
    pub fn failed_tokens(&self) -> &Failures {
        &self.failed_tokens
    }

    /// Makes a key and tells its token, once.
    pub fn create_key(&self, key: &NewKey, now: Timestamp) -> Result<Token, IdentityError> {
        let token = Token::new_key()?;
        self.records.insert_key(key, &token, now)?;
        Ok(token)
    }

    /// The keys or the sessions that are remembered, newest first, without their secrets.
    pub fn listed(&self, kind: Kind, now: Timestamp) -> Result<Vec<Listed>, IdentityError> {
        let kept = self.records.all(kind)?.into_iter();
        Ok(kept
            .map(|kept| {
                let stands = self.standing(kept.found.clone(), now).is_some();
                Listed::of(kept, stands)
            })
            .collect())
    }

    /// Revokes a key by its id or its public prefix, or a session by its id; false if there is none of
    /// it in force.
    pub fn revoke(&self, kind: Kind, id: &str, now: Timestamp) -> Result<bool, IdentityError> {
        match kind {
            Kind::Keys => self.revoke_key(id, now),
            Kind::Sessions => self.revoke_session(id, now),
        }
    }

    /// Revokes a key by its id or its public prefix; false if there is no such key in force.
    pub fn revoke_key(&self, key: &str, now: Timestamp) -> Result<bool, IdentityError> {
        let revoked = self.records.revoke_key(key, now)?;
        self.believed.invalidate_all();
        self.at_hand.turn();
        Ok(revoked)
    }

    /// Makes a one-time sign-in link and tells its token, once.
    pub fn issue_link(&self, link: &NewLink, now: Timestamp) -> Result<Token, IdentityError> {
        let token = Token::new_secret()?;
        let ends_at = later(now, self.lasting.link);
        self.records.insert_link(link, &token, now, ends_at)?;
        Ok(token)
    }

    /// Opens a session by a link; `None` if the link is unknown, expired or used.
    pub fn redeem(&self, link: &Token, now: Timestamp) -> Result<Option<Session>, IdentityError> {
        if !link.is_plausible() || !self.records.is_open(link, now)? {
            return Ok(None);
        }
        let token = Token::new_secret()?;
        let ends_at = |role| later(now, self.lasting.session_of(role));
        let Some((role, found)) = self.records.redeem(link, &token, now, ends_at)? else {
            return Ok(None);
        };
        Ok(Some(Session {
            token,
            principal: found.principal,
            lasts: self.lasting.session_of(role),
        }))
    }

    /// Ends a session by its secret.
    pub fn sign_out(&self, token: &Token, now: Timestamp) -> Result<(), IdentityError> {
        self.records.end_session(&token.digest(), now)?;
        self.believed.invalidate(&Slot::Session(token.digest()));
        self.at_hand.turn();
        Ok(())
    }

    /// Revokes a session by its id; false if there is no such session in force.
    pub fn revoke_session(&self, id: &str, now: Timestamp) -> Result<bool, IdentityError> {
        let revoked = self.records.revoke_session(id, now)?;
        self.believed.invalidate_all();
        self.at_hand.turn();
        Ok(revoked)
    }

    /// What is known of a credential without blocking. A session whose last use has to be noted is
    /// not known.
    pub fn known(&self, credential: &Credential, now: Timestamp) -> Known {
        if !credential.token().is_plausible() {
            return Known::Fails;
        }
        match self.fresh(&credential.slot(), now) {
            None => Known::Ask,
            Some(Believed { found: None, .. }) => Known::Fails,
            Some(Believed {
                found: Some(found), ..
            }) if to_be_noted(&found, now) => Known::Ask,
            Some(Believed {
                found: Some(found), ..
            }) => self.standing(found, now).map_or(Known::Fails, Known::Holds),
        }
    }

    /// Checks a credential that is being used, and notes that a session is.
    pub fn verify(
        &self,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<Option<Arc<Principal>>, IdentityError> {
        let Some(found) = self.find(credential, now)? else {
            return Ok(None);
        };
        if to_be_noted(&found, now)
            && let Slot::Session(digest) = credential.slot()
            && self.standing(found.clone(), now).is_some()
        {
            // Whoever uses a session stays signed in, whether a full disk takes the note or not.
            if let Err(cause) = self.records.note_use(&digest, now) {
                tracing::debug!(%cause, "cannot note the use of a session");
                self.unnoted.insert(digest, now);
            }
            self.believed.invalidate(&credential.slot());
            self.at_hand.turn();
        }
        Ok(self.standing(found, now))
    }

    /// Checks a credential of an open stream, which does not count as using it. The store is asked anew: what
    /// is open for long is looked at seldom.
    pub fn still(
        &self,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<Option<Arc<Principal>>, IdentityError> {
        if !credential.token().is_plausible() {
            return Ok(None);
        }
        let found = self.look_up(credential, now)?;
        Ok(found.and_then(|found| self.standing(found, now)))
    }

    fn find(
        &self,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<Option<Found>, IdentityError> {
        if !credential.token().is_plausible() {
            return Ok(None);
        }
        if let Some(believed) = self.fresh(&credential.slot(), now) {
            return Ok(believed.found);
        }
        self.look_up(credential, now)
    }

    fn look_up(
        &self,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<Option<Found>, IdentityError> {
        let slot = credential.slot();
        let found = match (&slot, credential.token().prefix()) {
            (Slot::Key(digest), Some(prefix)) => self.records.key(prefix, digest)?,
            (Slot::Key(_), None) => None,
            (Slot::Session(digest), _) => {
                let mut found = self.records.session(digest)?;
                if let Some(found) = &mut found {
                    found.seen_at = found.seen_at.max(self.unnoted.get(digest));
                }
                found
            }
        };
        let believed = Believed {
            found: found.clone(),
            read_at: now,
        };
        self.believed.insert(slot, believed);
        self.at_hand.turn();
        Ok(found)
    }

    fn fresh(&self, slot: &Slot, now: Timestamp) -> Option<Believed> {
        let believed = self.at_hand.get(slot, || self.believed.get(slot))?;
        let age = now.duration_since(believed.read_at);
        let fresh = (SignedDuration::ZERO..CACHED_FOR).contains(&age);
        fresh.then_some(believed)
    }

    /// The principal, if nothing has run out.
    fn standing(&self, found: Found, now: Timestamp) -> Option<Arc<Principal>> {
        let principal = found.principal;
        let idle = self.lasting.idle_of(principal.role());
        let ended = principal.ends_at.is_some_and(|end| now >= end);
        let unused = found
            .seen_at
            .is_some_and(|seen| now.duration_since(seen) >= idle);
        (!found.revoked && !ended && !unused).then_some(principal)
    }
}

/// Whether the note of a session's last use is too old.
fn to_be_noted(found: &Found, now: Timestamp) -> bool {
    found
        .seen_at
        .is_some_and(|seen| now.duration_since(seen) >= SEEN_EVERY)
}

/// An instant later; the end of time where that would be past it.
fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
pub(crate) mod tests;
