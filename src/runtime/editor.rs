//! The user's editor on a text of ours: the terminal is lent to it, and the file is nobody else's to read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::clock;
use super::signals::Lent;

/// Longest text that is read back.
const MOST: u64 = 64 << 20;

/// A file that is removed when this is dropped.
struct Private(PathBuf);

impl Private {
    /// A new file that only this user may read.
    fn with(text: &str) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for attempt in 0..16 {
            let name = format!("ktui-{}-{}-{attempt}.txt", std::process::id(), clock::unix_millis());
            let path = std::env::temp_dir().join(name);
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(mut file) => {
                    let file_of_ours = Self(path);
                    file.write_all(text.as_bytes())?;
                    return Ok(file_of_ours);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The editor that the environment names.
pub fn command(var: impl Fn(&str) -> Option<String>) -> String {
    let named = ["VISUAL", "EDITOR"].into_iter().find_map(var);
    named.unwrap_or_else(|| "vi".to_owned())
}

/// Lets the user edit `text`; waits until the editor ends. The terminal must be as the editor expects it.
///
/// # Errors
/// Why there is no edited text, in words.
pub fn edit(editor: &str, text: &str) -> Result<String, String> {
    let file = Private::with(text).map_err(|error| format!("no temporary file: {error}"))?;
    // Ctrl-C is the editor's as long as it has the terminal.
    let lent = Lent::now();
    let ended = run(editor, &file.0);
    drop(lent);
    match ended {
        Ok(status) if status.success() => read(&file.0),
        Ok(status) => Err(format!("{editor} ended with {status}")),
        Err(error) => Err(format!("{editor} cannot be started: {error}")),
    }
}

/// By a shell, as other programs do: the variable may hold arguments.
fn run(editor: &str, path: &Path) -> io::Result<std::process::ExitStatus> {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(format!("{editor} \"$1\"")).arg("ktui").arg(path);
    shell.status()
}

fn read(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map(|found| found.len());
    match size {
        Ok(size) if size > MOST => Err("the file is larger than 64 MiB".to_owned()),
        _ => fs::read_to_string(path).map_err(|error| format!("the file cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_edited_text_comes_back_and_the_file_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let seen = folder.path().join("seen");
        let editor = format!("sed -i s/a/b/ \"$1\"; printf %s \"$1\" > {}; true", seen.display());
        assert_eq!(edit(&editor, "a\n"), Ok("b\n".to_owned()));
        let path = fs::read_to_string(seen).unwrap();
        assert!(path.contains("ktui-") && !Path::new(&path).exists());
    }

    #[test]
    fn nobody_else_may_read_it() {
        let file = Private::with("secret").unwrap();
        let mode = fs::metadata(&file.0).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn an_editor_that_fails_changes_nothing() {
        assert!(edit("false", "a").unwrap_err().starts_with("false ended with"));
        assert!(edit("/no/such/editor", "a").unwrap_err().contains("ended with"));
    }

    #[test]
    fn visual_comes_before_editor_and_vi_is_the_last() {
        let of = |set: &[(&str, &str)]| {
            command(|name| {
                set.iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[("EDITOR", "ed"), ("VISUAL", "nano")]), "nano");
        assert_eq!(of(&[("EDITOR", "ed")]), "ed");
        assert_eq!(of(&[]), "vi");
    }
}
