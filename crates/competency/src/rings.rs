//! Who may read a reflection (C-31): only me, shared with my assessor and supervisor, submitted as
//! evidence.
//!
//! Moving outward copies. The private text stays private and goes on; the copy is what others read.

use chain::event::Role;
use serde::{Deserialize, Serialize};

/// How far out a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ring {
    /// Only its author reads it.
    OnlyMe,
    /// A copy for the assessor and the supervisors.
    Shared,
    /// A copy that supports items.
    Submitted,
}

/// A text, or a copy of it, as far as reading it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// How far out it is.
    pub ring: Ring,
    /// It was taken back, or withdrawn before a decision.
    pub withdrawn: bool,
}

/// Who wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Who wrote it.
    Author,
    /// The trainee, of what others wrote about them.
    Trainee,
    /// A current signer of a placement of the booklet, or one who may still read (C-21).
    Signer(Role),
    /// A lead who countersigns this booklet, or gave a reason that the trainee is told.
    LeadWithCause,
    /// Anybody else, whatever their role.
    Other,
}

impl Ring {
    /// The word in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::OnlyMe => "only_me",
            Self::Shared => "shared",
            Self::Submitted => "submitted",
        }
    }

    /// Whether a copy of a text in this ring can be made for that ring: outward alone.
    pub fn moves_to(self, to: Self) -> bool {
        to > self
    }
}

impl Text {
    /// Whether `reader` may read it (section 4).
    pub fn may_be_read(self, reader: Reader) -> bool {
        match (reader, self.ring) {
            (Reader::Author, _) => true,
            _ if self.withdrawn => false,
            (Reader::Trainee | Reader::Signer(_) | Reader::LeadWithCause | Reader::Other, Ring::OnlyMe)
            | (Reader::Other, _) => false,
            (Reader::Signer(role), Ring::Shared | Ring::Submitted) => {
                matches!(role, Role::Supervisor | Role::Assessor)
            }
            (Reader::Trainee | Reader::LeadWithCause, ring) => ring == Ring::Submitted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_what() {
        let reads = |reader| {
            [Ring::OnlyMe, Ring::Shared, Ring::Submitted].map(|ring| {
                let it = |withdrawn| Text { ring, withdrawn }.may_be_read(reader);
                (it(false), it(true))
            })
        };
        let (no, now, always) = ((false, false), (true, false), (true, true));
        assert_eq!(reads(Reader::Author), [always, always, always]);
        assert_eq!(reads(Reader::Trainee), [no, no, now]);
        assert_eq!(reads(Reader::Signer(Role::Assessor)), [no, now, now]);
        assert_eq!(reads(Reader::Signer(Role::Supervisor)), [no, now, now]);
        assert_eq!(reads(Reader::Signer(Role::Witness)), [no, no, no]);
        assert_eq!(reads(Reader::LeadWithCause), [no, no, now]);
        assert_eq!(reads(Reader::Other), [no, no, no]);
    }

    #[test]
    fn texts_move_outward_alone() {
        assert!(Ring::OnlyMe.moves_to(Ring::Shared) && Ring::OnlyMe.moves_to(Ring::Submitted));
        assert!(Ring::Shared.moves_to(Ring::Submitted));
        assert!(!Ring::Shared.moves_to(Ring::OnlyMe) && !Ring::Submitted.moves_to(Ring::Submitted));
    }
}
