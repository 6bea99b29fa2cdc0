-- Closed days of the log, in files of their own in the folder `archive`. A record is read from `log` if its
-- seq is above `moved`, else from the file: a row here and what it takes from `log` change in one transaction.
CREATE TABLE archives (
    file              TEXT PRIMARY KEY,
    layers            TEXT NOT NULL,     -- JSON: the names.id that it has records of
    first_seq         INTEGER NOT NULL,
    last_seq          INTEGER NOT NULL,
    first_received_at ANY NOT NULL,
    last_received_at  ANY NOT NULL,
    records           INTEGER NOT NULL,
    moved             INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
