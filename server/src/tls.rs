//! TLS on the listener: a certificate and its private key from files, read again while the server runs.
//!
//! Promises: what is served is a certificate together with the key that belongs to it, checked before it
//! is used; files that cannot be used while the server runs leave the ones in force. Every error names the
//! key of the configuration, the file and the reason, and nothing of what the file holds. Refuses
//! encrypted keys: there is nobody to type the password; and what is no regular file, or larger than any
//! certificate, which would never be read to its end.

use crate::clock::Clock;
use crate::config::TlsConfig;
use crate::regular;
use actix_web::web;
use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

/// A certificate that ends sooner than this is warned of.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);
/// More than a chain or a key has.
const MAX_BYTES: u64 = 1 << 20;
/// What is said of PEM that cannot be read, which is nothing of what is in it.
const DAMAGED: &str = "its PEM is damaged";
/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Files that make no TLS.
#[derive(Debug, thiserror::Error)]
#[error("tls.{key} = {path}: {reason}")]
pub struct BadTls {
    key: &'static str,
    path: String,
    reason: String,
}

impl BadTls {
    fn new(key: &'static str, path: &Path, reason: impl Into<String>) -> Self {
        Self {
            key,
            path: path.display().to_string(),
            reason: reason.into(),
        }
    }

    fn certificate(tls: &TlsConfig, reason: impl Into<String>) -> Self {
        Self::new("certificate", &tls.certificate, reason)
    }

    fn private_key(tls: &TlsConfig, reason: impl Into<String>) -> Self {
        Self::new("private_key", &tls.private_key, reason)
    }
}

/// A certificate with its key, and when it is valid.
#[derive(Debug)]
pub struct Loaded {
    key: Arc<CertifiedKey>,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Loaded {
    /// Reads the files of a configuration. Blocking.
    pub fn read(tls: &TlsConfig) -> Result<Self, BadTls> {
        let bad_certificate = |reason: &str| BadTls::certificate(tls, reason);
        let text = regular::read(&tls.certificate, MAX_BYTES)
            .map_err(|cause| bad_certificate(&cause.to_string()))?;
        let chain = CertificateDer::pem_slice_iter(&text)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| bad_certificate(DAMAGED))?;
        let Some(own) = chain.first() else {
            return Err(bad_certificate("there is no certificate in PEM in it"));
        };
        let (_, parsed) = x509_parser::parse_x509_certificate(own)
            .map_err(|_| bad_certificate("the first certificate in it is not X.509"))?;
        let validity = parsed.validity();
        let instant = |at: x509_parser::time::ASN1Time| {
            Timestamp::from_second(at.timestamp())
                .map_err(|_| bad_certificate("its validity is outside of all time"))
        };
        let (not_before, not_after) = (instant(validity.not_before)?, instant(validity.not_after)?);
        let key = private_key(tls)?;
        let key = CertifiedKey::from_der(chain, key, &default_provider()).map_err(|error| {
            if error == rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) {
                let other = tls.certificate.display();
                return BadTls::private_key(tls, format!("it does not belong to {other}"));
            }
            BadTls::private_key(tls, "it is no key that can be used")
        })?;
        Ok(Self {
            key: Arc::new(key),
            not_before,
            not_after,
        })
    }

    /// When it ends.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// What somebody should see to, as of an instant.
    pub fn warning(&self, now: Timestamp) -> Option<String> {
        let (from, until) = (self.not_before, self.not_after);
        if now < from {
            return Some(format!("the certificate is not valid before {from}"));
        }
        let left = until.duration_since(now);
        if left <= SignedDuration::ZERO {
            return Some(format!("the certificate expired at {until}"));
        }
        let days = left.as_hours() / 24;
        (left < SOON).then(|| format!("the certificate expires in {days} days, at {until}"))
    }
}

/// The private key of a configuration.
fn private_key(tls: &TlsConfig) -> Result<PrivateKeyDer<'static>, BadTls> {
    let text = regular::read(&tls.private_key, MAX_BYTES)
        .map_err(|cause| BadTls::private_key(tls, cause.to_string()))?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| {
        let none = "there is no private key in PEM in it (PKCS#8, PKCS#1 or SEC 1, not encrypted)";
        let absent = matches!(error, PemError::NoItemsFound);
        BadTls::private_key(tls, if absent { none } else { DAMAGED })
    })
}

/// The certificate in force, for every handshake.
#[derive(Debug)]
pub struct InForce(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for InForce {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// TLS as it was configured, ready to listen with.
#[derive(Debug)]
pub struct Tls {
    files: TlsConfig,
    stamp: Stamp,
    in_force: Arc<InForce>,
}

impl Tls {
    /// Reads the files, and warns of a certificate that is out of its time.
    pub fn open(files: &TlsConfig, now: Timestamp) -> Result<Self, BadTls> {
        let stamp = Stamp::of(files);
        let loaded = Loaded::read(files)?;
        if let Some(warning) = loaded.warning(now) {
            warn!("{warning}");
        }
        Ok(Self {
            files: files.clone(),
            stamp,
            in_force: Arc::new(InForce(ArcSwap::new(loaded.key))),
        })
    }

    /// What a listener needs: TLS 1.2 and 1.3.
    pub fn server_config(&self) -> Result<ServerConfig, rustls::Error> {
        let provider = Arc::new(default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth();
        let in_force: Arc<InForce> = Arc::clone(&self.in_force);
        Ok(config.with_cert_resolver(in_force))
    }

    /// Reads the files again on SIGHUP and when they have changed, for as long as the server runs.
    pub async fn keep(mut self, clock: Clock) {
        let mut often = tokio::time::interval(LOOK_EVERY);
        let mut hangups = match signal(SignalKind::hangup()) {
            Ok(hangups) => hangups,
            Err(cause) => return warn!(%cause, "the certificate is not read again"),
        };
        loop {
            let told = tokio::select! {
                _ = hangups.recv() => true,
                _ = often.tick() => false,
            };
            let files = self.files.clone();
            let before = (!told).then_some(self.stamp);
            let read = web::block(move || read_if_changed(&files, before)).await;
            match read {
                Ok(Some((stamp, Ok(loaded)))) => {
                    info!(until = %loaded.not_after, "the certificate was read again");
                    if let Some(warning) = loaded.warning(clock.now()) {
                        warn!("{warning}");
                    }
                    self.stamp = stamp;
                    self.in_force.0.store(loaded.key);
                }
                Ok(Some((_, Err(cause)))) => warn!("the certificate in force stays: {cause}"),
                Ok(None) => {}
                Err(_) => error!("the reading of the certificate panicked"),
            }
        }
    }
}

/// Reads the files, unless they are as they were `before`.
fn read_if_changed(
    files: &TlsConfig,
    before: Option<Stamp>,
) -> Option<(Stamp, Result<Loaded, BadTls>)> {
    // Taken before the files are read: a change while they are read is found the next time.
    let stamp = Stamp::of(files);
    (before != Some(stamp)).then(|| (stamp, Loaded::read(files)))
}

/// What changes when a file does: when it was written and how long it is, of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp([Option<(SystemTime, u64)>; 2]);

impl Stamp {
    fn of(files: &TlsConfig) -> Self {
        Self([&files.certificate, &files.private_key].map(|path| {
            let found = std::fs::metadata(path).ok()?;
            Some((found.modified().ok()?, found.len()))
        }))
    }
}

#[cfg(test)]
mod tests;
