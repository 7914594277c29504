//! What the team does with a booking for its person, who calls or writes: each act is a page of its own,
//! with nothing chosen beforehand (B-30), and the history says who did it and by which way (T-48).

use axum::extract::State as Extracted;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use booking::allocator::{self, Arrival};
use booking::calendar::{self, RunDates};
use booking::{Actor, Ask, Asked, Cause, Change, Channel, Refusal, State, bookings};
use ids::{CourseId, Ts};
use serde::Serialize;

use super::{ActPath, BookingPath, BookingsPath, Found};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::people::address::Address;
use crate::people::correct::correct;
use crate::people::duplicates;
use crate::public::manage::moving::{free_reference, on_run};
use crate::public::manage::{CHOOSE_ONE, Choice, Row, days};
use crate::sign_in::SignedIn;
use crate::staff::Shell;
use crate::staff::channel::{CHANNELS, Told};
use crate::words;
use crate::work::Work;

/// The longest reason.
const REASON: usize = 500;
/// The answer that changes nothing.
const KEEP: &str = "keep";

/// What can be done with a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Confirm it, or take up again what was not confirmed in time (B-22).
    Confirm,
    /// Answer an offer.
    Offer,
    /// Give the person another address (B-22).
    Address,
    /// Move it to other dates.
    Move,
    /// Cancel it, with a reason that the person reads (M15).
    Cancel,
}

impl Act {
    const ALL: [Self; 5] = [
        Self::Confirm,
        Self::Offer,
        Self::Address,
        Self::Move,
        Self::Cancel,
    ];

    /// The word in the path.
    fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Offer => "offer",
            Self::Address => "address",
            Self::Move => "move",
            Self::Cancel => "cancel",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The words of the link to it.
    pub(super) fn link(self) -> &'static str {
        match self {
            Self::Confirm => "Confirm for the person",
            Self::Offer => "Answer the offer for the person",
            Self::Address => "Correct the email address",
            Self::Move => "Move to other dates",
            Self::Cancel => "Cancel this booking",
        }
    }

    /// What is said when it is done.
    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Confirm => "The booking is confirmed.",
            Self::Offer => "The answer is noted.",
            Self::Address => {
                "The email address is changed. Links that went to the old address do not work any more."
            }
            Self::Move => "The booking is moved. This page shows the new dates.",
            Self::Cancel => "The booking is cancelled.",
        }
    }

    pub(super) fn path(self, found: &Found) -> String {
        format!("{}/{}", found.path(), self.name())
    }

    /// What makes sense for a booking now; whether it succeeds, the rules say when it is done.
    pub(super) fn possible(found: &Found, now: Ts) -> Vec<Self> {
        let begun = found.run.sessions.iter().any(|it| it.starts_at <= now);
        let over = found.run.sessions.iter().all(|it| it.ends_at <= now);
        let state = found.record.state;
        let makes_sense = |act: &Self| match act {
            Self::Confirm => !begun && matches!(state, State::Unconfirmed { .. } | State::Lapsed),
            Self::Offer => !begun && matches!(state, State::Offered { .. }),
            Self::Address => !over && (state.is_live() || (state == State::Lapsed && !begun)),
            Self::Move => !over && state.is_live(),
            Self::Cancel => !begun && state.is_live(),
        };
        Self::ALL.into_iter().filter(makes_sense).collect()
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Confirm => "Do you want to confirm this booking?",
            Self::Offer => "What does the person say to the offer?",
            Self::Address => "What is the right email address?",
            Self::Move => "Which dates should it be moved to?",
            Self::Cancel => "Do you want to cancel this booking?",
        }
    }

    fn lead(self) -> &'static str {
        match self {
            Self::Confirm => "The place is theirs from then on. We tell them.",
            Self::Offer => "Do this only when the person told you.",
            Self::Address => {
                "Links that went to the old address stop working. A booking that is not confirmed is confirmed at the same time."
            }
            Self::Move => "The old place goes to the next person straight away.",
            Self::Cancel => "The place goes to the next person straight away.",
        }
    }

    /// The question about why: its label, and whether it must be answered.
    fn reason(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Confirm | Self::Offer | Self::Address => None,
            Self::Move => Some((
                "Reason (optional)",
                "Needed if somebody on the waiting list stands in front",
            )),
            Self::Cancel => Some(("Reason", "The person reads it as you write it")),
        }
    }
}

/// A booking and what is to be done with it; for one's own it is not there (T-08).
async fn open(app: &App, me: &SignedIn, it: &ActPath) -> Result<(Found, Act), Error> {
    let act = Act::named(&it.act).ok_or(Error::NotFound)?;
    let found = Found::named(app.reader(), &it.reference).await?;
    if found.is_own(me) {
        return Err(Error::NotFound);
    }
    Ok((found, act))
}

pub(super) async fn ask(
    it: ActPath,
    Extracted(app): Extracted<App>,
    me: SignedIn,
) -> Result<Response, Error> {
    let (found, act) = open(&app, &me, &it).await?;
    if !Act::possible(&found, app.now()).contains(&act) {
        return Ok(Redirect::to(&found.path()).into_response());
    }
    let form = Form::default();
    app.page(&ActPage::new(&app, &me, &found, act, form).await?).await
}

pub(super) async fn answer(
    it: ActPath,
    Extracted(app): Extracted<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let (found, act) = open(&app, &me, &it).await?;
    let op = fields.op()?;
    let mut form = Form::read(&mut fields)?;
    fields.done()?;
    if form.answer.value == KEEP {
        return Ok(Redirect::to(&found.path()).into_response());
    }
    let mut page = ActPage::new(&app, &me, &found, act, form.clone()).await?;
    form.judge(act, &page.choices);
    page = page.with(form.clone());
    if !page.errors.is_empty() {
        return app.page_with(AGAIN, &page).await;
    }
    let doing = &Doing {
        found,
        act,
        form,
        me: me.clone(),
    };
    let (op, content) = (op.as_deref(), fields.content());
    let done = app
        .change(async |work| work.once(op, content, doing.make(&work)).await)
        .await;
    match done {
        Ok(path) => Ok(Redirect::to(&path).into_response()),
        Err(Error::Refused(why)) => page.refused(why).show(&app).await,
        Err(error) => Err(error),
    }
}

/// What was typed and chosen.
#[derive(Clone, Debug, Default, Serialize)]
struct Form {
    answer: Answer,
    email: Answer,
    reason: Answer,
    channel: Answer,
}

impl Form {
    fn read(fields: &mut Fields) -> Result<Self, Error> {
        Ok(Self {
            answer: Answer::new(fields.line("answer")?),
            email: Answer::new(fields.line("email")?),
            reason: Answer::new(fields.text("reason")?),
            channel: Answer::new(fields.line("channel")?),
        })
    }

    fn judge(&mut self, act: Act, choices: &[Choice]) {
        if !choices.is_empty() && !choices.iter().any(|it| it.value == self.answer.value) {
            self.answer = Answer::default();
            self.answer.refuse(CHOOSE_ONE);
        }
        if act == Act::Address && self.email.value.parse::<Address>().is_err() {
            self.email
                .refuse("Enter an email address in the correct format, like name@example.com");
        }
        if act == Act::Cancel && self.reason.value.is_empty() {
            self.reason.refuse("Enter the reason. The person will read it");
        }
        self.reason.at_most(REASON, "The reason");
        if Told::named(&self.channel.value).is_none() {
            self.channel = Answer::default();
            self.channel.refuse("Choose how you heard from the person");
        }
    }

    fn problems(&self) -> Vec<Problem> {
        problems([
            ("answer", &self.answer),
            ("email", &self.email),
            ("reason", &self.reason),
            ("channel", &self.channel),
        ])
    }
}

/// One act, ready to be done.
struct Doing {
    found: Found,
    act: Act,
    form: Form,
    me: SignedIn,
}

impl Doing {
    fn cause(&self) -> Cause {
        let channel = Told::named(&self.form.channel.value).map_or(Channel::Web, |it| it.0);
        let reason = self.form.reason.given().filter(|_| self.act.reason().is_some());
        Cause {
            actor: Actor::Team(Some(self.me.person)),
            channel,
            reason,
        }
    }

    /// Does it; where to go then.
    async fn make(&self, work: &Work) -> Result<String, Error> {
        let (id, run) = (self.found.record.id, self.found.record.run);
        let change = match (self.act, self.form.answer.value.as_str()) {
            (Act::Move, to) => return self.move_to(work, to).await,
            (Act::Address, _) => {
                let address = self.form.email.value.parse::<Address>();
                let address = address.map_err(|_| Error::BadForm("no address".to_owned()))?;
                correct(work, id, &address, self.cause()).await?;
                return Ok(self.after(&self.found.record.reference));
            }
            (Act::Offer, "decline") => Change::Decline(id),
            (Act::Offer, _) => Change::Accept(id, None),
            (Act::Confirm, _) => Change::Confirm(id, None),
            (Act::Cancel, _) => Change::Cancel(id),
        };
        let asked = Asked {
            change,
            cause: self.cause(),
            details: None,
        };
        work.allocate(run, asked).await?;
        if self.act == Act::Confirm {
            duplicates::ask_to_look(work, self.found.person.id).await?;
        }
        Ok(self.after(&self.found.record.reference))
    }

    async fn move_to(&self, work: &Work, slug: &str) -> Result<String, Error> {
        let (record, person) = (&self.found.record, &self.found.person);
        let to = calendar::run_named(work.tx(), &self.found.run.course_code, slug).await?;
        let to = to.ok_or(Error::NotFound)?;
        let ask = Ask {
            booking: on_run(work, person.id, to.id).await?,
            person: person.id,
            proven: person.is_proven(),
            priority: false,
        };
        let arrival = Arrival {
            run: to.id,
            ask,
            cause: self.cause(),
            reference: free_reference(work).await?,
        };
        work.allocate_move((record.run, record.id), arrival).await?;
        let arrived = bookings::find(work.tx(), ask.booking)
            .await?
            .ok_or(Error::NotFound)?;
        Ok(self.after(&arrived.reference))
    }

    fn after(&self, reference: &str) -> String {
        format!("{}?done={}", BookingPath::of(reference), self.act.name())
    }
}

/// Why something did not happen, as the team reads it.
pub(super) fn because(why: Refusal) -> &'static str {
    match why {
        Refusal::NoPlace => "There is no free place on these dates any more.",
        Refusal::OtherBooking => {
            "The person has another booking for this course. Move or cancel that one first."
        }
        Refusal::RunStarted => "The course has begun.",
        Refusal::RunCancelled => "These dates are cancelled.",
        Refusal::Moved => "The booking was moved to other dates.",
        Refusal::Ended => "The booking has ended.",
        Refusal::Booked => "The person has a place on these dates already.",
        Refusal::UseAccept => "The person has an offer. Answer the offer for them instead.",
        Refusal::ListOff => "There is no free place, and these dates have no waiting list.",
        Refusal::PlacesFree => "A place is free, so nobody needs to wait.",
        Refusal::NeedsReason => "Someone on the waiting list stands in front. Enter a reason.",
        Refusal::NotFound
        | Refusal::Waiting
        | Refusal::Offered
        | Refusal::UseConfirm
        | Refusal::UseCancel
        | Refusal::OfferOver
        | Refusal::NotWaiting
        | Refusal::NotDue
        | Refusal::NotPublished
        | Refusal::NotOpen
        | Refusal::BookingClosed
        | Refusal::TooManyHolds => "Things have changed since you opened the page.",
    }
}

#[derive(Clone, Debug, Serialize)]
struct ActPage {
    heading: &'static str,
    back: String,
    notice: &'static str,
    rows: Vec<Row>,
    lead: &'static str,
    choices: Vec<Choice>,
    asks_email: bool,
    reason_label: &'static str,
    reason_hint: &'static str,
    channels: [Told; 3],
    form: Form,
    errors: Vec<Problem>,
    action: String,
    op: String,
    shell: Shell,
    #[serde(skip)]
    status: StatusCode,
}

impl ActPage {
    async fn new(app: &App, me: &SignedIn, found: &Found, act: Act, form: Form) -> Result<Self, Error> {
        let choices = choices(app, found, act).await?;
        let shell = Shell::of(app, me, BookingsPath::PATH).await?;
        Ok(Self::of(found, act, choices, app.secrets().op(), shell).with(form))
    }

    fn of(found: &Found, act: Act, choices: Vec<Choice>, op: String, shell: Shell) -> Self {
        let mut rows = vec![
            Row::new("Name", found.person.full_name.clone()),
            Row::new("Reference", found.record.reference.clone()),
        ];
        rows.extend(days(&found.run.sessions));
        if act == Act::Address {
            rows.push(Row::new(
                "Address now",
                found.person.email.clone().unwrap_or_else(|| "None".to_owned()),
            ));
        }
        let (reason_label, reason_hint) = act.reason().unwrap_or_default();
        Self {
            heading: act.heading(),
            back: found.path(),
            notice: "",
            rows,
            lead: act.lead(),
            choices,
            asks_email: act == Act::Address,
            reason_label,
            reason_hint,
            channels: CHANNELS,
            form: Form::default(),
            errors: Vec::new(),
            action: act.path(found),
            op,
            shell,
            status: StatusCode::OK,
        }
    }

    fn with(self, form: Form) -> Self {
        Self {
            errors: form.problems(),
            form,
            ..self
        }
    }

    /// The form again, with why nothing happened: a missing reason can be added, the rest is a conflict.
    fn refused(self, why: Refusal) -> Self {
        if why == Refusal::NeedsReason && !self.reason_label.is_empty() {
            let mut form = self.form.clone();
            form.reason.refuse(because(why));
            return Self {
                status: AGAIN,
                ..self.with(form)
            };
        }
        Self {
            notice: because(why),
            status: StatusCode::CONFLICT,
            ..self
        }
    }

    async fn show(&self, app: &App) -> Result<Response, Error> {
        app.page_with(self.status, self).await
    }
}

/// The answers to choose from; none where something is typed instead.
async fn choices(app: &App, found: &Found, act: Act) -> Result<Vec<Choice>, Error> {
    let pair = |yes: Choice, no: &str| vec![yes, Choice::new(KEEP, no)];
    Ok(match act {
        Act::Confirm => pair(Choice::new("confirm", "Yes, confirm it"), "No, leave it as it is"),
        Act::Cancel => pair(Choice::new("cancel", "Yes, cancel it"), "No, leave it as it is"),
        Act::Address => Vec::new(),
        Act::Offer => vec![
            Choice::new("accept", "Yes, they take the place"),
            Choice::new("decline", "No, but they stay on the list"),
            Choice::new(KEEP, "No answer yet"),
        ],
        Act::Move => other_dates(app, found).await?,
    })
}

/// The other dates of the course.
async fn other_dates(app: &App, found: &Found) -> Result<Vec<Choice>, Error> {
    let mut dates = Vec::new();
    for (run, hint) in open_dates(app, Some(found.run.course)).await? {
        if run.id != found.run.id {
            dates.push(Choice {
                hint,
                ..Choice::new(run.slug.clone(), words::dates(&run.sessions))
            });
        }
    }
    dates.push(Choice::new(KEEP, "None of these, leave it as it is"));
    Ok(dates)
}

/// The dates that have not begun, of one course or of all, with what is free there.
pub(super) async fn open_dates(app: &App, of: Option<CourseId>) -> Result<Vec<(RunDates, String)>, Error> {
    let (db, now) = (app.reader(), app.now());
    let mut dates = Vec::new();
    for run in calendar::upcoming(db, of, now).await? {
        let snapshot = allocator::snapshot(db, run.id).await?;
        let Some(snapshot) = snapshot.filter(|it| run.cancelled_at.is_none() && !it.has_begun(now)) else {
            continue;
        };
        let free = match snapshot.free_places() {
            0 => "Full".to_owned(),
            1 => "1 place free".to_owned(),
            many => format!("{many} places free"),
        };
        let hint = format!(
            "{}. {}. {free}.",
            words::all_hours(&run.sessions),
            words::place(&run)
        );
        dates.push((run, hint));
    }
    Ok(dates)
}

impl Page for ActPage {
    const TEMPLATE: &'static str = "pages/staff/bookings/act.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let found = || {
            let held = crate::public::manage::tests::held(State::Booked, true);
            Found {
                record: held.record,
                person: held.person,
                run: held.run,
            }
        };
        let yes = || {
            vec![
                Choice::new("yes", "Yes"),
                Choice::new(KEEP, "No, leave it as it is"),
            ]
        };
        let page = |act: Act| {
            let choices = if act == Act::Address { Vec::new() } else { yes() };
            Self::of(&found(), act, choices, "0".repeat(32), Shell::sample())
        };
        let wrong = |act: Act| {
            let mut form = Form::default();
            form.judge(act, &yes());
            page(act).with(form)
        };
        let mut all: Vec<Self> = Act::ALL.into_iter().map(page).collect();
        all.extend([wrong(Act::Cancel), page(Act::Move).refused(Refusal::NoPlace)]);
        all.push(page(Act::Move).refused(Refusal::NeedsReason));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<ActPage>();
    }

    #[test]
    fn what_makes_sense_depends_on_state_and_time() {
        use crate::public::manage::tests::{before, day_1, day_2, held};
        let can = |state, now| {
            let held = held(state, true);
            let found = Found {
                record: held.record,
                person: held.person,
                run: held.run,
            };
            let acts = Act::possible(&found, now).into_iter().map(Act::name);
            acts.collect::<Vec<_>>().join(" ")
        };
        let until = day_1();
        assert_eq!(
            can(State::Unconfirmed { until }, before()),
            "confirm address move cancel"
        );
        assert_eq!(can(State::Booked, before()), "address move cancel");
        assert_eq!(
            can(State::Offered { until }, before()),
            "offer address move cancel"
        );
        assert_eq!(can(State::Lapsed, before()), "confirm address");
        assert_eq!(can(State::Booked, day_1()), "address move");
        assert_eq!(can(State::Booked, day_2() + time::Duration::days(1)), "");
        assert_eq!(can(State::Closed, before()), "");
    }
}
