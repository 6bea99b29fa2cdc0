//! The streams that are open: how many, whose they are, and how each is told to change or to end.

use super::subscription::Subscription;
use crate::http::Caller;
use crate::identity::{Credential, Identity, IdentityError};
use crate::metrics;
use atalaya_tiles::Catalog;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};

/// The name of a stream: random, so that it cannot be guessed.
pub type StreamId = String;

/// Changes of subscription that wait for their stream; who sends more waits.
const CHANGES: usize = 8;

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
    pub changes: mpsc::Receiver<Subscription>,
    /// Whether it has to end.
    pub dismissed: watch::Receiver<Option<Dismissal>>,
}

/// The streams that are open, so that `PATCH /live/{stream}` finds them.
#[derive(Debug, Default)]
pub struct Streams(Mutex<HashMap<StreamId, Entry>>);

#[derive(Debug)]
struct Entry {
    /// Who opened it: nobody else may change it.
    caller: Caller,
    changes: mpsc::Sender<Subscription>,
    dismissed: watch::Sender<Option<Dismissal>>,
}

impl Streams {
    /// Enters a stream; `None` if there are `limit` already.
    pub fn enter(&self, id: &str, caller: &Caller, limit: usize) -> Option<Seat> {
        let mut open = self.open();
        if open.len() >= limit {
            return None;
        }
        let (changes, dismissed) = (mpsc::channel(CHANGES), watch::channel(None));
        let entry = Entry {
            caller: caller.clone(),
            changes: changes.0,
            dismissed: dismissed.0,
        };
        open.insert(id.to_owned(), entry);
        Some(Seat {
            changes: changes.1,
            dismissed: dismissed.1,
        })
    }

    /// Takes a stream out.
    pub fn leave(&self, id: &str) {
        self.open().remove(id);
    }

    /// The way to change a stream, for its owner alone.
    pub fn changes(&self, id: &str, owner: &str) -> Option<mpsc::Sender<Subscription>> {
        let open = self.open();
        let entry = open
            .get(id)
            .filter(|entry| entry.caller.principal.id == owner)?;
        Some(entry.changes.clone())
    }

    /// How many streams are open.
    pub fn count(&self) -> usize {
        self.open().len()
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
        for entry in self.open().values() {
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
        let open = self.open();
        let callers = open.values().map(|entry| &entry.caller);
        callers
            .map(|caller| (caller.principal.id.clone(), caller.credential.clone()))
            .collect()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<StreamId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
