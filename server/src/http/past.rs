//! `/past`: what the live stream would have sent at an instant, as one answer.
//!
//! The messages are those of `/live`, made by the same code through the same gate: snapshots, or with
//! `after` only what changed since. Folding the log happens off the event loop, so many at a time as
//! there are [`FOLDS`]; walls that ask for the same instant wait for one of them.

use super::params::Params;
use super::{App, Caller, atalaya_seq, view_of};
use crate::engine::{Engine, NoHistory};
use crate::live::{Frames, Message, Resume, Stream, Subscription, refusal, resume, wish};
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use atalaya_tiles::{LayerIx, View};
use jiff::{SignedDuration, Timestamp};
use moka::future::Cache;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How many folds of the log run at once.
const FOLDS: usize = 2;
/// How long a request waits for one of them.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer is shared with those who ask the same; the engine keeps what is worth keeping.
const SHARED_FOR: Duration = Duration::from_secs(1);
/// What is younger may change yet, and is folded for everybody anew.
const SETTLED: SignedDuration = SignedDuration::from_secs(5);
/// Bytes of frames kept.
const FRAMES_BYTES: u64 = 16 << 20;
/// The largest answer in bytes.
const MOST_BYTES: usize = 64 << 20;

type Key = (Timestamp, Vec<LayerIx>);

/// Answers about the past.
#[derive(Debug)]
pub struct PastService {
    shared: Cache<Key, Arc<View>>,
    folds: Arc<Semaphore>,
    frames: Frames,
}

impl Default for PastService {
    fn default() -> Self {
        Self {
            shared: Cache::builder()
                .max_capacity(32)
                .time_to_live(SHARED_FOR)
                .build(),
            folds: Arc::new(Semaphore::new(FOLDS)),
            frames: Frames::new(FOLDS, FRAMES_BYTES),
        }
    }
}

impl PastService {
    /// The view of an instant that is not after now.
    pub async fn view(
        &self,
        engine: &Arc<Engine>,
        at: Timestamp,
        layers: &[LayerIx],
    ) -> Result<Arc<View>, Problem> {
        let mut layers = layers.to_vec();
        layers.sort_unstable();
        layers.dedup();
        let key = (at, layers.clone());
        let looking = Arc::clone(engine);
        let ready = web::block(move || looking.view_ready(at, &layers)).await;
        if let Some(view) = ready.map_err(Problem::internal)?.map_err(none_of_it)? {
            return Ok(view);
        }
        let fold = self.fold(Arc::clone(engine), key.clone());
        if engine.clock().now().duration_since(at) < SETTLED {
            return fold.await;
        }
        let shared = self.shared.try_get_with(key, fold).await;
        shared.map_err(|problem| Problem::clone(&problem))
    }

    async fn fold(&self, engine: Arc<Engine>, (at, layers): Key) -> Result<Arc<View>, Problem> {
        let permit = self.permit().await?;
        let past = web::block(move || {
            // Held by the work itself: whoever asked may have gone away meanwhile.
            let _permit = permit;
            engine.view_at(at, &layers)
        });
        past.await.map_err(Problem::internal)?.map_err(none_of_it)
    }

    /// Leave to do long work on the log; refused when too much of it is under way.
    pub async fn permit(&self) -> Result<tokio::sync::OwnedSemaphorePermit, Problem> {
        let overloaded = || Problem::Overloaded {
            what: "readings of the past".into(),
            limit: FOLDS,
            retry_after_s: 2,
        };
        let permit = tokio::time::timeout(PATIENCE, Arc::clone(&self.folds).acquire_owned()).await;
        permit.map_err(|_| overloaded())?.map_err(|_| overloaded())
    }
}

/// What it means to the caller that there is no history.
pub(super) fn none_of_it(none: NoHistory) -> Problem {
    match none {
        NoHistory::Outside { at, from } => Problem::NoHistory {
            at: at.to_string(),
            earliest: from,
        },
        NoHistory::Store(cause) => Problem::internal(cause),
    }
}

/// `GET /past`: the messages that bring a client to the picture of an instant.
pub(super) async fn past(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let known = ["layers", "tile_layers", "bbox", "zoom", "after", "at"];
    let params = Params::parse(&request, &known)?;
    let wish = wish(&params)?;
    let resume = resume(&request, &params)?;
    let at = params
        .instant("at")?
        .ok_or_else(|| Params::missing("at", "an RFC 3339 instant"))?;
    // Whole seconds, so that walls in replay ask for the same instants.
    let at = whole_second(at)?;
    let subscription = Subscription::new(&app.engine.view(), &caller.viewer, &wish);
    let subscription = subscription.map_err(|bad| refusal(&bad))?;
    let view = view_of(&app, Some(at), subscription.all_layers()).await?;
    let seq = atalaya_seq(&app, view.seq());
    let answering = app.clone();
    let body = app.questions.answer(move || {
        let messages = messages(&answering, &caller, &view, (subscription, resume), at);
        written(&params, &messages)
    });
    let body = body.await??;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header(seq)
        .body(body))
}

fn whole_second(at: Timestamp) -> Result<Timestamp, Problem> {
    let second = at.as_nanosecond().div_euclid(1_000_000_000);
    let second = i64::try_from(second).map_err(Problem::internal)?;
    Timestamp::from_second(second).map_err(Problem::internal)
}

fn messages(
    app: &App,
    caller: &Caller,
    view: &Arc<View>,
    (subscription, resume): (Subscription, Option<Resume>),
    at: Timestamp,
) -> Vec<Message> {
    let epoch = app.engine.epoch();
    let hello = Message::hello(
        "",
        epoch,
        app.engine.catalog_version(),
        app.config.live.tick_ms,
        subscription.topics(),
    );
    let mut stream = Stream::new(caller.viewer, subscription, epoch, view, resume.as_ref());
    let mut messages = vec![hello];
    // The stream ends with this answer: it never has to beat.
    let uptime = Duration::ZERO;
    messages.extend(stream.advance(view, &app.past.frames, at, uptime));
    messages
}

/// The messages as one JSON array, like a frame that holds several.
fn written(params: &Params, messages: &[Message]) -> Result<Vec<u8>, Problem> {
    let size: usize = messages.iter().map(|message| message.json.len() + 1).sum();
    if size > MOST_BYTES {
        return Err(Problem::BadParameter {
            name: "bbox".into(),
            value: crate::problem::echo(params.raw("bbox").unwrap_or_default()),
            expected: format!(
                "a smaller box or fewer layers: the answer is {size} bytes, the most is {MOST_BYTES}"
            ),
        });
    }
    let mut body = Vec::with_capacity(size + 2);
    for message in messages {
        body.push(if body.is_empty() { b'[' } else { b',' });
        body.extend_from_slice(&message.json);
    }
    body.push(b']');
    Ok(body)
}
