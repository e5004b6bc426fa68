//! The shell: the terminal and what is written to it, keys and signals, the clock, and the loop that ties the machine
//! to the engine.
//!
//! ```text
//!  signals ─┐                      ┌─▶ effects ─▶ kafka (one task per slot)
//!  keys ────┼─▶ session ─▶ App ────┤        │
//!  answers ─┘        ▲             └─▶ frames ─▶ terminal
//!                    └────────────────────────┘
//! ```

pub mod backend;
pub mod clipboard;
pub mod clock;
pub mod copier;
pub mod editor;
pub mod effects;
pub mod frame;
pub mod input;
pub mod jobs;
pub mod logging;
pub mod memory;
pub mod panic;
pub mod previews;
pub mod session;
pub mod signals;
pub mod terminal;

use std::io::{self, IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::AppSettings;
use crate::app::replay::Replay;
use crate::app::store::Store;
use crate::cli;
use crate::exit::Exit;
use crate::kafka::client::{Client, ClientSettings};
use crate::settings::{Settings, Target, theme_names};
use crate::sim::SimCluster;
use crate::sim::clock::Clock;
use crate::task;
use session::Start;
use signals::Endings;
use terminal::Tty;

/// What is still under way after the terminal was given back has so long to end.
const GRACE: Duration = Duration::from_secs(1);

/// Opens the screen and stays until the user or the system ends it.
pub fn run(settings: Settings) -> Exit {
    run_on(settings, None)
}

/// Opens the screen on a recording: what there is to see comes from there, and no broker is called.
pub fn replay(settings: Settings, recorded: (Replay, Store)) -> Exit {
    run_on(settings, Some(Box::new(recorded)))
}

fn run_on(settings: Settings, recorded: Option<Box<(Replay, Store)>>) -> Exit {
    if let Some(missing) = missing_terminal() {
        return cli::complain(&format!(
            "{missing} is not a terminal, and the screen needs one; without it use: ktui brokers, topics, \
             groups, lag or export"
        ));
    }
    if let Err(error) = logging::start(settings.log.as_deref()) {
        return cli::complain(&error.to_string());
    }
    let started = Tty::open().and_then(|tty| Ok((tty, tokio::runtime::Runtime::new()?)));
    let (tty, runtime) = match started {
        Ok(started) => started,
        Err(error) => return lost(&error),
    };
    let panics = panic::install(Some(tty.clone()), settings.log.clone());
    let insisting = {
        let _inside = runtime.enter();
        task::spawn(insist())
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        tty.enter()?;
        let outcome = runtime.block_on(open(settings, recorded, tty.clone(), panics));
        tty.leave()?;
        outcome
    }));
    drop(insisting);
    runtime.shutdown_timeout(GRACE);
    match outcome {
        Ok(Ok(())) => Exit::Well,
        Ok(Err(error)) => lost(&error),
        // The hook has said what there is to say.
        Err(_) => Exit::Panic,
    }
}

/// Ends the process when the system told it to end and it cannot: a terminal that takes no more bytes, as a frozen
/// connection does, holds the main thread in its write.
async fn insist() {
    let Ok(mut endings) = Endings::listen() else { return };
    endings.came().await;
    tokio::time::sleep(GRACE).await;
    #[expect(
        clippy::disallowed_methods,
        reason = "the main thread is stuck in the terminal: there is no other way out"
    )]
    std::process::exit(Exit::Nothing.code().into());
}

async fn open(
    settings: Settings,
    recorded: Option<Box<(Replay, Store)>>,
    tty: Tty,
    panics: mpsc::Receiver<String>,
) -> io::Result<()> {
    let demo = match &settings.target {
        Target::Demo => Some(SimCluster::demo(Clock::Provided(clock::unix_millis)).await?),
        Target::Brokers(_) | Target::Recording(_) => None,
    };
    let (bootstrap, cluster_name, banner) = match (&settings.target, &demo) {
        (Target::Brokers(addresses), _) => (addresses.clone(), addresses.first().cloned(), None),
        (Target::Recording(cluster), _) => (Vec::new(), Some(cluster.clone()), None),
        (Target::Demo, demo) => {
            let addresses = demo.iter().flat_map(SimCluster::bootstrap);
            let banner = "demo cluster, in this process, nothing leaves your machine";
            (
                addresses.map(|address| address.to_string()).collect(),
                Some("demo".to_owned()),
                Some(banner.to_owned()),
            )
        }
    };
    let mut client = ClientSettings::new(bootstrap.clone());
    client.lock = settings.lock;
    if let Some(timeout) = settings.timeout {
        client.request_timeout = timeout;
        client.connect_timeout = client.connect_timeout.min(timeout);
    }
    // The demo is the same every time.
    let memory_file = cluster_name
        .as_deref()
        .filter(|_| demo.is_none())
        .and_then(memory::file);
    let start = Start {
        client: Client::new(client),
        settings: AppSettings {
            cluster_name: cluster_name.unwrap_or_default(),
            bootstrap,
            pane: settings.pane,
            themes: theme_names(settings.theme_dir.as_deref()),
            banner,
            lock: settings.lock,
            open: settings.open,
            folder: std::env::current_dir().unwrap_or_default(),
            memory: memory_file.as_deref().map(memory::load).unwrap_or_default(),
            lag_limits: settings.lag_limits,
        },
        theme: settings.theme,
        theme_dir: settings.theme_dir,
        // A recording is of the past: nothing is kept of it.
        memory_file: memory_file.filter(|_| recorded.is_none()),
        recorded,
        panics,
    };
    session::run(start, tty).await
}

/// Which of the two that the screen needs is no terminal.
fn missing_terminal() -> Option<&'static str> {
    if !io::stdin().is_terminal() {
        Some("standard input")
    } else if !io::stdout().is_terminal() {
        Some("standard output")
    } else {
        None
    }
}

/// The terminal cannot be used (any more): said where somebody may still read it.
fn lost(error: &io::Error) -> Exit {
    let _ = writeln!(io::stderr(), "ktui: the terminal failed: {error}");
    Exit::Nothing
}
