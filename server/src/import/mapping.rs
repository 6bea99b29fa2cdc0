//! From a record of a file to a feature of a layer: names, ids, and text that stands for values.
//!
//! Promises: a field is read from the column that is mapped to it, else from the column of its own
//! name, capitals making no difference, else from one that is [`known`] by another; which it is, is said.
//! Properties are columns too, where a file has no others: those of its first records.
//! An id is the one asked for, else the file's own, else that of a column that is known, else made of the
//! file's name and the position of the record, which a second import makes again; which it is, is said.
//!
//! Refuses a file none of whose columns, or of its properties where it has no columns, is a field of the
//! layer: it would make features without a word on them.

use super::{BadFile, Crs, Draft, Place, Source, known};
use atalaya_tiles::catalog::FieldType;
use atalaya_tiles::{FieldSpec, GeometryKind, LayerSpec};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What stands beside the properties of a feature, or in columns of that name.
pub(super) const INSTANTS: [&str; 3] = ["observed_at", "stale_at", "expires_at"];
/// Names that a column can be mapped to beside the fields of the layer.
pub(crate) const PLACES: [&str; 2] = ["lon", "lat"];

/// The most names of ignored columns that are kept.
const IGNORED: usize = 64;

/// Records of a file without columns that are looked at for its properties before anything is imported.
const LOOKED_AT: usize = 1_000;
/// The most names of properties that are looked for in these.
const NAMES: usize = 1_024;

/// What is said of cameras that were mapped in OpenStreetMap: what they look at is in tags that no field has.
const OF_OPENSTREETMAP: &str = "these are tags of OpenStreetMap, which a feed with adaptor = \"osm-surveillance\" \
     and layer = \"cameras\" reads; to import them as they are, say which property is which, as in --map \
     name=operator";

/// Which column is what.
#[derive(Debug, Clone)]
pub(crate) struct Mapping<'l> {
    spec: &'l LayerSpec,
    columns: BTreeMap<String, String>,
    /// The fields and places whose column was asked for.
    asked: BTreeSet<String>,
    /// What the file calls its columns.
    what: What,
    id: Option<String>,
    /// The column of the id where none was asked for; a record without one there gets another.
    usual_id: Option<String>,
    /// Whether records were met that have an id of the format, and that have none.
    own_ids: Met,
    file: String,
    /// Columns that no field is for.
    ignored: BTreeSet<String>,
}

/// What a file has in the place of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Columns,
    Properties,
}

/// All records have it.
const OWN: Met = Met {
    with: true,
    without: false,
};

/// Of records that were looked at, whether some had something and whether some had not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Met {
    with: bool,
    without: bool,
}

impl<'l> Mapping<'l> {
    /// A mapping onto a layer, from `field=column` pairs.
    pub(crate) fn new(
        spec: &'l LayerSpec,
        pairs: &[String],
        id: Option<&str>,
        path: &Path,
    ) -> Result<Self, String> {
        let mut columns = BTreeMap::new();
        for pair in pairs {
            let (field, column) = pair
                .split_once('=')
                .ok_or_else(|| format!("--map {pair}: write field=column"))?;
            if !(spec.fields.contains_key(field)
                || INSTANTS.contains(&field)
                || PLACES.contains(&field))
            {
                let fields: Vec<&str> = spec
                    .fields
                    .keys()
                    .map(String::as_str)
                    .chain(INSTANTS)
                    .chain(PLACES)
                    .collect();
                return Err(format!(
                    "layer {} has no field \"{field}\"; there are {}",
                    spec.name,
                    fields.join(", ")
                ));
            }
            columns.insert(field.to_owned(), column.to_owned());
        }
        Ok(Self {
            spec,
            asked: columns.keys().cloned().collect(),
            columns,
            what: What::Columns,
            id: id.map(str::to_owned),
            usual_id: None,
            own_ids: Met::default(),
            file: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            ignored: BTreeSet::new(),
        })
    }

    /// The column that a field is mapped to.
    pub(crate) fn column(&self, field: &str) -> Option<&str> {
        self.columns.get(field).map(String::as_str)
    }

    /// Columns that no field is for, as far as seen.
    pub(crate) fn ignored(&self) -> impl Iterator<Item = &str> {
        self.ignored.iter().map(String::as_str)
    }

    /// Takes the columns of the file, where it has such: what is not mapped is looked for among those
    /// that are known. Refuses a mapping that names columns which the file does not have, and a file
    /// whose columns say nothing of the layer.
    pub(crate) fn settle(&mut self, path: &Path, source: &mut Source) -> Result<(), BadFile> {
        let bad = |reason: String| BadFile::Content {
            path: path.to_owned(),
            reason,
        };
        let Some(columns) = &source.columns else {
            return self.properties(source).map_err(bad);
        };
        let missing = |name: &&String| !columns.contains(*name);
        if let Some(missing) = self.columns.values().chain(&self.id).find(missing) {
            let there = columns.join(", ");
            return Err(bad(format!(
                "there is no column \"{missing}\"; there are {there}"
            )));
        }
        let asked = !self.columns.is_empty();
        let mut free = columns.clone();
        match &source.place {
            Place::Geometry => {}
            Place::Nowhere if self.spec.takes(GeometryKind::None) => {}
            Place::Nowhere => return Err(bad(self.nowhere(columns))),
            Place::Columns(lon, lat) => {
                free.retain(|column| column != lon && column != lat);
                self.columns.insert("lon".into(), lon.clone());
                self.columns.insert("lat".into(), lat.clone());
            }
        }
        self.take_known(&free);
        let is_id = |column: &String| self.id.as_ref().or(self.usual_id.as_ref()) == Some(column);
        free.retain(|column| !is_id(column) && !self.columns.values().any(|taken| taken == column));
        let names_a_field = self
            .columns
            .keys()
            .any(|name| self.spec.fields.contains_key(name));
        if !names_a_field && !asked && !free.is_empty() {
            return Err(bad(self.nothing_known("column", columns, &free)));
        }
        Ok(())
    }

    /// Reads fields that were not asked for, and the id, from names that are known.
    fn take_known(&mut self, names: &[String]) {
        for field in self.spec.fields.keys() {
            if !self.columns.contains_key(field)
                && let Some(column) = known::column(field, names)
            {
                self.columns.insert(field.clone(), column.to_owned());
            }
        }
        if !self.spec.fields.contains_key("id") {
            self.usual_id = known::id(names).map(str::to_owned);
        }
    }

    /// Takes the properties of the first records as columns; the records are then read as if nobody had.
    fn properties(&mut self, source: &mut Source) -> Result<(), String> {
        self.what = What::Properties;
        let looked: Vec<_> = source.records.by_ref().take(LOOKED_AT).collect();
        let mut names = BTreeSet::new();
        for draft in looked.iter().flatten() {
            let room = NAMES.saturating_sub(names.len());
            names.extend(draft.properties.keys().take(room).cloned());
            self.own_ids.with |= draft.id.is_some();
            self.own_ids.without |= draft.id.is_none();
        }
        let rest = std::mem::replace(&mut source.records, Box::new(std::iter::empty()));
        source.records = Box::new(looked.into_iter().chain(rest));
        let names: Vec<String> = names.into_iter().collect();
        let of_volunteers = names.iter().any(|name| name == "man_made");
        if of_volunteers && self.spec.name == "cameras" && self.asked.is_empty() {
            return Err(OF_OPENSTREETMAP.into());
        }
        self.take_known(&names);
        let is_there = |column: &String| names.contains(column);
        let withdraws = |name: &String| name.eq_ignore_ascii_case("withdrawn");
        let known = self.columns.values().any(is_there) || names.iter().any(withdraws);
        if known || names.is_empty() || self.spec.fields.is_empty() {
            return Ok(());
        }
        let shown = names.get(..IGNORED).unwrap_or(&names);
        Err(self.nothing_known("property", shown, shown))
    }

    fn nowhere(&self, columns: &[String]) -> String {
        format!(
            "layer {} takes positions, and no column is known to hold them; there are {}: say which \
             ones do, as in --map lon=COLUMN lat=COLUMN",
            self.spec.name,
            columns.join(", ")
        )
    }

    fn nothing_known(&self, what: &str, columns: &[String], free: &[String]) -> String {
        let fields: Vec<&str> = self.spec.fields.keys().map(String::as_str).collect();
        let example = format!(
            "{}={}",
            fields
                .iter()
                .find(|field| ["name", "type"].contains(field))
                .or(fields.first())
                .copied()
                .unwrap_or_default(),
            free.first().map_or("", String::as_str)
        );
        format!(
            "no {what} is known to be a field of layer {}; there are {}: say which is which, as in \
             --map {}; the fields are {}",
            self.spec.name,
            columns.join(", "),
            quoted(&example),
            fields.join(", ")
        )
    }

    /// Which column is what, in the words in which it can be asked for, and what ids are made of where no
    /// column is.
    pub(crate) fn said(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for (field, column) in &self.columns {
            words.push(quoted(&format!("{field}={column}")));
        }
        if !words.is_empty() {
            words.insert(0, "--map".into());
        }
        // An id of the format comes before that of a column which nobody asked for.
        let usual = self.usual_id.as_ref().filter(|_| self.own_ids != OWN);
        let id = self.id.as_ref().or(usual);
        if let Some(id) = id {
            words.extend(["--id".into(), quoted(id)]);
        }
        let what = match self.what {
            What::Columns => "columns",
            What::Properties => "properties",
        };
        let mut said = Vec::new();
        if !words.is_empty() {
            said.push(format!("{what}: {}", words.join(" ")));
        }
        let made = "made of the file's name and position; --id COLUMN names another";
        if id.is_none() {
            said.push(match (self.own_ids.with, self.own_ids.without) {
                (true, false) => "ids: those of the file; --id COLUMN names others".into(),
                (true, true) => format!("ids: those of the file, and where there is none {made}"),
                (false, _) => format!("ids: {made}"),
            });
        }
        said
    }

    /// The column that a pointer into a feature is about.
    pub(crate) fn column_at(&self, pointer: &str) -> Option<&str> {
        let name = match pointer.strip_prefix('/')? {
            "id" => return self.id.as_deref().or(self.usual_id.as_deref()),
            rest => rest.strip_prefix("properties/").unwrap_or(rest),
        };
        let (name, _) = name.split_once('/').unwrap_or((name, ""));
        self.column(name)
    }

    /// The feature that a record is, or why it is none.
    pub(crate) fn feature(&mut self, index: u64, draft: Draft, crs: &Crs) -> Result<Json, String> {
        let mut geometry = draft.geometry;
        crs.geometry(&mut geometry)?;
        let found = &draft.properties;
        let mut read: BTreeSet<&str> = BTreeSet::new();
        // What nobody asked for is read by the field's own name where a record has no such column.
        let mut take = |name: &str, mapped: Option<&str>, asked: bool| {
            let of_column = mapped.and_then(|column| found.get_key_value(column));
            let of_column = of_column.map(|(key, value)| (key.as_str(), value));
            let own = || (!asked).then(|| lookup(found, name)).flatten();
            let (name, value) = of_column.or_else(own)?;
            read.insert(name);
            Some(value.clone())
        };
        let mut properties = Map::new();
        for (field, spec) in &self.spec.fields {
            let column = self.columns.get(field).map(String::as_str);
            if let Some(value) = take(field, column, self.asked.contains(field)) {
                properties.insert(field.clone(), fit(spec, value));
            }
        }
        if let Some(withdrawn) = take("withdrawn", None, false) {
            properties.insert("withdrawn".into(), withdrawn);
        }
        let own = |name: &str| self.spec.fields.contains_key(name);
        let id = match &self.id {
            Some(column) => take("id", Some(column), true),
            None if draft.id.is_some() => draft.id,
            None if own("id") => None,
            None => take("id", self.usual_id.as_deref(), false).filter(|id| !is_blank(id)),
        };
        // An id that was asked for and is not there is for the adaptor to refuse.
        let made = self
            .id
            .is_none()
            .then(|| format!("{}#{index}", self.file).into());
        let mut feature = json!({ "type": "Feature", "id": id.or(made) });
        for name in INSTANTS {
            let mapped = self.columns.get(name).map(String::as_str);
            let column = if own(name) && mapped.is_none() {
                None
            } else {
                take(name, mapped, mapped.is_some())
            };
            let instant = draft
                .instants
                .get(name)
                .cloned()
                .or(column)
                .filter(|at| !is_blank(at));
            if let Some(instant) = instant {
                feature[name] = instant;
            }
        }
        for name in found.keys().filter(|name| !read.contains(name.as_str())) {
            if self.ignored.len() < IGNORED && !self.ignored.contains(name) {
                self.ignored.insert(name.clone());
            }
        }
        feature["geometry"] = geometry;
        feature["properties"] = Json::Object(properties);
        Ok(feature)
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-=.".contains(c);
    if word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// What stands under a name, capitals making no difference.
fn lookup<'p>(found: &'p Map<String, Json>, name: &str) -> Option<(&'p str, &'p Json)> {
    if let Some((key, value)) = found.get_key_value(name) {
        return Some((key, value));
    }
    let like = found.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    like.map(|(key, value)| (key.as_str(), value))
}

fn is_blank(value: &Json) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// A value as the field wants it, where formats have another type for the same: numbers in text
/// columns, codes in number columns. What does not fit is left as it is, for the adaptor to refuse.
fn fit(spec: &FieldSpec, value: Json) -> Json {
    match (spec.kind, value) {
        (FieldType::Text | FieldType::Time, Json::String(text)) => match text.trim() {
            "" => Json::Null,
            text => text.into(),
        },
        (FieldType::Text, Json::Number(number)) => number.to_string().into(),
        (FieldType::Text, Json::Bool(yes)) => yes.to_string().into(),
        (_, Json::String(text)) if text.trim().is_empty() => Json::Null,
        (FieldType::Integer, Json::String(text)) => match text.trim().parse::<i64>() {
            Ok(whole) => whole.into(),
            Err(_) => text
                .trim()
                .parse()
                .map_or(Json::String(text), super::number),
        },
        (FieldType::Number, Json::String(text)) => text
            .trim()
            .parse()
            .map_or(Json::String(text), super::number),
        (FieldType::Boolean, Json::Number(number)) => {
            truth(&number.to_string()).map_or(Json::Number(number), Json::Bool)
        }
        (FieldType::Boolean, Json::String(text)) => {
            truth(text.trim()).map_or(Json::String(text), Json::Bool)
        }
        (FieldType::List, Json::String(text)) => match serde_json::from_str(&text) {
            Ok(Json::Array(list)) => Json::Array(list),
            _ => text
                .split(';')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect(),
        },
        (_, value) => value,
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}
