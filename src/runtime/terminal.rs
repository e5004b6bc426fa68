//! The terminal: taking it over, and giving it back on every way out.
//!
//! A [`Tty`] is shared by whoever may have to give the terminal back: the loop, the panic hook, a signal. Whoever comes
//! first does it, the others find it done. The last one that is dropped does it too. Nothing is ever asked of the
//! terminal: its size comes from the kernel.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, kill_current_process_group};

use crate::layout::Size;

/// Alternate screen, bracketed paste, no cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l";
/// Back, whatever was under way: ends a frame that was cut short, then attributes, paste mode, screen, cursor.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[m\x1b[?2004l\x1b[?1049l\x1b[?25h";
/// The size that is assumed when the kernel knows none (a serial line, a pty without size).
const FALLBACK: Size = Size { width: 80, height: 24 };

/// The terminal. Clones are the same terminal.
#[derive(Debug, Clone)]
pub struct Tty(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    file: File,
    is_entered: AtomicBool,
}

impl Tty {
    /// Opens the terminal: standard output when it is one, else the controlling terminal.
    ///
    /// # Errors
    /// When there is neither.
    pub fn open() -> io::Result<Self> {
        let stdout = io::stdout();
        if stdout.is_terminal() {
            return Ok(Self::over(File::from(stdout.as_fd().try_clone_to_owned()?)));
        }
        Ok(Self::over(File::options().read(true).write(true).open("/dev/tty")?))
    }

    /// A terminal over an open file.
    fn over(file: File) -> Self {
        Self(Arc::new(Shared {
            file,
            is_entered: AtomicBool::new(false),
        }))
    }

    /// Takes the terminal over: raw mode, alternate screen, bracketed paste, no cursor. When the process goes on after a
    /// stop (SIGCONT) the same again; the next frame must then paint everything.
    ///
    /// # Errors
    /// When the terminal refuses; it is then left as it was.
    pub fn enter(&self) -> io::Result<()> {
        // Told first, so that a panic between the steps finds something to give back.
        if self.0.is_entered.swap(true, Ordering::SeqCst) {
            // After a stop from outside the shell has changed the modes that we believe to be in force.
            let _ = disable_raw_mode();
        }
        let entered = enable_raw_mode().and_then(|()| self.0.write(ENTER));
        if entered.is_err() {
            let _ = self.leave();
        }
        entered
    }

    /// Gives the terminal back as it was; nothing when that is done already. Every step is tried, also when one fails.
    ///
    /// # Errors
    /// The first failure, for instance when the terminal has gone.
    pub fn leave(&self) -> io::Result<()> {
        self.0.leave()
    }

    /// Whether the terminal is taken over.
    pub fn is_entered(&self) -> bool {
        self.0.is_entered.load(Ordering::SeqCst)
    }

    /// Its size, from the kernel; 80x24 when it knows none.
    pub fn size(&self) -> Size {
        match rustix::termios::tcgetwinsize(&self.0.file) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => Size {
                width: size.ws_col,
                height: size.ws_row,
            },
            _ => FALLBACK,
        }
    }

    /// Gives the terminal back, stops the process with its group as Ctrl-Z does elsewhere, and takes the terminal over
    /// again when the process goes on; the next frame must then paint everything.
    ///
    /// # Errors
    /// When the terminal cannot be given back or taken over, or the signal not be sent.
    pub fn suspend(&self) -> io::Result<()> {
        // The signal is taken by the main thread. If this is another one, it must not run on into `enter` meanwhile;
        // the clock goes on while the process is stopped. A group without a shell above it is not stopped at all.
        const UNTIL_STOPPED: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        self.leave()?;
        kill_current_process_group(Signal::TSTP)?;
        // Interrupted by SIGCONT is as good.
        let _ = poll(&mut [], Some(&UNTIL_STOPPED));
        self.enter()
    }
}

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_some(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_some(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Another process that shares the terminal may have made it non-blocking; then this waits, but not for ever.
    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        const PATIENCE: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };
        match (&self.file).write(bytes) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let mut ready = [PollFd::new(&self.file, PollFlags::OUT)];
                match poll(&mut ready, Some(&PATIENCE)) {
                    Ok(0) => Err(io::ErrorKind::TimedOut.into()),
                    Ok(_) => (&self.file).write(bytes),
                    Err(errno) => Err(errno.into()),
                }
            }
            result => result,
        }
    }

    fn leave(&self) -> io::Result<()> {
        if !self.is_entered.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        let written = self.write(LEAVE);
        let cooked = disable_raw_mode();
        written.and(cooked)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _ = self.leave();
    }
}
