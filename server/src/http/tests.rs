use super::*;
use crate::clock::Clock;
use crate::config::Limits;
use crate::store::tests::sample::observed;
use crate::store::{Embedded, Store, StoreOptions};
use std::sync::mpsc;

#[actix_web::test]
async fn a_question_that_waits_is_answered_from_what_is_known_when_its_turn_comes() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits {
        encoders: 1,
        ..Limits::default()
    };
    let config = Config {
        limits,
        ..Config::default()
    };
    let store = Store::Embedded(Embedded::open(dir.path(), StoreOptions::default()).unwrap());
    let engine = Engine::start(&config, store, &Clock::system()).unwrap();
    let app = App::new(Arc::new(engine), config);
    let mut releases = Vec::new();
    let mut long = Vec::new();
    for _ in 0..2 {
        let (release, held) = mpsc::sync_channel::<()>(1);
        releases.push(release);
        long.push(Box::pin(app.questions.answer(move || held.recv().unwrap())));
    }
    let before = app.engine.view().seq();
    let units = |view: &View, viewer: &Viewer| view.open(viewer, "units").unwrap().count();
    let mut asked = Box::pin(ask(&app, Viewer::EVERYTHING, units));
    let told = async {
        let event = observed(
            app.engine.catalog(),
            "units",
            1,
            "u",
            app.engine.clock().now(),
        )
        .event;
        let admitted = app.engine.admit(&"units".into(), 1).unwrap();
        let receipt = app.engine.append(vec![event], admitted).await.unwrap();
        let published = |at| at >= receipt.seq;
        assert!(
            app.engine
                .wait_until(published, Duration::from_secs(20))
                .await
        );
    };
    let places = futures_util::future::join_all(long.iter_mut().map(|long| long.as_mut()));
    tokio::select! {
        biased;
        _ = places => unreachable!("they wait to be released"),
        _ = &mut asked => unreachable!("it waits for a place"),
        () = told => {}
    }
    assert!(app.engine.view().seq() > before);
    drop(releases);
    let (seq, count) = asked.await.unwrap();
    assert!(seq > before);
    assert_eq!(count, 1, "not what there was when it began to wait");
}
