//! What every page must be, tested for every page in every state it can have.
//!
//! With `ALONGSIDE_SAMPLES` naming a folder, every page and every mail is also written there as a file,
//! for the browser suite to look at (tests/browser/samples.spec.js).

use scraper::Selector;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::outbox::Kind;
use crate::outbox::letter::samples::{KINDS, samples};
use crate::pages::{Page, Pages};
use crate::site::Site;

#[derive(Serialize)]
struct Dressed<'a, P> {
    #[serde(flatten)]
    page: &'a P,
    site: &'a Site,
}

/// Renders each sample of a page and judges it: the template reads exactly the fields of the page,
/// the HTML is well formed and keeps to the rules of pages.md sections 1, 3 and 11.
#[track_caller]
pub(crate) fn check<P: Page>() {
    let pages = Pages::load().unwrap();
    let samples = P::samples();
    assert!(!samples.is_empty(), "{} has no samples", P::TEMPLATE);
    let name = P::TEMPLATE.trim_start_matches("pages/").trim_end_matches(".html");
    for (at, page) in samples.iter().enumerate() {
        let html = render(&pages, page, at);
        write(&name.replace('/', "-"), at, &html);
        let faults = faults(&html);
        assert!(
            faults.is_empty(),
            "{} sample {at}: {faults:#?}\n{html}",
            P::TEMPLATE
        );
        let Value::Object(fields) = serde_json::to_value(page).unwrap() else {
            panic!("a page is a struct")
        };
        let fields: BTreeSet<String> = fields.keys().cloned().collect();
        let unused: Vec<_> = fields.iter().filter(|it| !pages.reads(P::TEMPLATE, it)).collect();
        assert!(unused.is_empty(), "{} never reads {unused:?}", P::TEMPLATE);
    }
}

/// The HTML of each sample of a page.
pub(crate) fn rendered<P: Page>() -> Vec<String> {
    let pages = Pages::load().unwrap();
    let samples = P::samples().into_iter().enumerate();
    samples.map(|(at, page)| render(&pages, &page, at)).collect()
}

fn render<P: Page>(pages: &Pages, page: &P, at: usize) -> String {
    let site = &sample_site();
    pages
        .render(P::TEMPLATE, &Dressed { page, site })
        .unwrap_or_else(|error| panic!("{} sample {at}: {error:?}", P::TEMPLATE))
}

/// Writes a sample where the environment says, if it does.
fn write(name: &str, at: usize, html: &str) {
    if let Some(folder) = std::env::var_os("ALONGSIDE_SAMPLES").map(PathBuf::from) {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.{at:02}.html")), html).unwrap();
    }
}

/// Mails have tests of their own (outbox/letter/tests.rs); here they become files to look at.
#[test]
fn every_mail_can_be_looked_at() {
    let pages = Pages::load().unwrap();
    for name in KINDS {
        let kind = Kind::named(name).unwrap();
        for (at, letter) in samples(name).iter().enumerate() {
            let html = pages.mail(letter, kind).unwrap().html;
            assert!(html.starts_with("<!DOCTYPE html>"), "{name}");
            write(&format!("mail-{name}"), at, &html);
        }
    }
}

fn sample_site() -> Site {
    let values = crate::site::ORGANISATION
        .iter()
        .map(|(name, value, _)| ((*name).to_owned(), (*value).to_owned()));
    Site::of(&values.collect(), String::new())
}

/// What is wrong with a page, in words.
fn faults(html: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let document = scraper::Html::parse_document(html);
    faults.extend(document.errors.iter().map(ToString::to_string));
    let all = |css: &str| {
        let selector = Selector::parse(css).unwrap();
        document
            .select(&selector)
            .map(|it| (it.value().clone(), it.text().collect::<String>()))
            .collect::<Vec<_>>()
    };
    if all("h1").len() != 1 {
        faults.push(format!("{} h1 elements", all("h1").len()));
    }
    let heading = all("h1")
        .first()
        .map(|it| it.1.trim().to_owned())
        .unwrap_or_default();
    let title = all("title")
        .first()
        .map(|it| it.1.trim().to_owned())
        .unwrap_or_default();
    if !title.trim_start_matches("Error: ").starts_with(&heading) {
        faults.push(format!(
            "the title {title:?} does not begin with the heading {heading:?}"
        ));
    }
    if title.starts_with("Error: ") == all(".nhsuk-error-summary").is_empty() {
        faults.push("the title and the error summary disagree".to_owned());
    }
    if !all("[style], style, script:not([src]), [onclick], [onchange], [onsubmit]").is_empty() {
        faults.push("inline style or script".to_owned());
    }
    let ids: Vec<String> = all("[id]")
        .iter()
        .filter_map(|it| it.0.attr("id").map(str::to_owned))
        .collect();
    let mut seen = BTreeSet::new();
    faults.extend(
        ids.iter()
            .filter(|it| !seen.insert(*it))
            .map(|it| format!("the id {it:?} is there twice")),
    );
    let labelled: BTreeSet<String> = all("label[for]")
        .iter()
        .filter_map(|it| it.0.attr("for").map(str::to_owned))
        .collect();
    for (field, _) in all("input:not([type=hidden]), select, textarea") {
        let id = field.attr("id").unwrap_or_default();
        if !labelled.contains(id) && field.attr("aria-label").is_none() {
            faults.push(format!("the field {id:?} has no label"));
        }
        for described in field
            .attr("aria-describedby")
            .unwrap_or_default()
            .split_whitespace()
        {
            if !ids.iter().any(|it| it == described) {
                faults.push(format!(
                    "the field {id:?} is described by {described:?}, which is not there"
                ));
            }
        }
    }
    for (link, _) in all(".nhsuk-error-summary a[href]") {
        let target = link
            .attr("href")
            .unwrap_or_default()
            .trim_start_matches('#')
            .to_owned();
        if !ids.contains(&target) {
            faults.push(format!(
                "the error summary points to {target:?}, which is not there"
            ));
        }
    }
    for (form, _) in all("form") {
        if form.attr("novalidate").is_none()
            && form
                .attr("method")
                .is_some_and(|it| it.eq_ignore_ascii_case("post"))
        {
            faults.push("a form without novalidate".to_owned());
        }
    }
    if !all("[required], [disabled], [autofocus]").is_empty() {
        faults.push("required, disabled or autofocus".to_owned());
    }
    // U-29: the error summary alone may interrupt.
    let (alerts, summaries) = (all("[role=alert]"), all(".nhsuk-error-summary [role=alert]"));
    if alerts.len() > 1 || alerts.len() != summaries.len() || !all("[aria-live=assertive]").is_empty() {
        faults.push("something else than one error summary interrupts".to_owned());
    }
    let body = Selector::parse("body").unwrap();
    let text: String = document
        .select(&body)
        .flat_map(|it| it.text())
        .flat_map(|it| [it, " "])
        .collect();
    faults.extend(not_said(&text));
    faults
}

/// U-35: the words of section 9 that we do not say, "run" and "session" for dates among them.
const NOT_SAID: [&str; 27] = [
    "sufferer",
    "sufferers",
    "service user",
    "service users",
    "fail",
    "fails",
    "failed",
    "failing",
    "failure",
    "reject",
    "rejects",
    "rejected",
    "no-show",
    "no-shows",
    "waitlist",
    "waitlisted",
    "wait list",
    "sign in",
    "signed in",
    "signing in",
    "e-mail",
    "e-mails",
    "telephone",
    "run",
    "runs",
    "session",
    "sessions",
];

/// The sentence of the course file in which trainers run a course.
const SAID_BY_THE_COURSE: &str = "plan and run this course";

/// Which of these words stand in a text, each as a whole word.
fn not_said(text: &str) -> Vec<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.replace(SAID_BY_THE_COURSE, "").to_lowercase();
    let is_letter = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
    let said = |word: &str| {
        text.match_indices(word).any(|(at, _)| {
            let (before, from) = text.split_at(at);
            !is_letter(before.chars().next_back()) && !is_letter(from.chars().nth(word.len()))
        })
    };
    let words = NOT_SAID.into_iter().filter(|it| said(it));
    words
        .chain(text.contains('!').then_some("!"))
        .map(|it| format!("U-35: it says {it:?}"))
        .collect()
}

/// Each of these rules finds what it is for.
#[test]
fn faults_are_found() {
    let page = |main: &str| {
        format!(
            "<!DOCTYPE html><html lang=\"en\"><head><title>A page – x</title></head><body><main><h1>A page</h1>{main}\
             </main></body></html>"
        )
    };
    assert_eq!(faults(&page("<p>A sentence about rerunning.</p>")), [""; 0]);
    for main in [
        "<p role=\"alert\">x</p>",
        "<p aria-live=\"assertive\">x</p>",
        "<p>The next run</p>",
        "<p>Session 1</p>",
        "<p>Sign <b>in</b></p>",
        "<p>Well done!</p>",
        "<p>Experienced trainers run this</p>",
    ] {
        assert_eq!(faults(&page(main)).len(), 1, "{main}");
    }
}
