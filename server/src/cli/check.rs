//! `atalaya check`: is what is configured usable, and what is in force.

use super::{Failure, print, say};
use crate::clock::Clock;
use crate::config::{Config, EXAMPLE};
use crate::store::{Embedded, StoreError, check_alone};
use crate::tls::Loaded;
use clap::Args;

/// Validate configuration and store, and print the effective configuration.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Print an example configuration instead.
    #[arg(long)]
    example: bool,
}

impl Check {
    pub(super) fn run(self, config: &Config) -> Result<(), Failure> {
        if self.example {
            print(EXAMPLE.trim_end());
            return Ok(());
        }
        let catalog = config.catalog()?;
        let feeds = config.feeds(&catalog)?;
        let printed =
            toml::to_string_pretty(config).map_err(|cause| Failure::Other(cause.to_string()))?;
        print(printed.trim_end());
        for warning in config.warnings() {
            say(&format!("warning: {warning}"));
        }
        say(&format!(
            "catalog: {} layers; feeds: {}",
            catalog.len(),
            feeds.len()
        ));
        if let Some(files) = &config.tls {
            let loaded = Loaded::read(files)?;
            say(&format!(
                "tls: the certificate is valid until {}",
                loaded.not_after()
            ));
            if let Some(warning) = loaded.warning(Clock::system().now()) {
                say(&format!("tls: warning: {warning}"));
            }
        }
        if !config.data.join("main.db").exists() {
            check_alone(&config.data)?;
            say(&format!(
                "store: {} is empty; the first start makes it",
                config.data.display()
            ));
            return Ok(());
        }
        match Embedded::open(&config.data, config.store.options()) {
            Ok(store) => say(&format!(
                "store: {} is sound, at seq {}",
                config.data.display(),
                store.last_seq()?
            )),
            // A running server holds it: it has checked it itself.
            Err(StoreError::Locked { .. }) => say(&format!(
                "store: {} is in use by a running server",
                config.data.display()
            )),
            Err(cause) => return Err(cause.into()),
        }
        Ok(())
    }
}
