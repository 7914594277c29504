//! Logging in without passwords (T-12 to T-20): what people do, and what attackers try.

use axum::http::{Method, StatusCode};
use tests::{Browser, Member, PageView, TestApp};
use time::Duration;
use tokio::task::JoinSet;
use web::Role;

const SAM: &str = "sam@example.org";

/// Somebody of the team, logged in.
async fn sam(site: &TestApp) -> Member {
    site.member(Role::Coordinator, SAM).await
}

fn wait(site: &TestApp, minutes: i64) {
    site.app.clock().advance(Duration::minutes(minutes));
}

/// The path that a page of the team leads to in this browser: itself, or where people log in.
async fn leads_to(browser: &Browser, path: &str) -> String {
    browser.visit(path).await.path
}

async fn type_code(page: &PageView, code: &str) -> PageView {
    page.form("Continue").fill("Code", code).submit().await
}

async fn type_app_code(page: &PageView, code: &str) -> PageView {
    page.form("Continue").fill("6-digit code", code).submit().await
}

/// A code that is not the right one.
fn other_than(code: &str) -> &'static str {
    if code.starts_with("0000") {
        "1111 1111"
    } else {
        "0000 0000"
    }
}

#[tokio::test]
async fn somebody_is_invited_logs_in_sets_up_their_app_and_logs_out() {
    let site = TestApp::start().await;
    site.run_with_places(12).await;
    let member = sam(&site).await;
    let codes = member.browser.visit("/account/recovery-codes").await;
    let team = codes.follow("I have saved my codes").await;
    team.must_say("Tuesday 8 and Tuesday 15 June 2027");
    assert_eq!(team.path, "/team");
    let account = team.follow("Your account").await;
    account.must_say("You log in with sam@example.org. You are a coordinator.");
    account.must_say("You have 8 codes left");
    let form = account.form("Log out");
    let bare = form.clone().press().await;
    assert_eq!(
        bare.headers["clear-site-data"],
        "\"cache\",\"cookies\",\"storage\""
    );
    form.submit().await.must_say("You are logged out");
    assert_eq!(member.browser.cookie("signin"), None);
    assert_eq!(leads_to(&member.browser, "/team").await, "/login");
    let back = member.log_in(&site, &member.browser).await;
    assert_eq!(back.path, "/team");
}

#[tokio::test]
async fn the_second_step_is_set_up_before_anything_is_shown() {
    let site = TestApp::start().await;
    site.invited(Role::Lead, SAM).await;
    let browser = site.browser();
    let page = site.log_in(&browser, SAM).await;
    assert_eq!(page.path, "/login/set-up");
    for path in [
        "/team",
        "/account",
        "/step-up",
        "/account/recovery-codes",
        "/login/totp",
    ] {
        assert_eq!(leads_to(&browser, path).await, "/login/set-up", "{path}");
    }
    let square = browser.visit("/login/set-up/square.svg").await;
    assert_eq!(square.headers["content-type"], "image/svg+xml");
    assert_eq!(square.headers["cache-control"], "no-store");
    type_app_code(&page, "000000")
        .await
        .must_be(StatusCode::UNPROCESSABLE_ENTITY);
    let (member, codes) = site.set_up(browser.clone(), SAM, &page).await;
    assert_eq!(codes.path, "/account/recovery-codes");
    // Later nobody can read them any more, and the key is shown to nobody again.
    assert!(browser.visit("/login/set-up").await.path == "/team");
    wait(&site, 10);
    let late = browser.visit("/account/recovery-codes").await;
    assert!(!late.body.contains(&member.recovery_codes[0]));
    let elsewhere = site.browser();
    member.log_in(&site, &elsewhere).await;
    let there = elsewhere.visit("/account/recovery-codes").await;
    assert!(!there.body.contains(&member.recovery_codes[0]));
}

/// T-36: nothing tells whether an address has an account.
#[tokio::test]
async fn every_address_gets_the_same_answers_and_the_same_rows() {
    let site = TestApp::start().await;
    site.invited(Role::Lead, SAM).await;
    let tables = ["sign_in_attempt", "link", "outbox_mail", "operation"];
    let mut seen = Vec::new();
    for email in [SAM, "kim@example.org"] {
        let mut before = Vec::new();
        for table in tables {
            before.push(site.count(&format!("SELECT COUNT(*) FROM {table}")).await);
        }
        let browser = site.browser();
        let form = browser.visit("/login").await.form("Send me a code");
        let page = form.fill("Email address", email).submit().await;
        for (table, before) in tables.iter().zip(before) {
            let after = site.count(&format!("SELECT COUNT(*) FROM {table}")).await;
            assert_eq!(after, before + 1, "{table} for {email}");
        }
        site.rounds().await;
        let mut pages = vec![page.clone(), browser.visit("/login/code").await];
        for _ in 0..6 {
            pages.push(browser.post("/login/code", &[("code", "0000 0000")]).await);
        }
        // Somebody else asks for a code for the same address.
        let elsewhere = site.ask_for_code(&site.browser(), email).await;
        pages.push(browser.visit("/login/code").await);
        pages.push(elsewhere);
        let op = |body: &str| {
            let text = body.replace(email, "ADDRESS");
            text.split("name=\"op\" value=\"")
                .enumerate()
                .map(|(at, part)| {
                    if at == 0 {
                        part
                    } else {
                        part.get(32..).unwrap_or_default()
                    }
                    .to_owned()
                })
                .collect::<String>()
        };
        let answers = pages
            .iter()
            .map(|it| (it.status, it.path.clone(), it.headers.clone(), op(&it.body)));
        seen.push(answers.collect::<Vec<_>>());
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(site.subjects("kim@example.org"), [""; 0]);
}

#[tokio::test]
async fn a_code_asked_for_elsewhere_ends_the_first_one_and_looks_like_a_wrong_one() {
    let site = TestApp::start().await;
    site.invited(Role::Lead, SAM).await;
    let browser = site.browser();
    let page = site.ask_for_code(&browser, SAM).await;
    let first = site.code_of(SAM);
    site.ask_for_code(&site.browser(), SAM).await;
    type_code(&page, &first).await.must_say("That is not the code");
}

#[tokio::test]
async fn a_code_works_in_the_browser_that_asked_and_nowhere_else() {
    let site = TestApp::start().await;
    site.invited(Role::Lead, SAM).await;
    let (here, elsewhere, other) = (site.browser(), site.browser(), site.browser());
    site.ask_for_code(&other, "kim@example.org").await;
    wait(&site, 1);
    site.ask_for_code(&here, SAM).await;
    let code = site.code_of(SAM);
    let page = elsewhere.post("/login/code", &[("code", &code)]).await;
    assert_eq!(page.path, "/login");
    // Also not in a browser that asked for something else.
    let page = other.post("/login/code", &[("code", &code)]).await;
    page.must_say("That is not the code");
    let link = site.path_in_mail(SAM, "Your log in code", "/login/link/");
    elsewhere.visit(&link).await.must_say("Open this where you asked");
    elsewhere
        .post(&link, &[])
        .await
        .must_be(StatusCode::FORBIDDEN)
        .must_say("Open it there, or type the code there");
    assert_eq!(elsewhere.cookie("signin"), None);
    // Nothing was spent: the link works where it should, once.
    for _ in 0..3 {
        here.visit(&link).await.must_say("Log in now");
    }
    let page = here.visit(&link).await.form("Log in now").submit().await;
    assert_eq!(page.path, "/login/set-up");
    here.visit(&link).await.must_be(StatusCode::GONE);
    here.post(&link, &[]).await.must_be(StatusCode::GONE);
    let unknown = format!("/login/link/{}", "x".repeat(43));
    here.visit(&unknown).await.must_be(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn five_wrong_codes_end_the_attempt_and_nothing_else() {
    let site = TestApp::start().await;
    site.invited(Role::Lead, SAM).await;
    let browser = site.browser();
    let page = site.ask_for_code(&browser, SAM).await;
    let code = site.code_of(SAM);
    for left in ["4 more tries", "3 more tries", "2 more tries", "1 more try"] {
        let wrong = type_code(&page, other_than(&code)).await;
        wrong.must_be(StatusCode::UNPROCESSABLE_ENTITY).must_say(left);
    }
    type_code(&page, other_than(&code))
        .await
        .must_say("This code no longer works");
    type_code(&page, &code)
        .await
        .must_say("This code no longer works");
    let link = site.path_in_mail(SAM, "Your log in code", "/login/link/");
    browser.post(&link, &[]).await.must_be(StatusCode::GONE);
    assert_eq!(browser.cookie("signin"), None);
    let again = browser
        .visit("/login/code")
        .await
        .form("Send me a new code")
        .submit()
        .await;
    site.rounds().await;
    let code = site.code_of(SAM).to_lowercase().replace(' ', "-");
    assert_eq!(type_code(&again, &code).await.path, "/login/set-up");
}

#[tokio::test]
async fn a_used_code_opens_nothing() {
    let site = TestApp::start().await;
    site.invited(Role::Lead, SAM).await;
    let browser = site.browser();
    let page = site.ask_for_code(&browser, SAM).await;
    let code = site.code_of(SAM);
    let stolen = browser.copied();
    type_code(&page, &code).await.must_say("Set up your second step");
    let replayed = stolen.post("/login/code", &[("code", &code)]).await;
    replayed.must_say("This code no longer works");
    assert_eq!(stolen.cookie("signin"), None);
    // Who presses twice is in already.
    assert_eq!(
        browser.post("/login/code", &[("code", &code)]).await.path,
        "/login/set-up"
    );
}

#[tokio::test]
async fn a_code_and_its_link_end_after_ten_minutes() {
    let site = TestApp::start().await;
    site.invited(Role::Lead, SAM).await;
    let browser = site.browser();
    let page = site.ask_for_code(&browser, SAM).await;
    wait(&site, 10);
    type_code(&page, &site.code_of(SAM))
        .await
        .must_say("This code no longer works");
    let link = site.path_in_mail(SAM, "Your log in code", "/login/link/");
    browser.post(&link, &[]).await.must_be(StatusCode::GONE);
    assert_eq!(browser.cookie("signin"), None);
    // One minute earlier it works.
    let page = site.ask_for_code(&browser, SAM).await;
    wait(&site, 9);
    assert_eq!(type_code(&page, &site.code_of(SAM)).await.path, "/login/set-up");
}

#[tokio::test]
async fn a_late_code_is_not_sent_and_more_than_ten_an_hour_are_not_either() {
    let site = TestApp::start().await;
    site.invited(Role::Lead, SAM).await;
    let codes = |site: &TestApp| {
        site.subjects(SAM)
            .iter()
            .filter(|it| *it == "Your log in code")
            .count()
    };
    let form = site.browser().visit("/login").await.form("Send me a code");
    form.fill("Email address", SAM)
        .submit()
        .await
        .must_say("on its way");
    wait(&site, 10);
    site.rounds().await;
    assert_eq!(codes(&site), 0);
    for _ in 0..12 {
        let page = site.ask_for_code(&site.browser(), SAM).await;
        page.must_be(StatusCode::OK)
            .must_say("If sam@example.org is on our list, a code is on its way");
    }
    assert_eq!(codes(&site), 10);
    wait(&site, 60);
    site.ask_for_code(&site.browser(), SAM).await;
    assert_eq!(codes(&site), 11);
}

#[tokio::test]
async fn a_code_of_the_app_counts_once_and_one_step_early_or_late() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    let second = async |later: i64| {
        let browser = site.browser();
        let page = site.log_in(&browser, SAM).await;
        let code = member.app_code_in(&site, Duration::seconds(later));
        type_app_code(&page, &code).await
    };
    second(0).await.must_say("That is not the code");
    assert_eq!(
        second(30).await.path,
        "/team",
        "a phone that is half a minute ahead"
    );
    second(30).await.must_say("That is not the code");
    second(0).await.must_say("That is not the code");
    wait(&site, 5);
    second(60).await.must_say("That is not the code");
    second(-60).await.must_say("That is not the code");
    assert_eq!(second(-30).await.path, "/team");
}

#[tokio::test]
async fn five_wrong_codes_of_the_app_end_the_log_in_but_lock_nobody_out() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    wait(&site, 1);
    let browser = site.browser();
    let page = site.log_in(&browser, SAM).await;
    for _ in 0..4 {
        type_app_code(&page, "12345")
            .await
            .must_say("That is not the code");
    }
    type_app_code(&page, "12345")
        .await
        .must_say("There were too many wrong codes");
    let right = type_app_code(&page, &member.app_code(&site)).await;
    assert_eq!(right.path, "/login");
    assert_eq!(member.log_in(&site, &browser).await.path, "/team");
    // Those of a quarter of an hour ago are forgiven.
    let page = site.log_in(&site.browser(), SAM).await;
    for _ in 0..4 {
        type_app_code(&page, "12345")
            .await
            .must_say("That is not the code");
    }
    wait(&site, 15);
    type_app_code(&page, "12345")
        .await
        .must_say("That is not the code");
}

/// Tries that come at once are counted like tries in a row.
#[tokio::test]
async fn many_tries_at_once_are_no_more_than_five() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    wait(&site, 1);
    let browser = site.browser();
    let page = site.ask_for_code(&browser, SAM).await;
    let code = site.code_of(SAM);
    at_once(&browser, "/login/code", other_than(&code)).await;
    type_code(&page, &code)
        .await
        .must_say("This code no longer works");
    let page = site.log_in(&browser, SAM).await;
    at_once(&browser, "/login/totp", "12345").await;
    assert_eq!(type_app_code(&page, &member.app_code(&site)).await.path, "/login");
}

async fn at_once(browser: &Browser, path: &'static str, code: &'static str) {
    let mut tries = JoinSet::new();
    for _ in 0..8 {
        let browser = browser.clone();
        tries.spawn(async move { browser.post(path, &[("code", code)]).await });
    }
    tries.join_all().await;
}

#[tokio::test]
async fn the_cookie_is_another_one_at_each_rise_and_the_old_one_dies() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    wait(&site, 1);
    let browser = site.browser();
    // Somebody has put a value there before.
    let planted = "a".repeat(43);
    browser.set_cookie("signin", Some(&planted));
    let mut values = vec![planted];
    let page = site.log_in(&browser, SAM).await;
    values.push(browser.cookie("signin").expect("half-way in"));
    type_app_code(&page, &member.app_code(&site)).await;
    values.push(browser.cookie("signin").expect("in"));
    wait(&site, 1);
    let step_up = browser.visit("/step-up").await;
    assert_eq!(
        type_app_code(&step_up, &member.app_code(&site)).await.path,
        "/account"
    );
    let last = browser.cookie("signin").expect("still in");
    for old in &values {
        assert_ne!(*old, last);
        let thief = site.browser();
        thief.set_cookie("signin", Some(old));
        assert_eq!(leads_to(&thief, "/account").await, "/login");
    }
    assert_eq!(leads_to(&browser, "/account").await, "/account");
    let kept = site
        .count(&format!(
            "SELECT COUNT(*) FROM sign_in WHERE handle_hash = '{last}'"
        ))
        .await;
    assert_eq!(kept, 0, "the records hold a hash");
}

#[tokio::test]
async fn a_log_in_ends_without_use_and_at_the_latest_after_ten_hours() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    for _ in 0..20 {
        wait(&site, 29);
        assert_eq!(leads_to(&member.browser, "/team").await, "/team");
    }
    wait(&site, 20);
    let bare = member.browser.once(Method::GET, "/team", None).await;
    assert_eq!(
        bare.headers["location"], "/login?next=%2Fteam",
        "after ten hours, in use or not"
    );
    member.log_in(&site, &member.browser).await;
    assert_eq!(leads_to(&member.browser, "/team").await, "/team");
    wait(&site, 30);
    assert_eq!(leads_to(&member.browser, "/team").await, "/login");
}

#[tokio::test]
async fn people_see_where_they_are_logged_in_and_end_it() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    let elsewhere = site.browser();
    member.log_in(&site, &elsewhere).await;
    let account = member.browser.visit("/account").await;
    account.must_say("(this one)").must_say("Log out there");
    account.form("Log out there").submit().await;
    assert_eq!(leads_to(&elsewhere, "/team").await, "/login");
    assert_eq!(leads_to(&member.browser, "/team").await, "/team");
    member.log_in(&site, &elsewhere).await;
    let third = site.browser();
    member.log_in(&site, &third).await;
    third
        .visit("/account")
        .await
        .form("Log out everywhere else")
        .submit()
        .await;
    for ended in [&elsewhere, &member.browser] {
        assert_eq!(leads_to(ended, "/team").await, "/login");
    }
    assert_eq!(leads_to(&third, "/team").await, "/team");
    // What is not theirs is not there.
    let kim = site.member(Role::Lead, "kim@example.org").await;
    let mine = third.visit("/account").await;
    assert!(!mine.says("Log out there"));
    let id = "018f4d2e-7c11-7a2b-9c3d-0123456789ab";
    let page = kim.browser.post("/account/end", &[("which", id)]).await;
    page.must_be(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_sixth_log_in_ends_the_oldest() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    let mut browsers = vec![member.browser.clone()];
    for _ in 0..5 {
        let browser = site.browser();
        member.log_in(&site, &browser).await;
        browsers.push(browser);
    }
    let first = browsers.remove(0);
    assert_eq!(leads_to(&first, "/team").await, "/login");
    for browser in browsers {
        assert_eq!(leads_to(&browser, "/team").await, "/team");
    }
}

#[tokio::test]
async fn after_logging_in_people_are_where_they_wanted_to_be_and_never_elsewhere() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    let browser = site.browser();
    let asked = browser.visit("/account").await;
    assert_eq!(asked.form("Send me a code").fields()["next"], "/account");
    let page = asked
        .form("Send me a code")
        .fill("Email address", SAM)
        .submit()
        .await;
    site.rounds().await;
    wait(&site, 1);
    let page = type_code(&page, &site.code_of(SAM)).await;
    assert_eq!(
        type_app_code(&page, &member.app_code(&site)).await.path,
        "/account"
    );
    for evil in [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "/courses",
    ] {
        let browser = site.browser();
        let link = format!("/login?next={}", evil.replace('/', "%2F"));
        let form = browser.visit(&link).await.form("Send me a code");
        assert_eq!(form.fields()["next"], "", "{evil}");
        browser.post("/login", &[("email", SAM), ("next", evil)]).await;
        site.rounds().await;
        wait(&site, 1);
        let page = browser.post("/login/code", &[("code", &site.code_of(SAM))]).await;
        assert_eq!(
            type_app_code(&page, &member.app_code(&site)).await.path,
            "/team",
            "{evil}"
        );
        // Logged in already.
        assert_eq!(leads_to(&browser, &link).await, "/team");
        wait(&site, 1);
        let code = member.app_code(&site);
        let page = browser.post("/step-up", &[("code", &code), ("next", evil)]).await;
        assert_eq!(page.path, "/account", "{evil}");
        wait(&site, 10);
    }
}

#[tokio::test]
async fn recovery_codes_work_once_each_and_new_ones_need_the_app() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    let with_recovery = async |code: &str| {
        let page = site.log_in(&site.browser(), SAM).await;
        let page = page.follow("Use a recovery code").await;
        page.form("Continue").fill("Recovery code", code).submit().await
    };
    let code = &member.recovery_codes[0];
    assert_eq!(
        with_recovery(&code.to_lowercase().replace('-', " ")).await.path,
        "/team"
    );
    with_recovery(code)
        .await
        .must_say("That is not one of your codes");
    let account = member.browser.visit("/account").await;
    account.must_say("You have 7 codes left");
    let step_up = account.form("Make new recovery codes").submit().await;
    step_up.must_say("Please show that it is you");
    wait(&site, 1);
    type_app_code(&step_up, "000000")
        .await
        .must_say("That is not the code");
    let account = type_app_code(&step_up, &member.app_code(&site)).await;
    let new = account.form("Make new recovery codes").submit().await;
    new.must_say("Your recovery codes");
    assert!(!new.body.contains(&member.recovery_codes[1]));
    with_recovery(&member.recovery_codes[1])
        .await
        .must_say("That is not one of your codes");
    // Five minutes later the app is asked for again.
    wait(&site, 5);
    let again = member
        .browser
        .visit("/account")
        .await
        .form("Make new recovery codes")
        .submit()
        .await;
    again.must_say("Please show that it is you");
}

/// T-15
#[tokio::test]
async fn a_lead_resets_the_second_step_of_another_and_the_owner_is_told() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    let lead = site.member(Role::Lead, "kim@example.org").await;
    let page = lead.browser.visit("/team/members").await;
    page.must_say("sam@example.org is a coordinator. The second step is set up.");
    let step_up = page.form("Reset the second step").submit().await;
    step_up.must_say("Please show that it is you");
    assert_eq!(
        leads_to(&member.browser, "/team").await,
        "/team",
        "nothing was done"
    );
    wait(&site, 1);
    let page = type_app_code(&step_up, &lead.app_code(&site)).await;
    page.form("Reset the second step").submit().await;
    assert_eq!(leads_to(&member.browser, "/team").await, "/login");
    site.rounds().await;
    assert!(
        site.subjects(SAM)
            .contains(&"Your second step was reset".to_owned())
    );
    let page = site.log_in(&member.browser, SAM).await;
    assert_eq!(page.path, "/login/set-up");
    let unknown = lead
        .browser
        .post("/team/members/reset", &[("which", "nobody")])
        .await;
    unknown.must_be(StatusCode::NOT_FOUND);
    // Not one's own, whoever asks.
    let apps = "SELECT COUNT(*) FROM factor WHERE kind = 'totp' AND spent_at IS NULL";
    assert_eq!(site.count(apps).await, 1);
    let me = site.person_of("kim@example.org").await;
    let page = lead.browser.post("/team/members/reset", &[("which", &me)]).await;
    page.must_be(StatusCode::NOT_FOUND);
    assert_eq!(site.count(apps).await, 1);
}

/// T-19, U-10
#[tokio::test]
async fn a_form_that_comes_too_late_is_kept_for_its_writer_alone() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    let kim = site.member(Role::Lead, "kim@example.org").await;
    let form = member.browser.visit("/account").await.form("Save");
    wait(&site, 31);
    let late = form
        .fill("Full name", "Sam <b>Sorrel</b> the Second")
        .submit()
        .await;
    assert_eq!(late.path, "/login");
    let names = "SELECT COUNT(*) FROM person WHERE full_name LIKE '%Second%'";
    assert_eq!(site.count(names).await, 0);
    let sealed = "SELECT COUNT(*) FROM stash WHERE sealed LIKE '%Sorrel%'";
    assert_eq!(site.count(sealed).await, 0, "nobody can read it in the records");
    let next = late.form("Send me a code").fields()["next"].clone();
    assert!(next.starts_with("/stash/"), "{next}");
    wait(&site, 1);
    let kims = kim.log_in(&site, &kim.browser).await;
    assert_eq!(kims.path, "/team");
    kim.browser.visit(&next).await.must_be(StatusCode::NOT_FOUND);
    let page = late
        .form("Send me a code")
        .fill("Email address", SAM)
        .submit()
        .await;
    site.rounds().await;
    let page = type_code(&page, &site.code_of(SAM)).await;
    let kept = type_app_code(&page, &member.app_code(&site)).await;
    kept.must_say("We kept what you wrote");
    assert_eq!(
        kept.form("Send it now").fields()["full_name"],
        "Sam <b>Sorrel</b> the Second"
    );
    assert_eq!(site.count(names).await, 0, "nothing is sent by itself");
    let account = kept.form("Send it now").submit().await;
    assert_eq!((account.path.as_str(), site.count(names).await), ("/account", 1));
    member.browser.visit(&next).await.form("Delete it").submit().await;
    member.browser.visit(&next).await.must_be(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_kept_form_is_gone_after_an_hour_and_a_stranger_leaves_nothing() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    let form = member.browser.visit("/account").await.form("Save");
    wait(&site, 31);
    let late = form.fill("Full name", "Sam the Third").submit().await;
    let next = late.form("Send me a code").fields()["next"].clone();
    site.browser().post("/account", &[("full_name", "Nobody")]).await;
    assert_eq!(site.count("SELECT COUNT(*) FROM stash").await, 1);
    wait(&site, 50);
    member.log_in(&site, &member.browser).await;
    wait(&site, 10);
    member.browser.visit(&next).await.must_be(StatusCode::NOT_FOUND);
    site.rounds().await;
    assert_eq!(site.count("SELECT COUNT(*) FROM stash").await, 0);
}

/// T-20
#[tokio::test]
async fn the_owner_is_told_of_a_browser_that_we_do_not_know() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    let told = async || {
        site.rounds().await;
        site.subjects(SAM).iter().filter(|it| *it == "New log in").count()
    };
    assert_eq!(told().await, 1);
    wait(&site, 31);
    member.log_in(&site, &member.browser).await;
    assert_eq!(told().await, 1, "the same browser");
    member.log_in(&site, &site.browser()).await;
    assert_eq!(told().await, 2);
}

/// T-10
#[tokio::test]
async fn a_role_taken_and_an_account_closed_count_at_once() {
    let site = TestApp::start().await;
    let member = sam(&site).await;
    site.execute("UPDATE role SET role = 'facilitator'").await;
    member.browser.visit("/team").await.must_be(StatusCode::NOT_FOUND);
    assert_eq!(leads_to(&member.browser, "/today").await, "/today");
    site.execute("DELETE FROM role").await;
    member
        .browser
        .visit("/today")
        .await
        .must_be(StatusCode::NOT_FOUND);
    assert_eq!(leads_to(&member.browser, "/account").await, "/account");
    site.execute("UPDATE account SET closed_at = accepted_at").await;
    assert_eq!(leads_to(&member.browser, "/account").await, "/login");
    let codes = || {
        site.subjects(SAM)
            .iter()
            .filter(|it| *it == "Your log in code")
            .count()
    };
    let before = codes();
    site.ask_for_code(&site.browser(), SAM).await;
    assert_eq!(codes(), before);
}

/// A role that comes while somebody is logged in asks for the second step first.
#[tokio::test]
async fn a_new_role_asks_for_the_second_step() {
    let site = TestApp::start().await;
    site.invited(Role::Lead, SAM).await;
    site.execute("DELETE FROM role").await;
    let browser = site.browser();
    assert_eq!(
        site.log_in(&browser, SAM).await.path,
        "/account",
        "without a role the mailbox is enough"
    );
    site.app
        .invite(SAM, Role::Lead, None, None)
        .await
        .expect("written")
        .expect("an address");
    assert_eq!(leads_to(&browser, "/team").await, "/login/set-up");
    assert_eq!(leads_to(&browser, "/account").await, "/login/set-up");
}

#[tokio::test]
async fn an_invitation_can_be_accepted_for_two_weeks_and_once() {
    let site = TestApp::start().await;
    site.app
        .invite(SAM, Role::Lead, None, None)
        .await
        .expect("written")
        .expect("an address");
    site.rounds().await;
    let link = site.path_in_mail(SAM, "You are invited", "/invite/");
    let page = site.browser().visit(&link).await;
    page.must_say("You can see all bookings");
    // Nobody logs in who has not accepted.
    site.ask_for_code(&site.browser(), SAM).await;
    assert_eq!(site.subjects(SAM), ["You are invited"]);
    let form = page.form("Accept the invitation");
    form.clone()
        .fill("Your full name", "")
        .submit()
        .await
        .must_be(StatusCode::UNPROCESSABLE_ENTITY);
    site.app
        .invite(SAM, Role::Lead, None, None)
        .await
        .expect("written")
        .expect("an address");
    site.rounds().await;
    form.submit()
        .await
        .must_be(StatusCode::GONE)
        .must_say("This invitation is over");
    let link = site.path_in_mail(SAM, "You are invited", "/invite/");
    wait(&site, 14 * 24 * 60);
    site.browser().visit(&link).await.must_be(StatusCode::GONE);
    assert!(
        site.app
            .invite("säm@example.org", Role::Lead, None, None)
            .await
            .expect("read")
            .is_err()
    );
}

#[tokio::test]
async fn cookies_go_to_the_pages_of_logging_in_alone() {
    let site = TestApp::start().await;
    let browser = site.browser();
    for path in ["/courses", "/contact", "/bookings/find", "/logout"] {
        let page = browser.visit(path).await;
        assert!(!page.headers.contains_key("set-cookie"), "{path}");
    }
    browser.visit("/login").await;
    assert!(browser.cookie("ask").is_some() && browser.cookie("signin").is_none());
}
