//! One text: edit it, look at it, try it in a mail to oneself, or take the first text again (T-39).

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use ids::PersonId;
use serde::{Deserialize, Serialize};

use super::{Names, Shell, TextsPath, changed, nobody};
use crate::app::App;
use crate::entity::text_version::Model;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem};
use crate::outbox::trial::{self, EXAMPLES, Tried};
use crate::pages::Page;
use crate::people;
use crate::plain_text::{Block, Placeholders, Refusal};
use crate::routes::{Routes, Who};
use crate::sign_in::SignedIn;
use crate::sign_in::role::TEAM;
use crate::site::Site;
use crate::texts::{self, Text};
use crate::work::Work;

/// `/team/texts/{key}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/texts/{key}")]
pub(super) struct OnePath {
    key: String,
}

impl OnePath {
    pub(super) fn of(text: Text) -> Self {
        Self { key: text.key() }
    }
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<OnePath, _, _>(Who::Roles(TEAM), show)
        .post::<OnePath, _, _>(Who::Roles(TEAM), send)
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    saved: String,
}

async fn show(
    it: OnePath,
    State(app): State<App>,
    me: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let text = Text::named(&it.key).ok_or(Error::NotFound)?;
    let now = texts::newest(app.reader(), text).await?;
    let mut page = OnePage::load(&app, &me, text, now.as_ref(), source(text, now.as_ref())).await?;
    if !asked.saved.is_empty() {
        page.done = SAVED;
    }
    app.page(&page).await
}

/// The words of a text, as they are edited.
fn source(text: Text, newest: Option<&Model>) -> Answer {
    let stored = newest.and_then(|it| it.source.as_deref());
    Answer::new(stored.unwrap_or(text.first()))
}

/// Said after a change.
const SAVED: &str = "Saved. It is shown from now on.";

/// How many versions a text has had.
fn number(newest: Option<&Model>) -> i32 {
    newest.map_or(0, |it| it.n)
}

/// What the placeholders stand for while somebody looks at a text.
fn values(text: Text, site: &Site) -> Placeholders<'_> {
    match text {
        Text::Page(_) => texts::values(site, &[]),
        Text::InMail(..) => texts::values(site, &EXAMPLES),
    }
}

/// What came with the form.
struct Sent {
    op: Option<String>,
    content: String,
    /// How many versions there were when the page was opened.
    after: i32,
    words: String,
}

/// What the pressed button asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Press {
    Save,
    Preview,
    Try,
    First,
}

impl Press {
    fn read(action: &str) -> Result<Self, Error> {
        match action {
            "" => Ok(Self::Save),
            "preview" => Ok(Self::Preview),
            "try" => Ok(Self::Try),
            "first" => Ok(Self::First),
            _ => Err(Error::BadForm("there is no such button".to_owned())),
        }
    }
}

async fn send(
    it: OnePath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let text = Text::named(&it.key).ok_or(Error::NotFound)?;
    let press = Press::read(&fields.line("action")?)?;
    let sent = Sent {
        op: fields.op()?,
        after: fields.line("version")?.parse().unwrap_or(-1),
        words: fields.text("words")?,
        content: fields.content().to_owned(),
    };
    fields.done()?;
    let site = Site::load(&app).await?;
    let read = text.read(&sent.words, &values(text, &site));
    match (press, read) {
        (Press::First, _) => keep(&app, &me, text, &sent, None).await,
        (_, Err(lines)) => refuse(&app, &me, text, &sent, &lines).await,
        (Press::Save, Ok(_)) => keep(&app, &me, text, &sent, Some(&sent.words)).await,
        (Press::Preview, Ok(blocks)) => {
            let mut page = again(&app, &me, text, &sent).await?;
            page.preview = Some(blocks);
            app.page(&page).await
        }
        (Press::Try, Ok(_)) => try_in_mail(&app, &me, text, &sent).await,
    }
}

/// The page with what was typed.
async fn again(app: &App, me: &SignedIn, text: Text, sent: &Sent) -> Result<OnePage, Error> {
    let now = texts::newest(app.reader(), text).await?;
    let mut page = OnePage::load(app, me, text, now.as_ref(), Answer::new(&sent.words)).await?;
    page.version = sent.after;
    Ok(page)
}

async fn refuse(
    app: &App,
    me: &SignedIn,
    text: Text,
    sent: &Sent,
    lines: &[Refusal],
) -> Result<Response, Error> {
    let mut page = again(app, me, text, sent).await?;
    page.refuse(lines);
    app.page_with(AGAIN, &page).await
}

/// Stores the words, or the first text again, unless somebody else did meanwhile (U-12).
async fn keep(
    app: &App,
    me: &SignedIn,
    text: Text,
    sent: &Sent,
    words: Option<&str>,
) -> Result<Response, Error> {
    let done = app
        .change(|work| change(work, text, me.person, sent, words.map(str::to_owned)))
        .await?;
    if let Some(path) = done {
        return Ok(Redirect::to(&path).into_response());
    }
    let now = texts::newest(app.reader(), text).await?;
    let mut page = OnePage::load(app, me, text, now.as_ref(), Answer::new(&sent.words)).await?;
    page.theirs = Some(source(text, now.as_ref()).value);
    app.page_with(StatusCode::CONFLICT, &page).await
}

/// Where to go; nothing if somebody else was here.
async fn change(
    work: Arc<Work>,
    text: Text,
    who: PersonId,
    sent: &Sent,
    words: Option<String>,
) -> Result<Option<String>, Error> {
    work.take_turns().await?;
    let op = sent.op.as_deref();
    let now = number(texts::newest(work.tx(), text).await?.as_ref());
    if now != sent.after && !work.is_done(op, &sent.content).await? {
        return Ok(None);
    }
    let act = async {
        texts::store(&work, text, now, words, who).await?;
        Ok(format!("{}?saved=yes", OnePath::of(text)))
    };
    work.once(op, &sent.content, act).await.map(Some)
}

/// Sends the words to whoever asks; nothing is saved.
async fn try_in_mail(app: &App, me: &SignedIn, text: Text, sent: &Sent) -> Result<Response, Error> {
    if matches!(text, Text::Page(_)) {
        return Err(Error::NotFound);
    }
    let tried = Tried {
        title: text.title(),
        source: sent.words.clone(),
    };
    let (op, who, tried) = (sent.op.as_deref(), me.person, &tried);
    app.change(|work| async move {
        let act = async {
            trial::write(&work, who, Some(tried.clone())).await?;
            Ok(OnePath::of(text).to_string())
        };
        work.once(op, &sent.content, act).await
    })
    .await?;
    let mut page = again(app, me, text, sent).await?;
    page.done = "A test is on its way to you. Nothing is saved yet.";
    app.page(&page).await
}

/// One text to edit.
#[derive(Clone, Debug, Serialize)]
struct OnePage {
    heading: String,
    is_mail: bool,
    /// Who changed it last, and when.
    changed: String,
    done: &'static str,
    words: Answer,
    errors: Vec<Problem>,
    /// "`{org_name}`: Anytown Healthcare".
    names: Vec<String>,
    preview: Option<Vec<Block>>,
    /// What somebody else wrote meanwhile.
    theirs: Option<String>,
    version: i32,
    /// Whether there is another text to go back to.
    has_first: bool,
    action: String,
    back_url: String,
    op: String,
    op_first: String,
    shell: Shell,
}

impl OnePage {
    async fn load(
        app: &App,
        me: &SignedIn,
        text: Text,
        now: Option<&Model>,
        words: Answer,
    ) -> Result<Self, Error> {
        let mut names = Names::new();
        if let Some(it) = now {
            let who = people::find(app.reader(), it.by_person).await?;
            names.extend(who.map(|who| (it.by_person, who.full_name)));
        }
        let shell = Shell::of(app, me, TextsPath::PATH).await?;
        let ops = [app.secrets().op(), app.secrets().op()];
        let site = Site::load(app).await?;
        Ok(Self::of(text, now, &names, &site, words, ops, shell))
    }

    fn of(
        text: Text,
        now: Option<&Model>,
        names: &Names,
        site: &Site,
        words: Answer,
        [op, op_first]: [String; 2],
        shell: Shell,
    ) -> Self {
        Self {
            heading: format!("Words: {}", text.title()),
            is_mail: matches!(text, Text::InMail(..)),
            changed: now.map_or_else(|| nobody(text), |it| changed(it, names)),
            done: "",
            words,
            errors: Vec::new(),
            names: values(text, site).listed(),
            preview: None,
            theirs: None,
            version: number(now),
            has_first: now.is_some_and(|it| it.source.is_some()),
            action: OnePath::of(text).to_string(),
            back_url: TextsPath.to_string(),
            op,
            op_first,
            shell,
        }
    }

    fn refuse(&mut self, lines: &[Refusal]) {
        let line = |it: &Refusal| format!("Line {}: {}", it.line, it.reason);
        let all: Vec<String> = lines.iter().map(line).collect();
        self.words.refuse(all.join(" "));
        let problem = |text| Problem {
            href: "#words".to_owned(),
            text,
        };
        self.errors = all.into_iter().map(problem).collect();
    }
}

/// A version for samples.
#[cfg(test)]
pub(super) fn sample_version() -> Model {
    Model {
        id: uuid::Uuid::nil(),
        key: "support".to_owned(),
        n: 3,
        source: Some("Call {contact_phone}.".to_owned()),
        at: ids::Ts::new(time::macros::datetime!(2027-05-11 13:00 UTC)),
        by_person: PersonId(uuid::Uuid::nil()),
    }
}

impl Page for OnePage {
    const TEMPLATE: &'static str = "pages/staff/texts/one.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let all = crate::settings::Values::first().organisation;
        let site = Site::of(&all, String::new());
        let version = sample_version();
        let names = Names::from([(version.by_person, "Kim Lee".to_owned())]);
        let page = |key: &str, now: Option<&Model>| {
            let text = Text::named(key).unwrap();
            let ops = ["0".repeat(32), "1".repeat(32)];
            Self::of(text, now, &names, &site, source(text, now), ops, Shell::sample())
        };
        let edited = || page("support", Some(&version));
        let mut wrong = edited();
        wrong.refuse(&[Refusal {
            line: 2,
            reason: "{colour} cannot be filled in.".to_owned(),
        }]);
        let mut preview = edited();
        let words = "# A heading\nWords.\n\n- one";
        let read = Text::named("support")
            .unwrap()
            .read(words, &texts::values(&site, &[]));
        preview.preview = read.ok();
        let mut overtaken = edited();
        overtaken.theirs = Some("Call us.\n\nOr write.".to_owned());
        let mut saved = page("booked-opening", None);
        saved.done = SAVED;
        let mut nothing = page("booked-closing", None);
        nothing.preview = Some(Vec::new());
        let mut emptied = edited();
        emptied.theirs = Some(String::new());
        vec![
            page("support", None),
            wrong,
            preview,
            overtaken,
            saved,
            nothing,
            emptied,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<OnePage>();
    }
}
