//! Which fields an event has (section 5 of the competency rules).
//!
//! No words of a person stand in an event in clear: `words`, `snapshot` and `commitment` are
//! commitments to what is kept beside the chain.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::canonical::{NotCanonical, canonical};
use crate::digest::Digest;

/// The version of these fields.
pub const VERSION: u8 = 1;

/// One decision about a booklet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// [`VERSION`].
    pub v: u8,
    /// The booklet.
    pub booklet: Uuid,
    /// From 1, without gaps.
    pub seq: u64,
    /// The hash of the event before it, or zeros.
    pub prev: Digest,
    /// The moment in UTC: `2026-07-12T09:30:00Z`.
    pub at: String,
    /// The number of the form that asked for it.
    pub op: String,
    /// Who decided.
    pub actor: Actor,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// Who decided, and how they had shown who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Nobody, where the system did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<Uuid>,
    /// As what they acted.
    pub role: Role,
    /// Where they came in.
    pub method: Method,
    /// What they showed.
    pub proof: Proof,
    /// Whether they had shown it again for this (T-18).
    pub step_up: bool,
}

/// As what somebody acts about a booklet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the rules")]
pub enum Role {
    Trainee,
    Supervisor,
    Assessor,
    Coordinator,
    Lead,
    Witness,
    System,
}

/// Where somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the rules")]
pub enum Method {
    Account,
    Link,
    System,
}

/// What somebody showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the rules")]
pub enum Proof {
    #[serde(rename = "email_code")]
    EmailCode,
    #[serde(rename = "email_code+totp")]
    EmailCodeAndTotp,
    #[serde(rename = "link")]
    Link,
    #[serde(rename = "none")]
    Nothing,
}

/// A framework or template at the version that counts for this booklet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the words of the rules")]
pub struct Version {
    pub code: String,
    pub version: String,
    pub sha256: Digest,
}

/// A competency as it was worded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the words of the rules")]
pub struct Item {
    pub code: String,
    pub sha256: Digest,
}

/// One piece of evidence at one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the words of the rules")]
pub struct Piece {
    pub id: Uuid,
    pub version: u32,
    pub commitment: Digest,
}

/// What a decision was about: an item with what supports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The competency.
    pub item: Item,
    /// 1 to 3.
    pub attempt: u8,
    /// In order.
    pub evidence: Vec<Piece>,
    /// How the trainee sees it (C-13).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub self_rating: Option<u8>,
}

/// A record that an event binds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Which kind of record.
    #[serde(rename = "type")]
    pub of: SubjectType,
    /// The record.
    pub id: Uuid,
    /// Its fields.
    pub commitment: Digest,
}

/// Which kinds of record events bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the rules")]
pub enum SubjectType {
    Supervision,
    Review,
    Plan,
    Feedback,
    Week,
    Signatory,
}

/// What happened, with the fields of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the kinds and fields of the rules")]
pub enum What {
    Opened {
        trainee: Uuid,
        framework: Version,
        template: Version,
        words: Digest,
    },
    Submitted {
        #[serde(flatten)]
        shown: Shown,
    },
    Withdrawn {
        item: Item,
    },
    Achieved {
        #[serde(flatten)]
        shown: Shown,
        rating: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<Digest>,
    },
    Returned {
        #[serde(flatten)]
        shown: Shown,
        #[serde(skip_serializing_if = "Option::is_none")]
        rating: Option<u8>,
        words: Digest,
    },
    NotAchieved {
        #[serde(flatten)]
        shown: Shown,
        #[serde(skip_serializing_if = "Option::is_none")]
        rating: Option<u8>,
        words: Digest,
    },
    Reopened {
        item: Item,
        words: Digest,
    },
    NotApplicable {
        item: Item,
        words: Digest,
    },
    Recorded {
        subject: Subject,
    },
    HoursVerified {
        subject: Subject,
        practice_minutes: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<Digest>,
    },
    HoursQueried {
        subject: Subject,
        practice_minutes: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<Digest>,
    },
    SignatoryAdded {
        subject: Subject,
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<Digest>,
    },
    SignatoryEnded {
        subject: Subject,
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<Digest>,
    },
    Override {
        rule: String,
        people: Vec<Uuid>,
        words: Digest,
    },
    Paused {
        on: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    Resumed {
        on: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    SignoffRequested {
        snapshot: Digest,
        words: Digest,
    },
    SignedOff {
        snapshot: Digest,
        words: Digest,
    },
    Countersigned {
        snapshot: Digest,
        words: Digest,
    },
    SignoffWithdrawn {
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<Digest>,
    },
    Declined {
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<Digest>,
    },
    Referred {
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<Digest>,
    },
    Closed {
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<Digest>,
    },
    Left {
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<Digest>,
    },
    Addendum {
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<Digest>,
    },
    Reassessment {
        items: Vec<String>,
        subject: Subject,
        words: Digest,
    },
    Erased {
        commitments: Vec<Digest>,
    },
}

/// An event that has other fields than its kind, or values of another form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an event: {0}")]
pub struct NotAnEvent(String);

impl Event {
    /// Reads the fields of an event; one too many is as wrong as one too few.
    pub fn read(value: &Value) -> Result<Self, NotAnEvent> {
        let event: Self = serde_json::from_value(value.clone()).map_err(|why| NotAnEvent(why.to_string()))?;
        let again = event.bytes().map_err(|why| NotAnEvent(why.to_string()))?;
        match canonical(value) {
            Ok(bytes) if bytes == again && event.v == VERSION => Ok(event),
            Ok(_) => Err(NotAnEvent("it has fields that its kind does not have".to_owned())),
            Err(why) => Err(NotAnEvent(why.to_string())),
        }
    }

    fn bytes(&self) -> Result<Vec<u8>, NotCanonical> {
        canonical(&serde_json::to_value(self)?)
    }
}

impl What {
    /// Every commitment that the event binds, in the order of its fields.
    pub fn commitments(&self) -> Vec<Digest> {
        let of = |shown: &Shown| shown.evidence.iter().map(|it| it.commitment).collect::<Vec<_>>();
        match self {
            Self::Submitted { shown } => of(shown),
            Self::Withdrawn { .. } => Vec::new(),
            Self::Achieved { shown, words, .. } => with(of(shown), *words),
            Self::Returned { shown, words, .. } | Self::NotAchieved { shown, words, .. } => {
                with(of(shown), Some(*words))
            }
            Self::Opened { words, .. }
            | Self::Reopened { words, .. }
            | Self::NotApplicable { words, .. }
            | Self::Override { words, .. } => vec![*words],
            Self::Recorded { subject } => vec![subject.commitment],
            Self::HoursVerified { subject, words, .. }
            | Self::HoursQueried { subject, words, .. }
            | Self::SignatoryAdded { subject, words }
            | Self::SignatoryEnded { subject, words } => with(vec![subject.commitment], *words),
            Self::Paused { .. } | Self::Resumed { .. } | Self::Erased { .. } => Vec::new(),
            Self::SignoffRequested { snapshot, words }
            | Self::SignedOff { snapshot, words }
            | Self::Countersigned { snapshot, words } => vec![*snapshot, *words],
            Self::SignoffWithdrawn { words }
            | Self::Declined { words }
            | Self::Referred { words }
            | Self::Closed { words }
            | Self::Left { words }
            | Self::Addendum { words } => with(Vec::new(), *words),
            Self::Reassessment { subject, words, .. } => vec![subject.commitment, *words],
        }
    }
}

fn with(mut bound: Vec<Digest>, words: Option<Digest>) -> Vec<Digest> {
    bound.extend(words);
    bound
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn returned() -> Event {
        Event {
            v: VERSION,
            booklet: Uuid::from_u128(1),
            seq: 3,
            prev: Digest([3; 32]),
            at: "2026-07-01T09:30:00Z".to_owned(),
            op: "00112233445566778899aabbccddeeff".to_owned(),
            actor: Actor {
                person: Some(Uuid::from_u128(2)),
                role: Role::Assessor,
                method: Method::Account,
                proof: Proof::EmailCodeAndTotp,
                step_up: false,
            },
            what: What::Returned {
                shown: Shown {
                    item: Item {
                        code: "3d".to_owned(),
                        sha256: Digest([4; 32]),
                    },
                    attempt: 1,
                    evidence: vec![Piece {
                        id: Uuid::from_u128(5),
                        version: 2,
                        commitment: Digest([6; 32]),
                    }],
                    self_rating: Some(3),
                },
                rating: None,
                words: Digest([7; 32]),
            },
        }
    }

    #[test]
    fn an_event_has_the_fields_of_the_rules_and_no_others() {
        let hex = |n: u8| format!("{n:02x}").repeat(32);
        let written = json!({
            "v": 1,
            "booklet": "00000000-0000-0000-0000-000000000001",
            "seq": 3,
            "prev": hex(3),
            "kind": "returned",
            "at": "2026-07-01T09:30:00Z",
            "op": "00112233445566778899aabbccddeeff",
            "actor": {
                "person": "00000000-0000-0000-0000-000000000002",
                "role": "assessor", "method": "account", "proof": "email_code+totp", "step_up": false,
            },
            "item": { "code": "3d", "sha256": hex(4) },
            "attempt": 1,
            "evidence": [
                { "id": "00000000-0000-0000-0000-000000000005", "version": 2, "commitment": hex(6) },
            ],
            "self_rating": 3,
            "words": hex(7),
        });
        assert_eq!(serde_json::to_value(returned()).unwrap(), written);
        assert_eq!(Event::read(&written).unwrap(), returned());
    }

    #[test]
    fn an_event_with_a_field_too_many_or_too_few_is_none() {
        let good = serde_json::to_value(returned()).unwrap();
        let mut more = good.clone();
        more["colour"] = json!("blue");
        let mut fewer = good.clone();
        fewer.as_object_mut().unwrap().remove("words");
        let mut other = good.clone();
        other["kind"] = json!("forgiven");
        let mut newer = good.clone();
        newer["v"] = json!(2);
        for wrong in [more, fewer, other, newer] {
            assert!(Event::read(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_event_names_what_it_binds() {
        assert_eq!(returned().what.commitments(), [Digest([6; 32]), Digest([7; 32])]);
    }
}
