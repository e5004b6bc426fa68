//! `ktui produce`: lines of standard input or of files become records; every result is told.

use std::borrow::Cow;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::watch;

use super::foreign;
use super::report::{ClusterItem, Column, Item, OutputArgs, Report, Side, known};
use super::sending::{FormatArg, LineArgs, Refusal, Writing, is_jsonl};
use crate::count::Count;
use crate::exit::Exit;
use crate::kafka::error::Error;
use crate::kafka::model::{PartitionId, TopicName};
use crate::kafka::partial::Failure;
use crate::kafka::send::Sender;
use crate::ops::Sending;
use crate::ops::transfer::cut::Mark;
use crate::ops::transfer::outcome::Failed;
use crate::ops::transfer::source::{Chunks, Ended, chunks, is_pipe, opened};
use crate::ops::transfer::survey::of_target;
use crate::ops::transfer::{Cut, OnBad, Outcome, Progress, Recipe, Run, Spec, Stopped, Survey, Target};
use crate::task::apart;

/// Ranges of lines that are named one by one to a person; a program gets all.
pub const NAMED: usize = 20;

/// Flags of `ktui produce`.
#[derive(Clone, Debug, clap::Args)]
pub struct ProduceArgs {
    /// Topic to send to; it must exist
    pub topic: String,
    /// Files to read, one after the other; standard input without any, or for -
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What a line is; jsonl for files that end so
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<FormatArg>,
    /// Partition of all records; else by key as Java's producer does, and without key by turns
    #[arg(short, long, value_name = "N")]
    pub partition: Option<i32>,
    /// How lines become records.
    #[command(flatten)]
    pub lines: LineArgs,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What one partition got.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentItem {
    partition: PartitionId,
    records: u64,
    first_offset: Option<i64>,
    last_offset: Option<i64>,
}

impl Item for SentItem {
    type Row = Self;

    fn columns(_: &[Self]) -> &'static [Column<Self>] {
        &[
            Column {
                name: "partition",
                side: Side::Right,
                show: |row| known(row.partition),
            },
            Column {
                name: "records",
                side: Side::Right,
                show: |row| known(row.records),
            },
            Column {
                name: "firstOffset",
                side: Side::Right,
                show: |row| row.first_offset.map(|offset| offset.to_string()),
            },
            Column {
                name: "lastOffset",
                side: Side::Right,
                show: |row| row.last_offset.map(|offset| offset.to_string()),
            },
        ]
    }

    fn rows(&self) -> Vec<Self> {
        vec![*self]
    }
}

/// Sends, and reports.
///
/// # Errors
/// When nothing was sent.
pub async fn send(writing: &Writing, args: &ProduceArgs) -> Result<Exit, Refusal> {
    let topic = TopicName::from(args.topic.as_str());
    writing.may_send(&topic, args.lines.yes)?;
    if !args.lines.yes && args.files.iter().any(|file| is_pipe(file)) {
        return Err(super::sending::unasked(&topic, &writing.name));
    }
    let mut target = Target::ask(&writing.client, &topic).await?;
    if args.output.names_cluster() {
        described(writing, &mut target).await;
    }
    let format = args.format.unwrap_or_else(|| {
        let is_exported = !args.files.is_empty() && args.files.iter().all(|file| is_jsonl(file));
        if is_exported {
            FormatArg::Jsonl
        } else {
            FormatArg::Lines
        }
    });
    let mut recipe = args.lines.recipe(format, target, OnBad::Tell).map_err(Refusal::Usage)?;
    recipe.partition = partition(args, &recipe.target)?;
    let input = Input::of(args).await?;
    let records = if args.lines.yes {
        None
    } else {
        Some(counted(&input, &recipe).await?)
    };
    for file in &args.files {
        // What cannot be read is told by who reads it to send it.
        for warning in foreign::warnings(file, &recipe.format).unwrap_or_default() {
            super::sending::say(&format!("warning: {}: {warning}", file.display()));
        }
    }
    let sending = Sending {
        cluster: writing.name.clone(),
        topic: topic.clone(),
        records,
    };
    let intent = writing.confirm(&sending, args.lines.yes).await?;
    let producer = writing.client.new_producer(&intent, writing.patience).await?;
    let sender = Sender::new(
        writing.client.clone(),
        intent,
        topic.clone(),
        producer,
        writing.patience,
    );
    let spec = Spec {
        recipe: recipe.clone(),
        first: producer.id.unsigned_abs(),
        rate: None,
    };
    let (progress, _) = watch::channel(Progress::default());
    let chunks = input.chunks(&recipe, input.is_live()).await?;
    writing.begins();
    let outcome = Run::new(spec, sender, progress)
        .run(chunks, writing.cancel.clone())
        .await;
    for warning in of_target(&recipe, outcome.short_lived) {
        super::sending::say(&format!("note: {warning}"));
    }
    Ok(told(writing, args.output, &recipe.target, &outcome))
}

/// Prints what came of it.
fn told(writing: &Writing, output: OutputArgs, target: &Target, outcome: &Outcome) -> Exit {
    let named = if output.names_cluster() { usize::MAX } else { NAMED };
    match report(writing, target, outcome, named).print(output) {
        Ok(Exit::Nothing) if outcome.is_unknown() => Exit::Partial,
        Ok(exit) => exit,
        Err(error) => {
            let records = Count(outcome.records as i64);
            super::sending::say(&format!("cannot write the report: {error}; records sent: {records}"));
            Exit::Partial
        }
    }
}

/// The cluster's controller too, for the report: on KRaft it takes requests of its own.
async fn described(writing: &Writing, target: &mut Target) {
    match writing.client.describe_cluster().await {
        Ok(found) => target.cluster = found.value,
        // It stays unknown in the report: no reason not to send.
        Err(error) => tracing::debug!(%error, "the cluster was not described"),
    }
}

fn partition(args: &ProduceArgs, target: &Target) -> Result<Option<PartitionId>, Refusal> {
    let Some(partition) = args.partition else {
        return Ok(None);
    };
    if (0..i64::from(target.partitions)).contains(&i64::from(partition)) {
        return Ok(Some(PartitionId(partition)));
    }
    let error = Error::UnknownPartition {
        topic: target.topic.clone(),
        partition: PartitionId(partition),
    };
    Err(error.into())
}

/// What is read. What was typed, and a file, can be read twice: once for the question.
#[derive(Clone, Debug)]
enum Input {
    Typed(Bytes),
    Files(Vec<PathBuf>),
}

impl Input {
    /// What `args` name. Where somebody types, everything comes first, then the question.
    async fn of(args: &ProduceArgs) -> Result<Self, Refusal> {
        if !args.files.is_empty() {
            return Ok(Self::Files(args.files.clone()));
        }
        if args.lines.yes {
            return Ok(Self::Files(vec!["-".into()]));
        }
        let typed = apart(|| {
            let mut typed = Vec::new();
            io::stdin().lock().read_to_end(&mut typed).map(|_| typed)
        });
        let cannot = |error| Refusal::Failed(format!("cannot read standard input: {error}"));
        Ok(Self::Typed(typed.await.map_err(cannot)?.into()))
    }

    /// Whether lines come as somebody has them, and are not to wait for more.
    fn is_live(&self) -> bool {
        matches!(self, Self::Files(files) if files.iter().any(|file| is_pipe(file)))
    }

    async fn chunks(&self, recipe: &Recipe, is_live: bool) -> Result<Chunks, Refusal> {
        let input: Box<dyn Read + Send> = match self {
            Self::Typed(typed) => Box::new(Cursor::new(typed.clone())),
            Self::Files(files) => all(files).await?,
        };
        let cut = Cut::new(input, recipe.bounds()).reusing(recipe.spare.clone());
        chunks(cut, is_live).map_err(|error| Refusal::Failed(format!("nothing was sent: {error}")))
    }
}

/// All files, one after the other.
async fn all(files: &[PathBuf]) -> Result<Box<dyn Read + Send>, Refusal> {
    let mut all: Box<dyn Read + Send> = Box::new(io::empty());
    for file in files {
        let cannot = |error| Refusal::Failed(format!("cannot read {}: {error}", file.display()));
        all = Box::new(all.chain(Ended::new(opened(file).await.map_err(cannot)?)));
    }
    Ok(all)
}

/// How many records it is, for the question; says which lines are none.
async fn counted(input: &Input, recipe: &Recipe) -> Result<u64, Refusal> {
    let survey = Survey::of(recipe.clone(), input.chunks(recipe, false).await?, Mark::default()).await;
    if let Some(why) = survey.unreadable {
        return Err(Refusal::Failed(format!("nothing was sent: {why}")));
    }
    for bad in &survey.bad {
        super::sending::say(&format!("line {} will not be sent: {}", bad.line, bad.why));
    }
    match survey.bad_count - survey.bad.len() as u64 {
        0 => {}
        1 => super::sending::say("1 more line will not be sent"),
        more => super::sending::say(&format!("{more} more lines will not be sent")),
    }
    Ok(survey.records)
}

fn report(writing: &Writing, target: &Target, outcome: &Outcome, named: usize) -> Report<SentItem> {
    let items = outcome.got.iter().map(|(partition, got)| SentItem {
        partition: *partition,
        records: got.records,
        first_offset: got.first.map(|offset| offset.0),
        last_offset: got.last.map(|offset| offset.0),
    });
    Report {
        cluster: ClusterItem::new(&writing.name, &target.cluster),
        items: items.collect(),
        failures: failures(outcome, named),
    }
}

/// Every line that was not sent, or of which nobody knows; of a batch at most `named` ranges of lines.
pub fn failures(outcome: &Outcome, named: usize) -> Vec<Failure> {
    let unsendable = |what: String, reason: String| Failure::new(what.clone(), Error::Unsendable { what, reason });
    let mut all: Vec<Failure> = outcome
        .bad
        .iter()
        .map(|bad| unsendable(format!("line {}", bad.line), bad.why.clone()))
        .collect();
    let unnamed = outcome.bad_count - outcome.bad.len() as u64;
    if unnamed > 0 {
        all.push(unsendable(
            format!("each of {unnamed} more lines"),
            "see those before".to_owned(),
        ));
    }
    for failed in &outcome.failed {
        for bad in &failed.blamed {
            all.push(unsendable(format!("line {}", bad.line), bad.why.clone()));
        }
        all.push(Failure::new(lines_of(failed, named), failed.error.clone()));
    }
    if let Some(stopped) = &outcome.stopped {
        all.push(unsendable(
            format!("what follows line {}", outcome.to.lines),
            why(stopped).into_owned(),
        ));
    }
    all
}

fn why(stopped: &Stopped) -> Cow<'_, str> {
    match stopped {
        Stopped::Unreadable(why) => why.into(),
        Stopped::Cancelled => "interrupted".into(),
        Stopped::BadLine | Stopped::Failed => "sending stopped at the first failure".into(),
        Stopped::NoCheckpoint(why) => format!("the checkpoint cannot be written: {why}").into(),
        Stopped::Changed => "the input is not what it was when the import began".into(),
    }
}

/// `lines 3, 7-9 (partition 2), stored or not`.
fn lines_of(failed: &Failed, named: usize) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for line in &failed.lines {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *line => *last = *line,
            _ => ranges.push((*line, *line)),
        }
    }
    let mut words: Vec<String> = ranges
        .iter()
        .take(named)
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect();
    if ranges.len() > named {
        words.push(format!(
            "and others up to {}",
            failed.lines.last().copied().unwrap_or_default()
        ));
    }
    let state = if failed.is_unknown {
        "stored or not, nobody knows"
    } else {
        "not stored"
    };
    format!(
        "lines {} for partition {} ({state})",
        words.join(", "),
        failed.partition
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::transfer::prepare::BadLine;

    #[test]
    fn a_pipe_is_live_by_whatever_name_it_goes() {
        let files = |names: &[&str]| Input::Files(names.iter().map(PathBuf::from).collect());
        for (input, is_live) in [
            (files(&["-"]), true),
            (files(&["Cargo.toml", "-"]), true),
            (files(&["Cargo.toml"]), false),
            (Input::Typed(Bytes::new()), false),
        ] {
            assert_eq!(input.is_live(), is_live, "{input:?}");
        }
    }

    #[test]
    fn failed_lines_are_named_as_ranges() {
        let failed = Failed {
            partition: PartitionId(2),
            lines: vec![3, 7, 8, 9],
            error: Error::Cancelled { what: "x".into() },
            blamed: Vec::new(),
            is_unknown: true,
        };
        assert_eq!(
            lines_of(&failed, 2),
            "lines 3, 7-9 for partition 2 (stored or not, nobody knows)"
        );
        assert_eq!(
            lines_of(&failed, 1),
            "lines 3, and others up to 9 for partition 2 (stored or not, nobody knows)"
        );
    }

    #[test]
    fn only_what_follows_the_last_batch_that_was_pushed_is_said_to_be_unsent() {
        let mut outcome = Outcome {
            stopped: Some(Stopped::Failed),
            ..Outcome::default()
        };
        outcome.to.lines = 7;
        assert_eq!(
            failures(&outcome, NAMED)[0].error.to_string(),
            "what follows line 7 was not sent: sending stopped at the first failure"
        );
    }

    #[test]
    fn every_line_that_was_not_sent_is_a_failure() {
        let outcome = Outcome {
            bad: vec![BadLine {
                line: 4,
                why: "too large".into(),
            }],
            bad_count: 3,
            stopped: Some(Stopped::Cancelled),
            ..Outcome::default()
        };
        let said: Vec<_> = failures(&outcome, NAMED)
            .iter()
            .map(|failure| failure.error.to_string())
            .collect();
        assert_eq!(
            said,
            [
                "line 4 was not sent: too large",
                "each of 2 more lines was not sent: see those before",
                "what follows line 0 was not sent: interrupted"
            ]
        );
    }
}
