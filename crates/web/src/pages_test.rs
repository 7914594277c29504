//! What every page must be, tested for every page in every state it can have.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

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
    let site = sample_site();
    let samples = P::samples();
    assert!(!samples.is_empty(), "{} has no samples", P::TEMPLATE);
    for (at, page) in samples.iter().enumerate() {
        let html = pages
            .render(P::TEMPLATE, &Dressed { page, site: &site })
            .unwrap_or_else(|error| panic!("{} sample {at}: {error:?}", P::TEMPLATE));
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

fn sample_site() -> Site {
    let values = crate::site::ORGANISATION
        .iter()
        .map(|(name, value, _)| ((*name).to_owned(), (*value).to_owned()));
    Site::of(&values.collect(), String::new())
}

/// What is wrong with a page, in words.
#[expect(clippy::too_many_lines, reason = "one rule after the other")]
fn faults(html: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let document = scraper::Html::parse_document(html);
    faults.extend(document.errors.iter().map(ToString::to_string));
    let all = |css: &str| {
        let selector = scraper::Selector::parse(css).unwrap();
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
    let main = all("main").first().map(|it| it.1.clone()).unwrap_or_default();
    // U-35: words we do not say, in the text that people read.
    for word in [
        "!",
        "service user",
        "sufferer",
        "no-show",
        "waitlist",
        "sign in",
        "e-mail",
        "telephone",
    ] {
        if main.to_lowercase().contains(word) {
            faults.push(format!("says {word:?}"));
        }
    }
    faults
}
