//! S2: the last place, and fifty people who want it.

use std::sync::Arc;

use axum::http::StatusCode;
use tests::TestApp;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_people_press_for_the_last_place_and_one_gets_it() {
    let site = TestApp::start().await;
    let run = site.run_with_places(12).await;
    for number in 0..11 {
        site.hold(run, "Kim Kale", &format!("k{number}@example.org"))
            .await;
    }
    let mut forms = Vec::new();
    for number in 0..50 {
        let email = format!("p{number}@example.org");
        let check = site
            .answers(&site.browser(), run, "book", "Sam Sorrel", &email)
            .await;
        forms.push(check.agreed("Confirm my booking"));
    }
    let start = Arc::new(Barrier::new(forms.len()));
    let mut pressed = JoinSet::new();
    for form in forms {
        let start = start.clone();
        pressed.spawn(async move {
            start.wait().await;
            form.press().await
        });
    }
    let pages = pressed.join_all().await;
    let (told, refused): (Vec<_>, Vec<_>) = pages.iter().partition(|it| it.status == StatusCode::SEE_OTHER);
    assert_eq!((told.len(), refused.len()), (1, 49));
    for page in refused {
        page.must_be(StatusCode::CONFLICT)
            .must_say("Someone took the last place while you were booking")
            .must_say("Your answers are safe");
    }

    let new = "FROM booking b JOIN person p ON p.id = b.person WHERE p.email LIKE 'p%@example.org'";
    assert_eq!(site.count(&format!("SELECT COUNT(*) {new}")).await, 1);
    assert_eq!(
        site.count(&format!("SELECT COUNT(*) {new} AND b.state = 'unconfirmed'"))
            .await,
        1
    );
    let snapshot = site.snapshot(run).await;
    for session in &snapshot.sessions {
        let here = snapshot.places.iter().filter(|it| it.session == session.id);
        assert_eq!(here.count(), 12);
    }
    let mails = "SELECT COUNT(*) FROM outbox_mail WHERE kind = 'confirm_email'";
    assert_eq!(site.count(mails).await, 12);
    site.rounds().await;
    let to_one: Vec<_> = site
        .mailer
        .sent()
        .into_iter()
        .filter(|it| it.to.starts_with('p'))
        .collect();
    assert_eq!(to_one.len(), 1);
    assert_eq!(to_one[0].read().subject(), "Please confirm your email");
    site.must_hold().await;
}

/// Somebody looks for other dates, and those fill up while they choose: their own dates stay within reach.
#[tokio::test]
async fn other_dates_that_fill_up_are_named_and_the_own_ones_stay() {
    let site = TestApp::start().await;
    let own = site.run_with_places(12).await;
    let other = site.run_on(1, &["2027-09-07", "2027-09-14"]).await;
    let check = site
        .answers(&site.browser(), own, "book", "Sam Sorrel", "sam@example.org")
        .await;
    let dates = check.follow("Change the dates").await;
    let form = dates
        .form("Use these dates")
        .choose("Tuesday 7 and Tuesday 14 September 2027");
    site.hold(other, "Kim Kale", "kim@example.org").await;
    let gone = form.submit().await;
    gone.must_be(StatusCode::CONFLICT)
        .must_say("You cannot have Tuesday 7 and Tuesday 14 September 2027 now")
        .must_say("Your answers are still for Tuesday 8 and Tuesday 15 June 2027");
    gone.follow("Back to your answers")
        .await
        .must_say("Check your answers");
    let check = gone.follow("Go on with Tuesday 8").await;
    let done = check.agreed("Confirm my booking").submit().await;
    done.must_say("Your place is booked").must_say("8 June 2027");
    site.must_hold().await;
}
