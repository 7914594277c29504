//! Typed names for records, and the moment type that every record uses.
//!
//! Ids are UUID v7 minted by the program, never by the database, so that the pure core can name what
//! it creates. People read short references; public pages carry slugs and tokens, never ids (T-37).

// An index that is not there would be a panic (T-65). Tests may.
#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::string_slice))]

use std::fmt;

use sea_orm::sea_query::{ArrayType, Nullable, ValueType, ValueTypeErr};
use sea_orm::{
    ColIdx, ColumnType, DbErr, DeriveValueType, QueryResult, TryFromU64, TryGetError, TryGetable, Value,
};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

macro_rules! id { ($(#[$doc:meta])* $name:ident) => {
    $(#[$doc])*
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType, Serialize, Deserialize)]
    pub struct $name(pub Uuid);

    impl fmt::Display for $name {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    impl TryFromU64 for $name {
        fn try_from_u64(_: u64) -> Result<Self, DbErr> {
            Err(DbErr::ConvertFromU64(stringify!($name)))
        }
    }
}; }

id! {
    /// Names a person: somebody who books, or works with us.
    PersonId
}
id! {
    /// Names a course: what is taught.
    CourseId
}
id! {
    /// Names one version of a course's text.
    CourseVersionId
}
id! {
    /// Names one scheduled delivery of a course.
    RunId
}
id! {
    /// Names one dated meeting of a run.
    SessionId
}
id! {
    /// Names one person's claim on a run, from first contact to the end.
    BookingId
}
id! {
    /// Names a framework: what is to be shown.
    FrameworkId
}
id! {
    /// Names one version of a framework.
    FrameworkVersionId
}
id! {
    /// Names an area of a framework's version.
    AreaId
}
id! {
    /// Names a competency of a framework's version.
    CompetencyId
}
id! {
    /// Names a mail in the outbox.
    MailId
}

/// A moment in UTC, whole seconds.
///
/// The only form in which moments are stored: SQLite keeps text, and only one width and one offset
/// sort and compare as moments do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ts(#[serde(with = "time::serde::rfc3339")] OffsetDateTime);

impl Ts {
    /// The moment, with parts of a second cut off.
    pub fn new(moment: OffsetDateTime) -> Self {
        let utc = moment.to_offset(UtcOffset::UTC);
        Self(utc - time::Duration::nanoseconds(i64::from(utc.nanosecond())))
    }

    /// The moment as the `time` crate knows it, in UTC.
    pub fn get(self) -> OffsetDateTime {
        self.0
    }
}

impl fmt::Debug for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.0;
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }
}

impl From<OffsetDateTime> for Ts {
    fn from(moment: OffsetDateTime) -> Self {
        Self::new(moment)
    }
}

impl std::ops::Add<time::Duration> for Ts {
    type Output = Self;
    fn add(self, by: time::Duration) -> Self {
        Self::new(self.0 + by)
    }
}

impl std::ops::Sub<time::Duration> for Ts {
    type Output = Self;
    fn sub(self, by: time::Duration) -> Self {
        Self::new(self.0 - by)
    }
}

impl std::ops::Sub for Ts {
    type Output = time::Duration;
    fn sub(self, other: Self) -> time::Duration {
        self.0 - other.0
    }
}

impl From<Ts> for Value {
    fn from(ts: Ts) -> Self {
        ts.0.into()
    }
}

impl TryGetable for Ts {
    fn try_get_by<I: ColIdx>(res: &QueryResult, index: I) -> Result<Self, TryGetError> {
        OffsetDateTime::try_get_by(res, index).map(Self::new)
    }
}

impl ValueType for Ts {
    fn try_from(v: Value) -> Result<Self, ValueTypeErr> {
        <OffsetDateTime as ValueType>::try_from(v).map(Self::new)
    }
    fn type_name() -> String {
        "Ts".to_owned()
    }
    fn array_type() -> ArrayType {
        <OffsetDateTime as ValueType>::array_type()
    }
    fn column_type() -> ColumnType {
        ColumnType::TimestampWithTimeZone
    }
}

impl Nullable for Ts {
    fn null() -> Value {
        <OffsetDateTime as Nullable>::null()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_moment_is_kept_in_utc_and_whole_seconds() {
        let ts = Ts::new(datetime!(2027-06-08 10:00:00.75 +1));
        assert_eq!(ts.to_string(), "2027-06-08T09:00:00Z");
        assert_eq!(ts, Ts::new(datetime!(2027-06-08 09:00 UTC)));
    }
}
