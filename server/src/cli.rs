//! The commands, one module each.
//!
//! What a program reads goes to stdout, what a person reads to stderr. Exit codes: 0 done, 1 failed,
//! 2 asked amiss: what was named is not there or not what it has to be.

mod backup;
mod check;
mod credentials;
mod decode;
mod demo;
mod export;
mod fresh;
mod import;
mod key;
mod layer;
mod link;
mod listening;
mod listing;
mod logging;
mod replay;
mod serve;
mod session;
mod way;

#[cfg(test)]
pub(crate) use logging::OfRequests;

use crate::config::{BadConfig, Config};
use crate::engine::StartError;
use crate::identity::{IdentityError, UnknownName};
use crate::store::StoreError;
use clap::{Parser, Subcommand};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// The version, and the commit that it was built from where that is known.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("ATALAYA_COMMIT"), ")");

/// Behind the options of a command in its help.
const LAST: usize = 900;

/// A city's live picture as vector tiles, live deltas and alerts.
#[derive(Debug, Parser)]
#[command(name = "atalaya", version = VERSION, about)]
struct Arguments {
    /// The configuration file; without one everything has its default. "atalaya check --example" prints one.
    #[arg(long, global = true, value_name = "FILE", display_order = LAST)]
    config: Option<PathBuf>,
    /// The directory of the store; by default the one that the configuration names, else atalaya-data.
    #[arg(long, global = true, value_name = "DIR", display_order = LAST)]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::Serve),
    /// Run the server on a throw-away store with the seed city and a live scenario.
    Demo(demo::Demo),
    /// Print a one-time sign-in link.
    Link(link::Link),
    /// Make, list and revoke bearer tokens for programs.
    #[command(subcommand)]
    Key(key::Key),
    /// List and revoke the sessions that sign-in links opened.
    #[command(subcommand)]
    Session(session::Session),
    /// Bring a file into a layer: GeoJSON, GeoJSONSeq, CSV, Shapefile or FlatGeobuf.
    Import(import::Import),
    /// Write a layer as GeoJSON, CSV or FlatGeobuf, as it is or as it was.
    Export(export::Export),
    /// Feed recorded events as if they happened now.
    Replay(replay::Replay),
    /// Show what an adaptor makes of a file, without a server.
    Decode(decode::Decode),
    /// Validate configuration and store, and print the effective configuration.
    Check(check::Check),
    /// Write a copy of the store while the server runs.
    Backup(backup::Backup),
    /// Put a backup in place of an empty store.
    Restore(backup::Restore),
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] BadConfig),
    /// The engine.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Keys, links and sessions.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A name that means nothing.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// The basemap in a backup.
    #[error(transparent)]
    Kept(#[from] crate::basemap::kept::NotKept),
    /// The files of TLS.
    #[error(transparent)]
    Tls(#[from] crate::tls::BadTls),
    /// The operating system.
    #[error("{what}: {cause}")]
    System {
        /// What was tried.
        what: String,
        /// Why it failed.
        cause: std::io::Error,
    },
    /// What was named is not there, or not what it has to be.
    #[error("{0}")]
    NotThere(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Failure {
    /// Whether it was asked amiss, rather than that it failed.
    fn is_of_the_question(&self) -> bool {
        if let Self::Config(BadConfig::File { cause, .. }) = self {
            return cause.kind() == std::io::ErrorKind::NotFound;
        }
        matches!(
            self,
            Self::NotThere(_) | Self::Unknown(_) | Self::Store(StoreError::Inside { .. })
        )
    }

    fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |cause| Self::System { what, cause }
    }
}

/// Reads the arguments and runs the command.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = run(arguments);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("atalaya: {failure}"));
            ExitCode::from(if failure.is_of_the_question() { 2 } else { 1 })
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut config = Config::load(arguments.config.as_deref())?;
    if let Some(data) = arguments.data {
        config.data = data;
    }
    match arguments.command {
        Command::Serve(serve) => serve.run(config),
        Command::Demo(demo) => demo.run(config),
        Command::Link(link) => link.run(&config),
        Command::Key(key) => key.run(&config),
        Command::Session(session) => session.run(&config),
        Command::Import(import) => import.run(&config),
        Command::Export(export) => export.run(&config),
        Command::Replay(replay) => replay.run(&config),
        Command::Decode(decode) => decode.run(&config),
        Command::Check(check) => check.run(&config),
        Command::Backup(backup) => backup.run(&config),
        Command::Restore(restore) => restore.run(&config),
    }
}

/// What is said where a command needs a store and there is none.
fn no_store(data: &std::path::Path) -> String {
    format!(
        "there is no store in {}: start the server once, or name its directory with --data",
        data.display()
    )
}

/// How many there are of something, whose plural ends in s.
fn count_of(count: usize, one: &str) -> String {
    let many = if count == 1 { "" } else { "s" };
    format!("{count} {one}{many}")
}

/// One line for a program. A reader that has gone away is no failure.
fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}

/// One line for a person.
fn say(line: &str) {
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}

#[cfg(test)]
mod tests;
