//! What a session leaves for the next one on the same cluster.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::searches::Searches;
use crate::decode::{Format, Part};
use crate::kafka::model::{GroupId, TopicName};

/// Topics that are remembered at most: the one that was changed longest ago is not known, so the first by name goes.
const MOST_TOPICS: usize = 1000;

/// Groups that are pinned at most: a list of nothing but pins would have no top.
const MOST_PINS: usize = 100;

/// All that is remembered of a cluster. What an older or newer release wrote and this one does not know is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// What was searched for in messages.
    searches: Searches,
    /// By topic, the decoders that were chosen by hand.
    decoders: BTreeMap<String, TopicDecoders>,
    /// Groups that stay on top of the list.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pins: BTreeSet<String>,
}

/// The decoders of a topic, by their names in the table of decoders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct TopicDecoders {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// Something to remember.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Memo {
    /// A decoder was chosen; [`Format::Auto`] forgets it.
    Decoder(TopicName, Part, Format),
    /// A search was made.
    Searched(String),
    /// A filter was given a name.
    KeepFilter {
        /// The name.
        name: String,
        /// The filter, as it is typed.
        line: String,
    },
    /// A named filter is not wanted any more.
    ForgetFilter(String),
    /// A group shall stay on top of the list, or not any more.
    Pin(GroupId, bool),
}

impl Memory {
    /// The decoder chosen for a part of a topic's records; [`Format::Auto`] where none was.
    pub fn decoder(&self, topic: &str, part: Part) -> Format {
        let name = self.decoders.get(topic).and_then(|chosen| match part {
            Part::Key => chosen.key.as_deref(),
            Part::Value => chosen.value.as_deref(),
            Part::Header => None,
        });
        name.and_then(Format::named).unwrap_or(Format::Auto)
    }

    /// What was searched for in messages.
    pub fn searches(&self) -> &Searches {
        &self.searches
    }

    /// Whether a group stays on top of the list.
    pub fn is_pinned(&self, group: &GroupId) -> bool {
        self.pins.contains(group.as_str())
    }

    /// Whether another group can be pinned.
    pub fn can_pin(&self) -> bool {
        self.pins.len() < MOST_PINS
    }

    /// Takes a memo; `false` when nothing is new.
    pub fn take(&mut self, memo: Memo) -> bool {
        let before = self.clone();
        match memo {
            Memo::Decoder(topic, part, format) => self.choose(topic.as_str(), part, format),
            Memo::Searched(line) => self.searches.remember(line),
            Memo::KeepFilter { name, line } => {
                self.searches.keep(name, line);
            }
            Memo::ForgetFilter(name) => self.searches.forget(&name),
            Memo::Pin(group, true) if self.can_pin() => {
                self.pins.insert(group.as_str().to_owned());
            }
            Memo::Pin(_, true) => {}
            Memo::Pin(group, false) => {
                self.pins.remove(group.as_str());
            }
        }
        *self != before
    }

    fn choose(&mut self, topic: &str, part: Part, format: Format) {
        let name = (format != Format::Auto).then(|| format.row().name.to_owned());
        let chosen = self.decoders.entry(topic.to_owned()).or_default();
        match part {
            Part::Key => chosen.key = name,
            Part::Value => chosen.value = name,
            Part::Header => {}
        }
        self.decoders.retain(|_, chosen| *chosen != TopicDecoders::default());
        while self.decoders.len() > MOST_TOPICS {
            // The one that was chosen just now stays.
            let Some(first) = self.decoders.keys().find(|name| *name != topic).cloned() else {
                break;
            };
            self.decoders.remove(&first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_is_remembered_until_it_is_auto_again() {
        let mut memory = Memory::default();
        let memo = |format| Memo::Decoder("orders".into(), Part::Value, format);
        assert!(memory.take(memo(Format::Hex)));
        assert!(!memory.take(memo(Format::Hex)), "nothing new");
        assert_eq!(memory.decoder("orders", Part::Value), Format::Hex);
        assert_eq!(memory.decoder("orders", Part::Key), Format::Auto);
        assert_eq!(memory.decoder("payments", Part::Value), Format::Auto);
        assert!(memory.take(memo(Format::Auto)));
        assert_eq!(memory, Memory::default());
    }

    #[test]
    fn searches_and_filters_come_back_from_the_file() {
        let mut memory = Memory::default();
        assert!(memory.take(Memo::Searched("heidi".to_owned())));
        assert!(!memory.take(Memo::Searched("heidi".to_owned())), "nothing new");
        let keep = |line: &str| Memo::KeepFilter {
            name: "errors".to_owned(),
            line: line.to_owned(),
        };
        assert!(memory.take(keep("record.value.a == 'x'")));
        assert!(memory.take(Memo::Decoder("orders".into(), Part::Value, Format::Hex)));
        let again: Memory = toml::from_str(&toml::to_string(&memory).unwrap()).unwrap();
        assert_eq!(again, memory);
        assert_eq!(again.searches().named("errors"), Some("record.value.a == 'x'"));
        assert!(memory.take(Memo::ForgetFilter("errors".to_owned())));
    }

    #[test]
    fn the_decoder_that_was_chosen_last_has_room() {
        let mut memory = Memory::default();
        for topic in (0..=MOST_TOPICS).rev() {
            let topic = format!("topic-{topic:04}");
            memory.take(Memo::Decoder(topic.as_str().into(), Part::Value, Format::Hex));
            assert_eq!(memory.decoder(&topic, Part::Value), Format::Hex, "{topic}");
        }
        assert_eq!(memory.decoders.len(), MOST_TOPICS);
    }

    #[test]
    fn pins_come_back_from_the_file_and_have_a_limit() {
        let mut memory = Memory::default();
        let group = |number: usize| GroupId::from(format!("group-{number}").as_str());
        assert!(memory.take(Memo::Pin(group(0), true)));
        assert!(!memory.take(Memo::Pin(group(0), true)), "nothing new");
        let again: Memory = toml::from_str(&toml::to_string(&memory).unwrap()).unwrap();
        assert!(again.is_pinned(&group(0)) && !again.is_pinned(&group(1)));
        for number in 1..=MOST_PINS {
            memory.take(Memo::Pin(group(number), true));
        }
        assert!(memory.is_pinned(&group(MOST_PINS - 1)) && !memory.is_pinned(&group(MOST_PINS)));
        assert!(memory.take(Memo::Pin(group(0), false)));
        assert!(!memory.is_pinned(&group(0)) && memory.can_pin());
    }

    #[test]
    fn a_name_of_another_release_is_auto() {
        let memory: Memory = toml::from_str("new-thing = 1\n[decoders.orders]\nvalue = \"protobuf\"\n").unwrap();
        assert_eq!(memory.decoder("orders", Part::Value), Format::Auto);
    }
}
