//! Files that outlive what happens to the process or the machine: replaced whole or not at all, held by one process.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whom the umask lets.
    Usual,
    /// Its owner alone.
    Owner,
}

/// What a write survives when it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survives {
    /// That the process is killed.
    Kill,
    /// That the machine stops: it has reached the disk.
    PowerLoss,
}

/// A path with an ending behind its name: `.new` makes `file.json` to `file.json.new`.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Writes the file at `path` anew. Whoever reads it finds what was there before or all of `bytes`, whatever happens.
///
/// # Errors
/// The system's; then the file is as it was.
pub fn replace(path: &Path, bytes: &[u8], access: Access, survives: Survives) -> io::Result<()> {
    let next = beside(path, ".new");
    let written = write(&next, bytes, access, survives).and_then(|()| fs::rename(&next, path));
    written.inspect_err(|_| {
        let _nothing_left_to_remove_is_as_good = fs::remove_file(&next);
    })?;
    match survives {
        Survives::Kill => Ok(()),
        Survives::PowerLoss => sync_folder(path),
    }
}

fn write(path: &Path, bytes: &[u8], access: Access, survives: Survives) -> io::Result<()> {
    let mode = match access {
        Access::Usual => 0o666,
        Access::Owner => 0o600,
    };
    // What lies there was left behind, or put there: it is not written through, and its mode says nothing.
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = File::options().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    match survives {
        Survives::Kill => Ok(()),
        Survives::PowerLoss => file.sync_data(),
    }
}

/// Gives a file that has reached the disk its name for good.
///
/// # Errors
/// The system's.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(to)
}

/// Makes the names in a file's folder last.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Opens the file at `path`, made where there is none, to be written by this process alone until it is closed; `None`
/// while another one holds it, or has just given it another name. Some network file systems have no locks: there it is
/// as if nobody held it.
///
/// # Errors
/// When it cannot be opened.
pub fn hold(path: &Path) -> io::Result<Option<File>> {
    let file = File::options().create(true).write(true).truncate(false).open(path)?;
    let lock = flock(&file, FlockOperation::NonBlockingLockExclusive);
    let is_it = |there: Metadata| file.metadata().is_ok_and(|held| there.ino() == held.ino());
    let is_held = lock == Err(Errno::WOULDBLOCK) || !fs::metadata(path).is_ok_and(is_it);
    Ok((!is_held).then_some(file))
}

/// Lets others have it, before anybody is told that it is free: a copy of the handle may be open a moment longer.
pub fn release(file: &File) {
    // What cannot be unlocked was not locked.
    let _unlocked_either_way = flock(file, FlockOperation::Unlock);
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        for (text, survives) in [("a longer text", Survives::Kill), ("short", Survives::PowerLoss)] {
            replace(&path, text.as_bytes(), Access::Owner, survives).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_lies_in_the_way_is_neither_written_through_nor_lends_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("undo.json"), folder.path().join("other"));
        fs::write(&other, "kept").unwrap();
        fs::set_permissions(&other, fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&other, beside(&path, ".new")).unwrap();
        replace(&path, b"mine", Access::Owner, Survives::Kill).unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), "kept");
        fs::write(beside(&path, ".new"), "left behind").unwrap();
        fs::set_permissions(beside(&path, ".new"), fs::Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"mine", Access::Owner, Survives::Kill).unwrap();
        let meta = fs::symlink_metadata(&path).unwrap();
        assert_eq!((meta.is_file(), meta.permissions().mode() & 0o777), (true, 0o600));
    }

    #[test]
    fn what_cannot_be_replaced_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        assert!(replace(&path, b"text", Access::Usual, Survives::PowerLoss).is_err());
        assert!(path.is_dir() && !beside(&path, ".new").exists());
    }

    #[test]
    fn one_at_a_time_holds_a_file_and_what_is_in_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        fs::write(&path, "kept").unwrap();
        let held = hold(&path).unwrap().unwrap();
        assert!(hold(&path).unwrap().is_none());
        release(&held);
        assert!(hold(&path).unwrap().is_some());
        drop(held);
        assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
    }
}
