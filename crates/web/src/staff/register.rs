//! The register of one day: a row for each person, and three big buttons in each (B-60, U-39).

mod page;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use booking::attendance::{self, Code, Hand, Mark, NotRecorded, Row, Said};
use booking::calendar::{Meeting, RunDates};
use ids::{BookingId, Ts};
use uuid::Uuid;

use super::Shell;
use super::on_the_day::{Day, RegisterPath};
use crate::app::App;
use crate::audit::Act;
use crate::certificate;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields};
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::ON_THE_DAY;
use crate::tasks::{late_register, missed};
use crate::work::Work;
use page::RegisterPage;

pub(super) fn routes() -> Routes {
    let who = Who::Roles(ON_THE_DAY);
    Routes::default()
        .get::<RegisterPath, _, _>(who, show)
        .post::<RegisterPath, _, _>(who, save)
}

/// One of the three buttons of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Here,
    Late,
    NotHere,
}

impl Segment {
    const ALL: [Self; 3] = [Self::Here, Self::Late, Self::NotHere];

    fn name(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Late => "late",
            Self::NotHere => "not_here",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Here => "Here",
            Self::Late => "Late",
            Self::NotHere => "Not here",
        }
    }

    /// The button that a code stands behind.
    fn of(code: Code) -> Self {
        match code {
            Code::Present | Code::LeftEarly => Self::Here,
            Code::Late => Self::Late,
            Code::Apologies | Code::Absent | Code::Excused => Self::NotHere,
        }
    }

    /// What pressing it says.
    fn code(self) -> Code {
        match self {
            Self::Here => Code::Present,
            Self::Late => Code::Late,
            Self::NotHere => Code::Absent,
        }
    }
}

/// The button that is pressed by what is recorded.
fn recorded(row: &Row) -> Option<Segment> {
    row.mark().map(|it: &Mark| Segment::of(it.code))
}

/// What somebody has pressed and typed.
#[derive(Clone, Debug, Default)]
struct Typed {
    chosen: BTreeMap<BookingId, Segment>,
    version: u64,
    reason: Answer,
}

impl Typed {
    /// What is recorded, as if somebody had pressed it.
    fn saved(day: &Day) -> Self {
        let rows = day.register.rows.iter();
        Self {
            chosen: rows.filter_map(|it| Some((it.booking, recorded(it)?))).collect(),
            version: day.register.version,
            reason: Answer::default(),
        }
    }

    fn read(day: &Day, fields: &mut Fields) -> Result<Self, Error> {
        let bad = |why: &str| Error::BadForm(why.to_owned());
        let version = fields.line("version")?;
        let version = version.parse().map_err(|_| bad("it has no version"))?;
        let mut chosen = BTreeMap::new();
        for row in &day.register.rows {
            let value = fields.line(&row.booking.to_string())?;
            let found = Segment::ALL.into_iter().find(|it| it.name() == value);
            if found.is_none() && !value.is_empty() {
                return Err(bad("a choice is none of the three"));
            }
            chosen.extend(found.map(|it| (row.booking, it)));
        }
        Ok(Self {
            chosen,
            version,
            reason: Answer::new(fields.text("reason")?),
        })
    }

    /// What differs from what is recorded: the rest is not said again.
    fn said(&self, day: &Day) -> Vec<Said> {
        let rows = day.register.rows.iter().filter(|it| it.person != day.me);
        let differs = rows.filter_map(|row| {
            let chosen = *self.chosen.get(&row.booking)?;
            (recorded(row) != Some(chosen)).then_some(Said {
                booking: row.booking,
                code: chosen.code(),
                minutes: None,
            })
        });
        differs.collect()
    }
}

async fn show(
    RegisterPath { session }: RegisterPath,
    State(app): State<App>,
    me: SignedIn,
) -> Result<Response, Error> {
    let day = Day::open(&app, &me, &session).await?;
    let typed = Typed::saved(&day);
    answer(&app, &me, StatusCode::OK, day, |day, shell| {
        RegisterPage::of(&app, day, &typed, shell)
    })
    .await
}

async fn save(
    RegisterPath { session }: RegisterPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let day = Day::open(&app, &me, &session).await?;
    let (op, action) = (fields.op()?, fields.line("action")?);
    let mut typed = Typed::read(&day, &mut fields)?;
    let content = fields.content().to_owned();
    nothing_strange(fields)?;
    if day.opens().is_some() {
        return answer(&app, &me, StatusCode::CONFLICT, day, |day, shell| {
            RegisterPage::of(&app, day, &typed, shell)
        })
        .await;
    }
    if action == "fill_here" {
        // Whoever needs somebody's word first is not filled in (B-63).
        let others = day.register.rows.iter();
        for row in others.filter(|it| !day.first.keeps_out(it.booking)) {
            typed
                .chosen
                .entry(row.booking)
                .or_insert(recorded(row).unwrap_or(Segment::Here));
        }
        return answer(&app, &me, StatusCode::OK, day, |day, shell| {
            RegisterPage::of(&app, day, &typed, shell).filled()
        })
        .await;
    }
    typed.reason.at_most(280, "The reason");
    if typed.chosen.is_empty() || typed.reason.is_wrong() {
        return answer(&app, &me, AGAIN, day, |day, shell| {
            RegisterPage::of(&app, day, &typed, shell).refused()
        })
        .await;
    }
    let hand = Hand {
        by: me.person,
        is_lead: day.is_lead,
        reason: typed.reason.given(),
        seen: typed.version,
    };
    let said = typed.said(&day);
    match record(&app, &day, &hand, &said, (op.as_deref(), &content)).await {
        Ok(path) => Ok(Redirect::to(&path).into_response()),
        Err(Error::NotRecorded(why)) => not_saved(&app, &me, &session, typed, why).await,
        Err(error) => Err(error),
    }
}

/// Records what is said, with the tasks that follow from it; where to go then.
pub(super) async fn record(
    app: &App,
    day: &Day,
    hand: &Hand,
    said: &[Said],
    (op, content): (Option<&str>, &str),
) -> Result<String, Error> {
    app.change(async |work| {
        let act = async {
            write(&work, &day.dates, day.meeting(), hand, said).await?;
            Ok(day.path("/register"))
        };
        work.once(op, content, act).await
    })
    .await
}

/// Writes down what is said of a day, and all that follows from it: the audit, certificates and thanks, calls to
/// whoever was absent, the end of the task that asks for the register.
pub(crate) async fn write(
    work: &Work,
    dates: &RunDates,
    day: &Meeting,
    hand: &Hand,
    said: &[Said],
) -> Result<(), Error> {
    let (now, fresh): (Ts, _) = (work.now(), || work.fresh_id());
    let changed = attendance::record(work.tx(), now, &fresh, day.id, hand, said).await?;
    for it in &changed {
        work.note(Act {
            reason: hand.reason.clone(),
            ..Act::by_member(hand.by, it.to.name(), "attendance", it.booking.0)
        });
    }
    certificate::follow(work, hand, &changed).await?;
    missed::follow(work, dates, day, &changed).await?;
    let found = attendance::register(work.tx(), day.id).await?;
    late_register::follow(work, &found.ok_or(Error::NotFound)?).await
}

/// The form again, with what was pressed, and why it was not saved.
async fn not_saved(
    app: &App,
    me: &SignedIn,
    session: &str,
    mut typed: Typed,
    why: NotRecorded,
) -> Result<Response, Error> {
    let day = Day::open(app, me, session).await?;
    let status = match why {
        NotRecorded::NeedsReason => {
            typed.reason.refuse("Say why it has changed");
            AGAIN
        }
        NotRecorded::KeptOut(_) => AGAIN,
        NotRecorded::Clash | NotRecorded::NotOpen(_) | NotRecorded::LeadOnly | NotRecorded::Minutes(_) => {
            StatusCode::CONFLICT
        }
    };
    answer(app, me, status, day, |day, shell| {
        let page = RegisterPage::of(app, day, &typed, shell);
        match why {
            NotRecorded::Clash => page.clashing(day, &typed),
            NotRecorded::NeedsReason => page.refused(),
            NotRecorded::LeadOnly => page.for_a_lead(),
            NotRecorded::KeptOut(_) => page.keeping_out(day, &typed),
            NotRecorded::NotOpen(_) | NotRecorded::Minutes(_) => page,
        }
    })
    .await
}

/// The page, with what helps people to take part if whoever looks may read it (B-65).
async fn answer(
    app: &App,
    me: &SignedIn,
    status: StatusCode,
    day: Day,
    page: impl FnOnce(&Day, Shell) -> RegisterPage,
) -> Result<Response, Error> {
    let day = day.with_needs(app, me).await?;
    let shell = Shell::of(app, me, &day.path("/register")).await?;
    app.page_with(status, &page(&day, shell)).await
}

/// Refuses fields that the page does not have (T-34), but for people who lost their place meanwhile.
fn nothing_strange(fields: Fields) -> Result<(), Error> {
    if fields.all().iter().all(|(name, _)| Uuid::parse_str(name).is_ok()) {
        Ok(())
    } else {
        Err(Error::BadForm(
            "it has a field that the page does not have".to_owned(),
        ))
    }
}
