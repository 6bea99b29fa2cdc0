//! Delimited text (RFC 4180): a header row, then one feature a row, its columns named by
//! [`Columns`](super::Columns).
//!
//! Promises: a row that cannot be read costs only itself; an empty cell is an absent value; a row
//! without coordinates is a feature without geometry, where the layer takes such. Numbers are decimal
//! text, lists are separated by `;`. A reject says the line and the column, and points to the column as
//! if the row were an object.
//!
//! Refuses the whole body where a column that the feed names is not in the header: every row would be
//! wrong in the same way.

pub(crate) mod cell;

use super::target::{Draft, Fault, Target};
use super::{Decoded, Input, Unreadable, media_type, property, text};
use crate::problem::echo;
use ::csv::{ReaderBuilder, StringRecord};
use atalaya_tiles::Shape;
use atalaya_tiles::catalog::FieldIx;
use atalaya_tiles::{Event, FieldSpec, GeometryKind};
use std::collections::BTreeSet;

const TAKEN: [&str; 4] = [
    "text/csv",
    "application/csv",
    "text/tab-separated-values",
    "text/plain",
];

/// The most columns that are named to whoever sent others.
const SHOWN: usize = 20;

pub(super) fn decode(target: &Target<'_>, input: &Input<'_>) -> Result<Decoded, Unreadable> {
    media_type::expect(input, &TAKEN, "text/csv")?;
    let text = text(input)?;
    let delimiter = u8::try_from(target.feed.columns.delimiter)
        .map_err(|_| header_fault("the delimiter is not one byte"))?;
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| header_fault(&e.to_string()))?;
    let table = Table::new(*target, header)?;
    let mut decoded = Decoded::default();
    for name in table.ignored(header) {
        decoded.ignore(name);
    }
    for (index, row) in reader.records().enumerate() {
        let event = match row {
            Ok(row) => table.event(&row),
            Err(error) => Err(Fault::new(cell::no_row(&error), "")),
        };
        match event {
            Ok(event) => decoded.accept(index, event),
            Err(fault) => decoded.reject(index, fault),
        }
    }
    Ok(decoded)
}

fn header_fault(reason: &str) -> Unreadable {
    Unreadable::Csv {
        line: 1,
        reason: reason.to_owned(),
    }
}

/// A column by name and place.
#[derive(Clone, Copy)]
struct Column<'a> {
    name: &'a str,
    at: usize,
}

impl<'a> Column<'a> {
    fn find(header: &StringRecord, name: &'a str) -> Option<Self> {
        let at = header.iter().position(|found| found.trim() == name)?;
        Some(Self { name, at })
    }

    fn need(header: &StringRecord, name: &'a str) -> Result<Self, Unreadable> {
        let missing = || {
            let there: Vec<String> = header.iter().take(SHOWN).map(echo).collect();
            let there = there.join(", ");
            header_fault(&format!("there is no column \"{name}\"; there are {there}"))
        };
        Self::find(header, name).ok_or_else(missing)
    }

    fn of(self, row: &StringRecord) -> &str {
        row.get(self.at).unwrap_or_default().trim()
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "errors and texts alike are given away here"
    )]
    fn fault(self, row: &StringRecord, reason: impl ToString) -> Fault {
        let name = self.name.replace('~', "~0").replace('/', "~1");
        let reason = cell::at(cell::line(row), Some(self.name), &reason.to_string());
        Fault::new(reason, format!("/{name}"))
    }
}

/// Which column is what.
struct Table<'a> {
    target: Target<'a>,
    id: Column<'a>,
    lon_lat: Option<(Column<'a>, Column<'a>)>,
    observed_at: Option<Column<'a>>,
    fields: Vec<(Column<'a>, FieldIx, &'a FieldSpec)>,
}

impl<'a> Table<'a> {
    fn new(target: Target<'a>, header: &StringRecord) -> Result<Self, Unreadable> {
        let columns = &target.feed.columns;
        let lon = Column::need(header, &columns.lon);
        let lat = Column::need(header, &columns.lat);
        let lon_lat = match (lon, lat) {
            (Ok(lon), Ok(lat)) => Some((lon, lat)),
            (Err(_), Err(_)) if target.spec.takes(GeometryKind::None) => None,
            (Err(missing), _) | (_, Err(missing)) => return Err(missing),
        };
        let observed_at = columns.observed_at.as_deref();
        let observed_at = observed_at.map(|name| Column::need(header, name));
        let mut fields = Vec::new();
        for name in target.spec.fields.keys() {
            let column = match columns.fields.get(name) {
                Some(named) => Some(Column::need(header, named)?),
                None => Column::find(header, name),
            };
            if let (Some(column), Some((field, spec))) = (column, target.field(name)) {
                fields.push((column, field, spec));
            }
        }
        Ok(Self {
            target,
            id: Column::need(header, columns.id.as_deref().unwrap_or("id"))?,
            lon_lat,
            observed_at: observed_at.transpose()?,
            fields,
        })
    }

    /// Columns that nothing is read from.
    fn ignored<'h>(&self, header: &'h StringRecord) -> impl Iterator<Item = &'h str> {
        let coordinates = self.lon_lat.into_iter().flat_map(|(lon, lat)| [lon, lat]);
        let fields = self.fields.iter().map(|(column, ..)| *column);
        let read: BTreeSet<usize> = std::iter::once(self.id)
            .chain(coordinates)
            .chain(self.observed_at)
            .chain(fields)
            .map(|column| column.at)
            .collect();
        let columns = header.iter().enumerate();
        columns.filter_map(move |(at, name)| (!read.contains(&at)).then_some(name.trim()))
    }

    fn event(&self, row: &StringRecord) -> Result<Event, Fault> {
        let id = self.target.id(self.id.of(row));
        let id = id.map_err(|bad| self.id.fault(row, bad))?;
        let draft = self.target.draft(id.clone());
        self.read(row, draft).map_err(|fault| fault.of(id))
    }

    fn read(&self, row: &StringRecord, mut draft: Draft<'_>) -> Result<Event, Fault> {
        if let Some(column) = self.observed_at
            && !column.of(row).is_empty()
        {
            let instant = self.target.instant(column.of(row));
            draft.observed_at = Some(instant.map_err(|bad| column.fault(row, bad))?);
        }
        let place = self.target.place(self.shape(row)?);
        draft.geometry = place.map_err(|mut fault| {
            fault.reason = cell::at(cell::line(row), None, &fault.reason);
            fault
        })?;
        for (column, field, spec) in &self.fields {
            let value = property::from_column(spec, column.of(row), self.target.clock());
            if let Some(value) = value.map_err(|bad| column.fault(row, bad))? {
                draft.set(*field, value);
            }
        }
        Ok(draft.finish())
    }

    fn shape(&self, row: &StringRecord) -> Result<Option<Shape>, Fault> {
        let Some((lon, lat)) = self.lon_lat else {
            return Ok(None);
        };
        if cell::is_absent(lon.of(row)) && cell::is_absent(lat.of(row)) {
            return Ok(None);
        }
        let degrees = |column: Column<'_>| {
            let number = cell::degrees(column.of(row));
            number.map_err(|bad| column.fault(row, bad))
        };
        Ok(Some(Shape::point(degrees(lon)?, degrees(lat)?)))
    }
}

#[cfg(test)]
pub(super) mod tests;
