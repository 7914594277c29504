//! What was done to dates, or to their waiting list, a moment ago: told once, on the page after it. A word in the
//! address carries it, so that the page can be loaded again and repeats nothing (U-06).

use std::fmt;

use serde::Deserialize;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// New dates are kept as a draft.
    Planned,
    Published,
    /// Changed in something that nobody has to be told.
    Saved,
    /// Changed in a day, a time or the place (B-50).
    Moved,
    Cancelled,
    /// Somebody on the list said yes on the phone.
    Booked,
    /// How a call went is noted (B-42).
    Noted,
    Paused,
    Resumed,
    Released,
    /// Somebody went up or down in the list (B-40).
    Reordered,
}

impl Done {
    const ALL: [Self; 11] = [
        Self::Planned,
        Self::Published,
        Self::Saved,
        Self::Moved,
        Self::Cancelled,
        Self::Booked,
        Self::Noted,
        Self::Paused,
        Self::Resumed,
        Self::Released,
        Self::Reordered,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Published => "published",
            Self::Saved => "saved",
            Self::Moved => "moved",
            Self::Cancelled => "cancelled",
            Self::Booked => "booked",
            Self::Noted => "noted",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Released => "released",
            Self::Reordered => "reordered",
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Planned => "The draft is saved. Nobody else sees it until you publish it.",
            Self::Published => "These dates are published. Everybody can see them.",
            Self::Saved => "Your changes are saved.",
            Self::Moved => {
                "Your changes are saved. Everybody with a place or on the waiting list gets an email. \
                 Whoever has no email gets a call: it is in your tasks."
            }
            Self::Cancelled => {
                "These dates are cancelled. Everybody with a place or on the waiting list gets an email. \
                 Whoever has no email gets a call: it is in your tasks."
            }
            Self::Booked => {
                "The place is booked. They get an email with the dates. \
                 Whoever has no email gets a call: it is in your tasks."
            }
            Self::Noted => "The call is noted.",
            Self::Paused => "They get no offers until you start them again.",
            Self::Resumed => "They get offers again.",
            Self::Released => "The free places can be booked by anybody now.",
            Self::Reordered => "The order of the waiting list has changed.",
        }
    }

    /// The address of a page that tells it.
    pub(super) fn at(self, path: &impl fmt::Display) -> String {
        format!("{path}?done={}", self.name())
    }
}

/// The word in the address of the page after it. Any other word says nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Seen {
    done: String,
}

impl Seen {
    /// What to tell: "" where nothing was done.
    pub(super) fn words(&self) -> &'static str {
        let done = Done::ALL.into_iter().find(|it| it.name() == self.done);
        done.map_or("", Done::words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_of_an_address_says_what_was_done_and_another_word_nothing() {
        for it in Done::ALL {
            let address = it.at(&"/team/runs/7");
            let (_, done) = address.split_once("?done=").expect("a word");
            let seen = Seen {
                done: done.to_owned(),
            };
            assert_eq!(seen.words(), it.words(), "{it:?}");
        }
        let made_up = Seen {
            done: "<b>moved</b>".to_owned(),
        };
        assert_eq!((made_up.words(), Seen::default().words()), ("", ""));
    }
}
