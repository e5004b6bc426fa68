//! Exporting in the background: the same export as `ktui export`.

use std::future::Future;
use std::pin::pin;

use tokio::sync::watch;
use tokio::time::sleep;

use super::{LOOK, Teller};
use crate::app::jobs::export::{Existing, ExportOrder, Format};
use crate::app::jobs::{JobEnd, JobProgress};
use crate::count::Count;
use crate::export::format::Delimiter;
use crate::export::{
    self, Ending, Export, ExportError, ExportSpec, Note, Outcome, Output, Prepared, Progress, note_lines,
};
use crate::filter::Filter;
use crate::kafka::client::Client;
use crate::kafka::partial::Failure;
use crate::position::Until;
use crate::runtime::clock;

/// Failures that are named; of more their number.
const NAMED: usize = 3;

/// Exports, or goes on with an export.
pub(super) async fn run(
    client: Client,
    order: ExportOrder,
    stop: impl Future<Output = ()>,
    mut teller: Teller,
) -> JobEnd {
    let output = output(&order);
    // The whole path stands in the list of jobs.
    let name = order.path.file_name().unwrap_or(order.path.as_os_str());
    let file = name.to_string_lossy().into_owned();
    let spec = match spec(&order) {
        Ok(spec) => spec,
        Err(why) => return JobEnd::Failed(why),
    };
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

fn output(order: &ExportOrder) -> Output {
    Output::File {
        path: order.path.clone(),
        existing: match order.existing {
            Existing::Refuse => export::Existing::Refuse,
            Existing::Resume => export::Existing::Resume,
            Existing::Replace => export::Existing::Replace,
        },
    }
}

/// The export that an order asks for.
fn spec(order: &ExportOrder) -> Result<ExportSpec, String> {
    let topics: Vec<String> = order.topics.iter().map(ToString::to_string).collect();
    let filter = match order.filter.as_str() {
        "" => None,
        line => Some(Filter::parse(line).map_err(|error| format!("filter: {error}"))?),
    };
    let (limit, until) = match &order.until {
        Until::Count(count) => (Some(*count), Until::End),
        until => (None, until.clone()),
    };
    Ok(ExportSpec {
        partitions: order.partitions.clone(),
        from: order.start.clone(),
        until,
        limit,
        filter,
        isolation: order.isolation,
        format: match order.format {
            Format::Jsonl => export::Format::Jsonl,
            Format::Csv => export::Format::Csv,
            Format::Raw => export::Format::Raw {
                key: None,
                record: Delimiter::default(),
            },
            Format::Kcat => export::Format::Kcat,
        },
        typed: order.typed.clone(),
        now: clock::unix_millis(),
        ..ExportSpec::new(topics)
    })
}

fn moved(progress: &Progress) -> JobProgress {
    let (done, total) = progress.offsets;
    let waits = progress.delayed.as_ref();
    let waits = waits.map_or_else(String::new, |delayed| {
        format!("; waiting: {}: {}", delayed.what, delayed.error)
    });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::{Offset, PartitionId};
    use crate::position::Start;

    #[test]
    fn a_file_is_the_same_by_the_names_of_the_command_line() {
        let places = vec![(PartitionId(7), Offset(5))];
        let mut order = ExportOrder::new("orders".into(), Start::PerPartition(places), Until::Count(3), "x");
        order.partitions = vec![PartitionId(7)];
        order.filter = "/a/".to_owned();
        order.format = Format::Raw;
        let spec = spec(&order).unwrap();
        let options: Vec<String> = spec
            .options()
            .into_iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        let expected = [
            r"--delimiter \n",
            "--filter /a/",
            "--format raw",
            "--from 7@5",
            "--isolation read_committed",
            "--limit 3",
            "topics orders",
        ];
        assert_eq!(options, expected);
    }
}
