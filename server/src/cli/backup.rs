//! `atalaya backup` and `atalaya restore`.

use super::{Failure, say};
use crate::config::Config;
use crate::store::{backup, restore};
use clap::Args;
use std::path::PathBuf;

/// Write a copy of the store while the server runs.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to write.
    file: PathBuf,
}

impl Backup {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        backup(&config.data, &self.file)?;
        say(&format!("{} written", self.file.display()));
        Ok(())
    }
}

/// Put a backup in place of an empty store. Clients resynchronise: the epoch changes.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The file that `backup` wrote.
    file: PathBuf,
}

impl Restore {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        restore(&self.file, &config.data)?;
        say(&format!(
            "{} restored into {}",
            self.file.display(),
            config.data.display()
        ));
        Ok(())
    }
}
