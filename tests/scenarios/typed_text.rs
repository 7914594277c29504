//! T-38, T-40, T-41, U-20: what somebody types is text. In pages, in both parts of a mail and in a
//! calendar it says what was typed and does nothing. (Every page that a scenario opens is searched for
//! scripts and handlers, see `tests/support/every_answer.rs`.)

use axum::http::StatusCode;
use booking::Change;
use scraper::{Html, Selector};
use sea_orm::ConnectionTrait;
use tests::{Browser, PageView, TestApp};

/// Out of an attribute, a title and a text field, into a script and an image, and past two template
/// languages and an encoder.
const HOSTILE: &str =
    "\"'></title></textarea><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}{% x %}&lt;i&gt;";
/// The same for a name, which is also made short, put into a greeting and into a calendar.
const NAME: &str = "\"'><svg/onload=alert(1)>&lt;{{7*7}};\\n,END:VEVENT";
/// Only digits count in a phone number.
const PHONE: &str = "01632960001\" onfocus=alert(1) x='";
/// A line that would begin a property of its own if it got one.
const LINES: &str = "1 High Street\r\nEND:VEVENT\r\nX-INJECTED:1\r\n<script>alert(1)</script>";

/// The form for a run with something hostile in every field, up to the page of answers.
async fn answers(browser: &Browser, path: &str, email: &str) -> PageView {
    let first = browser.visit(&format!("{path}/book")).await;
    let you = first
        .form("Continue")
        .fill("Full name", NAME)
        .fill("What would you like us to call you", NAME);
    let contact = you.fill("Pronouns", HOSTILE).submit().await;
    let again = contact
        .form("Continue")
        .fill("Email address", HOSTILE)
        .fill("Phone number", PHONE);
    let again = again.choose("By post").submit().await;
    again.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(again.form("Continue").fields()["email"], HOSTILE);
    let post = again.form("Continue").fill("Email address", email).submit().await;
    let support = post.form("Continue").fill("Postal address", LINES).submit().await;
    let mut form = support
        .form("Continue")
        .choose("Captions")
        .choose("Something else");
    for field in ["Their name", "Name of the person who is booking"] {
        form = form.fill(field, HOSTILE);
    }
    let form = form
        .fill("Captions: tell us more", HOSTILE)
        .fill("Their phone number", PHONE)
        .fill("What do you hope for", LINES)
        .choose("I am booking for someone else")
        .fill(
            "Email address or phone number of the person",
            "helper@example.org",
        )
        .choose("Send copies");
    let check = form.submit().await;
    check.must_say("Check your answers");
    check
}

fn must_show(page: &PageView, text: &str) {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    page.must_say(&plain);
}

/// What the HTML part of a mail may hold: words and links of ours.
fn mail_faults(html: &str, base_url: &str) -> Vec<String> {
    let page = Html::parse_document(html);
    let everything = Selector::parse("*").expect("a selector");
    let is_wrong = |it: &scraper::ElementRef<'_>| {
        let name = it.value().name();
        let kind = ["script", "img", "svg", "iframe", "object", "form", "textarea"].contains(&name);
        let acts = it.value().attrs().any(|(name, _)| name.starts_with("on"));
        let leads = it.attr("href").is_some_and(|it| {
            !["mailto:", "tel:", base_url]
                .iter()
                .any(|begin| it.starts_with(begin))
        });
        kind || acts || leads
    };
    page.select(&everything)
        .filter(is_wrong)
        .map(|it| it.html())
        .collect()
}

/// A calendar with one event, in which nothing begins a line that we did not begin.
fn calendar_faults(calendar: &str) -> Vec<String> {
    let unfolded = calendar.replace("\r\n ", "");
    let lines: Vec<&str> = unfolded.split("\r\n").collect();
    let count = |text: &str| lines.iter().filter(|it| **it == text).count();
    let mut faults = Vec::new();
    if (count("BEGIN:VEVENT"), count("END:VEVENT")) != (1, 1) {
        faults.push(calendar.to_owned());
    }
    let injected = lines
        .iter()
        .filter(|it| it.starts_with("X-INJECTED") || it.contains('\n'));
    faults.extend(injected.map(|it| (*it).to_owned()));
    faults
}

/// Every mail that was sent, looked through.
fn mails_are_sound(site: &TestApp) {
    for it in site.mailer.sent() {
        let mail = it.read();
        let faults = mail_faults(&mail.html, &site.app.setup().base_url);
        assert!(faults.is_empty(), "{}: {faults:#?}", mail.subject());
        for (_, calendar) in &mail.calendars {
            assert_eq!(calendar_faults(calendar), [""; 0]);
        }
        let names: Vec<&str> = mail.headers.iter().map(|it| it.0.as_str()).collect();
        assert!(
            !names.contains(&"X-INJECTED") && mail.header("Bcc").is_none(),
            "{names:?}"
        );
    }
}

#[tokio::test]
async fn what_applicants_type_is_text_everywhere() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    let browser = site.browser();
    let check = answers(&browser, &site.run_path(run).await, "sam@example.org").await;
    for text in [NAME, HOSTILE, PHONE, LINES] {
        must_show(&check, text);
    }
    let contact = check.follow("Change how we get in touch").await;
    let check = contact.form("Continue").choose("By email").submit().await;
    let done = check.agreed("Confirm my booking").submit().await;
    done.must_say("Your place is booked");
    let booking = site.booking_of("sam@example.org", run).await.expect("a booking");
    let sam = tests::Applicant {
        browser,
        name: NAME.to_owned(),
        email: "sam@example.org".to_owned(),
        booking,
        done: done.path,
    };
    site.rounds().await;
    let page = sam
        .follow_mail(&site, "Please confirm your email", "/confirm")
        .await;
    page.form("Continue")
        .choose("Yes, I made this booking")
        .submit()
        .await
        .must_be(StatusCode::OK);
    site.rounds().await;
    let mail = sam.mail(&site, "Your booking for");
    assert!(mail.contains(NAME), "{mail}");
    let page = sam.manage(&site, "Your booking for").await;
    must_show(&page, NAME);
    let details = page.follow("Change your details").await;
    must_show(&details, NAME);
    let form = details.follow("Change your name").await.form("Save");
    assert_eq!(form.fields()["called_name"], NAME);
    let other = form.fill("What should we call you", HOSTILE).submit().await;
    assert!(other.status.is_success());
    let link = sam.link(&site, "Your booking for", "");
    let file = sam.browser.visit(&format!("{link}/calendar.ics")).await;
    for event in file.body.split("BEGIN:VEVENT").skip(1) {
        assert_eq!(calendar_faults(&format!("\r\nBEGIN:VEVENT{event}")), [""; 0]);
    }
    site.rounds().await;
    assert!(site.mailer.sent().len() >= 4, "two to Sam, the change, a copy");
    mails_are_sound(&site);
    site.must_hold().await;
}

#[tokio::test]
async fn what_the_team_types_is_text_everywhere() {
    let site = TestApp::start().await;
    let mut course = TestApp::course();
    course.code = "other".to_owned();
    for text in [
        &mut course.title,
        &mut course.text.summary,
        &mut course.text.authors_note,
    ] {
        HOSTILE.clone_into(text);
    }
    course.text.methods = vec![HOSTILE.to_owned()];
    course.text.topics = vec![HOSTILE.to_owned()];
    HOSTILE.clone_into(&mut course.text.outcomes[0].text);
    HOSTILE.clone_into(&mut course.contact_name);
    site.add(course).await;
    let run = site
        .run_like(12, &["2027-06-08", "2027-06-15"], |it| {
            "other".clone_into(&mut it.course_code);
            it.delivery = booking::calendar::Delivery::InPerson;
            it.venue = Some(LINES.to_owned());
            HOSTILE.clone_into(&mut it.label);
        })
        .await;
    for name in ["org_name", "service_name", "contact_name", "contact_hours"] {
        let sql = format!(
            "INSERT INTO setting (name, value) VALUES ('{name}', '{}')",
            HOSTILE.replace('\'', "''")
        );
        let written = site.database().handles.writer.execute_unprepared(&sql).await;
        written.expect("the setting is stored");
    }
    for path in ["/courses", "/courses/other", "/contact", "/privacy"] {
        let page = site.browser().visit(path).await;
        page.must_be(StatusCode::OK);
        assert!(
            page.text("header").contains("<script>alert(1)</script>"),
            "{path}"
        );
    }
    let path = site.run_path(run).await;
    must_show(&site.browser().visit(&path).await, LINES);

    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.rounds().await;
    let mail = sam.mail(&site, "Your booking for");
    assert!(mail.contains("<script>alert(1)</script>"), "{mail}");
    sam.manage(&site, "Your booking for")
        .await
        .must_be(StatusCode::OK);
    site.team(run, Change::CancelRun(HOSTILE.to_owned())).await;
    site.rounds().await;
    assert!(
        sam.mail(&site, "Your booking cannot go ahead")
            .contains("onerror=alert(1)")
    );
    must_show(&site.browser().visit(&path).await, HOSTILE);
    mails_are_sound(&site);
    site.must_hold().await;
}

/// What comes in an address is never shown, and opens nothing.
#[tokio::test]
async fn addresses_and_what_follows_them_are_not_repeated() {
    let site = TestApp::start().await;
    site.run_with_places(1).await;
    let browser = site.browser();
    for path in [
        "/%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/courses/%3Cimg%20src=x%20onerror=alert(1)%3E",
        "/courses?%22%3E%3Cscript%3Ealert(1)%3C/script%3E=1",
        "/b/%3Cscript%3Ealert(1)%3C/script%3E",
        "/b/..%2f..%2fcourses",
    ] {
        let page = browser.visit(path).await;
        assert!(
            page.status == StatusCode::NOT_FOUND || page.status == StatusCode::OK,
            "{path}"
        );
        assert!(!page.body.contains("alert(1)"), "{path}");
    }
}
