use super::Kept;
use crate::adaptor::{Decoded, Doubt, Input, decode};
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::{Appended, Engine, RollCall};
use crate::store::{Embedded, Store, StoreOptions};
use atalaya_tiles::Viewer;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

const CONFIG: &str = r#"
[[layers]]
name = "sites"
kind = "state"
geometry = ["point"]
fields = { name = "text" }
retain_days = 90

[[feeds]]
name = "annex"
adaptor = "geojson"
layer = "sites"
"#;
const NOON: &str = "2026-03-01T12:00:00Z";

struct Bench {
    folder: TempDir,
    clock: Clock,
    engine: Option<Engine>,
}

impl Bench {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed("2026-03-01T13:00:00Z".parse().unwrap());
        let engine = Some(open(&folder, &clock));
        Self {
            folder,
            clock,
            engine,
        }
    }

    fn restart(&mut self) {
        self.engine = None;
        self.engine = Some(open(&self.folder, &self.clock));
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    fn decoded(&self, feed: &str, body: &str) -> Decoded {
        let (_, feed) = self.engine().feed(feed).unwrap();
        let input = Input {
            body: body.as_bytes(),
            content_type: None,
        };
        decode(feed, self.engine().catalog(), &input).unwrap()
    }

    /// Tells a feed's features without calling the roll.
    async fn tell(&self, feed: &str, features: &[String]) -> Appended {
        self.clock.advance(SignedDuration::from_secs(60));
        let decoded = self.decoded(feed, &collection(features));
        let events = decoded.events.into_iter().map(|accepted| accepted.event);
        let admitted = self.engine().admit(&feed.into(), 0).unwrap();
        let told = self.engine().append(events.collect(), admitted).await;
        told.unwrap()
    }

    async fn call(&self, features: &[String]) -> Appended {
        self.call_changed(features, |_| {}).await
    }

    async fn call_changed(
        &self,
        features: &[String],
        change: impl FnOnce(&mut Decoded),
    ) -> Appended {
        self.clock.advance(SignedDuration::from_secs(60));
        let mut decoded = self.decoded("sites", &collection(features));
        change(&mut decoded);
        let call = RollCall {
            feed: "sites".into(),
            layer: self.engine().catalog().layer("sites").unwrap(),
            whole: decoded.whole(),
            withdraw_at_most: 0.5,
        };
        let events = decoded.events.into_iter().map(|accepted| accepted.event);
        let admitted = self.engine().admit(&"sites".into(), 0).unwrap();
        let told = self
            .engine()
            .append_after(events.collect(), Some(call), admitted)
            .await;
        told.unwrap()
    }

    /// The ids of all sites, in order.
    async fn sites(&self) -> String {
        let admitted = self.engine().admit(&"sites".into(), 0).unwrap();
        let appended = self.engine().append(Vec::new(), admitted).await.unwrap();
        let patience = std::time::Duration::from_secs(20);
        assert!(
            self.engine()
                .wait_until(|at| at >= appended.seq, patience)
                .await
        );
        let view = self.engine().view();
        let open = view.open(&Viewer::EVERYTHING, "sites").unwrap();
        let ids: Vec<String> = open
            .page(None, 100)
            .iter()
            .map(|seen| seen.id().to_owned())
            .collect();
        ids.join(" ")
    }
}

fn open(folder: &TempDir, clock: &Clock) -> Engine {
    let config: Config = toml::from_str(CONFIG).unwrap();
    let options = StoreOptions {
        reserve_bytes: 0,
        ..StoreOptions::default()
    };
    let store = Store::Embedded(Embedded::open(folder.path(), options).unwrap());
    Engine::start(&config, store, clock).unwrap()
}

fn collection(features: &[String]) -> String {
    let features = features.join(",");
    format!(r#"{{"type": "FeatureCollection", "features": [{features}]}}"#)
}

fn site(id: &str, name: &str, observed_at: Option<&str>) -> String {
    let observed_at = observed_at.map_or(String::new(), |at| format!(r#""observed_at": "{at}","#));
    format!(
        r#"{{"type": "Feature", "id": "{id}", {observed_at} "properties": {{"name": "{name}"}},
            "geometry": {{"type": "Point", "coordinates": [-110.9, 32.2]}}}}"#
    )
}

fn timed(id: &str) -> String {
    site(id, "A", Some(NOON))
}

fn many(ids: std::ops::Range<u8>) -> Vec<String> {
    ids.map(|id| timed(&format!("{id:02}"))).collect()
}

#[actix_web::test]
async fn who_is_left_out_is_withdrawn_and_other_feeds_are_untouched() {
    let bench = Bench::start();
    bench.tell("annex", &[timed("x")]).await;
    bench.call(&[timed("a"), timed("b")]).await;
    let told = bench.call(&[timed("b")]).await;
    assert_eq!(
        (told.accepted, told.duplicates, told.withdrawn, told.kept),
        (0, 1, 1, None)
    );
    assert_eq!(bench.sites().await, "annex/x b");
    let told = bench.call(&[]).await;
    assert_eq!((told.withdrawn, told.kept), (1, None), "few may all go");
    assert_eq!(bench.sites().await, "annex/x");
}

#[actix_web::test]
async fn where_too_many_are_left_out_all_are_kept() {
    let bench = Bench::start();
    bench.call(&many(0..12)).await;
    let told = bench.call(&many(0..5)).await;
    let kept = Kept::TooMany {
        missing: 7,
        held: 12,
        at_most: 0.5,
    };
    assert_eq!((told.withdrawn, told.kept), (0, Some(kept)));
    assert_eq!(
        kept.to_string(),
        "the body leaves out 7 of 12 features, more than withdraw_at_most = 0.5 allows: all are kept"
    );
    assert_eq!(bench.call(&[]).await.withdrawn, 0);
    let told = bench.call(&many(0..6)).await;
    assert_eq!((told.withdrawn, told.kept), (6, None), "half may go");
    assert_eq!(bench.sites().await, "00 01 02 03 04 05");
}

#[actix_web::test]
async fn a_body_in_doubt_withdraws_nothing_and_says_so_only_where_it_matters() {
    let bench = Bench::start();
    bench.call(&[timed("a"), timed("b")]).await;
    let partial = |decoded: &mut Decoded| decoded.partial = Some("the body is one page of several");
    let told = bench.call_changed(&[timed("a")], partial).await;
    let doubt = Doubt::Partial("the body is one page of several");
    assert_eq!(
        (told.withdrawn, told.kept),
        (0, Some(Kept::Doubt(doubt, 1)))
    );
    let told = bench.call_changed(&[timed("a"), timed("b")], partial).await;
    assert_eq!(told.kept, None);
}

#[actix_web::test]
async fn a_body_that_is_older_than_the_one_before_withdraws_and_revives_nothing() {
    let bench = Bench::start();
    let made = |minute: i8| {
        move |decoded: &mut Decoded| {
            let at = jiff::civil::date(2026, 3, 1).at(12, minute, 0, 0);
            let at = at.to_zoned(jiff::tz::TimeZone::UTC).unwrap();
            decoded.as_of = Some(at.timestamp());
        }
    };
    bench
        .call_changed(&[timed("a"), timed("b")], made(10))
        .await;
    bench.call_changed(&[timed("b")], made(20)).await;
    let told = bench.call_changed(&[timed("a")], made(10)).await;
    assert!(
        matches!(told.kept, Some(Kept::Older { .. })),
        "{:?}",
        told.kept
    );
    assert_eq!(bench.sites().await, "b");
    let ahead = |decoded: &mut Decoded| decoded.as_of = Some(Timestamp::MAX);
    bench.call_changed(&[timed("b")], ahead).await;
    let told = bench.call(&[]).await;
    assert_eq!(told.withdrawn, 1, "a clock that ran ahead pins nothing");
}

#[actix_web::test]
async fn an_older_word_resurrects_nothing_and_a_newer_one_does() {
    let bench = Bench::start();
    bench.call(&[timed("a")]).await;
    bench.call(&[]).await;
    for late in [
        timed("a"),
        site("a", "B", Some(NOON)),
        site("a", "C", Some("2026-03-01T11:00:00Z")),
    ] {
        bench.tell("sites", &[late]).await;
        assert_eq!(bench.sites().await, "");
    }
    let older = site("a", "C", Some("2026-03-01T10:00:00Z"));
    bench.call(&[older]).await;
    assert_eq!(bench.sites().await, "", "also in a roll call");
    let newer = site("a", "D", Some("2026-03-01T12:00:01Z"));
    bench.tell("sites", &[newer]).await;
    assert_eq!(bench.sites().await, "a");
}

#[actix_web::test]
async fn who_is_named_again_comes_back_as_it_was_as_often_as_it_goes() {
    let mut bench = Bench::start();
    for (id, observed_at) in [
        ("a", Some(NOON)),
        ("b", None),
        ("c", Some("2031-01-01T00:00:00Z")),
    ] {
        let feature = site(id, "A", observed_at);
        for _ in 0..3 {
            bench.call(std::slice::from_ref(&feature)).await;
            assert_eq!(bench.sites().await, id);
            let same = bench.call(std::slice::from_ref(&feature)).await;
            assert_eq!((same.accepted, same.duplicates), (0, 1), "{id}");
            bench.call(&[]).await;
            assert_eq!(bench.sites().await, "", "{id}");
            bench.restart();
        }
    }
}

#[actix_web::test]
async fn what_is_over_is_not_brought_back_however_often_it_is_named() {
    let bench = Bench::start();
    let ends = |at: &str| {
        timed("a").replace(
            "\"properties\"",
            &format!("\"expires_at\": \"{at}\", \"properties\""),
        )
    };
    let body = [ends("2026-03-01T13:02:30Z")];
    bench.call(&body).await;
    bench.call(&[]).await;
    for _ in 0..3 {
        let told = bench.call(&body).await;
        assert_eq!((told.accepted, told.duplicates), (0, 1));
        assert_eq!(bench.sites().await, "");
    }
}

#[actix_web::test]
async fn what_the_source_says_next_is_newer_than_the_coming_back() {
    let bench = Bench::start();
    bench.call(&[timed("a")]).await;
    bench.call(&[]).await;
    bench.call(&[timed("a")]).await;
    let next = site("a", "B", Some("2026-03-01T12:00:01Z"));
    bench.call(&[next]).await;
    let view = {
        assert_eq!(bench.sites().await, "a");
        bench.engine().view()
    };
    let open = view.open(&Viewer::EVERYTHING, "sites").unwrap();
    let seen = open.get(&"a".into()).unwrap();
    let observed_at = seen.observed_at().to_string();
    assert_eq!(observed_at, "2026-03-01T12:00:01Z");
}

#[actix_web::test]
async fn what_is_named_is_received_again_before_it_is_forgotten() {
    let bench = Bench::start();
    let body = [timed("a"), site("b", "B", None)];
    bench.call(&body).await;
    assert_eq!(bench.call(&body).await.duplicates, 2);
    for _ in 0..3 {
        bench.clock.advance(SignedDuration::from_hours(24 * 50));
        assert_eq!(bench.call(&body).await.accepted, 2);
        bench.call(&body).await;
        assert_eq!(bench.call(&body).await.duplicates, 2);
        assert_eq!(bench.sites().await, "a b");
    }
}

#[actix_web::test]
async fn what_a_body_takes_back_itself_stays_taken_back() {
    let bench = Bench::start();
    let gone = r#"{"type": "Feature", "id": "a", "observed_at": "2026-03-01T12:00:00Z",
        "geometry": null, "properties": {"withdrawn": true}}"#;
    bench.call(&[timed("a")]).await;
    for _ in 0..3 {
        bench.call(&[gone.to_owned(), timed("a")]).await;
        assert_eq!(bench.sites().await, "");
    }
}
