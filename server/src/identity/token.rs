//! Secrets as they are handed out, and their digests as they are kept.
//!
//! A [`Token`] cannot be printed by accident: it has no `Display` and its `Debug` is blank. Its
//! secret part is 256 bits from the operating system, so that a fast digest is enough to keep it.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// How a bearer token begins.
const KEY_MARK: &str = "atl_";
/// Bytes of the secret part of a token.
const SECRET_BYTES: usize = 32;
/// Bytes of the public part of a bearer token, by which it is found.
const PREFIX_BYTES: usize = 6;
/// The longest text that is looked at as a token, in bytes.
const MAX_TOKEN_BYTES: usize = 256;

/// A secret that its holder presents.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// Takes a text that somebody presented.
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// A new bearer token, `atl_<prefix>_<secret>`.
    pub(super) fn new_key() -> Result<Self, getrandom::Error> {
        let prefix = random_hex::<PREFIX_BYTES>()?;
        let secret = random_hex::<SECRET_BYTES>()?;
        Ok(Self(format!("{KEY_MARK}{prefix}_{secret}")))
    }

    /// A new secret without structure, for links and sessions.
    pub(super) fn new_secret() -> Result<Self, getrandom::Error> {
        random_hex::<SECRET_BYTES>().map(Self)
    }

    /// The secret itself. The only places for it are the holder's terminal, link or cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of the token.
    pub(super) fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        hash.update(self.0.as_bytes());
        Digest(hash.finalize().into())
    }

    /// The public part of a bearer token, if this is shaped like one.
    pub(super) fn prefix(&self) -> Option<&str> {
        let (prefix, secret) = self.0.strip_prefix(KEY_MARK)?.split_once('_')?;
        let hex = |text: &str, bytes: usize| {
            text.len() == 2 * bytes && text.bytes().all(|b| b.is_ascii_hexdigit())
        };
        (hex(prefix, PREFIX_BYTES) && hex(secret, SECRET_BYTES)).then_some(prefix)
    }

    /// Whether the text is short enough to be looked at.
    pub(super) fn is_plausible(&self) -> bool {
        (1..=MAX_TOKEN_BYTES).contains(&self.0.len())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    /// A digest as read from the store; anything of another length matches nothing.
    pub(super) fn stored(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes to keep.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Compares in constant time.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

fn random_hex<const BYTES: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| DIGITS[usize::from(digit)])
        .collect()
}
