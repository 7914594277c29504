//! The way into a session, from a while before it to its end (B-51). Mail links here and never to the
//! meeting itself.

use axum::extract::State as Extracted;
use axum::response::Response;
use booking::State;
use booking::attendance::first_day::is_kept_out;
use booking::calendar::{self, Delivery, Meeting};
use ids::Ts;
use serde::Serialize;
use time::Duration;

use super::{Facts, Held, JoinPath};
use crate::app::App;
use crate::error::Error;
use crate::links::Purpose;
use crate::pages::Page;
use crate::visitor::Visitor;
use crate::words;

pub(super) async fn show(
    JoinPath { token }: JoinPath,
    Extracted(app): Extracted<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let held = Held::open(&app, visitor, Purpose::Booking, &token).await?;
    if held.record.state == State::Booked && !held.person.is_proven() {
        return Ok(held.go("/confirm"));
    }
    let (settings, _) = calendar::rules(app.reader()).await?;
    let (now, before) = (app.now(), Duration::minutes(settings.join_opens));
    let page = JoinPage::of(&held, now, before);
    let kept_out = match door(&held.run.sessions, now, before) {
        Door::Open(it) => is_kept_out(app.reader(), it.id, held.record.id).await?,
        Door::Opens(..) | Door::Over => false,
    };
    app.page(&if kept_out { page.kept_out() } else { page }).await
}

/// Whether one can go in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door<'a> {
    /// From that moment, for that session.
    Opens(Ts, &'a Meeting),
    /// Now.
    Open(&'a Meeting),
    /// The last session has ended.
    Over,
}

fn door(sessions: &[Meeting], now: Ts, before: Duration) -> Door<'_> {
    match sessions.iter().find(|it| now < it.ends_at) {
        None => Door::Over,
        Some(it) if now < it.starts_at - before => Door::Opens(it.starts_at - before, it),
        Some(it) => Door::Open(it),
    }
}

#[derive(Clone, Debug, Serialize)]
struct JoinPage {
    booking: Facts,
    heading: &'static str,
    /// "Tuesday 8 June 2027, 10am to 1:15pm".
    session: String,
    /// When the page opens, if it is too early.
    opens: String,
    /// The meeting; empty if it cannot be shown.
    meeting: String,
    /// "`too_early`", "open", "`kept_out`", "`no_link`", "`in_person`", "over" or "`not_booked`".
    stage: &'static str,
    /// Where people meet, for those who come in person.
    venue: String,
}

impl JoinPage {
    fn of(held: &Held, now: Ts, before: Duration) -> Self {
        let (run, door) = (&held.run, door(&held.run.sessions, now, before));
        // A typing slip in the records must not turn into a link that does something else.
        let link = run
            .join_url
            .as_deref()
            .filter(|it| it.starts_with("https://") || it.starts_with("http://"));
        let (stage, heading) = match (held.record.state, run.delivery, door, link) {
            (State::Booked, _, Door::Over, _) => ("over", "These dates have passed"),
            (State::Booked, Delivery::InPerson, ..) => ("in_person", "You meet in person"),
            (State::Booked, _, Door::Opens(..), _) => ("too_early", "This page opens later"),
            (State::Booked, _, Door::Open(_), None) => ("no_link", "Please call us to join"),
            (State::Booked, _, Door::Open(_), Some(_)) => ("open", "Join now"),
            (_, _, _, _) => ("not_booked", "You do not have a place on these dates"),
        };
        let (opens, session) = match door {
            Door::Opens(at, it) => (words::date_time(at), words::day(it)),
            Door::Open(it) => (String::new(), words::day(it)),
            Door::Over => Default::default(),
        };
        let meeting = link.filter(|_| stage == "open").unwrap_or_default().to_owned();
        let venue = run.venue.clone().unwrap_or_default();
        let venue = if stage == "not_booked" || run.delivery == Delivery::Online {
            String::new()
        } else {
            venue
        };
        Self {
            booking: held.facts(),
            heading,
            session,
            opens,
            meeting,
            stage,
            venue,
        }
    }
}

impl JoinPage {
    /// For somebody who missed day 1, and whom nobody has let into day 2 (B-63).
    fn kept_out(self) -> Self {
        if self.stage == "not_booked" {
            return self;
        }
        Self {
            heading: "Please call us before you join",
            stage: "kept_out",
            meeting: String::new(),
            ..self
        }
    }
}

impl Page for JoinPage {
    const TEMPLATE: &'static str = "pages/manage/join.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::tests as sample;
        let (half, day_1) = (Duration::minutes(30), sample::day_1());
        let booked = || sample::held(State::Booked, true);
        let in_person = |delivery| {
            let mut held = booked();
            (held.run.delivery, held.run.venue) = (delivery, Some("Room 2, Recovery College".to_owned()));
            held
        };
        let mut without = booked();
        without.run.join_url = None;
        vec![
            Self::of(&booked(), sample::before(), half),
            Self::of(&booked(), day_1, half),
            Self::of(&booked(), sample::day_2(), half).kept_out(),
            Self::of(&in_person(Delivery::Hybrid), day_1, half),
            Self::of(&without, day_1, half),
            Self::of(&in_person(Delivery::InPerson), day_1, half),
            Self::of(&booked(), sample::day_2() + Duration::days(1), half),
            Self::of(&sample::held(State::Waiting, true), day_1, half),
            Self::of(&sample::held(State::Lapsed, false), day_1, half),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public::manage::tests as sample;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<JoinPage>();
    }

    #[test]
    fn the_door_opens_30_minutes_before_each_day_and_closes_with_it() {
        let held = sample::held(State::Booked, true);
        let stage = |now| JoinPage::of(&held, now, Duration::minutes(30)).stage;
        let (day_1, day_2) = (sample::day_1(), sample::day_2());
        assert_eq!(stage(day_1 - Duration::minutes(31)), "too_early");
        assert_eq!(stage(day_1 - Duration::minutes(30)), "open");
        assert_eq!(stage(held.run.sessions[0].ends_at - Duration::seconds(1)), "open");
        assert_eq!(stage(held.run.sessions[0].ends_at), "too_early");
        assert_eq!(stage(day_2), "open");
        assert_eq!(stage(held.run.sessions[1].ends_at), "over");
    }

    #[test]
    fn the_meeting_is_shown_to_nobody_else_and_at_no_other_time() {
        let shown = |state, now, url: &str| {
            let mut held = sample::held(state, true);
            held.run.join_url = Some(url.to_owned());
            serde_json::to_string(&JoinPage::of(&held, now, Duration::minutes(30)))
                .unwrap()
                .contains("secret-room")
        };
        let url = "https://meet.example.org/secret-room";
        assert!(shown(State::Booked, sample::day_1(), url));
        assert!(!shown(State::Booked, sample::before(), url));
        assert!(!shown(State::Waiting, sample::day_1(), url));
        assert!(!shown(State::Booked, sample::day_1(), "javascript:secret-room"));
    }
}
