//! The text of a course is changed in a draft and published by a lead who approves it.

use axum::http::StatusCode;
use tests::TestApp;
use web::Role;

#[tokio::test]
async fn a_draft_is_written_by_a_coordinator_and_published_by_a_lead() {
    let site = TestApp::start().await;
    site.run_with_places(12).await;
    let kim = site.member(Role::Coordinator, "kim@example.org").await.browser;
    let lead = site.member(Role::Lead, "ray@example.org").await.browser;
    let list = kim.visit("/team/courses").await;
    let title = list.text("table a");
    let course = list.follow(&title).await;
    let here = course.path.clone();
    course.must_say("Version 1").must_say("Published");
    let draft = course.form("Make a new version").submit().await;
    assert_eq!(draft.heading(), "Change the draft");
    let form = draft
        .form("Save the draft")
        .fill("Title", "Peer support for beginners")
        .fill("What it is", "A course about listening.")
        .with("outcome1_text", "Listen and say nothing")
        .fill("Topics", "Listening\n\nGoing home well");
    let saved = form.submit().await;
    saved.must_say("The draft is saved").must_say("Version 2");
    let of_course = here.replace("/team", "");
    let before = site.browser().visit(&of_course).await;
    assert!(!before.says("A course about listening."));
    assert!(
        !saved.body.contains("publish it"),
        "a coordinator drafts, a lead publishes"
    );
    kim.visit(&format!("{here}/publish"))
        .await
        .must_be(StatusCode::NOT_FOUND);

    let page = lead
        .visit(&here)
        .await
        .follow("Read the draft and publish it")
        .await;
    page.must_say("A course about listening.")
        .must_say("Going home well");
    page.form("Continue")
        .submit()
        .await
        .must_be(StatusCode::UNPROCESSABLE_ENTITY);
    let kept = page
        .form("Continue")
        .choose("No, it stays a draft")
        .submit()
        .await;
    kept.must_say("Draft");
    let done = page.form("Continue").choose("Yes, I have read it").submit().await;
    done.must_say("Visitors read it now")
        .must_say("Sam Sorrel, ")
        .must_say("Older");
    site.browser()
        .visit(&of_course)
        .await
        .must_say("A course about listening.")
        .must_say("Peer support for beginners")
        .must_say("Listen and say nothing");
    let acts = "SELECT COUNT(*) FROM audit WHERE kind = 'course' AND act IN ('draft_begun', 'draft_changed', \
                'version_approved')";
    assert_eq!(site.count(acts).await, 3);
    let kept = "SELECT COUNT(*) FROM run JOIN course_version ON course_version.id = run.course_version WHERE number = 1";
    assert_eq!(site.count(kept).await, 1, "published dates keep their version");
    site.must_hold().await;
}

#[tokio::test]
async fn what_is_wrong_in_a_draft_is_said_and_kept() {
    let site = TestApp::start().await;
    site.run_with_places(12).await;
    let kim = site.member(Role::Coordinator, "kim@example.org").await.browser;
    let list = kim.visit("/team/courses").await;
    let course = list.follow(&list.text("table a")).await;
    let draft = course.form("Make a new version").submit().await;
    let form = draft
        .form("Save the draft")
        .fill("Title", "")
        .fill("Days", "many");
    let again = form.fill("Topics", "").submit().await;
    again.must_be(StatusCode::UNPROCESSABLE_ENTITY);
    again
        .must_say("Enter a title")
        .must_say("Enter at least one topic")
        .must_say("Enter a number from 1 to 50");
    assert_eq!(again.form("Save the draft").fields()["days"], "many");
}

#[tokio::test]
async fn of_two_who_change_one_draft_the_second_sees_both_and_nobody_approves_what_they_have_not_read() {
    let site = TestApp::start().await;
    site.run_with_places(12).await;
    let kim = site.member(Role::Coordinator, "kim@example.org").await.browser;
    let lead = site.member(Role::Lead, "ray@example.org").await.browser;
    let list = kim.visit("/team/courses").await;
    let course = list.follow(&list.text("table a")).await;
    let mine = course.form("Make a new version").submit().await;
    let theirs = lead.visit(&mine.path).await;
    let read = lead.visit(&format!("{}/publish", course.path)).await;
    theirs
        .form("Save the draft")
        .fill("Title", "Theirs")
        .submit()
        .await
        .must_say("is saved");
    let both = mine.form("Save the draft").fill("Title", "Mine").submit().await;
    both.must_be(StatusCode::CONFLICT)
        .must_say("Somebody else was here")
        .must_say("Theirs")
        .must_say("Mine");
    both.form("Save the draft").submit().await.must_say("is saved");
    let stale = read.form("Continue").choose("Yes, I have read it").submit().await;
    stale
        .must_be(StatusCode::UNPROCESSABLE_ENTITY)
        .must_say("Read it again")
        .must_say("Mine");
    let published = "SELECT COUNT(*) FROM course_version WHERE state = 'published' AND number = 1";
    assert_eq!(site.count(published).await, 1);
}

#[tokio::test]
async fn dates_that_are_still_a_draft_follow_the_new_version() {
    let site = TestApp::start().await;
    site.run_with_places(12).await;
    site.execute("UPDATE run SET state = 'draft'").await;
    let lead = site.member(Role::Lead, "ray@example.org").await.browser;
    let list = lead.visit("/team/courses").await;
    let course = list.follow(&list.text("table a")).await;
    course.form("Make a new version").submit().await;
    let page = lead.visit(&format!("{}/publish", course.path)).await;
    page.form("Continue")
        .choose("Yes, I have read it")
        .submit()
        .await
        .must_say("Visitors read it now");
    let follows = "SELECT COUNT(*) FROM run JOIN course_version ON course_version.id = run.course_version \
                   WHERE course_version.state = 'published'";
    assert_eq!(site.count(follows).await, 1);
    site.execute("UPDATE run SET state = 'published'").await;
}
