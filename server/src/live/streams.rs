//! The streams that are open: how many there may be, whose they are, and how each is told to change or to
//! end.
//!
//! A place is taken before a stream is answered, and given back when its connection is gone.

use super::subscription::Subscription;
use crate::http::Caller;
use crate::identity::{Credential, Identity, IdentityError};
use crate::metrics;
use atalaya_tiles::Catalog;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The name of a stream: random, so that it cannot be guessed.
pub type StreamId = String;

/// What is wished of a stream; only the latest counts.
pub type Wanted = Option<Subscription>;

/// How many streams there may be.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// All together.
    pub all: usize,
    /// Of one owner.
    pub each: usize,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// All places are taken.
    All,
    /// This owner has taken all that one may have.
    Each,
}

/// Why a stream is ended by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dismissal {
    /// The session or key was revoked or has run out.
    NoLongerHolds,
    /// It holds, and what it shows is not what the stream shows: a clearance has run out.
    SeesOtherwise,
}

impl Dismissal {
    /// What the client is told.
    pub fn detail(self) -> &'static str {
        match self {
            Self::NoLongerHolds => "The session or key of this stream no longer holds.",
            Self::SeesOtherwise => {
                "What the session or key of this stream may see has changed; open the stream anew."
            }
        }
    }
}

/// What a stream listens to.
#[derive(Debug)]
pub struct Seat {
    /// Changes of subscription.
    pub changes: watch::Receiver<Wanted>,
    /// Whether it has to end.
    pub dismissed: watch::Receiver<Option<Dismissal>>,
}

/// The streams that are open, so that `PATCH /live/{stream}` finds them.
#[derive(Debug, Default)]
pub struct Streams(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    open: HashMap<StreamId, Entry>,
    of_owner: HashMap<String, usize>,
}

#[derive(Debug)]
struct Entry {
    /// Who opened it: nobody else may change it.
    caller: Caller,
    changes: watch::Sender<Wanted>,
    dismissed: watch::Sender<Option<Dismissal>>,
}

impl Streams {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a stream if there is room.
    pub fn enter(&self, id: &str, caller: &Caller, room: Room) -> Result<Seat, Full> {
        let mut table = self.table();
        if table.open.len() >= room.all {
            return Err(Full::All);
        }
        let owner = &caller.principal.id;
        if table.of_owner.get(owner).copied().unwrap_or(0) >= room.each {
            return Err(Full::Each);
        }
        *table.of_owner.entry(owner.clone()).or_default() += 1;
        let (changes, dismissed) = (watch::channel(None), watch::channel(None));
        let entry = Entry {
            caller: caller.clone(),
            changes: changes.0,
            dismissed: dismissed.0,
        };
        table.open.insert(id.to_owned(), entry);
        Ok(Seat {
            changes: changes.1,
            dismissed: dismissed.1,
        })
    }

    /// Takes a stream out.
    pub fn leave(&self, id: &str) {
        let mut table = self.table();
        let Some(entry) = table.open.remove(id) else {
            return;
        };
        let owner = &entry.caller.principal.id;
        if let Some(count) = table.of_owner.get_mut(owner) {
            *count -= 1;
            if *count == 0 {
                table.of_owner.remove(owner);
            }
        }
    }

    /// Changes a stream, for its owner alone; false if they have no such stream.
    pub fn change(&self, id: &str, owner: &str, wanted: Subscription) -> bool {
        let table = self.table();
        let entry = table.open.get(id);
        entry
            .filter(|entry| entry.caller.principal.id == owner)
            .is_some_and(|entry| entry.changes.send(Some(wanted)).is_ok())
    }

    /// How many streams are open.
    pub fn count(&self) -> usize {
        self.table().open.len()
    }

    /// Asks again whether every session and key holds that a stream was opened with, once each however many
    /// streams it has, and ends the streams of those that do not. Blocking. After an error all go on until
    /// the next time.
    pub fn recheck(
        &self,
        identity: &Identity,
        catalog: &Catalog,
        now: Timestamp,
    ) -> Result<(), IdentityError> {
        let mut standing = HashMap::new();
        for (owner, credential) in self.credentials() {
            standing.insert(owner, identity.still(&credential, now)?);
            metrics::LIVE_RECHECKS.increment(1);
        }
        for entry in self.table().open.values() {
            let dismissal = match standing.get(&entry.caller.principal.id) {
                Some(None) => Dismissal::NoLongerHolds,
                Some(Some(is)) if !entry.caller.sees_the_same(is, catalog, now) => {
                    Dismissal::SeesOtherwise
                }
                // It holds, or was opened a moment ago.
                Some(Some(_)) | None => continue,
            };
            entry.dismissed.send_replace(Some(dismissal));
        }
        Ok(())
    }

    /// What the open streams were opened with, each session and key once, by the id of its principal.
    fn credentials(&self) -> HashMap<String, Credential> {
        let table = self.table();
        let callers = table.open.values().map(|entry| &entry.caller);
        callers
            .map(|caller| (caller.principal.id.clone(), caller.credential.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests;
