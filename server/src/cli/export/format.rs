//! The formats of an export.
//!
//! GeoJSON and CSV are streamed. CSV has one position: the point, or for a line or an area the place
//! where its name would stand. `FlatGeobuf` has no place for features without geometry: they are
//! counted, not written.

mod formula;

use crate::geojson::push_feature;
use atalaya_tiles::catalog::FieldType;
use atalaya_tiles::{LayerSpec, Seen, ValueRef};
use clap::ValueEnum;
use flatgeobuf::{ColumnType, FgbCrs, FgbWriter, FgbWriterOptions, GeometryType};
use geozero::{ColumnValue, PropertyProcessor};
use std::error::Error;
use std::io::Write;
use std::path::Path;

/// The names of formats with the endings by which they are recognised.
pub(super) const FORMATS: &str = "GeoJSON (.geojson, .json), CSV (.csv) and FlatGeobuf (.fgb)";

/// How text is written in CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// As it is: what is read back is what was written.
    AsItIs,
    /// With `'` before what a spreadsheet would take for a formula, [at the beginning and within](formula).
    ForSpreadsheets,
}

impl Text {
    fn cell(self, text: String) -> String {
        match self {
            Self::AsItIs => text,
            Self::ForSpreadsheets => formula::made_text(text),
        }
    }
}

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One feature collection.
    Geojson,
    /// A row for each feature: lon, lat, id, `observed_at` and the fields.
    Csv,
    /// FlatGeobuf, to a file only.
    Fgb,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) features: usize,
    /// Features that the format has no place for.
    pub(super) left_out: usize,
}

type Outcome = Result<Written, Box<dyn Error>>;

impl Format {
    /// The format that a file's name asks for.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match &*path.extension()?.to_str()?.to_ascii_lowercase() {
            "geojson" | "json" => Some(Self::Geojson),
            "csv" => Some(Self::Csv),
            "fgb" => Some(Self::Fgb),
            _ => None,
        }
    }

    /// Writes features of a layer.
    pub(super) fn write(
        self,
        spec: &LayerSpec,
        features: impl Iterator<Item = Seen>,
        text: Text,
        out: &mut dyn Write,
    ) -> Outcome {
        match self {
            Self::Geojson => geojson(spec, features, out),
            Self::Csv => csv(spec, features, text, out),
            Self::Fgb => fgb(spec, features, out),
        }
    }
}

fn geojson(spec: &LayerSpec, features: impl Iterator<Item = Seen>, out: &mut dyn Write) -> Outcome {
    let mut written = Written::default();
    out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
    let mut text = Vec::new();
    for seen in features {
        text.clear();
        text.extend_from_slice(if written.features > 0 { b",\n" } else { b"\n" });
        push_feature(&mut text, spec, &seen, &[]);
        out.write_all(&text)?;
        written.features += 1;
    }
    out.write_all(b"\n]}\n")?;
    out.flush()?;
    Ok(written)
}

fn csv(
    spec: &LayerSpec,
    features: impl Iterator<Item = Seen>,
    text: Text,
    out: &mut dyn Write,
) -> Outcome {
    let mut written = Written::default();
    let mut rows = csv::Writer::from_writer(out);
    let fields: Vec<&str> = spec.fields.keys().map(String::as_str).collect();
    rows.write_record(
        ["lon", "lat", "id", "observed_at"]
            .into_iter()
            .chain(fields.iter().copied()),
    )?;
    for seen in features {
        let anchor = seen.anchor();
        let degrees = |degrees: Option<f64>| degrees.map(|x| x.to_string()).unwrap_or_default();
        let mut row = vec![
            degrees(anchor.map(atalaya_tiles::LonLat::lon)),
            degrees(anchor.map(atalaya_tiles::LonLat::lat)),
            text.cell(seen.id().to_owned()),
            seen.observed_at().to_string(),
        ];
        row.extend(fields.iter().map(|field| cell(spec, &seen, field, text)));
        rows.write_record(&row)?;
        written.features += 1;
    }
    rows.flush()?;
    Ok(written)
}

fn cell(spec: &LayerSpec, seen: &Seen, field: &str, how: Text) -> String {
    let mut values = seen.properties();
    let found = values.find(|(ix, _)| spec.field_at(*ix).is_some_and(|(name, _)| name == field));
    match found {
        Some((_, value @ (ValueRef::Text(_) | ValueRef::List(_)))) => how.cell(text(value)),
        Some((_, value)) => text(value),
        None => String::new(),
    }
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => text.to_owned(),
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Number(x) => x.to_string(),
        ValueRef::Boolean(yes) => yes.to_string(),
        ValueRef::Time(at) => at.to_string(),
        ValueRef::List(list) => {
            let texts: Vec<String> = list.iter().map(|value| text(value.into())).collect();
            texts.join(";")
        }
    }
}

fn fgb(spec: &LayerSpec, features: impl Iterator<Item = Seen>, out: &mut dyn Write) -> Outcome {
    let mut features = features.peekable();
    let options = FgbWriterOptions {
        // An index of nothing cannot be written.
        write_index: features.peek().is_some(),
        promote_to_multi: false,
        // A layer may take several kinds: the first feature does not speak for the rest.
        detect_type: false,
        crs: FgbCrs {
            code: 4326,
            ..FgbCrs::default()
        },
        ..FgbWriterOptions::default()
    };
    let mut writer = FgbWriter::create_with_options(&spec.name, GeometryType::Unknown, options)?;
    writer.add_column("id", ColumnType::String, |_, column| {
        column.nullable = false;
    });
    writer.add_column("observed_at", ColumnType::DateTime, |_, _| {});
    for (name, field) in &spec.fields {
        writer.add_column(name, column_type(field.kind), |_, _| {});
    }
    let mut written = Written::default();
    for seen in features {
        let Some(geometry) = seen.geometry() else {
            written.left_out += 1;
            continue;
        };
        let mut refused = None;
        writer.add_feature_geom(geometry.into_owned(), |feature| {
            refused = properties(spec, &seen, feature).err();
        })?;
        if let Some(cause) = refused {
            return Err(cause.into());
        }
        written.features += 1;
    }
    writer.write(out)?;
    Ok(written)
}

fn column_type(kind: FieldType) -> ColumnType {
    match kind {
        FieldType::Text => ColumnType::String,
        FieldType::Integer => ColumnType::Long,
        FieldType::Number => ColumnType::Double,
        FieldType::Boolean => ColumnType::Bool,
        FieldType::Time => ColumnType::DateTime,
        FieldType::List => ColumnType::Json,
    }
}

fn properties(
    spec: &LayerSpec,
    seen: &Seen,
    feature: &mut impl PropertyProcessor,
) -> geozero::error::Result<()> {
    feature.property(0, "id", &ColumnValue::String(seen.id()))?;
    let observed_at = seen.observed_at().to_string();
    feature.property(1, "observed_at", &ColumnValue::DateTime(&observed_at))?;
    for (ix, value) in seen.properties() {
        let Some((name, field)) = spec.field_at(ix) else {
            continue;
        };
        let Some(at) = spec.fields.keys().position(|key| key == name) else {
            continue;
        };
        let mut json = Vec::new();
        let text = if matches!(value, ValueRef::List(_)) {
            crate::geojson::push_value(&mut json, value);
            String::from_utf8_lossy(&json).into_owned()
        } else {
            text(value)
        };
        let column = match (field.kind, value) {
            (FieldType::Integer, ValueRef::Integer(n)) => ColumnValue::Long(n),
            (FieldType::Number, ValueRef::Number(x)) => ColumnValue::Double(x),
            (FieldType::Boolean, ValueRef::Boolean(yes)) => ColumnValue::Bool(yes),
            (FieldType::Time, ValueRef::Time(_)) => ColumnValue::DateTime(&text),
            (FieldType::List, _) => ColumnValue::Json(&text),
            (FieldType::Text, _) => ColumnValue::String(&text),
            // A number that is whole is kept as an integer, whatever the field.
            (FieldType::Number, ValueRef::Integer(_)) => match text.parse() {
                Ok(x) => ColumnValue::Double(x),
                Err(_) => continue,
            },
            _ => continue,
        };
        feature.property(at + 2, name, &column)?;
    }
    Ok(())
}
