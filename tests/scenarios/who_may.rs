//! Every route against every kind of visitor, from the table of routes itself (T-06, T-07).

use axum::http::{HeaderMap, Method, StatusCode};
use tests::{Browser, PageView, TestApp};
use web::{Role, Route, Who};

const NOBODYS: &str = "018f4d2e-7c11-7a2b-9c3d-0123456789ab";

/// A path of the pattern with ids that nobody has.
fn invented(pattern: &str) -> String {
    let part = |it: &str| if it.starts_with('{') { NOBODYS } else { it }.to_owned();
    pattern.split('/').map(part).collect::<Vec<_>>().join("/")
}

async fn ask(browser: &Browser, route: &Route) -> PageView {
    let (method, body) = match route.method {
        "GET" => (Method::GET, None),
        _ => (Method::POST, Some(String::new())),
    };
    browser.once(method, &invented(route.path), body).await
}

fn goes_to(page: &PageView) -> &str {
    page.headers
        .get("location")
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default()
}

fn is_log_in(page: &PageView) -> bool {
    page.status == StatusCode::SEE_OTHER
        && (goes_to(page) == "/login" || goes_to(page).starts_with("/login?"))
}

/// Whether two answers cannot be told apart.
fn same(one: &PageView, other: &PageView) -> bool {
    let headers = |it: &PageView| -> HeaderMap { it.headers.clone() };
    (one.status, headers(one), &one.body) == (other.status, headers(other), &other.body)
}

fn needs_log_in(route: &Route) -> bool {
    matches!(route.who, Who::Arriving | Who::SignedIn | Who::Roles(_))
}

/// T-51
#[test]
fn pages_of_a_rehearsal_are_there_in_a_rehearsal_alone() {
    let is_rehearsal = |it: &Route| it.path.starts_with("/rehearsal");
    assert!(!web::route_table(false).iter().any(is_rehearsal));
    assert!(web::route_table(true).iter().any(is_rehearsal));
}

#[tokio::test]
async fn who_is_not_logged_in_is_sent_to_log_in_whatever_they_ask_for() {
    let site = TestApp::start().await;
    let browser = site.browser();
    for route in web::route_table(false).iter().filter(|it| needs_log_in(it)) {
        let page = ask(&browser, route).await;
        assert!(
            is_log_in(&page),
            "{} {}: {}",
            route.method,
            route.path,
            page.status
        );
    }
}

#[tokio::test]
async fn who_is_half_way_in_opens_nothing_but_the_second_step() {
    let site = TestApp::start().await;
    site.invited(Role::Lead, "sam@example.org").await;
    let browser = site.browser();
    site.log_in(&browser, "sam@example.org").await;
    let inside = |it: &&Route| matches!(it.who, Who::SignedIn | Who::Roles(_));
    for route in web::route_table(false).iter().filter(inside) {
        let page = ask(&browser, route).await;
        assert_eq!(goes_to(&page), "/login/totp", "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn each_role_opens_what_its_rule_says_and_the_rest_is_not_there() {
    let site = TestApp::start().await;
    let mut visitors = Vec::new();
    for role in Role::ALL {
        let member = site.member(role, &format!("{role}@example.org")).await;
        visitors.push((Some(role), member.browser));
    }
    let nobody = site.member(Role::Facilitator, "none@example.org").await;
    site.execute(
        "DELETE FROM role WHERE person = (SELECT person FROM account WHERE email = 'none@example.org')",
    )
    .await;
    visitors.push((None, nobody.browser));
    for (role, browser) in visitors {
        let nowhere = browser.once(Method::GET, "/no/such/page", None).await;
        nowhere.must_be(StatusCode::NOT_FOUND);
        for route in web::route_table(false).iter().filter(|it| needs_log_in(it)) {
            let page = ask(&browser, route).await;
            let at = format!("{role:?}: {} {}: {}", route.method, route.path, page.status);
            assert!(!is_log_in(&page), "{at}");
            if let Who::Roles(roles) = route.who {
                let may = role.is_some_and(|it| roles.contains(&it));
                assert!(may || same(&page, &nowhere), "{at}");
                // What is for them, but not there, is the same 404 again; a page without an id is there.
                let is_there = route.method == "GET" && !route.path.contains('{');
                let opens = page.status == StatusCode::OK || goes_to(&page).starts_with("/step-up?");
                assert!(!may || !is_there || opens, "{at}");
            }
        }
    }
}
