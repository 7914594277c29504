//! "Please call us": what can no longer be done on a page.

use axum::http::StatusCode;
use axum::response::Response;
use booking::Refusal;
use serde::Serialize;

use crate::app::App;
use crate::error::Error;
use crate::pages::Page;

/// Why a page cannot do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The first session has begun.
    Started,
    /// Booking has closed, and with it moving.
    Closed,
    /// There is nowhere to write to.
    NoAddress,
    /// There is no number to call the person on (B-41).
    NoPhone,
}

impl Why {
    /// Whether a rule's no means that the person should call.
    pub(crate) fn of(refusal: Refusal) -> Option<Self> {
        let started = (refusal == Refusal::RunStarted).then_some(Self::Started);
        started.or((refusal == Refusal::BookingClosed).then_some(Self::Closed))
    }

    fn sentences(self) -> &'static [&'static str] {
        match self {
            Self::Started => &["The course has started. You can no longer change this here."],
            Self::Closed => &["It is too close to day 1 to change dates here."],
            Self::NoAddress => &["We do not have an email address that we can use for you."],
            Self::NoPhone => &[
                "We do not have your phone number.",
                "We keep holding the place for you until the time in our email.",
            ],
        }
    }
}

/// Says it, with a way back to the booking if there is one.
pub(crate) async fn answer(
    app: &App,
    status: StatusCode,
    why: Why,
    back: Option<String>,
) -> Result<Response, Error> {
    app.page_with(status, &CallUsPage::of(why, back)).await
}

#[derive(Clone, Debug, Serialize)]
struct CallUsPage {
    sentences: Vec<&'static str>,
    /// The page of the booking, or of the offer.
    back: Option<String>,
    back_to_the_offer: bool,
}

impl CallUsPage {
    fn of(why: Why, back: Option<String>) -> Self {
        Self {
            sentences: why.sentences().to_vec(),
            back,
            back_to_the_offer: why == Why::NoPhone,
        }
    }
}

impl Page for CallUsPage {
    const TEMPLATE: &'static str = "pages/manage/call_us.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let back = || Some(super::sample_facts(true).url);
        vec![
            Self::of(Why::Started, back()),
            Self::of(Why::Closed, back()),
            Self::of(Why::NoAddress, back()),
            Self::of(Why::NoPhone, back()),
            Self::of(Why::Started, None),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<CallUsPage>();
    }

    #[test]
    fn only_what_a_call_can_solve_asks_for_one() {
        assert_eq!(Why::of(Refusal::RunStarted), Some(Why::Started));
        assert_eq!(Why::of(Refusal::BookingClosed), Some(Why::Closed));
        assert_eq!(Why::of(Refusal::NoPlace), None);
    }
}
