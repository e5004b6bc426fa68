//! Flags of commands that change groups, named as those of Kafka's ConsumerGroupCommand.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;

use crate::cli::report::OutputArgs;
use crate::cli::sending::{Refusal, Writing};
use crate::kafka::error::Error;
use crate::kafka::model::{GroupId, Lock};
use crate::ops::reset::{Scope, Strategy, TopicScope, file, when};
use crate::runtime::clock;
use crate::task::apart;

/// How `ktui reset` is written, shorter than with every flag there is.
pub const USAGE: &str = "ktui reset <GROUP> <--topic <TOPIC>|--all-topics> \
                         <--to-...|--by-duration <DURATION>|--shift-by <N>|--from-...> [--execute]";

/// Flags of `ktui reset`.
#[derive(Clone, Debug, clap::Args)]
pub struct ResetArgs {
    /// Group whose offsets are moved
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub group: String,
    /// Where they go.
    #[command(flatten)]
    pub how: StrategyArgs,
    /// Which of them.
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// Print the new offsets as Kafka's CSV: topic,partition,offset
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    pub export: bool,
    /// Whether to wait.
    #[command(flatten)]
    pub wait: WaitArgs,
    /// Whether to act.
    #[command(flatten)]
    pub act: ActArgs,
}

/// Flags of `ktui undo`.
#[derive(Clone, Debug, clap::Args)]
pub struct UndoArgs {
    /// Undo file that a change has written; without one the newest change of this cluster that was not taken back yet
    pub file: Option<PathBuf>,
    /// Whether to wait.
    #[command(flatten)]
    pub wait: WaitArgs,
    /// Whether to act.
    #[command(flatten)]
    pub act: ActArgs,
}

/// Where offsets go: one of these.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct StrategyArgs {
    /// To the log start
    #[arg(long)]
    to_earliest: bool,
    /// To the end
    #[arg(long)]
    to_latest: bool,
    /// To this offset; the nearest there is where the log does not reach so far
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    to_offset: Option<i64>,
    /// To the first record at or after this time: 2026-11-18T10:00:00.000, 10:00, "yesterday 14:00 +01:00"; UTC without a
    /// zone; to the end where there is no such record
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to_datetime: Option<String>,
    /// To the time that is so long ago: 4s, 15m, 2h, 1d, PT1M, P1DT2H
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    by_duration: Option<String>,
    /// So many offsets forth, or back: --shift-by -100
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    shift_by: Option<i64>,
    /// To where they are; a partition without commit to its end
    #[arg(long)]
    to_current: bool,
    /// To the offsets of a file in Kafka's CSV, topic,partition,offset or group,topic,partition,offset; - is standard input
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// To the offsets of another group
    #[arg(long, value_name = "GROUP", value_parser = NonEmptyStringValueParser::new())]
    from_group: Option<String>,
}

impl StrategyArgs {
    /// The strategy that was chosen.
    ///
    /// # Errors
    /// When its value cannot be understood, or the file cannot be read.
    pub async fn strategy(&self, group: &GroupId) -> Result<Strategy, Refusal> {
        let time = |text: &String| when::datetime(text, clock::unix_millis()).map(Strategy::Datetime);
        let span = |text: &String| when::duration(text).map(Strategy::Duration);
        let found = None
            .or_else(|| self.to_earliest.then_some(Ok(Strategy::Earliest)))
            .or_else(|| self.to_latest.then_some(Ok(Strategy::Latest)))
            .or_else(|| self.to_current.then_some(Ok(Strategy::Current)))
            .or_else(|| self.to_offset.map(|offset| Ok(Strategy::Offset(offset))))
            .or_else(|| self.shift_by.map(|by| Ok(Strategy::ShiftBy(by))))
            .or_else(|| self.to_datetime.as_ref().map(time))
            .or_else(|| self.by_duration.as_ref().map(span))
            .or_else(|| {
                self.from_group
                    .as_deref()
                    .map(|source| Ok(Strategy::Group(source.into())))
            });
        match (found, &self.from_file) {
            (Some(found), _) => found.map_err(Refusal::Usage),
            (None, Some(path)) => {
                // Apart: whoever waits for standard input can be interrupted.
                let file = path.clone();
                let text = apart(move || read(&file)).await;
                let text = text.map_err(|error| Refusal::Failed(format!("cannot read {}: {error}", path.display())))?;
                let offsets = file::read(&text, group);
                let offsets = offsets.map_err(|why| Refusal::Failed(format!("{}: {why}", path.display())))?;
                Ok(Strategy::Named(offsets))
            }
            (None, None) => Err(Refusal::Usage("say where the offsets go".to_owned())),
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    if path.as_os_str() == "-" {
        return file::text(io::stdin().lock());
    }
    file::text(File::open(path)?)
}

/// Which partitions.
#[derive(Clone, Debug, clap::Args)]
pub struct ScopeArgs {
    /// Topic, or TOPIC:0,3 for some of its partitions; again for more
    #[arg(long, value_name = "TOPIC[:P,P...]")]
    pub topic: Vec<TopicScope>,
    /// Every partition the group has committed
    #[arg(long, conflicts_with = "topic")]
    all_topics: bool,
}

impl ScopeArgs {
    /// The scope of a strategy. Offsets that are brought along say themselves where they belong.
    ///
    /// # Errors
    /// When none is given, and one is needed.
    pub fn scope(&self, strategy: &Strategy) -> Result<Scope, Refusal> {
        let brings_its_own = matches!(strategy, Strategy::Named(_) | Strategy::Group(_));
        match (self.topic.is_empty(), self.all_topics || brings_its_own) {
            (false, _) => Ok(Scope::Topics(self.topic.clone())),
            (true, true) => Ok(Scope::Committed),
            (true, false) => Err(Refusal::Usage(
                "say which offsets: --topic TOPIC[:P,P...] or --all-topics".to_owned(),
            )),
        }
    }
}

/// Whether to wait for a group without members.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct WaitArgs {
    /// Wait until no member is in the group, 5 minutes unless TIME says otherwise
    #[arg(
        long,
        value_name = "TIME",
        value_parser = crate::cli::duration,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "5m"
    )]
    pub wait_empty: Option<Duration>,
}

/// Whether to act, and how to print.
#[derive(Clone, Debug, clap::Args)]
pub struct ActArgs {
    /// Do it: unlocks and confirms in one. Without it nothing is sent
    #[arg(long)]
    pub execute: bool,
    /// Only show what would be done: the default
    #[arg(long, conflicts_with = "execute")]
    pub dry_run: bool,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

impl ActArgs {
    /// Refuses at once what could never be sent.
    ///
    /// # Errors
    /// When it is to be done in a session that is read-only.
    pub fn check(&self, writing: &Writing) -> Result<(), Refusal> {
        if self.execute && writing.client.lock_state() == Lock::ReadOnly {
            let what = "the change".to_owned();
            return Err(Error::ReadOnly { what }.into());
        }
        Ok(())
    }
}

impl ScopeArgs {
    /// The scope as it stands, for commands without a strategy.
    ///
    /// # Errors
    /// When none is given.
    pub fn plain(&self) -> Result<Scope, Refusal> {
        self.scope(&Strategy::Current)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Args, Command};

    fn parsed(line: &str) -> ResetArgs {
        let args = Args::try_parse_from(line.split_whitespace()).unwrap();
        match args.command {
            Some(Command::Reset(reset)) => *reset,
            other => panic!("{other:?}"),
        }
    }

    async fn strategy(line: &str) -> Strategy {
        let line = format!("ktui reset g --all-topics {line}");
        let args = parsed(&line);
        let found = args.how.strategy(&"g".into()).await;
        found.unwrap_or_else(|_| panic!("{line}"))
    }

    #[tokio::test]
    async fn every_strategy_is_written_as_kafkas_tool_has_it() {
        let cases = [
            ("--to-earliest", Strategy::Earliest),
            ("--to-latest", Strategy::Latest),
            ("--to-current", Strategy::Current),
            ("--to-offset 7", Strategy::Offset(7)),
            ("--to-offset -7", Strategy::Offset(-7)),
            ("--shift-by -100", Strategy::ShiftBy(-100)),
            ("--shift-by=-100", Strategy::ShiftBy(-100)),
            ("--shift-by 100", Strategy::ShiftBy(100)),
            ("--by-duration 4s", Strategy::Duration(4_000)),
            ("--by-duration PT1M", Strategy::Duration(60_000)),
            ("--by-duration P1DT2H", Strategy::Duration(93_600_000)),
            (
                "--to-datetime 2025-11-18T10:00:00.000",
                Strategy::Datetime(1_763_460_000_000),
            ),
            (
                "--to-datetime 2025-11-18T11:00:00.000+01:00",
                Strategy::Datetime(1_763_460_000_000),
            ),
            ("--from-group other", Strategy::Group("other".into())),
        ];
        for (line, expected) in cases {
            assert_eq!(strategy(line).await, expected, "{line}");
        }
    }

    #[test]
    fn one_strategy_and_one_scope_are_needed() {
        for line in [
            "",
            "--to-earliest --to-latest",
            "--to-offset x",
            "--to-earliest --execute --dry-run",
        ] {
            let line = format!("ktui reset g --all-topics {line}");
            assert!(Args::try_parse_from(line.split_whitespace()).is_err(), "{line}");
        }
        assert!(Args::try_parse_from("ktui reset g --to-earliest --topic t --all-topics".split(' ')).is_err());
        // A variable of a script that was never set.
        assert!(Args::try_parse_from(["ktui", "reset", "", "--to-earliest", "--topic", "t"]).is_err());
        let unscoped = parsed("ktui reset g --to-earliest");
        assert!(matches!(
            unscoped.scope.scope(&Strategy::Earliest),
            Err(Refusal::Usage(_))
        ));
        let copied = Strategy::Group("other".into());
        assert!(matches!(unscoped.scope.scope(&copied), Ok(Scope::Committed)));
        let some = parsed("ktui reset g --to-earliest --topic t:0,3 --topic u");
        let Ok(Scope::Topics(topics)) = some.scope.scope(&Strategy::Earliest) else {
            panic!("no topics")
        };
        assert_eq!((topics.len(), topics[0].partitions.as_ref().unwrap().len()), (2, 2));
    }

    #[test]
    fn waiting_has_a_time_of_its_own() {
        let waits = |line: &str| {
            parsed(&format!("ktui reset g --to-earliest --all-topics {line}"))
                .wait
                .wait_empty
        };
        assert_eq!(waits(""), None);
        assert_eq!(waits("--wait-empty"), Some(Duration::from_mins(5)));
        assert_eq!(waits("--wait-empty=30s"), Some(Duration::from_secs(30)));
    }
}
