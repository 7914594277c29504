//! What a change of dates or place replaced, for whoever is told "before" and "now" (B-50).

use serde::{Deserialize, Serialize};

use crate::calendar::{Delivery, Meeting};

/// Dates and place as they were before a change (B-50): all of it, so that "before" can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "KeptBefore")]
pub struct Before {
    /// How people met; unknown where only the dates were kept.
    pub delivery: Option<Delivery>,
    /// Where.
    pub venue: Option<String>,
    /// When.
    pub sessions: Vec<Meeting>,
}

/// As it is in the records: the first rows kept the dates alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum KeptBefore {
    Dates(Vec<Meeting>),
    Whole {
        delivery: Option<Delivery>,
        venue: Option<String>,
        sessions: Vec<Meeting>,
    },
}

impl From<KeptBefore> for Before {
    fn from(kept: KeptBefore) -> Self {
        match kept {
            KeptBefore::Dates(sessions) => Self {
                sessions,
                ..Self::default()
            },
            KeptBefore::Whole {
                delivery,
                venue,
                sessions,
            } => Self {
                delivery,
                venue,
                sessions,
            },
        }
    }
}

impl Before {
    /// Whether nothing was kept: there was no change.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::london;
    use ids::SessionId;
    use time::macros::{date, time};
    use uuid::Uuid;

    #[test]
    fn rows_that_kept_the_dates_alone_can_still_be_read() {
        let day = date!(2027 - 06 - 08);
        let meeting = Meeting {
            id: SessionId(Uuid::nil()),
            idx: 1,
            date: day,
            start: time!(10:00),
            end: time!(13:15),
            starts_at: london::in_london(day, time!(10:00)),
            ends_at: london::in_london(day, time!(13:15)),
            break_minutes: 15,
        };
        let read = |value| serde_json::from_value::<Before>(value).unwrap();
        let old = read(serde_json::json!([meeting]));
        assert_eq!((old.delivery, old.sessions.as_slice()), (None, &[meeting][..]));
        assert!(read(serde_json::json!([])).is_empty());
        let whole = Before {
            delivery: Some(Delivery::InPerson),
            venue: Some("The hall".to_owned()),
            sessions: vec![meeting],
        };
        assert_eq!(read(serde_json::to_value(&whole).unwrap()), whole);
    }
}
