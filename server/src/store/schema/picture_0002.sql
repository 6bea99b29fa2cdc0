-- Sightings, in order within a layer: each row is written once and never changes.

CREATE TABLE segments (
    id        INTEGER PRIMARY KEY,
    layer     INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL,
    sightings INTEGER NOT NULL,        -- how many; 0 where the bytes were found damaged
    crc32     INTEGER NOT NULL,        -- of the bytes
    bytes     BLOB NOT NULL            -- see Sealed::to_bytes
) STRICT;

-- How many segments a layer has, and since when its sightings are kept: what was received before is gone, though
-- segments may have it for another hour.

CREATE TABLE kept (
    layer         INTEGER PRIMARY KEY,
    received_from ANY NOT NULL,        -- an instant
    segments      INTEGER NOT NULL
) STRICT;

-- Whether `segments` has all sightings of the layers that the checkpoint names.
ALTER TABLE checkpoint ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
