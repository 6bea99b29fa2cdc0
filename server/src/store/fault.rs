//! Faults that tests put into a store: an append that fails, waits or panics before it writes.

use std::sync::{Arc, Condvar, Mutex};

/// What the next appends meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fault {
    #[default]
    None,
    Fails,
    Waits,
    Panics,
}

#[derive(Debug, Default)]
struct State {
    fault: Fault,
    /// Appends that have met a fault.
    met: u32,
}

/// The faults of one store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(Arc<(Mutex<State>, Condvar)>);

impl Faults {
    /// From now on, appends meet this.
    pub(crate) fn set(&self, fault: Fault) {
        self.0.0.lock().unwrap().fault = fault;
        self.0.1.notify_all();
    }

    /// Waits until an append has met a fault.
    pub(crate) fn wait_until_met(&self) {
        let state = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(state, |state| state.met == 0).unwrap());
    }

    /// Meets the fault; says whether the append fails.
    pub(crate) fn meet(&self) -> bool {
        let mut state = self.0.0.lock().unwrap();
        let fault = state.fault;
        state.met += u32::from(fault != Fault::None);
        self.0.1.notify_all();
        if fault == Fault::Waits {
            let waited = self.0.1.wait_while(state, |it| it.fault == Fault::Waits);
            drop(waited.unwrap());
            return false;
        }
        drop(state);
        assert!(fault != Fault::Panics, "as the test wants it");
        fault == Fault::Fails
    }
}
