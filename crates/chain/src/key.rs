//! Who signs: the Ed25519 key of an instance.

use std::fmt;

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, NotHex, from_hex};

/// The key with which an instance signs. Its seed is a secret of the instance (T-49).
pub struct InstanceKey(SigningKey);

/// The half of it that everybody may know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// An Ed25519 signature; 128 small hex digits in records.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature(pub [u8; 64]);

impl InstanceKey {
    /// The key that grows from these secret bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// What others verify with.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a hash.
    pub fn sign(&self, it: &Digest) -> Signature {
        Signature(self.0.sign(&it.0).to_bytes())
    }
}

impl PublicKey {
    /// The key written as 64 small hex digits, unless these are no key.
    pub fn from_hex(text: &str) -> Result<Self, NotHex> {
        let bytes = from_hex(text)?;
        VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| NotHex)
    }

    /// As it is published.
    pub fn hex(&self) -> String {
        HEXLOWER.encode(self.0.as_bytes())
    }

    /// Its short name: 16 hex digits of its hash.
    pub fn kid(&self) -> String {
        let hash = Digest::of(&[self.0.as_bytes()]).0;
        HEXLOWER.encode(hash.first_chunk::<8>().unwrap_or(&[0; 8]))
    }

    /// Whether the owner of this key signed that hash. Keys and signatures of which there is more than
    /// one for the same thing are refused.
    pub fn verifies(&self, it: &Digest, signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(&it.0, &signature).is_ok()
    }
}

impl fmt::Debug for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InstanceKey({})", self.public().kid())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.kid())
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Signature {
    type Error = NotHex;
    fn try_from(text: String) -> Result<Self, NotHex> {
        from_hex(&text).map(Self)
    }
}

impl From<Signature> for String {
    fn from(it: Signature) -> Self {
        it.to_string()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The key of the rules: seed 00 01 .. 1f.
    pub(crate) fn key() -> InstanceKey {
        InstanceKey::from_seed(&std::array::from_fn(|it| u8::try_from(it).unwrap()))
    }

    #[test]
    fn the_key_of_the_rules_has_its_name() {
        assert_eq!(key().public().kid(), "56475aa75463474c");
    }

    #[test]
    fn a_key_is_read_as_it_is_published_and_tells_no_secret() {
        let key = key();
        assert_eq!(PublicKey::from_hex(&key.public().hex()), Ok(key.public()));
        assert_eq!(format!("{key:?}"), "InstanceKey(56475aa75463474c)");
        assert!(PublicKey::from_hex("00").is_err());
        assert!(PublicKey::from_hex(&key.public().hex().to_uppercase()).is_err());
    }

    #[test]
    fn a_signature_is_of_one_hash_by_one_key() {
        let (key, other) = (key(), InstanceKey::from_seed(&[7; 32]));
        let signature = key.sign(&Digest::ZERO);
        assert!(key.public().verifies(&Digest::ZERO, &signature));
        assert!(!key.public().verifies(&Digest([1; 32]), &signature));
        assert!(!other.public().verifies(&Digest::ZERO, &signature));
    }
}
