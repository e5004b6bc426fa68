//! From a locator to its record: the cluster is compared, the topic looked up, the partition read from the offset on,
//! and what comes first is opened. Where that is another record, both are named.

use std::time::Instant;

use super::App;
use super::action::Action;
use super::effect::Effect;
use super::nav::{Location, Screen};
use super::overlay::Overlay;
use super::pane::messages::Messages;
use super::pane::messages::reading::Phase;
use super::pane::messages::source::Source;
use crate::kafka::model::Row;
use crate::kafka::query::Overview;
use crate::position::{Locator, Shown, Start};

/// A record that is being looked for.
#[derive(Clone, Debug)]
pub(super) enum Sought {
    /// Its cluster has not answered yet.
    Awaited(Locator),
    /// Its partition is read.
    Read(Locator),
}

impl App {
    /// Looks for a record: at once, or as soon as the cluster has told what it is.
    pub(super) fn look_for(&mut self, locator: Locator) {
        self.errands.sought = Some(Sought::Awaited(locator));
    }

    /// After every event: the next step towards the record that is looked for.
    pub(super) fn locate(&mut self, now: Instant) -> Vec<Effect> {
        if matches!(self.overlay, Some(Overlay::Form(..) | Overlay::Confirm(_))) {
            // What is being typed or asked goes first.
            return Vec::new();
        }
        match self.errands.sought.take() {
            None => Vec::new(),
            Some(Sought::Awaited(locator)) => self.read_place(locator, now),
            Some(Sought::Read(locator)) => self.open_found(locator, now),
        }
    }

    fn read_place(&mut self, locator: Locator, now: Instant) -> Vec<Effect> {
        let Some(overview) = self.store.overview.value() else {
            self.errands.sought = Some(Sought::Awaited(locator));
            return Vec::new();
        };
        if let Some(lines) = self.why_not(&locator, overview) {
            self.tell("This record cannot be shown", lines);
            return Vec::new();
        }
        let start = Start::Offset(locator.offset);
        let mut source = Source::at(locator.topic.clone(), vec![locator.partition], start);
        // Whatever lies there, also what consumers never see.
        source.shown = Shown::All;
        self.errands.sought = Some(Sought::Read(locator));
        self.go(Location::Messages(Box::new(source)), now)
    }

    /// Why there is no such place on this cluster.
    fn why_not(&self, locator: &Locator, overview: &Overview) -> Option<Vec<String>> {
        let settings = &self.settings;
        let id = overview.cluster.id.as_deref();
        let mut names = settings.bootstrap.iter().map(String::as_str).chain(id);
        let wanted = locator.cluster.as_str();
        if wanted != settings.cluster_name && !names.any(|name| name == wanted) {
            let here = match id {
                Some(id) => format!("This is cluster {id} ({}).", settings.cluster_name),
                None => format!("This is {}.", settings.cluster_name),
            };
            return Some(vec![
                format!("{} is a record of cluster {wanted}.", locator.place()),
                here,
                format!("Open it with the brokers of its cluster: ktui --brokers HOST:PORT open {locator}"),
            ]);
        }
        let topic = overview.topic(locator.topic.as_str());
        let Some(topic) = topic else {
            return Some(vec![
                format!("There is no topic {} here, or you may not see it.", locator.topic),
                "A topic without DESCRIBE permission looks as if it did not exist.".to_owned(),
            ]);
        };
        let has_partition = topic.partitions.iter().any(|known| known.id == locator.partition);
        (!has_partition).then(|| {
            let count = topic.partitions.len();
            vec![format!(
                "Topic {} has no partition {}: it has {count}.",
                locator.topic, locator.partition
            )]
        })
    }

    fn open_found(&mut self, locator: Locator, now: Instant) -> Vec<Effect> {
        let Screen::Messages(messages) = self.nav.top() else {
            // The user went elsewhere.
            return Vec::new();
        };
        if !reads(messages, &locator) {
            // Something else is read by now.
            return Vec::new();
        }
        let row = match found(messages) {
            Found::Row(row) => row.clone(),
            Found::Nothing => {
                let lines = vec![
                    format!("{} has not been written yet, or is no longer there.", locator.place()),
                    format!("Partition {} holds nothing at or after this offset.", locator.partition),
                    "New records are shown as they come.".to_owned(),
                ];
                self.tell("There is no such record", lines);
                return Vec::new();
            }
            Found::NotYet => {
                self.errands.sought = Some(Sought::Read(locator));
                return Vec::new();
            }
        };
        let last = match &row {
            Row::Record(record) => record.offset,
            Row::Unreadable(stretch) => stretch.last,
        };
        if !(row.offset()..=last).contains(&locator.offset) {
            let lines = vec![
                format!("{} is not there any more, or never was.", locator.place()),
                "Compaction or retention has removed it, or its offset belongs to no record.".to_owned(),
                format!("Shown is the next one: {}@{}.", row.partition(), row.offset()),
            ];
            self.tell("There is no such record", lines);
        }
        // The cursor of a list that was just filled is on its first row.
        self.act_in_pane(Action::Open, now)
    }

    /// Something that must be read.
    fn tell(&mut self, title: &str, lines: Vec<String>) {
        let title = title.to_owned();
        self.overlay = Some(Overlay::Notice { title, lines });
    }
}

/// Whether what is on screen was opened to look for this record.
fn reads(messages: &Messages, locator: &Locator) -> bool {
    let is_place = |source: &Source| {
        source.topics == [locator.topic.clone()]
            && source.partitions == [locator.partition]
            && source.start == Start::Offset(locator.offset)
    };
    messages.search().is_none() && messages.source().is_some_and(is_place)
}

/// What reading has brought.
enum Found<'a> {
    Row(&'a Row),
    Nothing,
    NotYet,
}

fn found(messages: &Messages) -> Found<'_> {
    let reading = messages.reading();
    match (messages.rows().get(0), &reading.phase) {
        (_, Phase::Closed | Phase::Opening { .. }) => Found::NotYet,
        (Some(row), _) => Found::Row(row),
        (None, _) if reading.is_at_end => Found::Nothing,
        (None, _) => Found::NotYet,
    }
}
