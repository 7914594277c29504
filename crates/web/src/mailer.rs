//! How mail leaves: to a relay, into a folder, or into memory for tests.
//!
//! The mail library's own transport hides in which phase a conversation broke, and its time-out covers
//! only the connect. Whether a mail may have arrived depends on exactly that, so the conversation is
//! held here, command by command, each within its time (T-58).

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ids::{MailId, Ts};
use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

pub(crate) mod reading;

pub(crate) use reading::Reading;

/// How mail leaves.
#[derive(Clone, Debug)]
pub enum Mailer {
    /// To a relay.
    Smtp(Arc<Smtp>),
    /// As files that end in `.eml`, when no relay is set and in rehearsals (T-60).
    Folder(Arc<Folder>),
    /// Into memory, for tests.
    Memory(Arc<Mutex<Vec<Sent>>>),
}

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The outbox row.
    pub id: MailId,
    /// The envelope's sender.
    pub from: String,
    /// The envelope's one recipient.
    pub to: String,
    /// The message, byte for byte.
    pub bytes: Vec<u8>,
}

impl Sent {
    /// What a person would see of it.
    pub fn read(&self) -> Reading {
        Reading::of(&self.bytes)
    }
}

/// Why a mail was not taken, as far as the sender must tell it apart. The text is for the team.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum SendError {
    /// The relay is not there: no mail leaves, and no mail's try is counted (T-59).
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// Not this time; surely not delivered.
    #[error("put off: {0}")]
    Temporary(String),
    /// Never; surely not delivered.
    #[error("refused: {0}")]
    Permanent(String),
    /// It may have been delivered: only the same bytes may be sent again (T-55, T-57).
    #[error("unknown: {0}")]
    Unknown(String),
}

impl Mailer {
    /// Sends through a relay.
    pub fn relay(relay: Relay) -> Result<Self, BadRelay> {
        Self::relay_with(relay, Patience::default())
    }

    /// The same with other time-outs.
    pub(crate) fn relay_with(relay: Relay, patience: Patience) -> Result<Self, BadRelay> {
        Ok(Self::Smtp(Arc::new(Smtp::new(relay, patience)?)))
    }

    /// Writes files to a folder.
    pub fn folder(folder: impl Into<PathBuf>) -> Self {
        Self::Folder(Arc::new(Folder {
            path: folder.into(),
            pause: Mutex::default(),
        }))
    }

    /// Keeps what is sent.
    pub fn memory() -> Self {
        Self::Memory(Arc::default())
    }

    /// What a mailer of memory has kept, first to last.
    pub fn sent(&self) -> Vec<Sent> {
        match self {
            Self::Memory(sent) => sent.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Self::Smtp(_) | Self::Folder(_) => Vec::new(),
        }
    }

    /// Waits until no mail is on its way, and says goodbye to the relay. For the end of the program.
    pub async fn finish(&self) {
        if let Self::Smtp(smtp) = self {
            smtp.finish().await;
        }
    }

    /// Hands one mail over.
    pub(crate) async fn send(&self, mail: &Sent) -> Result<(), SendError> {
        match self {
            Self::Smtp(smtp) => smtp.send(mail).await,
            Self::Folder(folder) => folder.take(mail).await,
            Self::Memory(sent) => {
                sent.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(mail.clone());
                Ok(())
            }
        }
    }

    /// Whether mail may leave now: the relay answers, and the ceiling is not reached. Looks for a
    /// relay that was away every 30 seconds (T-59).
    pub(crate) async fn is_ready(&self, now: Ts) -> bool {
        match self {
            Self::Smtp(smtp) => smtp.is_ready(now).await,
            Self::Folder(folder) => !folder.pause().lasts(now),
            Self::Memory(_) => true,
        }
    }

    /// Lets nothing leave for a while.
    pub(crate) fn pause(&self, now: Ts, why: &str) {
        match self {
            Self::Smtp(smtp) => smtp.pause(now, why),
            Self::Folder(folder) => folder.pause().start(now, why),
            Self::Memory(_) => {}
        }
    }
}

/// A folder that takes mail in place of a relay.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    pause: Mutex<Pause>,
}

impl Folder {
    async fn take(&self, mail: &Sent) -> Result<(), SendError> {
        put_in(&self.path, mail)
            .await
            .map_err(|it| SendError::Unreachable(it.to_string()))?;
        self.pause().end();
        Ok(())
    }

    fn pause(&self) -> MutexGuard<'_, Pause> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a mail under a temporary name, then gives it its own (T-60). It is on the disk before it is
/// noted as sent.
async fn put_in(folder: &Path, mail: &Sent) -> std::io::Result<()> {
    tokio::fs::create_dir_all(folder).await?;
    let temporary = folder.join(format!(".{}.part", mail.id));
    let mut file = tokio::fs::File::create(&temporary).await?;
    file.write_all(&mail.bytes).await?;
    file.sync_all().await?;
    tokio::fs::rename(&temporary, folder.join(format!("{}.eml", mail.id))).await?;
    tokio::fs::File::open(folder).await?.sync_all().await
}

/// A time in which no mail leaves.
#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    until: Option<Ts>,
}

impl Pause {
    fn lasts(self, now: Ts) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    fn start(&mut self, now: Ts, why: &str) {
        let was_paused = self.until.replace(now + PROBE).is_some();
        if !was_paused {
            tracing::warn!(event = "relay_away", why);
        }
    }

    fn end(&mut self) {
        if self.until.take().is_some() {
            tracing::info!(event = "relay_back");
        }
    }
}

/// Where the relay is and how to talk to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Relay {
    /// Its name, which its certificate must carry.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the conversation is kept private.
    pub tls: Tls,
    /// Who we are to it.
    pub user: Option<String>,
    /// And the password for that.
    pub password: Option<String>,
    /// The certificate (PEM) of an authority to trust beside the public ones.
    pub ca: Option<String>,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay at {}:{} ({:?})", self.host, self.port, self.tls)
    }
}

/// How a conversation with a relay is kept private (T-58).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: on this machine only.
    None,
    /// Begun in the clear, then made private before anything is said; refused if it cannot be.
    Upgraded,
    /// Private from the first byte.
    Wrapped,
}

/// A relay that cannot be used as it is described.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadRelay {
    /// Mail in the clear would leave this machine (T-50).
    #[error("the relay {0:?} is not on this machine, so it needs TLS")]
    NotLoopback(String),
    /// A password without a name or a name without a password.
    #[error("the relay needs a user and a password, or neither")]
    HalfALogin,
    /// The certificate of the authority, or the relay's name, is none.
    #[error("the relay's TLS cannot be set up: {0}")]
    Tls(String),
}

/// How long we wait for what (T-58).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// For the connection and the relay's greeting.
    pub(crate) connect: Duration,
    /// For the answer to a command.
    pub(crate) command: Duration,
    /// For the answer to the final dot.
    pub(crate) dot: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            command: Duration::from_mins(1),
            dot: Duration::from_mins(10),
        }
    }
}

/// Conversations held at once, and connections kept for the next one (T-58): one that hangs stops
/// nobody else.
const LANES: usize = 2;
/// How long an unreachable relay is left alone before we look again (T-59).
const PROBE: time::Duration = time::Duration::seconds(30);
/// Mails that may leave in a minute (T-60).
const CEILING: u32 = 1_200;

/// Conversations with a relay.
pub struct Smtp {
    relay: Relay,
    tls: Option<TlsParameters>,
    patience: Patience,
    lanes: Arc<Semaphore>,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
    flow: Mutex<Flow>,
    /// Set when the program ends: the mails on their way are the last.
    ending: AtomicBool,
}

/// What decides whether mail may leave now.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    pause: Pause,
    /// The minute that is counted, and what left in it.
    minute: i64,
    count: u32,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.relay.fmt(f)
    }
}

/// How long an old connection gets to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

impl Smtp {
    fn new(relay: Relay, patience: Patience) -> Result<Self, BadRelay> {
        if relay.user.is_some() != relay.password.is_some() {
            return Err(BadRelay::HalfALogin);
        }
        let on_this_machine =
            relay.host == "localhost" || relay.host.parse().is_ok_and(|it: IpAddr| it.is_loopback());
        if relay.tls == Tls::None && !on_this_machine {
            return Err(BadRelay::NotLoopback(relay.host));
        }
        let tls = if relay.tls == Tls::None {
            None
        } else {
            Some(tls_parameters(&relay)?)
        };
        Ok(Self {
            relay,
            tls,
            patience,
            lanes: Arc::new(Semaphore::new(LANES)),
            idle: Mutex::default(),
            flow: Mutex::default(),
            ending: AtomicBool::new(false),
        })
    }

    /// The right to hold one conversation, if one is free.
    pub(crate) fn lane(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.lanes).try_acquire_owned().ok()
    }

    async fn finish(&self) {
        self.ending.store(true, Ordering::Relaxed);
        // With all lanes taken and none given back, no new conversation begins.
        let lanes = u32::try_from(LANES).unwrap_or(u32::MAX);
        if let Ok(all) = self.lanes.acquire_many(lanes).await {
            all.forget();
        }
        let idle = std::mem::take(&mut *self.idle());
        for mut connection in idle {
            let _ = timeout(GOODBYE, connection.command(Quit)).await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<AsyncSmtpConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flow(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause(&self, now: Ts, why: &str) {
        self.flow().pause.start(now, why);
    }

    async fn is_ready(&self, now: Ts) -> bool {
        let is_paused = self.flow().pause.lasts(now);
        if is_paused || self.ending.load(Ordering::Relaxed) {
            return false;
        }
        match self.connection().await {
            Ok(connection) => self.keep(connection),
            Err(error) => {
                self.pause(now, &error.to_string());
                return false;
            }
        }
        let mut flow = self.flow();
        flow.pause.end();
        let minute = now.get().unix_timestamp() / 60;
        if flow.minute != minute {
            (flow.minute, flow.count) = (minute, 0);
        }
        flow.count += 1;
        if flow.count == CEILING + 1 {
            tracing::error!(event = "mail_ceiling", a_minute = CEILING);
        }
        flow.count <= CEILING
    }

    async fn send(&self, mail: &Sent) -> Result<(), SendError> {
        let address = |it: &str| {
            it.parse::<Address>()
                .map_err(|_| SendError::Permanent("no address".to_owned()))
        };
        let (from, to) = (address(&mail.from)?, address(&mail.to)?);
        let mut connection = self.connection().await?;
        self.hand_over(&mut connection, from, to, &mail.bytes).await?;
        self.keep(connection);
        Ok(())
    }

    /// One mail, command by command. Until the message itself is on its way it is surely not
    /// delivered; from then on only the relay's answer can say.
    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        from: Address,
        to: Address,
        bytes: &[u8],
    ) -> Result<(), SendError> {
        let mut parameters = Vec::new();
        if ![&from, &to]
            .into_iter()
            .all(|it| AsRef::<str>::as_ref(it).is_ascii())
        {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(SendError::Permanent(
                    "the relay takes only addresses in plain letters".to_owned(),
                ));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        self.say(connection, Mail::new(Some(from), parameters)).await?;
        self.say(connection, Rcpt::new(to, Vec::new())).await?;
        self.say(connection, Data).await?;
        match timeout(self.patience.dot, connection.message(bytes)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(refused(&error).unwrap_or_else(|| SendError::Unknown(said(&error)))),
            Err(_) => Err(SendError::Unknown("no answer to the final dot".to_owned())),
        }
    }

    async fn say(
        &self,
        connection: &mut AsyncSmtpConnection,
        command: impl fmt::Display,
    ) -> Result<(), SendError> {
        match timeout(self.patience.command, connection.command(command)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(refused(&error).unwrap_or_else(|| SendError::Temporary(said(&error)))),
            Err(_) => Err(SendError::Temporary("no answer to a command".to_owned())),
        }
    }

    /// A connection that answers: one kept from before, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, SendError> {
        loop {
            let Some(mut kept) = self.idle().pop() else { break };
            if matches!(
                timeout(self.patience.connect, kept.command(Noop)).await,
                Ok(Ok(_))
            ) {
                return Ok(kept);
            }
        }
        let wrapped = self.tls.clone().filter(|_| self.relay.tls == Tls::Wrapped);
        let us = ClientId::default();
        let server = (self.relay.host.as_str(), self.relay.port);
        let connected =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.patience.connect), &us, wrapped, None);
        let mut connection = self.in_time(self.patience.connect, connected).await?;
        if let Some(tls) = self.tls.clone().filter(|_| self.relay.tls == Tls::Upgraded) {
            self.in_time(self.patience.command, connection.starttls(tls, &us))
                .await?;
        }
        if let (Some(user), Some(password)) = (&self.relay.user, &self.relay.password) {
            let login = Credentials::new(user.clone(), password.clone());
            let ways = [Mechanism::Plain, Mechanism::Login];
            self.in_time(self.patience.command, connection.auth(&ways, &login))
                .await?;
        }
        Ok(connection)
    }

    /// A step on the way to a relay that takes mail: whatever fails here concerns all mail.
    async fn in_time<T>(
        &self,
        limit: Duration,
        step: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, SendError> {
        match timeout(limit, step).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(SendError::Unreachable(said(&error))),
            Err(_) => Err(SendError::Unreachable("no answer in time".to_owned())),
        }
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle();
        if idle.len() < LANES {
            idle.push(connection);
        }
    }
}

fn tls_parameters(relay: &Relay) -> Result<TlsParameters, BadRelay> {
    let bad = |it: SmtpError| BadRelay::Tls(said(&it));
    let mut parameters = TlsParameters::builder(relay.host.clone());
    if let Some(pem) = &relay.ca {
        parameters = parameters.add_root_certificate(Certificate::from_pem(pem.as_bytes()).map_err(bad)?);
    }
    parameters.build_rustls().map_err(bad)
}

/// What the relay's no means, if it was a no. Asking us to log in first concerns all mail.
fn refused(error: &SmtpError) -> Option<SendError> {
    let code = error.status().map(u16::from);
    match code {
        Some(530 | 534 | 535 | 538) => Some(SendError::Unreachable(said(error))),
        Some(_) if error.is_permanent() => Some(SendError::Permanent(said(error))),
        Some(_) => Some(SendError::Temporary(said(error))),
        None => None,
    }
}

/// An error and what is behind it, on one short line.
fn said(error: &SmtpError) -> String {
    let text = error.to_string();
    text.chars()
        .map(|it| if it.is_control() { ' ' } else { it })
        .take(200)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn relay(host: &str, tls: Tls) -> Relay {
        Relay {
            host: host.to_owned(),
            port: 25,
            tls,
            user: None,
            password: None,
            ca: None,
        }
    }

    #[tokio::test]
    async fn mail_in_the_clear_stays_on_this_machine() {
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert!(Mailer::relay(relay(host, Tls::None)).is_ok(), "{host}");
        }
        for host in ["mail.example.org", "192.0.2.1", "localhost.example.org"] {
            let refused = Mailer::relay(relay(host, Tls::None)).unwrap_err();
            assert_eq!(refused, BadRelay::NotLoopback(host.to_owned()));
            assert!(Mailer::relay(relay(host, Tls::Upgraded)).is_ok(), "{host}");
        }
    }

    #[test]
    fn a_relay_is_shown_without_its_password() {
        let relay = Relay {
            user: Some("us".to_owned()),
            password: Some("secret".to_owned()),
            ..relay("x", Tls::Wrapped)
        };
        assert_eq!(format!("{relay:?}"), "Relay at x:25 (Wrapped)");
        let half = Relay {
            password: None,
            ..relay
        };
        assert_eq!(Mailer::relay(half).unwrap_err(), BadRelay::HalfALogin);
    }

    #[tokio::test]
    async fn a_folder_holds_whole_mails_under_their_names_only() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = Mailer::folder(folder.path().join("mail"));
        let id = MailId(Uuid::from_u128(7));
        let mail = Sent {
            id,
            from: "a@example.org".to_owned(),
            to: "b@example.org".to_owned(),
            bytes: b"x".to_vec(),
        };
        mailer.send(&mail).await.unwrap();
        mailer.send(&mail).await.unwrap();
        let names: Vec<_> = std::fs::read_dir(folder.path().join("mail"))
            .unwrap()
            .map(|it| it.unwrap().file_name())
            .collect();
        assert_eq!(names, [format!("{id}.eml").as_str()]);
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_left_alone_for_half_a_minute_and_logged_once() {
        use crate::outbox::office::{JUNE, Office};
        use time::Duration;
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("mail");
        std::fs::write(&folder, "in the way").unwrap();
        let office = Office {
            mailer: Mailer::folder(&folder),
            ..Office::open().await
        };
        let run = office.run(12, JUNE).await;
        office.guest(run, "Sam Taylor", Some("sam@example.com")).await;
        let log = crate::reference::tests::Log::default();
        let _logging = log.listen();
        for _ in 0..3 {
            office.rounds().await;
        }
        assert_eq!(log.text().matches("relay_away").count(), 1, "{}", log.text());
        std::fs::remove_file(&folder).unwrap();
        office.wait(Duration::seconds(29));
        office.rounds().await;
        assert_eq!((office.rows().await[0].tries, folder.exists()), (0, false));
        office.wait(Duration::SECOND);
        office.rounds().await;
        assert_eq!(office.outbox().await[0], "confirm_email sent");
        assert!(log.text().contains("relay_back"));
    }
}
