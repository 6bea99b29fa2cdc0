//! The statements: what is asked of the database, and nothing else.

use atalaya_tiles::TileCoord;

/// The most features of a tile: more are refused rather than left out.
pub(super) const MOST_FEATURES: i64 = 200_000;
/// Units of a tile's edge, and how far beyond it is drawn, as for tiles of the live picture.
const EXTENT: u32 = 4_096;
const BUFFER: u32 = 64;
/// Web Mercator, by the number of the authority.
const WEB_MERCATOR: i32 = 3_857;

/// Tables and views with geometries that the role may select, a row a column that it may. `geometry_columns` knows those alone of which it may
/// select all; of others the type says the system of coordinates.
pub(super) const TABLES: &str = "\
    SELECT * FROM (
      SELECT n.nspname::text, c.relname::text, p.attname::text,
             coalesce(nullif(postgis_typmod_srid(p.atttypmod), 0), g.srid, 0) AS srid,
             coalesce(obj_description(c.oid, 'pg_class'), ''),
             a.attname::text, t.typname::text,
             EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary
                     AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum)
      FROM pg_namespace n
      JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
      JOIN pg_attribute p ON p.attrelid = c.oid AND p.attnum > 0 AND NOT p.attisdropped
                         AND p.atttypid = 'geometry'::regtype
      LEFT JOIN geometry_columns g ON g.f_table_schema = n.nspname AND g.f_table_name = c.relname
                                  AND g.f_geometry_column = p.attname
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
      WHERE n.nspname = ANY($1) AND NOT c.relispartition
        AND has_schema_privilege(n.oid, 'USAGE')
        AND has_column_privilege(c.oid, p.attnum, 'SELECT')
        AND has_column_privilege(c.oid, a.attnum, 'SELECT')
      ORDER BY n.nspname, c.relname, p.attname, a.attnum
    ) AS found WHERE srid > 0";

/// Functions of zoom, column and row, and perhaps a JSON of what else was asked, that answer bytes, and that the role may execute.
pub(super) const FUNCTIONS: &str = "\
    SELECT n.nspname::text, p.proname::text, coalesce(obj_description(p.oid, 'pg_proc'), ''),
           p.pronargs = 4, coalesce((p.proargtypes[3])::regtype::text, '')
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = ANY($1) AND p.prokind = 'f' AND NOT p.proretset
      AND p.prorettype = 'bytea'::regtype
      AND p.pronargs BETWEEN 3 AND 4
      AND p.proargtypes[0] = 'integer'::regtype AND p.proargtypes[1] = 'integer'::regtype
      AND p.proargtypes[2] = 'integer'::regtype
      AND (p.pronargs = 3 OR p.proargtypes[3] IN ('json'::regtype, 'jsonb'::regtype))
      AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')
    ORDER BY 1, 2, p.pronargs";

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// As `pg_type` names it.
    pub(super) kind: String,
    /// Whether it alone is the primary key.
    pub(super) is_key: bool,
}

impl Column {
    /// How it is carried, in the words customary in TileJSON, and written: as it is where MVT has such values, a time as epoch
    /// milliseconds, anything else as text. Nothing of what cannot be shown.
    pub(super) fn carried(&self) -> Option<(&'static str, String)> {
        let name = quoted(&self.name);
        Some(match self.kind.as_str() {
            "bool" => ("Boolean", format!("t.{name}")),
            "int2" | "int4" | "int8" | "float4" | "float8" => ("Number", format!("t.{name}")),
            "numeric" => ("Number", format!("t.{name}::float8 AS {name}")),
            "timestamptz" | "timestamp" => (
                "Number",
                format!("(extract(epoch FROM t.{name}) * 1000)::bigint AS {name}"),
            ),
            "geometry" | "geography" | "bytea" | "raster" => return None,
            _ => ("String", format!("t.{name}::text AS {name}")),
        })
    }

    /// Whether it can be the id of a feature.
    pub(super) fn is_id(&self) -> bool {
        self.is_key && matches!(self.kind.as_str(), "int2" | "int4" | "int8")
    }
}

/// A name as SQL has it, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL has it.
fn text(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('\'', "''");
    format!("E'{escaped}'")
}

/// A tile of a table: `$1`, `$2`, `$3` are its zoom, column and row, `$4` the share of its width that is drawn beyond its edges.
pub(super) fn of_table(
    (schema, table, geometry): (&str, &str, &str),
    srid: i32,
    layer: &str,
    columns: &[Column],
) -> String {
    let place = format!("t.{}", quoted(geometry));
    let (mercator, looked_for) = if srid == WEB_MERCATOR {
        (
            place.clone(),
            "ST_TileEnvelope($1, $2, $3, margin => $4)".to_owned(),
        )
    } else {
        let beyond = "ST_TileEnvelope($1, $2, $3, margin => $4)";
        (
            format!("ST_Transform({place}, {WEB_MERCATOR})"),
            // The edges of a tile are not straight in other systems.
            format!("ST_Transform(ST_Segmentize({beyond}, 10018754.0 / (1 << $1)), {srid})"),
        )
    };
    let carried = columns.iter().filter_map(Column::carried);
    let mut selected = vec![format!(
        "ST_AsMVTGeom({mercator}, ST_TileEnvelope($1, $2, $3), {EXTENT}, {BUFFER}, true) AS \"atalaya:place\""
    )];
    selected.extend(carried.map(|(_, column)| column));
    let id = columns.iter().find(|column| column.is_id());
    let mut wanted = format!("shown, {}, {EXTENT}, 'atalaya:place'", text(layer));
    if let Some(id) = id {
        selected.push(format!("t.{} AS \"atalaya:id\"", quoted(&id.name)));
        wanted.push_str(", 'atalaya:id'");
    }
    format!(
        "SELECT CASE WHEN count(*) > {MOST_FEATURES} THEN NULL ELSE ST_AsMVT({wanted}) END \
         FROM (SELECT {} FROM {}.{} AS t WHERE {place} && {looked_for} LIMIT {}) AS shown",
        selected.join(", "),
        quoted(schema),
        quoted(table),
        MOST_FEATURES + 1,
    )
}

/// A tile of a function: `$1`, `$2`, `$3` are its zoom, column and row, `$4` what else was asked, as text.
pub(super) fn of_function(schema: &str, name: &str, query: Option<&str>) -> String {
    let (schema, name) = (quoted(schema), quoted(name));
    match query {
        Some(kind) => format!("SELECT {schema}.{name}($1, $2, $3, $4::text::{kind})"),
        None => format!("SELECT {schema}.{name}($1, $2, $3)"),
    }
}

/// The share of a tile's width that is drawn beyond its edges: nothing at the edges of the world, since there is no beyond in other systems.
pub(super) fn margin(tile: TileCoord) -> f64 {
    let last = (1_u32 << tile.z()) - 1;
    if tile.x() == 0 || tile.x() == last {
        return 0.0;
    }
    f64::from(BUFFER) / f64::from(EXTENT)
}
