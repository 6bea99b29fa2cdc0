-- A store of schema version 2, as the first release of it wrote it.
PRAGMA application_id = 1096043609;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE bearer_key (
    id         TEXT PRIMARY KEY,
    prefix     TEXT NOT NULL UNIQUE,
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    name       TEXT NOT NULL,
    role       TEXT,
    feed       TEXT,
    grants     TEXT NOT NULL,
    layers     TEXT,
    created_at INTEGER NOT NULL,
    ends_at    INTEGER,
    revoked_at INTEGER,
    CHECK ((role IS NULL) <> (feed IS NULL))
) STRICT;
INSERT INTO "bearer_key" VALUES('01a20380-f62e-751c-b66b-4ec3fba3015e','60713be6a34d',X'B9D50F6CA053C6AF24EF9753317A514DDE7ADF5AFE0C7E62576626C57E37E24B','feed cameras',NULL,'cameras','[]',NULL,1795355113006,NULL,NULL);
INSERT INTO "bearer_key" VALUES('01a20380-f6b0-79db-be96-b5606b1a372e','fe61ed1d4c78',X'55EA86AF7141E37ADF56F5D0870321CF757B12CA1475F7A3BA8803D541C66143','feed incidents',NULL,'incidents','[]',NULL,1795355113136,NULL,NULL);
INSERT INTO "bearer_key" VALUES('01a20380-f6f8-7a6e-bb05-5d4649906c5f','67b837b3fb7f',X'DD9A20F1867FF93757A6DA6FD6FD5603B82EA77C3E846E239F2F1CD35DDC1BFA','feed alpr_reads',NULL,'alpr_reads','[]',NULL,1795355113208,NULL,NULL);
CREATE TABLE horizons (
    layer       INTEGER PRIMARY KEY,
    received_at ANY NOT NULL
) STRICT;
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
INSERT INTO "log" VALUES(1,1795355113040000000,0,1,1,'c1',NULL,NULL,NULL,X'0101000000AE47E17A14BE5BC05C8FC2F5281C4040','{"fov_deg":60.0,"heading_deg":90.0,"name":"Congress & Stone","range_m":200.0}');
INSERT INTO "log" VALUES(2,1795355113040000000,0,1,1,'c2',NULL,NULL,NULL,X'01010000003D0AD7A370BD5BC05C8FC2F5281C4040','{"name":"gone"}');
INSERT INTO "log" VALUES(3,1795355113060000000,1,1,1,'c2',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "log" VALUES(4,1795355113152000000,0,2,2,'i1',NULL,NULL,NULL,X'0101000000AE47E17A14BE5BC05C8FC2F5281C4040','{"address":"1 E Congress St","agency":"TPD","discipline":"police","priority":3,"status":"open","type":"collision"}');
INSERT INTO "log" VALUES(5,1795355113214000000,0,3,3,'r0',NULL,NULL,NULL,X'0101000000AE47E17A14BE5BC05C8FC2F5281C4040','{"plate":"ABC0"}');
INSERT INTO "log" VALUES(6,1795355113214000000,0,3,3,'r1',NULL,NULL,NULL,X'0101000000BC74931804BE5BC05C8FC2F5281C4040','{"plate":"ABC1"}');
INSERT INTO "log" VALUES(7,1795355113214000000,0,3,3,'r2',NULL,NULL,NULL,X'0101000000CBA145B6F3BD5BC05C8FC2F5281C4040','{"plate":"ABC2"}');
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('epoch','1004ab58fd140e5c');
CREATE TABLE names (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO "names" VALUES(1,'cameras');
INSERT INTO "names" VALUES(2,'incidents');
INSERT INTO "names" VALUES(3,'alpr_reads');
CREATE TABLE session (
    digest     BLOB PRIMARY KEY CHECK (length(digest) = 32),
    id         TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    role       TEXT NOT NULL,
    grants     TEXT NOT NULL,
    layers     TEXT,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE sign_in_link (
    digest     BLOB PRIMARY KEY CHECK (length(digest) = 32),
    name       TEXT NOT NULL,
    role       TEXT NOT NULL,
    grants     TEXT NOT NULL,
    layers     TEXT,
    created_at INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO "sign_in_link" VALUES(X'48822B4C0ED18CE387A9C8D58BCF9844E7820843BFD49CE2A81C9BF461547B9E','wall by link','wall','[]',NULL,1795355113261,1795356013261,NULL);
CREATE INDEX log_by_layer ON log (layer);
COMMIT;
