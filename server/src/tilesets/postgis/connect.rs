//! The connections: so many at a time, each of which reads only, by TLS where they leave the machine.

use super::sql::margin;
use super::{PATIENCE, PostGisConfig, Tableset, Unanswered};
use atalaya_tiles::TileCoord;
use deadpool_postgres::{
    Client, Manager, ManagerConfig, PoolError, RecyclingMethod, Runtime, TimeoutType,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Connections that are opened when they are needed.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    pool: deadpool_postgres::Pool,
    connections: usize,
}

impl Pool {
    pub(super) fn new(config: &PostGisConfig) -> Result<Self, Unanswered> {
        let from_environment;
        let address = match config.address.strip_prefix("env:") {
            Some(name) => {
                from_environment = std::env::var(name).map_err(|_| Unanswered::Unset)?;
                &from_environment
            }
            None => &config.address,
        };
        let mut address: Config = address.parse().map_err(|_| Unanswered::Unset)?;
        let patience_ms = PATIENCE.as_millis();
        address
            .application_name("atalaya")
            .connect_timeout(PATIENCE)
            .options(format!(
                "-c default_transaction_read_only=on -c statement_timeout={patience_ms} \
                 -c idle_in_transaction_session_timeout={patience_ms}"
            ));
        let settings = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = if stays_here(&address) {
            Manager::from_config(address, NoTls, settings)
        } else {
            address.ssl_mode(SslMode::Require);
            let tls = tls(config.root_certificate.as_deref()).ok_or(Unanswered::Unset)?;
            Manager::from_config(address, MakeRustlsConnect::new(tls), settings)
        };
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(config.connections.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .build();
        Ok(Self {
            pool: pool.map_err(|_| Unanswered::Unset)?,
            connections: config.connections.max(1),
        })
    }

    pub(super) async fn rows(&self, sql: &str, schemas: &[String]) -> Result<Vec<Row>, Unanswered> {
        let client = self.client().await?;
        let parameters: [&(dyn ToSql + Sync); 1] = [&schemas];
        self.answered(client.query(sql, &parameters)).await
    }

    /// The bytes of a tile, none where there is nothing in it.
    pub(super) async fn tile(
        &self,
        tableset: &Tableset,
        tile: TileCoord,
        query: &str,
    ) -> Result<Vec<u8>, Unanswered> {
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let (z, x, y) = (i32::from(tile.z()), number(tile.x()), number(tile.y()));
        let beyond = margin(tile);
        let client = self.client().await?;
        let asked = async {
            let statement = client.prepare_cached(&tableset.sql).await?;
            match (tableset.is_function, tableset.takes_query) {
                (true, true) => client.query_opt(&statement, &[&z, &x, &y, &query]).await,
                (true, false) => client.query_opt(&statement, &[&z, &x, &y]).await,
                (false, _) => client.query_opt(&statement, &[&z, &x, &y, &beyond]).await,
            }
        };
        let row = self.answered(asked).await?;
        let bytes: Option<Vec<u8>> = row.as_ref().and_then(|row| row.get(0));
        match bytes {
            Some(bytes) => Ok(bytes),
            None if tableset.is_function => Ok(Vec::new()),
            None => Err(Unanswered::TooMany),
        }
    }

    async fn client(&self) -> Result<Client, Unanswered> {
        self.pool.get().await.map_err(|error| {
            if matches!(error, PoolError::Timeout(TimeoutType::Wait)) {
                return Unanswered::Busy(self.connections);
            }
            tracing::debug!(%error, "no connection to the database of tilesets");
            Unanswered::Unreachable
        })
    }

    /// What came of a statement, within its time, also where the database is gone without a word.
    async fn answered<T>(
        &self,
        asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Unanswered> {
        let patience = PATIENCE + PATIENCE / 10;
        let answered = tokio::time::timeout(patience, asked).await;
        let answered = answered.map_err(|_| Unanswered::Slow)?;
        answered.map_err(|error| {
            tracing::debug!(%error, "a statement of tilesets was not answered");
            match error.code().map(tokio_postgres::error::SqlState::code) {
                // query_canceled: it took too long.
                Some("57014") => Unanswered::Slow,
                Some(code) => Unanswered::Refused(code.to_owned()),
                None => Unanswered::Unreachable,
            }
        })
    }
}

/// Whether connections do not leave this machine.
fn stays_here(address: &Config) -> bool {
    let here = |host: &Host| match host {
        Host::Tcp(name) => {
            let address = name.parse::<IpAddr>();
            name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    };
    let addresses = address.get_hostaddrs().iter().all(IpAddr::is_loopback);
    addresses && address.get_hosts().iter().all(here)
}

/// What certificates are believed: those that an authority signed that the machine knows, or one of its own.
fn tls(root_certificate: Option<&Path>) -> Option<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().ok()?;
    let builder = match root_certificate {
        None => builder.with_platform_verifier().ok()?,
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(path).ok()? {
                roots.add(certificate.ok()?).ok()?;
            }
            builder.with_root_certificates(roots)
        }
    };
    Some(builder.with_no_client_auth())
}
