//! What every command needs before it can begin: the configuration, the data folder, the keys and the
//! records, each looked at and found fit (T-50).

use std::path::{Path, PathBuf};

use booking::{calendar, london};
use sea_orm::DbErr;

use super::{Failure, Places};
use crate::app::{App, Setup};
use crate::clock::Clock;
use crate::config::Config;
use crate::config::folder::{Folder, Lock};
use crate::database::{self, Handles, Records, Schema};
use crate::import::framework;
use crate::mailer::Mailer;
use crate::secrets::{Keys, Secrets};
use crate::site;

/// The folder when none is named.
const USUAL_FOLDER: &str = "data";

/// Everything, open.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) app: App,
    pub(super) mailer: Mailer,
    pub(super) config: Config,
    pub(super) folder: Folder,
    /// Held for as long as the embedded database is served.
    pub(super) _lock: Option<Lock>,
}

/// How long the records are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// Until the program is asked to stop: nobody else may serve them.
    Serving,
    /// For one change or one look, beside a process that serves them.
    AMoment,
}

/// Opens everything, or says what is wrong.
pub(super) async fn open(places: &Places, needed: For) -> Result<Opened, Failure> {
    if !london::is_known() {
        return Err(Failure::wrong(
            "This build has no time zone Europe/London: build it again with the zone data of jiff.",
        ));
    }
    let config = Config::load(places.config.as_deref()).map_err(Failure::Wrong)?;
    let folder = folder(places)?;
    let records = config.records(&folder)?;
    let mailer = config.mailer(&folder)?;
    let keys = folder.keys(&fresh_keys())?;
    let serves = needed == For::Serving && config.postgres.is_none();
    let mut lock = if serves { Some(folder.lock()?) } else { None };
    let handles = records.open().await.map_err(away)?;
    up_to_date(&records, &handles, &folder, &mut lock).await?;
    let setup = Setup {
        base_url: config.base_url.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        rehearsal: false,
        mail_folder: Some(folder.mail()).filter(|_| config.smtp.is_none()),
    };
    let app = App::new(handles, Clock::system(), Secrets::unpredictable(keys), setup);
    let app = app.map_err(|why| Failure::wrong(format!("This build cannot be used ({why}).")))?;
    framework::begin_with_ours(&app).await?;
    Ok(Opened {
        app,
        mailer,
        config,
        folder,
        _lock: lock,
    })
}

/// The keys of this start, if it is the first.
fn fresh_keys() -> Keys {
    let blank = [0; 32];
    let dice = Secrets::unpredictable(Keys {
        token: blank,
        code: blank,
        seal: blank,
    });
    Keys {
        token: dice.bytes(),
        code: dice.bytes(),
        seal: dice.bytes(),
    }
}

/// Where the data folder is.
pub(super) fn folder(places: &Places) -> Result<Folder, Failure> {
    let path: PathBuf = places
        .data
        .clone()
        .unwrap_or_else(|| Path::new(USUAL_FOLDER).to_owned());
    Ok(Folder::open(&path)?)
}

/// An embedded database takes the steps it lacks by itself, when nobody serves it; a server is never
/// changed behind the back of its other processes.
async fn up_to_date(
    records: &Records,
    handles: &Handles,
    folder: &Folder,
    lock: &mut Option<Lock>,
) -> Result<(), Failure> {
    match (database::schema(&handles.writer).await.map_err(away)?, records) {
        (Schema::Current, _) => Ok(()),
        (Schema::Ahead, _) => Err(ahead()),
        (Schema::Behind(_), Records::Postgres { .. }) => Err(Failure::wrong(
            "The records are older than this program: run alongside migrate.",
        )),
        (Schema::Behind(_), Records::Embedded(_)) => {
            let _brief = if lock.is_none() {
                Some(folder.lock()?)
            } else {
                None
            };
            database::migrate(&handles.writer).await.map_err(away)
        }
    }
}

/// A newer program was here.
pub(super) fn ahead() -> Failure {
    Failure::wrong(
        "The records were changed by a newer version of this program: use that version, or a backup from before.",
    )
}

/// The database does not do what it should.
pub(super) fn away(error: DbErr) -> Failure {
    Failure::wrong(format!(
        "The records cannot be opened ({error}): check the database and its address in the configuration."
    ))
}

/// Refuses a service that other people see while its names are those of the sample (T-50).
pub(super) async fn in_earnest(app: &App, config: &Config) -> Result<(), Failure> {
    if !config.is_public() {
        return Ok(());
    }
    let organisation = site::organisation(app.reader()).await?;
    let is = |name: &str, sample: &str| organisation.get(name).is_some_and(|it| it == sample);
    let mut wrong = Vec::new();
    for (name, value, what) in site::ORGANISATION {
        if ["org_name", "contact_email", "contact_phone"].contains(name) && is(name, value) {
            wrong.push(format!("The setting {name} ({what}) is still that of the sample: run alongside settings set {name} \"...\"."));
        }
    }
    for course in calendar::courses(app.reader()).await? {
        if is_sample(&course.contact_email) {
            let (code, email) = (course.code, course.contact_email);
            wrong.push(format!("The course {code} still has the contact {email} of the sample: write yours into its file and import it again."));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure::Wrong(wrong))
    }
}

/// Whether an address is one of those that are kept free for examples.
fn is_sample(email: &str) -> bool {
    let domain = email.rsplit('@').next().unwrap_or_default();
    ["example.org", "example.com", "example.net"]
        .iter()
        .any(|it| domain == *it || domain.ends_with(&format!(".{it}")))
}
