//! A vendor's signature of what it posts, in the place of a key: HMAC-SHA256 (RFC 2104, FIPS 180-4).
//!
//! Promises: signatures are compared in constant time, by every secret that holds; where an instant is signed
//! with the body, it is within [`TOLERANCE`] of now, before or after. Refuses to say which part failed, and
//! prints no secret.

use crate::problem::echo;
use actix_web::http::header::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;

/// How far from now the instant may be that a vendor signs.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// The shortest secret, in bytes: less can be guessed.
const SECRET_LEAST: usize = 16;
/// Signatures of one body that are looked at.
const CANDIDATES_MOST: usize = 8;
/// Bytes of a signature.
const WIDTH: usize = 32;
/// Padding is the vendor's affair.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How a vendor signs, as configured. A secret is `env:NAME` alone: none stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureConfig {
    /// What is signed, and how that is said.
    pub scheme: Scheme,
    /// The environment variable with the vendor's secret.
    pub secret: String,
    /// The one with the secret that it replaces, which holds as well for as long as it stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_secret: Option<String>,
    /// For `hmac-sha256`: the header with the signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// For `hmac-sha256`: the header with the seconds since 1970, if the vendor signs `SECONDS.BODY`.
    /// Without it a body that was signed once stays signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp_header: Option<String>,
}

/// What vendors sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// The body, in one header as hexadecimal digits or base64, with `sha256=` before it or without. The
    /// secret is the key as it stands.
    HmacSha256,
    /// `webhook-id`, `webhook-timestamp` and `webhook-signature` of [Standard Webhooks
    /// 1.0](https://www.standardwebhooks.com/). The secret is `whsec_` and the key in base64.
    StandardWebhooks,
}

impl SignatureConfig {
    /// What is wrong with it. A secret that stands in it is not repeated.
    pub fn check(&self) -> Result<(), String> {
        let former = self.former_secret.as_ref();
        let secrets = [("secret", Some(&self.secret)), ("former_secret", former)];
        for (key, secret) in secrets {
            if secret.is_some_and(|secret| variable(secret).is_none()) {
                return Err(format!(
                    "signature.{key}: it must be env:NAME, an environment variable with the secret"
                ));
            }
        }
        let headers = [
            ("header", &self.header),
            ("timestamp_header", &self.timestamp_header),
        ];
        for (key, name) in headers {
            if let Some(name) = name {
                check_header(name)
                    .map_err(|reason| format!("signature.{key} = \"{}\": {reason}", echo(name)))?;
            }
        }
        match self.scheme {
            Scheme::HmacSha256 if self.header.is_none() => {
                Err("signature.header: hmac-sha256 needs the header with the signature".into())
            }
            Scheme::HmacSha256
                if same_header(self.header.as_ref(), self.timestamp_header.as_ref()) =>
            {
                Err(
                    "signature.timestamp_header: it is the header with the signature already"
                        .into(),
                )
            }
            Scheme::StandardWebhooks
                if self.header.is_some() || self.timestamp_header.is_some() =>
            {
                Err("signature: standard-webhooks has headers of its own".into())
            }
            Scheme::HmacSha256 | Scheme::StandardWebhooks => Ok(()),
        }
    }

    /// What it does not take for want of secrets, naming variables and nothing of what they hold.
    pub fn troubles(&self) -> impl Iterator<Item = String> {
        let former = self.former_secret.as_ref();
        let secrets = [("", Some(&self.secret)), (" by the former secret", former)];
        secrets.into_iter().filter_map(|(whose, secret)| {
            let why = secret_of(self.scheme, secret?).err()?;
            Some(format!("takes no signature{whose}: {why}"))
        })
    }
}

fn variable(secret: &str) -> Option<&str> {
    let name = secret.strip_prefix("env:");
    name.filter(|name| !name.is_empty())
}

fn same_header(one: Option<&String>, other: Option<&String>) -> bool {
    let both = one.zip(other);
    both.is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
}

fn check_header(name: &str) -> Result<(), &'static str> {
    HeaderName::try_from(name)
        .map_err(|_| "it must be the name of a header, such as X-Signature")?;
    let taken = ["authorization", "cookie"];
    if taken.iter().any(|taken| name.eq_ignore_ascii_case(taken)) {
        return Err("that header carries other credentials");
    }
    Ok(())
}

/// A key, which is printed nowhere.
#[derive(Clone)]
struct Secret(Hmac<Sha256>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What looks at signatures of one feed.
#[derive(Debug)]
pub struct Verifier {
    config: SignatureConfig,
    secrets: Vec<Secret>,
}

/// What a request says of its signature, before its body is there.
#[derive(Debug)]
pub struct Presented {
    /// What is signed before the body.
    before: Vec<u8>,
    /// The instant that is signed; none where it cannot be read.
    at: Instant,
    /// What may be the signature.
    candidates: Vec<[u8; WIDTH]>,
}

/// When something was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instant {
    /// Nobody says, and nobody has to.
    Unsigned,
    /// Then.
    At(Timestamp),
    /// What is said is no instant.
    Unreadable,
}

impl Verifier {
    /// Takes the secrets out of the environment, the former one if it is there.
    ///
    /// # Errors
    /// Why there is none, naming the variable and nothing of what it holds.
    pub fn configured(config: &SignatureConfig) -> Result<Self, String> {
        let mut secrets = vec![secret_of(config.scheme, &config.secret)?];
        let former = config.former_secret.as_ref();
        secrets.extend(former.and_then(|former| secret_of(config.scheme, former).ok()));
        Ok(Self {
            config: config.clone(),
            secrets,
        })
    }

    #[cfg(test)]
    fn with(config: &SignatureConfig, secrets: &[&str]) -> Self {
        let secrets = secrets.iter().map(|it| keyed(config.scheme, it).unwrap());
        Self {
            config: config.clone(),
            secrets: secrets.collect(),
        }
    }

    /// What a request presents; none where it says nothing of a signature.
    pub fn presented(&self, headers: &HeaderMap) -> Option<Presented> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        match self.config.scheme {
            Scheme::HmacSha256 => {
                let header = self.config.header.as_deref()?;
                headers.get(header)?;
                let signature = text(header).unwrap_or_default().trim();
                let signature = signature.strip_prefix("sha256=").unwrap_or(signature);
                let seconds = self.config.timestamp_header.as_deref();
                let seconds = seconds.map(|name| text(name).unwrap_or_default().trim());
                Some(Presented {
                    before: seconds.map_or_else(Vec::new, |seconds| format!("{seconds}.").into()),
                    at: seconds.map_or(Instant::Unsigned, instant),
                    candidates: candidate(signature).into_iter().collect(),
                })
            }
            Scheme::StandardWebhooks => {
                headers.get("webhook-signature")?;
                let [id, seconds, signatures] =
                    ["webhook-id", "webhook-timestamp", "webhook-signature"]
                        .map(|name| text(name).unwrap_or_default());
                let signatures = signatures.split_ascii_whitespace();
                let candidates =
                    signatures.filter_map(|signature| candidate(signature.strip_prefix("v1,")?));
                Some(Presented {
                    before: format!("{id}.{seconds}.").into(),
                    at: instant(seconds),
                    candidates: candidates.take(CANDIDATES_MOST).collect(),
                })
            }
        }
    }

    /// Whether one of the secrets signed this body, and not too long ago.
    #[must_use]
    pub fn holds(&self, presented: &Presented, body: &[u8], now: Timestamp) -> bool {
        let timely = match presented.at {
            Instant::Unsigned => true,
            Instant::At(at) => at.duration_since(now).abs() <= TOLERANCE,
            Instant::Unreadable => false,
        };
        timely
            && self.secrets.iter().any(|Secret(keyed)| {
                let mut mac = keyed.clone();
                mac.update(&presented.before);
                mac.update(body);
                let candidates = &presented.candidates;
                // Each comparison takes as long as any other.
                candidates
                    .iter()
                    .any(|candidate| mac.clone().verify_slice(candidate).is_ok())
            })
    }
}

/// A secret by `env:NAME`.
fn secret_of(scheme: Scheme, secret: &str) -> Result<Secret, String> {
    let name = variable(secret).unwrap_or_default();
    let secret =
        std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?;
    keyed(scheme, &secret).map_err(|reason| format!("{name} holds {reason}"))
}

/// A secret as the environment has it.
fn keyed(scheme: Scheme, secret: &str) -> Result<Secret, String> {
    let secret = secret.trim();
    let key = match scheme {
        Scheme::HmacSha256 => secret.as_bytes().to_vec(),
        Scheme::StandardWebhooks => BASE64
            .decode(secret.strip_prefix("whsec_").unwrap_or(secret))
            .map_err(|_| "no secret of Standard Webhooks, which is whsec_ and base64")?,
    };
    if key.len() < SECRET_LEAST {
        let found = key.len();
        return Err(format!(
            "a secret of {found} bytes, and {SECRET_LEAST} are the least"
        ));
    }
    let keyed = Hmac::new_from_slice(&key).map_err(|error| error.to_string())?;
    Ok(Secret(keyed))
}

/// A signature as it is written: 64 hexadecimal digits, or base64.
fn candidate(text: &str) -> Option<[u8; WIDTH]> {
    if text.len() == 2 * WIDTH {
        let digits: Option<Vec<u8>> = text
            .as_bytes()
            .chunks(2)
            .map(|pair| {
                let pair = std::str::from_utf8(pair).ok()?;
                let digits = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
                u8::from_str_radix(pair, 16).ok().filter(|_| digits)
            })
            .collect();
        return digits?.try_into().ok();
    }
    BASE64.decode(text).ok()?.try_into().ok()
}

/// Seconds since 1970, in digits alone.
fn instant(seconds: &str) -> Instant {
    let digits = !seconds.is_empty() && seconds.bytes().all(|digit| digit.is_ascii_digit());
    let at = seconds.parse().ok().filter(|_| digits);
    let at = at.and_then(|seconds| Timestamp::from_second(seconds).ok());
    at.map_or(Instant::Unreadable, Instant::At)
}

#[cfg(test)]
mod tests;
