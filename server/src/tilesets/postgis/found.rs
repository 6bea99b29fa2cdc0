//! What tables, views and functions there are.

use super::connect::Pool;
use super::sql::{self, Column, FUNCTIONS, TABLES};
use super::{PostGisConfig, Tableset, TablesetConfig, Unanswered};
use crate::tilesets::{About, Needed, TileKind};
use atalaya_tiles::Catalog;
use atalaya_tiles::tile::MAX_ZOOM;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_postgres::Row;

/// Every tileset that is found anew has a number of its own.
static FOUND: AtomicU64 = AtomicU64::new(1);

/// Looks through the schemas.
pub(super) async fn look(
    pool: &Pool,
    config: &PostGisConfig,
    catalog: &Catalog,
) -> Result<BTreeMap<String, Arc<Tableset>>, Unanswered> {
    let tables = tables(&pool.rows(TABLES, &config.schemas).await?);
    let functions = pool.rows(FUNCTIONS, &config.schemas).await?;
    let mut found = BTreeMap::new();
    let mut add = |tableset: Option<Tableset>| {
        if let Some(tableset) = tableset {
            found.insert(tableset.name.clone(), Arc::new(tableset));
        }
    };
    for table in &tables {
        let same = |other: &&Table| (&other.schema, &other.name) == (&table.schema, &table.name);
        let alone = tables.iter().filter(same).count() == 1;
        add(table.tileset(alone, config, catalog));
    }
    // Of two of a name the one that is told what else was asked comes last, and stays.
    for row in &functions {
        add(function(row, config, catalog));
    }
    Ok(found)
}

/// What is as it was keeps its number, and so its tiles.
pub(super) fn keep_numbers(
    found: &mut BTreeMap<String, Arc<Tableset>>,
    before: &BTreeMap<String, Arc<Tableset>>,
) {
    for (name, tableset) in found {
        let known = before.get(name);
        let same = |known: &&Arc<Tableset>| {
            known.sql == tableset.sql && known.about.zooms == tableset.about.zooms
        };
        if let Some(known) = known.filter(same) {
            *tableset = Arc::clone(known);
        }
    }
}

/// A geometry column of a table, with the columns beside.
#[derive(Debug)]
struct Table {
    schema: String,
    name: String,
    geometry: String,
    srid: i32,
    description: String,
    columns: Vec<Column>,
}

fn tables(rows: &[Row]) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for row in rows {
        let [schema, name, geometry]: [String; 3] = [row.get(0), row.get(1), row.get(2)];
        let is_next = tables.last().is_none_or(|last| {
            (&last.schema, &last.name, &last.geometry) != (&schema, &name, &geometry)
        });
        if is_next {
            tables.push(Table {
                schema,
                name,
                geometry,
                srid: row.get(3),
                description: row.get(4),
                columns: Vec::new(),
            });
        }
        if let Some(table) = tables.last_mut() {
            table.columns.push(Column {
                name: row.get(5),
                kind: row.get(6),
                is_key: row.get(7),
            });
        }
    }
    tables
}

impl Table {
    /// Its tileset, by the name of the table where that has no other geometry.
    fn tileset(&self, alone: bool, config: &PostGisConfig, catalog: &Catalog) -> Option<Tableset> {
        let of_table = format!("{}.{}", self.schema, self.name);
        let name = if alone {
            of_table.clone()
        } else {
            format!("{of_table}.{}", self.geometry)
        };
        let own = config.tilesets.get(&name);
        let own = own.or_else(|| config.tilesets.get(&of_table));
        let own = own.cloned().unwrap_or_default();
        let wanted = |column: &&Column| {
            let named = own.columns.as_ref();
            column.is_id() || named.is_none_or(|named| named.contains(&column.name))
        };
        let columns: Vec<Column> = self.columns.iter().filter(wanted).cloned().collect();
        let fields: Map<String, Value> = columns
            .iter()
            .filter_map(|column| Some((column.name.clone(), column.carried()?.0.into())))
            .collect();
        let place = (
            self.schema.as_str(),
            self.name.as_str(),
            self.geometry.as_str(),
        );
        let layer = json!({ "id": self.name, "fields": fields });
        let (about, needed) = described((&name, &self.description), &own, Some(layer), catalog)?;
        Some(Tableset {
            sql: sql::of_table(place, self.srid, &self.name, &columns),
            name,
            about: Arc::new(about),
            needed,
            takes_query: false,
            is_function: false,
            number: FOUND.fetch_add(1, Ordering::Relaxed),
        })
    }
}

fn function(row: &Row, config: &PostGisConfig, catalog: &Catalog) -> Option<Tableset> {
    let [schema, name, description, query]: [String; 4] =
        [row.get(0), row.get(1), row.get(2), row.get(4)];
    let takes_query: bool = row.get(3);
    let sql = sql::of_function(&schema, &name, takes_query.then_some(query.as_str()));
    let name = format!("{schema}.{name}");
    let own = config.tilesets.get(&name).cloned().unwrap_or_default();
    let (about, needed) = described((&name, &description), &own, None, catalog)?;
    Some(Tableset {
        name,
        about: Arc::new(about),
        needed,
        sql,
        takes_query,
        is_function: true,
        number: FOUND.fetch_add(1, Ordering::Relaxed),
    })
}

fn described(
    (name, comment): (&str, &str),
    own: &TablesetConfig,
    layer: Option<Value>,
    catalog: &Catalog,
) -> Option<(About, Needed)> {
    let zooms = [own.minzoom, own.maxzoom.unwrap_or(MAX_ZOOM)];
    let title = if comment.is_empty() { name } else { comment };
    let mut said = Map::new();
    said.insert("name".to_owned(), title.into());
    said.insert("vector_layers".to_owned(), layer.into_iter().collect());
    let about = About::new(TileKind::Mvt, zooms, [f64::NAN; 4], &said).ok()?;
    Some((about, Needed::of(own.clearance.as_deref(), catalog)))
}
