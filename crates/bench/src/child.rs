//! The program itself, as it is installed: how soon it answers, what it needs, how large it is.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::client::Client;

/// The program, found beside this one, and the size of the one that is released.
pub(crate) struct Program {
    path: PathBuf,
    pub(crate) released: Option<u64>,
}

impl Program {
    /// The one that was named, else the one built with this program, else the released one.
    pub(crate) fn find(named: Option<PathBuf>) -> Result<Option<Self>> {
        let here = std::env::current_exe()?;
        let beside = here.with_file_name("alongside");
        let target = here.parent().and_then(Path::parent);
        let released = target.map(|it| it.join("release/alongside"));
        let size = released
            .as_ref()
            .and_then(|it| fs::metadata(it).ok())
            .map(|it| it.len());
        let path = named
            .into_iter()
            .chain([beside])
            .chain(released)
            .find(|it| it.is_file());
        Ok(path.map(|path| Self { path, released: size }))
    }

    /// Serves the records in this folder; how long it took from nothing to the first page.
    pub(crate) async fn serve(&self, folder: &Path) -> Result<(Running, Duration)> {
        let at = free_port()?;
        let config = folder.with_extension("toml");
        let text =
            format!("listen = \"{at}\"\nbase_url = \"http://{at}\"\ntrusted_proxies = [\"127.0.0.1\"]\n");
        fs::write(&config, text)?;
        let begun = Instant::now();
        let child = self
            .command("serve", folder)
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut running = Running { child, at };
        let mut client = Client::new(at);
        while client.connect().await.is_err() {
            if let Some(status) = running.child.try_wait()? {
                return Err(format!("alongside serve ended: {status}").into());
            }
            if begun.elapsed() > Duration::from_secs(30) {
                return Err("alongside serve did not listen within half a minute".into());
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        let answer = client.get("/courses").await?;
        let took = begun.elapsed();
        if answer.status == 200 {
            Ok((running, took))
        } else {
            Err(format!("/courses: {}", answer.status).into())
        }
    }

    /// How long `alongside verify` takes on these records, which must be in order.
    pub(crate) fn verify(&self, folder: &Path) -> Result<Duration> {
        let begun = Instant::now();
        let output = self.command("verify", folder).output()?;
        let took = begun.elapsed();
        if output.status.success() {
            return Ok(took);
        }
        let said = [output.stdout, output.stderr].concat();
        let said: Vec<_> = String::from_utf8_lossy(&said)
            .lines()
            .take(5)
            .map(str::to_owned)
            .collect();
        Err(format!("alongside verify: {}: {}", output.status, said.join("; ")).into())
    }

    fn command(&self, name: &str, folder: &Path) -> Command {
        let mut command = Command::new(&self.path);
        command.arg(name).arg("--data").arg(folder).stdin(Stdio::null());
        command
    }
}

/// A folder that only we can look into, as the program wants it.
pub(crate) fn private(folder: &Path) -> Result<()> {
    Ok(fs::DirBuilder::new().mode(0o700).create(folder)?)
}

fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// The program while it serves; it ends with this value.
pub(crate) struct Running {
    child: Child,
    pub(crate) at: SocketAddr,
}

/// What a process holds of the memory, in kilobytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    pub(crate) most: u64,
}

impl Running {
    pub(crate) fn memory(&self) -> Result<Memory> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let of = |name: &str| {
            let line = text.lines().find_map(|it| it.strip_prefix(name))?;
            line.trim_start_matches(':')
                .trim()
                .strip_suffix(" kB")?
                .parse()
                .ok()
        };
        let (now, most) = (of("VmRSS"), of("VmHWM"));
        Ok(Memory {
            now: now.ok_or("no VmRSS")?,
            most: most.ok_or("no VmHWM")?,
        })
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> Result<()> {
        let asked = Command::new("kill")
            .arg("-TERM")
            .arg(self.child.id().to_string())
            .status()?;
        if !asked.success() {
            return Err("the program could not be asked to stop".into());
        }
        let status = self.child.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("alongside serve ended: {status}").into())
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
