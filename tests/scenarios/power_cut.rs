//! S14, T-57, T-61: the program is killed in the middle of booking, cancelling and sending. Whatever it
//! acknowledged is there afterwards, nothing is half done, and no mail is another one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use tests::{Form, Installation, NO_ANSWER, Served, Sink};
use tokio::sync::mpsc;
use uuid::Uuid;
use web::Clock;

/// Everybody and the form that they have before them.
type Forms = BTreeMap<String, Form>;

/// Everybody presses at the same moment. When so many were answered, the victim is killed. Who was
/// answered, and with what.
async fn press(forms: &Forms, mut victim: Option<(Served, usize)>) -> BTreeMap<String, u16> {
    let (answered, mut answers) = mpsc::unbounded_channel();
    for (who, form) in forms.clone() {
        let answered = answered.clone();
        tokio::spawn(async move { answered.send((who, form.press().await.status)) });
    }
    drop(answered);
    let mut heard = BTreeMap::new();
    while let Some((who, status)) = answers.recv().await {
        if status != NO_ANSWER {
            heard.insert(who, status.as_u16());
        }
        if let Some((victim, _)) = victim.take_if(|(_, after)| heard.len() == *after) {
            victim.kill();
        }
    }
    assert!(victim.is_none(), "nobody was killed");
    heard
}

/// Two processes share the records of a server, one has the embedded ones.
fn processes(here: &Installation) -> Vec<Served> {
    let count = if here.is_shared() { 2 } else { 1 };
    (0..count).map(|_| here.serve()).collect()
}

/// Everybody presses until they are answered, and meanwhile a process is killed twice. Who succeeded.
async fn press_through_two_kills(
    here: &Installation,
    serving: &mut Vec<Served>,
    mut forms: Forms,
    state: &str,
) -> BTreeSet<String> {
    let mut done = BTreeSet::new();
    for after in [Some(2), Some(3), None] {
        let victim = after.map(|after| (serving.remove(0), after));
        let heard = press(&forms, victim).await;
        assert!(
            after.is_some() || heard.len() == forms.len(),
            "somebody heard nothing"
        );
        for (who, status) in heard {
            assert!([303, 409].contains(&status), "{who} was told {status}");
            forms.remove(&who);
            if status == 303 {
                done.insert(who);
            }
        }
        let there = in_state(here, state).await;
        assert!(done.is_subset(&there), "lost: {:?}", done.difference(&there));
        must_be_whole(here).await;
        if after.is_some() {
            serving.push(here.serve());
        }
    }
    assert_eq!(
        done,
        in_state(here, state).await,
        "somebody succeeded and was told otherwise"
    );
    done
}

/// The first two columns of what the records answer.
async fn rows(here: &Installation, sql: &str) -> Vec<(Uuid, String)> {
    let records = here.records().await;
    let statement = Statement::from_string(records.reader.get_database_backend(), sql);
    let rows = records.reader.query_all_raw(statement).await.expect("readable");
    let id = |row: &sea_orm::QueryResult| row.try_get_by_index(0).expect("an id");
    let text = |row: &sea_orm::QueryResult| row.try_get_by_index(1).expect("a text");
    rows.iter().map(|row| (id(row), text(row))).collect()
}

async fn count(here: &Installation, sql: &str) -> i64 {
    let records = here.records().await;
    let statement = Statement::from_string(records.reader.get_database_backend(), sql);
    let row = records.reader.query_one_raw(statement).await.expect("readable");
    row.expect("a row").try_get_by_index(0).expect("a number")
}

/// The addresses of everybody whose booking is in this state, with the booking.
async fn bookings(here: &Installation, state: &str) -> BTreeMap<String, Uuid> {
    let from = "SELECT b.id, p.email FROM booking b JOIN person p ON p.id = b.person";
    let found = rows(here, &format!("{from} WHERE b.state = '{state}'")).await;
    found.into_iter().map(|(id, email)| (email, id)).collect()
}

async fn in_state(here: &Installation, state: &str) -> BTreeSet<String> {
    bookings(here, state).await.into_keys().collect()
}

/// Nothing is half done: beside what `verify` knows (places, histories, mail), no person, form or number
/// of a form is left from a change that is not there.
async fn must_be_whole(here: &Installation) {
    assert_eq!(here.ok(&["verify"]), "All is well.\n");
    let people = count(here, "SELECT COUNT(*) FROM person").await;
    let bookings = count(here, "SELECT COUNT(*) FROM booking").await;
    let sent = count(
        here,
        "SELECT COUNT(*) FROM draft WHERE booking IS NOT NULL AND outcome IS NOT NULL",
    )
    .await;
    let begun = count(here, "SELECT COUNT(*) FROM operation WHERE result = ''").await;
    assert_eq!((people, sent, begun), (bookings, bookings, 0));
    let fullest = "SELECT COALESCE(MAX(n), 0) FROM (SELECT COUNT(*) AS n FROM place GROUP BY session) s";
    assert!(count(here, fullest).await <= 12);
}

/// The address of a booking's page, as it is in the mail.
fn link(here: &Installation, booking: Uuid) -> String {
    format!("/b/{}", here.secrets().token("booking", booking, 1))
}

/// Everybody's form for this run, filled in up to the last button.
async fn filled_in(here: &Installation, way: &str, button: &str, people: std::ops::Range<u32>) -> Forms {
    let path = here.run_path().await;
    let mut forms = Forms::new();
    for number in people {
        let email = format!("p{number}@example.org");
        let check = here.visitor().answers(&path, way, "Sam Sorrel", &email).await;
        forms.insert(email, check.agreed(button));
    }
    forms
}

/// Waits until no mail is left to send now. What is written at night for the morning (B-102) is not due.
async fn until_all_mail_has_left(here: &Installation) {
    let now = Clock::system().now();
    let left = format!(
        "SELECT COUNT(*) FROM outbox_mail WHERE state IN ('queued', 'sending') AND due_at <= '{now}'"
    );
    let all = async {
        let mut look = tokio::time::interval(Duration::from_millis(100));
        while count(here, &left).await > 0 {
            look.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), all)
        .await
        .expect("all mail leaves");
}

/// T-55: what reached the mail server are the mails of the outbox, each with one name and one text,
/// however often it came.
async fn each_mail_is_one_mail(here: &Installation, sink: &Sink) {
    let mut came: BTreeMap<String, (String, Vec<u8>)> = BTreeMap::new();
    for it in sink.kept() {
        let first = came
            .entry(it.message_id.clone())
            .or_insert((it.to.clone(), it.bytes.clone()));
        assert!(first.1 == it.bytes, "{} came in two versions", it.message_id);
    }
    let sent = rows(here, "SELECT id, recipient FROM outbox_mail WHERE state = 'sent'").await;
    let sent: BTreeMap<String, String> = sent
        .into_iter()
        .map(|(id, to)| (format!("<{id}@127.0.0.1>"), to))
        .collect();
    let came = came.into_iter().map(|(id, (to, _))| (id, to)).collect();
    assert_eq!(sent, came);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_is_there_and_nothing_is_half_done() {
    let sink = Sink::new(json!([]));
    let here = Installation::new(&sink, 12).await;
    let mut serving = processes(&here);

    let forms = filled_in(&here, "book", "Confirm my booking", 0..20).await;
    let held = press_through_two_kills(&here, &mut serving, forms, "unconfirmed").await;
    assert_eq!(held.len(), 12);

    for booking in bookings(&here, "unconfirmed").await.into_values() {
        let page = here
            .visitor()
            .visit(&format!("{}/confirm", link(&here, booking)))
            .await;
        page.form("Continue")
            .choose("Yes, I made this booking")
            .submit()
            .await
            .must_be(axum::http::StatusCode::OK);
    }
    for form in filled_in(&here, "wait", "Join the waiting list", 30..34)
        .await
        .into_values()
    {
        form.submit().await.must_say("You are on the waiting list");
    }

    let mut forms = Forms::new();
    for (email, booking) in bookings(&here, "booked").await {
        let page = here
            .visitor()
            .visit(&format!("{}/cancel", link(&here, booking)))
            .await;
        forms.insert(email, page.form("Continue").choose("Yes, cancel my place"));
    }
    let cancelled = press_through_two_kills(&here, &mut serving, forms, "cancelled").await;
    assert_eq!(cancelled, held);
    assert_eq!(in_state(&here, "offered").await.len(), 4);

    for it in serving {
        it.stop();
    }
    here.half_a_minute_passes().await;
    let last = here.serve();
    until_all_mail_has_left(&here).await;
    last.stop();
    each_mail_is_one_mail(&here, &sink).await;
    must_be_whole(&here).await;
}

/// T-57: the unlucky case. The mail server has the mails and the program does not know; when its leases
/// have ended they go out once more, the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_mail_on_its_way_when_the_program_was_killed_is_sent_again_as_it_was() {
    let mut sink = Sink::new(json!([{"at": "dot", "do": "stall", "times": 2}]));
    let here = Installation::new(&sink, 12).await;
    let service = here.serve();
    for form in filled_in(&here, "book", "Confirm my booking", 0..3)
        .await
        .into_values()
    {
        form.submit().await.must_say("Your place is booked");
    }
    for _ in 0..2 {
        sink.until(|it| it["did"] == "stall").await;
    }
    service.kill();
    assert_eq!(
        count(&here, "SELECT COUNT(*) FROM outbox_mail WHERE state = 'sending'").await,
        2
    );
    must_be_whole(&here).await;

    here.half_a_minute_passes().await;
    let service = here.serve();
    until_all_mail_has_left(&here).await;
    service.stop();
    let came: Vec<String> = sink.kept().into_iter().map(|it| it.message_id).collect();
    let names: BTreeSet<&String> = came.iter().collect();
    assert_eq!((came.len(), names.len()), (5, 3), "{came:?}");
    each_mail_is_one_mail(&here, &sink).await;
    must_be_whole(&here).await;
}
