//! The command line: one table, with completion.

use super::nav::Location;
use super::pane::messages::source::{self, Source};
use super::pane::topic::Tab;
use super::searches::Searches;
use super::store::Store;
use crate::kafka::error::Error;
use crate::kafka::model::{GroupId, GroupListing, TopicName};
use crate::position::{Locator, LocatorError};

/// What a command's argument names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// It takes none.
    None,
    /// A topic.
    Topic,
    /// A group.
    Group,
    /// A theme.
    Theme,
    /// A record's locator.
    Locator,
    /// A filter with a name.
    Filter,
    /// A time of a recording.
    Time,
}

/// What a command does.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Show a screen.
    Go(Location),
    /// Show messages, as a line says.
    Read {
        /// Of these topics.
        source: Box<Source>,
        /// From where to where; empty for the newest.
        line: String,
    },
    /// Show one record.
    Open(Locator),
    /// Search for a filter with a name.
    UseFilter(String),
    /// Give the search on screen a name.
    KeepFilter(String),
    /// Drop a filter with a name.
    ForgetFilter(String),
    /// Change the theme.
    Theme(String),
    /// Show the help.
    Help,
    /// Show what the engine counted.
    Debug,
    /// Show the jobs.
    Jobs,
    /// Ask where a group's offsets go.
    Reset(GroupId),
    /// Preview deleting a group.
    DeleteGroup(GroupId),
    /// Show what can be taken back.
    Undo,
    /// Go to a time of the recording.
    At(String),
    /// Leave.
    Quit,
}

impl Command {
    /// Whether a recording has what it takes.
    pub fn fits_recording(&self) -> bool {
        match self {
            Self::Go(location) => matches!(location, Location::Groups | Location::Group(_)),
            Self::At(_) | Self::Theme(_) | Self::Help | Self::Debug | Self::Jobs | Self::Quit => true,
            _ => false,
        }
    }
}

/// One row of the command table.
#[derive(Clone, Copy, Debug)]
pub struct CommandRow {
    /// Its names; the first is the one shown.
    pub names: &'static [&'static str],
    /// What its argument names.
    pub argument: Argument,
    /// What it does, for the help.
    pub help: &'static str,
    build: fn(&str, &Store) -> Result<Command, String>,
}

impl CommandRow {
    /// How it is typed: `:topic NAME`.
    pub fn usage(&self) -> String {
        let argument = match self.argument {
            Argument::None => "",
            Argument::Topic | Argument::Group | Argument::Theme | Argument::Filter => " NAME",
            Argument::Locator => " LOCATOR",
            Argument::Time => " TIME",
        };
        format!(":{}{argument}", self.names[0])
    }
}

/// All commands, in the order of the help.
pub const COMMANDS: &[CommandRow] = &[
    CommandRow {
        names: &["brokers", "b"],
        argument: Argument::None,
        help: "all brokers",
        build: |_, _| Ok(Command::Go(Location::Brokers)),
    },
    CommandRow {
        names: &["topics"],
        argument: Argument::None,
        help: "all topics",
        build: |_, _| Ok(Command::Go(Location::Topics)),
    },
    CommandRow {
        names: &["topic", "t"],
        argument: Argument::Topic,
        help: "one topic",
        build: topic,
    },
    CommandRow {
        names: &["messages", "m"],
        argument: Argument::Topic,
        help: "messages of a topic or several: orders.*,payments, then where to go: -15m to 10:00 p 0,3-5",
        build: messages,
    },
    CommandRow {
        names: &["open"],
        argument: Argument::Locator,
        help: "one record: ktui://CLUSTER/TOPIC/PARTITION@OFFSET",
        build: |locator, _| {
            let locator = locator.parse();
            locator
                .map(Command::Open)
                .map_err(|error: LocatorError| error.to_string())
        },
    },
    CommandRow {
        names: &["groups"],
        argument: Argument::None,
        help: "all groups",
        build: |_, _| Ok(Command::Go(Location::Groups)),
    },
    CommandRow {
        names: &["group", "g"],
        argument: Argument::Group,
        help: "one group",
        build: |name, store| group(name, store).map(|listing| Command::Go(Location::Group(listing))),
    },
    CommandRow {
        names: &["reset"],
        argument: Argument::Group,
        help: "move a group's offsets: a form, then a preview",
        build: |name, store| group(name, store).map(|listing| Command::Reset(listing.group)),
    },
    CommandRow {
        names: &["delete-group"],
        argument: Argument::Group,
        help: "delete a group with all its offsets: a preview first",
        build: |name, store| group(name, store).map(|listing| Command::DeleteGroup(listing.group)),
    },
    CommandRow {
        names: &["undo"],
        argument: Argument::None,
        help: "changes of groups that can be taken back: a preview first",
        build: |_, _| Ok(Command::Undo),
    },
    CommandRow {
        names: &["filter", "f"],
        argument: Argument::Filter,
        help: "search with a saved filter; save NAME, forget NAME",
        build: |argument, _| filter(argument),
    },
    CommandRow {
        names: &["theme"],
        argument: Argument::Theme,
        help: "another theme",
        build: |name, _| Ok(Command::Theme(name.to_owned())),
    },
    CommandRow {
        names: &["at"],
        argument: Argument::Time,
        help: "to this time of a recording: 10:42",
        build: |time, _| Ok(Command::At(time.to_owned())),
    },
    CommandRow {
        names: &["jobs", "j"],
        argument: Argument::None,
        help: "exports under way and ended",
        build: |_, _| Ok(Command::Jobs),
    },
    CommandRow {
        names: &["debug"],
        argument: Argument::None,
        help: "requests, bytes, late answers",
        build: |_, _| Ok(Command::Debug),
    },
    CommandRow {
        names: &["help", "h"],
        argument: Argument::None,
        help: "keys and commands",
        build: |_, _| Ok(Command::Help),
    },
    CommandRow {
        names: &["quit", "q"],
        argument: Argument::None,
        help: "leave ktui",
        build: |_, _| Ok(Command::Quit),
    },
];

fn topic(name: &str, store: &Store) -> Result<Command, String> {
    known_topic(name, store).map(|topic| Command::Go(Location::Topic(topic, Tab::Partitions)))
}

fn messages(name: &str, store: &Store) -> Result<Command, String> {
    let (topics, line) = name
        .split_once(char::is_whitespace)
        .map_or((name, ""), |(topics, line)| (topics, line.trim()));
    let names: Vec<String> = topics.split(',').map(str::to_owned).collect();
    Ok(Command::Read {
        source: Box::new(Source::of(source::topics(&names, store)?)),
        line: line.to_owned(),
    })
}

fn known_topic(name: &str, store: &Store) -> Result<TopicName, String> {
    let Some(overview) = store.overview.value() else {
        return Err(unlisted("topics", store.overview.error()));
    };
    let found = overview.topic(name).ok_or_else(|| format!("no topic {name}"))?;
    Ok(found.name.clone())
}

fn group(name: &str, store: &Store) -> Result<GroupListing, String> {
    let Some(listings) = store.groups.value() else {
        return Err(unlisted("groups", store.groups.error()));
    };
    match listings.iter().find(|listing| listing.group.as_str() == name) {
        Some(listing) => Ok(listing.clone()),
        None if store.groups.failures().is_empty() => Err(format!("no group {name}")),
        None => Err(format!("no group {name} is known, but not all could be listed")),
    }
}

fn unlisted(what: &str, error: Option<&Error>) -> String {
    match error {
        Some(error) => format!("the {what} could not be listed: {}", error.summary()),
        None => format!("the {what} have not been listed yet: try again"),
    }
}

/// Whether completing or running the line takes the names of the groups, which no screen but theirs asks for.
pub fn needs_groups(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    let row = COMMANDS.iter().find(|row| row.names.contains(&word));
    word.starts_with('g') || row.is_some_and(|row| row.argument == Argument::Group)
}

/// Whether a line names something of the cluster, which may come and go.
pub fn names_a_thing(line: &str) -> bool {
    let word = line.split_whitespace().next();
    let row = COMMANDS
        .iter()
        .find(|row| word.is_some_and(|word| row.names.contains(&word)));
    row.is_some_and(|row| matches!(row.argument, Argument::Topic | Argument::Group))
}

/// Reads a command line. The error says what is wrong with it.
pub fn parse(line: &str, store: &Store) -> Result<Command, String> {
    let line = line.trim();
    let (word, argument) = line
        .split_once(char::is_whitespace)
        .map_or((line, ""), |(word, rest)| (word, rest.trim()));
    let Some(row) = COMMANDS.iter().find(|row| row.names.contains(&word)) else {
        return Err(format!("no command {word}: ? shows them"));
    };
    match (row.argument, argument.is_empty()) {
        (Argument::None, false) => Err(format!("{word} takes no argument")),
        (Argument::Topic, true) => Err(format!("{word} which topic?")),
        (Argument::Group, true) => Err(format!("{word} which group?")),
        (Argument::Time, true) => Err(format!("{word} which time? 10:42")),
        (Argument::Theme, true) => Err(format!("{word} which one?")),
        (Argument::Filter, true) => Err(format!("{word} which one? {word} save NAME keeps the search on screen")),
        (Argument::Locator, true) => Err(format!("{word} which record? ktui://CLUSTER/TOPIC/PARTITION@OFFSET")),
        _ => (row.build)(argument, store),
    }
}

fn filter(argument: &str) -> Result<Command, String> {
    let words: Vec<&str> = argument.split_whitespace().collect();
    match words[..] {
        ["save" | "forget"] => Err(format!("filter {argument} which name?")),
        ["save", "save" | "forget"] => Err("that is a word of the command: another name".to_owned()),
        ["save", name] => Ok(Command::KeepFilter(name.to_owned())),
        ["forget", name] => Ok(Command::ForgetFilter(name.to_owned())),
        [name] => Ok(Command::UseFilter(name.to_owned())),
        _ => Err("a name is one word".to_owned()),
    }
}

/// Words that a line can be completed with, besides names of the cluster.
#[derive(Clone, Copy, Debug)]
pub struct Offers<'a> {
    /// Names of the themes.
    pub themes: &'a [String],
    /// The filters with names.
    pub searches: &'a Searches,
}

/// The longest completion of a line that all candidates share, and the candidates (at most ten).
pub fn complete(line: &str, store: &Store, offers: &Offers<'_>) -> (String, Vec<String>) {
    let (head, part, candidates) = match line.split_once(char::is_whitespace) {
        None => ("", line, COMMANDS.iter().map(|row| row.names[0].to_owned()).collect()),
        Some((word, part)) => {
            let argument = COMMANDS
                .iter()
                .find(|row| row.names.contains(&word))
                .map_or(Argument::None, |row| row.argument);
            (&line[..=word.len()], part.trim_start(), names(argument, store, offers))
        }
    };
    let mut found: Vec<String> = candidates.into_iter().filter(|name| name.starts_with(part)).collect();
    found.sort_unstable();
    let shared = shared_prefix(&found).unwrap_or(part);
    let completed = format!("{head}{shared}");
    found.truncate(10);
    (completed, found)
}

fn names(argument: Argument, store: &Store, offers: &Offers<'_>) -> Vec<String> {
    match argument {
        Argument::None | Argument::Locator | Argument::Time => Vec::new(),
        Argument::Topic => {
            let topics = store
                .overview
                .value()
                .map(|overview| overview.topics.as_slice())
                .unwrap_or_default();
            topics.iter().map(|topic| topic.name.to_string()).collect()
        }
        Argument::Group => {
            let listings = store.groups.value().map(Vec::as_slice).unwrap_or_default();
            listings.iter().map(|listing| listing.group.to_string()).collect()
        }
        Argument::Theme => offers.themes.to_vec(),
        Argument::Filter => {
            let names = offers.searches.names();
            let forgets = offers.searches.names().map(|name| format!("forget {name}"));
            ["save".to_owned()]
                .into_iter()
                .chain(names.map(str::to_owned))
                .chain(forgets)
                .collect()
        }
    }
}

fn shared_prefix(names: &[String]) -> Option<&str> {
    let first = names.first()?;
    let shared = names.iter().fold(first.len(), |length, name| {
        let same = first.char_indices().zip(name.chars()).take_while(|((_, a), b)| a == b);
        same.last().map_or(0, |((at, a), _)| at + a.len_utf8()).min(length)
    });
    Some(&first[..shared])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(themes: &[String]) -> Offers<'_> {
        static NONE: std::sync::LazyLock<Searches> = std::sync::LazyLock::new(Searches::default);
        Offers {
            themes,
            searches: &NONE,
        }
    }

    #[test]
    fn a_filter_is_used_saved_or_forgotten_by_name() {
        let read = |line: &str| parse(line, &Store::default());
        assert_eq!(read("filter errors"), Ok(Command::UseFilter("errors".to_owned())));
        assert_eq!(read("f save errors"), Ok(Command::KeepFilter("errors".to_owned())));
        assert_eq!(
            read("filter forget errors"),
            Ok(Command::ForgetFilter("errors".to_owned()))
        );
        for line in [
            "filter",
            "filter save",
            "filter forget",
            "filter save save",
            "filter a b",
            "filter save a b",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
        let mut searches = Searches::default();
        searches.keep("errors".to_owned(), "x".to_owned());
        let offers = Offers {
            themes: &[],
            searches: &searches,
        };
        assert_eq!(complete("filter e", &Store::default(), &offers).0, "filter errors");
        assert_eq!(
            complete("filter forget e", &Store::default(), &offers).0,
            "filter forget errors"
        );
    }

    #[test]
    fn a_command_line_is_read_or_says_what_is_wrong() {
        let store = Store::default();
        assert_eq!(parse(" q ", &store), Ok(Command::Quit));
        assert_eq!(parse("theme light", &store), Ok(Command::Theme("light".into())));
        assert_eq!(parse("brokers now", &store), Err("brokers takes no argument".into()));
        assert_eq!(parse("topic", &store), Err("topic which topic?".into()));
        let unknown = |line| parse(line, &store).unwrap_err();
        assert_eq!(unknown("topic x"), "the topics have not been listed yet: try again");
        assert_eq!(unknown("group x"), "the groups have not been listed yet: try again");
        assert!(parse("frobnicate", &store).unwrap_err().contains("no command"));
    }

    #[test]
    fn completion_goes_as_far_as_the_candidates_agree() {
        let (line, found) = complete("top", &Store::default(), &offers(&[]));
        assert_eq!(
            (line.as_str(), found),
            ("topic", vec!["topic".to_owned(), "topics".to_owned()])
        );
        let themes = ["dark".to_owned(), "high-contrast".to_owned()];
        assert_eq!(
            complete("theme h", &Store::default(), &offers(&themes)).0,
            "theme high-contrast"
        );
        assert_eq!(complete("zzz", &Store::default(), &offers(&[])).0, "zzz");
    }

    #[test]
    fn no_name_stands_for_two_commands() {
        let mut names: Vec<_> = COMMANDS.iter().flat_map(|row| row.names).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
