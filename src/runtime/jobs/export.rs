//! Exporting in the background: the same export as `ktui export`.

use std::future::Future;
use std::pin::pin;

use tokio::sync::watch;
use tokio::time::sleep;

use super::{LOOK, Teller};
use crate::app::jobs::{ExportOrder, JobEnd, JobProgress};
use crate::count::Count;
use crate::export::{Ending, Export, ExportError, ExportSpec, Note, Outcome, Output, Prepared, Progress, note_lines};
use crate::kafka::client::Client;
use crate::kafka::partial::Failure;
use crate::runtime::clock;
use crate::settings::typed_path;

/// Failures that are named; of more their number.
const NAMED: usize = 3;

/// Exports, or goes on with an export.
pub(super) async fn run(
    client: Client,
    order: ExportOrder,
    stop: impl Future<Output = ()>,
    mut teller: Teller,
) -> JobEnd {
    let ExportOrder { spec, path, existing } = order;
    let path = typed_path(&path);
    // The whole path stands in the list of jobs.
    let name = path.file_name().unwrap_or(path.as_os_str());
    let file = name.to_string_lossy().into_owned();
    let spec = ExportSpec {
        now: clock::unix_millis(),
        ..spec
    };
    let output = Output::File { path, existing };
    let mut stop = pin!(stop);
    let prepared = tokio::select! {
        prepared = Export::prepare(client, spec, &output) => prepared,
        () = &mut stop => return JobEnd::Stopped(format!("{file}: stopped before anything was written")),
    };
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return JobEnd::Failed(said(&error)),
    };
    let unplanned = prepared.failures;
    let export = match prepared.value {
        Prepared::Complete(state) => {
            return JobEnd::Done(format!(
                "{file} is complete already: {} records",
                Count::of(state.records)
            ));
        }
        Prepared::Ready(export) => export,
    };
    // From here on the file is this export's.
    teller.tell_surely(moved(&Progress::default())).await;
    let mut notes = export.notes();
    let (progress_tx, progress_rx) = watch::channel(Progress::default());
    let mut running = Box::pin(export.run(&progress_tx, stop));
    let outcome = loop {
        tokio::select! {
            outcome = &mut running => break outcome,
            () = sleep(LOOK) => {
                let progress = moved(&progress_rx.borrow());
                teller.tell(progress);
            }
        }
    };
    let progress = moved(&progress_rx.borrow());
    teller.tell_surely(progress).await;
    match outcome {
        Ok(mut outcome) => {
            outcome.failures.splice(..0, unplanned);
            notes.extend(outcome.notes());
            ended(&file, &outcome, &notes, output.is_resumable())
        }
        Err(error @ ExportError::Write { .. }) if output.is_resumable() => {
            JobEnd::Failed(format!("{error}. What is written is kept: r goes on"))
        }
        Err(error) => JobEnd::Failed(said(&error)),
    }
}

fn moved(progress: &Progress) -> JobProgress {
    let (done, total) = progress.offsets;
    let waits = match progress.delayed.as_slice() {
        [] => String::new(),
        list => format!("; waiting: {}", failures(list)),
    };
    let given_up = match progress.failures.as_slice() {
        [] => String::new(),
        list => format!("; given up: {}", failures(list)),
    };
    let said = format!("{} records{waits}{given_up}", Count::of(progress.records));
    JobProgress {
        done: u64::try_from(done).unwrap_or(0),
        total: total.and_then(|total| u64::try_from(total).ok()),
        said,
    }
}

/// What came of it, in words. What a device or a pipe took is no file to go on with.
fn ended(file: &str, outcome: &Outcome, notes: &[Note], is_resumable: bool) -> JobEnd {
    let records = Count::of(outcome.state.records);
    if outcome.ending == Ending::Stopped && is_resumable {
        return JobEnd::Stopped(format!("{records} records so far; r goes on with {file}"));
    }
    if outcome.ending == Ending::Stopped {
        return JobEnd::Stopped(format!("{file} has what was written so far"));
    }
    let mut parts = vec![format!("{records} records in {file}")];
    parts.extend(note_lines(notes, NAMED));
    if !outcome.failures.is_empty() {
        parts.push(failures(&outcome.failures));
    }
    match outcome.ending {
        Ending::Complete if outcome.is_whole() && outcome.failures.is_empty() => return JobEnd::Done(parts.join("; ")),
        Ending::Complete | Ending::Stopped => {}
        Ending::Incomplete if is_resumable => parts.push("r goes on".to_owned()),
        Ending::Incomplete => {}
        Ending::Closed => parts.push("nobody reads it any more".to_owned()),
    }
    JobEnd::Partly(parts.join("; "))
}

fn failures(list: &[Failure]) -> String {
    let mut named: Vec<String> = list
        .iter()
        .take(NAMED)
        .map(|failure| format!("{}: {}", failure.what, failure.error))
        .collect();
    if list.len() > NAMED {
        named.push(format!("and {} more", list.len() - NAMED));
    }
    named.join("; ")
}

fn said(error: &ExportError) -> String {
    match error {
        // The form's own words for its flags.
        ExportError::Refused(why) => why.clone(),
        ExportError::Kafka(cause) => format!("{error}. {}", cause.hint()),
        ExportError::Unplanned(list) => format!("nothing was written: {}", failures(list)),
        ExportError::Write { .. } | ExportError::Crashed => error.to_string(),
    }
}
