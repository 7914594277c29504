//! By which way somebody told the team what is noted for them.

use booking::{Channel, Source};
use serde::{Serialize, Serializer, ser::SerializeStruct};

/// One of the ways: what is kept, the word in forms, the words on pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told(pub Channel, &'static str, &'static str);

/// Every way that a form offers. What is neither phone nor email is kept as what it is to the records: a
/// form that the team filled in.
pub(super) const CHANNELS: [Told; 3] = [
    Told(Channel::Phone, "phone", "By phone"),
    Told(Channel::Email, "email", "By email"),
    Told(Channel::Web, "other", "Another way"),
];

impl Told {
    /// The way with this word.
    pub(super) fn named(name: &str) -> Option<Self> {
        CHANNELS.into_iter().find(|it| it.1 == name)
    }

    /// The words on pages.
    pub(super) fn words(self) -> &'static str {
        self.2
    }

    /// How a booking came in by this way.
    pub(super) fn source(self) -> Source {
        match self.0 {
            Channel::Phone => Source::Phone,
            Channel::Email => Source::Email,
            Channel::Web | Channel::System => Source::Other,
        }
    }
}

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut choice = to.serialize_struct("Told", 2)?;
        choice.serialize_field("value", self.1)?;
        choice.serialize_field("text", self.2)?;
        choice.end()
    }
}
