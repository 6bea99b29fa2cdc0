//! `/past`: the picture of an instant, or what leads to it from that of an earlier one, as one answer.
//!
//! The messages are those of `/live`: snapshots, or after the `id` of an earlier answer what differs
//! between the two pictures. They are a function of the log and the question, as far as the viewer may
//! know: who asked what before, what folds are kept and what hidden changes there were shows in
//! nothing. So the `id` carries the instant, and positions are those of changes the viewer could notice.
//!
//! Folding the log happens off the event loop, so many at a time as `limits.past_folds` says; walls that ask
//! for the same instant wait for one of them.

use super::get;
use super::params::Params;
use super::places::{Purpose, WorkPlaces};
use super::{App, Caller, atalaya_seq, stands_at, view_of};
use crate::config::Limits;
use crate::engine::{Engine, NoHistory, SETTLED};
use crate::live::{Coding, Frame, Frames, Message, Resume, Subscription, refusal, resume, wish};
use crate::metrics;
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use atalaya_tiles::{LayerIx, Seq, View, Viewer};
use jiff::Timestamp;
use moka::future::Cache;
use std::sync::Arc;
use std::time::Duration;

/// Mounts `/past`.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service.service(get("/past", past));
}

/// Work on the log.
const READINGS: Purpose = Purpose {
    what: "readings of the past",
    retry_after_s: 2,
    refused: &metrics::REFUSED_PAST,
};
/// Looks at what is there already, at once: each has a reader of the log.
const LOOKS_MOST: usize = 4;
/// How long an answer is shared with those who ask the same; the engine keeps what is worth keeping.
const SHARED_FOR: Duration = Duration::from_secs(1);

type Key = (Timestamp, Vec<LayerIx>);

/// Answers about the past.
#[derive(Debug)]
pub struct PastService {
    shared: Cache<Key, Arc<View>>,
    /// Where it is looked whether a picture is there, which does not wait for those being made.
    looks: WorkPlaces,
    /// Where long work on the log is done.
    pub places: WorkPlaces,
    frames: Frames,
    most_bytes: usize,
}

impl PastService {
    /// A service with these bounds.
    pub fn new(limits: &Limits) -> Self {
        Self {
            shared: Cache::builder()
                .max_capacity(limits.past_pictures as u64)
                .time_to_live(SHARED_FOR)
                .build(),
            looks: WorkPlaces::new(LOOKS_MOST, READINGS),
            places: WorkPlaces::new(limits.past_folds, READINGS),
            frames: Frames::new(limits.past_folds, limits.live_frame_bytes / 4),
            most_bytes: limits.past_bytes,
        }
    }

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
        let ready = self.looks.answer(move || looking.view_ready(at, &layers));
        if let Some(view) = ready.await?.map_err(none_of_it)? {
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
        let past = self.places.answer(move || engine.view_at(at, &layers));
        past.await?.map_err(none_of_it)
    }
}

/// What it means to the caller that there is no history.
pub(super) fn none_of_it(none: NoHistory) -> Problem {
    match none {
        NoHistory::Outside { at, from } => Problem::NoHistory {
            at: at.to_string(),
            why: format!("the earliest that is kept is {from}, the latest is now"),
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
    let origin = origin(&app, &subscription, resume.as_ref(), at).await?;
    let seq = stands_at(&view, &caller.viewer, Some(at), subscription.all_layers());
    let header = atalaya_seq(&app, seq);
    let answering = app.clone();
    let body = app.questions.answer(move || {
        let telling = Telling {
            app: &answering,
            viewer: caller.viewer,
            subscription: &subscription,
            view: &view,
        };
        let messages = telling.messages(&origin, (seq, at));
        written(&params, &messages, answering.past.most_bytes)
    });
    let body = body.await??;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header(header)
        .body(body))
}

fn whole_second(at: Timestamp) -> Result<Timestamp, Problem> {
    let second = at.as_nanosecond().div_euclid(1_000_000_000);
    let second = i64::try_from(second).map_err(Problem::internal)?;
    Timestamp::from_second(second).map_err(Problem::internal)
}

/// Where the client is.
#[derive(Debug)]
enum Origin {
    /// It has nothing; why, where it thought otherwise.
    Nothing(Option<&'static str>),
    /// It has the picture of an earlier instant.
    Earlier(Arc<View>),
}

/// Finds out where the client is, from what the last message of an earlier answer said.
async fn origin(
    app: &App,
    subscription: &Subscription,
    resume: Option<&Resume>,
    at: Timestamp,
) -> Result<Origin, Problem> {
    let Some(resume) = resume else {
        return Ok(Origin::Nothing(None));
    };
    if resume.epoch != app.engine.epoch() {
        return Ok(Origin::Nothing(Some("epoch")));
    }
    let scope = resume.scope.as_deref();
    if scope.is_some_and(|scope| scope != subscription.scope()) {
        return Ok(Origin::Nothing(Some("scope")));
    }
    // Of a position in the live stream nobody knows when it was, and there are no changes into the past.
    let Some(was) = resume.at.filter(|was| *was <= at) else {
        return Ok(Origin::Nothing(Some("behind")));
    };
    match view_of(app, Some(was), subscription.all_layers()).await {
        Ok(view) => Ok(Origin::Earlier(view)),
        Err(Problem::NoHistory { .. }) => Ok(Origin::Nothing(Some("behind"))),
        Err(other) => Err(other),
    }
}

/// What an answer is made from.
struct Telling<'t> {
    app: &'t App,
    viewer: Viewer,
    subscription: &'t Subscription,
    view: &'t Arc<View>,
}

impl Telling<'_> {
    fn messages(&self, origin: &Origin, (seq, at): (Seq, Timestamp)) -> Vec<Message> {
        let epoch = self.app.engine.epoch();
        let mut messages = vec![Message::hello(
            "",
            epoch,
            self.app.engine.catalog_version(),
            self.app.config.live.tick_ms,
            self.subscription.topics(),
        )];
        match origin {
            Origin::Nothing(why) => {
                messages.extend(why.map(Message::resync));
                messages.extend(self.snapshots());
            }
            Origin::Earlier(before) => messages.extend(self.deltas(before)),
        }
        let since = match origin {
            Origin::Nothing(_) => Seq(0),
            Origin::Earlier(before) => {
                let layers = self.subscription.all_layers();
                stands_at(before, &self.viewer, Some(at), layers)
            }
        };
        messages.extend(self.tiles(matches!(origin, Origin::Nothing(_)), since));
        let id = Resume::past_id(epoch, seq, self.subscription.scope(), at);
        messages.push(Message::tick(id, seq, at));
        messages
    }

    fn snapshots(&self) -> impl Iterator<Item = Message> {
        let pairs = self.subscription.pairs();
        pairs.filter_map(|pair| {
            let (layer, topic) = self.subscription.at(pair);
            let frame = Frame::snapshot(self.view, self.viewer, layer, topic);
            self.app.past.frames.encoded(&frame, Coding::Plain)
        })
    }

    fn deltas(&self, before: &View) -> Vec<Message> {
        let mut messages = Vec::new();
        for layer in self.subscription.layers() {
            let opened = [before, self.view].map(|view| view.open_at(&self.viewer, *layer));
            let [Some(was), Some(is)] = opened else {
                continue;
            };
            let wanted = is.difference(&was).into_iter();
            let wanted =
                wanted.filter(|(topic, _)| self.subscription.pair(*layer, *topic).is_some());
            messages.extend(wanted.map(|(topic, delta)| Message::delta(is.spec(), topic, &delta)));
        }
        messages
    }

    fn tiles(&self, all: bool, since: Seq) -> Option<Message> {
        let (layers, tiles) = self
            .subscription
            .dirty_tiles(self.view, &self.viewer, since);
        let tiles = tiles.filter(|_| !all);
        let some = tiles.as_ref().is_none_or(|tiles| !tiles.is_empty());
        (some && !layers.is_empty()).then(|| Message::tiles(&layers, tiles.as_deref()))
    }
}

/// The messages as one JSON array, like a frame that holds several.
fn written(params: &Params, messages: &[Message], most: usize) -> Result<Vec<u8>, Problem> {
    let size: usize = messages.iter().map(|message| message.text.len() + 1).sum();
    if size > most {
        return Err(Problem::BadParameter {
            name: "bbox".into(),
            value: crate::problem::echo(params.raw("bbox").unwrap_or_default()),
            expected: format!(
                "a smaller box or fewer layers: the answer is {size} bytes, the most is {most}"
            ),
        });
    }
    let mut body = Vec::with_capacity(size + 2);
    for message in messages {
        body.push(if body.is_empty() { b'[' } else { b',' });
        body.extend_from_slice(&message.text);
    }
    body.push(b']');
    Ok(body)
}
