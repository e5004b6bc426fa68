//! `ktui import`: a file of exported records or of plain lines goes into a topic.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;

use super::foreign;
use super::produce::{NAMED, failures};
use super::sending::{FormatArg, LineArgs, Refusal, Writing, is_jsonl, say};
use crate::count::Count;
use crate::exit::Exit;
use crate::kafka::model::TopicName;
use crate::ops::Sending;
use crate::ops::import::{Begin, Import, ImportError, Ready};
use crate::ops::transfer::source::is_pipe;
use crate::ops::transfer::survey::of_target;
use crate::ops::transfer::{Format, OnBad, Outcome, Progress, Stopped, Survey, Target};
use crate::runtime::clock;
use crate::task;
use crate::ui::format::IsoUtc;
use crate::ui::text;

/// Between two states of the progress line.
const TICK: Duration = Duration::from_millis(200);

/// Flags of `ktui import`.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct ImportArgs {
    /// File to read, .gz and .zst too; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Topic to send to; it must exist
    #[arg(value_name = "TOPIC")]
    pub topic: String,
    /// What a line is; jsonl for a file that ends so
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<FormatArg>,
    /// Look through the file and say what would happen; send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Go on where an earlier import of this file stopped: nothing is lost, nothing sent twice
    #[arg(long, conflicts_with = "force")]
    pub resume: bool,
    /// Send everything, also if the file was imported before
    #[arg(long)]
    pub force: bool,
    /// Each record into the partition it had; else by key as Java's producer does, and without key by turns
    #[arg(long)]
    pub keep_partitions: bool,
    /// Say in headers where each record was: ktui.origin.topic, .partition, .offset, .timestamp
    #[arg(long)]
    pub origin_headers: bool,
    /// Records to send at most
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Records a second at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate: Option<u32>,
    /// Where to note how far it is; FILE.import-TOPIC-CLUSTER unless given
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// How lines become records.
    #[command(flatten)]
    pub lines: LineArgs,
}

impl From<ImportError> for Refusal {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Kafka(error) => error.into(),
            ImportError::Before { .. } | ImportError::Held { .. } | ImportError::Differs { .. } => {
                Self::Refused(format!("nothing was sent: {error}"))
            }
            ImportError::File { .. } => Self::Failed(format!("nothing was sent: {error}")),
        }
    }
}

/// Imports, and says what came of it.
///
/// # Errors
/// When nothing was sent.
pub async fn import(writing: &Writing, args: &ImportArgs) -> Result<Exit, Refusal> {
    let topic = TopicName::from(args.topic.as_str());
    let is_pipe = is_pipe(&args.file);
    if is_pipe && (args.resume || args.checkpoint.is_some()) {
        return Err(Refusal::Usage(
            "a pipe cannot be read again: no --resume, no --checkpoint".to_owned(),
        ));
    }
    if is_pipe && !args.lines.yes && !args.dry_run {
        return Err(super::sending::unasked(&topic, &writing.name));
    }
    if !args.dry_run {
        writing.may_send(&topic, args.lines.yes)?;
    }
    let target = Target::ask(&writing.client, &topic).await?;
    let import = planned(writing, args, target)?;
    let unfit = |error| ImportError::File {
        path: args.file.clone(),
        error,
    };
    let foreign = foreign::warnings(&args.file, &import.recipe.format).map_err(unfit)?;
    if args.dry_run {
        let survey = import.survey().await?;
        return Ok(preview(&import, &survey, &foreign, writing));
    }
    let begin = match (args.resume, args.force) {
        (true, _) => Begin::Resume,
        (_, true) => Begin::Again,
        _ => Begin::Fresh,
    };
    let ready = import.clone().open(begin).await?;
    if ready.is_complete() {
        let records = Count(ready.resumed().unwrap_or(0) as i64);
        say(&format!(
            "{} is imported already: {records} records; nothing is left to send",
            args.file.display()
        ));
        return Ok(Exit::Well);
    }
    let mut records = None;
    if args.lines.yes {
        for warning in &foreign {
            say(&format!("warning: {warning}"));
        }
    } else {
        let survey = ready.survey().await?;
        preview(&import, &survey, &foreign, writing);
        records = Some(survey.records.saturating_sub(ready.resumed().unwrap_or(0)));
    }
    let sending = Sending {
        cluster: writing.name.clone(),
        topic: topic.clone(),
        records,
    };
    let intent = writing.confirm(&sending, args.lines.yes).await?;
    let before = ready.resumed();
    let (progress, seen) = watch::channel(Progress::default());
    let bar = bar(&args.file, seen);
    let outcome = apply(ready, writing, intent, progress).await?;
    drop(bar);
    Ok(finish(&import, writing, &outcome, before))
}

async fn apply(
    ready: Ready,
    writing: &Writing,
    intent: crate::kafka::client::WriteIntent,
    progress: watch::Sender<Progress>,
) -> Result<Outcome, Refusal> {
    let cancel = writing.cancel.clone();
    writing.begins();
    Ok(ready.apply(&writing.client, intent, progress, cancel).await?)
}

fn planned(writing: &Writing, args: &ImportArgs, target: Target) -> Result<Import, Refusal> {
    let format = args.format.unwrap_or(if is_jsonl(&args.file) {
        FormatArg::Jsonl
    } else {
        FormatArg::Lines
    });
    let is_plain = format == FormatArg::Lines;
    if is_plain && (args.keep_partitions || args.origin_headers) {
        let words = "--keep-partitions and --origin-headers are for exported records (--format jsonl)";
        return Err(Refusal::Usage(words.to_owned()));
    }
    let mut recipe = args.lines.recipe(format, target, OnBad::Stop).map_err(Refusal::Usage)?;
    recipe.keep_partitions = args.keep_partitions;
    recipe.origin_headers = args.origin_headers;
    Ok(Import {
        path: args.file.clone(),
        checkpoint: args.checkpoint.clone(),
        recipe,
        limit: args.limit,
        rate: args.rate,
        patience: writing.patience,
    })
}

/// What is in the file and what would happen to it, on stderr.
fn preview(import: &Import, survey: &Survey, foreign: &[String], writing: &Writing) -> Exit {
    let count = |number: u64| Count(number as i64);
    let target = &import.recipe.target;
    let mut lines = vec![
        format!(
            "{}, read as {}: {} records, {} lines, {} bytes",
            import.path.display(),
            match &import.recipe.format {
                Format::Jsonl => "JSON lines of ktui export",
                Format::Lines(_) => "plain lines (--format jsonl restores an export)",
            },
            count(survey.records),
            count(survey.lines),
            count(survey.bytes)
        ),
        format!(
            "into topic {} of cluster {}: {} partitions, {}, {}",
            target.topic,
            writing.name,
            target.partitions,
            if import.recipe.keep_partitions {
                "each record into the partition it had"
            } else {
                "by key"
            },
            import.recipe.codec
        ),
    ];
    // A plain line has the time at which it is sent.
    if let (Format::Jsonl, Some((from, to))) = (&import.recipe.format, survey.times) {
        lines.push(format!("times from {} to {}", IsoUtc(from), IsoUtc(to)));
    }
    let warnings = foreign.iter().cloned().chain(survey.warnings(&import.recipe));
    lines.extend(warnings.map(|warning| format!("warning: {warning}")));
    lines.extend(survey.bad.iter().map(|bad| format!("line {}: {}", bad.line, bad.why)));
    for line in lines {
        // A closed stderr is nobody to tell.
        let _ = writeln!(io::stderr(), "{}", text::visible(&line));
    }
    if survey.bad_count > 0 || survey.unreadable.is_some() {
        Exit::Partial
    } else {
        Exit::Well
    }
}

/// What came of it, on stderr.
fn finish(import: &Import, writing: &Writing, outcome: &Outcome, before: Option<u64>) -> Exit {
    for warning in of_target(&import.recipe, outcome.short_lived) {
        say(&format!("note: {warning}"));
    }
    for failure in failures(outcome, NAMED) {
        let error = &failure.error;
        let what = if error.to_string().contains(&failure.what) {
            String::new()
        } else {
            format!("{}: ", failure.what)
        };
        say(&format!("{what}{error}"));
    }
    let mut words = format!(
        "{} records sent to topic {} of cluster {}",
        Count(outcome.records as i64),
        import.recipe.target.topic,
        writing.name
    );
    if let Some(before) = before {
        let there = Count((before + outcome.found) as i64);
        // Writing to a String cannot fail.
        let _ = write!(words, "; {there} were there from before");
    }
    if outcome.stopped.is_some() && !import.is_pipe() && outcome.stopped != Some(Stopped::Changed) {
        words.push_str("; --resume goes on from here");
    }
    say(&words);
    match (&outcome.stopped, outcome.records + outcome.found + before.unwrap_or(0)) {
        (None, _) => Exit::Well,
        (Some(_), 0) if !outcome.is_unknown() => Exit::Nothing,
        (Some(_), _) => Exit::Partial,
    }
}

/// A line that says how far it is, on a terminal.
fn bar(file: &Path, seen: watch::Receiver<Progress>) -> Option<Bar> {
    if !io::stderr().is_terminal() {
        return None;
    }
    // The size says how much is left only where the file is not compressed.
    let is_plain = !file.extension().is_some_and(|ending| ending == "gz" || ending == "zst");
    let size = std::fs::metadata(file)
        .ok()
        .filter(|_| is_plain)
        .map(|about| about.len());
    let start = clock::now();
    Some(Bar(task::spawn(async move {
        loop {
            tokio::time::sleep(TICK).await;
            let progress = *seen.borrow();
            let elapsed = clock::now().duration_since(start).as_secs_f64();
            let rate = progress.records as f64 / elapsed.max(0.001);
            let part = size.filter(|size| *size > 0).map_or_else(String::new, |size| {
                format!(", {:.0} %", 100.0 * progress.position as f64 / size as f64)
            });
            let records = Count(progress.records as i64);
            let _ = write!(
                io::stderr(),
                "\r\x1b[K{records} records, {} a second{part}",
                Count(rate as i64)
            );
        }
    })))
}

/// Takes its line away when it ends.
struct Bar(task::Task<()>);

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.abort();
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
}
