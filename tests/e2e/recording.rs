//! `ktui record` and `ktui replay` on a simulated cluster.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use ktui::recording::Reader;
use ktui::sim::SimSpec;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::simulated::Cluster;
use super::terminal::{KTUI, PATIENCE, Start, now, plain};

fn cluster() -> Cluster {
    let spec = SimSpec::small().topic("orders", 2);
    Cluster::start(
        spec.group_at("billing", "orders", &[1, 0])
            .group_at("audit", "orders", &[0, 0]),
    )
}

/// A recorder at work, and the file.
struct Recorder {
    child: Child,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Recorder {
    fn start(cluster: &Cluster, name: &str, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let child = Command::new(KTUI)
            .args([
                "-b",
                &cluster.brokers,
                "record",
                path.to_str().unwrap(),
                "--every",
                "200ms",
            ])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            child,
            path,
            _folder: folder,
        }
    }

    /// Waits until so many looks can be read.
    fn wait_for(&self, looks: usize) {
        let end = now() + PATIENCE;
        while count(&self.path) < looks {
            assert!(now() < end, "{} looks after {PATIENCE:?}", count(&self.path));
            std::thread::yield_now();
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

fn count(path: &Path) -> usize {
    let Ok(Ok(mut reader)) = File::open(path).map(Reader::open) else {
        return 0;
    };
    let mut looks = 0;
    while let Ok(Some(_)) = reader.look() {
        looks += 1;
    }
    looks
}

fn replay(path: &Path, more: &[&str]) -> (i32, Vec<Value>, String) {
    let (code, out, err) = plain(&[&["replay", path.to_str().unwrap()], more].concat());
    let lines = out.lines().map(|line| serde_json::from_str(line).unwrap());
    (code, lines.collect(), err)
}

#[test]
fn what_was_recorded_before_a_kill_is_replayed() {
    let cluster = cluster();
    for name in ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"] {
        let mut recorder = Recorder::start(&cluster, name, &[]);
        recorder.wait_for(3);
        recorder.signal(Signal::KILL);
        recorder.child.wait().unwrap();
        let looks = count(&recorder.path);
        let (code, lines, err) = replay(&recorder.path, &[]);
        assert_eq!((code, lines.len()), (0, looks), "{name}: {err}");
        // Plain lines may have been cut between two of them.
        assert!(
            err.contains("its recorder was killed") || name == "a.jsonl" && err.is_empty(),
            "{name}: {err}"
        );
        let groups: Vec<_> = lines[2]["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| &item["group"])
            .collect();
        assert_eq!(groups, ["audit", "billing"], "{name}");
        assert!(lines[0]["time"].as_str() < lines[1]["time"].as_str());
    }
}

#[test]
fn whoever_ends_it_has_a_whole_file_that_others_cannot_read() {
    let cluster = cluster();
    for signal in [Signal::INT, Signal::TERM] {
        let recorder = Recorder::start(&cluster, "a.zst", &["billing"]);
        recorder.wait_for(2);
        recorder.signal(signal);
        let Recorder { child, path, _folder } = recorder;
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let (code, lines, err) = replay(&path, &[]);
        assert_eq!((code, err.as_str()), (0, ""));
        assert_eq!(lines[0]["items"].as_array().unwrap().len(), 1, "the named group alone");
        let at = lines[1]["time"].as_str().unwrap();
        let (code, found, _) = replay(&path, &["--at", at]);
        assert_eq!((code, found.as_slice()), (0, &lines[1..2]));
        let (code, found, _) = replay(&path, &["--from", at]);
        assert_eq!((code, found.as_slice()), (0, &lines[1..]));
        let (code, found, _) = replay(&path, &["--to", "2001-01-01T00:00Z"]);
        assert_eq!((code, found.len()), (1, 0), "there is none of that time");
    }
}

#[test]
fn it_ends_by_itself_when_its_time_is_over() {
    let cluster = cluster();
    let recorder = Recorder::start(&cluster, "a", &["--for", "700ms"]);
    let Recorder { child, path, _folder } = recorder;
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(count(&path) >= 1);
}

#[test]
fn nothing_is_written_over_or_left_behind() {
    let cluster = cluster();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zst");
    let file = path.to_str().unwrap();
    fs::write(&path, "dear").unwrap();
    let record = |args: &[&str]| plain(&[&["-b", cluster.brokers.as_str(), "record"], args].concat());
    let (code, _, err) = record(&[file]);
    assert!(
        code == 2 && err.contains("is there already") && err.contains("--force"),
        "{code} {err}"
    );
    let (code, _, err) = record(&[file, "--force", "nobody"]);
    assert!(code == 1 && err.contains("group nobody does not exist"), "{code} {err}");
    assert_eq!(fs::read(&path).unwrap(), b"dear");
    let other = folder.path().join("b.zst");
    let (code, _, err) = plain(&["-b", "127.0.0.1:1", "record", other.to_str().unwrap()]);
    assert!(
        code == 1 && err.contains("127.0.0.1:1") && !other.exists(),
        "{code} {err}"
    );
    let (code, _, err) = record(&[file, "--force", "--for", "1ms"]);
    assert!(
        code == 0 || code == 1 && fs::read(&path).unwrap() == b"dear",
        "{code} {err}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said() {
    let cluster = cluster();
    let (code, _, err) = plain(&["-b", &cluster.brokers, "record", "/dev/full", "--force"]);
    assert!(
        code == 1 && err.contains("cannot write /dev/full: No space left"),
        "{code} {err}"
    );
}

#[test]
fn what_is_no_recording_is_refused_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let (code, lines, err) = replay(&path, &[]);
    assert!(code == 1 && lines.is_empty() && err.contains("cannot open"), "{err}");
    fs::write(&path, "hello\n").unwrap();
    let (code, _, err) = replay(&path, &[]);
    assert!(code == 1 && err.contains("line 1: this is no recording"), "{err}");
}

#[test]
fn a_recording_that_was_killed_is_looked_at_on_the_screen() {
    let cluster = cluster();
    let mut recorder = Recorder::start(&cluster, "a.zst", &[]);
    recorder.wait_for(4);
    recorder.signal(Signal::KILL);
    recorder.child.wait().unwrap();
    drop(cluster);
    let mut terminal = Start::ktui(&["replay", recorder.path.to_str().unwrap()]).run();
    terminal
        .wait_for("billing")
        .wait_for("its recorder was killed")
        .wait_for("❚❚");
    terminal.press("W");
    terminal.wait_for("this is a recording: nothing can be changed");
    terminal
        .press(":group billing\r")
        .wait_for("Groups › billing")
        .wait_for("orders");
    let first = terminal.row(2);
    terminal.press("$");
    terminal.wait_until("the end of the slider", |screen| {
        screen
            .lines()
            .nth(2)
            .is_some_and(|line| line != first && line.contains("● "))
    });
    terminal.press("q");
    assert_eq!(terminal.exit_code(), 0);
    terminal.assert_given_back();
    terminal.assert_asked_nothing();
}
