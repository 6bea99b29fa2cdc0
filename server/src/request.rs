//! The request that is being answered: its id, and what its line in the log says of it.
//!
//! Whatever works on a request in its own task can ask here; outside of any request there is none.

use crate::identity::Principal;
use std::cell::{Cell, OnceCell};
use std::sync::Arc;
use uuid::Uuid;

#[derive(Debug)]
struct Request {
    id: Uuid,
    frequent: Cell<bool>,
    principal: OnceCell<Arc<Principal>>,
}

tokio::task_local! {
    static REQUEST: Request;
}

impl Request {
    fn new(id: Uuid) -> Self {
        Self {
            id,
            frequent: Cell::new(false),
            principal: OnceCell::new(),
        }
    }
}

/// Answers a request under its id, which problems that it meets carry as their instance, and lines of the
/// log.
pub async fn under<F: Future>(id: Uuid, answer: F) -> F::Output {
    REQUEST.scope(Request::new(id), answer).await
}

/// As [`under`], for what does not wait.
pub fn at_once_under<T>(id: Uuid, answer: impl FnOnce() -> T) -> T {
    REQUEST.sync_scope(Request::new(id), answer)
}

/// The id of the request that is being answered, if there is one.
pub fn id() -> Option<Uuid> {
    REQUEST.try_with(|request| request.id).ok()
}

/// Notes that the request is one of those that a map makes by the hundred: the log has it where it was
/// refused, and otherwise at the level `debug`.
pub fn note_frequent() {
    // Outside of a request there is nothing to note it of.
    REQUEST.try_with(|request| request.frequent.set(true)).ok();
}

/// Whether that was noted.
pub fn is_frequent() -> bool {
    REQUEST
        .try_with(|request| request.frequent.get())
        .unwrap_or(false)
}

/// Notes who asks. Who was noted first stays.
pub fn note_principal(principal: &Arc<Principal>) {
    REQUEST
        .try_with(|request| {
            request.principal.get_or_init(|| Arc::clone(principal));
        })
        .ok();
}

/// Who asks, where that was noted.
pub fn principal() -> Option<Arc<Principal>> {
    REQUEST
        .try_with(|request| request.principal.get().cloned())
        .ok()
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::request_id;

    #[actix_web::test]
    async fn the_instance_is_the_request() {
        let number = Uuid::from_u128(7);
        let seen = under(number, async { request_id() }).await;
        assert_eq!(seen, number);
        assert_eq!(at_once_under(number, request_id), number);
        assert_ne!(request_id(), request_id());
        assert_eq!(id(), None);
    }

    #[test]
    fn what_is_noted_ends_with_the_request() {
        let noted = at_once_under(Uuid::from_u128(7), || {
            note_frequent();
            is_frequent()
        });
        assert!(noted);
        note_frequent();
        assert!(!is_frequent());
    }
}
