//! The one test binary: every test that needs the whole project, by boundary. Each starts a server of its own and meets it
//! as the outside does.

mod assets;
mod clearance;
mod commands;
mod crash;
mod deaf;
mod demo;
mod disk;
mod dismissal;
mod fonts;
mod formats;
mod gdal;
mod import;
mod ingest;
mod live;
mod malformed;
mod metrics;
mod owslib;
mod past;
mod poll;
mod postgis;
mod problems;
mod proxy;
mod queries;
mod reading;
mod refusals;
mod restart;
mod schemas;
mod sign_in;
mod tidy;
mod tilejson;
mod tiles;
mod tls;
mod video;
mod view_only;
mod window;
