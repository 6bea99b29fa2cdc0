-- A closed day of the log, of the layers that are kept for equally long. Once it has its name it only loses
-- records. See 0001_log.sql for the columns.

CREATE TABLE names (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE log (
    seq         INTEGER PRIMARY KEY,
    received_at ANY NOT NULL,
    kind        INTEGER NOT NULL,
    layer       INTEGER NOT NULL,
    feed        INTEGER,
    feature     TEXT,
    observed_at ANY,
    stale_at    ANY,
    expires_at  ANY,
    geometry    BLOB,
    properties  TEXT
) STRICT;

CREATE INDEX log_by_layer ON log (layer);
