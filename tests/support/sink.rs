//! A real mail server that keeps every message and misbehaves as it is told (`tests/smtp/sink.py`).

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc;

/// A running mail server; it ends with this value.
#[derive(Debug)]
pub struct Sink {
    folder: TempDir,
    port: u16,
    reports: mpsc::UnboundedReceiver<Value>,
    process: Child,
    _held_open: ChildStdin,
}

/// A message that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its recipient.
    pub to: String,
    /// The header that tells mails apart.
    pub message_id: String,
    /// Byte for byte as it came.
    pub bytes: Vec<u8>,
}

impl Sink {
    /// Starts it with the rules that are described in its source.
    pub fn new(rules: Value) -> Self {
        let python = std::env::var_os("TEST_PYTHON");
        let python = python.expect("TEST_PYTHON names a Python with the tests' libraries: run tests/run");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let script = folder.path().join("script");
        std::fs::write(&script, rules.to_string()).expect("written");
        let mut process = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/smtp/sink.py"))
            .arg("--dir")
            .arg(folder.path())
            .arg("--script")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the mail server runs");
        let held_open = process.stdin.take().expect("a pipe");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let mut lines = lines
            .map_while(Result::ok)
            .map(|it| serde_json::from_str::<Value>(&it).expect("JSON"));
        let port = lines.next().expect("a port")["port"].as_u64().expect("a port");
        let (tell, reports) = mpsc::unbounded_channel();
        std::thread::spawn(move || lines.for_each(|it| drop(tell.send(it))));
        Self {
            folder,
            port: u16::try_from(port).expect("a port"),
            reports,
            process,
            _held_open: held_open,
        }
    }

    /// Where it listens on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits until it reports this.
    pub async fn until(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        loop {
            let report = self.reports.recv().await.expect("the mail server runs");
            if is(&report) {
                return report;
            }
        }
    }

    /// Everything that was kept, in the order in which it came.
    pub fn kept(&self) -> Vec<Kept> {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder");
        let mut files: Vec<PathBuf> = entries
            .map(|it| it.expect("an entry").path())
            .filter(|it| it.extension().is_some_and(|it| it == "eml") && it.with_extension("json").exists())
            .collect();
        files.sort();
        files.into_iter().map(|it| read(&it)).collect()
    }
}

fn read(file: &std::path::Path) -> Kept {
    let bytes = std::fs::read(file).expect("a message");
    let envelope = std::fs::read_to_string(file.with_extension("json")).expect("an envelope");
    let envelope: Value = serde_json::from_str(&envelope).expect("JSON");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let id = text.lines().find_map(|it| it.strip_prefix("Message-ID: "));
    Kept {
        to: envelope["to"][0].as_str().expect("a recipient").to_owned(),
        message_id: id.expect("a Message-ID").trim().to_owned(),
        bytes,
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
