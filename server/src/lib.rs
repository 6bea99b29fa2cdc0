//! Atalaya, the shell: feeds, store, HTTP, live stream, identity and commands around the pure core in
//! `atalaya-tiles`.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::panic,
        clippy::float_cmp,
        reason = "tests may fail loudly"
    )
)]

pub mod adaptor;
pub mod basemap;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod engine;
pub mod event_json;
mod fonts;
pub mod geojson;
pub mod http;
pub mod identity;
mod import;
pub mod ingest;
pub mod instant;
pub mod live;
pub mod metrics;
pub mod poll;
#[cfg(test)]
mod printed;
pub mod problem;
mod regular;
pub mod request;
pub mod signature;
pub mod store;
pub mod task;
pub mod tilesets;
pub mod tls;
mod upstream;
pub mod video;
mod words;
