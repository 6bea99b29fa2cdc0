//! What the server writes on stderr: one JSON object a line; `RUST_LOG` chooses what. A line that was written
//! while a request was being answered names it, under `span`.
//!
//! Promises that nobody can fill it from outside: what a client sends that is no request of HTTP, or never
//! whole, or takes back, the framework calls an error, once a connection; here it is counted, and written
//! only where somebody asked for lines of level debug.

use crate::metrics;
use crate::request;
use std::fmt::{self, Debug};
use std::panic::PanicHookInfo;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber, error};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, format, layer};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Where the framework reads requests of HTTP/1.
const READER: &str = "actix_http::h1::dispatcher";
/// How it begins what it says of a connection that a client ended, by what the client did or left out.
const OF_CLIENTS: [&str; 5] = [
    "stream error: request parse error",
    "stream error: request did not complete",
    "stream error: I/O error",
    "stream error: connection shutdown timeout",
    "stream error: handler dropped payload",
];

/// What the framework says of its own start and end, which nobody asked: how many workers it has.
const OF_THE_FRAMEWORK: &str = "actix_server=warn,tokio_postgres=off,deadpool=off";

/// Starts to write, from a level on unless `RUST_LOG` says otherwise.
pub(super) fn logging(level: &str) {
    let usual = || EnvFilter::new(format!("{level},{OF_THE_FRAMEWORK}"));
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| usual());
    let lines = layer().json().event_format(OfRequests::default());
    let lines = lines.with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry();
    let logging = registry.with(filter).with(BadRequests).with(lines);
    // A second call in one process, as in tests, changes nothing.
    if logging.try_init().is_ok() {
        std::panic::set_hook(Box::new(note_panic));
    }
}

/// A panic as a line like all others: where, and nothing of what it says, which may hold what somebody sent.
fn note_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let at = panic.location().map(ToString::to_string);
    error!(
        thread.name = thread.name().unwrap_or_default(),
        at = at.as_deref().unwrap_or_default(),
        "panicked"
    );
}

/// Writes an event as a JSON object, with the request in which it happened. Spans say the same, and cost every
/// request what only those pay here that have something to log.
pub(crate) struct OfRequests(Format<Json>);

impl Default for OfRequests {
    fn default() -> Self {
        Self(format().json())
    }
}

impl<S, N> FormatEvent<S, N> for OfRequests
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(id) = request::id() else {
            return self.0.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        let line = line.trim_end();
        let open = line.strip_suffix('}').unwrap_or(line);
        writeln!(
            writer,
            "{open},\"span\":{{\"request.id\":\"{id}\",\"name\":\"request\"}}}}"
        )
    }
}

/// Counts bad requests, and keeps them out of the log.
struct BadRequests;

impl<S: Subscriber> Layer<S> for BadRequests {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        if event.metadata().target() != READER {
            return true;
        }
        let mut said = Said(String::new());
        event.record(&mut said);
        if !is_of_a_client(&said.0) {
            return true;
        }
        metrics::HTTP_UNREADABLE.increment(1);
        LevelFilter::current() >= LevelFilter::DEBUG
    }
}

fn is_of_a_client(said: &str) -> bool {
    OF_CLIENTS.iter().any(|of| said.starts_with(of))
}

/// The text of an event.
struct Said(String);

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_did_is_told_from_what_failed_here() {
        assert!(is_of_a_client(
            "stream error: request parse error: invalid HTTP method"
        ));
        assert!(is_of_a_client(
            "stream error: I/O error: Connection reset by peer"
        ));
        for ours in [
            "Response payload stream error: …",
            "stream error: internal error",
            "stream error: body error: …",
        ] {
            assert!(!is_of_a_client(ours), "{ours}");
        }
    }
}
