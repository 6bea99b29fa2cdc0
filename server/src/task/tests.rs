use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const AT_ONCE: Pauses = Pauses {
    first: Duration::ZERO,
    longest: Duration::from_mins(1),
};

/// How often a task is started that panics so many times.
async fn starts(panics: u32) -> u32 {
    let started = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&started);
    let task = spawn_lasting("trial", "one".into(), AT_ONCE, move || {
        let start = counted.fetch_add(1, Ordering::Relaxed);
        async move { assert!(start >= panics, "as planned") }
    });
    task.await.unwrap();
    started.load(Ordering::Relaxed)
}

#[actix_web::test]
async fn a_lasting_task_that_panics_is_started_again() {
    assert_eq!(starts(0).await, 1);
    assert_eq!(starts(2).await, 3);
    assert_eq!(starts(100).await, 101);
}

#[actix_web::test]
async fn a_task_that_is_aborted_ends() {
    let (held, mut gone) = tokio::sync::oneshot::channel::<()>();
    let task = spawn("trial", async move {
        std::future::pending::<()>().await;
        drop(held);
    });
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(
        gone.try_recv()
            .is_err_and(|gone| gone == tokio::sync::oneshot::error::TryRecvError::Closed)
    );
}

#[test]
fn a_thread_that_panics_says_so() {
    let (told, hears) = std::sync::mpsc::sync_channel(1);
    let told = move || told.send(()).unwrap();
    let thread = thread("trial", || panic!("as planned"), told).unwrap();
    thread.join().unwrap();
    hears.try_recv().unwrap();
}
