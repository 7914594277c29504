//! A SHA-256 and how it is written.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::canonical::{NotCanonical, canonical};

/// 32 bytes of SHA-256; 64 small hex digits in records.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

/// A text that should have been small hex digits, in the right number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the small hex digits that belong here")]
pub struct NotHex;

impl Digest {
    /// What the first event names in place of one before it.
    pub const ZERO: Self = Self([0; 32]);

    /// SHA-256 of these parts, one after the other.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for it in parts {
            hasher.update(it);
        }
        Self(hasher.finalize().into())
    }
}

/// SHA-256(C(value)).
pub fn digest(value: &Value) -> Result<Digest, NotCanonical> {
    Ok(Digest::of(&[&canonical(value)?]))
}

/// So many bytes from small hex digits.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], NotHex> {
    let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| NotHex)?;
    bytes.try_into().map_err(|_| NotHex)
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = NotHex;
    fn from_str(text: &str) -> Result<Self, NotHex> {
        from_hex(text).map(Self)
    }
}

impl TryFrom<String> for Digest {
    type Error = NotHex;
    fn try_from(text: String) -> Result<Self, NotHex> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(it: Digest) -> Self {
        it.to_string()
    }
}
