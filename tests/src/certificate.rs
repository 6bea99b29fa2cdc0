//! A certificate for the tests: made on the spot, for this machine alone, trusted by nobody but the test.

use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// A certificate with its key, in PEM.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate.
    pub pem: String,
    /// Its private key.
    pub key_pem: String,
    /// The certificate as it goes over the wire.
    pub der: Vec<u8>,
}

impl Certificate {
    /// The part of a configuration that names the files of [`Self::write`].
    pub const CONFIG: &str = "[tls]\ncertificate = \"cert.pem\"\nprivate_key = \"key.pem\"\n";

    /// A certificate for the addresses of this machine, valid for longer than any test runs.
    pub fn new() -> Self {
        Self::until((2200, 1, 1))
    }

    /// A certificate that ends on a day: year, month, day.
    ///
    /// # Panics
    /// Where there is no such day.
    pub fn until((year, month, day): (i32, u8, u8)) -> Self {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).expect("names of this machine");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, month, day);
        let key = KeyPair::generate().expect("a key");
        let made = params.self_signed(&key).expect("a certificate");
        Self {
            pem: made.pem(),
            key_pem: key.serialize_pem(),
            der: made.der().to_vec(),
        }
    }

    /// Writes `cert.pem` and `key.pem` into a folder.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write(&self, folder: &Path) {
        std::fs::write(folder.join("cert.pem"), &self.pem).expect("the folder can be written");
        std::fs::write(folder.join("key.pem"), &self.key_pem).expect("the folder can be written");
    }

    /// A client that trusts these certificates alone and speaks these protocols, best first.
    ///
    /// # Panics
    /// Where one is no certificate.
    pub fn client(trusted: &[&Self], protocols: &[&str]) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        for certificate in trusted {
            let der = CertificateDer::from_slice(&certificate.der);
            roots.add(der).expect("a certificate");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        config
    }

    /// The certificate as a client trusts it.
    pub(crate) fn trusted(&self) -> reqwest::Certificate {
        reqwest::Certificate::from_der(&self.der).expect("what was just made can be read")
    }
}

impl Default for Certificate {
    fn default() -> Self {
        Self::new()
    }
}
