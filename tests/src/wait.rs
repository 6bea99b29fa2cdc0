//! Waiting for a condition, with a deadline and without guessing how long it takes.

use std::time::Duration;

/// How long anything may take; generous, since a busy machine is not a failure.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Asks again and again until the probe has an answer.
///
/// # Panics
/// At the deadline, naming what was waited for.
pub async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let asked = async {
        let mut often = tokio::time::interval(Duration::from_millis(20));
        loop {
            often.tick().await;
            if let Some(answer) = probe().await {
                return answer;
            }
        }
    };
    in_time(what, asked).await
}

/// Waits for something that ends by itself.
///
/// # Panics
/// At the deadline, naming what was waited for.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let ended = tokio::time::timeout(DEADLINE, future).await;
    assert!(ended.is_ok(), "waited {} s for {what}", DEADLINE.as_secs());
    ended.expect("just asserted")
}
