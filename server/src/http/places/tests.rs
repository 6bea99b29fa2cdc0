use super::*;
use std::sync::mpsc;

#[actix_web::test]
async fn one_too_many_is_told_so_and_a_place_is_free_only_when_its_work_is_done() {
    let purpose = Purpose {
        what: "places for questions",
        retry_after_s: 1,
        refused: &crate::metrics::REFUSED_QUESTIONS,
    };
    let questions = WorkPlaces {
        patience: Duration::ZERO,
        ..WorkPlaces::new(1, purpose)
    };
    let (release, held) = mpsc::sync_channel::<()>(1);
    let (began, beginning) = tokio::sync::oneshot::channel();
    let long = questions.answer(move || {
        began.send(()).unwrap();
        held.recv().unwrap();
        7
    });
    let mut long = Box::pin(long);
    tokio::select! {
        _ = &mut long => unreachable!("it waits to be released"),
        started = beginning => started.unwrap(),
    }
    assert_eq!(questions.taken(), 1);
    // Whoever asked goes away; the work goes on.
    drop(long);
    let refused = questions.answer(|| 8).await.unwrap_err();
    assert!(matches!(refused, Problem::Overloaded { limit: 1, .. }));
    release.send(()).unwrap();
    let patient = WorkPlaces {
        patience: PATIENCE,
        ..questions
    };
    assert_eq!(patient.answer(|| 9).await.unwrap(), 9);
}
