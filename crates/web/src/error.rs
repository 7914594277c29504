//! What went wrong, as a page. The only place where a rule becomes words for a visitor.

use std::any::Any;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use booking::Refusal;
use booking::attendance::NotRecorded;
use percent_encoding::percent_decode_str;
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{DbErr, RuntimeErr};
use serde::Serialize;
use thiserror::Error as ThisError;

use crate::again::Again;
use crate::app::App;
use crate::pages::Page;
use crate::reference::Reference;

/// What a visitor can be told.
#[derive(Debug, ThisError)]
pub enum Error {
    /// Not there, or not yours: the same page (T-07).
    #[error("not found")]
    NotFound,
    /// The link is over, used or renewed (T-23).
    #[error("the link is over")]
    LinkOver,
    /// A rule says no.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// A register was not saved (B-60 to B-62).
    #[error("not recorded: {0}")]
    NotRecorded(NotRecorded),
    /// The operation number was used with other content (B-12).
    #[error("the operation number was used with other content")]
    OtherContent,
    /// The request itself is not one of our forms (T-34).
    #[error("not one of our forms: {0}")]
    BadForm(String),
    /// The form was sent from another site (T-28).
    #[error("sent from elsewhere")]
    FromElsewhere,
    /// The request names a host that is not ours (T-30).
    #[error("asked for another host")]
    OtherHost,
    /// Too much from one place (B-13, T-33).
    #[error("too many")]
    TooMany(Duration),
    /// The body is too large (T-32).
    #[error("too large")]
    TooLarge,
    /// The request took too long to arrive (T-32).
    #[error("too slow")]
    TooSlow,
    /// The records cannot be reached or changed now, and were not changed (T-64).
    #[error("busy: {0}")]
    Busy(Box<DbErr>),
    /// The records went away while a change was being kept: it may be there or not (T-61, T-64).
    #[error("unsure: {0}")]
    Unsure(Box<DbErr>),
    /// A fault of ours.
    #[error("fault: {0}")]
    Fault(#[from] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// A fault of ours.
    pub fn fault(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Fault(Box::new(source))
    }

    /// Somebody or something keeps us waiting for too long.
    pub(crate) fn late(what: &str) -> Self {
        Self::Busy(Box::new(DbErr::Custom(what.to_owned())))
    }

    /// It is open whether a change was made.
    pub(crate) fn unsure(why: &str) -> Self {
        Self::Unsure(Box::new(DbErr::Custom(why.to_owned())))
    }

    /// Whether the same may well succeed later.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Unsure(_))
    }

    /// Whether another change was in the way, so that it is worth trying again at once (T-52).
    pub(crate) fn was_in_the_way(&self) -> bool {
        matches!(self, Self::Busy(error) if trouble(error) == Some(Trouble::InTheWay))
    }

    /// What it means when a change could not be kept: a connection that broke meanwhile leaves open
    /// whether the records have it.
    pub(crate) fn at_the_end(error: DbErr) -> Self {
        if trouble(&error) == Some(Trouble::CutOff) {
            Self::Unsure(Box::new(error))
        } else {
            error.into()
        }
    }
}

impl From<booking::Error> for Error {
    fn from(error: booking::Error) -> Self {
        match error {
            booking::Error::Refused(Refusal::NotFound) => Self::NotFound,
            booking::Error::Refused(refusal) => Self::Refused(refusal),
            booking::Error::NotRecorded(why) => Self::NotRecorded(why),
            booking::Error::Storage(error) => error.into(),
            error @ (booking::Error::Dates(_) | booking::Error::Corrupt(_)) => Self::fault(error),
        }
    }
}

impl From<competency::Error> for Error {
    fn from(error: competency::Error) -> Self {
        match error {
            competency::Error::Refused(competency::Refusal::NotFound) => Self::NotFound,
            competency::Error::Storage(error) => error.into(),
            // No page asks yet for anything that could be refused.
            error @ (competency::Error::Refused(_)
            | competency::Error::NotCanonical(_)
            | competency::Error::Corrupt(_)) => Self::fault(error),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        booking::Error::Refused(refusal).into()
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if trouble(&error).is_some() {
            Self::Busy(Box::new(error))
        } else {
            Self::fault(error)
        }
    }
}

/// Why the records say no, where that is nobody's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// Another change: worth trying again at once (T-52).
    InTheWay,
    /// Away, full or ending: it takes longer than a visitor waits (T-64).
    NotNow,
    /// The connection broke; what was asked last may have been done.
    CutOff,
}

/// SQLite: busy, locked, busy snapshot. PostgreSQL: serialization, deadlock, lock time-out.
const IN_THE_WAY: &[&str] = &["5", "6", "261", "517", "40001", "40P01", "55P03"];
/// SQLite: the disk is full, or has no room for the shared index. PostgreSQL: the disk or the memory is
/// full, no connection is left, only reading is allowed, a statement or a pause took too long.
const NOT_NOW: &[&str] = &["13", "4874", "53100", "53200", "53300", "25006", "25P03", "57014"];
/// PostgreSQL: the server ends, crashed or is not up yet; the connection is lost.
const CUT_OFF: &[&str] = &["57P01", "57P02", "57P03", "08000", "08003", "08006"];

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what else can go wrong in a library is a fault"
)]
fn trouble(error: &DbErr) -> Option<Trouble> {
    let inner = match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => return Some(Trouble::NotNow),
        DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) => inner,
        _ => return None,
    };
    match &**inner {
        SqlxError::Database(it) => it.code().and_then(|code| by_code(&code)),
        SqlxError::PoolTimedOut | SqlxError::PoolClosed => Some(Trouble::NotNow),
        SqlxError::Io(_) | SqlxError::Protocol(_) | SqlxError::WorkerCrashed => Some(Trouble::CutOff),
        _ => None,
    }
}

fn by_code(code: &str) -> Option<Trouble> {
    [
        (IN_THE_WAY, Trouble::InTheWay),
        (NOT_NOW, Trouble::NotNow),
        (CUT_OFF, Trouble::CutOff),
    ]
    .into_iter()
    .find_map(|(codes, trouble)| codes.contains(&code).then_some(trouble))
}

/// The page that says so.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ErrorPage {
    heading: &'static str,
    advice: Vec<&'static str>,
    /// Where to go next: words and a path.
    next: &'static str,
    next_url: &'static str,
    /// What was sent, to send it once more.
    again: Option<Again>,
    /// What to say when asking about a fault of ours (T-44).
    reference: String,
}

impl ErrorPage {
    /// Keeps what was typed on the page, so that a wait costs nobody their answers (T-64).
    pub(crate) fn keep(&mut self, form: Again) {
        self.again = Some(form);
    }
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "pages/error.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let refusals = [
            Refusal::NoPlace,
            Refusal::RunStarted,
            Refusal::RunCancelled,
            Refusal::BookingClosed,
            Refusal::Ended,
            Refusal::Moved,
        ];
        let all = refusals.into_iter().map(Error::Refused);
        let all = all.chain([
            Error::NotFound,
            Error::LinkOver,
            Error::OtherContent,
            Error::BadForm(String::new()),
            Error::FromElsewhere,
            Error::TooMany(Duration::from_mins(1)),
            Error::TooLarge,
            Error::TooSlow,
            Error::late(""),
            Error::unsure(""),
            Error::fault(std::fmt::Error),
        ]);
        let mut all: Vec<Self> = all.map(|it| it.page().1).collect();
        let mut kept = Error::late("").page().1;
        kept.keep(Again::new("/book/x/you", b"name=Zo%C3%AB&op=1"));
        let mut fault = Error::fault(std::fmt::Error).page().1;
        "7f3a91c2".clone_into(&mut fault.reference);
        all.extend([kept, fault]);
        all
    }
}

impl Error {
    /// Status and words, in one table.
    #[expect(clippy::too_many_lines, reason = "one table")]
    fn page(&self) -> (StatusCode, ErrorPage) {
        let dates = ("See all dates", "/courses");
        let find = ("Email me a new link", "/bookings/find");
        let (status, heading, advice, (next, next_url)): (_, _, &[&'static str], _) = match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Page not found",
                &[
                    "If you typed the address, check it is correct. If you copied it, check you copied all of it.",
                ],
                dates,
            ),
            Self::LinkOver => (
                StatusCode::GONE,
                "This link no longer works",
                &["Links stop after a while, or when you ask for a new one."],
                find,
            ),
            Self::Refused(refusal) => (
                StatusCode::CONFLICT,
                "We could not do that",
                refusal_words(*refusal),
                dates,
            ),
            Self::NotRecorded(_) => (
                StatusCode::CONFLICT,
                "The register was not saved",
                &[
                    "Things have changed since you opened the page.",
                    "Open it again to see where things stand.",
                ],
                ("Today", "/today"),
            ),
            Self::OtherContent => (
                StatusCode::CONFLICT,
                "This form was already sent",
                &["It was sent once with different answers. Open the page again to see where things stand."],
                dates,
            ),
            Self::BadForm(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "We could not read this form",
                &["Open the page again and send it from there."],
                dates,
            ),
            Self::FromElsewhere => (
                StatusCode::FORBIDDEN,
                "We could not accept this",
                &["Open the page again and send it from there."],
                dates,
            ),
            Self::OtherHost => (
                StatusCode::MISDIRECTED_REQUEST,
                "This address is not ours",
                &["Check the address of the page."],
                dates,
            ),
            Self::TooMany(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "Please try again later",
                &[
                    "A lot of requests came from your network in a short time. Many people can share one network.",
                    "Wait a while and try again, or call us. We can book for you by phone.",
                ],
                ("Contact us", "/contact"),
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "That was too long",
                &["Go back, make your text shorter and send it again."],
                dates,
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "That took too long",
                &["Your page did not reach us in time. Check your connection, go back and send it again."],
                dates,
            ),
            Self::Busy(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Please try again in a moment",
                &[
                    "The service is busy or being looked after. Nothing was changed.",
                    "Wait a minute, then try again.",
                ],
                dates,
            ),
            Self::Unsure(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Please try again in a moment",
                &[
                    "The service is busy or being looked after. We do not know yet if your answers reached us.",
                    "You can send them again. They will not count twice.",
                ],
                dates,
            ),
            Self::Fault(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Sorry, there is a problem with the service",
                &["We saved your answers up to the last page you completed. Try again later, or call us."],
                ("Contact us", "/contact"),
            ),
        };
        (
            status,
            ErrorPage {
                heading,
                advice: advice.to_vec(),
                next,
                next_url,
                again: None,
                reference: String::new(),
            },
        )
    }
}

/// What a rule's no means to the person who asked.
pub(crate) fn refusal_words(refusal: Refusal) -> &'static [&'static str] {
    match refusal {
        Refusal::NoPlace => &[
            "All places on these dates are taken now.",
            "You can join the waiting list or choose other dates.",
        ],
        Refusal::OfferOver => &[
            "The place has gone to someone else.",
            "You are still on the waiting list if you did not ask to leave it.",
        ],
        Refusal::RunStarted => &[
            "The course has started, so this can no longer be changed online.",
            "Please call us. We will help.",
        ],
        Refusal::RunCancelled => &[
            "These dates are cancelled.",
            "We are sorry. You can choose other dates.",
        ],
        Refusal::NotPublished => &["These dates are not open for booking."],
        Refusal::NotOpen => &["Booking for these dates has not opened yet."],
        Refusal::BookingClosed => &[
            "Booking for these dates has closed.",
            "Please call us if you still need to change something.",
        ],
        Refusal::Ended => &[
            "This booking has already ended.",
            "You are welcome to book again.",
        ],
        Refusal::Moved => &[
            "This booking was moved to other dates.",
            "Use the link in our newest email.",
        ],
        Refusal::Booked => &["You already have a place on these dates."],
        Refusal::Waiting | Refusal::Offered => &["You are already on the waiting list for these dates."],
        Refusal::OtherBooking => &[
            "You already have a booking for this course.",
            "You can move it to these dates from the link in your email.",
        ],
        Refusal::ListOff => &["There is no waiting list for these dates."],
        Refusal::PlacesFree => &[
            "A place is free on these dates, so you do not need to wait.",
            "You can book it now.",
        ],
        Refusal::TooManyHolds => &[
            "Some places are already being held for this address.",
            "Please confirm those first, using the links in our emails, or call us.",
        ],
        Refusal::UseAccept => &["You have been offered a place. Use the link in that email to answer."],
        Refusal::UseConfirm => &["Your place is waiting to be confirmed. Use the link in that email."],
        Refusal::UseCancel => &["To give your place back, cancel your booking."],
        Refusal::NeedsReason => &["Someone is waiting in front, so a reason is needed."],
        Refusal::NotWaiting | Refusal::NotDue | Refusal::NotFound => &[
            "Things have changed since you opened the page.",
            "Open it again to see where things stand.",
        ],
    }
}

impl Error {
    /// The one place where a failure is logged (T-44, T-45); no text of the visitor is in it.
    fn log(&self) {
        match self {
            Self::Fault(source) => log_fault(&**source),
            Self::Busy(source) | Self::Unsure(source) => tracing::warn!(event = "busy", error = %source),
            Self::FromElsewhere | Self::OtherHost => tracing::info!(event = "denied", why = %self),
            Self::TooMany(_) => tracing::info!(event = "limit", of = "requests"),
            Self::NotFound
            | Self::LinkOver
            | Self::Refused(_)
            | Self::NotRecorded(_)
            | Self::OtherContent
            | Self::BadForm(_)
            | Self::TooLarge
            | Self::TooSlow => {}
        }
    }
}

/// Records that break what must always hold are worth an alarm of their own.
fn log_fault(source: &(dyn std::error::Error + Send + Sync + 'static)) {
    if let Some(booking::Error::Corrupt(what)) = source.downcast_ref() {
        tracing::error!(event = "invariant_broken", error = %what);
    } else {
        tracing::error!(event = "fault", error = %source);
    }
}

/// The answer after a panic, which is logged where it happened.
pub(crate) fn after_panic(_: Box<dyn Any + Send>) -> Response {
    let (status, page) = Error::fault(std::fmt::Error).page();
    let mut response = status.into_response();
    response.extensions_mut().insert(page);
    response
}

/// The answer where even a page could not be made.
pub(crate) fn bare(_: Box<dyn Any + Send>) -> Response {
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        "Sorry, there is a problem with the service. Try again later, or call us.",
    )
        .into_response()
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.log();
        let (status, page) = self.page();
        let mut response = status.into_response();
        let wait = match &self {
            Self::TooMany(wait) => Some(wait.as_secs().max(1)),
            Self::Busy(_) | Self::Unsure(_) => Some(5),
            Self::NotFound
            | Self::LinkOver
            | Self::Refused(_)
            | Self::NotRecorded(_)
            | Self::OtherContent
            | Self::BadForm(_)
            | Self::FromElsewhere
            | Self::OtherHost
            | Self::TooLarge
            | Self::TooSlow
            | Self::Fault(_) => None,
        };
        if let Some(wait) = wait {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response.extensions_mut().insert(page);
        response
    }
}

/// Replaces an answer that failed by its page, whichever extractor or handler failed.
pub(crate) async fn show(State(app): State<App>, request: Request, next: Next) -> Response {
    let reference = request.extensions().get::<Reference>().cloned();
    let is_text = percent_decode_str(request.uri().path()).decode_utf8().is_ok();
    let mut response = next.run(request).await;
    let mut status = response.status();
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|it| it.to_str().is_ok_and(|it| it.starts_with("text/plain")));
    let mut page = match response.extensions_mut().remove::<ErrorPage>() {
        Some(page) => page,
        // Nothing of ours has such an address, whatever the framework calls it.
        None if plain && status.is_client_error() && !is_text => {
            let (not_found, page) = Error::NotFound.page();
            status = not_found;
            page
        }
        // Answers of the framework itself, which carry no page of ours.
        None if plain && (status.is_client_error() || status.is_server_error()) => {
            let error = match status {
                StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge,
                StatusCode::BAD_REQUEST
                | StatusCode::UNPROCESSABLE_ENTITY
                | StatusCode::UNSUPPORTED_MEDIA_TYPE => Error::BadForm(String::new()),
                _ if status.is_server_error() => Error::fault(std::fmt::Error),
                _ => Error::NotFound,
            };
            let (_, page) = error.page();
            page
        }
        None => return response,
    };
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        page.reference = reference.map(|it| it.0).unwrap_or_default();
    }
    let rendered = if status.is_server_error() {
        app.render_from_memory(&page).await
    } else {
        app.render_with_fallback(&page).await
    };
    let (mut parts, _) = response.into_parts();
    parts.status = status;
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    let body = rendered.unwrap_or_else(|_| format!("{}. {}", page.heading, page.advice.join(" ")));
    Response::from_parts(parts, Body::from(body))
}

/// What the records say with this code.
#[cfg(test)]
pub(crate) fn refusal_of_the_records(code: &'static str) -> SqlxError {
    #[derive(Debug, ThisError)]
    #[error("refused")]
    struct Refused(&'static str);
    impl sea_orm::sqlx::error::DatabaseError for Refused {
        fn message(&self) -> &'static str {
            "refused"
        }
        fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
            Some(self.0.into())
        }
        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }
        fn kind(&self) -> sea_orm::sqlx::error::ErrorKind {
            sea_orm::sqlx::error::ErrorKind::Other
        }
    }
    SqlxError::Database(Box::new(Refused(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(error: SqlxError) -> DbErr {
        DbErr::Query(RuntimeErr::SqlxError(std::sync::Arc::new(error)))
    }

    #[test]
    fn a_visitor_is_asked_to_wait_where_the_records_have_no_room_or_are_away() {
        for code in ["13", "53100", "53300", "57P01", "57P02", "57P03", "57014"] {
            let error = Error::from(said(refusal_of_the_records(code)));
            assert!(
                matches!(error, Error::Busy(_)) && !error.was_in_the_way(),
                "{code}"
            );
        }
        for code in ["5", "517", "40001", "40P01", "55P03"] {
            let error = Error::from(said(refusal_of_the_records(code)));
            assert!(error.was_in_the_way(), "{code}");
        }
        assert!(matches!(
            Error::from(said(refusal_of_the_records("23505"))),
            Error::Fault(_)
        ));
    }

    #[test]
    fn nobody_is_told_that_nothing_changed_when_the_answer_to_the_commit_was_lost() {
        let lost = || SqlxError::Io(std::io::ErrorKind::ConnectionReset.into());
        assert!(matches!(Error::at_the_end(said(lost())), Error::Unsure(_)));
        assert!(matches!(Error::from(said(lost())), Error::Busy(_)));
        let refused = Error::at_the_end(said(refusal_of_the_records("40001")));
        assert!(refused.was_in_the_way());
    }

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<ErrorPage>();
    }
}
