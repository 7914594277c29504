//! One person on one day: everything that was recorded, and what three buttons cannot say (B-60, B-62).

use std::collections::BTreeSet;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use booking::attendance::{Code, Hand, Mark, NotRecorded, Row, Said};
use serde::{Deserialize, Serialize};

use super::Shell;
use super::on_the_day::{Day, FLAG, LetInPath, OnePersonPath};
use super::register::record;
use crate::app::App;
use crate::entity::emergency_contact;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem};
use crate::pages::Page;
use crate::public::manage::CHOOSE_ONE;
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::ON_THE_DAY;
use crate::words;

pub(super) fn routes() -> Routes {
    let who = Who::Roles(ON_THE_DAY);
    Routes::default()
        .get::<OnePersonPath, _, _>(who, show)
        .post::<OnePersonPath, _, _>(who, save)
}

/// What a code is called.
pub(super) fn said(code: Code) -> &'static str {
    match code {
        Code::Present => "Here",
        Code::Late => "Late",
        Code::LeftEarly => "Left early",
        Code::Apologies => "They told us that they cannot come",
        Code::Absent => "Not here",
        Code::Excused => "Excused",
    }
}

/// What was chosen and typed.
#[derive(Clone, Debug, Default)]
struct Typed {
    code: Answer,
    minutes: Answer,
    reason: Answer,
}

/// What is asked for beside the page itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// "call", to see whom we could call.
    see: String,
}

/// What the address says to see whom we could call.
const CALL: &str = "call";

async fn show(
    path: OnePersonPath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let day = open(&app, &me, &path).await?;
    let row = theirs(&day, &path)?;
    let asks = asked.see == CALL;
    let someone = if asks { day.someone(&app, row).await? } else { None };
    answer(&app, &me, StatusCode::OK, &day, |shell| {
        let page = OnePersonPage::of(&app, &day, row, Typed::default(), shell);
        if asks { page.with_someone(someone) } else { page }
    })
    .await
}

/// The day, with what helps this person to take part if whoever looks may read it.
async fn open(app: &App, me: &SignedIn, path: &OnePersonPath) -> Result<Day, Error> {
    let day = Day::open(app, me, &path.session).await?;
    let whose: BTreeSet<_> = [theirs(&day, path)?.booking].into();
    day.with_needs_of(app, me, whose).await
}

async fn save(
    path: OnePersonPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let day = open(&app, &me, &path).await?;
    let row = theirs(&day, &path)?;
    let (op, version) = (fields.op()?, fields.line("version")?);
    let seen = version
        .parse()
        .map_err(|_| Error::BadForm("it has no version".to_owned()))?;
    let mut typed = Typed {
        code: Answer::new(fields.line("code")?),
        minutes: Answer::new(fields.line("minutes")?),
        reason: Answer::new(fields.text("reason")?),
    };
    fields.done()?;
    let Some(said) = judge(row, &mut typed) else {
        return answer(&app, &me, AGAIN, &day, |shell| {
            OnePersonPage::of(&app, &day, row, typed, shell).refused()
        })
        .await;
    };
    let hand = Hand {
        by: me.person,
        is_lead: day.is_lead,
        reason: typed.reason.given(),
        seen,
    };
    match record(&app, &day, &hand, &[said], (op.as_deref(), fields.content())).await {
        Ok(path) => Ok(Redirect::to(&path).into_response()),
        Err(Error::NotRecorded(why)) => not_saved(&app, &me, &path, typed, why).await,
        Err(error) => Err(error),
    }
}

/// The row; nobody marks themselves (T-08).
fn theirs<'a>(day: &'a Day, path: &OnePersonPath) -> Result<&'a Row, Error> {
    let row = day.row(&path.booking)?;
    if row.person == day.me {
        return Err(Error::NotFound);
    }
    Ok(row)
}

/// What is said, if it can be read.
fn judge(row: &Row, typed: &mut Typed) -> Option<Said> {
    let code = Code::named(&typed.code.value);
    if code.is_none() {
        typed.code.refuse(CHOOSE_ONE);
    }
    typed.reason.at_most(280, "The reason");
    // A number that belongs to another choice is not looked at (U-11).
    let counts = matches!(code, Some(Code::Late | Code::LeftEarly));
    let given = typed.minutes.given().filter(|_| counts);
    let minutes = given.as_ref().and_then(|it| it.parse::<i64>().ok());
    if given.is_some() && minutes.is_none() {
        typed.minutes.refuse("Enter the minutes as a number, like 90");
    }
    let is_wrong = [&typed.code, &typed.minutes, &typed.reason]
        .iter()
        .any(|it| it.is_wrong());
    Some(Said {
        booking: row.booking,
        code: code.filter(|_| !is_wrong)?,
        minutes,
    })
}

async fn not_saved(
    app: &App,
    me: &SignedIn,
    path: &OnePersonPath,
    mut typed: Typed,
    why: NotRecorded,
) -> Result<Response, Error> {
    let day = open(app, me, path).await?;
    let row = theirs(&day, path)?;
    let mut status = AGAIN;
    let now = row.mark().map_or("nothing", |it| said(it.code));
    match why {
        NotRecorded::NeedsReason => typed.reason.refuse("Say why it has changed"),
        NotRecorded::Minutes(most) => typed.minutes.refuse(format!("Enter a number from 1 to {most}")),
        NotRecorded::Clash => {
            status = StatusCode::CONFLICT;
            let who = row.mark().map_or_else(String::new, |it| day.who(it.by));
            let chosen = Code::named(&typed.code.value).map_or("", said);
            typed.code.refuse(format!(
                "The register was saved meanwhile. It says now: {now} ({who}). You chose: {chosen}"
            ));
        }
        NotRecorded::KeptOut(_) => typed.code.refuse("They missed day 1. Let them in first"),
        NotRecorded::LeadOnly => {
            status = StatusCode::CONFLICT;
            typed.code.refuse("This day is long ago. Ask a lead to change it");
        }
        NotRecorded::NotOpen(at) => {
            status = StatusCode::CONFLICT;
            typed
                .code
                .refuse(format!("The register opens on {}", words::date_time(at)));
        }
    }
    answer(app, me, status, &day, |shell| {
        OnePersonPage::of(app, &day, row, typed, shell).refused()
    })
    .await
}

async fn answer(
    app: &App,
    me: &SignedIn,
    status: StatusCode,
    day: &Day,
    page: impl FnOnce(Shell) -> OnePersonPage,
) -> Result<Response, Error> {
    let shell = Shell::of(app, me, &day.path("")).await?;
    app.page_with(status, &page(shell)).await
}

/// One answer of the list.
#[derive(Clone, Debug, Serialize)]
struct Choice {
    value: &'static str,
    text: &'static str,
}

/// One person on one day.
#[derive(Clone, Debug, Serialize)]
struct OnePersonPage {
    heading: String,
    when: String,
    flag: &'static str,
    /// What helps them to take part, if whoever looks may read it.
    needs: Vec<String>,
    /// What is said of somebody who missed day 1 (B-63).
    missed_first: String,
    /// Where they are let in, if they are not yet.
    let_in_url: Option<String>,
    /// Where one sees whom we could call, while that may be seen.
    someone_url: Option<String>,
    /// Whom we could call, once it was asked for.
    someone: Vec<String>,
    someone_phone: String,
    someone_call: Option<String>,
    /// Everything recorded, last first.
    history: Vec<String>,
    /// When the register opens, if that is still to come.
    opens: Option<String>,
    errors: Vec<Problem>,
    choices: Vec<Choice>,
    code: Answer,
    minutes: Answer,
    /// How long the day was, without breaks.
    whole: i64,
    reason: Answer,
    asks_why: bool,
    version: u64,
    op: String,
    form_url: String,
    back_url: String,
    shell: Shell,
}

impl OnePersonPage {
    fn of(app: &App, day: &Day, row: &Row, typed: Typed, shell: Shell) -> Self {
        let path = OnePersonPath {
            session: day.meeting().id.to_string(),
            booking: row.booking.to_string(),
        };
        Self {
            heading: format!("{}, {}", day.called(row.person), day.name_inside()),
            when: words::day(day.meeting()),
            flag: if day.is_flagged(row.booking) && day.needs(row.booking).is_empty() {
                FLAG
            } else {
                ""
            },
            needs: day.needs(row.booking),
            missed_first: day.missed_first(row.booking).unwrap_or_default(),
            let_in_url: (day.lets_in() && day.first.keeps_out(row.booking)).then(|| {
                LetInPath {
                    session: path.session.clone(),
                    booking: path.booking.clone(),
                }
                .to_string()
            }),
            someone_url: day.shows_someone().then(|| format!("{path}?see={CALL}")),
            someone: Vec::new(),
            someone_phone: String::new(),
            someone_call: None,
            history: row.marks.iter().rev().map(|it| line(day, it)).collect(),
            opens: day.opens(),
            errors: Vec::new(),
            choices: Code::ALL
                .map(|it| Choice {
                    value: it.name(),
                    text: said(it),
                })
                .to_vec(),
            code: typed.code,
            minutes: typed.minutes,
            whole: booking::calendar::teaching_minutes(day.meeting()),
            reason: typed.reason,
            asks_why: row.mark().is_some_and(|it| it.by.is_some()),
            version: day.register.version,
            op: app.secrets().op(),
            form_url: path.to_string(),
            back_url: day.path("/register"),
            shell,
        }
    }

    /// With whom we could call: somebody, or nobody.
    fn with_someone(mut self, found: Option<emergency_contact::Model>) -> Self {
        if self.someone_url.is_none() {
            return self;
        }
        self.someone_url = None;
        self.someone = match found {
            Some(it) => {
                let may = if it.may_call {
                    "We may call them"
                } else {
                    "Ask the person before you call them"
                };
                self.someone_call = crate::calls::call(&it.phone);
                self.someone_phone = it.phone;
                vec![it.name, may.to_owned()]
            }
            None => vec!["They named nobody".to_owned()],
        };
        self
    }

    fn refused(mut self) -> Self {
        self.asks_why |= self.reason.is_wrong();
        let fields = [
            ("code", &self.code),
            ("minutes", &self.minutes),
            ("reason", &self.reason),
        ];
        self.errors = crate::forms::problems(fields);
        self
    }
}

/// "Late, here for 100 minutes. Saved by Robin, 9:35am on Tuesday 8 June 2027. They said why."
fn line(day: &Day, it: &Mark) -> String {
    let minutes = match it.code {
        Code::Late | Code::LeftEarly => format!(", here for {} minutes", it.minutes),
        Code::Present | Code::Apologies | Code::Absent | Code::Excused => String::new(),
    };
    let reason = it
        .reason
        .as_ref()
        .map_or_else(String::new, |why| format!(" Why: {why}"));
    format!(
        "{}{minutes}. Saved by {}, {}.{reason}",
        said(it.code),
        day.who(it.by),
        words::time_and_date(it.at)
    )
}

impl Page for OnePersonPage {
    const TEMPLATE: &'static str = "pages/staff/one_person.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use super::on_the_day::sample::{after_day_1, day, mark, with_needs};
        use crate::public::manage::tests::{before, idle_app};
        let app = idle_app();
        let day = day(&[
            ("Sam Taylor", vec![]),
            (
                "Jo Lee",
                vec![
                    mark(Code::Apologies, 0, None),
                    Mark {
                        reason: Some("Came after all, by phone".to_owned()),
                        ..mark(Code::Late, 100, Some(902))
                    },
                ],
            ),
        ]);
        let page = |at: usize, typed| Self::of(&app, &day, &day.register.rows[at], typed, Shell::sample());
        let mut wrong = Typed {
            minutes: Answer::new("an hour"),
            ..Typed::default()
        };
        wrong.code.refuse(CHOOSE_ONE);
        wrong.minutes.refuse("Enter the minutes as a number, like 90");
        wrong.reason.refuse("Say why it has changed");
        let mut early = day.clone();
        early.now = before();
        let jo = || emergency_contact::Model {
            id: uuid::Uuid::nil(),
            booking: day.register.rows[1].booking,
            name: "Pat Lee".to_owned(),
            phone: "01632 960004".to_owned(),
            may_call: true,
        };
        let of = |day: &super::on_the_day::Day, at: usize| {
            let row = &day.register.rows[at];
            Self::of(&app, day, row, Typed::default(), Shell::sample())
        };
        let second = after_day_1(day.clone());
        let careful = emergency_contact::Model {
            may_call: false,
            ..jo()
        };
        let mut seen: Vec<Self> = [Some(jo()), Some(careful), None]
            .map(|it| page(1, Typed::default()).with_someone(it))
            .to_vec();
        seen.extend([of(&with_needs(day.clone()), 1), of(&second, 0), of(&second, 1)]);
        seen.extend([
            page(0, Typed::default()),
            page(1, Typed::default()),
            page(1, wrong).refused(),
            Self::of(
                &app,
                &early,
                &early.register.rows[0],
                Typed::default(),
                Shell::sample(),
            ),
        ]);
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<OnePersonPage>();
    }
}
