-- Who may ask: bearer keys, one-time sign-in links and sessions. Secrets are kept as SHA-256 only.
-- Instants are milliseconds since 1970 UTC. `grants` is JSON: [{"clearance": "cji", "until": "…"}].
-- `layers` is JSON, a list of layer names; null is all that the role may open.

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
