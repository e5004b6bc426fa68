//! Where [`Memory`] is kept: one private file per cluster in the state directory.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::app::memory::{Memo, Memory};
use crate::settings::state_dir;

/// The longest file that is read: what is larger was not written by ktui.
const LONGEST: u64 = 4 << 20;

/// The file of a cluster; `None` where there is no home to keep it in.
pub fn file(cluster: &str) -> Option<PathBuf> {
    Some(
        state_dir()?
            .join("clusters")
            .join(format!("{}.toml", file_name(cluster))),
    )
}

/// A cluster's name with everything that a file's name must not have written as `%hex`.
fn file_name(cluster: &str) -> String {
    let mut name = String::new();
    for byte in cluster.bytes().take(80) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            b'.' if !name.is_empty() => name.push('.'),
            other => {
                let _writing_to_a_string_cannot_fail = write!(name, "%{other:02x}");
            }
        }
    }
    name
}

/// What is remembered. A file that is not there, or that cannot be understood, is an empty memory.
pub fn load(path: &Path) -> Memory {
    match read(path) {
        Ok(Found::Ours(memory)) => memory,
        Ok(Found::Nothing | Found::Foreign) | Err(_) => Memory::default(),
    }
}

/// What the file of a memory holds.
enum Found {
    /// There is none.
    Nothing,
    Ours(Memory),
    /// Something that ktui did not write.
    Foreign,
}

/// An error where nobody can tell what there is.
fn read(path: &Path) -> io::Result<Found> {
    let file = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        file => file?,
    };
    if file.len() > LONGEST {
        return Ok(Found::Foreign);
    }
    let bytes = fs::read(path)?;
    let memory = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| toml::from_str(text).ok());
    Ok(memory.map_or(Found::Foreign, Found::Ours))
}

/// Adds to what the file holds by now: another session may have written it since. One that cannot be understood is
/// kept beside it.
///
/// # Errors
/// When the file cannot be read, or it or its folder cannot be written: then it stays as it is.
pub fn remember(path: &Path, memo: Memo) -> io::Result<()> {
    let mut memory = match read(path)? {
        Found::Ours(memory) => memory,
        Found::Nothing => Memory::default(),
        Found::Foreign => {
            fs::rename(path, path.with_extension("toml.bad"))?;
            Memory::default()
        }
    };
    memory.take(memo);
    save(path, &memory)
}

/// Writes it whole or not at all.
fn save(path: &Path, memory: &Memory) -> io::Result<()> {
    let text = toml::to_string(memory).map_err(io::Error::other)?;
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let next = path.with_extension(format!("toml.{}", std::process::id()));
    let written = super::logging::create(&next).and_then(|mut file| file.write_all(text.as_bytes()));
    written.and_then(|()| fs::rename(&next, path)).inspect_err(|_| {
        let _nothing_left_to_remove_is_as_good = fs::remove_file(&next);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Format, Part};

    fn key_of(topic: &str) -> Memo {
        Memo::Decoder(topic.into(), Part::Key, Format::Uuid)
    }

    #[test]
    fn what_two_sessions_remember_is_loaded_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clusters").join("one.toml");
        remember(&path, key_of("orders.v1")).unwrap();
        remember(&path, key_of("payments")).unwrap();
        let memory = load(&path);
        for topic in ["orders.v1", "payments"] {
            assert_eq!(memory.decoder(topic, Part::Key), Format::Uuid);
        }
        let beside = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(beside, 1, "nothing else is left");
        assert_eq!(load(&dir.path().join("absent")), Memory::default());
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one.toml");
        fs::write(&path, "not [ toml").unwrap();
        assert_eq!(load(&path), Memory::default());
        remember(&path, key_of("orders")).unwrap();
        assert_eq!(load(&path).decoder("orders", Part::Key), Format::Uuid);
        assert_eq!(
            fs::read_to_string(dir.path().join("one.toml.bad")).unwrap(),
            "not [ toml"
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_stays_where_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one.toml");
        // Whoever runs the tests, a folder is read by nobody.
        fs::create_dir(&path).unwrap();
        assert_eq!(load(&path), Memory::default());
        assert!(remember(&path, key_of("orders")).is_err());
        assert!(path.is_dir() && !dir.path().join("one.toml.bad").exists());
        fs::remove_dir(&path).unwrap();
        fs::write(&path, b"\xff").unwrap();
        remember(&path, key_of("orders")).unwrap();
        assert_eq!(fs::read(dir.path().join("one.toml.bad")).unwrap(), b"\xff");
    }

    #[test]
    fn any_cluster_name_makes_one_file_name() {
        assert_eq!(file_name("kafka-1.prod:9092"), "kafka-1.prod%3a9092");
        assert_eq!(file_name("../../etc"), "%2e.%2f..%2fetc");
        assert_eq!(file_name("[::1]:9092"), "%5b%3a%3a1%5d%3a9092");
        assert!(!file_name(&"/".repeat(1000)).contains('/'));
    }
}
