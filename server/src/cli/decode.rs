//! `atalaya decode`: what an adaptor makes of a file, without a server or a store.

use super::{Failure, print, say};
use crate::adaptor::{Adaptor, Feed, Input, decode};
use crate::config::{Config, FeedConfig, feed};
use crate::event_json::event_json;
use atalaya_tiles::Catalog;
use clap::Args;
use std::path::PathBuf;

/// Show what an adaptor makes of a file: one event as JSON a line on stdout, rejects on stderr.
#[derive(Debug, Args)]
pub(super) struct Decode {
    /// The adaptor, such as geojson, csv, wzdx, cap or nws; or the name of a configured feed.
    adaptor: String,
    /// The file.
    file: PathBuf,
    /// The layer it is meant for; by default the one that the adaptor usually fills.
    #[arg(long)]
    layer: Option<String>,
    /// The media type of the file.
    #[arg(long)]
    content_type: Option<String>,
}

impl Decode {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        let catalog = config.catalog()?;
        let feed = self.feed(config, &catalog)?;
        let body = std::fs::read(&self.file)
            .map_err(|cause| Failure::NotThere(format!("{}: {cause}", self.file.display())))?;
        let input = Input {
            body: &body,
            content_type: self.content_type.as_deref(),
        };
        let decoded = match decode(&feed, &catalog, &input) {
            Ok(decoded) => decoded,
            Err(unreadable) => {
                return Err(Failure::NotThere(format!(
                    "{}: {unreadable}",
                    self.file.display()
                )));
            }
        };
        for accepted in &decoded.events {
            print(&event_json(&catalog, accepted.index, &accepted.event));
        }
        for reject in &decoded.rejects {
            say(&format!(
                "reject {} {}: {}",
                reject.index, reject.pointer, reject.reason
            ));
        }
        if !decoded.ignored.is_empty() {
            let ignored: Vec<&str> = decoded.ignored.iter().map(String::as_str).collect();
            say(&format!(
                "ignored properties without a field: {}",
                ignored.join(", ")
            ));
        }
        say(&format!(
            "{} events, {} rejects",
            decoded.events.len(),
            decoded.rejects.len()
        ));
        Ok(())
    }

    fn feed(&self, config: &Config, catalog: &Catalog) -> Result<Feed, Failure> {
        if let Some(configured) = config.feeds.iter().find(|feed| feed.name == self.adaptor) {
            return Ok(feed(configured, catalog)?);
        }
        let adaptor: Adaptor =
            self.adaptor
                .parse()
                .map_err(|unknown: crate::adaptor::NoSuchAdaptor| {
                    Failure::NotThere(unknown.to_string())
                })?;
        let layer = self
            .layer
            .clone()
            .unwrap_or_else(|| adaptor.usual_layer().to_owned());
        let described = FeedConfig {
            adaptor,
            ..FeedConfig::own(&layer)
        };
        feed(&described, catalog).map_err(|bad| Failure::NotThere(bad.to_string()))
    }
}
