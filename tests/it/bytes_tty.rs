//! The terminal is given back on every way out: this test program runs itself in a pseudo terminal, under a shell that
//! prints the terminal's modes before and after.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use ktui::layout::Size;
use ktui::runtime::terminal::Tty;
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};

const CASE: &str = "KTUI_TTY_CASE";
/// Nothing here takes longer than a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What runs inside the pseudo terminal: each step waits for a byte, so that the test sees it.
fn inside(case: &str) {
    let mut tty = Tty::open().unwrap();
    let wait = || std::io::stdin().read_exact(&mut [0]).unwrap();
    let report = tempfile::NamedTempFile::new().unwrap();
    let mut panics = ktui::runtime::panic::install(Some(tty.clone()), Some(report.path().to_owned()));
    tty.enter().unwrap();
    let Size { width, height } = tty.size();
    write!(tty, "\x1b[HINSIDE {width}x{height}").unwrap();
    wait();
    match case {
        "leave" => {
            tty.leave().unwrap();
            tty.leave().unwrap();
            print!("NOTHING-MORE");
        }
        "drop" => drop(tty),
        "panic" => {
            panic_in("main");
            let report = std::fs::read_to_string(report.path()).unwrap();
            assert!(report.contains("MESSAGE-OF-THE-PANIC") && report.contains("in thread main"));
        }
        "task" => {
            panic_in("worker");
            assert!(tty.is_entered() && std::fs::read_to_string(report.path()).unwrap().contains("MESSAGE"));
            assert!(panics.try_recv().unwrap().contains("MESSAGE-OF-THE-PANIC"));
            write!(tty, "\x1b[HSTILL-HERE").unwrap();
            wait();
        }
        "suspend" => {
            tty.suspend().unwrap();
            write!(tty, "\x1b[HBACK").unwrap();
            wait();
            tty.leave().unwrap();
        }
        other => panic!("no case {other}"),
    }
}

/// Panics in a thread of this name.
fn panic_in(name: &str) {
    let thread = std::thread::Builder::new().name(name.to_owned());
    let panicked = thread.spawn(|| panic!("MESSAGE-OF-THE-PANIC")).unwrap().join();
    assert!(panicked.is_err());
}

struct Terminal {
    screen: vt100::Parser,
    bytes: Vec<u8>,
    output: Receiver<Vec<u8>>,
    input: Box<dyn Write + Send>,
    // The terminal ends with its master.
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts a shell script; in it `$INSIDE` runs [`inside`].
    fn start(case: &str, script: &str) -> Self {
        let size = PtySize {
            rows: 24,
            cols: 90,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", script]);
        let exe = std::env::current_exe().unwrap();
        let inside = format!(
            "{} --exact bytes_tty::leaving_gives_the_terminal_back_once --nocapture --test-threads=1",
            exe.display()
        );
        command.env("INSIDE", inside);
        command.env(CASE, case);
        command.cwd(std::env::current_dir().unwrap());
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (output_tx, output) = sync_channel(64);
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut chunk) {
                if output_tx.send(chunk[..read].to_vec()).is_err() {
                    break;
                }
            }
            let _ = child.wait();
        });
        let screen = vt100::Parser::new(24.try_into().unwrap(), 90.try_into().unwrap(), 0);
        let input = pair.master.take_writer().unwrap();
        Self {
            screen,
            bytes: Vec::new(),
            output,
            input,
            _master: pair.master,
        }
    }

    /// Waits until the screen shows a text.
    fn wait_for(&mut self, text: &str) {
        while !self.screen.screen().contents().contains(text) {
            let Ok(chunk) = self.output.recv_timeout(PATIENCE) else {
                panic!("no {text:?} on the screen:\n{}", self.screen.screen().contents());
            };
            self.screen.process(&chunk);
            self.bytes.extend(chunk);
        }
    }

    fn key(&mut self) {
        self.input.write_all(b"x").unwrap();
    }

    fn assert_taken_over(&self) {
        let screen = self.screen.screen();
        assert!(screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste());
    }

    /// The screen, cursor and paste mode are as before, and so are the modes that `stty` printed twice.
    fn assert_given_back(&self) {
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        let text = String::from_utf8_lossy(&self.bytes);
        let modes: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_once("MODES="))
            .map(|(_, modes)| modes)
            .collect();
        assert_eq!(modes.len(), 2, "{text}");
        assert_eq!(modes[0].trim_end(), modes[1].trim_end());
        assert!(
            !text.contains("\x1b[6n") && !text.contains("\x1b[c"),
            "the terminal is asked nothing"
        );
    }
}

const SCRIPT: &str = "echo MODES=$(stty -g); $INSIDE; echo MODES=$(stty -g); echo THE-END";

#[test]
fn leaving_gives_the_terminal_back_once() {
    // Every test of this file starts this one again inside its pseudo terminal, where it plays the program.
    if let Ok(case) = std::env::var(CASE) {
        return inside(&case);
    }
    let mut terminal = Terminal::start("leave", SCRIPT);
    terminal.wait_for("INSIDE 90x24");
    terminal.assert_taken_over();
    terminal.key();
    terminal.wait_for("THE-END");
    terminal.assert_given_back();
    let text = String::from_utf8_lossy(&terminal.bytes);
    assert_eq!(text.matches("\x1b[?1049l").count(), 1);
    assert!(text.contains("NOTHING-MORE"));
}

#[test]
fn dropping_the_last_handle_gives_the_terminal_back() {
    let mut terminal = Terminal::start("drop", SCRIPT);
    terminal.wait_for("INSIDE");
    terminal.key();
    terminal.wait_for("THE-END");
    terminal.assert_given_back();
}

#[test]
fn a_panic_of_the_main_thread_gives_the_terminal_back_before_its_message() {
    let mut terminal = Terminal::start("panic", SCRIPT);
    terminal.wait_for("INSIDE");
    terminal.key();
    terminal.wait_for("THE-END");
    terminal.assert_given_back();
    let text = String::from_utf8_lossy(&terminal.bytes);
    let (left, message) = (
        text.find("\x1b[?1049l").unwrap(),
        text.find("MESSAGE-OF-THE-PANIC").unwrap(),
    );
    assert!(left < message, "the message is on the screen that stays");
    assert!(text.contains("The report is in /"));
}

#[test]
fn a_panic_of_a_task_leaves_the_terminal_alone() {
    let mut terminal = Terminal::start("task", SCRIPT);
    terminal.wait_for("INSIDE");
    terminal.key();
    terminal.wait_for("STILL-HERE");
    terminal.assert_taken_over();
    assert!(!String::from_utf8_lossy(&terminal.bytes).contains("MESSAGE-OF-THE-PANIC"));
    terminal.key();
    terminal.wait_for("THE-END");
    terminal.assert_given_back();
}

#[test]
fn a_stopped_process_gives_the_terminal_back_and_takes_it_again() {
    let script =
        "set -m; echo MODES=$(stty -g); $INSIDE; echo STOPPED; read key; fg; echo MODES=$(stty -g); echo THE-END";
    let mut terminal = Terminal::start("suspend", script);
    terminal.wait_for("INSIDE");
    terminal.key();
    terminal.wait_for("STOPPED");
    let screen = terminal.screen.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor());
    terminal.input.write_all(b"\n").unwrap();
    terminal.wait_for("BACK");
    terminal.assert_taken_over();
    terminal.key();
    terminal.wait_for("THE-END");
    terminal.assert_given_back();
}
