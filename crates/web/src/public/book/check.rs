//! The last page before a form is sent: everything that was answered, and two statements.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use booking::{Refusal, allocator};
use serde::Serialize;

use super::answers::{Answers, Press, Statements, Step, Support};
use super::dates::{self, DatesPage};
use super::draft::{self, Draft, Kind};
use super::{CheckPath, DatesPath, resume, send};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Fields, Problem, refusal};
use crate::pages::Page;
use crate::public::questions::{self, FORMATS, NEEDS, WAYS};
use crate::visitor::Visitor;
use crate::words;

pub(super) async fn show(it: CheckPath, State(app): State<App>, visitor: Visitor) -> Result<Response, Error> {
    let draft = match draft::unsent(&app, visitor, &it.draft).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    if draft.answers.open() != Step::Check {
        return Ok(Redirect::to(&draft.path(draft.answers.open())).into_response());
    }
    let snapshot = allocator::snapshot(app.reader(), draft.run.id)
        .await?
        .ok_or(Error::NotFound)?;
    match send::would(&snapshot, draft.kind, app.now()) {
        Ok(_) => {
            app.page(&CheckPage::of(&app, &draft, Statements::default()))
                .await
        }
        // Better said before the button than after it.
        Err(why) => {
            app.page(&DatesPage::of(&app, &draft, Some(why), false).await?)
                .await
        }
    }
}

/// Sends the form, or keeps it for later.
pub(super) async fn take(
    it: CheckPath,
    State(app): State<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    let sent = Sent::read(&mut fields)?;
    let mut draft = match draft::unsent(&app, visitor, &it.draft).await? {
        Ok(draft) => draft,
        Err(elsewhere) => return Ok(elsewhere),
    };
    if sent.press == Press::Save {
        return resume::save(&app, visitor, &draft, sent.op).await;
    }
    if draft.answers.open() != Step::Check {
        return Ok(Redirect::to(&draft.path(draft.answers.open())).into_response());
    }
    draft.kind = sent.kind.unwrap_or(draft.kind);
    if !sent.statements.problems().is_empty() {
        return app
            .page_with(AGAIN, &CheckPage::of(&app, &draft, sent.statements))
            .await;
    }
    match attempt(&app, visitor, &draft, sent.op.as_deref(), fields.content()).await {
        Ok(()) => Ok(Redirect::to(&draft.done_path()).into_response()),
        Err(error) => match refusal(&error) {
            Some(why) => refused(&app, &draft, why).await,
            None => Err(error),
        },
    }
}

async fn attempt(
    app: &App,
    visitor: Visitor,
    draft: &Draft,
    op: Option<&str>,
    content: &str,
) -> Result<(), Error> {
    // Hundreds of people may press at once for the last place: whoever is plainly too late need not
    // queue for the right to write, and is not counted.
    let snapshot = allocator::snapshot(app.reader(), draft.run.id)
        .await?
        .ok_or(Error::NotFound)?;
    send::would(&snapshot, draft.kind, app.now())?;
    let settings = &snapshot.settings;
    app.limits.hold(visitor.0, settings).map_err(Error::TooMany)?;
    send::send(app, draft, op, content).await
}

/// Keeps the answers and shows what else can be done; unless the same form, pressed twice, got the
/// place that it now misses (U-04).
async fn refused(app: &App, draft: &Draft, why: Refusal) -> Result<Response, Error> {
    if draft::is_sent(app, draft).await? {
        return Ok(Redirect::to(&draft.done_path()).into_response());
    }
    dates::refused(app, draft, why, true).await
}

/// What came with the button.
struct Sent {
    press: Press,
    op: Option<String>,
    statements: Statements,
    /// Set by the buttons that do the other thing for the same dates.
    kind: Option<Kind>,
}

impl Sent {
    fn read(fields: &mut Fields) -> Result<Self, Error> {
        let (press, op) = (Press::read(fields)?, fields.op()?);
        let mut statements = Statements::read(fields)?;
        statements.judge();
        let kind = fields.line("kind")?;
        fields.done()?;
        Ok(Self {
            press,
            op,
            statements,
            kind: Kind::named(&kind),
        })
    }
}

/// All answers, and the statements.
#[derive(Clone, Debug, Serialize)]
struct CheckPage {
    caption: String,
    back_url: String,
    action: String,
    op: String,
    waits: bool,
    button: &'static str,
    about_you: Vec<Row>,
    support: Vec<Row>,
    form: Statements,
    errors: Vec<Problem>,
}

/// A line of the summary: a value, several, or a text as it was typed.
#[derive(Clone, Debug, Default, Serialize)]
struct Row {
    key: &'static str,
    value: String,
    lines: Vec<String>,
    typed: String,
    change: String,
    change_hidden: &'static str,
}

impl CheckPage {
    fn of(app: &App, draft: &Draft, form: Statements) -> Self {
        Self {
            caption: draft.kind.caption(&draft.run, Step::Check),
            back_url: draft.back(Step::Check),
            action: draft.path(Step::Check),
            op: app.secrets().op(),
            waits: draft.kind == Kind::Wait,
            button: match draft.kind {
                Kind::Book => "Confirm my booking",
                Kind::Wait => "Join the waiting list",
            },
            about_you: about_you(draft),
            support: support(draft),
            errors: if form.over_18.is_wrong() || form.agreed.is_wrong() {
                form.problems()
            } else {
                Vec::new()
            },
            form,
        }
    }
}

fn row(key: &'static str, value: String, change: String, change_hidden: &'static str) -> Row {
    Row {
        key,
        value,
        change,
        change_hidden,
        ..Row::default()
    }
}

/// An answer, or that there is none.
fn or_none(answer: Option<String>) -> String {
    answer.unwrap_or_else(|| "Not given".to_owned())
}

fn about_you(draft: &Draft) -> Vec<Row> {
    let Answers { you, contact, .. } = &draft.answers;
    let (names, reach) = (|| draft.path(Step::You), || draft.path(Step::Contact));
    let days = draft.run.sessions.iter().map(words::day).collect();
    let dates = DatesPath {
        draft: draft.token.clone(),
    }
    .to_string();
    let email = contact
        .address()
        .map_or_else(|| "I have no email".to_owned(), |it| it.to_string());
    let format = contact
        .info_format
        .given()
        .unwrap_or_else(|| "standard".to_owned());
    let mut rows = vec![
        Row {
            lines: days,
            ..row("Dates", String::new(), dates, "the dates")
        },
        row("Full name", you.full_name.value.clone(), names(), "your name"),
        row(
            "What we call you",
            or_none(you.called_name.given()),
            names(),
            "what we call you",
        ),
        row(
            "Pronouns",
            or_none(you.pronouns.given()),
            names(),
            "your pronouns",
        ),
        row("Email address", email, reach(), "your email address"),
        row(
            "Phone number",
            or_none(contact.phone.given()),
            reach(),
            "your phone number",
        ),
        row(
            "How we get in touch",
            questions::words(&WAYS, &contact.prefers.value).to_owned(),
            reach(),
            "how we get in touch",
        ),
        row(
            "How we send information",
            questions::words(&FORMATS, &format).to_owned(),
            reach(),
            "how we send information",
        ),
    ];
    if let Some(address) = draft.answers.post_address() {
        let typed = Row {
            typed: address,
            ..Row::default()
        };
        rows.push(Row {
            key: "Postal address",
            change: draft.path(Step::Post),
            change_hidden: "your postal address",
            ..typed
        });
    }
    rows
}

fn support(draft: &Draft) -> Vec<Row> {
    let support = &draft.answers.support;
    let change = || draft.path(Step::Support);
    let need = |it: questions::Need| {
        let words = questions::words(&NEEDS, it.code);
        it.detail
            .map_or_else(|| words.to_owned(), |detail| format!("{words}: {detail}"))
    };
    let mut needs: Vec<String> = support.wanted().into_iter().map(need).collect();
    if needs.is_empty() {
        needs.push("Nothing noted".to_owned());
    }
    let someone = support.someone().map_or_else(
        || vec!["Nobody".to_owned()],
        |it| {
            let may = if it.may_call {
                "You may call them"
            } else {
                "Please ask me before you call them"
            };
            vec![it.name, it.phone, may.to_owned()]
        },
    );
    let call = if support.call_first { "Yes" } else { "No" };
    let mut rows = vec![
        Row {
            lines: needs,
            ..row("What would help", String::new(), change(), "what would help")
        },
        Row {
            lines: someone,
            ..row(
                "Someone we could call",
                String::new(),
                change(),
                "someone we could call",
            )
        },
        row(
            "A call before the course",
            call.to_owned(),
            change(),
            "a call before the course",
        ),
    ];
    if let Some(typed) = support.hopes.given() {
        rows.push(Row {
            typed,
            ..row("What you hope for", String::new(), change(), "what you hope for")
        });
    }
    rows.push(Row {
        lines: booked_by(support),
        ..row("Booked by", String::new(), change(), "who books")
    });
    rows
}

/// Who books. Said also when nobody else does: what was typed without ticking the box is not kept (U-11),
/// and nobody should find that out later.
fn booked_by(support: &Support) -> Vec<String> {
    if !support.for_other {
        return vec!["Me".to_owned()];
    }
    let copies = support.copies.then(|| "Gets copies of emails".to_owned());
    let lines = [
        support.booked_by.given(),
        support.booked_by_contact.given(),
        copies,
    ];
    lines.into_iter().flatten().collect()
}

impl Page for CheckPage {
    const TEMPLATE: &'static str = "pages/book/check.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::forms::Answer;
        let mut all = dates::samples::draft();
        all.kind = Kind::Wait;
        all.answers.contact.prefers = Answer::new("post");
        all.answers.post.address = Answer::new("1 High Street\nAnytown");
        let support = &mut all.answers.support;
        support.needs.chosen = vec!["bsl".to_owned(), "other".to_owned()];
        support
            .needs
            .details
            .values_mut()
            .for_each(|it| *it = Answer::new("In the mornings"));
        (support.someone.name, support.someone.phone) = (Answer::new("Jo"), Answer::new("01632 960 001"));
        (support.call_first, support.for_other, support.copies) = (true, true, true);
        support.hopes = Answer::new("To listen.\nTo learn.");
        (support.booked_by, support.booked_by_contact) = (Answer::new("Jo"), Answer::new("jo@example.org"));
        let mut wrong = Statements::default();
        wrong.judge();
        let page = |draft: &Draft, form: Statements| Self {
            caption: draft.kind.caption(&draft.run, Step::Check),
            back_url: draft.back(Step::Check),
            action: draft.path(Step::Check),
            op: "00112233445566778899aabbccddeeff".to_owned(),
            waits: draft.kind == Kind::Wait,
            button: "Confirm my booking",
            about_you: about_you(draft),
            support: self::support(draft),
            errors: form.problems(),
            form,
        };
        let draft = dates::samples::draft();
        vec![
            page(&draft, Statements::default()),
            page(&all, Statements::default()),
            page(&draft, wrong),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<CheckPage>();
    }

    #[test]
    fn the_page_says_who_books_even_if_nobody_else_does() {
        let mut draft = dates::samples::draft();
        let said = |draft: &Draft| {
            let rows = support(draft);
            let row = rows.into_iter().find(|it| it.key == "Booked by").unwrap();
            assert!(row.change.ends_with("/support"), "{}", row.change);
            row.lines
        };
        draft.answers.support.booked_by = crate::forms::Answer::new("Jo");
        assert_eq!(said(&draft), ["Me"]);
        draft.answers.support.for_other = true;
        assert_eq!(said(&draft), ["Jo"]);
    }
}
