//! What can go wrong with a store. Every message names the path and what to do about it.

use std::io;
use std::io::ErrorKind as Kind;
use std::path::{Path, PathBuf};

/// A store operation that failed. Nothing is half stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The directory or a file cannot be read or written.
    #[error("{path}: {cause}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Another server has the store open.
    #[error("the store in {dir} is in use by process {pid}; stop that server first")]
    Locked {
        /// The directory.
        dir: PathBuf,
        /// The process, as it wrote into the lock file.
        pid: String,
    },
    /// A directory, file or disk that takes no writes.
    #[error("{path} cannot be written ({detail}): the server needs a directory that it may write")]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// A file of something else.
    #[error("{path} is not a store of this program: {detail}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// How that shows.
        detail: String,
    },
    /// A store that a newer program wrote. It was not touched.
    #[error(
        "{path} has schema version {found}, this program knows versions up to {known}: use a newer program"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of the file.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// No room. Reading goes on, and writing works again once there is room.
    #[error("{path}: the disk is full")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The file contradicts itself.
    #[error("{path} is damaged ({detail}): restore a backup")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// How that shows.
        detail: String,
    },
    /// The log is not there, and other files of its store are.
    #[error(
        "{main} is missing or empty, but {left} of the same store is there: put {main} back or restore a \
         backup into a new directory; to begin anew without what the store held, remove the rest of it"
    )]
    Gone {
        /// Where the log is to be.
        main: PathBuf,
        /// A file that is there.
        left: PathBuf,
    },
    /// An earlier write or sync failed, so that nothing more can be called durable.
    #[error("{path}: an earlier write failed ({detail}); the store takes no more until reopened")]
    Broken {
        /// The file.
        path: PathBuf,
        /// What failed.
        detail: String,
    },
    /// Another connection kept the file for too long; the same call may succeed later.
    #[error("{path} was kept busy for too long")]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A record that does not belong behind those that are there.
    #[error(
        "record {seq} cannot follow record {last}: seq must grow and received_at must not decrease"
    )]
    OutOfOrder {
        /// The record.
        seq: u64,
        /// The one before it.
        last: u64,
    },
    /// A restore into a place where something is.
    #[error("{dir} is not empty: restore into a new directory")]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
    },
    /// A backup into the store that it is of.
    #[error("{file} is inside the store itself: name a file elsewhere")]
    Inside {
        /// The file.
        file: PathBuf,
    },
    /// Anything else the database reports.
    #[error("{path}: {cause}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What it reports.
        #[source]
        cause: rusqlite::Error,
    },
}

impl StoreError {
    /// An error of the database in a file.
    pub(crate) fn of_sqlite(path: &Path, cause: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let path = path.to_owned();
        match cause.sqlite_error_code() {
            Some(Code::DiskFull) => Self::Full { path },
            Some(Code::ReadOnly) => Self::Unwritable {
                path,
                detail: cause.to_string(),
            },
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Busy { path },
            Some(Code::NotADatabase) => Self::Foreign {
                path,
                detail: cause.to_string(),
            },
            Some(Code::DatabaseCorrupt) => Self::Corrupt {
                path,
                detail: cause.to_string(),
            },
            None if is_odd_row(&cause) => Self::Corrupt {
                path,
                detail: cause.to_string(),
            },
            _ => Self::Sqlite { path, cause },
        }
    }

    /// Whether there was no room.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// The same for everybody: no path, and nothing that only the log should have.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Full { .. } => "the store's disk is full",
            Self::Unwritable { .. } => "the store's disk or directory cannot be written",
            Self::Corrupt { .. } => "the store is damaged",
            Self::Busy { .. } => "the store was kept busy for too long",
            Self::Broken { .. } => {
                "a write to the store's disk failed; mend the disk and start the server again"
            }
            Self::Io { .. }
            | Self::Locked { .. }
            | Self::Foreign { .. }
            | Self::Newer { .. }
            | Self::Gone { .. }
            | Self::OutOfOrder { .. }
            | Self::NotEmpty { .. }
            | Self::Inside { .. }
            | Self::Sqlite { .. } => "the store cannot be written",
        }
    }

    /// Whether a file could be opened and not be read: what it holds is damaged, foreign, or not all there.
    pub(crate) fn is_unreadable(&self, file: &Path) -> bool {
        matches!(
            self,
            Self::Corrupt { path, .. } | Self::Foreign { path, .. } | Self::Sqlite { path, .. } if path == file
        )
    }

    /// Whether a write or sync failed for a reason other than a full disk.
    pub(crate) fn is_failed_io(&self) -> bool {
        matches!(
            self,
            Self::Sqlite { cause, .. }
                if cause.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure)
        )
    }
}

/// Whether a row held what no row can hold.
fn is_odd_row(cause: &rusqlite::Error) -> bool {
    matches!(
        cause,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
    )
}

/// Turns errors of the database in a file into errors of the store.
pub(crate) fn sqlite(path: &Path) -> impl Fn(rusqlite::Error) -> StoreError {
    move |cause| StoreError::of_sqlite(path, cause)
}

/// Turns errors of the file system into errors of the store.
pub(crate) fn io(path: &Path) -> impl Fn(io::Error) -> StoreError {
    move |cause| {
        let path = path.to_owned();
        let kind = cause.kind();
        if matches!(kind, Kind::StorageFull | Kind::QuotaExceeded) {
            StoreError::Full { path }
        } else if matches!(kind, Kind::PermissionDenied | Kind::ReadOnlyFilesystem) {
            let detail = cause.to_string();
            StoreError::Unwritable { path, detail }
        } else {
            StoreError::Io { path, cause }
        }
    }
}
