-- A checkpoint of the picture: it can be thrown away and costs only time.

CREATE TABLE checkpoint (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    epoch      TEXT NOT NULL,      -- of the log that it belongs to
    seq        INTEGER NOT NULL,
    clock      ANY NOT NULL,
    layers     TEXT NOT NULL,      -- JSON: "state x" whose features are all in `hot`, "sighting y";
                                   -- the marks of all these are in `marks`
    clearances TEXT NOT NULL       -- JSON: the clearances that the slots in mark keys count through
) STRICT;

CREATE TABLE names (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE hot (
    layer       INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    received_at ANY NOT NULL,
    stale       INTEGER NOT NULL,
    trail       BLOB,              -- 28 bytes a fix: longitude, latitude, seconds, nanoseconds
    noticed     BLOB,              -- 9 bytes each: clearance, seq; see HotFeature
    feed        INTEGER NOT NULL,
    feature     TEXT NOT NULL,
    observed_at ANY,
    stale_at    ANY,
    expires_at  ANY,
    geometry    BLOB,
    properties  TEXT,
    UNIQUE (layer, feature)
) STRICT;

CREATE TABLE tombstones (
    layer       INTEGER NOT NULL,
    feature     TEXT NOT NULL,
    at          ANY NOT NULL,
    received_at ANY NOT NULL,
    PRIMARY KEY (layer, feature)
) STRICT, WITHOUT ROWID;

CREATE TABLE marks (
    layer INTEGER NOT NULL,
    key   INTEGER NOT NULL,
    seq   INTEGER NOT NULL,
    PRIMARY KEY (layer, key)
) STRICT, WITHOUT ROWID;
