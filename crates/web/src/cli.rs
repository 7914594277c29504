//! The command line.
//!
//! A command ends with 0 when all is well, 1 when it found something wrong, 2 when it was asked in a way
//! that it does not understand. What is wrong is one sentence on standard error, which says what to do.

mod demo;
mod open;
mod settings;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use booking::{Refusal, bookings};
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use ids::PersonId;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::SubscriberBuilder;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields};

use crate::app::App;
use crate::config::Config;
use crate::error::Error;
use crate::sign_in::invite::{Invited, NotInvited};
use crate::sign_in::role::Role;
use crate::{database, import, people, reference, rounds, serve};
use open::{Opened, open};

/// Booking for courses: dates, places, a waiting list, and every email with its calendar entry.
#[derive(Debug, Parser)]
#[command(
    name = "alongside",
    version,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  alongside demo                                    try it, with invented people
  alongside serve --data /var/lib/alongside         run it for real
  alongside settings set org_name \"Anytown Trust\"   say whose it is
  alongside demo --help                             more about one command

A command ends with 0 when all is well, 1 when it found something wrong, 2 when it was
asked in a way that it does not understand."
)]
struct Cli {
    #[command(flatten)]
    places: Places,
    #[command(subcommand)]
    command: Command,
}

/// Where things are, for every command.
#[derive(Clone, Debug, Args)]
struct Places {
    /// The configuration [default: alongside.toml in this folder, if there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of database, keys and unsent mail [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service until it is asked to stop
    #[command(after_help = "\
Examples:
  alongside serve
  alongside serve --config /etc/alongside/alongside.toml --data /var/lib/alongside

Without a configuration it serves this machine alone, at http://127.0.0.1:8080, and puts
mail into the data folder. docs/deploy.md describes every line of the configuration.
It stops when it gets SIGTERM or Ctrl-C, and finishes what it is doing first.")]
    Serve,
    /// Try everything with invented people: no mail leaves and the clock is moved by hand
    Demo(demo::Options),
    /// Bring the records of a PostgreSQL server up to date with this version
    #[command(after_help = "\
Example:
  alongside migrate --config /etc/alongside/alongside.toml

Run it once for each new version, before the new processes start. The database user in
the configuration must be allowed to change the schema; the one that serves need not be.
An embedded database is brought up to date by whichever command first needs it.")]
    Migrate,
    /// Take in a course, dates, bank holidays or a framework from a file
    #[command(subcommand)]
    Import(import::What),
    /// Check everything that must always hold, and name each row that breaks it
    #[command(after_help = "\
Example:
  alongside verify --data /var/lib/alongside

It changes nothing and may run while the service does.")]
    Verify,
    /// Print the table of routes as JSON: method, path, who may, whether it changes anything
    #[command(after_help = "\
Example:
  alongside routes | grep POST")]
    Routes,
    /// List the settings that the team can change, or change one
    Settings(settings::Options),
    /// Give somebody a role in the team, with an invitation if they have no account yet
    #[command(after_help = "\
Examples:
  alongside invite sam@example.org --role lead
  alongside invite kim@example.org --role facilitator --name \"Kim Lee\"

The invitation leaves as a mail while the service runs, and can be accepted for 14 days.
To send it again, invite again.")]
    Invite {
        /// The address that they log in with
        #[arg(value_name = "EMAIL")]
        email: String,
        /// facilitator, coordinator, lead or administrator
        #[arg(long, value_name = "ROLE")]
        role: Role,
        /// Their name, until they say it themselves [default: from the address]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Make the people behind two bookings one person
    #[command(after_help = "\
Example:
  alongside merge \"4827 KX\" \"0031 TA\"

For somebody who booked twice, perhaps with two addresses. The person of the first booking
stays. If both bookings are for the same dates, one is kept: booked before offered before
unconfirmed before waiting, then the older. The other is cancelled and its owner is told.")]
    Merge {
        /// The reference of a booking of the person who stays
        #[arg(value_name = "KEEP_REFERENCE")]
        keep: String,
        /// The reference of a booking of the person who is the same
        #[arg(value_name = "OTHER_REFERENCE")]
        other: String,
    },
}

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something is wrong: one sentence each.
    Wrong(Vec<String>),
    /// The command was asked in a way that it does not understand.
    Usage(String),
}

impl Failure {
    pub(crate) fn wrong(words: impl Into<String>) -> Self {
        Self::Wrong(vec![words.into()])
    }
}

impl From<String> for Failure {
    fn from(words: String) -> Self {
        Self::wrong(words)
    }
}

impl From<Error> for Failure {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the command line says the same of all others"
    )]
    fn from(error: Error) -> Self {
        Self::wrong(match error {
            Error::Busy(why) => {
                format!("The records cannot be reached ({why}): try again when the database answers.")
            }
            other => format!("That did not succeed ({other}): nothing was changed."),
        })
    }
}

impl From<booking::Error> for Failure {
    fn from(error: booking::Error) -> Self {
        Error::from(error).into()
    }
}

/// Does what the command line asks for.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let outcome = match Cli::try_parse_from(arguments) {
        Ok(cli) => start(cli),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            say(error.to_string().trim_end());
            Ok(())
        }
        Err(error) => Err(Failure::Usage(misunderstood(&error))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Wrong(sentences)) => {
            for sentence in &sentences {
                complain(sentence);
            }
            ExitCode::from(1)
        }
        Err(Failure::Usage(sentence)) => {
            complain(&sentence);
            ExitCode::from(2)
        }
    }
}

/// What the reader of the command line says, in one sentence.
fn misunderstood(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "Say what to do: alongside --help lists the commands.".to_owned();
    }
    let text = error.to_string();
    let first = text
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ");
    let words: Vec<&str> = first.split_whitespace().collect();
    format!("{}: see alongside --help.", words.join(" "))
}

fn start(cli: Cli) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|why| Failure::wrong(format!("The program cannot start ({why}).")))?;
    runtime.block_on(command(cli))
}

async fn command(Cli { places, command }: Cli) -> Result<(), Failure> {
    match command {
        Command::Serve => serve(&places).await,
        Command::Demo(options) => demo::run(options, &places).await,
        Command::Migrate => migrate(&places).await,
        Command::Import(what) => import(&places, &what).await,
        Command::Verify => verify(&places).await,
        Command::Routes => {
            let table = serde_json::to_string_pretty(&crate::route_table(false));
            say(&table.map_err(|why| Failure::from(Error::fault(why)))?);
            Ok(())
        }
        Command::Settings(options) => settings::run(&places, options).await,
        Command::Invite { email, role, name } => invite(&places, &email, role, name.as_deref()).await,
        Command::Merge { keep, other } => merge(&places, &keep, &other).await,
    }
}

/// Says something on standard output. A reader that has gone away wants to hear no more.
pub(crate) fn say(words: &str) {
    let _ = writeln!(std::io::stdout(), "{words}");
}

fn complain(words: &str) {
    let _ = writeln!(std::io::stderr(), "alongside: {words}");
}

/// The log: JSON lines on standard error (T-45).
fn log(least: &str) {
    let _ = lines(least).with_writer(std::io::stderr).try_init();
    reference::log_panics();
}

/// How a line looks: the event, and the request that it happened in.
pub(crate) fn lines(least: &str) -> SubscriberBuilder<JsonFields, Format<Json>, EnvFilter> {
    tracing_subscriber::fmt()
        .json()
        .with_span_list(false)
        .with_env_filter(EnvFilter::new(least))
}

async fn serve(places: &Places) -> Result<(), Failure> {
    log("warn,web=info");
    let ended = serve_until_told(places).await;
    if let Err(Failure::Wrong(sentences)) = &ended {
        for why in sentences {
            tracing::error!(event = "refused", why);
        }
    }
    ended
}

async fn serve_until_told(places: &Places) -> Result<(), Failure> {
    let Opened {
        app,
        mailer,
        config,
        folder,
        _lock,
    } = open(places, open::For::Serving).await?;
    open::in_earnest(&app, &config).await?;
    let listener = TcpListener::bind(config.listen).await.map_err(|why| {
        format!(
            "Nobody can listen at {} ({why}): stop who does, or change listen in the configuration.",
            config.listen
        )
    })?;
    // One run that cannot be settled keeps nobody from the others (T-63); the rounds try again.
    if let Err(error) = rounds::settle(&app).await {
        tracing::error!(event = "rounds", %error);
    }
    serve::serve(app, mailer, listener, folder.path())
        .await
        .map_err(|why| Failure::wrong(format!("The service ended ({why}).")))
}

async fn migrate(places: &Places) -> Result<(), Failure> {
    let config = Config::load(places.config.as_deref()).map_err(Failure::Wrong)?;
    let folder = open::folder(places)?;
    let records = config.records(&folder)?;
    let _lock = if config.postgres.is_none() {
        Some(folder.lock()?)
    } else {
        None
    };
    let handles = records.open().await.map_err(open::away)?;
    let words = match database::schema(&handles.writer).await.map_err(open::away)? {
        database::Schema::Current => "The records are up to date.".to_owned(),
        database::Schema::Ahead => return Err(open::ahead()),
        database::Schema::Behind(steps) => {
            database::migrate(&handles.writer).await.map_err(open::away)?;
            format!("The records are up to date: {steps} steps taken.")
        }
    };
    say(&words);
    Ok(())
}

async fn import(places: &Places, what: &import::What) -> Result<(), Failure> {
    let file = what.read()?;
    let opened = open(places, open::For::AMoment).await?;
    for sentence in file.store(&opened.app).await? {
        say(&sentence);
    }
    Ok(())
}

async fn verify(places: &Places) -> Result<(), Failure> {
    let opened = open(places, open::For::AMoment).await?;
    // Judged at the latest moment that the records have seen (T-66).
    rounds::remember(&opened.app).await?;
    let findings = crate::verify::verify(&opened.app).await?;
    if findings.is_empty() {
        say("All is well.");
        return Ok(());
    }
    Err(Failure::Wrong(findings.iter().map(ToString::to_string).collect()))
}

async fn invite(places: &Places, email: &str, role: Role, name: Option<&str>) -> Result<(), Failure> {
    let app = open(places, open::For::AMoment).await?.app;
    let a_role = role.with_article();
    match app.invite(email, role, name, None).await? {
        Ok(Invited::Sent) => say(&format!("An invitation to be {a_role} is on its way to {email}.")),
        Ok(Invited::Given) => say(&format!("{email} is {a_role} from now on.")),
        Err(NotInvited::Address | NotInvited::Oneself) => {
            return Err(Failure::Usage(format!(
                "{email} is no address that can log in: it looks like sam@example.org."
            )));
        }
    }
    Ok(())
}

async fn merge(places: &Places, keep: &str, other: &str) -> Result<(), Failure> {
    let app = open(places, open::For::AMoment).await?.app;
    let (first, second) = (
        person_behind(&app, keep).await?,
        person_behind(&app, other).await?,
    );
    if first == second {
        return Err(Failure::wrong(format!(
            "The bookings {keep} and {other} are of one person already."
        )));
    }
    match app.merge_people(first, second).await {
        Err(Error::Refused(Refusal::OtherBooking)) => Err(Failure::wrong(
            "Both people have a live booking for different dates of one course: ask which they want, cancel the other one, and merge again.",
        )),
        Err(other) => Err(other.into()),
        Ok(_) => {
            say(&format!(
                "The people behind {keep} and {other} are one person now."
            ));
            Ok(())
        }
    }
}

async fn person_behind(app: &App, reference: &str) -> Result<PersonId, Failure> {
    // As it is said on the phone: in any case, with or without the space.
    let plain: String = reference.to_uppercase().split_whitespace().collect();
    let reference = plain
        .get(..4)
        .zip(plain.get(4..))
        .map_or(plain.clone(), |(digits, letters)| format!("{digits} {letters}"));
    let booking = bookings::with_reference(app.reader(), &reference).await?;
    let booking = booking.ok_or_else(|| {
        format!("There is no booking with the reference {reference}: it looks like \"4827 KX\".")
    })?;
    let person = people::find(app.reader(), booking.person).await?;
    Ok(person.and_then(|it| it.merged_into).unwrap_or(booking.person))
}
