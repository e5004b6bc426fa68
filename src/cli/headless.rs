//! Runs one headless command: a client, a deadline over all, a report, an exit code.

use std::io::{self, Write};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::Instant;

use super::report::{Item, OutputArgs, Report};
use super::session::Session;
use super::{Args, complain};
use crate::exit::Exit;
use crate::kafka::client::{Client, ClientSettings};
use crate::kafka::error::Error;
use crate::runtime::logging;
use crate::settings;
use crate::ui::text;

/// How long a command may take in all, fall-backs counted.
pub(super) const LONGEST: Duration = Duration::from_secs(20);

/// What every command begins with: the brokers that are asked first, the log, and what runs the client.
///
/// # Errors
/// The exit code, once what is wrong was said.
pub(super) fn start(args: &Args) -> Result<(Vec<String>, Runtime), Exit> {
    let bootstrap = settings::bootstrap(&args.connection.brokers).map_err(|error| complain(&error.to_string()))?;
    logging::start(args.connection.log.as_deref()).map_err(|error| complain(&error.to_string()))?;
    let runtime = Runtime::new().map_err(|error| say(&format!("cannot start: {error}")))?;
    Ok((bootstrap, runtime))
}

/// Asks the cluster and prints the report.
pub fn run<T: Item>(
    args: &Args,
    output: OutputArgs,
    ask: impl AsyncFnOnce(&mut Session) -> Result<Report<T>, Error>,
) -> Exit {
    let (bootstrap, runtime) = match start(args) {
        Ok(started) => started,
        Err(exit) => return exit,
    };
    let longest = args.connection.timeout.unwrap_or(LONGEST);
    let outcome = runtime.block_on(async {
        let name = bootstrap.first().cloned().unwrap_or_default();
        let mut session = Session::new(client(bootstrap, longest), name);
        tokio::time::timeout(longest, ask(&mut session)).await
    });
    runtime.shutdown_background();
    match outcome {
        Ok(Ok(report)) => report
            .print(output)
            .unwrap_or_else(|error| say(&format!("cannot write: {error}"))),
        Ok(Err(error)) => fail(&error),
        Err(_) => say(&format!(
            "no answer within {} s. Hint: a larger --timeout helps when the cluster is only slow.",
            longest.as_secs_f64()
        )),
    }
}

/// A client whose single requests leave room for the others within `longest`: one silent broker must not use up the
/// time of all.
fn client(bootstrap: Vec<String>, longest: Duration) -> Client {
    for_one_question(&Client::new(within(bootstrap, longest)), longest)
}

/// Settings whose single requests leave room for the others within `longest`.
pub(super) fn within(bootstrap: Vec<String>, longest: Duration) -> ClientSettings {
    let mut settings = ClientSettings::new(bootstrap);
    settings.request_timeout = settings.request_timeout.min(longest / 4);
    settings.connect_timeout = settings.connect_timeout.min(longest / 4);
    settings
}

/// The same client for one question that begins now.
pub(super) fn for_one_question(client: &Client, longest: Duration) -> Client {
    let end = Instant::now() + longest.mul_f64(0.95);
    client.with_deadline(end).for_one_question()
}

/// Why there is no report at all: the sentence names every address with its own outcome.
pub(super) fn fail(error: &Error) -> Exit {
    say(&format!("{error}. Hint: {}", error.hint()))
}

/// Says why there is nothing.
pub(super) fn say(words: &str) -> Exit {
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(io::stderr(), "ktui: {}", text::visible(words));
    Exit::Nothing
}
