//! How an event names the one before it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical::NotCanonical;
use crate::digest::{Digest, digest};
use crate::event::Event;
use crate::key::{InstanceKey, Signature};

/// One event of a chain as it is kept and handed out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The event, field by field as it was hashed.
    pub event: Value,
    /// The hash that the next event names.
    pub h: Digest,
    /// The key that signed it.
    pub kid: String,
    /// Its signature of `h`.
    pub sig: Signature,
}

/// The hash of `event` after `prev`: it changes with every letter of the event and of all before it.
pub fn hash(prev: &Digest, event: &Value) -> Result<Digest, NotCanonical> {
    let event = digest(event)?;
    Ok(Digest::of(&[b"alongside/signoff/v1\0", &prev.0, &event.0]))
}

/// Hashes and signs an event, which names itself the one before it.
pub fn append(key: &InstanceKey, event: &Event) -> Result<Link, NotCanonical> {
    let prev = event.prev;
    let event = serde_json::to_value(event)?;
    let h = hash(&prev, &event)?;
    Ok(Link {
        event,
        h,
        kid: key.public().kid(),
        sig: key.sign(&h),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::tests::key;
    use serde_json::json;

    #[test]
    fn the_link_of_the_rules() {
        let h = hash(&Digest::ZERO, &json!({ "kind": "withdrawn", "seq": 1 })).unwrap();
        assert!(h.to_string().starts_with("84ffefc7a35d4a92"), "{h}");
        let sig = key().sign(&h);
        assert!(sig.to_string().starts_with("91fc179b22f0d178"), "{sig}");
    }

    #[test]
    fn the_same_event_after_another_is_another_link() {
        let event = json!({ "kind": "withdrawn", "seq": 1 });
        let first = hash(&Digest::ZERO, &event).unwrap();
        assert_ne!(first, hash(&first, &event).unwrap());
    }
}
