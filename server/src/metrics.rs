//! What the server counts: every metric's name, kind, labels and meaning, in one table.
//!
//! Promises: a handle is registered once and costs an atomic addition per use; labels are feeds and
//! layers of the configuration and names from this file, never an id, a place or a word of a request.
//! Without `admin_listen` nothing is recorded and the handles do nothing. `server/docs/metrics.md` is
//! printed from the table by a test.

mod feeds;
mod recorder;

pub(crate) use feeds::{FeedMeters, Feeds};
pub use recorder::Recorder;

use ::metrics::Unit;
use std::sync::LazyLock;

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How often which values occurred.
    Histogram,
}

impl Kind {
    /// As the exposition format names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The name; it ends with the unit, and that of a counter with `_total`.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// What it means.
    pub help: &'static str,
    /// Its labels, each with the values it can have; none where the configuration says.
    pub labels: &'static [(&'static str, &'static [&'static str])],
}

impl Row {
    /// The unit that the name ends with.
    pub fn unit(&self) -> Unit {
        let name = self.name.trim_end_matches("_total");
        if name.ends_with("_seconds") {
            Unit::Seconds
        } else if name.ends_with("_bytes") {
            Unit::Bytes
        } else {
            Unit::Count
        }
    }
}

/// The type of a handle, by kind.
macro_rules! handle {
    (counter) => {
        ::metrics::Counter
    };
    (gauge) => {
        ::metrics::Gauge
    };
    (histogram) => {
        ::metrics::Histogram
    };
}

/// The value that stands for a kind.
macro_rules! kind {
    (counter) => {
        Kind::Counter
    };
    (gauge) => {
        Kind::Gauge
    };
    (histogram) => {
        Kind::Histogram
    };
}

/// The handles of a row: one, one per value of a label, or the name for those who make their own.
macro_rules! handles {
    ($kind:ident $name:literal { $one:ident }) => {
        pub(crate) static $one: LazyLock<handle!($kind)> =
            LazyLock::new(|| ::metrics::$kind!($name));
    };
    ($kind:ident $name:literal { $label:literal: $($each:ident $value:literal),+ }) => {
        $(
                pub(crate) static $each: LazyLock<handle!($kind)> =
                LazyLock::new(|| ::metrics::$kind!($name, $label => $value));
        )+
    };
    ($kind:ident $name:literal { $family:ident by $($open:literal [$($value:literal)*])+ }) => {
        pub(crate) const $family: &str = $name;
    };
}

/// The labels of a row.
macro_rules! labels {
    ({ $one:ident }) => { &[] };
    ({ $label:literal: $($each:ident $value:literal),+ }) => { &[($label, &[$($value),+])] };
    ({ $family:ident by $($open:literal [$($value:literal)*])+ }) => { &[$(($open, &[$($value),*])),+] };
}

/// Registers the handles of a row, so that it is there before anything happened.
macro_rules! register {
    ({ $one:ident }) => { LazyLock::force(&$one); };
    ({ $label:literal: $($each:ident $value:literal),+ }) => { $(LazyLock::force(&$each);)+ };
    ({ $family:ident by $($open:literal [$($value:literal)*])+ }) => {};
}

macro_rules! metrics {
    ($($kind:ident $name:literal $help:literal $handles:tt)*) => {
        $(handles!($kind $name $handles);)*

        /// The table of metrics.
        pub const ROWS: &[Row] = &[
            $(Row { name: $name, kind: kind!($kind), help: $help, labels: labels!($handles) },)*
        ];

        fn register() {
            $(register!($handles);)*
        }
    };
}

metrics! {
    // --- feeds -------------------------------------------------------------------------------
    counter "atalaya_feed_records_total"
        "Records of a feed: accepted and durable, known already, rejected by the adaptor, or withdrawn because a body with everything left them out."
        { FEED_RECORDS by "feed" [] "outcome" ["accepted" "duplicate" "rejected" "withdrawn"] }
    counter "atalaya_feed_bodies_not_whole_total"
        "Bodies with everything that left out more than withdraw_at_most: nothing was withdrawn."
        { FEED_BODIES_NOT_WHOLE by "feed" [] }
    counter "atalaya_feed_bodies_refused_total"
        "Bodies of a feed of which nothing was taken: unreadable, or not to be made durable."
        { FEED_BODIES_REFUSED by "feed" [] }
    counter "atalaya_feed_floods_total"
        "Posts refused with 429, because the feed sends more than limits.feed_kib_per_s."
        { FEED_FLOODS by "feed" [] }
    gauge "atalaya_feed_last_received_timestamp_seconds"
        "When the feed was last heard, in Unix time; 0 for never."
        { FEED_LAST_RECEIVED by "feed" [] }
    gauge "atalaya_feed_last_observed_timestamp_seconds"
        "The newest instant that the feed told of, in Unix time; 0 for none."
        { FEED_LAST_OBSERVED by "feed" [] }
    counter "atalaya_polls_total"
        "Fetches of a polled feed: something taken, unchanged since the last one, or failed."
        { POLLS by "feed" [] "outcome" ["taken" "unchanged" "failed"] }
    counter "atalaya_receipts_shortened_total"
        "Receipts that list the first rejects only, because there are more than 1,000."
        { RECEIPTS_SHORTENED }

    // --- the way into the log ----------------------------------------------------------------
    gauge "atalaya_append_queue_requests"
        "Requests that wait for the writer; limits.queue_requests is the most."
        { APPEND_QUEUE }
    counter "atalaya_append_queue_full_total"
        "Requests refused with 503, because the queue to the writer is full, or a feed's share of it."
        { APPEND_QUEUE_FULL }
    counter "atalaya_append_bytes_full_total"
        "Bodies refused with 503, because their feed has as much waiting as limits.queue_bytes lets it."
        { APPEND_BYTES_FULL }
    histogram "atalaya_append_events"
        "Events appended together, under one fsync."
        { APPEND_EVENTS }
    histogram "atalaya_append_seconds"
        "Time of one append, its fsync included."
        { APPEND_SECONDS }
    counter "atalaya_append_failures_total"
        "Appends that failed; nothing of them was accepted."
        { APPEND_FAILURES }
    counter "atalaya_duplicates_forgotten_total"
        "Events that fell out of the memory of duplicates, the oldest of a million."
        { DUPLICATES_FORGOTTEN }
    gauge "atalaya_store_seq"
        "The last position of the log that is published."
        { STORE_SEQ }
    gauge "atalaya_store_fault"
        "1 while nothing can be made durable, else 0."
        { STORE_FAULT }
    gauge "atalaya_log_bytes"
        "Size of the log on disk, its write-ahead log included, its archives not."
        { LOG_BYTES }
    gauge "atalaya_archives_bytes"
        "Size of the archives on disk."
        { ARCHIVES_BYTES }
    counter "atalaya_retention_deleted_total"
        "Records deleted because they are past their retention."
        { RETENTION_DELETED }
    counter "atalaya_archived_total"
        "Records moved out of the log into archives."
        { ARCHIVED }

    // --- the picture -------------------------------------------------------------------------
    counter "atalaya_events_applied_total"
        "Records folded into the picture."
        { EVENTS_APPLIED }
    counter "atalaya_events_ignored_total"
        "Records that changed nothing in the picture, such as observations that came late."
        { EVENTS_IGNORED }
    histogram "atalaya_apply_seconds"
        "Time to fold one group of records into the picture."
        { APPLY_SECONDS }
    histogram "atalaya_publish_seconds"
        "Time to make a view and publish it."
        { PUBLISH_SECONDS }
    histogram "atalaya_publish_lag_seconds"
        "From an append to the view that shows it, for the oldest event in the view."
        { PUBLISH_LAG_SECONDS }
    counter "atalaya_ticks_skipped_total"
        "Times that ticks were left out, because the writer was late by more than one."
        { TICKS_SKIPPED }
    gauge "atalaya_layer_features"
        "Features in a layer now."
        { LAYER_FEATURES by "layer" [] }
    gauge "atalaya_checkpoint_seq"
        "The position of the log that the last checkpoint stands at."
        { CHECKPOINT_SEQ }
    gauge "atalaya_checkpoint_timestamp_seconds"
        "When the last checkpoint of this process was written, in Unix time; its age is time() less this."
        { CHECKPOINT_TIMESTAMP }
    gauge "atalaya_checkpoint_bytes"
        "Size of the checkpoint on disk, its write-ahead log included."
        { CHECKPOINT_BYTES }
    histogram "atalaya_checkpoint_seconds"
        "Time to write one checkpoint."
        { CHECKPOINT_SECONDS }
    counter "atalaya_checkpoints_deferred_total"
        "Checkpoints left to the next one, because one was being written."
        { CHECKPOINTS_DEFERRED }
    counter "atalaya_checkpoint_failures_total"
        "Checkpoints that failed; they cost time at the next start, never truth."
        { CHECKPOINT_FAILURES }
    histogram "atalaya_merge_seconds"
        "Time to merge segments of sightings, beside the writer."
        { MERGE_SECONDS }
    counter "atalaya_merges_discarded_total"
        "Merges whose segments had changed meanwhile; they are done again."
        { MERGES_DISCARDED }
    histogram "atalaya_history_fold_seconds"
        "Time to fold the log into a picture of the past."
        { HISTORY_FOLD_SECONDS }
    counter "atalaya_history_kept_total"
        "Questions about the past answered from a picture that was kept."
        { HISTORY_KEPT }

    // --- tiles and other reads -----------------------------------------------------------------
    counter "atalaya_tiles_total"
        "Tiles asked for: encoded, from the cache or the work of another request, 304, 204, 503, failed."
        { "outcome": TILES_ENCODED "encoded", TILES_CACHED "cached", TILES_NOT_MODIFIED "not_modified",
          TILES_EMPTY "empty", TILES_REFUSED "refused", TILES_FAILED "failed" }
    histogram "atalaya_tile_encode_seconds"
        "Time to encode one tile, compression not included."
        { TILE_ENCODE_SECONDS }
    histogram "atalaya_tile_bytes"
        "Size of an encoded tile before compression; limits.tile_bytes is the most."
        { TILE_BYTES }
    gauge "atalaya_tile_cache_bytes"
        "Encoded tiles kept; limits.tile_cache_bytes is the most."
        { TILE_CACHE_BYTES }
    gauge "atalaya_tile_encoders_busy"
        "Tiles being encoded now; limits.encoders is the most."
        { TILE_ENCODERS_BUSY }
    counter "atalaya_places_refused_total"
        "Requests answered 503 because as many as there are places for were being worked on: questions, tiles to be encoded, readings of the past, credentials to be looked up."
        { "work": REFUSED_QUESTIONS "questions", REFUSED_TILES "tiles", REFUSED_PAST "past",
          REFUSED_CREDENTIALS "credentials" }
    counter "atalaya_cache_evictions_total"
        "Entries that made room for others: tiles, tiles that a thread has at hand, frames of the live stream, checked credentials, pictures of the past, coded documents, views that live streams are on their way to."
        { "cache": EVICTED_TILES "tiles", EVICTED_AT_HAND "tiles_at_hand", EVICTED_FRAMES "frames", EVICTED_CREDENTIALS "credentials",
          EVICTED_HISTORY "history", EVICTED_DOCUMENTS "documents", EVICTED_VIEWS "views" }
    counter "atalaya_pages_continued_total"
        "Pages of /ogc that have a link to the next one, because not everything fits."
        { PAGES_CONTINUED }

    counter "atalaya_video_failures_total"
        "Pictures of cameras that could not be given, by what was in the way."
        { "reason": VIDEO_UNSET "unset", VIDEO_SILENT "silent", VIDEO_STATUS "status", VIDEO_REDIRECTED "redirected",
          VIDEO_OUTSIDE "outside", VIDEO_TOO_LARGE "too_large", VIDEO_UNREADABLE "unreadable", VIDEO_NO_FILE "no_file",
          VIDEO_BUSY "busy" }

    // --- the live stream -----------------------------------------------------------------------
    gauge "atalaya_live_streams"
        "Live streams open now; limits.live_clients is the most."
        { LIVE_STREAMS }
    counter "atalaya_live_refused_total"
        "Live streams refused with 503, because there are as many as there may be, of all callers or of one."
        { LIVE_REFUSED }
    counter "atalaya_live_ended_total"
        "Live streams that ended: closed by the client, let go or gone when it had been behind for live.stall_s, broken, or dismissed because the session or key no longer holds or shows something else."
        { "outcome": LIVE_CLOSED "closed", LIVE_STALLED "stalled", LIVE_BROKEN "broken",
          LIVE_DISMISSED "dismissed" }
    counter "atalaya_live_rechecks_total"
        "Sessions and keys of open streams that were looked at again."
        { LIVE_RECHECKS }
    counter "atalaya_live_frames_total"
        "Snapshots and deltas of a topic: encoded for a stream, or shared with one that had them before."
        { "outcome": LIVE_FRAMES_ENCODED "encoded", LIVE_FRAMES_SHARED "shared" }
    counter "atalaya_live_resyncs_total"
        "Streams brought up by snapshots: fallen behind the change ring, of another epoch, of another scope."
        { "reason": LIVE_RESYNCS_BEHIND "behind", LIVE_RESYNCS_EPOCH "epoch", LIVE_RESYNCS_SCOPE "scope" }
    counter "atalaya_live_wide_subscriptions_total"
        "Subscriptions to more topic cells than are followed one by one; only the common topic flows."
        { LIVE_WIDE }
    counter "atalaya_live_tiles_unnamed_total"
        "Messages that call all tiles of a viewport dirty, because they are too many to name."
        { LIVE_TILES_UNNAMED }
    counter "atalaya_live_sent_bytes_total"
        "Bytes that connections took of live streams."
        { LIVE_SENT_BYTES }

    // --- who asks ------------------------------------------------------------------------------
    counter "atalaya_sign_ins_total"
        "One-time links presented: opened a session, did not open, or refused with 429 after too many failures."
        { "outcome": SIGN_INS_OPENED "opened", SIGN_INS_FAILED "failed", SIGN_INS_LIMITED "limited" }
    counter "atalaya_credential_failures_total"
        "Bearer tokens and sessions that do not hold: refused with 401, or with 429 after too many."
        { "outcome": CREDENTIALS_FAILED "failed", CREDENTIALS_LIMITED "limited" }
    counter "atalaya_denials_total"
        "Requests refused with 403, because the caller may not do it."
        { DENIALS }
    counter "atalaya_peers_pooled_total"
        "Failures counted in the bucket that the rest of the world shares, because too many addresses fail."
        { PEERS_POOLED }

    // --- HTTP and the process ------------------------------------------------------------------
    histogram "atalaya_http_request_seconds"
        "Time from a request to its answer's head, by class of status."
        { "class": HTTP_1XX "1xx", HTTP_2XX "2xx", HTTP_3XX "3xx", HTTP_4XX "4xx", HTTP_5XX "5xx" }
    counter "atalaya_http_unreadable_total"
        "Connections of HTTP/1 that ended because what came was no request, was not whole in time, or broke off."
        { HTTP_UNREADABLE }
    counter "atalaya_problems_total"
        "Refusals and failures, by the last part of the problem's type."
        { PROBLEMS by "problem" [] }
    gauge "atalaya_build_info"
        "1, with the version of the program."
        { BUILD by "version" [] }
    gauge "process_resident_memory_bytes"
        "Memory of the process that is in RAM."
        { RESIDENT_MEMORY }
    gauge "process_start_time_seconds"
        "When the process started, in Unix time."
        { START_TIME }
}

/// A number as metrics carry it; past 2^53 the last digits are lost, which no graph shows.
#[expect(clippy::cast_precision_loss, reason = "no graph shows the last digits")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
