//! The rows behind identity: keys, links and sessions in the store's `SQLite` file.
//!
//! Reads and writes have a connection each, so that a write that waits for the store's writer does
//! not hold up who is let in. Nothing here decides who is; it finds rows and changes them atomically.

use super::grant::{Authority, Grant, Principal};
use super::policy::Role;
use super::token::{Digest, Token};
use super::{Kind, NewKey, NewLink};
use jiff::{SignedDuration, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, named_params, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How long a write waits for another writer of the same file.
const BUSY: Duration = Duration::from_secs(5);
/// How long rows of what has ended are kept.
const KEPT_AFTER_END: SignedDuration = SignedDuration::from_hours(24);

/// A credential's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) principal: Arc<Principal>,
    pub(super) revoked: bool,
    /// For sessions: the last use that was noted.
    pub(super) seen_at: Option<Timestamp>,
}

/// The row of a key or a session without its secret.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) found: Found,
    /// The public part of a key's token.
    pub(super) prefix: Option<String>,
    pub(super) created_at: Timestamp,
}

/// The two connections.
#[derive(Debug)]
pub(super) struct Records {
    reads: Mutex<Connection>,
    writes: Mutex<Connection>,
}

impl Records {
    pub(super) fn open(store: &Path) -> rusqlite::Result<Self> {
        let writes = connection(store)?;
        let reads = connection(store)?;
        reads.pragma_update(None, "query_only", true)?;
        Ok(Self {
            reads: Mutex::new(reads),
            writes: Mutex::new(writes),
        })
    }

    pub(super) fn insert_key(
        &self,
        key: &NewKey,
        token: &Token,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let (role, feed) = match &key.authority {
            Authority::Role(role) => (Some(role.name()), None),
            Authority::Feed(feed) => (None, Some(feed.as_str())),
        };
        self.writes().execute(
            "INSERT INTO bearer_key (id, prefix, digest, name, role, feed, grants, layers, created_at, ends_at)
             VALUES (:id, :prefix, :digest, :name, :role, :feed, :grants, :layers, :created_at, :ends_at)",
            named_params! {
                ":id": mint(now),
                ":prefix": token.prefix(),
                ":digest": token.digest().bytes(),
                ":name": key.name,
                ":role": role,
                ":feed": feed,
                ":grants": to_json(&key.grants)?,
                ":layers": key.layers.as_ref().map(to_json).transpose()?,
                ":created_at": now.as_millisecond(),
                ":ends_at": key.ends_at.map(Timestamp::as_millisecond),
            },
        )?;
        Ok(())
    }

    /// All keys or all sessions that are remembered, newest first.
    pub(super) fn all(&self, kind: Kind) -> rusqlite::Result<Vec<Kept>> {
        let connection = self.reads();
        let mut select = connection.prepare_cached(match kind {
            Kind::Keys => {
                "SELECT id, name, role, feed, grants, layers, ends_at, revoked_at, prefix, created_at,
                    NULL AS seen_at
                 FROM bearer_key ORDER BY created_at DESC, id DESC"
            }
            Kind::Sessions => {
                "SELECT id, name, role, NULL AS feed, grants, layers, ends_at, revoked_at, NULL AS prefix,
                    created_at, seen_at
                 FROM session ORDER BY created_at DESC, id DESC"
            }
        })?;
        let rows = select.query_map([], |row| {
            Ok(Kept {
                found: found(row, instant_if_any(row, "seen_at")?)?,
                prefix: row.get("prefix")?,
                created_at: instant(row, "created_at")?,
            })
        })?;
        rows.collect()
    }

    /// The key of a prefix, if the digest is its own.
    pub(super) fn key(&self, prefix: &str, digest: &Digest) -> rusqlite::Result<Option<Found>> {
        let connection = self.reads();
        let mut select = connection.prepare_cached(
            "SELECT digest, id, name, role, feed, grants, layers, ends_at, revoked_at
             FROM bearer_key WHERE prefix = ?1",
        )?;
        let row = select
            .query_row([prefix], |row| {
                let kept: Vec<u8> = row.get("digest")?;
                Ok((Digest::stored(&kept), found(row, None)?))
            })
            .optional()?;
        Ok(row.and_then(|(kept, found)| kept?.matches(digest).then_some(found)))
    }

    pub(super) fn revoke_key(&self, key: &str, now: Timestamp) -> rusqlite::Result<bool> {
        let changed = self.writes().execute(
            "UPDATE bearer_key SET revoked_at = ?2 WHERE (id = ?1 OR prefix = ?1) AND revoked_at IS NULL",
            params![key, now.as_millisecond()],
        )?;
        Ok(changed > 0)
    }

    pub(super) fn insert_link(
        &self,
        link: &NewLink,
        token: &Token,
        now: Timestamp,
        ends_at: Timestamp,
    ) -> rusqlite::Result<()> {
        let connection = self.writes();
        sweep(&connection, now)?;
        connection.execute(
            "INSERT INTO sign_in_link (digest, name, role, grants, layers, created_at, ends_at)
             VALUES (:digest, :name, :role, :grants, :layers, :created_at, :ends_at)",
            named_params! {
                ":digest": token.digest().bytes(),
                ":name": link.name,
                ":role": link.role.name(),
                ":grants": to_json(&link.grants)?,
                ":layers": link.layers.as_ref().map(to_json).transpose()?,
                ":created_at": now.as_millisecond(),
                ":ends_at": ends_at.as_millisecond(),
            },
        )?;
        Ok(())
    }

    /// Whether a link could be spent: a read alone, so that failed tries are not in the way of writers.
    pub(super) fn is_open(&self, link: &Token, now: Timestamp) -> rusqlite::Result<bool> {
        let connection = self.reads();
        let mut select = connection.prepare_cached(
            "SELECT 1 FROM sign_in_link WHERE digest = ?1 AND used_at IS NULL AND ends_at > ?2",
        )?;
        select.exists(params![link.digest().bytes(), now.as_millisecond()])
    }

    /// Spends a link and opens a session for it, both or neither.
    pub(super) fn redeem(
        &self,
        link: &Token,
        session: &Token,
        now: Timestamp,
        ends_at: impl Fn(Role) -> Timestamp,
    ) -> rusqlite::Result<Option<(Role, Found)>> {
        let mut connection = self.writes();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let link = link.digest();
        let spent: Option<String> = transaction
            .query_row(
                "UPDATE sign_in_link SET used_at = ?2
                 WHERE digest = ?1 AND used_at IS NULL AND ends_at > ?2 RETURNING role",
                params![link.bytes(), now.as_millisecond()],
                |row| row.get(0),
            )
            .optional()?;
        let Some(role) = spent else {
            return Ok(None);
        };
        let role: Role = role.parse().map_err(unreadable)?;
        let digest = session.digest();
        transaction.execute(
            "INSERT INTO session (digest, id, name, role, grants, layers, created_at, seen_at, ends_at)
             SELECT ?2, ?3, name, role, grants, layers, ?4, ?4, ?5 FROM sign_in_link WHERE digest = ?1",
            params![
                link.bytes(),
                digest.bytes(),
                mint(now),
                now.as_millisecond(),
                ends_at(role).as_millisecond()
            ],
        )?;
        let opened = select_session(&transaction, &digest)?;
        sweep(&transaction, now)?;
        transaction.commit()?;
        Ok(opened.map(|found| (role, found)))
    }

    pub(super) fn session(&self, digest: &Digest) -> rusqlite::Result<Option<Found>> {
        select_session(&self.reads(), digest)
    }

    pub(super) fn note_use(&self, digest: &Digest, now: Timestamp) -> rusqlite::Result<()> {
        self.writes().execute(
            "UPDATE session SET seen_at = ?2 WHERE digest = ?1 AND seen_at < ?2",
            params![digest.bytes(), now.as_millisecond()],
        )?;
        Ok(())
    }

    pub(super) fn end_session(&self, digest: &Digest, now: Timestamp) -> rusqlite::Result<()> {
        self.writes().execute(
            "UPDATE session SET revoked_at = ?2 WHERE digest = ?1 AND revoked_at IS NULL",
            params![digest.bytes(), now.as_millisecond()],
        )?;
        Ok(())
    }

    pub(super) fn revoke_session(&self, id: &str, now: Timestamp) -> rusqlite::Result<bool> {
        let changed = self.writes().execute(
            "UPDATE session SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
            params![id, now.as_millisecond()],
        )?;
        Ok(changed > 0)
    }

    fn reads(&self) -> MutexGuard<'_, Connection> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writes(&self) -> MutexGuard<'_, Connection> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connection(store: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(store)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    Ok(connection)
}

fn select_session(connection: &Connection, digest: &Digest) -> rusqlite::Result<Option<Found>> {
    let mut select = connection.prepare_cached(
        "SELECT id, name, role, NULL AS feed, grants, layers, ends_at, revoked_at, seen_at
         FROM session WHERE digest = ?1",
    )?;
    select
        .query_row([digest.bytes()], |row| {
            found(row, Some(instant(row, "seen_at")?))
        })
        .optional()
}

/// Forgets links and sessions that ended long ago.
fn sweep(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    let before = now.checked_sub(KEPT_AFTER_END).unwrap_or(Timestamp::MIN);
    for delete in [
        "DELETE FROM sign_in_link WHERE ends_at < ?1",
        "DELETE FROM session WHERE ends_at < ?1",
    ] {
        connection.execute(delete, [before.as_millisecond()])?;
    }
    Ok(())
}

fn found(row: &Row<'_>, seen_at: Option<Timestamp>) -> rusqlite::Result<Found> {
    Ok(Found {
        principal: Arc::new(principal(row)?),
        revoked: row.get::<_, Option<i64>>("revoked_at")?.is_some(),
        seen_at,
    })
}

fn principal(row: &Row<'_>) -> rusqlite::Result<Principal> {
    let role: Option<String> = row.get("role")?;
    let authority = match role {
        Some(role) => Authority::Role(role.parse().map_err(unreadable)?),
        None => Authority::Feed(row.get("feed")?),
    };
    let grants: String = row.get("grants")?;
    let layers: Option<String> = row.get("layers")?;
    Ok(Principal {
        id: row.get("id")?,
        name: row.get("name")?,
        authority,
        grants: from_json::<Vec<Grant>>(&grants)?,
        layers: layers.as_deref().map(from_json).transpose()?,
        ends_at: instant_if_any(row, "ends_at")?,
    })
}

fn instant(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(row.get(column)?).map_err(unreadable)
}

fn instant_if_any(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?
        .map(|at| Timestamp::from_millisecond(at).map_err(unreadable))
        .transpose()
}

fn to_json<T: Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn from_json<T: DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(unreadable)
}

fn unreadable(error: impl Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
}

/// An id that sorts by the instant it was made at.
fn mint(now: Timestamp) -> String {
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos)).to_string()
}
