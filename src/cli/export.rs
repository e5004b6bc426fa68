//! `ktui export TOPIC...`: records into a file or a pipe.

mod args;
mod say;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::{Args, complain, headless};
use crate::exit::Exit;
use crate::export::{Ending, Export, ExportError, ExportSpec, Outcome, Output, Prepared, Progress};
use crate::kafka::client::{Client, ClientSettings};
use crate::position::Until;
use crate::runtime::clock;
use crate::runtime::signals::Interrupts;

use super::sending::say;
pub use args::ExportArgs;
use say::Bar;

/// Time between two looks at the progress.
const LOOK: Duration = Duration::from_millis(200);

/// Runs the command.
pub fn run(args: &Args, export: &ExportArgs) -> Exit {
    let (bootstrap, runtime) = match headless::start(args) {
        Ok(started) => started,
        Err(exit) => return exit,
    };
    let mut spec = match export.spec(&clock::zoned()) {
        Ok(spec) => spec,
        Err(error) => return complain(&error),
    };
    let mut client = ClientSettings::new(bootstrap);
    if let Some(timeout) = args.connection.timeout {
        client.request_timeout = client.request_timeout.min(timeout);
        client.connect_timeout = client.connect_timeout.min(timeout);
        spec.patience = timeout;
    }
    let exit = runtime.block_on(work(Client::new(client), spec, &export.output()));
    runtime.shutdown_background();
    exit
}

async fn work(client: Client, spec: ExportSpec, output: &Output) -> Exit {
    let is_followed = spec.until == Until::Follow;
    let mut interrupts = Interrupts::listen();
    let prepared = tokio::select! {
        prepared = Export::prepare(client, spec, output) => prepared,
        () = interrupts.next() => return Exit::Nothing,
    };
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return failed(&error, false),
    };
    let failures = prepared.failures;
    say::failures(&failures);
    let export = match prepared.value {
        Prepared::Complete(state) => {
            say::complete_already(&state, output);
            return Exit::Well;
        }
        Prepared::Ready(export) => export,
    };
    let plan = export.plan();
    if plan.ranges.is_empty() && plan.late.is_empty() && !failures.is_empty() {
        return Exit::Nothing;
    }
    say::plan(&export);
    let (progress_tx, progress_rx) = watch::channel(Progress::default());
    let is_in_the_way = *output == Output::Stdout && io::stdout().is_terminal();
    let mut bar = Bar::new(io::stderr().is_terminal() && !is_in_the_way);
    let stop = Notify::new();
    let (mut is_stopping, mut told) = (false, 0);
    let mut running = Box::pin(export.run(&progress_tx, stop.notified()));
    let outcome = loop {
        tokio::select! {
            outcome = &mut running => break outcome,
            () = interrupts.next() => {
                if is_stopping {
                    bar.clear();
                    say("ended at once, without waiting for what was being written");
                    return Exit::Partial;
                }
                is_stopping = true;
                stop.notify_one();
            }
            () = tokio::time::sleep(LOOK) => {
                let progress = progress_rx.borrow();
                told = say::given_up(&progress.failures, told, &mut bar);
                bar.draw(&progress);
            }
        }
    };
    bar.clear();
    match outcome {
        Ok(outcome) => {
            say::given_up(&outcome.failures, told, &mut bar);
            say::outcome(&outcome, output);
            exit(&outcome, !failures.is_empty(), is_followed && *output == Output::Stdout)
        }
        Err(error) => failed(&error, output.is_resumable()),
    }
}

fn exit(outcome: &Outcome, has_failures: bool, may_stop: bool) -> Exit {
    let is_whole = outcome.is_whole() && outcome.failures.is_empty() && !has_failures;
    match outcome.ending {
        // Whoever reads has enough.
        Ending::Closed => Exit::Well,
        Ending::Complete if is_whole => Exit::Well,
        Ending::Stopped if may_stop && is_whole => Exit::Well,
        Ending::Incomplete if outcome.state.records == 0 => Exit::Nothing,
        Ending::Complete | Ending::Incomplete | Ending::Stopped => Exit::Partial,
    }
}

fn failed(error: &ExportError, is_resumable: bool) -> Exit {
    match error {
        ExportError::Refused(_) => {
            say(&error.to_string());
            Exit::Usage
        }
        ExportError::Kafka(cause) => {
            say(&format!("{error}. Hint: {}", cause.hint()));
            Exit::Nothing
        }
        ExportError::Unplanned(failures) => {
            say::failures(failures);
            say("nothing was written: a file is begun when all it is to hold is known. --partitions leaves some out");
            Exit::Nothing
        }
        ExportError::Write { .. } if is_resumable => {
            say(&format!(
                "{error}. What is written is kept: the same command with --resume goes on"
            ));
            Exit::Partial
        }
        ExportError::Write { .. } => {
            say(&error.to_string());
            Exit::Nothing
        }
        ExportError::Crashed => {
            say(&error.to_string());
            Exit::Panic
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::{Checkpoint, Gap};
    use crate::kafka::error::Error;
    use crate::kafka::partial::Failure;
    use crate::kafka::scan::Tally;

    fn outcome(ending: Ending) -> Outcome {
        let mut state = Checkpoint::default();
        state.records = 1;
        Outcome {
            ending,
            state,
            tally: Tally {
                records: 1,
                ..Tally::default()
            },
            failures: Vec::new(),
        }
    }

    #[test]
    fn the_exit_code_says_whether_all_is_there() {
        let of = |ending| exit(&outcome(ending), false, false);
        assert_eq!((of(Ending::Complete), of(Ending::Closed)), (Exit::Well, Exit::Well));
        assert_eq!(
            (of(Ending::Incomplete), of(Ending::Stopped)),
            (Exit::Partial, Exit::Partial)
        );
        assert_eq!(
            exit(&outcome(Ending::Stopped), false, true),
            Exit::Well,
            "a follow has no other end"
        );
        let mut given_up = outcome(Ending::Stopped);
        let error = Error::UnknownTopic { topic: "orders".into() };
        given_up.failures.push(Failure::new("orders-1", error));
        assert_eq!(
            exit(&given_up, false, true),
            Exit::Partial,
            "not all of it was followed"
        );
        assert_eq!(exit(&outcome(Ending::Complete), true, false), Exit::Partial);
        let mut gone = outcome(Ending::Complete);
        gone.state.gaps.push(Gap {
            topic: "orders".into(),
            partition: 0,
            from: 1,
            to: 2,
        });
        assert_eq!(exit(&gone, false, false), Exit::Partial);
        let mut nothing = outcome(Ending::Incomplete);
        nothing.state.records = 0;
        assert_eq!(exit(&nothing, false, false), Exit::Nothing);
    }
}
