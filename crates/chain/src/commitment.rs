//! How content is bound without being shown.
//!
//! An event holds the commitment alone. Content and salt are kept beside the chain and can be deleted:
//! the chain still verifies, and nobody can guess the content from what is left.

use serde_json::Value;

use crate::canonical::{NotCanonical, canonical};
use crate::digest::Digest;

/// 32 unpredictable bytes, new for each content.
pub type Salt = [u8; 32];

/// The commitment to `content`, which binds every letter of it.
pub fn commitment(salt: &Salt, content: &Value) -> Result<Digest, NotCanonical> {
    Ok(Digest::of(&[
        b"alongside/commit/v1\0",
        salt,
        &canonical(content)?,
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_commitment_of_the_rules() {
        let content = json!({ "gap": "Café talk drifted.", "n": 1 });
        let found = commitment(&[0x11; 32], &content).unwrap().to_string();
        assert!(found.starts_with("8cba418ec62c5840"), "{found}");
    }

    #[test]
    fn another_letter_or_another_salt_is_another_commitment() {
        let content = json!({ "text": "We listened." });
        let found = commitment(&[1; 32], &content).unwrap();
        assert_ne!(found, commitment(&[2; 32], &content).unwrap());
        assert_ne!(
            found,
            commitment(&[1; 32], &json!({ "text": "We listened" })).unwrap()
        );
    }
}
