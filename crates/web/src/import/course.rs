//! A course from a TOML file like `courses/introductory-course.toml`.

use std::collections::BTreeSet;

use booking::calendar::{self, CourseText, NewCourse, Outcome};
use serde_json::Value;

use crate::app::App;
use crate::cli::Failure;
use crate::config::toml_file::{self, Table};
use crate::people::address::Address;

/// A course to be stored.
#[derive(Debug)]
pub(crate) struct CourseFile {
    pub(crate) course: NewCourse,
    pub(crate) publish: bool,
}

impl CourseFile {
    pub(super) async fn store(self, app: &App) -> Result<Vec<String>, Failure> {
        let Self { course, publish } = &self;
        app.change(|work| async move {
            let version = calendar::add_course(work.tx(), &|| work.fresh_id(), course.clone()).await?;
            if *publish {
                calendar::publish_version(work.tx(), work.now(), version).await?;
            }
            Ok(())
        })
        .await?;
        let (title, code) = (&course.title, &course.code);
        Ok(vec![if *publish {
            format!("The course {title:?} ({code}) is published.")
        } else {
            format!(
                "The course {title:?} ({code}) is stored as a draft: nobody sees it before it is imported with --publish."
            )
        }])
    }
}

/// What a course has beside its own fields: lists that people pick from, and texts of pages.
const LISTS: [&str; 5] = [
    "additional_modules",
    "principles",
    "peer_support_models",
    "placement_settings",
    "prerequisites",
];

/// Reads a course, or tells every line that is wrong.
pub(crate) fn parse(text: &str) -> Result<NewCourse, Vec<String>> {
    let extras = extras(text);
    toml_file::read(text, |mut root| {
        root.need_as("format", |it: String| {
            is(it == "alongside-course", "must be \"alongside-course\"")
        });
        root.need_as("format_version", |it: i32| {
            is(it == 1, "must be 1, the only version this program knows")
        });
        let outcomes = outcomes(&mut root);
        let topics = topics(&mut root);
        let days = sessions(&mut root);
        confidence_scale(&mut root);
        self_check(&mut root);
        for list in &LISTS {
            coded(&mut root, list);
        }
        let course = if let Some(table) = root.table("course") {
            course(
                table,
                days,
                CourseText {
                    outcomes,
                    topics,
                    extras,
                    ..empty()
                },
            )
        } else {
            root.note("[course] is missing".to_owned());
            None
        };
        root.done();
        course
    })
}

fn empty() -> CourseText {
    CourseText {
        summary: String::new(),
        methods: Vec::new(),
        outcomes: Vec::new(),
        topics: Vec::new(),
        planned_minutes: 0,
        sessions_required: None,
        different_days: false,
        authors_note: String::new(),
        extras: Value::Null,
    }
}

/// The table `[course]`; `days` are the planned minutes of its sessions.
fn course(mut table: Table<'_>, days: Vec<i32>, text: CourseText) -> Option<NewCourse> {
    let code = table.need_as("code", code);
    let title = table.need_as("title", |it| line(it, 120));
    let summary = table.need_as("summary", |it| line(it, 2_000));
    let planned_minutes = table.need_as("planned_minutes", |it| between(it, 1, 10_000));
    let sessions_required = table.get_as("sessions_required", |it| between(it, 1, 50));
    let different_days = table.get("different_days");
    let one_live = table.get("one_live");
    let methods = table.need_as("methods", lines);
    let authors_note = table.need_as("authors_note", |it| line(it, 2_000));
    let contact_name = table.need_as("contact_name", |it| line(it, 120));
    let contact_email = table.need_as("contact_email", address);
    let contact_phone = table.need_as("contact_phone", |it| line(it, 40));
    // Texts of pages, which stay as they are.
    for key in ["audience", "delivery", "availability", "does_not_lead_to"] {
        table.get_as(key, |it| line(it, 2_000));
    }
    for key in [
        "who_it_is_for",
        "especially_useful_for",
        "required_facilitators",
        "does_not_require",
        "prerequisites",
    ] {
        table.get_as(key, lines);
    }
    table.get::<bool>("requires_expression_of_interest");
    if let Some(wanted) =
        sessions_required.filter(|it| !days.is_empty() && usize::try_from(*it) != Ok(days.len()))
    {
        table.note(format!(
            "course.sessions_required is {wanted}, and there are {} tables [[sessions]]",
            days.len()
        ));
    }
    if let Some(planned) = planned_minutes.filter(|it| !days.is_empty() && *it != days.iter().sum::<i32>()) {
        table.note(format!(
            "course.planned_minutes is {planned}, and the sessions add up to {}",
            days.iter().sum::<i32>()
        ));
    }
    table.done();
    Some(NewCourse {
        code: code?,
        title: title?,
        one_live: one_live.unwrap_or(true),
        contact_name: contact_name?,
        contact_email: contact_email?,
        contact_phone: contact_phone?,
        text: CourseText {
            summary: summary?,
            methods: methods?,
            planned_minutes: planned_minutes?,
            sessions_required,
            different_days: different_days.unwrap_or(false),
            authors_note: authors_note?,
            ..text
        },
    })
}

fn outcomes(root: &mut Table<'_>) -> Vec<Outcome> {
    let tables = root.tables("outcomes");
    if !(1..=12).contains(&tables.len()) {
        root.note(format!(
            "a course has 1 to 12 [[outcomes]], and this one has {}",
            tables.len()
        ));
    }
    let mut seen = BTreeSet::new();
    let read = tables.into_iter().filter_map(|mut it| {
        let code = it.need_as("code", |code| once(line(code, 40)?, &mut seen));
        let text = it.need_as("text", |it| line(it, 500));
        let question = it.need_as("confidence_question", |it| line(it, 500));
        it.done();
        Some(Outcome {
            code: code?,
            text: text?,
            confidence_question: question?,
        })
    });
    read.collect()
}

fn topics(root: &mut Table<'_>) -> Vec<String> {
    let tables = root.tables("topics");
    if tables.is_empty() {
        root.note("[[topics]] are missing".to_owned());
    }
    let mut seen = BTreeSet::new();
    let mut read: Vec<(i32, String)> = tables
        .into_iter()
        .filter_map(|mut it| {
            let order = it.need_as("order", |order: i32| once(order, &mut seen));
            let title = it.need_as("title", |it| line(it, 500));
            it.done();
            Some((order?, title?))
        })
        .collect();
    read.sort();
    read.into_iter().map(|(_, title)| title).collect()
}

/// The planned minutes of each session.
fn sessions(root: &mut Table<'_>) -> Vec<i32> {
    let tables = root.tables("sessions");
    let read = tables.into_iter().zip(1..).map(|(mut it, number)| {
        it.need_as("index", |index: i32| {
            is(
                index == number,
                &format!("must be {number}: the sessions are in order"),
            )
        });
        it.need_as("title", |it| line(it, 120));
        let minutes = it.need_as("planned_minutes", |it| between(it, 1, 1_440));
        it.done();
        minutes.unwrap_or(0)
    });
    read.collect()
}

fn confidence_scale(root: &mut Table<'_>) {
    let Some(mut scale) = root.table("confidence_scale") else {
        return;
    };
    for step in ["1", "2", "3", "4", "5"] {
        scale.need_as(step, |it| line(it, 120));
    }
    scale.done();
}

/// The prompts to think about before applying for a role (T-04).
fn self_check(root: &mut Table<'_>) {
    let Some(mut check) = root.table("self_check") else {
        return;
    };
    for key in ["title", "intro", "result_intro"] {
        check.need_as(key, |it| line(it, 2_000));
    }
    match check.table("answers") {
        Some(mut answers) => {
            for key in ["yes", "not_yet", "talk"] {
                answers.need_as(key, |it| line(it, 120));
            }
            answers.done();
        }
        None => check.note("[self_check.answers] is missing".to_owned()),
    }
    match check.table("talk") {
        Some(mut talk) => {
            talk.need_as("idea", |it| line(it, 500));
            talk.done();
        }
        None => check.note("[self_check.talk] is missing".to_owned()),
    }
    let (mut codes, mut orders) = (BTreeSet::new(), BTreeSet::new());
    for mut prompt in check.tables("prompts") {
        prompt.need_as("code", |it| once(code(it)?, &mut codes));
        prompt.need_as("order", |it: i32| once(it, &mut orders));
        prompt.need_as("prompt", |it| line(it, 500));
        prompt.need_as("not_yet_idea", |it| line(it, 500));
        prompt.get_as("note", |it| line(it, 500));
        prompt.done();
    }
    check.done();
}

/// A list whose entries have a code each; what else they say is for the pages that show them.
fn coded(root: &mut Table<'_>, list: &str) {
    let mut seen = BTreeSet::new();
    for mut entry in root.tables(list) {
        entry.need_as("code", |it| once(code(it)?, &mut seen));
    }
}

/// Everything that has no field of its own, as it was written; what `[course]` says beside its fields
/// stands between the other tables.
fn extras(text: &str) -> Value {
    let Ok(file) = text.parse::<toml::Table>() else {
        return Value::Null;
    };
    let Ok(Value::Object(mut all)) = serde_json::to_value(file) else {
        return Value::Null;
    };
    for key in ["format", "format_version", "outcomes", "topics"] {
        all.remove(key);
    }
    if let Some(Value::Object(course)) = all.remove("course") {
        let own = [
            "code",
            "title",
            "summary",
            "planned_minutes",
            "sessions_required",
            "different_days",
            "one_live",
            "methods",
            "authors_note",
            "contact_name",
            "contact_email",
            "contact_phone",
        ];
        all.extend(course.into_iter().filter(|(key, _)| !own.contains(&key.as_str())));
    }
    Value::Object(all)
}

fn is(fine: bool, wanted: &str) -> Result<(), String> {
    if fine { Ok(()) } else { Err(wanted.to_owned()) }
}

fn between(number: i32, least: i32, most: i32) -> Result<i32, String> {
    let range = least..=most;
    if range.contains(&number) {
        Ok(number)
    } else {
        Err(format!("must be between {least} and {most}"))
    }
}

/// A text of one line that says something.
fn line(text: String, most: usize) -> Result<String, String> {
    let text = text.trim().to_owned();
    if text.is_empty() || text.chars().any(char::is_control) || text.chars().count() > most {
        return Err(format!("must be one line of 1 to {most} characters"));
    }
    Ok(text)
}

fn lines(texts: Vec<String>) -> Result<Vec<String>, String> {
    texts.into_iter().map(|it| line(it, 500)).collect()
}

/// A word for addresses and records.
fn code(text: String) -> Result<String, String> {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-' || it == '_';
    if (1..=40).contains(&text.len()) && text.chars().all(plain) {
        Ok(text)
    } else {
        Err("must be a word of small letters, digits and hyphens".to_owned())
    }
}

fn once<T: Ord + Clone + std::fmt::Debug>(value: T, seen: &mut BTreeSet<T>) -> Result<T, String> {
    if seen.insert(value.clone()) {
        Ok(value)
    } else {
        Err(format!("has {value:?} a second time"))
    }
}

fn address(text: String) -> Result<String, String> {
    text.parse::<Address>()
        .map(|it| it.to_string())
        .map_err(|_| "must be an address like courses@example.org".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public::courses::Extras;
    use serde::Deserialize;

    const COURSE: &str = include_str!("../../../../courses/introductory-course.toml");

    #[track_caller]
    fn refused(from: &str, to: &str, why: &str) {
        assert!(COURSE.contains(from), "the course has no {from:?} any more");
        let wrong = parse(&COURSE.replacen(from, to, 1)).unwrap_err();
        assert!(
            wrong.iter().any(|it| it.contains(why)),
            "{wrong:?} says nothing of {why:?}"
        );
    }

    #[test]
    fn the_introductory_course_is_read_as_a_whole() {
        let course = parse(COURSE).unwrap();
        assert_eq!((course.code.as_str(), course.one_live), ("intro", true));
        assert_eq!((course.text.outcomes.len(), course.text.topics.len()), (4, 6));
        assert_eq!(
            (course.text.planned_minutes, course.text.sessions_required),
            (360, Some(2))
        );
        assert!(course.text.different_days);
        let extras = Extras::deserialize(&course.text.extras).unwrap();
        assert_eq!(
            (extras.delivery.as_str(), extras.who_it_is_for.len()),
            ("online", 2)
        );
        assert!(extras.self_check.is_some());
        let kept = |key: &str| course.text.extras.get(key).is_some();
        assert!(kept("principles") && kept("confidence_scale") && !kept("title") && !kept("outcomes"));
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        refused(
            "alongside-course",
            "alongside-framework",
            "line 7: format must be",
        );
        refused(
            "format_version = 1",
            "format_version = 2",
            "line 8: format_version must be 1",
        );
        assert_eq!(parse("").unwrap_err().len(), 5);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        refused(
            "one_live = true",
            "one_life = true",
            "there is no key called course.one_life",
        );
        refused(
            "[confidence_scale]",
            "[confidence]",
            "there is no key called confidence",
        );
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        refused(
            "planned_minutes = 180 # default: the six",
            "planned_minutes = 100 # default: the six",
            "the sessions add up to 280",
        );
        refused(
            "sessions_required = 2",
            "sessions_required = 3",
            "there are 2 tables [[sessions]]",
        );
        refused("code = \"LO2\"", "code = \"LO1\"", "has \"LO1\" a second time");
        refused("order = 2", "order = 1", "has 1 a second time");
        refused("index = 2", "index = 3", "must be 2");
    }

    #[test]
    fn values_that_make_no_sense_are_refused() {
        refused(
            "code = \"intro\"",
            "code = \"Intro course\"",
            "course.code must be a word",
        );
        refused(
            "peer-support@example.org",
            "peer-support",
            "course.contact_email must be an address",
        );
        refused(
            "title = \"Introduction to peer support\"",
            "title = \"\"",
            "course.title must be one line",
        );
        refused(
            "methods = [",
            "methods = [ 1, ",
            "course.methods must be a list of texts",
        );
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let text = COURSE
            .replace("code = \"intro\"", "code = \"\"")
            .replace("index = 2", "index = 7")
            .replace("order = 6", "order = \"six\"");
        assert!(parse(&text).unwrap_err().len() >= 3);
    }
}
