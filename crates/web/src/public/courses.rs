//! Courses and their dates, for visitors (B-06).

use axum::extract::State;
use axum::response::Response;
use axum_extra::routing::TypedPath;
use booking::availability::{self, About};
use booking::calendar::{self, Course, Delivery, RunDates};
use booking::{Availability, Settings, deadlines};
use ids::Ts;
use serde::{Deserialize, Serialize};
use time::Duration;

use crate::app::App;
use crate::calls;
use crate::error::Error;
use crate::pages::Page;
use crate::public::find::FindPath;
use crate::public::new_dates::NewDatesPath;
use crate::public::self_check::SelfCheck;
use crate::routes::{Routes, Who};
use crate::words;

/// `/`
#[derive(TypedPath, Deserialize)]
#[typed_path("/")]
pub(crate) struct HomePath;

/// `/courses`
#[derive(TypedPath, Deserialize)]
#[typed_path("/courses")]
pub(crate) struct CoursesPath;

/// `/courses/intro`
#[derive(TypedPath, Deserialize)]
#[typed_path("/courses/{course}")]
pub(crate) struct CoursePath {
    pub course: String,
}

/// `/courses/intro/26-january-2027`
#[derive(TypedPath, Deserialize)]
#[typed_path("/courses/{course}/{run}")]
pub(crate) struct RunPath {
    pub course: String,
    pub run: String,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<HomePath, _, _>(Who::Anyone, home)
        .get::<CoursesPath, _, _>(Who::Anyone, courses)
        .get::<CoursePath, _, _>(Who::Anyone, course)
        .get::<RunPath, _, _>(Who::Anyone, run)
}

async fn home(_: HomePath, State(app): State<App>) -> Result<Response, Error> {
    courses(CoursesPath, State(app)).await
}

async fn courses(path: CoursesPath, State(app): State<App>) -> Result<Response, Error> {
    app.kept(&path.to_string(), async || {
        let (db, now) = (app.reader(), app.now());
        let (settings, _) = calendar::rules(db).await?;
        let known = calendar::courses(db).await?;
        let upcoming = availability::upcoming(db, &settings, now, None).await?;
        app.render(&CoursesPage::of(&known, &upcoming, &settings, now)?)
            .await
    })
    .await
}

async fn course(path: CoursePath, State(app): State<App>) -> Result<Response, Error> {
    app.kept(&path.to_string(), async || {
        let (db, now) = (app.reader(), app.now());
        let course = calendar::course_named(db, &path.course).await?;
        let course = course.ok_or(Error::NotFound)?;
        let (settings, _) = calendar::rules(db).await?;
        let upcoming = availability::upcoming(db, &settings, now, Some(course.id)).await?;
        app.render(&CoursePage::of(course, &upcoming, &settings, now)?)
            .await
    })
    .await
}

async fn run(path: RunPath, State(app): State<App>) -> Result<Response, Error> {
    app.kept(&path.to_string(), async || {
        app.render(&run_page(&app, &path).await?).await
    })
    .await
}

async fn run_page(app: &App, RunPath { course, run }: &RunPath) -> Result<RunPage, Error> {
    let (db, now) = (app.reader(), app.now());
    let run = calendar::run_named(db, course, run)
        .await?
        .ok_or(Error::NotFound)?;
    let course = calendar::course_named(db, course).await?.ok_or(Error::NotFound)?;
    let (settings, _) = calendar::rules(db).await?;
    let mut told = availability::of_runs(db, &settings, now, About::Run(run.id)).await?;
    let told = told.remove(&run.id).ok_or(Error::NotFound)?;
    let mut others = availability::upcoming(db, &settings, now, Some(course.id)).await?;
    others.retain(|(it, told)| it.id != run.id && is_a_choice(*told));
    Ok(RunPage::of(&course, &run, told, &others, &settings, now))
}

/// Whether one can book or join the list, now or later.
fn is_a_choice(told: Availability) -> bool {
    match told {
        Availability::OpensSoon(_)
        | Availability::Open
        | Availability::Few(_)
        | Availability::Full { waiting_list: true } => true,
        Availability::Full { waiting_list: false }
        | Availability::Closed
        | Availability::Cancelled
        | Availability::Finished => false,
    }
}

/// A run as a card or a list shows it.
#[derive(Clone, Debug)]
pub(crate) struct RunCard {
    /// "Tuesday 26 and Wednesday 27 January 2027".
    pub(crate) dates: String,
    /// "10am to 1pm, both days".
    hours: String,
    /// "Online" or the venue.
    place: String,
    /// "3 places left"; empty when nothing is known or to be said.
    places: String,
    /// The status words of pages.md section 5.
    pub(crate) tag: String,
    /// Empty for a plain tag.
    pub(crate) tag_colour: String,
    /// The page of the run.
    pub(crate) url: String,
}

/// A run as people read about it, with the words for its places.
pub(crate) fn card(run: &RunDates, told: Availability) -> RunCard {
    let (tag, tag_colour, places) = match told {
        Availability::OpensSoon(_) => ("Opens soon", "blue", String::new()),
        Availability::Open => ("Open", "green", "places available".to_owned()),
        Availability::Few(1) => ("A few places left", "yellow", "1 place left".to_owned()),
        Availability::Few(n) => ("A few places left", "yellow", format!("{n} places left")),
        Availability::Full { .. } => ("Full", "grey", "none left".to_owned()),
        Availability::Closed => ("Closed", "grey", "booking closed".to_owned()),
        Availability::Cancelled => ("Cancelled", "red", String::new()),
        Availability::Finished => ("Finished", "", String::new()),
    };
    RunCard {
        dates: words::dates(&run.sessions),
        hours: words::all_hours(&run.sessions),
        place: words::place(run),
        places,
        tag: tag.to_owned(),
        tag_colour: tag_colour.to_owned(),
        url: RunPath {
            course: run.course_code.clone(),
            run: run.slug.clone(),
        }
        .to_string(),
    }
}

/// The one button of a run: its words and where it leads.
fn button(url: &str, told: Availability) -> Option<(&'static str, String)> {
    match told {
        Availability::Open | Availability::Few(_) => Some(("Book a place", format!("{url}/book"))),
        Availability::Full { waiting_list: true } => Some(("Join the waiting list", format!("{url}/wait"))),
        Availability::OpensSoon(_)
        | Availability::Full { waiting_list: false }
        | Availability::Closed
        | Availability::Cancelled
        | Availability::Finished => None,
    }
}

/// What there is to know beside the tag.
fn note(run: &RunDates, told: Availability, settings: &Settings, now: Ts) -> String {
    let start = run.sessions.first().map(|it| it.starts_at);
    match told {
        Availability::OpensSoon(at) => format!("Booking opens on {}.", words::date_time(at)),
        Availability::Full { waiting_list: false } => "There is no waiting list for these dates.".to_owned(),
        Availability::Full { waiting_list: true } if is_near(start, settings, now) => {
            "If a place comes up we will call the people on the waiting list.".to_owned()
        }
        Availability::Full { waiting_list: true } => format!(
            "If a place comes up we will email the next person on the waiting list. They then have up to {} hours \
             to say yes.",
            longest_offer(settings)
        ),
        Availability::Closed if start.is_some_and(|start| start <= now) => {
            "This course has started.".to_owned()
        }
        Availability::Closed => {
            "Booking for these dates has closed. Please call us if you would like to come.".to_owned()
        }
        Availability::Cancelled => "We are sorry. These dates cannot go ahead.".to_owned(),
        Availability::Finished => "These dates are over.".to_owned(),
        Availability::Open | Availability::Few(_) => String::new(),
    }
}

/// So close to the first session that the team phones down the list (B-42).
fn is_near(start: Option<Ts>, settings: &Settings, now: Ts) -> bool {
    start.is_some_and(|start| start - now < Duration::hours(settings.near_start))
}

fn longest_offer(settings: &Settings) -> i64 {
    settings.offer_window_far.max(settings.offer_window)
}

/// A name and a text, for facts and summaries.
#[derive(Clone, Debug, Serialize)]
struct Fact {
    name: &'static str,
    text: String,
}

fn facts(pairs: impl IntoIterator<Item = (&'static str, String)>) -> Vec<Fact> {
    let said = pairs.into_iter().filter(|(_, text)| !text.is_empty());
    said.map(|(name, text)| Fact { name, text }).collect()
}

/// A run as a card with its button.
#[derive(Clone, Debug, Serialize)]
struct Card {
    /// The dates, and more where two runs have the same.
    heading: String,
    tag: String,
    tag_colour: String,
    facts: Vec<Fact>,
    note: String,
    action: Option<&'static str>,
    href: Option<String>,
    secondary: bool,
    /// The page of the run.
    url: String,
}

/// The cards of one page, whose headings are all different: links are named after them (U-25).
fn cards(runs: &[(RunDates, Availability)], settings: &Settings, now: Ts) -> Vec<Card> {
    let closer_and_closer = |run: &RunDates| {
        let (dates, hours) = (words::dates(&run.sessions), words::all_hours(&run.sessions));
        let closer = format!("{dates}, {hours}");
        let closest = format!("{closer}, {}", words::place(run));
        let unique = format!("{closest}: {} ({})", run.course_title, run.slug);
        [dates, closer, closest, unique]
    };
    let names: Vec<_> = runs.iter().map(|(run, _)| closer_and_closer(run)).collect();
    let is_alone = |name: &String| names.iter().filter(|others| others.contains(name)).count() == 1;
    let heading = |all: &[String; 4]| {
        let [.., unique] = all;
        all.iter().find(|name| is_alone(name)).unwrap_or(unique).clone()
    };
    let headings = names.iter().map(heading);
    let mut ordered: Vec<_> = runs.iter().zip(headings).collect();
    ordered.sort_by_key(|((_, told), _)| rank(*told));
    ordered
        .into_iter()
        .map(|((run, told), it)| one_card(run, *told, it, settings, now))
        .collect()
}

/// Dates that one can do something about come first, dates that cannot go ahead last.
fn rank(told: Availability) -> u8 {
    match (told, button("", told)) {
        (Availability::Cancelled, _) => 2,
        (_, Some(_)) => 0,
        (_, None) => 1,
    }
}

fn one_card(run: &RunDates, told: Availability, heading: String, settings: &Settings, now: Ts) -> Card {
    let it = card(run, told);
    let (action, href) = button(&it.url, told).unzip();
    Card {
        heading,
        facts: facts([("Time", it.hours), ("Where", it.place), ("Places", it.places)]),
        tag: it.tag,
        tag_colour: it.tag_colour,
        note: note(run, told, settings, now),
        action,
        href,
        secondary: matches!(told, Availability::Full { .. }),
        url: it.url,
    }
}

/// What comes with a course beside its text: pick lists and sentences of the course file that pages
/// show. What a file leaves out, pages leave out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Extras {
    pub delivery: String,
    pub availability: String,
    pub who_it_is_for: Vec<String>,
    pub especially_useful_for: Vec<String>,
    pub does_not_require: Vec<String>,
    pub does_not_lead_to: String,
    pub self_check: Option<SelfCheck>,
}

impl Extras {
    /// Those of a course.
    pub(crate) fn of(course: &Course) -> Result<Self, Error> {
        let extras = &course.text.extras;
        if extras.is_null() {
            Ok(Self::default())
        } else {
            Self::deserialize(extras).map_err(Error::fault)
        }
    }
}

/// "6 hours", "1 hour 30 minutes".
fn length(minutes: i32) -> String {
    let count = |n: i32, one: &str| match n {
        0 => String::new(),
        1 => format!("1 {one}"),
        n => format!("{n} {one}s"),
    };
    let parts = [count(minutes / 60, "hour"), count(minutes % 60, "minute")];
    parts
        .into_iter()
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// "6 hours over 2 days".
fn length_of(course: &Course) -> String {
    let hours = length(course.text.planned_minutes);
    match days(course) {
        Some(days) => format!("{hours} over {days} days"),
        None => hours,
    }
}

/// The number of days, if it is fixed and more than one.
fn days(course: &Course) -> Option<i32> {
    course
        .text
        .sessions_required
        .filter(|it| *it > 1 && course.text.different_days)
}

fn where_of(extras: &Extras) -> &'static str {
    match Delivery::named(&extras.delivery) {
        Some(Delivery::Online) => "Online",
        Some(Delivery::InPerson) => "In person",
        Some(Delivery::Hybrid) => "In person or online",
        None => "",
    }
}

/// "presentations, group work and discussions", from the words of a list.
fn in_a_sentence(list: &[String]) -> String {
    let lower = |it: &String| {
        let mut letters = it.chars();
        match (letters.next(), letters.next()) {
            // A word of capitals, such as BSL, stays as it is.
            (Some(first), Some(second)) if second.is_lowercase() => {
                first.to_lowercase().chain(it.chars().skip(1)).collect()
            }
            _ => it.clone(),
        }
    };
    let words: Vec<String> = list.iter().map(lower).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, rest)) => format!("{} and {end}", rest.join(", ")),
    }
}

/// All courses with their dates.
#[derive(Clone, Debug, Serialize)]
struct CoursesPage {
    /// The first sentence (pages.md section 9).
    lede: String,
    courses: Vec<CourseDates>,
    /// There are dates, and nobody can book a place on any.
    all_full: bool,
    /// None while there is no course to hear about.
    new_dates_url: Option<String>,
    find_url: String,
}

/// One course on the page of all.
#[derive(Clone, Debug, Serialize)]
struct CourseDates {
    title: String,
    summary: String,
    url: String,
    /// What happens, in short sentences.
    what: Vec<String>,
    cards: Vec<Card>,
}

impl CoursesPage {
    fn of(
        known: &[Course],
        upcoming: &[(RunDates, Availability)],
        settings: &Settings,
        now: Ts,
    ) -> Result<Self, Error> {
        let mut cards = cards(upcoming, settings, now);
        let mut courses = Vec::new();
        for course in known {
            let extras = Extras::of(course)?;
            let mine = |it: &Card| it.url.starts_with(&format!("{}/", url_of(course)));
            courses.push(CourseDates {
                title: course.title.clone(),
                summary: course.text.summary.clone(),
                url: url_of(course),
                what: what_happens(course, &extras),
                cards: cards.extract_if(.., |it| mine(it)).collect(),
            });
        }
        let full = |told: &Availability| matches!(told, Availability::Full { .. });
        let free = |told: &Availability| is_a_choice(*told) && !full(told);
        let told: Vec<_> = upcoming.iter().map(|(_, told)| told).collect();
        Ok(Self {
            lede: lede(known)?,
            all_full: told.iter().any(|it| full(it)) && !told.iter().any(|it| free(it)),
            new_dates_url: known.first().map(|_| NewDatesPath.to_string()),
            find_url: FindPath.to_string(),
            courses,
        })
    }
}

fn url_of(course: &Course) -> String {
    CoursePath {
        course: course.code.clone(),
    }
    .to_string()
}

/// What the courses are, and for whom.
fn lede(known: &[Course]) -> Result<String, Error> {
    let whom = "for people with lived experience of mental distress, or of caring for someone, who want to use it to \
                support others.";
    let [course] = known else {
        return Ok(format!("Free courses {whom}"));
    };
    let days = days(course).map(|it| format!("{it}-day ")).unwrap_or_default();
    let online = if Extras::of(course)?.delivery == Delivery::Online.name() {
        "online "
    } else {
        ""
    };
    Ok(format!("A free {days}{online}course {whom}"))
}

fn what_happens(course: &Course, extras: &Extras) -> Vec<String> {
    let mut what = vec![format!("The course takes {}, with breaks.", length_of(course))];
    if !course.text.methods.is_empty() {
        what.push(format!("There are {}.", in_a_sentence(&course.text.methods)));
    }
    what.push("You choose what you share, and you can step out at any time.".to_owned());
    if Delivery::named(&extras.delivery) == Some(Delivery::Online) {
        what.push("You can keep your camera off.".to_owned());
    }
    what
}

/// One course: what it is, who it is for, its dates.
#[derive(Clone, Debug, Serialize)]
struct CoursePage {
    title: String,
    summary: String,
    facts: Vec<Fact>,
    who_it_is_for: Vec<String>,
    especially_useful_for: Vec<String>,
    does_not_require: Vec<String>,
    does_not_lead_to: String,
    outcomes: Vec<String>,
    topics: Vec<String>,
    methods: Vec<String>,
    authors_note: String,
    availability: String,
    cards: Vec<Card>,
    contact: Contact,
    new_dates_url: String,
}

/// Whom to ask about a course.
#[derive(Clone, Debug, Serialize)]
struct Contact {
    name: String,
    email: String,
    phone: String,
    /// The address that calls that number.
    call: Option<String>,
}

fn contact(course: &Course) -> Contact {
    Contact {
        name: course.contact_name.clone(),
        email: course.contact_email.clone(),
        phone: course.contact_phone.clone(),
        call: calls::call(&course.contact_phone),
    }
}

impl CoursePage {
    fn of(
        course: Course,
        upcoming: &[(RunDates, Availability)],
        settings: &Settings,
        now: Ts,
    ) -> Result<Self, Error> {
        let extras = Extras::of(&course)?;
        Ok(Self {
            facts: facts([
                ("Length", length_of(&course)),
                ("Where", where_of(&extras).to_owned()),
                ("Cost", "Free".to_owned()),
            ]),
            contact: contact(&course),
            title: course.title,
            summary: course.text.summary,
            who_it_is_for: extras.who_it_is_for,
            especially_useful_for: extras.especially_useful_for,
            does_not_require: extras.does_not_require,
            does_not_lead_to: extras.does_not_lead_to,
            outcomes: course.text.outcomes.into_iter().map(|it| it.text).collect(),
            topics: course.text.topics,
            methods: course.text.methods,
            authors_note: course.text.authors_note,
            availability: extras.availability,
            cards: cards(upcoming, settings, now),
            new_dates_url: NewDatesPath.to_string(),
        })
    }
}

/// One run: dates, times, how it works, one button.
#[derive(Clone, Debug, Serialize)]
struct RunPage {
    course_title: String,
    course_url: String,
    dates: String,
    tag: String,
    tag_colour: String,
    /// Each day and what else there is to know.
    rows: Vec<Row>,
    /// Why the dates are cancelled, in the words of the team (B-52).
    reason: Option<String>,
    note: String,
    action: Option<&'static str>,
    href: Option<String>,
    secondary: bool,
    /// How booking or waiting works; empty when one can do neither.
    steps: Vec<String>,
    /// Whether to show other dates: when one cannot book these.
    elsewhere: bool,
    next: Vec<Card>,
    contact: Contact,
    new_dates_url: String,
    find_url: String,
}

/// A row of the summary of a run.
#[derive(Clone, Debug, Serialize)]
struct Row {
    key: String,
    value: String,
}

impl RunPage {
    fn of(
        course: &Course,
        run: &RunDates,
        told: Availability,
        others: &[(RunDates, Availability)],
        settings: &Settings,
        now: Ts,
    ) -> Self {
        let it = card(run, told);
        let (action, href) = button(&it.url, told).unzip();
        let bookable = matches!(told, Availability::Open | Availability::Few(_));
        Self {
            course_title: course.title.clone(),
            course_url: url_of(course),
            rows: rows(run, &it, bookable),
            reason: run
                .cancel_reason
                .clone()
                .filter(|_| told == Availability::Cancelled),
            note: note(run, told, settings, now),
            dates: it.dates,
            tag: it.tag,
            tag_colour: it.tag_colour,
            action,
            href,
            secondary: !bookable,
            steps: steps(run, told, settings, now),
            elsewhere: !bookable,
            next: cards(others, settings, now),
            contact: contact(course),
            new_dates_url: NewDatesPath.to_string(),
            find_url: FindPath.to_string(),
        }
    }
}

fn rows(run: &RunDates, it: &RunCard, bookable: bool) -> Vec<Row> {
    let row = |key: &str, value: String| Row {
        key: key.to_owned(),
        value,
    };
    let several = run.sessions.len() > 1;
    let mut rows = Vec::new();
    for day in &run.sessions {
        let key = if several {
            format!("Day {}", day.idx)
        } else {
            "When".to_owned()
        };
        let pause = match day.break_minutes {
            ..1 => String::new(),
            minutes => format!(", with {minutes} minutes of breaks"),
        };
        rows.push(Row {
            key,
            value: format!("{}{pause}", words::day(day)),
        });
    }
    rows.push(row("Where", it.place.clone()));
    rows.push(row("Cost", "Free".to_owned()));
    if !it.places.is_empty() {
        rows.push(row("Places", it.places.clone()));
    }
    if bookable {
        rows.push(row("Book by", words::date_time(run.closes_at)));
    }
    rows
}

/// How booking or waiting works, one step after the other.
fn steps(run: &RunDates, told: Availability, settings: &Settings, now: Ts) -> Vec<String> {
    let steps = match told {
        Availability::OpensSoon(_) | Availability::Open | Availability::Few(_) => to_book(run, settings, now),
        Availability::Full { waiting_list: true } => to_wait(settings),
        Availability::Full { waiting_list: false }
        | Availability::Closed
        | Availability::Cancelled
        | Availability::Finished => Vec::new(),
    };
    steps.into_iter().filter(|it| !it.is_empty()).collect()
}

fn to_book(run: &RunDates, settings: &Settings, now: Ts) -> Vec<String> {
    let start = run.sessions.first().map_or(now, |it| it.starts_at);
    let hours = deadlines::confirm_window(settings, now, start).whole_hours();
    let joining = match run.delivery {
        Delivery::Online | Delivery::Hybrid => format!(
            "On the day, open the joining page from our email. It opens {} minutes before we start.",
            settings.join_opens
        ),
        Delivery::InPerson => String::new(),
    };
    vec![
        "Answer a few questions. It takes about 5 minutes. You can save your answers and come back."
            .to_owned(),
        "Your place is booked straight away. We email you a link.".to_owned(),
        format!(
            "Please open the link and confirm your email within {hours} hours. If we do not hear from you in time, we \
             offer the place to the next person."
        ),
        joining,
        "If your plans change, use the link in our email. You do not have to give a reason.".to_owned(),
    ]
}

fn to_wait(settings: &Settings) -> Vec<String> {
    let near = match (settings.near_start / 24, settings.near_start % 24) {
        (days, 0) => format!("{days} days"),
        _ => format!("{} hours", settings.near_start),
    };
    vec![
        "Answer a few questions. We keep your answers, so you do not need to type them again.".to_owned(),
        "If a place comes up, we email or call the next person on the list and hold it for them.".to_owned(),
        format!(
            "You then have up to {} hours to answer. Our email says by when.",
            longest_offer(settings)
        ),
        "You can say yes, stay on the list or leave the list. All of these are fine.".to_owned(),
        format!("In the last {near} before the course we call people instead."),
    ]
}

impl Page for CoursesPage {
    const TEMPLATE: &'static str = "pages/courses/all.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use tests::{NOW, all_states, course, full};
        let page = |courses: &[Course], upcoming: &[_]| {
            Self::of(courses, upcoming, &Settings::default(), NOW.into()).unwrap()
        };
        let other = Course {
            code: "notes".to_owned(),
            title: "Writing notes".to_owned(),
            ..course()
        };
        vec![
            page(&[course()], &all_states()),
            page(&[course()], &full()),
            page(&[course()], &[]),
            page(&[course(), other], &all_states()),
            page(&[], &[]),
        ]
    }
}

impl Page for CoursePage {
    const TEMPLATE: &'static str = "pages/courses/course.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use tests::{NOW, all_states, course};
        let page =
            |course, upcoming: &[_]| Self::of(course, upcoming, &Settings::default(), NOW.into()).unwrap();
        let mut bare = course();
        bare.text.extras = serde_json::Value::Null;
        vec![
            page(course(), &all_states()),
            page(course(), &[]),
            page(bare, &[]),
        ]
    }
}

impl Page for RunPage {
    const TEMPLATE: &'static str = "pages/courses/run.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use tests::{NOW, all_states, course};
        let all = all_states();
        let page = |(run, told): &(RunDates, Availability), others: &[_]| {
            Self::of(&course(), run, *told, others, &Settings::default(), NOW.into())
        };
        let choices: Vec<_> = all
            .iter()
            .filter(|(_, told)| is_a_choice(*told))
            .cloned()
            .collect();
        all.iter()
            .flat_map(|it| [page(it, &choices), page(it, &[])])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use booking::calendar::{CourseText, Meeting, Outcome};
    use booking::london;
    use ids::{CourseId, CourseVersionId, RunId, SessionId};
    use serde_json::json;
    use time::macros::{date, datetime, time};
    use time::{Date, OffsetDateTime};
    use uuid::Uuid;

    pub(super) const NOW: OffsetDateTime = datetime!(2027-01-12 09:00 UTC);

    /// The introductory course, as its file has it.
    pub(super) fn course() -> Course {
        let outcome = Outcome {
            code: "LO1".to_owned(),
            text: "Say what peer support is and what a peer worker does".to_owned(),
            confidence_question: String::new(),
        };
        Course {
            id: CourseId(Uuid::nil()),
            code: "intro".to_owned(),
            title: "Introduction to peer support".to_owned(),
            contact_name: "The peer support team".to_owned(),
            contact_email: "peer-support@example.org".to_owned(),
            contact_phone: "01632 960000".to_owned(),
            version: CourseVersionId(Uuid::nil()),
            text: CourseText {
                summary:
                    "A six-hour online course, over two days, about using your own experience to support \
                          other people."
                        .to_owned(),
                methods: [
                    "Presentations",
                    "Group work",
                    "Discussions",
                    "Creative activities",
                ]
                .map(str::to_owned)
                .to_vec(),
                outcomes: vec![outcome],
                topics: vec!["A short history of peer support".to_owned()],
                planned_minutes: 360,
                sessions_required: Some(2),
                different_days: true,
                authors_note: "Experienced peer support workers and peer trainers plan and run this course."
                    .to_owned(),
                extras: json!({
                    "delivery": "online",
                    "availability": "Places depend on the dates that are running.",
                    "who_it_is_for": ["People who care, or have cared, for someone"],
                    "especially_useful_for": ["Anyone who would like to find out more about peer support"],
                    "does_not_require": ["You do not need an account."],
                    "does_not_lead_to": "Taking part does not by itself lead to a job.",
                    "confidence_scale": { "1": "Not at all confident" },
                }),
            },
        }
    }

    pub(super) fn on(slug: &str, days: &[Date], start: time::Time) -> RunDates {
        let day = |(at, date): (usize, &Date)| Meeting {
            id: SessionId(Uuid::nil()),
            idx: i32::try_from(at).unwrap() + 1,
            date: *date,
            start,
            end: start + Duration::hours(3),
            starts_at: london::in_london(*date, start),
            ends_at: london::in_london(*date, start + Duration::hours(3)),
            break_minutes: 15,
        };
        RunDates {
            id: RunId(Uuid::nil()),
            course: CourseId(Uuid::nil()),
            course_code: "intro".to_owned(),
            course_title: "Introduction to peer support".to_owned(),
            slug: slug.to_owned(),
            label: String::new(),
            delivery: Delivery::Online,
            venue: None,
            join_url: Some("https://meet.example.org/secret".to_owned()),
            opens_at: london::in_london(date!(2027 - 01 - 04), time!(9:00)),
            closes_at: london::in_london(days[0].previous_day().unwrap(), time!(12:00)),
            change_no: 0,
            cancel_reason: Some("A trainer is ill and nobody else can take the day.".to_owned()),
            cancelled_at: None,
            sessions: days.iter().enumerate().map(day).collect(),
            before_change: calendar::Before::default(),
        }
    }

    /// One run in each state; two of them on the same days.
    pub(super) fn all_states() -> Vec<(RunDates, Availability)> {
        let two = [date!(2027 - 01 - 26), date!(2027 - 01 - 27)];
        let near = [date!(2027 - 01 - 14), date!(2027 - 01 - 15)];
        let begun = [date!(2027 - 01 - 11), date!(2027 - 01 - 13)];
        let later = [date!(2027 - 03 - 02), date!(2027 - 03 - 03)];
        let opens = Ts::new(datetime!(2027-02-01 09:00 UTC));
        let college = RunDates {
            delivery: Delivery::InPerson,
            venue: Some("Recovery college, Room 2".to_owned()),
            ..on("college", &later[..1], time!(10:00))
        };
        vec![
            (on("begun", &begun, time!(10:00)), Availability::Closed),
            (
                on("near", &near, time!(10:00)),
                Availability::Full { waiting_list: true },
            ),
            (on("open", &two, time!(10:00)), Availability::Open),
            (on("few", &two, time!(18:00)), Availability::Few(3)),
            (
                on("one", &[date!(2027 - 02 - 09)], time!(10:00)),
                Availability::Few(1),
            ),
            (
                on("full", &[date!(2027 - 02 - 10)], time!(10:00)),
                Availability::Full { waiting_list: true },
            ),
            (
                on("no-list", &[date!(2027 - 02 - 11)], time!(10:00)),
                Availability::Full { waiting_list: false },
            ),
            (
                on("closed", &[date!(2027 - 02 - 12)], time!(10:00)),
                Availability::Closed,
            ),
            (
                on("cancelled", &[date!(2027 - 02 - 16)], time!(10:00)),
                Availability::Cancelled,
            ),
            (
                on("finished", &[date!(2027 - 01 - 05)], time!(10:00)),
                Availability::Finished,
            ),
            (on("soon", &later, time!(10:00)), Availability::OpensSoon(opens)),
            (college, Availability::Open),
        ]
    }

    pub(super) fn full() -> Vec<(RunDates, Availability)> {
        let is_full = |(_, told): &(_, Availability)| matches!(told, Availability::Full { .. });
        all_states().into_iter().filter(is_full).collect()
    }

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<CoursesPage>();
        crate::pages_test::check::<CoursePage>();
        crate::pages_test::check::<RunPage>();
    }

    #[test]
    fn no_page_shows_the_meeting_link() {
        for page in RunPage::samples() {
            assert!(!serde_json::to_string(&page).unwrap().contains("meet.example.org"));
        }
    }

    #[test]
    fn dates_that_are_alike_are_told_apart_by_their_times() {
        let same = [date!(2027 - 01 - 26)];
        let runs = [
            on("a", &same, time!(10:00)),
            on("b", &same, time!(14:00)),
            on("b-2", &same, time!(14:00)),
        ];
        let runs = runs.map(|it| (it, Availability::Open));
        let headings: Vec<_> = cards(&runs, &Settings::default(), NOW.into())
            .into_iter()
            .map(|it| it.heading)
            .collect();
        assert_eq!(
            headings,
            [
                "Tuesday 26 January 2027, 10am to 1pm",
                "Tuesday 26 January 2027, 2pm to 5pm, Online: Introduction to peer support (b)",
                "Tuesday 26 January 2027, 2pm to 5pm, Online: Introduction to peer support (b-2)",
            ]
        );
    }

    #[test]
    fn dates_with_a_button_come_first_and_cancelled_ones_last() {
        let shown = cards(&all_states(), &Settings::default(), NOW.into());
        let buttons: Vec<bool> = shown.iter().map(|it| it.action.is_some()).collect();
        let first_without = buttons.iter().position(|it| !it).unwrap();
        assert_eq!(first_without, 6);
        assert!(buttons[first_without..].iter().all(|it| !it), "{buttons:?}");
        assert_eq!(shown.last().unwrap().tag, "Cancelled");
        let slugs: Vec<_> = shown.iter().take(2).map(|it| it.url.clone()).collect();
        assert_eq!(slugs, ["/courses/intro/near", "/courses/intro/open"]);
    }

    #[test]
    fn each_state_has_its_one_button() {
        let button = |told| button("/courses/intro/x", told).map(|(words, _)| words);
        let said = all_states()
            .into_iter()
            .map(|(run, told)| (run.slug, button(told)));
        let with: Vec<_> = said
            .filter_map(|(slug, words)| words.map(|it| format!("{slug}: {it}")))
            .collect();
        assert_eq!(
            with,
            [
                "near: Join the waiting list",
                "open: Book a place",
                "few: Book a place",
                "one: Book a place",
                "full: Join the waiting list",
                "college: Book a place",
            ]
        );
    }

    #[test]
    fn lengths_and_lists_read_as_sentences() {
        assert_eq!(
            [360, 90, 60, 45].map(length),
            ["6 hours", "1 hour 30 minutes", "1 hour", "45 minutes"]
        );
        let list =
            |words: &[&str]| in_a_sentence(&words.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            list(&["Presentations", "BSL", "Group work"]),
            "presentations, BSL and group work"
        );
        assert_eq!(list(&["Talks"]), "talks");
    }
}
