//! One mail that was "sent" in a rehearsal.

use std::path::PathBuf;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use booking::london;
use ids::{MailId, Ts};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};
use uuid::Uuid;

use super::{HtmlPath, MailPath, RehearsalPath};
use crate::app::App;
use crate::entity::outbox_mail;
use crate::error::Error;
use crate::mailer::Reading;
use crate::pages::Page;
use crate::words;

/// A mail's page may use styles written into it and nothing else at all, not even forms.
const AS_A_MAIL: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) async fn show(MailPath { mail }: MailPath, State(app): State<App>) -> Result<Response, Error> {
    let (id, as_file) = match mail.strip_suffix(".eml") {
        Some(id) => (id, true),
        None => (mail.as_str(), false),
    };
    let id = MailId(Uuid::parse_str(id).map_err(|_| Error::NotFound)?);
    let bytes = bytes(&app, id).await.ok_or(Error::NotFound)?;
    if as_file {
        let name = format!("attachment; filename=\"{id}.eml\"");
        return Ok((
            [
                (header::CONTENT_TYPE, "message/rfc822"),
                (header::CONTENT_DISPOSITION, &name),
            ],
            bytes,
        )
            .into_response());
    }
    let row = outbox_mail::Entity::find()
        .filter(outbox_mail::Column::Id.eq(id))
        .one(app.reader())
        .await?;
    let sent = row
        .and_then(|it| it.settled_at)
        .map(words::date_time)
        .unwrap_or_default();
    app.page(&MailPage::of(
        id,
        &Reading::of(&bytes),
        sent,
        &app.setup().base_url,
    ))
    .await
}

pub(super) async fn show_html(
    HtmlPath { mail }: HtmlPath,
    State(app): State<App>,
) -> Result<Response, Error> {
    let bytes = bytes(&app, mail).await.ok_or(Error::NotFound)?;
    let mut response = axum::response::Html(Reading::of(&bytes).html).into_response();
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(AS_A_MAIL),
    );
    Ok(response)
}

/// The mail as it left, if it did.
pub(super) async fn bytes(app: &App, id: MailId) -> Option<Vec<u8>> {
    let folder: PathBuf = app.setup().mail_folder.clone()?;
    tokio::fs::read(folder.join(format!("{id}.eml"))).await.ok()
}

/// A piece of a text, with a link if it is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Span {
    text: String,
    href: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct MailPage {
    subject: String,
    facts: Vec<Fact>,
    text: Vec<Span>,
    /// What it does to a calendar, in words.
    calendar: Vec<String>,
    back_url: String,
    html_url: String,
    file_url: String,
}

#[derive(Clone, Debug, Serialize)]
struct Fact {
    key: &'static str,
    value: String,
}

impl MailPage {
    fn of(id: MailId, mail: &Reading, sent: String, base_url: &str) -> Self {
        let header = |name: &str| mail.header(name).unwrap_or_default().to_owned();
        let path = MailPath { mail: id.to_string() };
        Self {
            subject: mail.subject().to_owned(),
            facts: vec![
                Fact {
                    key: "To",
                    value: header("To"),
                },
                Fact {
                    key: "From",
                    value: header("From"),
                },
                Fact {
                    key: "Sent",
                    value: sent,
                },
            ],
            text: spans(&mail.text, base_url),
            calendar: mail
                .calendars
                .iter()
                .map(|(method, calendar)| entry(method, calendar))
                .collect(),
            back_url: RehearsalPath.to_string(),
            html_url: HtmlPath { mail: id }.to_string(),
            file_url: format!("{path}.eml"),
        }
    }
}

/// A text in pieces: addresses of our own pages are links, all else is text.
fn spans(text: &str, base_url: &str) -> Vec<Span> {
    let text = text.replace("\r\n", "\n");
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(base_url) {
        let (before, from) = rest.split_at(at);
        let word = from
            .split(|it: char| it.is_whitespace() || "<>\"".contains(it))
            .next()
            .unwrap_or(from);
        let link = word.trim_end_matches(['.', ',', ')']);
        // Another host may begin with the same letters: `http://127.0.0.1:80` and `http://127.0.0.1:8080`.
        let path = link.get(base_url.len()..).unwrap_or_default();
        found.push(Span {
            text: before.to_owned(),
            href: None,
        });
        let ours = path.is_empty() || path.starts_with('/');
        let href = ours.then(|| {
            if path.is_empty() {
                "/".to_owned()
            } else {
                path.to_owned()
            }
        });
        found.push(Span {
            text: link.to_owned(),
            href,
        });
        rest = from.get(link.len()..).unwrap_or_default();
    }
    found.push(Span {
        text: rest.to_owned(),
        href: None,
    });
    found.retain(|it| !it.text.is_empty());
    found
}

/// What a calendar part does, in words.
fn entry(method: &str, calendar: &str) -> String {
    let unfolded = calendar.replace("\r\n ", "").replace("\r\n\t", "");
    // The time zone that comes with the entry has a DTSTART of its own.
    let event = unfolded.split_once("BEGIN:VEVENT").map_or("", |(_, event)| event);
    let value = |name: &str| {
        let line = event.lines().find(|it| {
            it.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with([':', ';']))
        });
        line.and_then(|it| it.split_once(':'))
            .map(|(_, value)| value.trim())
            .unwrap_or_default()
    };
    let act = if method.eq_ignore_ascii_case("CANCEL") {
        "Takes out of the calendar"
    } else {
        "Puts into the calendar"
    };
    let when = match (moment(value("DTSTART")), moment(value("DTEND"))) {
        (Some(start), Some(end)) => {
            let ((day, from), (_, to)) = (london::local(start), london::local(end));
            format!(
                "{}, {} to {}",
                words::date(day),
                words::time(from),
                words::time(to)
            )
        }
        _ => String::new(),
    };
    format!("{act}: {}, {when}", value("SUMMARY"))
}

/// A moment as calendars write it: in UTC with a `Z`, else as a clock in London shows it.
fn moment(text: &str) -> Option<Ts> {
    let format = format_description!("[year][month][day]T[hour][minute][second]");
    let at = PrimitiveDateTime::parse(text.trim_end_matches('Z'), format).ok()?;
    if text.ends_with('Z') {
        let utc: OffsetDateTime = at.assume_utc();
        return Some(Ts::new(utc));
    }
    Some(london::in_london(at.date(), at.time()))
}

impl Page for MailPage {
    const TEMPLATE: &'static str = "pages/rehearsal/mail.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let id = MailId(Uuid::nil());
        let base_url = "http://127.0.0.1:8080";
        let mail = Reading {
            headers: vec![
                ("Subject".to_owned(), "Your booking for Tuesday 8 June".to_owned()),
                ("To".to_owned(), "alex@example.org".to_owned()),
                (
                    "From".to_owned(),
                    "Courses at Anytown Healthcare <courses@example.org>".to_owned(),
                ),
            ],
            text: format!("Dear Alex,\r\n\r\nYou have a place.\r\n{base_url}/b/x\r\n"),
            html: String::new(),
            calendars: vec![("REQUEST".to_owned(), tests::CALENDAR.to_owned())],
        };
        let sent = "Tuesday 11 May 2027 at 2pm".to_owned();
        let plain = Reading {
            calendars: Vec::new(),
            ..mail.clone()
        };
        vec![
            Self::of(id, &mail, sent.clone(), base_url),
            Self::of(id, &plain, sent, base_url),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const CALENDAR: &str = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nBEGIN:STANDARD\r\n\
        DTSTART:19961027T020000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n\
        DTSTART;TZID=Europe/London:20270608T100000\r\nDTEND;TZID=Europe/London:20270608T131500\r\n\
        SUMMARY:Course (day \r\n 1 of 2)\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<MailPage>();
    }

    #[test]
    fn a_calendar_part_is_told_in_words() {
        let told = "Course (day 1 of 2), Tuesday 8 June 2027, 10am to 1:15pm";
        assert_eq!(
            entry("REQUEST", CALENDAR),
            format!("Puts into the calendar: {told}")
        );
        let utc = CALENDAR.replace(";TZID=Europe/London:20270608T100000", ":20270608T090000Z");
        assert_eq!(
            entry("CANCEL", &utc),
            format!("Takes out of the calendar: {told}")
        );
    }

    #[test]
    fn only_our_own_pages_become_links() {
        let text =
            "See http://127.0.0.1:80/b/x. Not http://127.0.0.1:8080/y,\r\nnor https://example.org/.\r\n";
        let found = spans(text, "http://127.0.0.1:80");
        let links: Vec<&str> = found.iter().filter_map(|it| it.href.as_deref()).collect();
        assert_eq!(links, ["/b/x"]);
        let whole: String = found.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(whole, text.replace("\r\n", "\n"));
    }
}
