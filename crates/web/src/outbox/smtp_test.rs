//! Mail over SMTP against a real server that misbehaves as it is told (`tests/smtp/sink.py`), read by
//! strangers' readers (`tests/mail/check.py`, `tests/calendar/check.py`).

use std::io::{BufRead, BufReader, Lines};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration as Wait;

use booking::{Change, State};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::Duration;

use super::office::{Guest, JULY, JUNE, Office};
use crate::mailer::{Mailer, Patience, Relay, Tls};

/// Python with the libraries of `tests/requirements.txt`.
fn python() -> PathBuf {
    let set = std::env::var_os("TEST_PYTHON");
    set.expect("TEST_PYTHON names a Python with the tests' libraries: run tests/run, which sees to that")
        .into()
}

fn tool(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests")).join(path)
}

/// A running mail server; it ends with this value.
struct Sink {
    folder: TempDir,
    port: u16,
    reports: Lines<BufReader<ChildStdout>>,
    process: Child,
    _held_open: ChildStdin,
}

impl Sink {
    fn new(rules: Value) -> Self {
        Self::with(rules, 0, None)
    }

    fn with(rules: Value, port: u16, tls: Option<&Certificates>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script");
        std::fs::write(&script, rules.to_string()).unwrap();
        let mut command = Command::new(python());
        command
            .arg(tool("smtp/sink.py"))
            .arg("--dir")
            .arg(folder.path())
            .arg("--script")
            .arg(script);
        command.arg("--port").arg(port.to_string());
        if let Some(it) = tls {
            let (certificate, key) = (folder.path().join("certificate"), folder.path().join("key"));
            std::fs::write(&certificate, &it.certificate).unwrap();
            std::fs::write(&key, &it.key).unwrap();
            command.arg("--tls").arg(certificate).arg(key);
        }
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let held_open = process.stdin.take().unwrap();
        let mut reports = BufReader::new(process.stdout.take().unwrap()).lines();
        let first: Value = serde_json::from_str(&reports.next().unwrap().unwrap()).unwrap();
        let port = u16::try_from(first["port"].as_u64().unwrap()).unwrap();
        Self {
            folder,
            port,
            reports,
            process,
            _held_open: held_open,
        }
    }

    /// The next thing that happened; waits for it.
    fn report(&mut self) -> Value {
        serde_json::from_str(&self.reports.next().unwrap().unwrap()).unwrap()
    }

    fn mailer(&self, patience: Patience) -> Mailer {
        Mailer::relay_with(relay(self.port), patience).unwrap()
    }

    fn kept(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|it| it.unwrap().path());
        let mut mails: Vec<PathBuf> = files
            .filter(|it| it.extension().is_some_and(|it| it == "eml"))
            .collect();
        mails.sort();
        mails
    }

    /// What another program's readers find wrong with all that was kept.
    fn must_be_sound(&self) {
        for (reader, more) in [
            ("mail/check.py", vec!["--host", "courses.example.org"]),
            ("calendar/check.py", vec![]),
        ] {
            let read = Command::new(python())
                .arg(tool(reader))
                .args(more)
                .args(self.kept())
                .output()
                .unwrap();
            let (said, errors) = (
                String::from_utf8_lossy(&read.stdout),
                String::from_utf8_lossy(&read.stderr),
            );
            assert!(read.status.success(), "{reader}:\n{said}\n{errors}");
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn relay(port: u16) -> Relay {
    Relay {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        user: None,
        password: None,
        ca: None,
    }
}

/// Short, so that a test of a relay that says nothing is short.
fn hasty() -> Patience {
    let short = Wait::from_millis(300);
    Patience {
        connect: short,
        command: short,
        dot: short,
    }
}

impl Office {
    async fn with(sink: &Sink) -> Self {
        Self {
            mailer: sink.mailer(Patience::default()),
            ..Self::open().await
        }
    }

    /// Makes rounds until the outbox looks like this, or for ten seconds.
    async fn until(&self, outbox: &[&str]) {
        for _ in 0..200 {
            self.rounds().await;
            if self.outbox().await == outbox {
                return;
            }
            tokio::time::sleep(Wait::from_millis(50)).await;
        }
        assert_eq!(self.outbox().await, outbox);
    }

    async fn one_guest(&self) -> Guest {
        let run = self.run(12, JUNE).await;
        self.guest(run, "Sam Taylor", Some("sam@example.com")).await
    }
}

/// A reminder waits behind each mail to confirm.
const REMINDER: &str = "confirm_reminder queued";

#[tokio::test]
async fn mails_are_what_they_should_be_for_strangers() {
    let sink = Sink::new(json!([]));
    let office = Office::with(&sink).await;
    let (june, july) = (office.run(2, JUNE).await, office.run(12, JULY).await);
    let zoe = office.guest(june, "Zoë Šťastná", Some("zoe@example.com")).await;
    office.until(&["confirm_email sent", REMINDER]).await;
    office.confirm(zoe).await;
    office.rounds().await;
    office.guest(june, "Sam Taylor", Some("sam@example.com")).await;
    office.guest(june, "Kim Lee", Some("kim@example.com")).await;
    office.by_team(june, Change::RunChanged).await;
    let moved = office.move_to(zoe, july).await;
    office.by_person(july, Change::Cancel(moved.booking)).await;
    office
        .by_team(
            june,
            Change::CancelRun("The hall is closed; we are sorry.".to_owned()),
        )
        .await;
    for _ in 0..100 {
        office.rounds().await;
        if office
            .rows()
            .await
            .iter()
            .all(|it| it.settled_at.is_some() || it.kind == "confirm_reminder")
        {
            break;
        }
    }
    assert!(sink.kept().len() >= 4, "{:#?}", office.outbox().await);
    sink.must_be_sound();
}

#[tokio::test]
async fn a_mail_leaves_over_a_private_line() {
    let certificates = Certificates::new();
    let mut sink = Sink::with(json!([]), 0, Some(&certificates));
    let trusting = Relay {
        tls: Tls::Upgraded,
        ca: Some(certificates.authority.clone()),
        ..relay(sink.port)
    };
    let mailer = Mailer::relay_with(trusting.clone(), Patience::default()).unwrap();
    let office = Office {
        mailer,
        ..Office::open().await
    };
    office.one_guest().await;
    office.until(&["confirm_email sent", REMINDER]).await;
    assert_eq!(sink.report()["tls"], true);
}

#[tokio::test]
async fn nothing_is_said_to_a_relay_that_cannot_prove_who_it_is() {
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    let sink = Sink::with(json!([]), 0, Some(&theirs));
    let relay = Relay {
        tls: Tls::Upgraded,
        ca: Some(ours.authority),
        ..relay(sink.port)
    };
    let office = Office {
        mailer: Mailer::relay_with(relay, hasty()).unwrap(),
        ..Office::open().await
    };
    office.one_guest().await;
    office.rounds().await;
    assert_eq!(office.outbox().await, ["confirm_email queued", REMINDER]);
    assert!(sink.kept().is_empty());
}

#[tokio::test]
async fn a_relay_without_tls_gets_nothing_when_tls_is_wanted() {
    let sink = Sink::new(json!([]));
    let relay = Relay {
        tls: Tls::Upgraded,
        ..relay(sink.port)
    };
    let office = Office {
        mailer: Mailer::relay_with(relay, hasty()).unwrap(),
        ..Office::open().await
    };
    office.one_guest().await;
    office.rounds().await;
    assert_eq!((office.rows().await[0].tries, sink.kept().len()), (0, 0));
}

#[tokio::test]
async fn a_mailbox_that_is_not_there_costs_one_try_and_a_call() {
    let refuse = json!([{"at": "rcpt", "to": "sam@example.com", "reply": "550 5.1.1 No such mailbox"}]);
    let sink = Sink::new(refuse);
    let office = Office::with(&sink).await;
    let sam = office.one_guest().await;
    office.guest(sam.run, "Kim Lee", Some("kim@example.com")).await;
    let refused = "confirm_email failed permanent error (550): 5.1.1 No such mailbox";
    office
        .until(&[refused, REMINDER, "confirm_email sent", REMINDER])
        .await;
    assert_eq!(office.tasks().await, ["phone_mail_failed mail1"]);
    assert_eq!(office.record(sam).await.clock_from, Some(office.app.now()));
}

#[tokio::test]
async fn a_mail_that_is_put_off_comes_again() {
    let mut sink = Sink::new(
        json!([{"at": "rcpt", "reply": "451 4.3.0 Try again later", "times": 1},
                                    {"at": "dot", "reply": "452 4.3.1 Full", "times": 1}]),
    );
    let office = Office::with(&sink).await;
    office.one_guest().await;
    office
        .until(&[
            "confirm_email queued transient error (451): 4.3.0 Try again later",
            REMINDER,
        ])
        .await;
    office.wait(Duration::MINUTE);
    office
        .until(&["confirm_email queued transient error (452): 4.3.1 Full", REMINDER])
        .await;
    office.wait(Duration::minutes(5));
    office.until(&["confirm_email sent", REMINDER]).await;
    let done: Vec<Value> = (0..3).map(|_| sink.report()).collect();
    assert_eq!(done[2]["kept"], "0001.eml");
}

/// T-55, T-57: the unlucky case, in which the relay has the mail and we do not know.
async fn comes_twice_and_identical(act: &str) {
    let mut sink = Sink::new(json!([{"at": "dot", "do": act, "times": 1}]));
    let office = Office {
        mailer: sink.mailer(hasty()),
        ..Office::open().await
    };
    let sam = office.one_guest().await;
    while office.rows().await[0].tries == 0 {
        office.rounds().await;
    }
    assert_eq!(office.record(sam).await.clock_from, None);
    // What is changed in between does not change the copy.
    office.confirm(sam).await;
    office.wait(Duration::MINUTE);
    office
        .until(&["confirm_email sent", REMINDER, "booked sent"])
        .await;
    let kept: Vec<String> = std::iter::from_fn(|| Some(sink.report()))
        .filter_map(|it| it["kept"].as_str().map(str::to_owned))
        .take(3)
        .collect();
    let bytes = |at: usize| std::fs::read(sink.folder.path().join(&kept[at])).unwrap();
    assert_eq!(bytes(0), bytes(1));
    assert_ne!(bytes(1), bytes(2));
}

#[tokio::test]
async fn a_relay_that_says_nothing_after_the_dot_gets_the_same_bytes_again() {
    comes_twice_and_identical("stall").await;
}

#[tokio::test]
async fn a_line_cut_after_the_dot_gets_the_same_bytes_again() {
    comes_twice_and_identical("drop").await;
}

#[tokio::test]
async fn a_line_cut_after_the_answer_is_one_mail_and_a_new_line() {
    let sink = Sink::new(json!([{"at": "answered", "do": "drop", "times": 1}]));
    let office = Office {
        mailer: sink.mailer(hasty()),
        ..Office::open().await
    };
    let sam = office.one_guest().await;
    office.until(&["confirm_email sent", REMINDER]).await;
    office.confirm(sam).await;
    office
        .until(&["confirm_email sent", REMINDER, "booked sent"])
        .await;
    assert_eq!(sink.kept().len(), 2);
}

#[tokio::test]
async fn a_line_that_hangs_stops_nobody_else() {
    let mut sink = Sink::new(json!([{"at": "dot", "to": "sam@example.com", "do": "stall"}]));
    let office = Office::with(&sink).await;
    let sam = office.one_guest().await;
    office.rounds().await;
    let hung: Vec<Value> = (0..2).map(|_| sink.report()).collect();
    assert_eq!(hung[1]["did"], "stall");
    office.guest(sam.run, "Kim Lee", Some("kim@example.com")).await;
    office
        .until(&["confirm_email sending", REMINDER, "confirm_email sent", REMINDER])
        .await;
}

#[tokio::test]
async fn the_program_does_not_end_before_it_noted_what_came_of_a_mail() {
    let mut sink = Sink::new(json!([{"at": "dot", "to": "sam@example.com", "do": "stall"}]));
    let patience = Patience {
        dot: Wait::from_secs(1),
        ..Patience::default()
    };
    let office = Office {
        mailer: sink.mailer(patience),
        ..Office::open().await
    };
    let sam = office.one_guest().await;
    office.rounds().await;
    let hung: Vec<Value> = (0..2).map(|_| sink.report()).collect();
    assert_eq!(hung[1]["did"], "stall");
    assert_eq!(office.outbox().await, ["confirm_email sending", REMINDER]);
    office.guest(sam.run, "Kim Lee", Some("kim@example.com")).await;
    crate::serve::farewell(tokio::task::JoinSet::new(), &office.mailer).await;
    // What was on its way is noted, and nothing new began.
    let outbox = [
        "confirm_email queued no answer to the final dot",
        REMINDER,
        "confirm_email queued",
        REMINDER,
    ];
    assert_eq!(office.outbox().await, outbox);
}

#[tokio::test]
async fn an_unreachable_relay_is_left_alone_for_half_a_minute() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let office = Office {
        mailer: Mailer::relay_with(relay(port), hasty()).unwrap(),
        ..Office::open().await
    };
    let sam = office.one_guest().await;
    office.rounds().await;
    let sink = Sink::with(json!([]), port, None);
    office.wait(Duration::seconds(29));
    office.rounds().await;
    assert_eq!((office.rows().await[0].tries, sink.kept().len()), (0, 0));
    office.wait(Duration::SECOND);
    office.until(&["confirm_email sent", REMINDER]).await;
    // Nothing of the outage is held against the person.
    let until = office.app.now() + Duration::hours(24);
    assert_eq!(office.record(sam).await.state, State::Unconfirmed { until });
}

#[tokio::test]
async fn a_relay_that_does_not_greet_is_unreachable() {
    // Two lines are opened at once.
    let sink = Sink::new(json!([{"at": "connect", "do": "stall", "times": 2},
                                {"at": "connect", "reply": "421 Come back later", "times": 2}]));
    let office = Office {
        mailer: sink.mailer(hasty()),
        ..Office::open().await
    };
    office.one_guest().await;
    for probe in 0.. {
        office.rounds().await;
        tokio::time::sleep(Wait::from_millis(300)).await;
        let row = office.rows().await.remove(0);
        assert_eq!(row.tries, 0);
        // Where the second line opens only when the first was given up, there are more probes.
        if row.state == "sent" || probe == 5 {
            assert!(probe >= 2, "it was unreachable");
            break;
        }
        office.wait(Duration::seconds(30));
    }
    office.until(&["confirm_email sent", REMINDER]).await;
}

#[tokio::test]
async fn a_line_that_breaks_before_the_message_is_surely_not_delivered() {
    let sink = Sink::new(json!([{"at": "data", "do": "stall", "times": 1}]));
    let office = Office {
        mailer: sink.mailer(hasty()),
        ..Office::open().await
    };
    office.one_guest().await;
    office
        .until(&["confirm_email queued no answer to a command", REMINDER])
        .await;
    assert_eq!(office.rows().await[0].rendered, None);
}

/// An authority for an hour, and a server's certificate from it.
struct Certificates {
    authority: String,
    certificate: String,
    key: String,
}

impl Certificates {
    fn new() -> Self {
        use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = authority.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(authority, key);
        let leaf_key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
        Self {
            authority: pem,
            certificate: leaf.pem(),
            key: leaf_key.serialize_pem(),
        }
    }
}
