//! Whether a chain was altered (CINV-1, CINV-2).

use thiserror::Error;

use crate::digest::Digest;
use crate::key::PublicKey;
use crate::link::{Link, hash};

/// The first event at which a check failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("CHECK FAILED at seq {seq}: {why}")]
pub struct Failed {
    /// Its place in the chain, from 1.
    pub seq: usize,
    /// What is wrong.
    pub why: String,
}

/// Follows a chain from its first event: numbers without gaps, each naming the one before it, each with
/// the hash it says (CINV-1). The hash of the last one.
pub fn chain(links: &[Link]) -> Result<Digest, Failed> {
    let mut head = Digest::ZERO;
    for (seq, link) in (1..).zip(links) {
        head = follow(head, seq, link).map_err(|why| Failed { seq, why })?;
    }
    Ok(head)
}

fn follow(head: Digest, seq: usize, link: &Link) -> Result<Digest, String> {
    let field = |name: &str| link.event.get(name);
    if field("seq").and_then(serde_json::Value::as_u64) != u64::try_from(seq).ok() {
        return Err("its number is not the next one".to_owned());
    }
    if field("prev").and_then(serde_json::Value::as_str) != Some(&head.to_string()) {
        return Err("it does not name the event before it".to_owned());
    }
    match hash(&head, &link.event) {
        Ok(it) if it == link.h => Ok(it),
        Ok(_) => Err("its hash is not that of its fields".to_owned()),
        Err(why) => Err(why.to_string()),
    }
}

/// Checks that one of these keys signed each event (CINV-2). How many signatures there are.
pub fn signatures(links: &[Link], keys: &[PublicKey]) -> Result<usize, Failed> {
    for (seq, link) in (1..).zip(links) {
        let key = keys.iter().find(|it| it.kid() == link.kid);
        let why = match key {
            Some(key) if key.verifies(&link.h, &link.sig) => continue,
            Some(_) => "its signature is not good".to_owned(),
            None => format!("nobody knows the key {}", link.kid),
        };
        return Err(Failed { seq, why });
    }
    Ok(links.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Actor, Event, Method, Proof, Role, VERSION, What};
    use crate::key::InstanceKey;
    use crate::key::tests::key;
    use crate::link::append;
    use serde_json::json;
    use uuid::Uuid;

    /// A chain of so many events.
    fn links(many: u64) -> Vec<Link> {
        let mut links: Vec<Link> = Vec::new();
        for seq in 1..=many {
            let event = Event {
                v: VERSION,
                booklet: Uuid::from_u128(1),
                seq,
                prev: links.last().map_or(Digest::ZERO, |it| it.h),
                at: format!("2026-06-01T09:{seq:02}:00Z"),
                op: format!("{seq:032x}"),
                actor: Actor {
                    person: None,
                    role: Role::System,
                    method: Method::System,
                    proof: Proof::Nothing,
                    step_up: false,
                },
                what: What::Addendum {
                    words: Some(Digest([1; 32])),
                },
            };
            links.push(append(&key(), &event).unwrap());
        }
        links
    }

    fn broken_at(links: &[Link]) -> Option<usize> {
        let found = chain(links).and_then(|_| signatures(links, &[key().public()]));
        found.err().map(|it| it.seq)
    }

    #[test]
    fn a_sound_chain_of_60_events_verifies() {
        let links = links(60);
        assert_eq!(chain(&links).unwrap(), links[59].h);
        assert_eq!(signatures(&links, &[key().public()]), Ok(60));
        assert_eq!(chain(&[]), Ok(Digest::ZERO));
    }

    #[test]
    fn whoever_alters_or_drops_an_event_is_found_out() {
        let sound = links(60);
        let mut altered = sound.clone();
        altered[11].event["at"] = json!("2026-06-01T09:13:00Z");
        assert_eq!(broken_at(&altered), Some(12));
        // Who can hash can also hash again, and then has no key to sign it.
        altered[11].h = hash(&sound[10].h, &altered[11].event).unwrap();
        altered[12].event["prev"] = json!(altered[11].h);
        assert_eq!(broken_at(&altered), Some(13));

        let mut dropped = sound.clone();
        dropped.remove(11);
        assert_eq!(broken_at(&dropped), Some(12));
        let mut turned = sound.clone();
        turned.swap(10, 11);
        assert_eq!(broken_at(&turned), Some(11));
        let mut bound = sound;
        bound[11].event["words"] = json!(Digest([2; 32]));
        assert_eq!(broken_at(&bound), Some(12));
    }

    #[test]
    fn a_stranger_signs_for_nobody() {
        let mut links = links(3);
        let stranger = InstanceKey::from_seed(&[9; 32]);
        links[1].sig = stranger.sign(&links[1].h);
        assert_eq!(broken_at(&links), Some(2));
        links[1].kid = stranger.public().kid();
        let failed = signatures(&links, &[key().public()]).unwrap_err();
        assert_eq!(
            failed.to_string(),
            format!("CHECK FAILED at seq 2: nobody knows the key {}", links[1].kid)
        );
    }
}
