//! `atalaya decode`: what an adaptor makes of a file, without a server or a store.

use super::{Failure, count_of, layer, print, say};
use crate::adaptor::{Adaptor, Feed, Input, NoSuchAdaptor, decode};
use crate::config::{Config, FeedConfig, feed};
use crate::event_json::event_json;
use atalaya_tiles::Catalog;
use clap::Args;
use std::path::PathBuf;

/// Show what an adaptor makes of a file: one event as JSON a line on stdout, rejects on stderr.
#[derive(Debug, Args)]
pub(super) struct Decode {
    /// The adaptor: geojson, csv, alpr-rekor, alpr-platerecognizer, alpr-hikvision, wzdx, cap, nws or
    /// osm-surveillance. Or a feed by its name, with the columns and the time zone that it is
    /// configured with; every layer has a feed of its own name.
    #[arg(value_name = "ADAPTOR-OR-FEED")]
    adaptor: String,
    /// The file.
    file: PathBuf,
    /// The layer whose fields are read; by default that of the feed, or the one that the adaptor
    /// usually fills: for geojson and csv, incidents.
    #[arg(long)]
    layer: Option<String>,
    /// The media type that a sender would name, such as text/csv; by default one that the adaptor reads.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
}

impl Decode {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        let catalog = config.catalog()?;
        let feed = self.feed(config, &catalog)?;
        let layer = &catalog.spec(feed.layer).name;
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
                "ignored, since layer {layer} has no place for them: {} (--layer names another layer)",
                ignored.join(", ")
            ));
        }
        say(&format!(
            "{} of layer {layer}, {}",
            count_of(decoded.events.len(), "event"),
            count_of(decoded.rejects.len(), "reject")
        ));
        Ok(())
    }

    fn feed(&self, config: &Config, catalog: &Catalog) -> Result<Feed, Failure> {
        let described = self.described(config, catalog)?;
        layer::taking(catalog, &described.layer)?;
        feed(&described, catalog).map_err(|bad| Failure::NotThere(bad.to_string()))
    }

    /// The feed that is meant, of the layer that is meant.
    fn described(&self, config: &Config, catalog: &Catalog) -> Result<FeedConfig, Failure> {
        let named = |feed: &FeedConfig| feed.name == self.adaptor;
        let configured = config.feeds.iter().find(|feed| named(feed)).cloned();
        let mut described = match (configured, self.adaptor.parse::<Adaptor>()) {
            (Some(feed), _) => feed,
            (None, Ok(adaptor)) => FeedConfig {
                adaptor,
                ..FeedConfig::own(adaptor.usual_layer())
            },
            (None, Err(unknown)) => {
                let feeds = config.feeds(catalog)?;
                let own = feeds.iter().map(|(feed, _)| feed).find(|feed| named(feed));
                let own = own.cloned();
                own.ok_or_else(|| self.unknown(&unknown, &feeds))?
            }
        };
        if let Some(layer) = &self.layer {
            described.layer.clone_from(layer);
        }
        Ok(described)
    }

    fn unknown(&self, unknown: &NoSuchAdaptor, feeds: &[(FeedConfig, Feed)]) -> Failure {
        let feeds: Vec<&str> = feeds.iter().map(|(feed, _)| feed.name.as_str()).collect();
        Failure::NotThere(format!(
            "{unknown}; nor is there a feed \"{}\"; there are {}",
            self.adaptor,
            feeds.join(", ")
        ))
    }
}
