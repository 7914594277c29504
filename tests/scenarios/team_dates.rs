//! The team plans dates, publishes, changes and cancels them, and looks after the waiting list.

use axum::http::StatusCode;
use booking::Change;
use booking::calendar::Delivery;
use ids::RunId;
use tests::{Browser, PageView, TestApp};
use web::Role;

/// The address of the team's page about dates.
fn of(run: RunId, part: &str) -> String {
    format!("/team/runs/{run}{part}")
}

/// The value of the choice with these words.
#[track_caller]
fn choice(page: &PageView, words: &str) -> String {
    let (before, _) = page
        .body
        .split_once(&format!(">{words}</option>"))
        .unwrap_or_else(|| panic!("no choice {words:?}:\n{}", page.body));
    let value = before.rsplit("value=\"").next().expect("a value");
    value.split('"').next().expect("an end").to_owned()
}

async fn coordinator(site: &TestApp) -> Browser {
    site.member(Role::Coordinator, "rowan@example.org").await.browser
}

/// Two people who may teach, by their names.
async fn facilitators(site: &TestApp) -> [String; 2] {
    for name in ["quinn", "tate"] {
        site.invited(Role::Facilitator, &format!("{name}@example.org"))
            .await;
    }
    site.execute("UPDATE person SET full_name = 'Quinn Oak' WHERE id IN (SELECT person FROM account WHERE email = 'quinn@example.org')")
        .await;
    site.execute("UPDATE person SET full_name = 'Tate Pine' WHERE id IN (SELECT person FROM account WHERE email = 'tate@example.org')")
        .await;
    ["Quinn Oak".to_owned(), "Tate Pine".to_owned()]
}

/// Adds dates on two days through the form; the last page says what is missing.
async fn add(team: &Browser, days: [&str; 2], end: &str, teach: Option<&[String; 2]>) -> PageView {
    let page = team.visit("/team/runs/new").await;
    let mut fields = page.form("Save as a draft").fields();
    for (at, day) in (1..).zip(days) {
        fields.insert(format!("day{at}_date"), day.to_owned());
        fields.insert(format!("day{at}_start"), "10:00".to_owned());
        fields.insert(format!("day{at}_end"), end.to_owned());
        fields.insert(format!("day{at}_break"), "15".to_owned());
    }
    if let Some([peer, other]) = teach {
        fields.insert("peer_trainer".to_owned(), choice(&page, peer));
        fields.insert("other".to_owned(), choice(&page, other));
    }
    let mut sent: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    if teach.is_some() {
        sent.extend([("said_yes", "peer_trainer"), ("said_yes", "other")]);
    }
    team.post("/team/runs/new", &sent).await
}

/// B-01 to B-03: a draft says what it lacks, nobody else sees it, and with both facilitators it goes out.
#[tokio::test]
async fn dates_are_planned_as_a_draft_and_published_when_nothing_is_missing() {
    let site = TestApp::start().await;
    let team = coordinator(&site).await;
    team.visit("/team/runs").await.must_say("No course dates yet");
    let draft = add(&team, ["2027-07-06", "2027-07-13"], "13:15", None).await;
    let lacks = "This date needs a peer trainer and one other facilitator before it can be published.";
    draft.must_be(StatusCode::OK).must_say("Draft").must_say(lacks);
    site.browser().visit("/courses").await.must_say("no dates");
    let refused = draft.follow("Publish").await.form("Publish").submit().await;
    refused.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say(lacks);

    let names = facilitators(&site).await;
    let edit = draft.follow("Change").await;
    let (peer, other) = (choice(&edit, &names[0]), choice(&edit, &names[1]));
    let saved = edit
        .form("Save")
        .fill("Peer trainer", &peer)
        .fill("Other facilitator", &other);
    let saved = saved
        .choose("The peer trainer")
        .choose("The other facilitator")
        .submit()
        .await;
    saved
        .must_be(StatusCode::OK)
        .must_say("Quinn Oak, peer trainer, has said yes");
    assert!(!saved.says("Before it can be published"), "{}", saved.words());
    let published = saved.follow("Publish").await.form("Publish").submit().await;
    published.must_say("Open").must_say("0 of 12 taken");
    site.browser()
        .visit("/courses")
        .await
        .must_say("Tuesday 6 and Tuesday 13 July 2027");
    team.visit("/team/runs").await.must_say("One course date");
    site.must_hold().await;
}

/// B-02: odd minutes are acknowledged by name; a new time is acknowledged anew.
#[tokio::test]
async fn odd_minutes_are_published_only_when_somebody_says_that_they_are_meant() {
    let site = TestApp::start().await;
    let names = facilitators(&site).await;
    let team = coordinator(&site).await;
    let draft = add(&team, ["2027-07-06", "2027-07-13"], "13:00", Some(&names)).await;
    draft.must_say("There are 330 minutes of teaching, and the course plans 360.");
    let ask = draft.follow("Publish").await;
    let refused = ask.form("Publish").submit().await;
    refused
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Somebody must say that this is meant.");
    assert_eq!(
        site.count("SELECT count(*) FROM run WHERE state = 'published'")
            .await,
        0
    );
    let published = ask.form("Publish").choose("I, ").submit().await;
    published.must_say("says that this is meant.").must_say("Open");
    let by_name = "SELECT count(*) FROM run JOIN account ON account.person = run.minutes_ack_by WHERE email = 'rowan@example.org'";
    assert_eq!(site.count(by_name).await, 1);
    // Nobody has said so of other times.
    let longer = published.follow("Change").await.form("Save");
    let longer = longer.fill("Ends at", "14:00").submit().await;
    longer.must_say("There are 390 minutes of teaching, and the course plans 360.");
    assert!(!longer.says("says that this is meant"), "{}", longer.words());
}

/// B-03: the override is a lead's, with a reason.
#[tokio::test]
async fn a_lead_may_publish_without_both_facilitators_and_says_why() {
    let site = TestApp::start().await;
    let team = coordinator(&site).await;
    let draft = add(&team, ["2027-07-06", "2027-07-13"], "13:15", None).await;
    let path = format!("{}/publish", draft.path);
    draft
        .follow("Publish")
        .await
        .must_say("Only a lead can publish without them.");
    let fields = draft.follow("Publish").await.form("Publish").fields();
    let sneaked = [("op", fields["op"].as_str()), ("reason", "It is urgent")];
    team.post(&path, &sneaked)
        .await
        .must_be(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        site.count("SELECT count(*) FROM run WHERE state = 'published'")
            .await,
        0
    );

    let lead = site.member(Role::Lead, "morgan@example.org").await.browser;
    let ask = lead.visit(&path).await;
    ask.form("Publish")
        .submit()
        .await
        .must_be(StatusCode::UNPROCESSABLE_ENTITY);
    let done = ask
        .form("Publish")
        .fill("Reason", "A colleague steps in")
        .submit()
        .await;
    done.must_say("Published without both facilitators: A colleague steps in");
    site.must_hold().await;
}

/// INV-19: what was published with both facilitators keeps them.
#[tokio::test]
async fn published_dates_keep_their_two_facilitators() {
    let site = TestApp::start().await;
    let names = facilitators(&site).await;
    let team = coordinator(&site).await;
    let draft = add(&team, ["2027-07-06", "2027-07-13"], "13:15", Some(&names)).await;
    let published = draft.follow("Publish").await.form("Publish").submit().await;
    let edit = published.follow("Change").await;
    let gone = edit.form("Save").fill("Peer trainer", "").submit().await;
    gone.must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("This date needs a peer trainer and one other facilitator");
    site.must_hold().await;
}

/// U-39, B-01, and the op of every form: pressing twice stores one draft.
#[tokio::test]
async fn dates_are_copied_some_weeks_later_once() {
    let site = TestApp::start().await;
    let run = site
        .run_like(9, &["2027-06-08", "2027-06-15"], |it| {
            it.delivery = Delivery::Hybrid;
            it.venue = Some("The hall, 1 High Street".to_owned());
        })
        .await;
    let team = coordinator(&site).await;
    let form = team
        .visit(&of(run, "/copy?weeks=6"))
        .await
        .form("Save as a draft");
    assert_eq!(form.fields()["day1_date"], "2027-07-20");
    let copied = form.clone().submit().await;
    copied
        .must_say("Tuesday 20 and Tuesday 27 July 2027")
        .must_say("The hall, 1 High Street")
        .must_say("0 of 9 taken");
    assert_eq!(form.submit().await.path, copied.path);
    assert_eq!(site.count("SELECT count(*) FROM run").await, 2);
    let again = team
        .visit(&of(run, "/copy?weeks=6"))
        .await
        .form("Save as a draft")
        .submit()
        .await;
    again
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("The same dates of this course are there already.");
    let wrong = team
        .visit(&of(run, "/copy"))
        .await
        .form("Save as a draft")
        .fill("Places", "many");
    let wrong = wrong.submit().await;
    wrong.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.form("Save as a draft").fields()["capacity"], "many");
}

/// What is meant to be looked at twice stands in nobody's way.
#[tokio::test]
async fn a_facilitator_booked_twice_and_a_bank_holiday_are_warnings() {
    let site = TestApp::start().await;
    let names = facilitators(&site).await;
    let team = coordinator(&site).await;
    add(&team, ["2027-05-31", "2027-06-08"], "13:15", Some(&names))
        .await
        .must_say("Monday 31 May 2027 is a bank holiday: Spring bank holiday.");
    let second = add(&team, ["2027-06-08", "2027-06-15"], "13:15", Some(&names)).await;
    second.must_say("Quinn Oak also teaches Monday 31 May and Tuesday 8 June 2027, at the same time.");
    let published = second.follow("Publish").await.form("Publish").submit().await;
    published.must_say("Open");
}

/// B-07: more than 3 offers are asked about first; nothing is saved before the yes.
#[tokio::test]
async fn more_places_that_would_be_offered_to_many_ask_first() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    site.hold(run, "Sam Sorrel", "sam@example.org").await;
    for name in ["Ash", "Bay", "Cole", "Dell"] {
        site.join(
            run,
            &format!("{name} Larch"),
            &format!("{}@example.org", name.to_lowercase()),
        )
        .await;
    }
    let team = coordinator(&site).await;
    let asked = team
        .visit(&of(run, "/edit"))
        .await
        .form("Save")
        .fill("Places", "5")
        .submit()
        .await;
    asked
        .must_say("Offer places to four people?")
        .must_say("Dell Larch");
    assert_eq!(site.snapshot(run).await.run.capacity, 1);
    let form = asked.form("Save and offer the places");
    let saved = form.clone().submit().await;
    saved.must_say("4 people have an offer").must_say("5 of 5 taken");
    // The same press once more meets its own change, not somebody else's.
    form.submit().await.must_be(StatusCode::OK);
    let three = team
        .visit(&of(run, "/edit"))
        .await
        .form("Save")
        .fill("Places", "6")
        .submit()
        .await;
    three.must_say("5 of 6 taken");
    site.must_hold().await;
}

/// B-50, B-51: a new time is told to everybody, a new joining link to nobody.
#[tokio::test]
async fn a_new_time_is_told_to_everybody_and_a_new_link_is_not() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    site.book(run, "Sam Sorrel", "sam@example.org").await;
    let team = coordinator(&site).await;
    let form = team.visit(&of(run, "/edit")).await.form("Save");
    form.fill("Joining link", "https://meet.example.org/other")
        .submit()
        .await;
    site.rounds().await;
    let told = || {
        site.subjects("sam@example.org")
            .iter()
            .filter(|it| *it == "A change to your booking")
            .count()
    };
    assert_eq!(told(), 0);
    let mut fields = team.visit(&of(run, "/edit")).await.form("Save").fields();
    fields.insert("day1_start".to_owned(), "11:00".to_owned());
    fields.insert("day1_end".to_owned(), "14:15".to_owned());
    let sent: Vec<_> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let saved = team.post(&of(run, "/edit"), &sent).await;
    saved.must_say("Day 1: Tuesday 8 June 2027, 11am to 2:15pm");
    site.rounds().await;
    assert_eq!(told(), 1);
    fields.insert("day1_start".to_owned(), "15:00".to_owned());
    fields.remove("op");
    let stale: Vec<_> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let clash = team.post(&of(run, "/edit"), &stale).await;
    clash.must_be(StatusCode::CONFLICT);
    site.must_hold().await;
}

/// Section 3 of the page rules: whoever saves second sees both values, and nothing is lost.
#[tokio::test]
async fn who_saves_second_sees_both_versions_and_may_still_save() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let one = coordinator(&site).await;
    let other = site.member(Role::Lead, "morgan@example.org").await.browser;
    let (first, second) = (
        one.visit(&of(run, "/edit")).await,
        other.visit(&of(run, "/edit")).await,
    );
    first
        .form("Save")
        .fill("Places", "14")
        .submit()
        .await
        .must_say("0 of 14 taken");
    let clash = second.form("Save").fill("Places", "16").submit().await;
    clash
        .must_be(StatusCode::CONFLICT)
        .must_say("Someone else changed these dates")
        .must_say("You wrote 16")
        .must_say("It says now 14");
    assert_eq!(site.snapshot(run).await.run.capacity, 14);
    clash
        .form("Save what I wrote")
        .submit()
        .await
        .must_say("0 of 16 taken");
}

/// Offers stop and begin again, and the list can be closed to newcomers; whoever waits stays on it.
#[tokio::test]
async fn offers_are_paused_and_the_list_is_closed_for_a_while() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.join(run, "Kim Elm", "kim@example.org").await;
    let team = coordinator(&site).await;
    let edit = team.visit(&of(run, "/edit")).await;
    let sam = site.booking_of("sam@example.org", run).await.expect("booked");
    let kim = site.booking_of("kim@example.org", run).await.expect("waits");
    let paused = edit.form("Save").choose("Offer nobody a place").submit().await;
    paused.must_say("Offers are paused");
    site.team(run, Change::Cancel(sam)).await;
    assert_eq!(site.state(kim).await, "waiting");
    team.visit(&of(run, "/waiting"))
        .await
        .must_say("Offers for these dates are paused");
    let mut fields = team.visit(&of(run, "/edit")).await.form("Save").fields();
    fields.remove("offers_paused");
    fields.remove("waiting_list");
    let sent: Vec<_> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    team.post(&of(run, "/edit"), &sent)
        .await
        .must_be(StatusCode::OK)
        .must_say("Nobody else can join it");
    assert_eq!(site.state(kim).await, "offered");
    site.must_hold().await;
}

/// B-01: a draft that lacks a day gets it on the page, and a day too many is taken away there.
#[tokio::test]
async fn a_draft_gets_as_many_days_as_its_course_has() {
    let site = TestApp::start().await;
    let names = facilitators(&site).await;
    let team = coordinator(&site).await;
    let draft = add(&team, ["2027-07-06", "2027-07-13"], "13:15", Some(&names)).await;
    let save = async |fill: bool| {
        let mut fields = draft.follow("Change").await.form("Save").fields();
        for (part, value) in [
            ("date", "2027-07-20"),
            ("start", "10:00"),
            ("end", "13:15"),
            ("break", "15"),
        ] {
            let value = if fill { value } else { "" };
            fields.insert(format!("day2_{part}"), value.to_owned());
        }
        let sent: Vec<_> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        team.post(&format!("{}/edit", draft.path), &sent).await
    };
    save(false)
        .await
        .must_say("This course takes 2 days, and this date has 1.");
    let whole = save(true).await;
    whole.must_say("Day 2: Tuesday 20 July 2027");
    assert!(!whole.says("This course takes 2 days"), "{}", whole.words());
    site.must_hold().await;
}

/// B-01, B-04: what is published keeps the days of its course, and a day that somebody has booked stays.
#[tokio::test]
async fn no_day_is_taken_away_from_published_dates() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    let team = coordinator(&site).await;
    let take_away = async || {
        let mut fields = team.visit(&of(run, "/edit")).await.form("Save").fields();
        for part in ["date", "start", "end", "break"] {
            fields.insert(format!("day2_{part}"), String::new());
        }
        let sent: Vec<_> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        team.post(&of(run, "/edit"), &sent).await
    };
    let kept = take_away().await;
    kept.must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("This course takes 2 days, and this date has 1.");
    site.book(run, "Sam Sorrel", "sam@example.org").await;
    let kept = take_away().await;
    kept.must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Somebody has booked, so no day can be added or taken away.");
    assert_eq!(site.snapshot(run).await.sessions.len(), 2);
}

/// B-52: a reason for everybody, one press, and everybody is told.
#[tokio::test]
async fn dates_are_cancelled_with_a_reason_and_everybody_is_told() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.join(run, "Kim Elm", "kim@example.org").await;
    let team = coordinator(&site).await;
    let ask = team.visit(&of(run, "")).await.follow("Cancel these dates").await;
    ask.must_say("Sam Sorrel")
        .must_say("Kim Elm")
        .must_say("We email 2 people at once.");
    let empty = ask.form("Cancel these dates").submit().await;
    empty.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        site.count("SELECT count(*) FROM run WHERE state = 'cancelled'")
            .await,
        0
    );
    let form = ask
        .form("Cancel these dates")
        .fill("Reason", "The trainer is ill.");
    let done = form.clone().submit().await;
    done.must_say("Cancelled").must_say("The trainer is ill.");
    form.submit().await.must_be(StatusCode::OK);
    site.rounds().await;
    for email in ["sam@example.org", "kim@example.org"] {
        let told = site.subjects(email);
        let told = told
            .iter()
            .filter(|it| *it == "Your booking cannot go ahead")
            .count();
        assert_eq!(told, 1, "{email}");
    }
    let page = site.browser().visit(&site.run_path(run).await).await;
    page.must_say("The trainer is ill.");
    site.must_hold().await;
}

/// B-40: each entry says why it waits; only a reason changes the order.
#[tokio::test]
async fn the_waiting_list_says_why_and_changes_its_order_with_a_reason_alone() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    site.book(run, "Sam Sorrel", "sam@example.org").await;
    site.join(run, "Ash Larch", "ash@example.org").await;
    site.join(run, "Bay Larch", "bay@example.org").await;
    let team = coordinator(&site).await;
    let list = team.visit(&of(run, "/waiting")).await;
    list.must_say("Two people on the waiting list")
        .must_say("1. Ash Larch All places are taken")
        .must_say("2. Bay Larch All places are taken");
    let ask = list.follow("Up with number 2").await;
    ask.must_say("Bay Larch will stand in front of Ash Larch.");
    let form = ask.form("Move up");
    form.clone()
        .submit()
        .await
        .must_be(StatusCode::UNPROCESSABLE_ENTITY);
    let form = form.fill("Reason", "Told us first, by phone");
    form.clone()
        .submit()
        .await
        .must_say("1. Bay Larch")
        .must_say("2. Ash Larch");
    form.submit().await.must_say("1. Bay Larch");
    let kept = "SELECT count(*) FROM booking_event WHERE event = 'reorder' AND reason = 'Told us first, by phone' AND actor = 'team'";
    assert_eq!(site.count(kept).await, 2);
    let paused = team
        .visit(&of(run, "/waiting"))
        .await
        .form("Pause")
        .submit()
        .await;
    paused.must_say("1. Bay Larch Paused.");
    paused
        .form("Start again")
        .submit()
        .await
        .must_say("1. Bay Larch All places are taken");
    site.must_hold().await;
}

/// A page that was opened twice moves somebody one step, not two.
#[tokio::test]
async fn an_old_page_does_not_move_somebody_further() {
    let site = TestApp::start().await;
    let run = site.run_with_places(1).await;
    site.book(run, "Sam Sorrel", "sam@example.org").await;
    for name in ["Ash", "Bay", "Cole"] {
        let email = format!("{}@example.org", name.to_lowercase());
        site.join(run, &format!("{name} Larch"), &email).await;
    }
    let team = coordinator(&site).await;
    let list = team.visit(&of(run, "/waiting")).await;
    let (one, other) = (
        list.follow("Up with number 3").await,
        list.follow("Up with number 3").await,
    );
    for page in [one, other] {
        let moved = page
            .form("Move up")
            .fill("Reason", "Told us first")
            .submit()
            .await;
        moved.must_say("1. Ash Larch").must_say("2. Cole Larch");
    }
}

/// B-42: near the start the team phones down the list, books, notes calls and lets the rest go.
#[tokio::test]
async fn near_the_start_the_team_phones_down_the_list() {
    let site = TestApp::start().await;
    let run = site.run_with_places(2).await;
    let sam = site.book(run, "Sam Sorrel", "sam@example.org").await;
    let lee = site.book(run, "Lee Sorrel", "lee@example.org").await;
    for name in ["Ash", "Bay", "Cole"] {
        site.join(
            run,
            &format!("{name} Larch"),
            &format!("{}@example.org", name.to_lowercase()),
        )
        .await;
    }
    site.until("2027-06-06 09:00").await;
    for email in ["sam@example.org", "lee@example.org"] {
        let booking = site.booking_of(email, run).await.expect("booked");
        site.team(run, Change::Cancel(booking)).await;
    }
    drop((sam, lee));
    let team = coordinator(&site).await;
    let list = team.visit(&of(run, "/waiting")).await;
    list.must_say("Offers go by phone now")
        .must_say("2 places are free.");
    let unsaid = list.form("Note the call").submit().await;
    unsaid
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Choose how the call went");
    let noted = list
        .form("Note the call")
        .fill("How did the call with Ash Larch go?", "not_wanted");
    let noted = noted.submit().await;
    noted.must_say("1. Ash Larch Was asked already.");
    let booked = noted.form("They said yes: book the place").submit().await;
    booked.must_say("1 place is free.");
    let bay = site.booking_of("bay@example.org", run).await.expect("there");
    assert_eq!(site.state(bay).await, "booked");
    assert_eq!(site.snapshot(run).await.public_free(site.app.now()), 0);
    booked.form("Release the free places").submit().await;
    assert_eq!(site.snapshot(run).await.public_free(site.app.now()), 1);
    site.must_hold().await;
}

#[tokio::test]
async fn a_month_shows_what_is_on_and_drafts_too() {
    let site = TestApp::start().await;
    site.run_with_places(12).await;
    let team = coordinator(&site).await;
    add(&team, ["2027-06-09", "2027-06-16"], "13:15", None).await;
    let month = team.visit("/team/runs?view=month&month=2027-06").await;
    month
        .must_say("June 2027")
        .must_say("10am Introduction to peer support, day 1")
        .must_say("0 of 12 booked")
        .must_say("draft");
    month.follow("Show as a list").await.must_say("Two course dates");
    team.visit("/team/runs?view=month").await.must_say("May 2027");
}

/// T-07: what is not there and what is no name of anything look the same.
#[tokio::test]
async fn dates_that_are_not_there_are_not_found() {
    let site = TestApp::start().await;
    let team = coordinator(&site).await;
    for run in ["x", "018f4d2e-7c11-7a2b-9c3d-0123456789ab"] {
        for part in [
            "",
            "/edit",
            "/copy",
            "/publish",
            "/cancel",
            "/waiting",
            "/waiting/x/up",
        ] {
            let page = team.visit(&format!("/team/runs/{run}{part}")).await;
            page.must_be(StatusCode::NOT_FOUND);
        }
    }
}
