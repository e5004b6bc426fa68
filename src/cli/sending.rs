//! What commands that send records share: flags, the client, the question before anything is sent, the end.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::ValueEnum;
use tokio::sync::watch;

use super::{Args, complain, headless};
use crate::exit::Exit;
use crate::kafka::client::{Client, ClientSettings, WriteIntent};
use crate::kafka::error::Error;
use crate::kafka::model::{Codec, Lock, TopicName};
use crate::ops::Sending;
use crate::ops::transfer::lines::LineFormat;
use crate::ops::transfer::spare::Spare;
use crate::ops::transfer::{Format, OnBad, Recipe, Target};
use crate::runtime::clock;
use crate::runtime::signals::Interrupts;
use crate::task::apart;
use crate::ui::text;

/// How long a batch is tried again unless `--timeout` says otherwise, as Java's `delivery.timeout.ms`.
const PATIENCE: Duration = Duration::from_mins(2);

/// A compression by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CodecArg {
    /// Not compressed.
    None,
    /// gzip.
    Gzip,
    /// snappy.
    Snappy,
    /// lz4.
    Lz4,
    /// zstd.
    Zstd,
}

impl From<CodecArg> for Codec {
    fn from(codec: CodecArg) -> Self {
        match codec {
            CodecArg::None => Self::None,
            CodecArg::Gzip => Self::Gzip,
            CodecArg::Snappy => Self::Snappy,
            CodecArg::Lz4 => Self::Lz4,
            CodecArg::Zstd => Self::Zstd,
        }
    }
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// A value, or key and value with -K.
    Lines,
    /// A record as `ktui export` writes it.
    Jsonl,
}

/// How lines become records.
#[derive(Clone, Debug, clap::Args)]
pub struct LineArgs {
    /// Text between key and value; without it, or on a line that lacks it, the line is the value
    #[arg(short = 'K', long, value_name = "TEXT")]
    pub key_delimiter: Option<String>,
    /// Send an empty key or value as null: a tombstone
    #[arg(short = 'Z', long)]
    pub empty_is_null: bool,
    /// Header of every record, again for more; NAME alone has a null value
    #[arg(short = 'H', long = "header", value_name = "NAME=VALUE")]
    pub headers: Vec<String>,
    /// Compression of the batches
    #[arg(short = 'z', long, value_enum, value_name = "CODEC", default_value = "lz4")]
    pub compression: CodecArg,
    /// Send without asking: unlocks and confirms in one
    #[arg(short, long)]
    pub yes: bool,
}

impl LineArgs {
    /// How lines of `format` go to `target`.
    ///
    /// # Errors
    /// When flags were given that mean nothing for it.
    pub fn recipe(&self, format: FormatArg, target: Target, on_bad: OnBad) -> Result<Recipe, String> {
        let is_plain = self.key_delimiter.is_none() && !self.empty_is_null && self.headers.is_empty();
        let format = match format {
            FormatArg::Jsonl if is_plain => Format::Jsonl,
            FormatArg::Jsonl => {
                return Err("-K, -Z and -H are for plain lines: exported records have their own".to_owned());
            }
            FormatArg::Lines => Format::Lines(LineFormat {
                delimiter: self.delimiter()?,
                empty_is_null: self.empty_is_null,
                headers: self.headers.iter().map(|header| parsed(header)).collect(),
            }),
        };
        Ok(Recipe {
            format,
            codec: self.compression.into(),
            target,
            partition: None,
            keep_partitions: false,
            origin_headers: false,
            on_bad,
            clock: clock::unix_millis,
            spare: Spare::default(),
        })
    }

    /// The delimiter; `\t` is a tab, as kcat has it.
    fn delimiter(&self) -> Result<Option<Vec<u8>>, String> {
        let Some(text) = &self.key_delimiter else {
            return Ok(None);
        };
        if text.is_empty() {
            return Err("the key delimiter is empty".to_owned());
        }
        Ok(Some(text.replace("\\t", "\t").into_bytes()))
    }
}

fn parsed(header: &str) -> (Vec<u8>, Option<Vec<u8>>) {
    match header.split_once('=') {
        Some((name, value)) => (name.into(), Some(value.into())),
        None => (header.into(), None),
    }
}

/// A file whose name says that it holds exported records.
pub fn is_jsonl(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    [".jsonl", ".ndjson"].iter().any(|ending| name.ends_with(ending))
}

/// A session that may send.
pub struct Writing {
    /// The cluster.
    pub client: Client,
    /// What the user calls it.
    pub name: String,
    /// How long a batch is tried again.
    pub patience: Duration,
    /// Turns true when it is asked to end for the first time.
    pub cancel: watch::Receiver<bool>,
    has_begun: AtomicBool,
}

/// Why nothing was sent, or nobody knows what was.
pub enum Refusal {
    /// The command line asks for what cannot be.
    Usage(String),
    /// Nobody confirmed it, or nobody may.
    Refused(String),
    /// The cluster or the input cannot be used.
    Failed(String),
    /// It was interrupted, and nobody knows what was done.
    Unknown(String),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let words = format!("{error}. Hint: {}", error.hint());
        if error.is_refused() {
            Self::Refused(words)
        } else {
            Self::Failed(words)
        }
    }
}

impl Refusal {
    /// The same, said with what has not happened.
    pub fn unsent(self) -> Self {
        let said = |words| format!("nothing was sent: {words}");
        match self {
            Self::Usage(words) => Self::Usage(words),
            Self::Refused(words) => Self::Refused(said(words)),
            Self::Failed(words) => Self::Failed(said(words)),
            unknown @ Self::Unknown(_) => unknown,
        }
    }

    /// Says it, and how the command ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(words) => complain(words),
            Self::Refused(words) => {
                say(words);
                Exit::Refused
            }
            Self::Failed(words) => {
                say(words);
                Exit::Nothing
            }
            Self::Unknown(words) => {
                say(words);
                Exit::Partial
            }
        }
    }
}

/// Runs a command that sends.
pub fn run(args: &Args, send: impl AsyncFnOnce(&Writing) -> Result<Exit, Refusal>) -> Exit {
    let (bootstrap, runtime) = match headless::start(args) {
        Ok(started) => started,
        Err(exit) => return exit,
    };
    let outcome = runtime.block_on(async {
        let mut settings = ClientSettings::new(bootstrap.clone());
        if args.connection.read_only {
            settings.lock = Lock::ReadOnly;
        }
        let patience = args.connection.timeout.unwrap_or(PATIENCE);
        settings.request_timeout = settings.request_timeout.min(patience);
        settings.connect_timeout = settings.connect_timeout.min(patience);
        let (stop, cancel) = watch::channel(false);
        let writing = Writing {
            client: Client::new(settings),
            name: bootstrap.into_iter().next().unwrap_or_default(),
            patience,
            cancel,
            has_begun: AtomicBool::new(false),
        };
        // Before anything is sent Ctrl-C, TERM or HUP ends at once. Then the first lets what is under way be settled;
        // the second does not wait for that.
        let mut interrupts = Interrupts::listen();
        let interrupted = async {
            interrupts.next().await;
            if !writing.has_begun.load(Ordering::Acquire) {
                return Refusal::Refused("interrupted: nothing was sent".to_owned());
            }
            stop.send_replace(true);
            interrupts.next().await;
            Refusal::Unknown("interrupted: what was under way may be stored or not".to_owned())
        };
        tokio::select! {
            outcome = send(&writing) => outcome,
            refusal = interrupted => Err(refusal),
        }
    });
    runtime.shutdown_background();
    outcome.unwrap_or_else(|refusal| refusal.exit())
}

impl Writing {
    /// From here on records are sent.
    pub fn begins(&self) {
        self.has_begun.store(true, Ordering::Release);
    }

    /// Refuses at once what could never be sent.
    ///
    /// # Errors
    /// When the session is read-only, or nobody can be asked.
    pub fn may_send(&self, topic: &TopicName, is_confirmed: bool) -> Result<(), Refusal> {
        if self.client.lock_state() == Lock::ReadOnly {
            let what = format!("the input for topic {topic} of cluster {}", self.name);
            return Err(Error::ReadOnly { what }.into());
        }
        if !is_confirmed && !can_ask() {
            return Err(Refusal::Refused(format!(
                "nothing was sent to topic {topic} of cluster {}: there is no terminal to ask on. Hint: --yes confirms it.",
                self.name
            )));
        }
        Ok(())
    }

    /// Asks, unless it is confirmed already, and gives leave.
    ///
    /// # Errors
    /// When it is not confirmed.
    pub async fn confirm(&self, sending: &Sending, is_confirmed: bool) -> Result<WriteIntent, Refusal> {
        let asked = sending.clone();
        if !is_confirmed && !apart(move || Ok(ask(&asked))).await.unwrap_or(false) {
            return Err(Refusal::Refused("nothing was sent".to_owned()));
        }
        self.client.unlock()?;
        Ok(sending.confirmed(&self.client)?)
    }
}

/// What can be read once cannot be counted for the question and sent then.
pub fn unasked(topic: &TopicName, cluster: &str) -> Refusal {
    Refusal::Refused(format!(
        "nothing was sent to topic {topic} of cluster {cluster}: what comes from a pipe or standard input cannot be asked \
         about. Hint: --yes confirms it."
    ))
}

/// Whether somebody sits at a terminal, for the question and for its answer.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn ask(sending: &Sending) -> bool {
    let mut stderr = io::stderr();
    let words = sending.to_string();
    let question = text::visible(&words);
    let asked = write!(stderr, "About to {question}.\nType yes to send: ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    asked.is_ok() && io::stdin().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}

/// A sentence on stderr.
pub fn say(words: &str) {
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(io::stderr(), "ktui: {}", text::visible(words));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_a_value_or_none() {
        assert_eq!(parsed("a=b=c"), (b"a".to_vec(), Some(b"b=c".to_vec())));
        assert_eq!(parsed("a="), (b"a".to_vec(), Some(Vec::new())));
        assert_eq!(parsed("a"), (b"a".to_vec(), None));
    }

    #[test]
    fn the_name_of_a_file_says_what_its_lines_are() {
        for (name, expected) in [
            ("a.jsonl", true),
            ("a.ndjson.gz", true),
            ("a.jsonl.zst", true),
            ("a.txt", false),
        ] {
            assert_eq!(is_jsonl(Path::new(name)), expected, "{name}");
        }
    }
}
