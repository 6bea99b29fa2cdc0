//! `atalaya backup` and `atalaya restore`: the log and the imported basemap, in one file.
//!
//! Promises: the file is there whole and on the disk, or not at all; one that was there before stays
//! unless it is told to go. A restore says of the basemap whether it is back.

use super::{Failure, say};
use crate::basemap::kept::{self, NotKept};
use crate::config::Config;
use crate::store::{StoreError, backup, restore};
use clap::Args;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Write a copy of the store while the server runs: the log and the imported basemap. The configuration,
/// certificates and streams are not in it.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to write, outside the directory of the store.
    file: PathBuf,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
}

impl Backup {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        self.refuse_existing()?;
        let new = beside(&self.file, ".new");
        let written = self.write(config, &new);
        if written.is_err() && new.exists() {
            std::fs::remove_file(&new).map_err(Failure::system(new.display().to_string()))?;
        }
        say(&written?);
        Ok(())
    }

    fn refuse_existing(&self) -> Result<(), Failure> {
        if self.file.is_dir() {
            return Err(Failure::NotThere(format!(
                "{} is a directory: name a file in it",
                self.file.display()
            )));
        }
        let parent = self.file.parent().filter(|it| !it.as_os_str().is_empty());
        if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
            return Err(Failure::NotThere(format!(
                "there is no directory {}: make it first",
                parent.display()
            )));
        }
        if self.force || !self.file.exists() {
            return Ok(());
        }
        Err(Failure::Other(format!(
            "{} is there already: name another file, or write over it with --force",
            self.file.display()
        )))
    }

    /// Writes beside the file and puts it in place when it is whole.
    fn write(&self, config: &Config, new: &Path) -> Result<String, Failure> {
        if !config.data.join("main.db").exists() {
            return Err(Failure::NotThere(super::no_store(&config.data)));
        }
        let done = backup(&config.data, new).map_err(|cause| {
            if let StoreError::Inside { .. } = cause {
                let file = self.file.clone();
                return StoreError::Inside { file };
            }
            cause
        })?;
        let basemap = kept::put_into(new, &config.data)?;
        let failed = |cause| Failure::system(self.file.display().to_string())(cause);
        let whole = File::open(new).map_err(failed)?;
        whole.sync_all().map_err(failed)?;
        let bytes = whole.metadata().map_err(failed)?.len();
        self.refuse_existing()?;
        std::fs::rename(new, &self.file).map_err(failed)?;
        sync_folder(&self.file).map_err(failed)?;
        let basemap = if basemap.is_empty() {
            "no basemap was imported".to_owned()
        } else {
            format!("the basemap ({})", basemap.join(", "))
        };
        Ok(format!(
            "{} written, {bytes} bytes: the log up to seq {}, {basemap}",
            self.file.display(),
            done.seq.0
        ))
    }
}

/// Put a backup in place of an empty store. Clients resynchronise, since the epoch changes; who was signed
/// in signs in again, and keys stay.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The file that atalaya backup wrote.
    file: PathBuf,
}

impl Restore {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        // What SQLite would call unable to open is a file that is not there.
        let file = File::open(&self.file)
            .and_then(|file| file.metadata())
            .map_err(|cause| Failure::NotThere(format!("{}: {cause}", self.file.display())))?;
        if !file.is_file() {
            return Err(self.no_backup("it is no file"));
        }
        kept::check(&self.file).map_err(|bad| {
            if let NotKept::Backup { cause, .. } = &bad
                && is_no_database(cause)
            {
                return self.no_backup(cause);
            }
            bad.into()
        })?;
        let seq = restore(&self.file, &config.data).map_err(|bad| {
            if let StoreError::Foreign { detail, .. } = &bad {
                return self.no_backup(detail);
            }
            bad.into()
        })?;
        let basemap = kept::take_out(&config.data.join("main.db"), &config.data);
        let basemap = basemap.map_err(|cause| {
            Failure::Other(format!(
                "the log is restored, the basemap is not ({cause}): import it again with `atalaya \
                 import basemap:roads FILE`"
            ))
        })?;
        let basemap = if basemap.is_empty() {
            "there is no basemap in it".to_owned()
        } else {
            format!("the basemap ({})", basemap.join(", "))
        };
        say(&format!(
            "{} restored into {}: the log up to seq {}, {basemap}",
            self.file.display(),
            config.data.display(),
            seq.0
        ));
        Ok(())
    }

    fn no_backup(&self, why: &(impl std::fmt::Display + ?Sized)) -> Failure {
        let file = self.file.display();
        Failure::NotThere(format!("{file} is no backup of atalaya: {why}"))
    }
}

fn is_no_database(cause: &rusqlite::Error) -> bool {
    cause.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase)
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes a rename durable.
fn sync_folder(file: &Path) -> std::io::Result<()> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
