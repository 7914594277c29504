//! The program as the machine sees it: processes, exit codes, files, signals, sockets.
//!
//! `cargo test --workspace` builds the program beside these tests; `cargo test --package tests` alone
//! does not, so the program must have been built before (`cargo build`).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sea_orm::{ConnectionTrait, Database};
use serde_json::Value;
use tempfile::TempDir;
use tests::{TestDatabase, program};
use web::database::Records;

/// A file of the repository.
fn repository(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path)
        .display()
        .to_string()
}

/// A folder of its own for each test, with a data folder and whatever files the test writes.
struct Place(TempDir);

struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.path().join(name), text).expect("written");
        self.path(name)
    }

    fn mode(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.path(name), PermissionsExt::from_mode(mode)).expect("the mode is set");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .current_dir(self.0.path())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(arguments).output().expect("the program runs");
        let text = |it| String::from_utf8(it).expect("UTF-8");
        Ended {
            code: status.code(),
            out: text(stdout),
            err: text(stderr),
        }
    }

    /// Runs a command that succeeds; what it says.
    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(
            (ended.code, ended.err.as_str()),
            (Some(0), ""),
            "{arguments:?}\n{}",
            ended.out
        );
        ended.out
    }

    /// Runs a command that fails with this code and says this, on lines of its own.
    #[track_caller]
    fn fails(&self, code: i32, arguments: &[&str], says: &str) -> String {
        let ended = self.run(arguments);
        assert_eq!(
            ended.code,
            Some(code),
            "{arguments:?}\n{}{}",
            ended.out,
            ended.err
        );
        assert!(
            ended.err.contains(says),
            "{arguments:?} says nothing of {says:?}:\n{}",
            ended.err
        );
        // What is served also has a log.
        let (log, words): (Vec<&str>, Vec<&str>) = ended.err.lines().partition(|it| it.starts_with('{'));
        assert!(
            words.iter().all(|it| it.starts_with("alongside: ")),
            "{}",
            ended.err
        );
        if arguments.first() == Some(&"serve") && code == 1 {
            assert_eq!(log.len(), words.len(), "each reason is logged\n{}", ended.err);
            assert!(
                log.iter().all(|it| it.contains("\"event\":\"refused\"")),
                "{log:?}"
            );
        }
        assert_eq!(ended.out, "");
        words.join("\n")
    }

    /// A file in which the service listens to this machine alone, at a port that was free.
    fn configuration(&self) -> (String, u16) {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|it| it.local_addr())
            .expect("a free port")
            .port();
        (
            self.write("here.toml", &format!("listen = \"127.0.0.1:{port}\"\n")),
            port,
        )
    }
}

/// A process that is ended with the test, whatever happens.
struct Running {
    child: Child,
    port: u16,
    out: BufReader<ChildStdout>,
}

impl Running {
    /// The service, once it lets visitors in.
    fn service(place: &Place) -> Self {
        let (configuration, port) = place.configuration();
        let mut command = place.command(&["serve", "--config", &configuration]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let log = BufReader::new(child.stderr.take().expect("a log"));
        let mut lines = log.lines().map_while(Result::ok);
        let started = lines.any(|line| {
            serde_json::from_str::<Value>(&line).is_ok_and(|it| it["fields"]["event"] == "start")
        });
        assert!(started, "the service ended before it began");
        // The log is read on, so that the service never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let out = BufReader::new(child.stdout.take().expect("its words"));
        Self { child, port, out }
    }

    /// A demo, once it says that it is ready.
    fn demo(place: &Place, more: &[&str]) -> Self {
        let arguments = [&["demo", "--port", "0", "--now", "2027-05-11T14:00"], more].concat();
        let mut child = place
            .command(&arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut out = BufReader::new(child.stdout.take().expect("its words"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        let address = line
            .trim_end()
            .strip_prefix("Alongside is ready at http://127.0.0.1:")
            .expect("an address");
        let port = address.trim_end_matches('/').parse().expect("a port");
        Self { child, port, out }
    }

    /// Asks for a page; the head and the body of the answer.
    fn get(&self, path: &str) -> (String, String) {
        self.say(&format!("GET {path} HTTP/1.1\r\n"), "")
    }

    fn say(&self, first_lines: &str, body: &str) -> (String, String) {
        let host = format!("Host: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", self.port);
        self.send(&format!("{first_lines}{host}{body}"))
    }

    fn send(&self, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("somebody listens");
        // What is refused half-way is not taken to its end.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (head.to_lowercase(), body.to_owned())
    }

    /// Sends a form from a page of ours.
    fn post(&self, path: &str, body: &str) -> (String, String) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nSec-Fetch-Site: same-origin\r\nContent-Length: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n",
            body.len()
        );
        self.say(&head, body)
    }

    /// Asks the process to stop; its exit code.
    fn stop(&mut self, signal: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .expect("kill is there");
        assert!(sent.success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const COMMANDS: [&[&str]; 13] = [
    &["serve"],
    &["demo"],
    &["migrate"],
    &["import", "course"],
    &["import", "runs"],
    &["import", "holidays"],
    &["import", "framework"],
    &["verify"],
    &["routes"],
    &["settings"],
    &["settings", "set"],
    &["merge"],
    &["invite"],
];

#[test]
fn every_command_has_help_with_an_example() {
    let place = Place::new();
    assert!(place.ok(&["--help"]).contains("Examples:"));
    for command in COMMANDS {
        let help = place.ok(&[command, &["--help"]].concat());
        assert!(
            help.contains("Example") && help.contains("--data <DIR>"),
            "{command:?}: {help}"
        );
        let long = help.lines().find(|it| it.chars().count() > 100);
        assert_eq!(long, None, "{command:?}");
    }
    assert_eq!(
        std::fs::read_dir(place.0.path()).expect("readable").count(),
        0,
        "help makes no files"
    );
}

#[test]
fn what_is_not_understood_ends_with_2_and_one_sentence() {
    let place = Place::new();
    for (arguments, says) in [
        (&[][..], "alongside --help"),
        (&["fly"], "unrecognized subcommand 'fly'"),
        (&["serve", "now"], "unexpected argument 'now'"),
        (&["import", "course"], "<FILE>"),
        (&["import", "runs", "x.csv", "--reason", "why"], "--publish"),
        (&["demo", "--now", "tomorrow"], "write it like 2027-05-11T14:00"),
        (&["demo", "--port", "many"], "--port"),
        (&["demo", "--listen", "0.0.0.0"], "--listen"),
        (&["demo", "--config", "x.toml"], "leave out --config"),
        (&["merge", "4827 KX"], "<OTHER_REFERENCE>"),
        (&["invite", "sam@example.org"], "--role"),
        (
            &["invite", "sam@example.org", "--role", "king"],
            "it is one of facilitator",
        ),
        (
            &["invite", "nobody", "--role", "lead"],
            "no address that can log in",
        ),
        (
            &["settings", "set", "staff_idle", "500"],
            "between 5 and 120 minutes",
        ),
        (&["settings", "set", "colour", "red"], "no setting called colour"),
        (
            &["settings", "set", "offer_window", "500"],
            "between 12 and 168 hours",
        ),
        (&["settings", "set", "contact_email", "nobody"], "an address like"),
    ] {
        let words = place.fails(2, arguments, says);
        assert_eq!(words.lines().count(), 1, "{words}");
    }
}

#[test]
fn the_table_of_routes_is_json() {
    let place = Place::new();
    let table: Value = serde_json::from_str(&place.ok(&["routes"])).expect("JSON");
    let routes = table.as_array().expect("a list");
    assert!(routes.len() > 20);
    for route in routes {
        assert!(
            route["path"].as_str().is_some_and(|it| it.starts_with('/')),
            "{route}"
        );
        let who = [
            "anyone",
            "link_holder",
            "arriving",
            "signed_in",
            "facilitator",
            "facilitator or coordinator or lead",
            "coordinator or lead",
            "lead",
            "lead or administrator",
            "administrator",
        ];
        assert!(
            who.contains(&route["who"].as_str().unwrap_or_default()),
            "{route}"
        );
        assert!(
            route["method"] != "GET" || route["changes_state"] == false,
            "{route}"
        );
    }
}

#[test]
fn the_first_person_is_invited_from_here() {
    let place = Place::new();
    let invite = [
        "invite",
        "sam@example.org",
        "--role",
        "lead",
        "--name",
        "Sam Sorrel",
    ];
    let words = "An invitation to be a lead is on its way to sam@example.org.\n";
    assert_eq!(place.ok(&invite), words);
    assert_eq!(place.ok(&invite), words, "once more is a new link");
    let again = place.ok(&["invite", "SAM@example.org", "--role", "administrator"]);
    assert!(again.contains("to be an administrator"), "{again}");
    assert!(
        place
            .ok(&["settings", "set", "staff_idle", "20"])
            .contains("staff_idle is now \"20\"")
    );
    let all = place.ok(&["settings"]);
    let line = all
        .lines()
        .find(|it| it.contains("staff_idle"))
        .expect("it is listed");
    assert!(line.contains("20") && line.contains("5 to 120 minutes"), "{line}");
}

#[test]
fn a_setting_is_changed_and_stays_changed() {
    let place = Place::new();
    assert!(place.ok(&["settings"]).contains("Anytown Healthcare"));
    place.ok(&["settings", "set", "org_name", "Elsewhere Trust"]);
    place.ok(&["settings", "set", "offer_window", "36"]);
    let list = place.ok(&["settings"]);
    assert!(list.contains("\"Elsewhere Trust\""), "{list}");
    assert!(
        list.lines()
            .any(|it| it.contains("offer_window ") && it.contains(" 36 ") && it.contains("12 to 168 hours")),
        "{list}"
    );
}

#[test]
fn a_course_and_its_dates_are_taken_in() {
    let place = Place::new();
    let course = repository("courses/introductory-course.toml");
    assert!(place.ok(&["import", "course", &course]).contains("draft"));
    place.fails(
        1,
        &["import", "runs", &repository("courses/example-dates.csv")],
        "there is no course with the code",
    );
    assert!(
        place
            .ok(&["import", "course", &course, "--publish"])
            .contains("is published")
    );
    assert!(
        place
            .ok(&["import", "holidays", &repository("courses/bank-holidays.csv")])
            .contains("bank holidays")
    );
    let dates = place.write("dates.csv", &future_dates(2));
    place.fails(
        1,
        &["import", "runs", &dates, "--publish"],
        "(give it with --reason)",
    );
    let said = place.ok(&["import", "runs", &dates, "--publish", "--reason", "A test"]);
    assert_eq!(said.matches("Published: ").count(), 2, "{said}");
    let again = place.fails(
        1,
        &["import", "runs", &dates, "--publish", "--reason", "A test"],
        "there already",
    );
    assert_eq!(again.lines().count(), 2, "{again}");
    assert_eq!(place.ok(&["verify"]), "All is well.\n");
}

#[test]
fn a_framework_is_told_row_by_row_before_it_becomes_a_draft() {
    let place = Place::new();
    let starter = repository("frameworks/starter-framework.csv");
    let text = std::fs::read_to_string(&starter).expect("the file");

    // An empty service has ours, published.
    let said = place.ok(&["import", "framework", &starter]);
    assert_eq!(said.matches(" same\n").count(), 24, "{said}");
    assert!(said.ends_with("is stored already, word for word.\n"), "{said}");
    let reworded = text.replacen("Explains to a colleague", "Tells a colleague", 1);
    let file = place.write("reworded.csv", &reworded);
    let refused = place.run(&["import", "framework", &file]);
    assert_eq!(refused.code, Some(1), "{}", refused.out);
    assert!(
        refused
            .err
            .contains("version 1.0 of the framework starter is published and never changes"),
        "{}",
        refused.err
    );

    let newer = place.write("newer.csv", &reworded.replace(",1.0,", ",1.1,"));
    let checked = place.ok(&["import", "framework", &newer, "--check"]);
    assert!(
        checked.starts_with("line 2: 1a changed\nline 3: 1b same\n"),
        "{checked}"
    );
    assert!(
        checked.contains("Nothing is stored: this was a check."),
        "{checked}"
    );
    let stored = place.ok(&["import", "framework", &newer]);
    assert!(
        stored.contains("Version 1.1 of the framework starter is stored as a draft"),
        "{stored}"
    );
    // Had the check stored it, this would have been the same already.
    assert_eq!(stored.matches(" changed\n").count(), 1, "{stored}");
    assert_eq!(place.ok(&["verify"]), "All is well.\n");
}

#[test]
fn every_mistake_in_a_framework_is_told_and_nothing_is_stored() {
    let place = Place::new();
    let starter = repository("frameworks/starter-framework.csv");
    let text = std::fs::read_to_string(&starter).expect("the file");
    let text = text.replace(",1.0,", ",2.0,").replacen(",1b,", ",1 B,", 1);
    let broken = text.replacen(",no,1,1,,language|values", ",maybe,0,1,,language|values", 1);
    let file = place.write("broken.csv", &broken);
    for arguments in [
        &["import", "framework", &file][..],
        &["import", "framework", &file, "--check"],
    ] {
        let ended = place.run(arguments);
        assert_eq!(ended.code, Some(1), "{}", ended.err);
        let wrong: Vec<&str> = ended.out.lines().filter(|it| it.contains(" error: ")).collect();
        assert_eq!(
            wrong,
            [
                "line 3: 1 B error: competency_code must be 1 to 40 small letters, digits, hyphens or underscores",
                "line 4: 1c error: requires_observation must be yes or no",
                "line 4: 1c error: min_evidence must be a whole number from 1 to 1000",
            ]
        );
        assert!(
            ended
                .err
                .contains("nothing is stored, because 2 of 24 rows are wrong"),
            "{}",
            ended.err
        );
    }
    let mended = place.write("mended.csv", &text.replacen(",1 B,", ",1b,", 1));
    let said = place.ok(&["import", "framework", &mended, "--check"]);
    assert!(
        said.contains("version 2.0 of the framework starter becomes a draft"),
        "{said}"
    );
    let columns = place.write("columns.csv", &text.replacen("guidance", "guide", 1));
    place.fails(
        1,
        &["import", "framework", &columns],
        "line 1: the column guidance is missing",
    );
}

/// Dates in years to come, on two days each.
fn future_dates(runs: usize) -> String {
    let mut file =
        "course,day1_date,day1_start,day1_end,day1_break,day2_date,day2_start,day2_end,day2_break\n"
            .to_owned();
    for year in 2030..2030 + runs {
        file = format!("{file}intro,{year}-06-04,10:00,13:15,15,{year}-06-11,10:00,13:15,15\n");
    }
    file
}

#[test]
fn a_wrong_file_stores_nothing_and_every_wrong_line_is_named() {
    let place = Place::new();
    place.fails(1, &["import", "course", "nowhere.toml"], "cannot be read");
    let broken = place.write(
        "broken.toml",
        "format = \"alongside-course\"\nformat_version = 1\n[course]\ncode = \"A b\"\n",
    );
    let words = place.fails(
        1,
        &["import", "course", &broken, "--publish"],
        "line 4: course.code must be a word",
    );
    assert!(words.lines().count() > 5, "{words}");
    std::fs::write(place.path("latin.csv"), b"course,label\nintro,\xe9t\xe9\n").expect("written");
    place.fails(1, &["import", "runs", "latin.csv"], "not UTF-8");

    place.ok(&[
        "import",
        "course",
        &repository("courses/introductory-course.toml"),
        "--publish",
    ]);
    let mut dates = future_dates(1);
    dates.push_str("intro,2030-08-06,10:00,09:00,15,2030-08-13,10:00,13:15,15\n");
    dates.push_str("other,2030-06-04,10:00,13:15,15,2030-06-11,10:00,13:15,15\n");
    dates.push_str("intro,2030-03-31,01:30,13:15,15,2030-06-11,10:00,13:15,15\n");
    dates.push_str("intro,2020-06-04,10:00,13:15,15,2020-06-11,10:00,13:15,15\n");
    dates.push_str("intro,2030-07-04,10:00,13:15,0,2030-07-11,10:00,13:15,15\n");
    let file = place.write("dates.csv", &dates);
    let words = place.fails(
        1,
        &["import", "runs", &file, "--publish", "--reason", "A test"],
        "dates.csv, line 3: ",
    );
    let lines: Vec<&str> = words.lines().collect();
    assert_eq!(lines.len(), 5, "{words}");
    for (line, says) in lines.iter().zip([
        "must end after",
        "no course",
        "clocks go forward",
        "in the past",
        "--other-minutes",
    ]) {
        assert!(line.contains(says), "{line}");
    }
    // The first line was good, and is not there all the same.
    let good = place.write("good.csv", &future_dates(1));
    place.ok(&["import", "runs", &good, "--publish", "--reason", "A test"]);
}

#[test]
fn people_who_are_not_there_cannot_be_merged() {
    let place = Place::new();
    place.fails(
        1,
        &["merge", "0000 AA", "0000 CC"],
        "no booking with the reference 0000 AA",
    );
    place.fails(
        1,
        &["merge", "0000aa", "x"],
        "no booking with the reference 0000 AA",
    );
}

#[tokio::test]
async fn verify_names_what_breaks_a_rule() {
    let place = Place::new();
    let mut demo = Running::demo(&place, &["--data", "data"]);
    demo.stop("TERM");
    assert_eq!(place.ok(&["verify"]), "All is well.\n");
    let db = Database::connect(format!("sqlite://{}", place.path("data/alongside.db")))
        .await
        .expect("opens");
    db.execute_unprepared("delete from place where seat_no = 1")
        .await
        .expect("some places are gone");
    db.close().await.expect("closed");
    let words = place.fails(1, &["verify"], "alongside: ");
    assert!(words.contains("INV-2") || words.contains("INV-02"), "{words}");
}

#[tokio::test]
async fn records_of_a_newer_version_are_left_alone() {
    let place = Place::new();
    assert!(place.ok(&["migrate"]).contains("steps taken"));
    assert_eq!(place.ok(&["migrate"]), "The records are up to date.\n");
    let db = Database::connect(format!("sqlite://{}", place.path("data/alongside.db")))
        .await
        .expect("opens");
    db.execute_unprepared(
        "insert into seaql_migrations (version, applied_at) values ('m20990101_000001_later', 1)",
    )
    .await
    .expect("a step that we do not know");
    db.close().await.expect("closed");
    for command in [&["serve"][..], &["verify"], &["migrate"], &["settings"]] {
        place.fails(1, command, "newer version");
    }
}

#[tokio::test]
async fn an_empty_database_is_filled_by_itself_or_on_a_server_by_migrate() {
    let place = Place::new();
    let database = TestDatabase::new().await;
    let Records::Postgres { url, .. } = &database.records else {
        assert_eq!(place.ok(&["verify"]), "All is well.\n");
        return;
    };
    let (before, host) = url.rsplit_once('@').expect("a user");
    let (user, password) = before.rsplit_once(':').expect("a password");
    place.write("password", password);
    place.mode("password", 0o600);
    let text = format!("[database]\nurl = \"{user}@{host}\"\npassword_file = \"password\"\n");
    place.write("alongside.toml", &text);
    assert_eq!(place.ok(&["migrate"]), "The records are up to date.\n");
    assert_eq!(place.ok(&["verify"]), "All is well.\n");
    database
        .handles
        .writer
        .execute_unprepared("drop table seaql_migrations")
        .await
        .expect("forgotten");
    place.fails(1, &["verify"], "run alongside migrate");
    place.mode("password", 0o644);
    place.fails(1, &["verify"], "chmod 600");
}

#[test]
fn a_start_is_refused_with_a_line_for_each_mistake() {
    let place = Place::new();
    let file = place.write("a.toml", "base_url = \"http://courses.example.org\"\ncolour = 1\n[smtp]\nhost = \"mail.example.org\"\ntls = \"none\"\n");
    let words = place.fails(1, &["serve", "--config", &file], "must begin with https://");
    assert_eq!(words.lines().count(), 3, "{words}");
    place.fails(1, &["serve", "--config", "nowhere.toml"], "cannot be read");

    let file = place.write("b.toml", "base_url = \"https://courses.example.org\"\n");
    let words = place.fails(1, &["serve", "--config", &file], "settings set org_name");
    assert_eq!(words.lines().count(), 3, "{words}");
    for (name, value) in [
        ("org_name", "Elsewhere Trust"),
        ("contact_email", "us@elsewhere.test"),
        ("contact_phone", "01632 960999"),
    ] {
        place.ok(&["settings", "set", name, value]);
    }
    place.ok(&[
        "import",
        "course",
        &repository("courses/introductory-course.toml"),
        "--publish",
    ]);
    place.fails(
        1,
        &["serve", "--config", &file],
        "The course intro still has the contact",
    );

    place.mode("data/keys/token", 0o640);
    place.fails(1, &["serve"], "chmod 600");
    place.mode("data/keys/token", 0o600);
    place.write("data/keys/token", "short\n");
    place.fails(1, &["serve"], "64 hexadecimal digits");
    place.mode("data", 0o755);
    place.fails(1, &["serve"], "chmod o-rwx");
}

#[test]
fn the_service_answers_until_it_is_asked_to_stop() {
    let place = Place::new();
    let mut service = Running::service(&place);
    let (head, body) = service.get("/courses");
    assert!(head.starts_with("http/1.1 200 ok"), "{head}");
    assert!(
        head.contains("content-security-policy: default-src 'none'"),
        "{head}"
    );
    assert!(!head.contains("\nserver:"), "{head}");
    assert!(body.contains("<h1"), "{body}");
    assert!(service.get("/rehearsal").0.starts_with("http/1.1 404"));
    place.fails(1, &["serve"], "Another process is using the data folder");
    // Other commands look and change beside it.
    place.ok(&["settings", "set", "org_name", "Elsewhere Trust"]);
    assert!(service.get("/courses").1.contains("Elsewhere Trust"));
    place.ok(&["verify"]);
    // A connection that is only kept open does not hold it up.
    let idle = TcpStream::connect(("127.0.0.1", service.port)).expect("somebody listens");
    assert_eq!(service.stop("TERM"), Some(0));
    drop(idle);
    assert!(TcpStream::connect(("127.0.0.1", service.port)).is_err());
    // What was locked is free again.
    let mut again = Running::service(&place);
    assert_eq!(again.stop("INT"), Some(0));
}

#[test]
fn what_is_too_large_is_refused_readably() {
    let place = Place::new();
    let service = Running::service(&place);
    let (head, body) = service.post("/bookings/find", &"x".repeat(64 * 1024 + 1));
    assert!(head.starts_with("http/1.1 413"), "{head}");
    assert!(
        head.contains("content-security-policy") && body.contains("That was too long"),
        "{body}"
    );
    let (head, _) = service.say(
        &format!("GET / HTTP/1.1\r\nCookie: {}\r\n", "x".repeat(17 * 1024)),
        "",
    );
    assert!(head.starts_with("http/1.1 431"), "{head}");
    let many = (0..101).fold(String::new(), |all, it| format!("{all}X-Number-{it}: 1\r\n"));
    let (head, _) = service.say(&format!("GET / HTTP/1.1\r\n{many}"), "");
    assert!(head.starts_with("http/1.1 431"), "{head}");
    let (head, _) = service.send("GET / HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n");
    assert!(head.starts_with("http/1.1 421"), "{head}");
}

#[test]
fn a_visitor_who_leaves_half_way_costs_nothing() {
    let place = Place::new();
    let service = Running::service(&place);
    for begun in [
        "GET / HT",
        "POST /bookings/find HTTP/1.1\r\nContent-Length: 100\r\n\r\nemail=",
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", service.port)).expect("somebody listens");
        stream.write_all(begun.as_bytes()).expect("said");
        stream.shutdown(Shutdown::Both).expect("gone");
    }
    assert!(service.get("/courses").0.starts_with("http/1.1 200"));
}

#[test]
fn beyond_all_places_visitors_are_told_to_come_again() {
    let place = Place::new();
    let service = Running::service(&place);
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: most,
            maximum: most,
        },
    )
    .expect("enough file handles for this test");
    // The service asks for as many itself.
    let mut guests: Vec<TcpStream> = Vec::new();
    let (head, body) = loop {
        // Whoever says nothing is sent away after 10 s: on a slow machine others take their places.
        guests
            .extend((0..256).map(|_| TcpStream::connect(("127.0.0.1", service.port)).expect("a connection")));
        let answer = service.get("/courses");
        if answer.0.starts_with("http/1.1 503") || guests.len() > 6_000 {
            break answer;
        }
    };
    assert!(guests.len() >= 2048, "{}: {head}", guests.len());
    assert!(
        head.starts_with("http/1.1 503") && head.contains("retry-after"),
        "{head}"
    );
    assert!(
        head.contains("content-security-policy") && body.contains("Please try again in a moment"),
        "{body}"
    );
    drop(guests);
    let mut answer = service.get("/courses").0;
    while answer.starts_with("http/1.1 503") {
        answer = service.get("/courses").0;
    }
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
}

#[test]
fn a_demo_shows_everything_and_leaves_nothing_behind() {
    let place = Place::new();
    let temporary = place.path("tmp");
    std::fs::create_dir(&temporary).expect("made");
    let mut command = place.command(&["demo", "--port", "0", "--now", "2027-05-11T14:00"]);
    let mut child = command
        .env("TMPDIR", &temporary)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut out = BufReader::new(child.stdout.take().expect("its words"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    let port = line
        .trim_end_matches(['/', '\n'])
        .rsplit(':')
        .next()
        .and_then(|it| it.parse().ok())
        .expect("a port");
    let mut demo = Running { child, port, out };
    assert_eq!(std::fs::read_dir(&temporary).expect("readable").count(), 1);

    let (_, courses) = demo.get("/courses");
    for words in [
        "Rehearsal: invented people",
        "Opens soon",
        "A few places left",
        "Full",
        "Cancelled",
    ] {
        assert!(courses.contains(words), "{words}");
    }
    let (_, rehearsal) = demo.get("/rehearsal");
    for words in [
        "It is Tuesday 11 May 2027 at 2pm",
        "robin@example.org",
        "Waiting",
        "Booked, email not confirmed",
    ] {
        assert!(rehearsal.contains(words), "{words}");
    }
    let mail = rehearsal
        .split("href=\"/rehearsal/mail/")
        .nth(1)
        .and_then(|it| it.split('"').next())
        .expect("a mail");
    assert!(
        demo.get(&format!("/rehearsal/mail/{mail}"))
            .1
            .contains("The email as text")
    );
    let (head, html) = demo.get(&format!("/rehearsal/mail/{mail}/html"));
    assert!(
        head.contains("style-src 'unsafe-inline'") && html.contains("<!DOCTYPE html>"),
        "{head}"
    );
    assert!(
        demo.get(&format!("/rehearsal/mail/{mail}.eml"))
            .0
            .contains("message/rfc822")
    );

    for (name, start) in [
        ("morgan", "/team"),
        ("rowan", "/team"),
        ("quinn", "/today"),
        ("tate", "/today"),
    ] {
        let (head, _) = demo.post("/rehearsal/log-in", &format!("email={name}%40example.org"));
        assert!(
            head.contains(&format!("location: {start}\r\n")) && head.contains("set-cookie: signin="),
            "{head}"
        );
    }
    // Whoever only booked has no account.
    let (head, _) = demo.post("/rehearsal/log-in", "email=alex%40example.org");
    assert!(head.starts_with("http/1.1 404"), "{head}");

    let mut rest = String::new();
    assert_eq!(demo.stop("TERM"), Some(0));
    demo.out.read_to_string(&mut rest).expect("the rest");
    assert!(rest.contains("/rehearsal") && rest.contains("/courses"), "{rest}");
    assert_eq!(std::fs::read_dir(&temporary).expect("readable").count(), 0);
}

#[test]
fn the_clock_of_a_demo_is_moved_by_hand() {
    let place = Place::new();
    let demo = Running::demo(&place, &[]);
    let op = "00112233445566778899aabbccddeeff";
    let (head, _) = demo.post("/rehearsal/clock", &format!("op={op}&by=hour"));
    assert!(head.starts_with("http/1.1 303"), "{head}");
    // The same form again moves nothing.
    demo.post("/rehearsal/clock", &format!("op={op}&by=hour"));
    assert!(
        demo.get("/rehearsal")
            .1
            .contains("It is Tuesday 11 May 2027 at 3pm")
    );
    let (head, body) = demo.post("/rehearsal/clock", "by=set&date=tomorrow&time=10:00");
    assert!(
        head.starts_with("http/1.1 422") && body.contains("value=\"tomorrow\""),
        "{head}"
    );
    let (head, _) = demo.post("/rehearsal/clock", "by=set&date=2027-06-30&time=10:00");
    assert!(head.starts_with("http/1.1 303"), "{head}");
    let (_, page) = demo.get("/rehearsal");
    assert!(page.contains("It is Wednesday 30 June 2027 at 10am"));
    // Ivy never confirmed, and the course of those who waited has begun.
    let to_ivy: Vec<&str> = page
        .split("<tr")
        .filter(|it| it.contains("ivy@example.org"))
        .collect();
    assert!(
        to_ivy
            .iter()
            .any(|it| it.contains("Your booking was not confirmed")),
        "{to_ivy:?}"
    );
    let to_sky: Vec<&str> = page
        .split("<tr")
        .filter(|it| it.contains("sky@example.org"))
        .collect();
    assert!(
        to_sky.iter().any(|it| it.contains("The waiting list has closed")),
        "{to_sky:?}"
    );
}

#[test]
fn a_demo_does_not_mix_with_records_that_are_there() {
    let place = Place::new();
    place.ok(&["settings"]);
    place.fails(
        1,
        &["demo", "--port", "0", "--data", "data"],
        "invented people do not belong there",
    );
}

#[test]
fn a_port_that_is_taken_is_said() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    place.fails(1, &["demo", "--port", &port], "choose another port");
}

#[test]
fn what_cannot_be_settled_keeps_nobody_out() {
    let place = Place::new();
    place.ok(&["settings"]);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let file = format!("sqlite://{}", place.path("data/alongside.db"));
        let records = Database::connect(file).await.expect("the records open");
        // What falls due needs this table, pages do not.
        let statement = "ALTER TABLE mark RENAME TO elsewhere";
        records.execute_unprepared(statement).await.expect("renamed");
        records.close().await.expect("closed");
    });
    let service = Running::service(&place);
    assert!(service.get("/contact").0.starts_with("http/1.1 200"));
}
