//! `atalaya export`: a layer as a file, as it is or as it was.
//!
//! It reads the log by itself, beside a running server too. Export is an administrator's act: all
//! fields are in it, restricted ones included, and nobody but its owner may read the file. It promises
//! that a file is whole or not there.
//! It refuses layers that are computed from others, instants before what is kept, and a file whose name ends
//! in no format that is known.

mod format;

use super::{Failure, count_of, fresh, layer, say};
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::{NoHistory, fold, picture_at};
use crate::instant;
use crate::store::Reader;
use atalaya_tiles::{Catalog, LayerIx, Seen, View, Viewer};
use clap::Args;
use format::{FORMATS, Format, Text};
use jiff::Timestamp;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Features taken from the picture at a time.
const PAGE: usize = 1_000;

/// Write a layer as GeoJSON, CSV or FlatGeobuf: all fields, restricted ones included.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The layer.
    layer: String,
    /// The instant to write it as of, such as 2026-03-14T20:00:00Z; now by default.
    #[arg(long, value_name = "INSTANT", value_parser = instant::argument)]
    at: Option<Timestamp>,
    /// The format: geojson, csv or fgb, which goes to a file only; by default what the name of the file ends
    /// in, and on stdout geojson.
    #[arg(long, hide_possible_values = true)]
    format: Option<Format>,
    /// The file, ending in .geojson, .json, .csv or .fgb unless --format says what it is; stdout by default.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// For CSV that people open in a spreadsheet: text that would be read as a formula there begins with ',
    /// which is then part of it.
    #[arg(long)]
    for_spreadsheets: bool,
}

impl Export {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        let format = self.format()?;
        let catalog = Arc::new(config.catalog()?);
        let (layer, _) = layer::taking(&catalog, &self.layer)?;
        let view = self.view(config, &catalog, layer)?;
        let written = match &self.out {
            Some(path) => to_file(path, |out| self.write(format, &view, out))?,
            None => self.write(format, &view, &mut BufWriter::new(std::io::stdout().lock()))?,
        };
        let left_out = match written.left_out {
            0 => String::new(),
            n => format!(", {n} without geometry left out"),
        };
        say(&format!(
            "{} of {}{left_out}",
            count_of(written.features, "feature"),
            self.layer
        ));
        Ok(())
    }

    fn format(&self) -> Result<Format, Failure> {
        let format = match (self.format, &self.out) {
            (Some(format), _) => format,
            (None, None) => Format::Geojson,
            (None, Some(path)) => Format::of(path).ok_or_else(|| {
                Failure::NotThere(format!(
                    "{}: the ending says no format; there are {FORMATS}; or name one with --format",
                    path.display()
                ))
            })?,
        };
        if format == Format::Fgb && self.out.is_none() {
            return Err(Failure::NotThere(
                "FlatGeobuf goes to a file: name one with --out".into(),
            ));
        }
        if format != Format::Csv && self.for_spreadsheets {
            return Err(Failure::NotThere(
                "--for-spreadsheets is for CSV, which --format csv or a file ending in .csv asks for".into(),
            ));
        }
        Ok(format)
    }

    fn view(
        &self,
        config: &Config,
        catalog: &Arc<Catalog>,
        layer: LayerIx,
    ) -> Result<Arc<View>, Failure> {
        let path = config.data.join("main.db");
        if !path.exists() {
            return Err(Failure::NotThere(super::no_store(&config.data)));
        }
        let mut reader = Reader::beside(&path, Arc::clone(catalog))?;
        let now = Clock::system().now();
        let Some(at) = self.at else {
            return Ok(fold(&mut reader, catalog, now, &[layer])?);
        };
        if at > now {
            return Err(Failure::NotThere(format!("--at {at} is after now, {now}")));
        }
        match picture_at(&mut reader, catalog, at, &[layer]) {
            Ok(view) => Ok(view),
            // Who may export may know when exactly the oldest record came.
            Err(NoHistory::Outside { .. }) => Err(Failure::NotThere(
                match reader.oldest_received(&[layer])? {
                    Some(oldest) => format!("{at} is before what is kept: it begins at {oldest}"),
                    None => "nothing is kept: the log is empty".to_owned(),
                },
            )),
            Err(NoHistory::Store(cause)) => Err(cause.into()),
        }
    }

    fn write(
        &self,
        format: Format,
        view: &View,
        out: &mut dyn Write,
    ) -> Result<format::Written, Failure> {
        let open = view.open(&Viewer::EVERYTHING, &self.layer);
        let open = open
            .map_err(|missing| Failure::NotThere(format!("there is no layer \"{}\"", missing.0)))?;
        let mut after = None;
        let mut page: std::vec::IntoIter<Seen> = Vec::new().into_iter();
        let features = std::iter::from_fn(|| {
            if page.len() == 0 {
                page = open.page(after.as_ref(), PAGE).into_iter();
            }
            let seen = page.next()?;
            after = Some(seen.feature_id());
            Some(seen)
        });
        let text = if self.for_spreadsheets {
            Text::ForSpreadsheets
        } else {
            Text::AsItIs
        };
        match format.write(open.spec(), features, text, out) {
            Ok(written) => Ok(written),
            // A reader that has gone away, as `head` does, is no failure.
            Err(cause) if is_broken_pipe(cause.as_ref()) => Ok(format::Written::default()),
            Err(cause) => Err(Failure::Other(format!("cannot write: {cause}"))),
        }
    }
}

fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    let io = cause.downcast_ref::<std::io::Error>();
    io.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Writes beside the file and puts it in place when it is whole.
fn to_file<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let part = fresh::part_of(path);
    let failed = |cause| Failure::system(path.display().to_string())(cause);
    let mut out = BufWriter::new(fresh::create(&part).map_err(failed)?);
    let written = write(&mut out).and_then(|written| {
        out.flush().map_err(failed)?;
        out.get_ref().sync_all().map_err(failed)?;
        std::fs::rename(&part, path).map_err(failed)?;
        Ok(written)
    });
    if written.is_err() && part.exists() {
        drop(std::fs::remove_file(&part));
    }
    written
}

#[cfg(test)]
mod tests;
