//! An alarm before the disk is full (T-45): then changes are refused, and only reading goes on (T-64).

use std::path::PathBuf;

use rustix::fs::{StatVfs, statvfs};

/// Less room than this, in percent, is worth an alarm.
const LOW: u64 = 10;

/// The disk with the data folder.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    /// Whether the alarm was raised since there was room.
    alarmed: bool,
}

impl Disk {
    pub(crate) fn of(folder: PathBuf) -> Self {
        Self {
            folder,
            alarmed: false,
        }
    }

    /// Looks, and raises the alarm once.
    pub(crate) fn look(&mut self) {
        match statvfs(&self.folder) {
            Ok(found) => self.judge(free(&found)),
            Err(error) => tracing::error!(event = "disk_low", %error),
        }
    }

    fn judge(&mut self, percent_free: u64) {
        let is_low = percent_free < LOW;
        if is_low && !self.alarmed {
            tracing::error!(event = "disk_low", percent_free);
        }
        self.alarmed = is_low;
    }
}

/// What this user may still fill, in percent.
fn free(found: &StatVfs) -> u64 {
    percent(found.f_bavail, found.f_blocks)
}

fn percent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::tests::Log;

    #[test]
    fn the_alarm_is_raised_once_and_again_after_there_was_room() {
        let log = Log::default();
        let _logging = log.listen();
        let mut disk = Disk::of("/".into());
        for (percent_free, alarms) in [(10, 0), (9, 1), (3, 1), (40, 1), (9, 2)] {
            disk.judge(percent_free);
            assert_eq!(log.text().matches("disk_low").count(), alarms, "{percent_free}");
        }
    }

    #[test]
    fn the_disk_is_asked() {
        assert_eq!((percent(1, 10), percent(0, 0)), (10, 100));
        let found = statvfs("/").unwrap();
        assert!(free(&found) <= 100);
        let log = Log::default();
        let _logging = log.listen();
        Disk::of("/no/such/folder".into()).look();
        assert!(log.text().contains("disk_low"));
    }
}
