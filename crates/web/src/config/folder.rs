//! The data folder: the embedded database, the keys, and mail that no relay takes. Nobody else may look
//! into it, and one process at a time serves it (T-49, T-50, T-52).

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER_PERMISSIVE;

use super::private;
use crate::secrets::Keys;

/// The data folder, looked at and found fit.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

/// Kept while this process serves the folder or changes its schema; dropped, it is free again.
#[derive(Debug)]
#[must_use]
pub(crate) struct Lock(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

impl Folder {
    /// Opens the folder, which is made if it is not there, or says what is wrong with it.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let name = path.display();
        if !path.exists() {
            made(path).map_err(|why| {
                format!("The data folder {name} cannot be made ({why}): name another one with --data.")
            })?;
        }
        let about = std::fs::metadata(path)
            .map_err(|why| format!("The data folder {name} cannot be read ({why})."))?;
        if !about.is_dir() {
            return Err(format!("{name} is no folder: name another one with --data."));
        }
        if about.permissions().mode() & 0o007 != 0 {
            return Err(format!(
                "Everybody on this machine can look into the data folder {name}: run chmod o-rwx {name}."
            ));
        }
        let folder = Self(path.to_owned());
        // Asked of the system rather than computed from the mode: that also knows read-only disks.
        folder.lock_file().map_err(|why| {
            format!("Nothing can be written into the data folder {name} ({why}): make this user its owner.")
        })?;
        Ok(folder)
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The embedded database.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("alongside.db")
    }

    /// Where mail goes when no relay is set.
    pub(crate) fn mail(&self) -> PathBuf {
        self.0.join("mail")
    }

    /// Makes this the one process that serves the embedded database.
    pub(crate) fn lock(&self) -> Result<Lock, String> {
        let name = self.0.display();
        let file = self
            .lock_file()
            .map_err(|why| format!("The data folder {name} cannot be locked ({why})."))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => Err(format!(
                "Another process is using the data folder {name}: stop it first, or name another folder with --data."
            )),
            Err(TryLockError::Error(why)) => Err(format!("The data folder {name} cannot be locked ({why}).")),
        }
    }

    fn lock_file(&self) -> std::io::Result<File> {
        OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(self.0.join("lock"))
    }

    /// The keys; each of `fresh` becomes one that is not there yet (T-49).
    pub(crate) fn keys(&self, fresh: &Keys) -> Result<Keys, String> {
        let folder = self.0.join("keys");
        if !folder.exists() {
            made(&folder)
                .map_err(|why| format!("The folder {} cannot be made ({why}).", folder.display()))?;
        }
        private(&folder)?;
        Ok(Keys {
            token: key(&folder, TOKEN, fresh.token)?,
            code: key(&folder, CODE, fresh.code)?,
            seal: key(&folder, SEAL, fresh.seal)?,
        })
    }
}

/// The file of a key, and what stops when it is lost.
type Named = (&'static str, &'static str);
const TOKEN: Named = ("token", "the links in mail already sent stop working");
const CODE: Named = ("code", "log in codes already sent stop working");
const SEAL: Named = ("seal", "everybody on the team must set up their app again");

fn key(folder: &Path, (name, loss): Named, fresh: [u8; 32]) -> Result<[u8; 32], String> {
    let file = folder.join(name);
    if !file.exists() {
        // Another process may be first with its own; then that one is the key.
        whole(folder, &file, &fresh)
            .map_err(|why| format!("The key {} cannot be written ({why}).", file.display()))?;
    }
    read_key(&file, loss)
}

/// A new file, private, that is there with all of the key or not at all, whenever the power fails.
fn whole(folder: &Path, file: &Path, key: &[u8]) -> std::io::Result<()> {
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(new, "{}", data_encoding::HEXLOWER.encode(key))?;
    new.as_file().sync_all()?;
    match new.persist_noclobber(file) {
        Err(why) if why.error.kind() != std::io::ErrorKind::AlreadyExists => Err(why.error),
        _ => File::open(folder)?.sync_all(),
    }
}

fn made(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn read_key(file: &Path, loss: &str) -> Result<[u8; 32], String> {
    let name = file.display();
    private(file)?;
    let text =
        std::fs::read_to_string(file).map_err(|why| format!("The key {name} cannot be read ({why})."))?;
    let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    bytes.and_then(|it| it.try_into().ok()).ok_or_else(|| {
        format!(
            "The key {name} is not 64 hexadecimal digits long: put back the one from your backup, or {loss}."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary() -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("data");
        (outer, path)
    }

    fn mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    fn mode_of(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn keys(of: u8) -> Keys {
        Keys {
            token: [of; 32],
            code: [of + 1; 32],
            seal: [of + 2; 32],
        }
    }

    #[test]
    fn a_new_folder_and_its_keys_are_private() {
        let (_outer, path) = temporary();
        let folder = Folder::open(&path).unwrap();
        let made = folder.keys(&keys(7)).unwrap();
        assert_eq!((made.token, made.code, made.seal), ([7; 32], [8; 32], [9; 32]));
        let modes =
            ["", "keys", "keys/token", "keys/code", "keys/seal", "lock"].map(|it| mode_of(&path.join(it)));
        assert_eq!(modes, [0o700, 0o700, 0o600, 0o600, 0o600, 0o600]);
    }

    #[test]
    fn the_keys_of_the_first_start_stay() {
        let (_outer, path) = temporary();
        let folder = Folder::open(&path).unwrap();
        folder.keys(&keys(7)).unwrap();
        // A folder of an older program has the first key only.
        std::fs::remove_file(path.join("keys/seal")).unwrap();
        let again = folder.keys(&keys(20)).unwrap();
        assert_eq!(
            (again.token, again.code, again.seal),
            ([7; 32], [8; 32], [22; 32])
        );
    }

    #[test]
    fn two_first_starts_at_once_agree_on_the_keys() {
        for _ in 0..20 {
            let (_outer, path) = temporary();
            let folder = Folder::open(&path).unwrap();
            let together = std::sync::Barrier::new(2);
            let start = |fresh| {
                together.wait();
                folder.keys(&keys(fresh)).unwrap()
            };
            let [one, other] = std::thread::scope(|threads| {
                [7, 70]
                    .map(|fresh| threads.spawn(move || start(fresh)))
                    .map(|it| it.join().unwrap())
            });
            assert_eq!(
                (one.token, one.code, one.seal),
                (other.token, other.code, other.seal)
            );
            let left: Vec<_> = std::fs::read_dir(path.join("keys")).unwrap().collect();
            assert_eq!(left.len(), 3, "nothing half-written stays: {left:?}");
        }
    }

    #[test]
    fn a_folder_that_everybody_can_look_into_is_refused() {
        let (_outer, path) = temporary();
        std::fs::create_dir(&path).unwrap();
        for wide in [0o755, 0o701, 0o777] {
            mode(&path, wide);
            assert!(
                Folder::open(&path).unwrap_err().contains("chmod o-rwx"),
                "{wide:o}"
            );
        }
        mode(&path, 0o750);
        Folder::open(&path).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_written_or_is_none_is_refused() {
        let (_outer, path) = temporary();
        std::fs::write(&path, "").unwrap();
        assert!(Folder::open(&path).unwrap_err().contains("is no folder"));
        assert!(
            Folder::open(&path.join("below"))
                .unwrap_err()
                .contains("cannot be made")
        );
        // One of the kernel's own folders: not even root can write there.
        assert!(
            Folder::open(Path::new("/proc/self/fd"))
                .unwrap_err()
                .contains("make this user its owner")
        );
    }

    #[test]
    fn a_folder_that_another_process_serves_is_refused() {
        let (_outer, path) = temporary();
        let folder = Folder::open(&path).unwrap();
        let lock = folder.lock().unwrap();
        assert!(folder.lock().unwrap_err().contains("stop it first"));
        drop(lock);
        let _lock = folder.lock().unwrap();
    }

    #[test]
    fn a_short_key_or_one_that_others_can_read_is_refused() {
        let (_outer, path) = temporary();
        let folder = Folder::open(&path).unwrap();
        folder.keys(&keys(7)).unwrap();
        let refused = || folder.keys(&keys(7)).err().unwrap();
        for name in ["keys/token", "keys/code", "keys/seal"] {
            let key = path.join(name);
            mode(&key, 0o644);
            assert!(refused().contains("chmod 600"), "{name}");
            mode(&key, 0o600);
            let good = std::fs::read(&key).unwrap();
            std::fs::write(&key, "0707").unwrap();
            assert!(refused().contains("not 64 hexadecimal digits"), "{name}");
            std::fs::write(&key, good).unwrap();
        }
        mode(&path.join("keys"), 0o755);
        assert!(refused().contains("chmod 700"));
    }
}
