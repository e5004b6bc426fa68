//! The command line: what can be asked of `ktui`, and who does it.
//!
//! Without a subcommand the screen opens. Connection flags stand before or after the subcommand.

mod brokers;
mod export;
mod foreign;
mod groups;
mod headless;
mod import;
mod json;
mod lag;
mod produce;
mod record;
mod replay;
mod report;
mod reset;
mod sending;
mod session;
mod skip;
mod topics;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::builder::styling::Styles;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::app::nav::PaneId;
use crate::exit::Exit;
use crate::kafka::lag::alarm::Limit;
use crate::position::Locator;
use crate::runtime;
use crate::settings::lag_limit;
use crate::settings::{Settings, SettingsError};
use report::OutputArgs;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "ktui",
    version,
    about,
    after_help = exit_codes(),
    styles = Styles::plain(),
    infer_long_args = false,
    max_term_width = 100
)]
pub struct Args {
    /// How to reach the cluster.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// How the screen opens.
    #[command(flatten)]
    pub screen: ScreenArgs,
    /// What to do instead of opening the screen.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// How the screen opens: on a cluster, or on the demo's.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ScreenArgs {
    /// Pane to open on
    #[arg(long, value_enum, value_name = "PANE")]
    pub pane: Option<PaneArg>,
    /// Colours: dark, light, high-contrast, mono, or a file NAME.toml of your own
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Start unlocked: changes are sent once they are confirmed, without W and the cluster's name first
    #[arg(long)]
    pub allow_writes: bool,
    /// Limits of a lag.
    #[command(flatten)]
    pub warn: WarnArgs,
}

/// Limits of a lag, for whoever watches groups.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct WarnArgs {
    /// Warn of groups whose lag is over this, with a bell and a line in the log: 1000, 1000:5m for one that lasts, or
    /// GROUP=500:1m, where GROUP may hold *; can be given again, or with commas
    #[arg(
        long,
        env = "KTUI_LAG_WARN",
        value_name = "LIMIT",
        value_delimiter = ',',
        value_parser = lag_limit::parse
    )]
    pub lag_warn: Vec<Limit>,
}

impl ScreenArgs {
    /// What `self` says, else what `other` says.
    fn or(&self, other: &Self) -> Self {
        Self {
            pane: self.pane.or(other.pane),
            theme: self.theme.clone().or_else(|| other.theme.clone()),
            allow_writes: self.allow_writes || other.allow_writes,
            warn: if self.warn.lag_warn.is_empty() {
                other.warn.clone()
            } else {
                self.warn.clone()
            },
        }
    }
}

/// What flags that every command has stand under in its help, behind its own.
const CLUSTER: &str = "Cluster";

/// How to reach a cluster; before or after a subcommand.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConnectionArgs {
    /// Brokers to start from: host:port, with commas for several; the port is 9092 where none is given
    #[arg(
        short,
        long,
        env = "KTUI_BROKERS",
        value_name = "HOST:PORT",
        value_delimiter = ',',
        help_heading = CLUSTER,
        global = true
    )]
    pub brokers: Vec<String>,
    /// Longest time to wait for an answer: 20s, 500ms, 1m; a plain number is seconds
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = CLUSTER, global = true)]
    pub timeout: Option<Duration>,
    /// Write requests, bytes and late answers to this file
    #[arg(long, env = "KTUI_LOG", value_name = "FILE", help_heading = CLUSTER, global = true)]
    pub log: Option<PathBuf>,
    /// Send nothing that changes the cluster, whatever is asked
    #[arg(long, env = "KTUI_READ_ONLY", value_parser = FalseyValueParser::new(), help_heading = CLUSTER, global = true)]
    pub read_only: bool,
}

/// What `ktui` can do beside opening the screen.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the screen on a demo cluster in this process: nothing leaves your machine
    Demo {
        /// How it opens.
        #[command(flatten)]
        screen: ScreenArgs,
    },
    /// Open the screen on one record, by the locator that the copy menu (y) gives
    Open {
        /// The record: ktui://CLUSTER/TOPIC/PARTITION@OFFSET, where CLUSTER is the id of the cluster, the same for all who
        /// reach it; another cluster is refused
        #[arg(value_name = "LOCATOR")]
        locator: Locator,
        /// How it opens.
        #[command(flatten)]
        screen: ScreenArgs,
    },
    /// Print brokers, dead ones that replicas still name included
    Brokers {
        /// How to print.
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Print topics; with names, each of their partitions
    Topics {
        /// Topics; all when none is named
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// How to print.
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Print consumer groups with their total lag, or delete what is left of them
    Groups {
        /// What to do instead of printing.
        #[command(subcommand)]
        change: Option<groups::change::GroupsCommand>,
        /// How to print.
        #[command(flatten)]
        output: OutputArgs,
    },
    /// Print the lag of consumer groups on each partition; again and again with --watch, or wait for it with --until
    Lag(Box<lag::LagArgs>),
    /// Record what is seen of consumer groups to a file, for `ktui replay`
    Record(Box<record::RecordArgs>),
    /// Look at a recording on the screen, with a time slider; in a pipe, the lines of JSON of `ktui lag --watch`
    Replay(Box<replay::ReplayArgs>),
    /// Write records of topics to a file or a pipe
    Export(Box<export::ExportArgs>),
    /// Send lines of standard input or of files as records
    Produce(Box<produce::ProduceArgs>),
    /// Send what `ktui export` wrote, or plain lines, into a topic
    Import(Box<import::ImportArgs>),
    /// Move the offsets of a consumer group; shows what would be done, and does it with --execute
    #[command(override_usage = reset::args::USAGE)]
    Reset(Box<reset::args::ResetArgs>),
    /// Skip the record that a consumer group stands at: save it to a file, then move the commit past it; shows what would
    /// be done, and does it with --execute
    Skip(Box<skip::SkipArgs>),
    /// Take back a change of a group's offsets; shows what would be done, and does it with --execute
    Undo(Box<reset::args::UndoArgs>),
    /// Print a completion script for a shell
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// A pane by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PaneArg {
    /// Who is up, what each broker holds.
    Brokers,
    /// Partitions, offsets, size.
    Topics,
    /// Records of a topic.
    Messages,
    /// Consumer groups and their lag.
    Groups,
}

impl From<PaneArg> for PaneId {
    fn from(pane: PaneArg) -> Self {
        match pane {
            PaneArg::Brokers => Self::Brokers,
            PaneArg::Topics => Self::Topics,
            PaneArg::Messages => Self::Messages,
            PaneArg::Groups => Self::Groups,
        }
    }
}

/// Reads the command line and does what it asks for.
pub fn main() -> Exit {
    match Args::try_parse() {
        Ok(args) => run(&args),
        Err(error) => {
            // Help and version go to stdout with 0, mistakes to stderr with 2. A closed pipe is the reader's choice.
            let _ = error.print();
            if error.exit_code() == 0 {
                Exit::Well
            } else {
                Exit::Usage
            }
        }
    }
}

fn run(args: &Args) -> Exit {
    match &args.command {
        Some(Command::Export(export)) => export::run(args, export),
        Some(Command::Completions { shell }) => completions(*shell),
        Some(Command::Demo { screen }) => open(Settings::demo(args, &screen.or(&args.screen))),
        Some(Command::Open { locator, screen }) => {
            open(Settings::open(args, &screen.or(&args.screen), locator.clone()))
        }
        Some(Command::Brokers { output }) => {
            headless::run(args, *output, async |session| brokers::report(session).await)
        }
        Some(Command::Topics { names, output }) => {
            headless::run(args, *output, async |session| topics::report(session, names).await)
        }
        Some(Command::Groups {
            change: Some(_),
            output,
        }) if !output.is_table() => complain("--json and --csv stand behind the command they are for"),
        Some(Command::Groups {
            change: Some(change), ..
        }) => sending::run(args, async |writing| groups::change::change(writing, change).await),
        Some(Command::Groups { output, .. }) => {
            headless::run(args, *output, async |session| groups::report(session).await)
        }
        Some(Command::Lag(lag)) => lag::run(args, lag),
        Some(Command::Record(record)) => record::run(args, record),
        Some(Command::Replay(replay)) => replay::run(args, replay),
        Some(Command::Produce(produce)) => sending::run(args, async |writing| produce::send(writing, produce).await),
        Some(Command::Import(import)) => sending::run(args, async |writing| import::import(writing, import).await),
        Some(Command::Reset(reset)) => sending::run(args, async |writing| reset::reset(writing, reset).await),
        Some(Command::Skip(skip)) => sending::run(args, async |writing| skip::skip(writing, skip).await),
        Some(Command::Undo(undo)) => sending::run(args, async |writing| reset::undo(writing, undo).await),
        None => open(Settings::new(args)),
    }
}

/// Opens the screen.
fn open(settings: Result<Settings, SettingsError>) -> Exit {
    match settings {
        Ok(settings) => runtime::run(settings),
        Err(error) => complain(&error.to_string()),
    }
}

/// A mistake in the command line, in clap's form.
pub fn complain(message: &str) -> Exit {
    let _ = writeln!(
        std::io::stderr(),
        "error: {message}\n\nFor more information, try '--help'."
    );
    Exit::Usage
}

fn completions(shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "ktui", &mut script);
    // A closed pipe is the reader's choice.
    let _ = std::io::stdout().write_all(&script);
    Exit::Well
}

fn exit_codes() -> String {
    Exit::ALL
        .iter()
        .fold("Exit codes:\n".to_owned(), |mut text, (exit, meaning)| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {:<4} {meaning}", exit.code());
            text
        })
}

/// Reads a duration: `20s`, `500ms`, `1m`, `2h`, or seconds as a plain number.
///
/// # Errors
/// When the text is none, or not above zero, or above a day.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("no unit {unit:?}: use ms, s, m or h")),
    };
    let number: f64 = digits
        .trim()
        .parse()
        .map_err(|_| "write it as 20s, 500ms or 1m".to_owned())?;
    let value = Duration::try_from_secs_f64(number * seconds).map_err(|_| "out of range".to_owned())?;
    if value.is_zero() || value > Duration::from_hours(24) {
        return Err("must be above 0 and at most a day".to_owned());
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Args {
        Args::try_parse_from(line.split_whitespace()).unwrap()
    }

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn connection_flags_stand_before_or_after_the_subcommand() {
        for line in [
            "ktui -b a:1,b:2 demo --timeout 2s",
            "ktui demo --timeout 2 --brokers a:1,b:2",
        ] {
            let args = parse(line);
            assert_eq!(args.connection.brokers, ["a:1", "b:2"], "{line}");
            assert_eq!(args.connection.timeout, Some(Duration::from_secs(2)), "{line}");
        }
    }

    #[test]
    fn the_help_of_a_command_has_its_own_flags_in_one_piece() {
        let mut args = Args::command();
        args.build();
        let export = args.find_subcommand_mut("export").unwrap();
        let help = export.render_help().to_string();
        let (own, shared) = help.split_once("Cluster:").unwrap();
        assert!(own.contains("--partitions") && own.contains("--force"), "{help}");
        assert!(shared.contains("--brokers") && shared.contains("--read-only"), "{help}");
        assert!(!own.contains("--timeout <"), "{help}");
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7_200)));
        for wrong in ["", "s", "0", "-1", "5d", "25h", "1e99", "nan", "ten"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_wrong_flag_is_a_usage_error_and_the_help_names_the_exit_codes() {
        let wrong = Args::try_parse_from(["ktui", "--brokesr", "a"]).unwrap_err();
        assert_eq!(wrong.exit_code(), i32::from(Exit::Usage.code()));
        let help = Args::command().render_help().to_string();
        assert!(help.contains("101  ktui itself failed"), "{help}");
    }
}
