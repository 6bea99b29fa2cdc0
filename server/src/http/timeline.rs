//! `/timeline`: how much happened when, as counts per step of time and layer.
//!
//! Nothing is read but counts, and nothing is counted that the viewer could not notice:
//!
//! - of a state layer of which they see everything, how many events were received, as `/feeds` tells;
//! - of one with fields that are hidden from them, how many of those events changed what they do see,
//!   which takes a fold of the log;
//! - of a sighting layer how many took effect, which is the sum of what `/cells` gives for the same
//!   window;
//! - a state layer that they have only counts of, and one that is computed, has `null`: its events would
//!   tell more than its cells do.

use super::get;
use super::params::MOST_LAYERS;
use super::past::none_of_it;
use super::reading::no_such_layer;
use super::{App, Caller, Params, atalaya_seq, reached};
use crate::engine::Engine;
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use atalaya_tiles::{LayerIx, LayerKind, Open, Steps, View, Viewer};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;

/// Mounts `/timeline`.
pub(super) fn mount(service: &mut web::ServiceConfig) {
    service.service(get("/timeline", timeline));
}

/// The most steps of one answer.
const MOST_STEPS: usize = 1_440;
/// The longest step, in seconds.
const LONGEST_STEP_S: usize = 86_400;
/// How far back it looks where nothing is said.
const BY_DEFAULT: SignedDuration = SignedDuration::from_hours(24);

/// A layer of the answer.
#[derive(Debug)]
struct Row {
    name: String,
    counted: Counted,
}

/// Where a layer's counts come from.
#[derive(Debug)]
enum Counted {
    /// From the log, at this position among the layers that are counted so.
    Received(usize),
    /// From a fold of the log, likewise.
    Noticed(usize),
    Here(Vec<u32>),
    Not,
}

/// `GET /timeline`: events per step and layer.
pub(super) async fn timeline(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let params = Params::parse(&request, &["layers", "from", "to", "step_s", "min_seq"])?;
    let names = params.list("layers", MOST_LAYERS)?;
    let names =
        names.ok_or_else(|| Params::missing("layers", "names of layers, joined by commas"))?;
    let steps = steps(&params, app.engine.clock().now())?;
    reached(&app, &caller, &params).await?;
    let layers = layers(&app.engine.view(), &caller.viewer, &names)?;
    let engine = Arc::clone(&app.engine);
    let span = (steps.start(0), steps.start(steps.count()));
    let length_s = steps.start(1).duration_since(steps.start(0)).as_secs();
    let count = move || {
        let view = engine.view();
        let counted = count(&engine, &view, &caller.viewer, &layers, &steps);
        counted.map(|counted| (view.noticed_by(&caller.viewer), counted))
    };
    let (seq, (rows, kept_from)) = app.past.places.answer(count).await??;
    let document = json!({
        "from": span.0,
        "to": span.1,
        "step_s": length_s,
        "kept_from": kept_from,
        "layers": rows,
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "private, no-store"))
        .insert_header(atalaya_seq(&app, seq))
        .json(document))
}

/// The layers that are named, as far as the viewer can open them.
fn layers(view: &View, viewer: &Viewer, names: &[&str]) -> Result<Vec<LayerIx>, Problem> {
    let opened = names.iter().map(|name| view.open(viewer, name));
    let layers = opened.map(|open| open.map(|open| open.layer()));
    layers
        .collect::<Result<_, _>>()
        .map_err(|missing| no_such_layer(&missing))
}

/// The rows of the answer, and since when they are whole. Blocking: it looks at every sighting of the
/// span, and at the log.
fn count(
    engine: &Engine,
    view: &View,
    viewer: &Viewer,
    layers: &[LayerIx],
    steps: &Steps,
) -> Result<(Vec<Value>, Option<Timestamp>), Problem> {
    let mut in_log = InLog::default();
    let opened = layers
        .iter()
        .filter_map(|layer| view.open_at(viewer, *layer));
    let rows: Vec<Row> = opened.map(|open| row(&open, steps, &mut in_log)).collect();
    let received = engine.received(&in_log.received, steps);
    let received = received.map_err(none_of_it)?;
    let noticed = engine.noticed(viewer, &in_log.noticed, steps);
    let noticed = noticed.map_err(none_of_it)?;
    let rows = rows.into_iter().map(|row| {
        let counts = match row.counted {
            Counted::Received(at) => received.get(at).cloned().flatten(),
            Counted::Noticed(at) => noticed.get(at).cloned(),
            Counted::Here(counts) => Some(counts),
            Counted::Not => None,
        };
        json!({ "layer": row.name, "counts": counts })
    });
    let kept_since = engine.kept_since(layers).map_err(none_of_it)?;
    Ok((rows.collect(), kept_since))
}

/// The layers whose counts come from the log.
#[derive(Debug, Default)]
struct InLog<'v> {
    received: Vec<Open<'v>>,
    noticed: Vec<LayerIx>,
}

fn row<'v>(open: &Open<'v>, steps: &Steps, in_log: &mut InLog<'v>) -> Row {
    let singly = open.spec().kind == LayerKind::State && open.has_singles();
    let counted = match open.over_time(steps) {
        Some(counts) => Counted::Here(counts),
        None if singly && open.shows_everything() => {
            in_log.received.push(*open);
            Counted::Received(in_log.received.len() - 1)
        }
        None if singly => {
            in_log.noticed.push(open.layer());
            Counted::Noticed(in_log.noticed.len() - 1)
        }
        None => Counted::Not,
    };
    Row {
        name: open.spec().name.clone(),
        counted,
    }
}

/// The span that is asked for, in whole steps from its start: the last one may end after `to`.
fn steps(params: &Params, now: Timestamp) -> Result<Steps, Problem> {
    let to = params.instant("to")?.unwrap_or(now);
    let from = params.instant("from")?;
    let from = from.or_else(|| to.checked_sub(BY_DEFAULT).ok());
    let length_s = params.usize("step_s", 1..=LONGEST_STEP_S)?.unwrap_or(60);
    let refused = |name: &str, value: String, expected: String| Problem::BadParameter {
        name: name.into(),
        value,
        expected,
    };
    let from = from.filter(|from| *from < to).ok_or_else(|| {
        refused(
            "from",
            crate::problem::echo(params.raw("from").unwrap_or_default()),
            format!("an instant before to, which is {to}"),
        )
    })?;
    let step = SignedDuration::from_secs(i64::try_from(length_s).map_err(Problem::internal)?);
    let count = to
        .duration_since(from)
        .as_nanos()
        .div_euclid(step.as_nanos());
    let whole = to.duration_since(from).as_nanos() % step.as_nanos() == 0;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let count = count.saturating_add(usize::from(!whole));
    let steps = Steps::new(from, step, count).filter(|_| count <= MOST_STEPS);
    steps.ok_or_else(|| {
        let expected = format!(
            "a step of which at most {MOST_STEPS} lie between from and to; here it is {count}"
        );
        refused("step_s", length_s.to_string(), expected)
    })
}
