//! Where [`Memory`] is kept: one private file per cluster in the state directory.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::app::memory::Memory;
use crate::settings::project_dirs;

/// The longest file that is read: what is larger was not written by ktui.
const LONGEST: u64 = 4 << 20;

/// The file of a cluster; `None` where there is no home to keep it in.
pub fn file(cluster: &str) -> Option<PathBuf> {
    let dirs = project_dirs()?;
    let dir = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir());
    Some(dir.join("clusters").join(format!("{}.toml", file_name(cluster))))
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
    let is_short = fs::metadata(path).is_ok_and(|file| file.len() <= LONGEST);
    let text = is_short.then(|| fs::read_to_string(path).ok()).flatten();
    text.and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
}

/// Writes it whole or not at all.
///
/// # Errors
/// When the folder or the file cannot be written.
pub fn save(path: &Path, memory: &Memory) -> io::Result<()> {
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
    use crate::app::memory::Memo;
    use crate::decode::{Format, Part};

    #[test]
    fn what_was_saved_is_loaded_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("clusters").join("one.toml");
        let mut memory = Memory::default();
        memory.take(Memo::Decoder("orders.v1".into(), Part::Key, Format::Uuid));
        save(&path, &memory).unwrap();
        assert_eq!(load(&path), memory);
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1,
            "nothing else is left"
        );
        fs::write(&path, "not [ toml").unwrap();
        assert_eq!(load(&path), Memory::default());
        assert_eq!(load(&dir.path().join("absent")), Memory::default());
    }

    #[test]
    fn any_cluster_name_makes_one_file_name() {
        assert_eq!(file_name("kafka-1.prod:9092"), "kafka-1.prod%3a9092");
        assert_eq!(file_name("../../etc"), "%2e.%2f..%2fetc");
        assert_eq!(file_name("[::1]:9092"), "%5b%3a%3a1%5d%3a9092");
        assert!(!file_name(&"/".repeat(1000)).contains('/'));
    }
}
