//! What a thread knows of credentials without a look at what all threads share.
//!
//! Promises: whatever changes what is believed takes another turn, and what a thread has of an earlier turn is
//! nothing to it: a revocation holds for the next request on every thread.

use super::{Believed, Principal, Slot};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many credentials a thread has at hand; one that comes to the place of another takes it.
const PLACES: usize = 64;

thread_local! {
    static AT_HAND: RefCell<Vec<Option<AtHand>>> = const { RefCell::new(Vec::new()) };
}

/// Numbers all that ever counted turns, so that no two take what the other has.
static COUNTED: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
struct AtHand {
    turn: (u64, u64),
    slot: Slot,
    believed: Believed,
}

/// Counts the changes of what is believed.
#[derive(Debug)]
pub(super) struct Turns {
    number: u64,
    turn: AtomicU64,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            number: COUNTED.fetch_add(1, Ordering::Relaxed),
            turn: AtomicU64::new(0),
        }
    }
}

impl Turns {
    /// What is believed has changed: to be called when it has.
    pub(super) fn turn(&self) {
        self.turn.fetch_add(1, Ordering::AcqRel);
    }

    /// What is believed of a credential; `ask` where it is not at hand.
    pub(super) fn get(
        &self,
        slot: &Slot,
        ask: impl FnOnce() -> Option<Believed>,
    ) -> Option<Believed> {
        // Before it is asked: what changes meanwhile is of a later turn.
        let turn = (self.number, self.turn.load(Ordering::Acquire));
        AT_HAND.with_borrow_mut(|places| {
            places.resize_with(PLACES, || None);
            let place = places.get_mut(slot.place() % PLACES)?;
            if let Some(known) = place
                && known.turn == turn
                && known.slot == *slot
            {
                return Some(known.believed.clone());
            }
            let believed = of_this_thread(ask()?);
            *place = Some(AtHand {
                turn,
                slot: *slot,
                believed: believed.clone(),
            });
            Some(believed)
        })
    }
}

/// The same, with a principal whose uses are counted by this thread alone.
fn of_this_thread(mut believed: Believed) -> Believed {
    if let Some(found) = &mut believed.found {
        found.principal = Arc::new(Principal::clone(&found.principal));
    }
    believed
}
