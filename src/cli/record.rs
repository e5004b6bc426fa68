//! `ktui record`: looks at groups as `ktui lag --watch` does, and writes what it saw to a file.

mod file;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::lag::args::{EVERY, interval};
use super::lag::looks::Looks;
use super::lag::watching::{Looked, looked, until};
use super::{Args, complain, headless};
use crate::exit::Exit;
use crate::kafka::client::Client;
use crate::kafka::error::Error;
use crate::kafka::model::GroupId;
use crate::recording::{FORMAT, Glance, Header, Origin, VERSION};
use crate::runtime::signals::Interrupts;
use crate::ui::format::{Bytes, Count, Span};
use crate::ui::text;
use file::Recording;

/// Time between two words to a person.
const NEWS: Duration = Duration::from_secs(60);

/// The flags of `ktui record`.
#[derive(Clone, Debug, clap::Args)]
pub struct RecordArgs {
    /// File to write, of which nothing must be there yet; .zst and .gz compress it
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Groups; all when none is named
    #[arg(value_name = "GROUP")]
    pub groups: Vec<String>,
    /// Look every so many seconds
    #[arg(long, value_name = "SECS", value_parser = interval, default_value = EVERY)]
    pub every: Duration,
    /// End after this time: 30m, 2h; without it, Ctrl-C ends it
    #[arg(long = "for", value_name = "TIME", value_parser = super::duration)]
    pub longest: Option<Duration>,
    /// Write over a file that is there
    #[arg(long)]
    pub force: bool,
}

/// Runs the command.
pub fn run(args: &Args, record: &RecordArgs) -> Exit {
    let (bootstrap, runtime) = match headless::start(args) {
        Ok(started) => started,
        Err(exit) => return exit,
    };
    let file = match Recording::open(&record.file, record.force) {
        Ok(file) => file,
        Err(why) => return complain(&text::visible(&why)),
    };
    let name = bootstrap.first().cloned().unwrap_or_default();
    let given = args.connection.timeout;
    let limit = given.map_or(headless::LONGEST, |given| given.min(headless::LONGEST));
    let exit = runtime.block_on(async {
        let client = Client::new(headless::within(bootstrap, limit));
        let recorder = Recorder {
            args: record,
            looks: Looks::new(client, name.clone(), &record.groups, Vec::new()).with_health(),
            cluster: name,
            limit,
            interrupts: Interrupts::listen(),
            words: Words::default(),
        };
        recorder.go(file).await
    });
    runtime.shutdown_background();
    exit
}

/// At work.
struct Recorder<'a> {
    args: &'a RecordArgs,
    looks: Looks,
    cluster: String,
    limit: Duration,
    interrupts: Interrupts,
    words: Words,
}

impl Recorder<'_> {
    async fn go(mut self, mut file: Recording) -> Exit {
        let begun = Instant::now();
        let end = self.args.longest.map(|longest| begun + longest);
        loop {
            let next = Instant::now() + self.args.every;
            let asked = self.looks.glance(self.limit);
            let glance = match looked(asked, self.limit, end, &mut self.interrupts).await {
                Looked::Interrupted | Looked::Late => break,
                Looked::Blind(error) if file.looks() == 0 => return headless::fail(&error),
                Looked::Blind(error) => {
                    self.words.blind(&error);
                    self.looks.blind_glance(error)
                }
                Looked::Seen(glance) => glance,
            };
            if file.looks() == 0 {
                if let Some(group) = stranger(&glance) {
                    return headless::say(&format!("group {group} does not exist or is hidden"));
                }
                file = match file.begin(self.header(&glance)).await {
                    Ok(file) => file,
                    Err(error) => return headless::say(&self.unwritten(&error)),
                };
                self.words.begun(&self.cluster, self.args, glance.listings.len());
            }
            let (looks, bytes) = (file.looks(), file.bytes());
            file = match file.look(glance).await {
                Ok(file) => file,
                Err(error) => {
                    let why = self.unwritten(&error);
                    headless::say(&format!(
                        "{why}. {} looks ({}) are in it",
                        Count(looks as i64),
                        Bytes(bytes)
                    ));
                    return if looks == 0 { Exit::Nothing } else { Exit::Partial };
                }
            };
            self.words.look(&file);
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.interrupts.next() => break,
                () = until(end) => break,
            }
        }
        self.end(file, begun.elapsed()).await
    }

    async fn end(&self, file: Recording, passed: Duration) -> Exit {
        let looks = file.looks();
        if looks == 0 {
            return headless::say("it ended before there was anything to record");
        }
        match file.end().await {
            Ok(bytes) => {
                self.words.ended(self.args, looks, bytes, passed);
                Exit::Well
            }
            Err(error) => {
                headless::say(&self.unwritten(&error));
                Exit::Partial
            }
        }
    }

    fn header(&self, glance: &Glance) -> Header {
        Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            ktui: env!("CARGO_PKG_VERSION").to_owned(),
            cluster: Origin {
                id: glance.cluster.id.clone(),
                name: self.cluster.clone(),
            },
            groups: self
                .args
                .groups
                .iter()
                .map(|name| GroupId::from(name.as_str()))
                .collect(),
            started: glance.told,
            every: self.args.every.as_millis() as u64,
        }
    }

    fn unwritten(&self, error: &io::Error) -> String {
        format!("cannot write {}: {error}", self.args.file.display())
    }
}

/// A named group that nobody knows.
fn stranger(glance: &Glance) -> Option<&GroupId> {
    glance.failures.iter().find_map(|failed| match &failed.failure.error {
        Error::UnknownGroup { group } => Some(group),
        _ => None,
    })
}

/// Tells a person at a terminal how it goes on, and a pipe nothing.
struct Words {
    is_person: bool,
    is_blind: bool,
    next: Instant,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            is_person: io::stderr().is_terminal(),
            is_blind: false,
            next: Instant::now() + NEWS,
        }
    }
}

impl Words {
    fn say(&self, words: &str) {
        if self.is_person {
            // Nobody is left to tell when stderr is closed.
            let _ = writeln!(io::stderr(), "ktui: {}", text::visible(words));
        }
    }

    fn begun(&self, cluster: &str, args: &RecordArgs, groups: usize) {
        let (file, every) = (args.file.display(), Span(args.every));
        let groups = match groups {
            1 => "1 group".to_owned(),
            groups => format!("{} groups", Count(groups as i64)),
        };
        self.say(&format!(
            "recording {groups} of {cluster} to {file} every {every}, Ctrl-C ends"
        ));
    }

    fn blind(&mut self, error: &Error) {
        if !std::mem::replace(&mut self.is_blind, true) {
            self.say(&format!("nobody answers, which is recorded too: {}", error.summary()));
        }
    }

    fn look(&mut self, file: &Recording) {
        if file.sees() {
            self.is_blind = false;
        }
        if self.is_person && Instant::now() >= self.next {
            self.next = Instant::now() + NEWS;
            self.say(&format!(
                "{} looks, {}",
                Count(file.looks() as i64),
                Bytes(file.bytes())
            ));
        }
    }

    fn ended(&self, args: &RecordArgs, looks: u64, bytes: u64, passed: Duration) {
        let (looks, bytes, file) = (Count(looks as i64), Bytes(bytes), args.file.display());
        self.say(&format!(
            "{looks} looks over {}, {bytes}: ktui replay {file}",
            Span(passed)
        ));
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::{Args, Command};
    use super::*;

    fn parse(line: &str) -> Result<RecordArgs, clap::Error> {
        match Args::try_parse_from(line.split_whitespace())?.command {
            Some(Command::Record(record)) => Ok(*record),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_file_comes_first_then_groups() {
        let record = parse("ktui record x.zst billing audit --every 2 --for 2h").unwrap();
        assert_eq!(record.file, PathBuf::from("x.zst"));
        assert_eq!(record.groups, ["billing", "audit"]);
        assert_eq!(record.every, Duration::from_secs(2));
        assert_eq!(record.longest, Some(Duration::from_secs(7_200)));
        assert_eq!(parse("ktui record x.zst").unwrap().every, Duration::from_secs(5));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for line in [
            "ktui record",
            "ktui record x --every 0",
            "ktui record x --every 50ms",
            "ktui record x --for 0",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
