//! The program as it is installed: a folder with its configuration, keys and mail server, and processes
//! that are killed in the middle of their work.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use sea_orm::ConnectionTrait;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use web::database::{Handles, Records};
use web::{Clock, Keys, Secrets};

use crate::{Browser, Sink, TestDatabase};

/// The program, which cargo puts two folders above a test.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("this test is a file");
    let folder = test
        .parent()
        .and_then(Path::parent)
        .expect("in target/debug/deps");
    let program = folder.join("alongside");
    assert!(
        program.exists(),
        "{} is missing: run cargo build first",
        program.display()
    );
    program
}

/// The address that people see; a proxy in front would lead it to any of the processes.
const BASE_URL: &str = "http://127.0.0.1:8080";

/// An installation with a course and one run of it, two months ahead, on the engine that the run of the
/// tests is for.
#[derive(Debug)]
pub struct Installation {
    folder: TempDir,
    database: Option<TestDatabase>,
    serving: Arc<Mutex<Vec<SocketAddr>>>,
    visitors: AtomicU32,
}

impl Installation {
    /// Installs the program with this mail server and dates for so many people.
    pub async fn new(sink: &Sink, capacity: u32) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let database = match std::env::var_os("TEST_POSTGRES_URL") {
            Some(_) => Some(TestDatabase::new().await),
            None => None,
        };
        let here = Self {
            folder,
            database,
            serving: Arc::default(),
            visitors: AtomicU32::new(0),
        };
        let mut text = format!(
            "base_url = \"{BASE_URL}\"\ntrusted_proxies = [\"127.0.0.1\"]\n\
             [smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n",
            sink.port()
        );
        if let Some(Records::Postgres { url, .. }) = here.database.as_ref().map(|it| &it.records) {
            let (before, host) = url.rsplit_once('@').expect("a user");
            let (user, password) = before.rsplit_once(':').expect("a password");
            here.write("password", password);
            text = format!(
                "{text}[database]\nurl = \"{user}@{host}\"\npassword_file = \"{}\"\n",
                here.path("password")
            );
        }
        here.write("alongside.toml", &text);
        here.write("dates.csv", &dates(capacity));
        let course = concat!(env!("CARGO_MANIFEST_DIR"), "/../courses/introductory-course.toml");
        here.ok(&["import", "course", course, "--publish"]);
        here.ok(&["import", "runs", "dates.csv", "--publish", "--reason", "A test"]);
        here
    }

    /// Whether several processes may serve the records.
    pub fn is_shared(&self) -> bool {
        self.database.is_some()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A file that only we may read.
    fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(self.path(name), text).expect("written");
        std::fs::set_permissions(self.path(name), PermissionsExt::from_mode(0o600)).expect("the mode is set");
    }

    /// What this file holds.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file")
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command of the program that succeeds; what it says.
    #[track_caller]
    pub fn ok(&self, arguments: &[&str]) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self
            .command(program())
            .args(arguments)
            .output()
            .expect("the program runs");
        let text = |it| String::from_utf8(it).expect("UTF-8");
        let (out, err) = (text(stdout), text(stderr));
        assert!(status.success(), "{arguments:?}: {status}\n{out}{err}");
        out
    }

    /// A process that serves, once it lets visitors in.
    pub fn serve(&self) -> Served {
        self.serve_under(&[])
    }

    /// The same under another program, such as strace, whose process becomes ours.
    pub fn serve_under(&self, wrapper: &[&str]) -> Served {
        let free = TcpListener::bind("127.0.0.1:0")
            .and_then(|it| it.local_addr())
            .expect("a free port");
        let configuration = format!("at-{}.toml", free.port());
        let text = format!("listen = \"{free}\"\n{}", self.read("alongside.toml"));
        self.write(&configuration, &text);
        let program = program().display().to_string();
        let mut words = [wrapper, &[&program, "serve", "--config", &configuration]]
            .concat()
            .into_iter();
        let mut command = self.command(words.next().expect("a program"));
        let mut child = command
            .args(words)
            .stdout(Stdio::null())
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
        self.serving.lock().expect("no panic").push(free);
        let serving = self.serving.clone();
        Served {
            child,
            at: free,
            serving,
        }
    }

    /// A visitor from a network of their own, whom the proxy in front leads to one of the processes that
    /// serve at that moment.
    pub fn visitor(&self) -> Browser {
        let number = self.visitors.fetch_add(1, Ordering::Relaxed) + 1;
        let from = Ipv4Addr::from(u32::from(Ipv4Addr::new(198, 18, 0, 0)) + number);
        let serving = self.serving.clone();
        let proxy = Router::new().fallback(move |request: Request| {
            let serving = serving.lock().expect("no panic");
            let at = serving.get(number as usize % serving.len().max(1)).copied();
            lead(at, request)
        });
        Browser::new(proxy, BASE_URL, SocketAddr::new(from.into(), 40_000))
    }

    /// The path of the run's page, as the page of the course leads to it.
    pub async fn run_path(&self) -> String {
        let page = self.visitor().visit("/courses/intro").await;
        let (_, rest) = page.body.split_once("href=\"/courses/intro/").expect("a run");
        let slug = rest.split(['"', '/', '?', '#']).next().expect("a slug");
        format!("/courses/intro/{slug}")
    }

    /// Half a minute passes while nobody serves. What remembers it are the leases of mail (T-57).
    pub async fn half_a_minute_passes(&self) {
        assert!(
            self.serving.lock().expect("no panic").is_empty(),
            "somebody serves"
        );
        let sql = "UPDATE outbox_mail SET leased_until = created_at WHERE state = 'sending'";
        let records = self.records().await;
        records.writer.execute_unprepared(sql).await.expect("changed");
    }

    /// The records, beside whoever serves them.
    pub async fn records(&self) -> Handles {
        if let Some(it) = &self.database {
            return it.handles.clone();
        }
        let file = self.folder.path().join("data/alongside.db");
        Records::Embedded(file).open().await.expect("the records open")
    }

    /// The key of this installation for links as they are in its mail; no other key.
    pub fn secrets(&self) -> Secrets {
        let text = self.read("data/keys/token");
        let bytes: Vec<u8> = (0..64)
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("a key"))
            .collect();
        Secrets::unpredictable(Keys {
            token: bytes.try_into().expect("32 bytes"),
            code: [0; 32],
            seal: [0; 32],
        })
    }
}

/// Two days, two months ahead.
fn dates(capacity: u32) -> String {
    let first = Clock::system().now().get().date() + time::Duration::days(60);
    let second = first + time::Duration::days(7);
    format!(
        "course,capacity,day1_date,day1_start,day1_end,day1_break,day2_date,day2_start,day2_end,day2_break\n\
         intro,{capacity},{first},10:00,13:15,15,{second},10:00,13:15,15\n"
    )
}

/// A process that serves; it ends with this value, whatever happens.
#[derive(Debug)]
pub struct Served {
    child: Child,
    at: SocketAddr,
    serving: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Served {
    /// SIGKILL: the process gets no time for another word.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        let status = self.child.wait().expect("it ended");
        assert_eq!(status.signal(), Some(9), "it had ended before: {status}");
    }

    /// SIGTERM: the process ends in order.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", "TERM", &pid])
            .status()
            .expect("kill is there");
        assert!(sent.success());
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.lock().expect("no panic").retain(|it| *it != self.at);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a browser sees when the line breaks before the whole answer was there: nothing that it could
/// take for a success.
pub const NO_ANSWER: StatusCode = StatusCode::BAD_GATEWAY;

/// Leads a request to a process, if there is one.
async fn lead(at: Option<SocketAddr>, request: Request) -> Response {
    let answer = match at {
        Some(at) => exchange(at, request).await.ok(),
        None => None,
    };
    answer.unwrap_or_else(|| {
        let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        (NO_ANSWER, headers).into_response()
    })
}

async fn exchange(at: SocketAddr, request: Request) -> std::io::Result<Response> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.expect("a body in memory").to_bytes();
    let from = head
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .expect("a visitor")
        .0
        .ip();
    let mut text = format!("{} {} HTTP/1.1\r\n", head.method, head.uri);
    for (name, value) in &head.headers {
        text = format!("{text}{name}: {}\r\n", value.to_str().expect("text"));
    }
    text = format!(
        "{text}x-forwarded-for: {from}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(at).await?;
    stream.write_all(&[text.as_bytes(), &body].concat()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    answered(&answer).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
}

/// The answer, if it is whole.
fn answered(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n")?;
    let (head, body) = (std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 4..]);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    for (name, value) in lines.filter_map(|it| it.split_once(": ")) {
        response.headers_mut().append(
            HeaderName::from_bytes(name.as_bytes()).ok()?,
            HeaderValue::from_str(value).ok()?,
        );
    }
    let length = response.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?;
    if Ok(body.len()) != length.parse() {
        return None;
    }
    *response.body_mut() = Body::from(body.to_vec());
    Some(response)
}
