//! A pseudo terminal with a program in it, whose output is stamped with the time it came.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Rows and columns of every terminal here.
const SIZE: (u16, u16) = (40, 120);
/// Nothing that is measured takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal, the program in it, and what it has written so far.
pub struct Terminal {
    screen: vt100::Parser,
    output: Receiver<(Instant, Vec<u8>)>,
    input: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    started: Instant,
    /// All bytes so far.
    bytes: usize,
    // Closing it would hang up the program.
    _master: Box<dyn MasterPty + Send>,
    // An own home: no configuration of the user's, and nothing of ours left behind.
    _home: tempfile::TempDir,
}

impl Terminal {
    /// Starts a program: its words.
    pub fn start(words: &[String]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(&words[0]);
        command.args(&words[1..]);
        command.env_clear();
        command.cwd(home.path());
        command.env("HOME", home.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        for (name, value) in [
            ("TERM", "xterm-256color"),
            ("COLORTERM", "truecolor"),
            ("LANG", "C.UTF-8"),
            ("TZ", "UTC"),
        ] {
            command.env(name, value);
        }
        let (rows, cols) = SIZE;
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (output_tx, output) = sync_channel(1024);
        std::thread::spawn(move || {
            let mut chunk = vec![0; 65_536];
            while let Ok(read @ 1..) = reader.read(&mut chunk) {
                if output_tx.send((Instant::now(), chunk[..read].to_vec())).is_err() {
                    break;
                }
            }
        });
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        // Else the reader never sees the end.
        drop(pair.slave);
        Self {
            screen: vt100::Parser::new(rows.try_into().unwrap(), cols.try_into().unwrap(), 0),
            output,
            input: pair.master.take_writer().unwrap(),
            child,
            started,
            bytes: 0,
            _master: pair.master,
            _home: home,
        }
    }

    /// The process that was started.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// What the screen shows.
    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Waits until the screen's text is so; answers how long after the start that was.
    pub fn wait_until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) -> Result<Duration, String> {
        self.wait(what, self.started, is_so)
    }

    /// Presses keys, as the bytes a terminal sends for them, and waits until the screen's text is so; answers how long
    /// that took.
    pub fn press_until(&mut self, keys: &str, what: &str, is_so: impl Fn(&str) -> bool) -> Result<Duration, String> {
        let pressed = self.press(keys);
        self.wait(what, pressed, is_so)
    }

    /// Presses keys; answers when.
    pub fn press(&mut self, keys: &str) -> Instant {
        let pressed = Instant::now();
        self.input.write_all(keys.as_bytes()).unwrap();
        pressed
    }

    /// Presses keys and waits until nothing was written for `quiet`, counted from the keys on. Answers the time to the
    /// first byte, if there was any, and the number of bytes.
    pub fn press_and_settle(&mut self, keys: &str, quiet: Duration) -> (Option<Duration>, usize) {
        let (before, pressed) = (self.bytes, self.press(keys));
        let mut first = None;
        let mut last = pressed;
        let cap = pressed + PATIENCE;
        while let Some(at) = self.take((last + quiet).min(cap)) {
            first.get_or_insert_with(|| at.saturating_duration_since(pressed));
            last = at;
        }
        (first, self.bytes - before)
    }

    /// Waits until nothing was written for `quiet`, at most a minute.
    pub fn settle(&mut self, quiet: Duration) {
        let cap = Instant::now() + PATIENCE;
        while self.take((Instant::now() + quiet).min(cap)).is_some() {}
    }

    /// Counts what is written in a time.
    pub fn bytes_in(&mut self, time: Duration) -> usize {
        let (before, end) = (self.bytes, Instant::now() + time);
        while self.take(end).is_some() {}
        self.bytes - before
    }

    fn wait(&mut self, what: &str, since: Instant, is_so: impl Fn(&str) -> bool) -> Result<Duration, String> {
        let mut at = Instant::now();
        while !is_so(&self.text()) {
            let Some(came) = self.take(since + PATIENCE) else {
                return Err(format!("waited in vain for {what}:\n{}", self.text()));
            };
            at = came;
        }
        Ok(at.saturating_duration_since(since))
    }

    /// Takes in what is written next, up to a time; answers when it came.
    fn take(&mut self, end: Instant) -> Option<Instant> {
        let left = end.saturating_duration_since(Instant::now());
        let (at, chunk) = self.output.recv_timeout(left).ok()?;
        self.bytes += chunk.len();
        self.screen.process(&chunk);
        Some(at)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
