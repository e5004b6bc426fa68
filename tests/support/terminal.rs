//! A pseudo terminal with the program in it; its screen is read back from the bytes that the program writes.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

pub const KTUI: &str = env!("CARGO_BIN_EXE_ktui");
/// Nothing here takes longer than a few seconds on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Now.
#[expect(clippy::disallowed_methods, reason = "a test's deadline is about the real clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// Columns and rows at the start.
pub const SIZE: (u16, u16) = (100, 30);

/// Starts a terminal and what runs in it.
pub struct Start {
    command: CommandBuilder,
    home: tempfile::TempDir,
}

/// A terminal, the program in it, and all that it has written.
pub struct Terminal {
    screen: vt100::Parser,
    bytes: Vec<u8>,
    output: Receiver<Vec<u8>>,
    input: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    home: tempfile::TempDir,
    is_frozen: Arc<AtomicBool>,
}

impl Start {
    /// The program with these arguments.
    pub fn ktui(args: &[&str]) -> Self {
        Self::program(KTUI, args)
    }

    /// A shell script, in which `$KTUI` is the program.
    pub fn shell(script: &str) -> Self {
        Self::program("sh", &["-c", script])
    }

    fn program(program: &str, args: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.cwd(home.path());
        let start = Self { command, home };
        let home = start.home.path().to_str().unwrap().to_owned();
        let path = std::env::var("PATH").unwrap();
        [
            ("HOME", home.as_str()),
            ("PATH", path.as_str()),
            ("KTUI", KTUI),
            ("TERM", "xterm-256color"),
            ("COLORTERM", "truecolor"),
            ("LANG", "C.UTF-8"),
            ("TZ", "UTC"),
        ]
        .into_iter()
        .fold(start, |start, (name, value)| start.env(name, value))
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn run(self) -> Terminal {
        self.run_at(SIZE)
    }

    pub fn run_at(self, (width, height): (u16, u16)) -> Terminal {
        let pair = native_pty_system().openpty(pty_size(width, height)).unwrap();
        let child = pair.slave.spawn_command(self.command).unwrap();
        // Else the reader never sees the end.
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (output_tx, output) = sync_channel(64);
        let is_frozen = Arc::new(AtomicBool::new(false));
        let frozen = Arc::clone(&is_frozen);
        std::thread::spawn(move || {
            let mut chunk = [0; 16_384];
            while let Ok(read @ 1..) = reader.read(&mut chunk) {
                while frozen.load(Relaxed) {
                    std::thread::park();
                }
                if output_tx.send(chunk[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        let screen = vt100::Parser::new(height.try_into().unwrap(), width.try_into().unwrap(), 0);
        Terminal {
            screen,
            bytes: Vec::new(),
            output,
            input: pair.master.take_writer().unwrap(),
            master: pair.master,
            child,
            home: self.home,
            is_frozen,
        }
    }
}

fn pty_size(cols: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

impl Terminal {
    /// What the screen shows.
    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    pub fn row(&self, row: usize) -> String {
        self.text().lines().nth(row).unwrap_or_default().to_owned()
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    /// All bytes so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> &mut Self {
        self.wait_until(&format!("{text:?} on the screen"), |screen| screen.contains(text))
    }

    /// Waits until the screen's text is so.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) -> &mut Self {
        self.wait_until_screen(what, |screen| is_so(&screen.contents()))
    }

    /// Waits until the screen is so.
    #[track_caller]
    pub fn wait_until_screen(&mut self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) -> &mut Self {
        let end = now() + PATIENCE;
        while !is_so(self.screen()) {
            assert!(self.read(end), "waited in vain for {what}:\n{}", self.text());
        }
        self
    }

    /// Takes in what the program writes next; `false` when it writes nothing any more.
    fn read(&mut self, end: Instant) -> bool {
        let left = end.saturating_duration_since(now());
        match self.output.recv_timeout(left) {
            Ok(chunk) => {
                self.screen.process(&chunk);
                self.bytes.extend(chunk);
                true
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }

    /// Takes in what was written up to now, and as long as `goes_on`.
    pub fn read_while(&mut self, goes_on: impl Fn() -> bool) {
        let end = now() + PATIENCE;
        while goes_on() {
            assert!(now() < end, "it goes on for ever:\n{}", self.text());
            self.read(now() + Duration::from_millis(10));
        }
        while self.read(now()) {}
    }

    /// Presses keys, as the bytes a terminal sends for them.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        self.input.write_all(keys.as_bytes()).unwrap();
        self
    }

    pub fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        // The parser first: what comes from now on may be for the new size.
        self.screen
            .screen_mut()
            .set_size(height.try_into().unwrap(), width.try_into().unwrap());
        self.master.resize(pty_size(width, height)).unwrap();
        self
    }

    /// Takes no more bytes from the program, as a frozen connection does, and waits until it is stuck in a write.
    pub fn freeze(&mut self) {
        self.is_frozen.store(true, Relaxed);
        let place = format!("/proc/{}/syscall", self.child.process_id().unwrap());
        let is_stuck = || {
            // The number of write(2) on the two kinds of machine we know.
            let call = std::fs::read_to_string(&place).unwrap();
            ["1", "64"].contains(&call.split(' ').next().unwrap())
        };
        let end = now() + PATIENCE;
        while !is_stuck() {
            assert!(now() < end, "it is never stuck");
            // Ctrl-L: another whole screen.
            self.press("\x0c");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Waits for the end of a program whose output nobody takes.
    pub fn exit_unheard(&mut self) -> u32 {
        let end = now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(now() < end, "it does not end");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// The process that was started.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Sends a signal to the program that was started.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Waits for the end of the program: its exit code, all of its output taken in.
    #[track_caller]
    pub fn exit_code(&mut self) -> u32 {
        let end = now() + PATIENCE;
        loop {
            self.read(now() + Duration::from_millis(5));
            if let Some(status) = self.child.try_wait().unwrap() {
                while self.read(end) {}
                return status.exit_code();
            }
            assert!(now() < end, "it does not end:\n{}", self.text());
        }
    }

    /// The terminal is as it was: alternate screen left, cursor shown, no paste mode; and it was never asked anything.
    #[track_caller]
    pub fn assert_given_back(&self) {
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.bracketed_paste(), "paste mode is on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        self.assert_asked_nothing();
    }

    /// No question to the terminal: over a slow line an unanswered one is a hang.
    #[track_caller]
    pub fn assert_asked_nothing(&self) {
        let text = String::from_utf8_lossy(&self.bytes);
        for question in [
            "\x1b[6n", "\x1b[?6n", "\x1b[c", "\x1b[>c", "\x1b[0c", "\x1b[5n", ";?\x07", ";?\x1b\\", "\x1bP+q",
            "\x1b[?u",
        ] {
            assert!(!text.contains(question), "the terminal was asked {question:?}");
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program without a terminal: exit code, standard output, standard error.
pub fn plain(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(KTUI)
        .args(args)
        .env_remove("KTUI_BROKERS")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}
