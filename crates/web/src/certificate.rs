//! Certificates as people see them (B-76, B-77): the words of one, who gets it, what follows from a
//! correction. When one is issued, replaced or withdrawn, `booking::certificate` says.

pub(crate) mod pdf;

use booking::attendance::outcome::{self, Outcome};
use booking::attendance::{Changed, Hand};
use booking::certificate::{self, Certificate, New};
use booking::{BookingRecord, bookings};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde::Serialize;

use crate::app::App;
use crate::audit::{Act, Doer};
use crate::entity::person;
use crate::error::Error;
use crate::forms::Answer;
use crate::notify;
use crate::public::check_certificate::{CertificatePath, CheckPath};
use crate::public::questions::NAME;
use crate::secrets::typed_code;
use crate::site;
use crate::words;
use crate::work::Work;

/// The heading of every certificate.
pub(crate) const HEADING: &str = "Certificate of attendance";

/// How many characters a number has: 128 bits.
pub(crate) const NUMBER: usize = 26;

/// A number as it is shown and said: in groups of four.
pub(crate) fn grouped(number: &str) -> String {
    let letters: Vec<char> = number.chars().collect();
    let groups = letters.chunks(4).map(|it| it.iter().collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

/// A number as it was typed, if it can be one: spaces, hyphens and case do not count.
pub(crate) fn typed_number(text: &str) -> Option<String> {
    let number = typed_code(text);
    let plain = number.chars().all(|it| it.is_ascii_alphanumeric());
    (plain && number.chars().count() == NUMBER).then_some(number)
}

/// The words of one certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Sheet {
    pub(crate) heading: &'static str,
    pub(crate) name: String,
    pub(crate) course: String,
    /// "Day 1: Tuesday 8 June 2027".
    pub(crate) days: Vec<String>,
    pub(crate) organisation: String,
    /// "Issued on Wednesday 16 June 2027".
    pub(crate) issued: String,
    /// "7K3M-9QXZ-…".
    pub(crate) number: String,
    /// Where anybody can check it, without `https://`.
    pub(crate) check_at: String,
}

impl Sheet {
    pub(crate) fn of(app: &App, it: &Certificate) -> Self {
        let address = app.link(CheckPath);
        let check_at = address.split_once("://").map_or(&*address, |(_, it)| it);
        Self {
            heading: HEADING,
            name: it.name.clone(),
            course: it.snapshot.course.clone(),
            days: days(it),
            organisation: it.snapshot.organisation.clone(),
            issued: format!(
                "Issued on {}",
                words::date(booking::london::local(it.issued_at).0)
            ),
            number: grouped(&it.number),
            check_at: check_at.to_owned(),
        }
    }
}

/// Each date attended.
pub(crate) fn days(it: &Certificate) -> Vec<String> {
    let dates = &it.snapshot.dates;
    let several = dates.len() > 1;
    let day = |(at, date): (usize, &time::Date)| {
        if several {
            format!("Day {}: {}", at + 1, words::date(*date))
        } else {
            words::date(*date)
        }
    };
    dates.iter().enumerate().map(day).collect()
}

/// The path of the page that checks a certificate.
pub(crate) fn check_path(it: &Certificate) -> String {
    let number = grouped(&it.number);
    CertificatePath { number }.to_string()
}

/// Judges the name for a certificate.
pub(crate) fn judge_name(name: &mut Answer) {
    if name.value.is_empty() {
        name.refuse("Enter the name for the certificate");
    }
    name.at_most(NAME, "The name");
}

/// Issues a certificate under this name, and keeps the name for the next one. The certificate that it
/// replaced, if there was one, comes back.
pub(crate) async fn issue(
    work: &Work,
    booking: &BookingRecord,
    name: &str,
    doer: Doer,
    reason: Option<String>,
) -> Result<Option<Certificate>, Error> {
    let organisation = site::organisation(work.tx()).await?.remove("org_name");
    let new = New {
        booking: booking.id,
        number: work.secrets().certificate_number(),
        name: name.to_owned(),
        organisation: organisation.unwrap_or_default(),
    };
    let number = new.number.clone();
    let fresh = || work.fresh_id();
    let (made, old) = certificate::issue(work.tx(), work.now(), &fresh, new).await?;
    if made.number != number {
        return Ok(None);
    }
    let act = |what, id: uuid::Uuid| Act {
        doer,
        what,
        about: ("certificate", id.to_string()),
        whose: Some(booking.person),
        reason: reason.clone(),
    };
    if let Some(old) = &old {
        work.note(act("certificate_replaced", old.id));
    }
    work.note(act("certificate_issued", made.id));
    let row = person::Entity::find_by_id(booking.person).one(work.tx()).await?;
    let mut row = row.ok_or(Error::NotFound)?.into_active_model();
    row.certificate_name = Set(Some(name.to_owned()));
    row.update(work.tx()).await?;
    Ok(old)
}

/// What follows from marks that were saved: thanks, once, for whoever has completed the course now (M18),
/// and a note of each certificate that a correction withdrew.
pub(crate) async fn follow(work: &Work, hand: &Hand, changed: &[Changed]) -> Result<(), Error> {
    for it in changed {
        let record = bookings::find(work.tx(), it.booking)
            .await?
            .ok_or(Error::NotFound)?;
        if let Some(id) = it.withdrawn {
            work.note(Act {
                whose: Some(record.person),
                reason: hand.reason.clone(),
                ..Act::by_member(hand.by, "certificate_withdrawn", "certificate", id)
            });
        }
        if outcome::of_booking(work.tx(), it.booking).await? == Some(Outcome::Completed) {
            notify::thank(work, it.booking).await?;
        }
    }
    Ok(())
}

/// A certificate to look at.
#[cfg(test)]
pub(crate) fn sample() -> Certificate {
    use time::macros::{date, datetime};
    Certificate {
        id: uuid::Uuid::nil(),
        number: "7K3M9QXZAB12CD34EF56GH78JK".to_owned(),
        booking: ids::BookingId(uuid::Uuid::nil()),
        name: "Samantha Taylor".to_owned(),
        snapshot: certificate::Snapshot {
            course: "Introduction to peer support".to_owned(),
            organisation: "Anytown Healthcare".to_owned(),
            dates: vec![date!(2027 - 06 - 08), date!(2027 - 06 - 15)],
            attended: 80,
        },
        issued_at: ids::Ts::new(datetime!(2027-06-16 09:00 UTC)),
        state: certificate::State::Issued,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_however_it_was_written_down() {
        let number = sample().number;
        assert_eq!(grouped(&number), "7K3M-9QXZ-AB12-CD34-EF56-GH78-JK");
        for typed in [
            "7K3M-9QXZ-AB12-CD34-EF56-GH78-JK",
            "7k3m9qxzab12cd34ef56gh78jk",
            " 7K3M 9QXZ ABl2 CD34 EF56 GH78 JK ",
        ] {
            assert_eq!(typed_number(typed).as_ref(), Some(&number), "{typed}");
        }
        for other in ["", "7K3M", "7K3M-9QXZ-AB12-CD34-EF56-GH78-JÜ", "../../etc"] {
            assert_eq!(typed_number(other), None, "{other}");
        }
    }
}
