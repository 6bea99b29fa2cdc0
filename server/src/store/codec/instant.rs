//! Instants in columns: whole nanoseconds since 1970, or RFC 3339 text where those do not fit.

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// An instant as a column holds it: exact over the whole range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instant(pub(crate) Timestamp);

impl ToSql for Instant {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match i64::try_from(self.0.as_nanosecond()) {
            Ok(nanoseconds) => ToSqlOutput::from(nanoseconds),
            Err(_) => ToSqlOutput::from(self.0.to_string()),
        })
    }
}

impl FromSql for Instant {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let instant = match value {
            ValueRef::Integer(nanoseconds) => {
                Timestamp::from_nanosecond(i128::from(nanoseconds)).map_err(FromSqlError::other)
            }
            ValueRef::Text(_) => value.as_str()?.parse().map_err(FromSqlError::other),
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => {
                Err(FromSqlError::InvalidType)
            }
        };
        instant.map(Self)
    }
}
