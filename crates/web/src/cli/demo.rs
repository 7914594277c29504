//! `alongside demo`: the whole product with invented people, on this machine alone (T-51).

mod invented;

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;

use booking::london;
use clap::Args;
use ids::Ts;
use time::macros::{format_description, time};
use time::{Date, PrimitiveDateTime, Weekday};
use tokio::net::TcpListener;

use super::open::away;
use super::{Failure, Places, log, say};
use crate::app::{App, Setup};
use crate::clock::Clock;
use crate::config::folder::Folder;
use crate::database::{self, Records};
use crate::import::framework;
use crate::mailer::Mailer;
use crate::secrets::Secrets;
use crate::serve;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  alongside demo
  alongside demo --port 8090 --now 2027-05-11T14:00
  alongside demo --data ./rehearsal       keep what happens in a folder

Everybody in it is invented and no mail leaves: all of it can be read at /rehearsal, where
the clock is moved by hand too. Only this machine can see it. Without --data everything is
gone when it stops. The same --now and --seed make the same people, links and references.")]
pub(super) struct Options {
    /// The port on this machine; 0 takes any that is free
    #[arg(long, value_name = "N", default_value_t = 8080)]
    port: u16,
    /// Where the clock stands, in London time [default: 2pm on the coming Tuesday]
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    now: Option<Ts>,
    /// What dice and keys begin with
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(super) async fn run(options: Options, places: &Places) -> Result<(), Failure> {
    log("warn");
    if places.config.is_some() {
        return Err(Failure::Usage(
            "A demo has no configuration: leave out --config, or use alongside serve.".to_owned(),
        ));
    }
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let listener = TcpListener::bind(at).await.map_err(|why| {
        format!("Nobody can listen at {at} ({why}): choose another port, like alongside demo --port 8090.")
    })?;
    let at = listener
        .local_addr()
        .map_err(|why| format!("Nobody can listen at {at} ({why})."))?;
    // Removed with everything in it when this function ends.
    let private = std::fs::Permissions::from_mode(0o700);
    let temporary = tempfile::Builder::new()
        .prefix("alongside-")
        .permissions(private)
        .tempdir();
    let temporary =
        temporary.map_err(|why| format!("No temporary folder can be made ({why}): name one with --data."))?;
    let folder = Folder::open(places.data.as_deref().unwrap_or(temporary.path()))?;
    let _lock = folder.lock()?;
    if folder.database().exists() {
        return Err(Failure::wrong(
            "The data folder holds records already, and invented people do not belong there: name an empty folder with --data.",
        ));
    }
    let now = options.now.unwrap_or_else(coming_tuesday);
    let app = app(&folder, &format!("http://{at}"), now, options.seed).await?;
    invented::fill(&app, now).await?;
    framework::begin_with_ours(&app).await?;
    say(&format!("Alongside is ready at http://{at}/"));
    say(&format!("Book a place: http://{at}/courses"));
    say(&format!(
        "Read the emails and move the clock: http://{at}/rehearsal"
    ));
    say(&format!(
        "Log in as somebody of the team: http://{at}/rehearsal#team"
    ));
    say("Stop it with Ctrl-C.");
    let mailer = Mailer::folder(folder.mail());
    serve::serve(app, mailer, listener, folder.path())
        .await
        .map_err(|why| Failure::wrong(format!("The demo ended ({why}).")))
}

/// An empty service whose clock stands before everything that will have happened.
async fn app(folder: &Folder, base_url: &str, now: Ts, seed: u64) -> Result<App, Failure> {
    let records = Records::Embedded(folder.database());
    let handles = records.open().await.map_err(away)?;
    database::migrate(&handles.writer).await.map_err(away)?;
    let setup = Setup {
        base_url: base_url.to_owned(),
        trusted_proxies: Vec::new(),
        rehearsal: true,
        mail_folder: Some(folder.mail()),
    };
    let clock = Clock::stopped_at(now - invented::HISTORY);
    App::new(handles, clock, Secrets::predictable(seed), setup)
        .map_err(|why| Failure::wrong(format!("This build cannot be used ({why}).")))
}

/// A time of day at which offices are open, on a day at which none begins to be closed.
fn coming_tuesday() -> Ts {
    let (today, _) = london::local(Clock::system().now());
    london::in_london(on_or_after(today, Weekday::Tuesday), time!(14:00))
}

/// The first such day of the week, not before a day.
fn on_or_after(mut day: Date, wanted: Weekday) -> Date {
    while day.weekday() != wanted {
        day = day.next_day().unwrap_or(day);
    }
    day
}

/// The moment that a clock in London shows as `2027-05-11T14:00`.
fn moment(text: &str) -> Result<Ts, String> {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]");
    let at =
        PrimitiveDateTime::parse(text, format).map_err(|_| "write it like 2027-05-11T14:00".to_owned())?;
    london::moment(at.date(), at.time()).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_a_clock_in_london_shows_it() {
        assert_eq!(
            moment("2027-05-11T14:00").unwrap().to_string(),
            "2027-05-11T13:00:00Z"
        );
        assert!(moment("2027-05-11").is_err());
        assert!(
            moment("2027-03-28T01:30")
                .unwrap_err()
                .contains("clocks go forward")
        );
    }

    #[test]
    fn a_demo_begins_on_a_tuesday_afternoon() {
        let (day, hour) = london::local(coming_tuesday());
        assert_eq!((day.weekday(), hour), (Weekday::Tuesday, time!(14:00)));
    }
}
