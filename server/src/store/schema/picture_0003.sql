-- What the engine remembers of the log beside the picture, in pages: each is written when it has changed, in the
-- transaction of the checkpoint that it is as of.

CREATE TABLE recollection (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    of         TEXT NOT NULL,          -- what it depends on; with anything else it means nothing
    generation INTEGER NOT NULL,       -- which changes it has
    pages      INTEGER NOT NULL        -- how many there are
) STRICT;

CREATE TABLE pages (
    number INTEGER PRIMARY KEY,
    crc32  INTEGER NOT NULL,           -- of the number, big endian, and the bytes
    bytes  BLOB NOT NULL
) STRICT;
