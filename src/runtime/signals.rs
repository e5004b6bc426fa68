//! What the system tells the process.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end ktui: TERM, INT from outside (Ctrl-C is a key), HUP.
#[derive(Debug)]
pub struct Endings {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Endings {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the first of them. An interrupt while the terminal is lent is for who has it.
    pub async fn came(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.hangup.recv() => return,
                _ = self.interrupt.recv() => if !IS_LENT.load(Ordering::SeqCst) {
                    return;
                }
            }
        }
    }

    /// Forgets interrupts that came while the terminal was lent and nobody waited here.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn forget_interrupts(&mut self) -> io::Result<()> {
        self.interrupt = signal(SignalKind::interrupt())?;
        Ok(())
    }
}

/// What asks a headless command to end: Ctrl-C, TERM, HUP. What the process was started to ignore, as by `nohup` and by a
/// script's `&`, it goes on to ignore; what cannot be listened to ends it by itself.
#[derive(Debug)]
pub struct Interrupts(Vec<Signal>);

impl Interrupts {
    /// Listens from now on.
    pub fn listen() -> Self {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let heard = kinds.into_iter().filter(|kind| !is_ignored(*kind));
        Self(heard.filter_map(|kind| signal(kind).ok()).collect())
    }

    /// The next one. May be dropped while it waits.
    pub async fn next(&mut self) {
        poll_fn(|context| {
            // All of them are asked, so that each wakes this task.
            let ready = self.0.iter_mut().map(|signals| signals.poll_recv(context).is_ready());
            if ready.fold(false, |any, one| any | one) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// Whether the process was started with this signal ignored, as `nohup` does. Only Linux tells without being changed.
fn is_ignored(signal: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    is_in_mask(&status, signal.as_raw_value())
}

fn is_in_mask(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    (1..=64).contains(&signal) && mask >> (signal - 1) & 1 == 1
}

/// Whether another program has the terminal.
static IS_LENT: AtomicBool = AtomicBool::new(false);

/// The terminal is another program's until this is dropped: Ctrl-C there reaches us too, and is not meant for us.
#[derive(Debug)]
pub struct Lent(());

impl Lent {
    /// From now on.
    pub fn now() -> Self {
        IS_LENT.store(true, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        IS_LENT.store(false, Ordering::SeqCst);
    }
}

/// News of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It has another size.
    Resized,
    /// The process was stopped and goes on: the shell had the terminal meanwhile.
    Continued,
}

/// The signals that bring news of the terminal.
#[derive(Debug)]
pub struct Notices {
    resized: Signal,
    continued: Signal,
}

impl Notices {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system refuses a handler.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            resized: signal(SignalKind::window_change())?,
            continued: signal(SignalKind::from_raw(Number::CONT.as_raw()))?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Notice {
        tokio::select! {
            _ = self.resized.recv() => Notice::Resized,
            _ = self.continued.recv() => Notice::Continued,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_stand_in_a_mask() {
        let status = "Name:\tktui\nSigIgn:\t0000000000001001\n";
        assert!(is_in_mask(status, 1));
        assert!(is_in_mask(status, 13));
        assert!(!is_in_mask(status, 2));
        assert!(!is_in_mask("", 1));
    }
}
