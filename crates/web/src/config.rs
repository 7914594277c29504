//! The configuration file: what belongs to the machine. Names, words and numbers that the team changes
//! while the program runs are in the records instead (`alongside settings`).

pub(crate) mod folder;
pub(crate) mod toml_file;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use axum::http::Uri;
use sea_orm::sqlx::postgres::PgConnectOptions;

use crate::database::{Records, is_loopback};
use crate::mailer::{Mailer, Relay, Tls};
use folder::Folder;
use toml_file::Table;

/// The file that is read when none is named and it is there.
pub(crate) const USUAL_FILE: &str = "alongside.toml";

/// What the configuration file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// `base_url`: the address that people see, such as `https://courses.example.org`. Every link
    /// begins with it (T-30).
    pub(crate) base_url: String,
    /// `listen`: where the program waits for visitors or for the proxy in front of it.
    pub(crate) listen: SocketAddr,
    /// `trusted_proxies`: addresses of proxies whose word about the visitor's address is taken.
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// `[database]`: a PostgreSQL server; without it the embedded database in the data folder.
    pub(crate) postgres: Option<Postgres>,
    /// `[smtp]`: the relay that takes mail; without it mail is put into `mail` in the data folder.
    pub(crate) smtp: Option<Smtp>,
}

/// The table `[database]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Postgres {
    /// `url`: `postgres://user@host/database`, without a password.
    pub(crate) url: String,
    /// `password_file`: the file with the password, readable by the program alone.
    pub(crate) password_file: Option<PathBuf>,
    /// `ca_file`: who signs for the server, if that is none of the usual authorities.
    pub(crate) ca_file: Option<PathBuf>,
    /// `connections`: the most connections of this process.
    pub(crate) connections: u32,
}

/// The table `[smtp]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Smtp {
    /// `host`: the relay.
    pub(crate) host: String,
    /// `port`: 587 with `starttls`, 465 with `tls`, 25 with `none`, if not given.
    pub(crate) port: u16,
    /// `tls`: `starttls`, `tls`, or on this machine only `none`.
    pub(crate) tls: Tls,
    /// `user`: the name to log in with.
    pub(crate) user: Option<String>,
    /// `password_file`: the file with the password, readable by the program alone.
    pub(crate) password_file: Option<PathBuf>,
    /// `ca_file`: who signs for the relay, if that is none of the usual authorities.
    pub(crate) ca_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        Self {
            base_url: format!("http://{listen}"),
            listen,
            trusted_proxies: Vec::new(),
            postgres: None,
            smtp: None,
        }
    }
}

impl Config {
    /// Reads the file that was named, or the usual one if it is there; tells everything that is wrong.
    pub(crate) fn load(named: Option<&Path>) -> Result<Self, Vec<String>> {
        let file = named.unwrap_or(Path::new(USUAL_FILE));
        if named.is_none() && !file.exists() {
            return Ok(Self::default());
        }
        let name = file.display();
        let text = std::fs::read_to_string(file).map_err(|why| {
            vec![format!(
                "The configuration {name} cannot be read ({why}). Name another one with --config."
            )]
        })?;
        let folder = file.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder)
            .map_err(|wrong| wrong.into_iter().map(|it| format!("{name}, {it}.")).collect())
    }

    /// Reads the text of a file that lies in `folder`.
    fn parse(text: &str, folder: &Path) -> Result<Self, Vec<String>> {
        toml_file::read(text, |mut root| {
            let usual = Self::default();
            let listen = root.get_as("listen", listen).unwrap_or(usual.listen);
            let base_url = root.get_as("base_url", base_url);
            if base_url.is_none() && !listen.ip().is_loopback() {
                root.note("base_url is missing: write the address that people see".to_owned());
            }
            let trusted_proxies = root.get_as("trusted_proxies", proxies).unwrap_or_default();
            let postgres = root.table("database").map(|it| Postgres::read(it, folder));
            let smtp = root.table("smtp").map(|it| Smtp::read(it, folder));
            root.done();
            let base_url = base_url.unwrap_or_else(|| format!("http://{listen}"));
            // A table with a mistake is `Some(None)`; its mistake is noted, so nothing is lost here.
            Some(Self {
                base_url,
                listen,
                trusted_proxies,
                postgres: postgres.flatten(),
                smtp: smtp.flatten(),
            })
        })
    }

    /// Whether other machines can see the service, by its address or where it listens: then it must be
    /// somebody's in earnest (T-50).
    pub(crate) fn is_public(&self) -> bool {
        let is_seen_here = url_host(&self.base_url).is_some_and(|it| is_loopback(&it));
        !(is_seen_here && self.listen.ip().is_loopback())
    }
}

impl Postgres {
    fn read(mut table: Table<'_>, folder: &Path) -> Option<Self> {
        let url = table.need_as("url", postgres_url);
        let password_file = table.get_as("password_file", |it| path(&it, folder));
        let ca_file = table.get_as("ca_file", |it| path(&it, folder));
        let connections = table.get_as("connections", |it: i32| match u32::try_from(it) {
            Ok(number @ 2..=200) => Ok(number),
            _ => Err("must be between 2 and 200".to_owned()),
        });
        table.done();
        Some(Self {
            url: url?,
            password_file,
            ca_file,
            connections: connections.unwrap_or(8),
        })
    }
}

impl Smtp {
    fn read(mut table: Table<'_>, folder: &Path) -> Option<Self> {
        let host = table.need_as("host", host);
        let tls = table.get_as("tls", tls).unwrap_or(Tls::Upgraded);
        let port = table.get_as("port", |it: i32| match u16::try_from(it) {
            Ok(port @ 1..) => Ok(port),
            _ => Err("must be between 1 and 65535".to_owned()),
        });
        let user = table.get("user");
        let password_file = table.get_as("password_file", |it| path(&it, folder));
        let ca_file = table.get_as("ca_file", |it| path(&it, folder));
        if user.is_some() != password_file.is_some() {
            table.note("smtp.user and smtp.password_file go together: write both or neither".to_owned());
        }
        if let Some(host) = host.as_ref().filter(|it| tls == Tls::None && !is_loopback(it)) {
            table.note(format!(
                "smtp.tls must be \"starttls\" or \"tls\", because {host} is another machine and mail must not be read on the way"
            ));
        }
        table.done();
        Some(Self {
            host: host?,
            port: port.unwrap_or(usual_port(tls)),
            tls,
            user,
            password_file,
            ca_file,
        })
    }
}

fn usual_port(tls: Tls) -> u16 {
    match tls {
        Tls::Upgraded => 587,
        Tls::Wrapped => 465,
        Tls::None => 25,
    }
}

fn listen(text: String) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "must be an address with a port, like 127.0.0.1:8080".to_owned())
}

/// The address that people see, in the form in which links begin with it.
fn base_url(text: String) -> Result<String, String> {
    let wanted = || "must be an address like https://courses.example.org, with no path after it".to_owned();
    let uri: Uri = text.parse().map_err(|_| wanted())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(wanted());
    };
    if uri.path() != "/" || uri.query().is_some() || authority.as_str().contains('@') || text.contains('#') {
        return Err(wanted());
    }
    let usual_port = match scheme {
        "https" => 443,
        "http" if is_loopback(authority.host()) => 80,
        "http" => return Err("must begin with https:// because other machines can see it".to_owned()),
        _ => return Err(wanted()),
    };
    let host = authority.host().to_lowercase();
    let port = authority.port_u16().filter(|it| *it != usual_port);
    Ok(port.map_or_else(
        || format!("{scheme}://{host}"),
        |port| format!("{scheme}://{host}:{port}"),
    ))
}

fn url_host(base_url: &str) -> Option<String> {
    base_url.parse::<Uri>().ok()?.host().map(str::to_owned)
}

fn proxies(list: Vec<String>) -> Result<Vec<IpAddr>, String> {
    let parsed = list.iter().map(|it| {
        it.parse()
            .map_err(|_| format!("has {it:?}, which is no network address"))
    });
    parsed.collect()
}

fn postgres_url(text: String) -> Result<String, String> {
    let wanted = || "must be an address like postgres://user@host/database".to_owned();
    let (scheme, rest) = text.split_once("://").ok_or_else(wanted)?;
    if !["postgres", "postgresql"].contains(&scheme) || PgConnectOptions::from_str(&text).is_err() {
        return Err(wanted());
    }
    let user = rest
        .split(['/', '?'])
        .next()
        .and_then(|it| it.rsplit_once('@'))
        .map(|(user, _)| user);
    if user.is_some_and(|it| it.contains(':')) || rest.contains("password=") {
        return Err(
            "must not hold a password: write it into a file and name that as database.password_file"
                .to_owned(),
        );
    }
    if user.is_none_or(str::is_empty) {
        return Err(wanted());
    }
    Ok(text)
}

fn host(text: String) -> Result<String, String> {
    let plain = !text.is_empty()
        && text
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || ".-:".contains(it));
    if plain {
        Ok(text)
    } else {
        Err("must be the name of a machine, like mail.example.org".to_owned())
    }
}

fn tls(text: String) -> Result<Tls, String> {
    match text.as_str() {
        "starttls" => Ok(Tls::Upgraded),
        "tls" => Ok(Tls::Wrapped),
        "none" => Ok(Tls::None),
        _ => Err("must be \"starttls\", \"tls\" or \"none\"".to_owned()),
    }
}

/// A path in the file, counted from the folder of the file.
fn path(text: &String, folder: &Path) -> Result<PathBuf, String> {
    if text.is_empty() {
        Err("must name a file".to_owned())
    } else {
        Ok(folder.join(text))
    }
}

impl Config {
    /// Where the records are, with the password if there is one.
    pub(crate) fn records(&self, folder: &Folder) -> Result<Records, String> {
        let Some(postgres) = &self.postgres else {
            return Ok(Records::Embedded(folder.database()));
        };
        let mut url = postgres.url.clone();
        if let Some(file) = &postgres.password_file {
            // The address was found to have a user and no password.
            url = url.replacen('@', &format!(":{}@", encoded(&secret(file)?)), 1);
        }
        if let Some(file) = &postgres.ca_file {
            let sign = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{sign}sslrootcert={}", encoded(&file.to_string_lossy()));
        }
        Ok(Records::Postgres {
            url,
            connections: postgres.connections,
        })
    }

    /// How mail leaves.
    pub(crate) fn mailer(&self, folder: &Folder) -> Result<Mailer, String> {
        let Some(smtp) = &self.smtp else {
            return Ok(Mailer::folder(folder.mail()));
        };
        let read = |file: &PathBuf| {
            std::fs::read_to_string(file)
                .map_err(|why| format!("The file {} cannot be read ({why}).", file.display()))
        };
        let relay = Relay {
            host: smtp.host.clone(),
            port: smtp.port,
            tls: smtp.tls,
            user: smtp.user.clone(),
            password: smtp.password_file.as_deref().map(secret).transpose()?,
            ca: smtp.ca_file.as_ref().map(read).transpose()?,
        };
        Mailer::relay(relay).map_err(|why| format!("The relay in [smtp] cannot be used: {why}."))
    }
}

/// A text as a part of an address.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

/// The words in a secret file, which nobody but the program may read (T-50).
pub(crate) fn secret(file: &Path) -> Result<String, String> {
    let name = file.display();
    private(file)?;
    let text = std::fs::read_to_string(file)
        .map_err(|why| format!("The secret file {name} cannot be read ({why})."))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        Err(format!(
            "The secret file {name} is empty: write the password into it."
        ))
    } else {
        Ok(text.to_owned())
    }
}

/// Refuses a secret that others could read.
fn private(file: &Path) -> Result<(), String> {
    let name = file.display();
    let about =
        std::fs::metadata(file).map_err(|why| format!("The secret file {name} cannot be read ({why})."))?;
    let wanted = if about.is_dir() { "700" } else { "600" };
    if about.permissions().mode().trailing_zeros() >= 6 {
        Ok(())
    } else {
        Err(format!(
            "Others can read the secret {name}: run chmod {wanted} {name}."
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Config, Vec<String>> {
        Config::parse(text, Path::new("/etc/alongside"))
    }

    #[track_caller]
    fn refused(text: &str, why: &str) {
        let wrong = parsed(text).unwrap_err();
        assert!(
            wrong.iter().any(|it| it.contains(why)),
            "{wrong:?} says nothing of {why:?}"
        );
    }

    #[test]
    fn an_empty_file_serves_this_machine_alone() {
        let config = parsed("").unwrap();
        assert_eq!(config, Config::default());
        assert!(!config.is_public());
    }

    #[test]
    fn every_line_of_a_whole_file_is_read() {
        let text = r#"
            base_url = "https://Courses.example.org/"
            listen = "0.0.0.0:8000"
            trusted_proxies = ["10.0.0.1", "2001:db8::1"]
            [database]
            url = "postgres://alongside@db.example.org/alongside"
            password_file = "db-password"
            ca_file = "/etc/ssl/db.pem"
            connections = 12
            [smtp]
            host = "mail.example.org"
            port = 2525
            tls = "tls"
            user = "courses"
            password_file = "/run/secrets/mail"
            ca_file = "ca.pem"
        "#;
        let config = parsed(text).unwrap();
        assert!(config.is_public());
        let expected = Config {
            base_url: "https://courses.example.org".to_owned(),
            listen: "0.0.0.0:8000".parse().unwrap(),
            trusted_proxies: vec!["10.0.0.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
            postgres: Some(Postgres {
                url: "postgres://alongside@db.example.org/alongside".to_owned(),
                password_file: Some("/etc/alongside/db-password".into()),
                ca_file: Some("/etc/ssl/db.pem".into()),
                connections: 12,
            }),
            smtp: Some(Smtp {
                host: "mail.example.org".to_owned(),
                port: 2525,
                tls: Tls::Wrapped,
                user: Some("courses".to_owned()),
                password_file: Some("/run/secrets/mail".into()),
                ca_file: Some("/etc/alongside/ca.pem".into()),
            }),
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let text = "base_url = \"courses\"\nlisten = 8080\ncolour = \"red\"\n[smtp]\ntls = \"maybe\"\n[database]\nconnections = 1\n";
        let wrong = parsed(text).unwrap_err();
        let lines: Vec<&str> = wrong
            .iter()
            .map(|it| it.split(':').next().unwrap_or_default())
            .collect();
        assert_eq!(
            lines,
            [
                "line 1", "line 2", "line 3", "line 4", "line 5", "line 6", "line 7"
            ],
            "{wrong:?}"
        );
    }

    #[test]
    fn a_key_that_nobody_knows_is_refused() {
        refused("adress = \"x\"", "line 1: there is no key called adress");
        refused(
            "[smtp]\nhost = \"localhost\"\ntsl = \"none\"",
            "line 3: there is no key called smtp.tsl",
        );
    }

    #[test]
    fn a_public_address_without_https_is_refused() {
        refused(
            "base_url = \"http://courses.example.org\"",
            "must begin with https://",
        );
        for local in ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080"] {
            assert!(
                !parsed(&format!("base_url = \"{local}\"")).unwrap().is_public(),
                "{local}"
            );
        }
    }

    #[test]
    fn an_address_has_no_path() {
        for text in [
            "https://example.org/courses",
            "https://example.org?x=1",
            "https://me@example.org",
            "example.org",
            "ftp://example.org",
        ] {
            refused(&format!("base_url = \"{text}\""), "with no path after it");
        }
        assert_eq!(
            parsed("base_url = \"https://example.org:443\"").unwrap().base_url,
            "https://example.org"
        );
    }

    #[test]
    fn listening_to_others_needs_an_address_for_them() {
        refused("listen = \"0.0.0.0:80\"", "base_url is missing");
        // Whatever address is written, others can see it, so that it must be somebody's in earnest.
        let text = "listen = \"0.0.0.0:80\"\nbase_url = \"http://localhost\"";
        assert!(parsed(text).unwrap().is_public());
    }

    #[test]
    fn a_relay_elsewhere_needs_tls() {
        refused(
            "[smtp]\nhost = \"mail.example.org\"\ntls = \"none\"",
            "smtp.tls must be",
        );
        let config = parsed("[smtp]\nhost = \"localhost\"\ntls = \"none\"").unwrap();
        assert_eq!(config.smtp.map(|it| it.port), Some(25));
    }

    #[test]
    fn a_password_is_never_in_the_file() {
        refused(
            "[database]\nurl = \"postgres://me:secret@localhost/x\"",
            "must not hold a password",
        );
        refused(
            "[database]\nurl = \"postgres://me@localhost/x?password=secret\"",
            "must not hold a password",
        );
        refused(
            "[smtp]\nhost = \"localhost\"\npassword = \"secret\"",
            "no key called smtp.password",
        );
        refused("[smtp]\nhost = \"localhost\"\nuser = \"me\"", "go together");
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "s3cret\n").unwrap();
        for (mode, fine) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(secret(&file).is_ok(), fine, "{mode:o}");
        }
        let why = secret(&file).unwrap_err();
        assert!(why.contains("chmod 600"), "{why}");
    }

    #[test]
    fn an_empty_or_missing_secret_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        assert!(secret(&file).unwrap_err().contains("cannot be read"));
        std::fs::write(&file, "\n").unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        assert!(secret(&file).unwrap_err().contains("is empty"));
    }
}
