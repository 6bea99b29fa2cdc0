-- The log and what belongs to it.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- Names of layers and feeds, written once each.
CREATE TABLE names (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Instants are whole nanoseconds since 1970 UTC; before 1678 and after 2262 they are RFC 3339 text.
CREATE TABLE log (
    seq         INTEGER PRIMARY KEY,
    received_at ANY NOT NULL,      -- never decreases along seq
    kind        INTEGER NOT NULL,  -- 0 observed, 1 withdrawn, 2 clock
    layer       INTEGER NOT NULL,  -- names.id; 0 for clock records, which belong to all layers
    feed        INTEGER,           -- names.id
    feature     TEXT,
    observed_at ANY,               -- of a withdrawal: as of when
    stale_at    ANY,
    expires_at  ANY,
    geometry    BLOB,              -- WKB, little endian
    properties  TEXT               -- JSON, by field name
) STRICT;

-- Every entry carries its seq, so this is in order of arrival within a layer.
CREATE INDEX log_by_layer ON log (layer);

-- Where retention has deleted, and so since when a layer's history is whole.
CREATE TABLE horizons (
    layer       INTEGER PRIMARY KEY,
    received_at ANY NOT NULL
) STRICT;
