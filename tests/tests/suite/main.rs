//! The one test binary: every test that needs the whole project, by boundary. Each starts a server of its own and meets it
//! as the outside does.

mod clearance;
mod commands;
mod crash;
mod deaf;
mod gdal;
mod import;
mod ingest;
mod live;
mod owslib;
mod postgis;
mod problems;
mod reading;
mod restart;
mod sign_in;
mod tidy;
mod tiles;
