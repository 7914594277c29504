//! Every invariant on live records (section 6 of the booking rules): those of `booking`, and INV-14 to
//! INV-16 and INV-20 on the tables of this crate, and those of `competency`. INV-17 comes with
//! certificates.
//!
//! Each check is one statement that gives the rows that break it, whatever there is to read.

use booking::verify::Finding;
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult, Statement};
use uuid::Uuid;

use crate::app::App;
use crate::audit;
use crate::entity::equality_counter;
use crate::error::Error;
use crate::notify::NOT_ME;
use crate::work::one_look;

/// Every row that breaks what must always hold.
pub async fn verify(app: &App) -> Result<Vec<Finding>, Error> {
    // All of one moment: what the service does meanwhile is no finding.
    let records = one_look(app).await?;
    let mut found = booking::verify::verify(&records, app.now()).await?;
    everybody_is_told_once(&records, &mut found).await?;
    moves_are_told(&records, &mut found).await?;
    mail_is_settled(&records, &mut found).await?;
    calendars_show_places(&records, &mut found).await?;
    equality_is_anonymous(&records, &mut found).await?;
    feedback_is_unlinked(&records, &mut found).await?;
    audit::verify(&records, &mut found).await?;
    found.extend(competency::verify(&records).await?.into_iter().map(same));
    records.commit().await?;
    found.sort();
    Ok(found)
}

fn same(it: competency::Finding) -> Finding {
    let competency::Finding {
        rule,
        table,
        row,
        why,
    } = it;
    Finding {
        rule,
        table,
        row,
        why,
    }
}

/// A row that breaks a rule.
#[derive(Debug, FromQueryResult)]
struct Broken {
    id: Uuid,
    why: String,
}

async fn broken(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<Broken>, Error> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    Ok(Broken::find_by_statement(statement).all(db).await?)
}

/// Runs one check; `sql` gives `id` and `why` of each row that breaks the rule.
async fn check(
    db: &impl ConnectionTrait,
    rule: &'static str,
    table: &'static str,
    sql: &str,
    found: &mut Vec<Finding>,
) -> Result<(), Error> {
    let rows = broken(db, sql).await?.into_iter();
    found.extend(rows.map(|it| Finding {
        rule,
        table,
        row: it.id.to_string(),
        why: it.why,
    }));
    Ok(())
}

/// The events of a booking that are told, as a condition on `booking_event e`, and the kinds of mail
/// that tell them (section 2, "Effects").
const TOLD: &[(&str, &[&str])] = &[
    (
        "e.event = 'book' AND e.to_state = 'unconfirmed'",
        &["confirm_email"],
    ),
    (
        "e.event IN ('book', 'confirm', 'accept') AND e.to_state = 'booked' \
         AND (e.from_state IS NULL OR e.from_state <> 'booked')",
        &["booked", "moved"],
    ),
    (
        "e.event = 'join' AND e.to_state = 'waiting'",
        &["waiting", "moved"],
    ),
    ("e.event = 'offer'", &["offer"]),
    (
        "e.event = 'expire' AND e.to_state = 'waiting'",
        &["offer_over", "still_interested"],
    ),
    (
        "e.event IN ('expire', 'run_began') AND e.to_state = 'lapsed'",
        &["lapsed"],
    ),
    (
        "e.event = 'run_began' AND e.to_state = 'closed'",
        &["list_closed"],
    ),
    (
        "e.event = 'cancel' AND e.actor <> 'person'",
        &["cancelled_by_team"],
    ),
    (
        "e.event = 'run_cancelled' AND e.to_state = 'cancelled'",
        &["run_cancelled"],
    ),
];

/// INV-14: each event that is told has one mail, or one task in its place. A late offer has both, and
/// so has a mail that found no usable address when it should leave.
async fn everybody_is_told_once(db: &impl ConnectionTrait, found: &mut Vec<Finding>) -> Result<(), Error> {
    let by_person =
        format!("e.event = 'cancel' AND e.actor = 'person' AND (e.reason IS NULL OR e.reason <> '{NOT_ME}')");
    let rules = TOLD
        .iter()
        .map(|(which, kinds)| (*which, *kinds))
        .chain([(by_person.as_str(), &["cancelled"][..])]);
    for (which, kinds) in rules {
        let mails = kinds
            .iter()
            .map(|it| format!("'{it}'"))
            .collect::<Vec<_>>()
            .join(", ");
        let tasks = kinds
            .iter()
            .map(|it| format!("'{it}-ev' || CAST(e.n AS TEXT)"))
            .collect::<Vec<_>>()
            .join(", ");
        let sql = format!(
            "SELECT q.id AS id, 'the event ' || CAST(q.n AS TEXT) || ' (' || q.event || ') has ' \
                 || CAST(q.mails AS TEXT) || ' mails and ' || CAST(q.tasks AS TEXT) || ' tasks' AS why \
             FROM (SELECT e.booking AS id, e.n AS n, e.event AS event, \
                     (SELECT count(*) FROM outbox_mail m WHERE m.about = e.booking \
                        AND m.occasion = 'ev' || CAST(e.n AS TEXT) AND m.kind IN ({mails})) AS mails, \
                     (SELECT count(*) FROM team_task t WHERE t.about = e.booking \
                        AND t.kind IN ('phone_offer', 'phone_or_letter') AND t.occasion IN ({tasks})) AS tasks \
                   FROM booking_event e WHERE {which}) q \
             WHERE q.mails > 1 OR q.tasks > 1 OR q.mails + q.tasks = 0"
        );
        check(db, "INV-14", "booking_event", &sql, found).await?;
    }
    Ok(())
}

/// INV-14 for a booking that moved: the one it moved to tells of it.
async fn moves_are_told(db: &impl ConnectionTrait, found: &mut Vec<Finding>) -> Result<(), Error> {
    let sql = "SELECT b.id AS id, 'nobody was told that it moved' AS why FROM booking b \
         WHERE b.state = 'moved' \
           AND NOT EXISTS (SELECT 1 FROM outbox_mail m WHERE m.about = b.moved_to AND m.kind = 'moved') \
           AND NOT EXISTS (SELECT 1 FROM team_task t WHERE t.about = b.moved_to \
                             AND t.kind = 'phone_or_letter' AND t.occasion LIKE 'moved-%')";
    check(db, "INV-14", "booking", sql, found).await
}

/// INV-15.
async fn mail_is_settled(db: &impl ConnectionTrait, found: &mut Vec<Finding>) -> Result<(), Error> {
    let states = "SELECT m.id AS id, 'is ' || m.state || ' without a reason, or in no state we know' AS why \
         FROM outbox_mail m WHERE m.state NOT IN ('queued', 'sending', 'sent', 'failed', 'suppressed') \
            OR (m.state IN ('failed', 'suppressed') AND coalesce(m.reason, '') = '')";
    check(db, "INV-15", "outbox_mail", states, found).await?;
    let tasks = "SELECT m.id AS id, 'failed, and no task says so' AS why FROM outbox_mail m \
         WHERE m.state = 'failed' AND NOT EXISTS \
           (SELECT 1 FROM team_task t WHERE t.kind = 'phone_mail_failed' AND t.about = m.about \
              AND t.occasion = 'mail' || CAST(m.seq AS TEXT))";
    check(db, "INV-15", "outbox_mail", tasks, found).await
}

/// INV-16: who has a place and was told by mail has an entry for each day; who has none has none that
/// still stands.
async fn calendars_show_places(db: &impl ConnectionTrait, found: &mut Vec<Finding>) -> Result<(), Error> {
    let too_many = "SELECT c.id AS id, 'asks a calendar for a place that a ' || b.state || ' booking has not' AS why \
         FROM calendar_entry c JOIN booking b ON b.id = c.booking JOIN session s ON s.id = c.session \
         WHERE c.last_method = 'request' AND b.state <> 'booked' AND s.run = b.run";
    check(db, "INV-16", "calendar_entry", too_many, found).await?;
    let too_few = "SELECT b.id AS id, 'has no entry for day ' || CAST(s.idx AS TEXT) AS why \
         FROM booking b JOIN person p ON p.id = b.person JOIN session s ON s.run = b.run \
         LEFT JOIN calendar_entry c ON c.booking = b.id AND c.session = s.id \
         WHERE b.state = 'booked' AND p.prefers = 'email' AND NOT p.email_bad \
           AND (c.id IS NULL OR c.last_method <> 'request') \
           AND EXISTS (SELECT 1 FROM outbox_mail m WHERE m.about = b.id AND m.recipient = p.email \
                         AND m.kind IN ('booked', 'moved'))";
    check(db, "INV-16", "booking", too_few, found).await
}

/// INV-20: a counter tells a quarter and a course, nothing finer, and no form's number remembers that
/// somebody answered.
async fn equality_is_anonymous(db: &impl ConnectionTrait, found: &mut Vec<Finding>) -> Result<(), Error> {
    for it in equality_counter::Entity::find().all(db).await? {
        let finding = |why: &str| Finding {
            rule: "INV-20",
            table: "equality_counter",
            row: it.id.to_string(),
            why: why.to_owned(),
        };
        if !is_quarter(&it.quarter) {
            found.push(finding("tells a time finer than a quarter"));
        }
        if it.id.get_version_num() == 7 {
            found.push(finding("its name tells when it was made"));
        }
        if ![&it.question, &it.answer].into_iter().all(|it| is_code(it)) {
            found.push(finding("holds words that are none of our answers"));
        }
    }
    no_form_remembers(
        db,
        "/equality%",
        "remembers that an equality form was sent",
        found,
    )
    .await
}

/// The same for feedback (B-80): sums without an order and without a time, and no form's number.
async fn feedback_is_unlinked(db: &impl ConnectionTrait, found: &mut Vec<Finding>) -> Result<(), Error> {
    for (row, why) in booking::evaluation::faults(db).await? {
        found.push(Finding {
            rule: "B-80",
            table: "evaluation",
            row: row.to_string(),
            why: why.to_owned(),
        });
    }
    let why = "remembers that a feedback form was sent";
    no_form_remembers(db, "/b/%/feedback", why, found).await
}

async fn no_form_remembers(
    db: &impl ConnectionTrait,
    path: &str,
    why: &str,
    found: &mut Vec<Finding>,
) -> Result<(), Error> {
    let sql = format!("SELECT o.op AS op FROM operation o WHERE o.result LIKE '{path}'");
    let statement = Statement::from_string(db.get_database_backend(), sql);
    for row in db.query_all_raw(statement).await? {
        found.push(Finding {
            rule: if path.starts_with("/equality") {
                "INV-20"
            } else {
                "B-80"
            },
            table: "operation",
            row: row.try_get("", "op")?,
            why: why.to_owned(),
        });
    }
    Ok(())
}

/// "2027-Q2".
fn is_quarter(text: &str) -> bool {
    let year_and_number = text.split_once("-Q");
    year_and_number.is_some_and(|(year, number)| {
        year.len() == 4
            && year.bytes().all(|it| it.is_ascii_digit())
            && ["1", "2", "3", "4"].contains(&number)
    })
}

fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 40
        && text
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"_-+".contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::office::{Guest, JULY, JUNE, Office};
    use booking::Change;
    use time::Duration;

    /// An office where everything has happened: booked, waiting, offered, lapsed, moved, cancelled.
    async fn busy() -> (Office, Guest) {
        let office = Office::open().await;
        let (june, july) = (office.run(2, JUNE).await, office.run(1, JULY).await);
        let sam = office.booked(june, "Sam Taylor", "sam@example.com").await;
        office.guest(june, "Kim Lee", Some("kim@example.com")).await;
        office.guest(june, "Jo Field", None).await;
        office.rounds().await;
        office.wait(Duration::hours(25));
        office.rounds().await;
        office.wait(Duration::hours(72));
        office.rounds().await;
        let alex = office.booked(july, "Alex Hill", "alex@example.com").await;
        office.by_team(july, Change::Cancel(alex.booking)).await;
        office.move_to(sam, july).await;
        office
            .by_team(june, Change::CancelRun("The hall is closed.".to_owned()))
            .await;
        office.rounds().await;
        (office, sam)
    }

    /// What is found after these statements broke the records.
    async fn found_after(office: &Office, statements: &[&str]) -> Vec<String> {
        for it in statements {
            office.app.writer.execute_unprepared(it).await.unwrap();
        }
        let found = verify(&office.app).await.unwrap();
        found
            .into_iter()
            .map(|it| format!("{} {}: {}", it.rule, it.table, it.why))
            .collect()
    }

    #[tokio::test]
    async fn sound_records_have_no_findings() {
        let (office, _) = busy().await;
        assert_eq!(
            found_after(&office, &[]).await,
            [""; 0],
            "{:#?}",
            office.outbox().await
        );
    }

    #[tokio::test]
    async fn an_event_that_nobody_was_told_is_found() {
        let (office, _) = busy().await;
        let statement = "DELETE FROM outbox_mail WHERE kind = 'cancelled_by_team'";
        assert_eq!(
            found_after(&office, &[statement]).await,
            ["INV-14 booking_event: the event 3 (cancel) has 0 mails and 0 tasks"]
        );
    }

    #[tokio::test]
    async fn an_event_told_twice_is_found() {
        let (office, _) = busy().await;
        let statement = "UPDATE outbox_mail SET occasion = 'ev3', about = \
                         (SELECT about FROM outbox_mail WHERE kind = 'cancelled_by_team'), kind = 'cancelled_by_team', \
                         recipient = 'x' WHERE seq = (SELECT max(seq) FROM outbox_mail WHERE kind = 'confirm_reminder')";
        let expected = ["INV-14 booking_event: the event 3 (cancel) has 2 mails and 0 tasks"];
        assert_eq!(found_after(&office, &[statement]).await, expected);
    }

    #[tokio::test]
    async fn a_move_that_nobody_was_told_is_found() {
        let (office, _) = busy().await;
        let found = found_after(&office, &["DELETE FROM outbox_mail WHERE kind = 'moved'"]).await;
        assert!(
            found.contains(&"INV-14 booking: nobody was told that it moved".to_owned()),
            "{found:#?}"
        );
    }

    #[tokio::test]
    async fn a_mail_that_failed_in_silence_is_found() {
        let (office, _) = busy().await;
        let statement = "UPDATE outbox_mail SET state = 'failed', reason = '550' WHERE kind = 'moved'";
        assert_eq!(
            found_after(&office, &[statement]).await,
            ["INV-15 outbox_mail: failed, and no task says so"]
        );
    }

    #[tokio::test]
    async fn a_calendar_that_shows_too_much_is_found() {
        let (office, sam) = busy().await;
        let old = sam.booking.0.simple();
        let statement = format!(
            "UPDATE calendar_entry SET last_method = 'request' WHERE booking = x'{old}' AND uid LIKE '%-day1@%'"
        );
        assert_eq!(
            found_after(&office, &[&statement]).await,
            ["INV-16 calendar_entry: asks a calendar for a place that a moved booking has not"]
        );
    }

    #[tokio::test]
    async fn a_calendar_that_shows_too_little_is_found() {
        let (office, _) = busy().await;
        let statement = "DELETE FROM calendar_entry WHERE last_method = 'request' AND uid LIKE '%-day2@%'";
        assert_eq!(
            found_after(&office, &[statement]).await,
            ["INV-16 booking: has no entry for day 2"]
        );
    }

    #[tokio::test]
    async fn feedback_that_tells_too_much_is_found() {
        let (office, _) = busy().await;
        let write = |id: &str, phase: &str, words: &str| {
            let tally =
                format!(r#"{{"answers":2,"ratings":{{}},"choices":{{}},"words":{{"helped":[{words}]}}}}"#);
            format!(
                "INSERT INTO evaluation (id, run, phase, tally) SELECT x'{id}', id, '{phase}', '{tally}' FROM run LIMIT 1"
            )
        };
        let sound = write("f81d4fae7dec41d0a76500a0c91e6bf6", "before", r#""A","B""#);
        assert_eq!(found_after(&office, &[&sound]).await, [""; 0]);
        let timed = write("0196bd2f7dec7bf6a76500a0c91e6bf8", "after", r#""B","A""#);
        let form = "INSERT INTO operation (op, digest, result, at) \
                    VALUES ('x', 'x', '/b/abc/feedback', '2027-05-11T13:00:00Z')";
        assert_eq!(
            found_after(&office, &[&timed, form]).await,
            [
                "B-80 evaluation: its name tells when it was made",
                "B-80 evaluation: its words are not sorted",
                "B-80 operation: remembers that a feedback form was sent",
            ]
        );
    }

    #[tokio::test]
    async fn equality_counters_that_tell_too_much_are_found() {
        let (office, _) = busy().await;
        let insert = |id: &str, quarter: &str, answer: &str| {
            format!(
                "INSERT INTO equality_counter (id, quarter, course, question, answer, count) \
                 SELECT x'{id}', '{quarter}', id, 'age', '{answer}', 1 FROM course"
            )
        };
        let random = "f81d4fae7dec41d0a76500a0c91e6bf6";
        assert_eq!(
            found_after(&office, &[&insert(random, "2027-Q2", "25-34")]).await,
            [""; 0]
        );
        let finer = insert("f81d4fae7dec41d0a76500a0c91e6bf7", "2027-05-11", "25-34");
        let named = insert("f81d4fae7dec41d0a76500a0c91e6bf8", "2027-Q2", "sam@example.com");
        let timed = insert("0196bd2f7dec7bf6a76500a0c91e6bf8", "2027-Q3", "25-34");
        let form = "INSERT INTO operation (op, digest, result, at) \
                    VALUES ('x', 'x', '/equality/done', '2027-05-11T13:00:00Z')";
        assert_eq!(
            found_after(&office, &[&finer, &named, &timed, form]).await,
            [
                "INV-20 equality_counter: its name tells when it was made",
                "INV-20 equality_counter: tells a time finer than a quarter",
                "INV-20 equality_counter: holds words that are none of our answers",
                "INV-20 operation: remembers that an equality form was sent",
            ]
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_the_service_does_meanwhile_is_no_finding() {
        let office = Office::open().await;
        let run = office.run(12, JUNE).await;
        let app = office.app.clone();
        let (ended, mut end) = tokio::sync::oneshot::channel::<()>();
        let looks = tokio::spawn(async move {
            let mut found = Vec::new();
            while end.try_recv().is_err() {
                found.extend(verify(&app).await.unwrap());
            }
            found
        });
        for _ in 0..100 {
            let sam = office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
            office.by_person(run, Change::Cancel(sam.booking)).await;
        }
        ended.send(()).unwrap();
        assert_eq!(looks.await.unwrap(), []);
    }
}
