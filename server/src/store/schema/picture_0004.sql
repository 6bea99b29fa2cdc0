-- Of each table: how many rows it has, and the sum of their checksums, which `digest` makes of their columns.

CREATE TABLE sums (
    name TEXT PRIMARY KEY,
    rows INTEGER NOT NULL,
    sum  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO sums SELECT 'checkpoint', count(*),
    coalesce(sum(digest(epoch, seq, clock, layers, clearances, sealed)), 0) FROM checkpoint;
INSERT INTO sums SELECT 'names', count(*), coalesce(sum(digest(id, name)), 0) FROM names;
INSERT INTO sums SELECT 'hot', count(*), coalesce(sum(digest(layer, seq, received_at, stale, trail, noticed,
    feed, feature, observed_at, stale_at, expires_at, geometry, properties)), 0) FROM hot;
INSERT INTO sums SELECT 'tombstones', count(*), coalesce(sum(digest(layer, feature, at, received_at)), 0)
    FROM tombstones;
INSERT INTO sums SELECT 'marks', count(*), coalesce(sum(digest(layer, key, seq)), 0) FROM marks;
INSERT INTO sums SELECT 'kept', count(*), coalesce(sum(digest(layer, received_from, segments)), 0) FROM kept;
INSERT INTO sums SELECT 'recollection', count(*), coalesce(sum(digest(of, generation, pages)), 0)
    FROM recollection;
