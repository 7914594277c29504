//! After the dates, the time or the place changed: keep, move or cancel (B-50).

use axum::extract::State as Extracted;
use axum::http::StatusCode;
use axum::response::Response;
use booking::calendar::Meeting;
use booking::{Asked, Change, Note, State, bookings};
use ids::Ts;
use serde::Serialize;

use super::call_us::{self, Why};
use super::question::{Question, Section};
use super::{ChangedPath, Choice, Facts, Held, Row, Sent, cancel, days, status};
use crate::app::App;
use crate::error::Error;
use crate::forms::Fields;
use crate::links::Purpose;
use crate::pages::Page;
use crate::visitor::Visitor;
use crate::words;

pub(super) async fn ask(
    ChangedPath { token }: ChangedPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    if !has_changed(&held, app.now()) {
        return Ok(held.go(""));
    }
    let history = bookings::history(app.reader(), held.record.id).await?;
    if status::change_unanswered(app.reader(), &held, &history).await? {
        return question(&app, &held).show(&app).await;
    }
    app.page(&KeptPage::of(&held, app.now())).await
}

pub(super) async fn answer(
    ChangedPath { token }: ChangedPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    let sent = Sent::of(&mut fields)?;
    let answer = fields.line("answer")?;
    fields.done()?;
    if !has_changed(&held, app.now()) {
        return Ok(held.go(""));
    }
    match answer.as_str() {
        "keep" => keep(&app, &held, &sent).await,
        "move" => Ok(held.go("/move")),
        "cancel" if held.has_begun(app.now()) => {
            call_us::answer(&app, StatusCode::CONFLICT, Why::Started, Some(held.path(""))).await
        }
        "cancel" => cancel::cancel(&app, &held, &sent).await,
        _ => question(&app, &held).again().show(&app).await,
    }
}

/// Whether there is a change that still matters to this booking.
fn has_changed(held: &Held, now: Ts) -> bool {
    held.run.change_no > 0 && held.record.state.is_live() && !held.is_over(now)
}

fn question(app: &App, held: &Held) -> Question {
    let listed = matches!(held.record.state, State::Waiting | State::Offered { .. });
    let (keep, leave) = if listed {
        ("Stay on the list", "Leave the list")
    } else {
        ("Keep my place", "Cancel my place")
    };
    let mut choices = vec![Choice::new("keep", keep)];
    let begun = held.has_begun(app.now());
    let can_move = !begun && app.now() < held.run.closes_at;
    if can_move && held.person.is_proven() {
        choices.push(Choice::new("move", "Move to other dates"));
    }
    if !begun {
        choices.push(Choice::new("cancel", leave));
    }
    let call_when = if begun {
        "The course has started. To move or cancel"
    } else {
        "If you would like to talk about it"
    };
    let asked = Question::new(
        app,
        "Something about your booking has changed",
        held.path("/changed"),
        choices,
    )
    .saying(&["We are sorry if this is hard for you. You do not have to give a reason."])
    .saying(hidden(held))
    .back_to(&held.path(""));
    Question {
        sections: sections(held),
        legend: "What would you like to do?".to_owned(),
        confirm_url: if can_move && !held.person.is_proven() {
            held.path("/confirm")
        } else {
            String::new()
        },
        call_when: call_when.to_owned(),
        ..asked
    }
}

/// Before and now; "before" only where it reads differently.
fn sections(held: &Held) -> Vec<Section> {
    let old = &held.run.before_change;
    let now = rows(held, &held.run.sessions, words::place(&held.run));
    let before = rows(held, &old.sessions, words::place_before(old));
    let is_told = old.delivery.is_some() || old.sessions != held.run.sessions;
    let differs = is_told && before != now;
    [("Before", before), ("Now", now)]
        .into_iter()
        .filter(|(heading, rows)| !rows.is_empty() && (differs || *heading != "Before"))
        .map(|(heading, rows)| Section {
            heading: heading.to_owned(),
            rows,
        })
        .collect()
}

/// Days and place; the place only to whoever has shown that the booking is theirs (B-21).
fn rows(held: &Held, meetings: &[Meeting], place: String) -> Vec<Row> {
    let mut rows = days(meetings);
    if held.person.is_proven() && !place.is_empty() {
        rows.push(Row::new("Where", place));
    }
    rows
}

/// What the page cannot show before the booking is claimed (B-21).
fn hidden(held: &Held) -> &'static [&'static str] {
    let same_days = held.run.before_change.sessions == held.run.sessions;
    if same_days && !held.person.is_proven() {
        &["The dates are the same. The place has changed. Tell us that the booking is yours to see it."]
    } else {
        &[]
    }
}

async fn keep(app: &App, held: &Held, sent: &Sent) -> Result<Response, Error> {
    let (run, say) = (held.record.run, Change::Say(held.record.id, Note::Keep));
    let history = bookings::history(app.reader(), held.record.id).await?;
    if status::change_unanswered(app.reader(), held, &history).await? {
        app.change(async |work| {
            let asked = Asked::by_person(say.clone());
            sent.once(&work, async { work.allocate(run, asked).await.map(|_| ()) })
                .await
        })
        .await?;
    }
    Ok(held.go("/changed"))
}

/// "You keep your place."
#[derive(Clone, Debug, Serialize)]
struct KeptPage {
    booking: Facts,
    can_still_change: bool,
    /// A place that is held until it is confirmed: keeping the dates does not confirm it.
    confirm: Option<Confirm>,
}

/// By when to confirm, and where.
#[derive(Clone, Debug, Serialize)]
struct Confirm {
    by: String,
    url: String,
}

impl KeptPage {
    fn of(held: &Held, now: Ts) -> Self {
        let confirm = match held.record.state {
            State::Unconfirmed { until } => Some(Confirm {
                by: words::date_time(until),
                url: held.path("/confirm"),
            }),
            State::Booked
            | State::Waiting
            | State::Offered { .. }
            | State::Cancelled { .. }
            | State::Moved { .. }
            | State::Lapsed
            | State::Closed => None,
        };
        Self {
            booking: held.facts(),
            can_still_change: !held.has_begun(now),
            confirm,
        }
    }
}

/// The questions to look at: before and now, before the address is proven, and after the start.
#[cfg(test)]
pub(super) fn samples(app: &App) -> Vec<Question> {
    use super::tests::{before, day_1, held, idle_app_at};
    let until = before() + time::Duration::hours(24);
    vec![
        question(app, &held(State::Booked, true)),
        question(app, &held(State::Waiting, true)),
        question(app, &held(State::Unconfirmed { until }, false)),
        question(&idle_app_at(day_1()), &held(State::Booked, true)),
    ]
}

impl Page for KeptPage {
    const TEMPLATE: &'static str = "pages/manage/kept.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::tests::{before, day_1, held};
        let until = before() + time::Duration::hours(24);
        vec![
            Self::of(&held(State::Booked, true), before()),
            Self::of(&held(State::Unconfirmed { until }, false), before()),
            Self::of(&held(State::Booked, false), day_1()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public::manage::tests as sample;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<KeptPage>();
    }

    /// B-50: old and new, place and dates; the place to nobody else than its reader (B-21).
    #[test]
    fn before_and_now_are_shown_whatever_changed() {
        let shown = |proven, same_days: bool| {
            let mut held = sample::held(State::Booked, proven);
            if same_days {
                held.run.before_change.sessions.clone_from(&held.run.sessions);
            }
            serde_json::to_string(&question(&sample::idle_app(), &held)).unwrap()
        };
        for same_days in [true, false] {
            let page = shown(true, same_days);
            for it in ["Before", "Recovery college, Room 2", "Now", "Online"] {
                assert!(page.contains(it), "{it} in {page}");
            }
        }
        let (same, other) = (shown(false, true), shown(false, false));
        assert!(
            !same.contains("Recovery") && !other.contains("Recovery"),
            "{same} {other}"
        );
        assert!(
            same.contains("The place has changed") && !same.contains("Before"),
            "{same}"
        );
        assert!(
            other.contains("Before") && !other.contains("The place has changed"),
            "{other}"
        );
    }

    /// Keeping the dates does not confirm the booking.
    #[test]
    fn whoever_keeps_an_unconfirmed_place_is_asked_to_confirm_it() {
        let until = sample::before() + time::Duration::hours(24);
        let confirm = |state, proven| KeptPage::of(&sample::held(state, proven), sample::before()).confirm;
        let asked = confirm(State::Unconfirmed { until }, false).unwrap();
        assert_eq!(asked.by, "Wednesday 12 May 2027 at 2pm");
        assert!(asked.url.ends_with("/confirm"), "{}", asked.url);
        assert!(confirm(State::Booked, true).is_none());
    }

    #[test]
    fn moving_is_offered_once_the_address_is_proven() {
        let app = sample::idle_app();
        for (proven, can_move) in [(true, true), (false, false)] {
            let asked = question(&app, &sample::held(State::Booked, proven));
            assert_eq!(asked.choices.iter().any(|it| it.value == "move"), can_move);
            assert_eq!(asked.confirm_url.is_empty(), can_move);
        }
        let late = sample::idle_app_at(sample::day_1() - time::Duration::hours(1));
        assert!(
            question(&late, &sample::held(State::Booked, false))
                .confirm_url
                .is_empty()
        );
    }

    #[test]
    fn after_the_start_only_keeping_is_offered() {
        let offered = |now| {
            let app = sample::idle_app_at(now);
            let asked = question(&app, &sample::held(State::Booked, true));
            asked.choices.into_iter().map(|it| it.value).collect::<Vec<_>>()
        };
        assert_eq!(offered(sample::before()), ["keep", "move", "cancel"]);
        assert_eq!(
            offered(sample::day_1() - time::Duration::hours(1)),
            ["keep", "cancel"]
        );
        assert_eq!(offered(sample::day_1()), ["keep"]);
    }
}
