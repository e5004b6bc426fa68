//! Programs, alone or in pairs joined by a pipe: how long they take, and how much memory the first one needs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A program with its arguments, perhaps the one that reads what it prints, and where the output goes.
#[derive(Clone, Debug)]
pub struct Pipe {
    pub first: Vec<String>,
    pub second: Option<Vec<String>>,
    pub out: Option<PathBuf>,
}

/// What a run needed.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    pub time: Duration,
    /// `VmHWM` of the first program, in MB of 1,000,000 bytes.
    pub memory: f64,
}

impl Pipe {
    pub fn of(first: &[&str]) -> Self {
        Self {
            first: first.iter().map(ToString::to_string).collect(),
            second: None,
            out: None,
        }
    }

    pub fn into_program(self, second: &[&str]) -> Self {
        Self {
            second: Some(second.iter().map(ToString::to_string).collect()),
            ..self
        }
    }

    pub fn into_file(self, out: &Path) -> Self {
        Self {
            out: Some(out.to_owned()),
            ..self
        }
    }

    /// Runs it to its end.
    pub fn run(&self) -> Needs {
        let last = || {
            self.out
                .as_ref()
                .map_or(Stdio::null(), |path| File::create(path).unwrap().into())
        };
        let begin = Instant::now();
        let mut first = command(&self.first);
        first.stdout(if self.second.is_some() { Stdio::piped() } else { last() });
        let mut first = first.spawn().unwrap();
        let second = self.second.as_ref().map(|words| {
            let pipe = first.stdout.take().unwrap();
            command(words).stdin(pipe).stdout(last()).spawn().unwrap()
        });
        let is_over = AtomicBool::new(false);
        let (memory, time) = thread::scope(|scope| {
            let (id, is_over) = (first.id(), &is_over);
            let watcher = scope.spawn(move || watch(id, is_over));
            let status = first.wait().unwrap();
            assert!(status.success(), "{:?} ended with {status}", self.first);
            if let Some(mut second) = second {
                second.wait().unwrap();
            }
            let time = begin.elapsed();
            is_over.store(true, Ordering::Relaxed);
            (watcher.join().unwrap(), time)
        });
        if let Some(out) = &self.out {
            fs::remove_file(out).unwrap();
        }
        Needs { time, memory }
    }
}

fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// The most memory a process had, looked at until it is over.
fn watch(id: u32, is_over: &AtomicBool) -> f64 {
    let mut most = 0.0_f64;
    while !is_over.load(Ordering::Relaxed) {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
        most = most.max(kib.unwrap_or(0.0) * 1024.0 / 1e6);
        thread::sleep(Duration::from_millis(2));
    }
    most
}

/// Whether a program is on PATH.
pub fn has(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    if !is_there {
        println!("{name} is not on PATH: what it is needed for stays empty.");
    }
    is_there
}
