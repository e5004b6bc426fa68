//! Keys and pasted text, read from the terminal by a thread of its own.
//!
//! The thread sleeps until the terminal has bytes, ended, or nobody listens any more. It looks at the terminal's state
//! itself before it lets crossterm read: at the end of a terminal a reader would spin or never know.

use std::io::{self, PipeReader, PipeWriter};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, ioctl_fionread};
use rustix::stdio::stdin;
use tokio::sync::mpsc;

use crate::input::{Chord, Key};

/// What comes from the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed.
    Pressed(Chord),
    /// Text was pasted.
    Pasted(String),
    /// The terminal is gone.
    Ended,
}

/// Keys that wait to be handled at most; the terminal keeps the rest.
pub const QUEUE: usize = 32;

/// The reading thread; it ends when this is dropped.
#[derive(Debug)]
pub struct Reader {
    wake: PipeWriter,
    thread: JoinHandle<()>,
}

impl Reader {
    /// Starts to read standard input, which must be a terminal.
    ///
    /// # Errors
    /// When there is no pipe or thread to be had.
    pub fn start() -> io::Result<(Self, mpsc::Receiver<Input>)> {
        let (tx, rx) = mpsc::channel(QUEUE);
        let (asleep, wake) = io::pipe()?;
        let thread = thread::Builder::new()
            .name("keys".to_owned())
            .spawn(move || read_all(&asleep, &tx))?;
        Ok((Self { wake, thread }, rx))
    }

    /// Stops reading: keys typed from now on are for another program. Nothing may be left in `inputs`.
    pub fn stop(self, mut inputs: mpsc::Receiver<Input>) {
        // A thread that waits for room in the queue finds it closed.
        inputs.close();
        drop(inputs);
        drop(self.wake);
        let _ = self.thread.join();
    }
}

fn read_all(asleep: &PipeReader, tx: &mpsc::Sender<Input>) {
    loop {
        let state = wait(asleep);
        let is_open = match state {
            Ok(State::Readable) => read_some(tx),
            Ok(State::Unheard) => return,
            Ok(State::Ended) | Err(_) => Ok(false),
        };
        if !is_open.unwrap_or(false) {
            let _ = tx.blocking_send(Input::Ended);
            return;
        }
    }
}

enum State {
    Readable,
    /// The terminal is gone.
    Ended,
    /// Nobody listens any more.
    Unheard,
}

/// Sleeps until something is to be done.
fn wait(asleep: &PipeReader) -> io::Result<State> {
    let stdin = stdin();
    loop {
        let mut fds = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(asleep, PollFlags::IN)];
        match poll(&mut fds, None) {
            Err(Errno::INTR) => continue,
            other => other?,
        };
        if !fds[1].revents().is_empty() {
            return Ok(State::Unheard);
        }
        let terminal = fds[0].revents();
        if terminal.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return Ok(State::Ended);
        }
        if terminal.contains(PollFlags::IN) {
            // Readable without a byte to read is the end.
            let is_over = ioctl_fionread(stdin)? == 0;
            return Ok(if is_over { State::Ended } else { State::Readable });
        }
    }
}

/// Reads what there is; `false` when nobody listens any more.
fn read_some(tx: &mpsc::Sender<Input>) -> io::Result<bool> {
    // crossterm does not look at all when it may not wait.
    while event::poll(Duration::from_millis(1))? {
        let input = match event::read()? {
            Event::Key(key) => chord(key).map(Input::Pressed),
            Event::Paste(text) => Some(Input::Pasted(text)),
            // The size comes by signal.
            _ => None,
        };
        if let Some(input) = input
            && tx.blocking_send(input).is_err()
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A key event as a chord; `None` for releases and for keys without a name.
pub fn chord(event: KeyEvent) -> Option<Chord> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let (key, is_back) = match event.code {
        KeyCode::Char(c) => (Key::Char(c), false),
        KeyCode::Enter => (Key::Enter, false),
        KeyCode::Esc => (Key::Esc, false),
        KeyCode::Tab => (Key::Tab, false),
        KeyCode::BackTab => (Key::Tab, true),
        KeyCode::Backspace => (Key::Backspace, false),
        KeyCode::Delete => (Key::Delete, false),
        KeyCode::Insert => (Key::Insert, false),
        KeyCode::Up => (Key::Up, false),
        KeyCode::Down => (Key::Down, false),
        KeyCode::Left => (Key::Left, false),
        KeyCode::Right => (Key::Right, false),
        KeyCode::Home => (Key::Home, false),
        KeyCode::End => (Key::End, false),
        KeyCode::PageUp => (Key::PageUp, false),
        KeyCode::PageDown => (Key::PageDown, false),
        KeyCode::F(n) => (Key::Function(n), false),
        // What terminals send for ctrl-space.
        KeyCode::Null => return Some(Chord::ctrl(Key::Char(' '))),
        _ => return None,
    };
    let held = event.modifiers;
    let chord = Chord {
        key,
        ctrl: held.contains(KeyModifiers::CONTROL),
        alt: held.contains(KeyModifiers::ALT),
        shift: is_back || held.contains(KeyModifiers::SHIFT),
    };
    Some(chord.normal())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode, held: KeyModifiers) -> Option<String> {
        chord(KeyEvent::new(code, held)).map(|chord| chord.to_string())
    }

    #[test]
    fn keys_become_chords() {
        let none = KeyModifiers::NONE;
        for (code, held, chord) in [
            (KeyCode::Char('j'), none, "j"),
            (KeyCode::Char('G'), KeyModifiers::SHIFT, "G"),
            (KeyCode::Char('g'), KeyModifiers::SHIFT, "G"),
            (KeyCode::Char('?'), KeyModifiers::SHIFT, "?"),
            (KeyCode::Char('d'), KeyModifiers::CONTROL, "ctrl-d"),
            (KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab"),
            (KeyCode::Null, none, "ctrl-space"),
            (KeyCode::PageDown, none, "pagedown"),
            (KeyCode::F(5), KeyModifiers::ALT, "alt-f5"),
        ] {
            assert_eq!(pressed(code, held).as_deref(), Some(chord));
        }
    }

    #[test]
    fn a_release_is_not_a_press() {
        let mut event = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        event.kind = KeyEventKind::Release;
        assert_eq!(chord(event), None);
        assert_eq!(pressed(KeyCode::CapsLock, KeyModifiers::NONE), None);
    }
}
