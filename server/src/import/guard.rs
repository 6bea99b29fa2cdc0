//! Around what reads files for us: a file that contradicts itself makes some readers panic, which here is
//! a reason like any other.
//!
//! Promises that nothing of such a panic is written, on this thread and while it is guarded; on every
//! other thread, and outside, a panic is written as ever.

use super::{Records, Unread};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

/// What is said of a file that a reader panicked over.
pub(super) const CONTRADICTS: &str = "it contradicts itself";

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs a reader; its panic is [`CONTRADICTS`]. What it worked on is not to be read on.
pub(super) fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, &'static str> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let told = take_hook();
        set_hook(Box::new(move |panic| {
            if !GUARDED.try_with(Cell::get).unwrap_or(false) {
                told(panic);
            }
        }));
    });
    let outside = GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(read));
    GUARDED.set(outside);
    outcome.map_err(|_| CONTRADICTS)
}

/// Records of which none comes after one that could not be told from the next.
pub(super) fn until_broken(mut records: Records) -> Records {
    let mut broken = false;
    Box::new(std::iter::from_fn(move || {
        if broken {
            return None;
        }
        let next = guarded(|| records.next())
            .unwrap_or_else(|reason| Some(Err(Unread::Rest(reason.to_owned()))));
        broken = matches!(next, Some(Err(Unread::Rest(_))));
        next
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Draft;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_panic_is_a_reason_is_not_written_and_ends_the_records() {
        let read: Arc<AtomicUsize> = Arc::default();
        let counter = Arc::clone(&read);
        let records = (0..9).map(move |at| {
            assert!(at != 2, "a record that panics");
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(Draft::default())
        });
        let found: Vec<_> = until_broken(Box::new(records)).collect();
        assert_eq!(found.len(), 3);
        assert_eq!(found[2], Err(Unread::Rest(CONTRADICTS.into())));
        assert_eq!(read.load(Ordering::Relaxed), 2, "nothing is read after it");
        assert!(!GUARDED.get());
    }
}
