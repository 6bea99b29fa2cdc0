//! The streams that are open: how many there may be, and the way to each for `PATCH /live/{stream}`.
//!
//! A place is taken before a stream is answered, and given back when its connection is gone.

use super::subscription::Subscription;
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

/// The streams that are open.
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
    owner: String,
    changes: watch::Sender<Wanted>,
}

impl Streams {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a stream if there is room. Changes arrive at the receiver.
    pub fn enter(
        &self,
        id: &str,
        owner: &str,
        room: Room,
    ) -> Result<watch::Receiver<Wanted>, Full> {
        let mut table = self.table();
        if table.open.len() >= room.all {
            return Err(Full::All);
        }
        let of_owner = table.of_owner.entry(owner.to_owned()).or_default();
        if *of_owner >= room.each {
            return Err(Full::Each);
        }
        *of_owner += 1;
        let (changes, receiver) = watch::channel(None);
        let entry = Entry {
            owner: owner.to_owned(),
            changes,
        };
        table.open.insert(id.to_owned(), entry);
        Ok(receiver)
    }

    /// Takes a stream out.
    pub fn leave(&self, id: &str) {
        let mut table = self.table();
        let Some(entry) = table.open.remove(id) else {
            return;
        };
        if let Some(count) = table.of_owner.get_mut(&entry.owner) {
            *count -= 1;
            if *count == 0 {
                table.of_owner.remove(&entry.owner);
            }
        }
    }

    /// Changes a stream, for its owner alone; false if they have no such stream.
    pub fn change(&self, id: &str, owner: &str, wanted: Subscription) -> bool {
        let table = self.table();
        let entry = table.open.get(id).filter(|entry| entry.owner == owner);
        entry.is_some_and(|entry| entry.changes.send(Some(wanted)).is_ok())
    }

    /// How many streams are open.
    pub fn count(&self) -> usize {
        self.table().open.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_cannot_take_all_places_and_a_place_given_back_is_free() {
        let streams = Streams::default();
        let room = Room { all: 3, each: 2 };
        let enter = |id, owner| streams.enter(id, owner, room).map(drop);
        assert_eq!(enter("a", "x"), Ok(()));
        assert_eq!(enter("b", "x"), Ok(()));
        assert_eq!(enter("c", "x"), Err(Full::Each));
        assert_eq!(enter("c", "y"), Ok(()));
        assert_eq!(enter("d", "z"), Err(Full::All));
        streams.leave("a");
        streams.leave("a");
        assert_eq!(streams.count(), 2);
        assert_eq!(enter("d", "x"), Ok(()));
        assert_eq!(enter("e", "y"), Err(Full::All));
    }
}
