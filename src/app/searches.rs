//! Searches that were made before, and filters that were given a name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Lines of the history that are kept.
const HISTORY: usize = 100;
/// Named filters that are kept at most.
const FILTERS: usize = 500;

/// What was searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Searches {
    /// The latest last.
    history: Vec<String>,
    /// By name.
    filters: BTreeMap<String, String>,
}

impl Searches {
    /// A search was made.
    pub fn remember(&mut self, line: String) {
        self.history.retain(|old| *old != line);
        self.history.push(line);
        let over = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..over);
    }

    /// The lines, the latest last.
    pub fn history(&self) -> &[String] {
        &self.history
    }

    /// Keeps a line under a name; one that has the name is replaced. `false` where there is no room.
    pub fn keep(&mut self, name: String, line: String) -> bool {
        let has_room = self.filters.len() < FILTERS || self.filters.contains_key(&name);
        if has_room {
            self.filters.insert(name, line);
        }
        has_room
    }

    /// Drops a named filter.
    pub fn forget(&mut self, name: &str) {
        self.filters.remove(name);
    }

    /// The line with a name.
    pub fn named(&self, name: &str) -> Option<&str> {
        self.filters.get(name).map(String::as_str)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.filters.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_kept_once_and_the_oldest_leave() {
        let mut searches = Searches::default();
        for n in 0..HISTORY + 5 {
            searches.remember(n.to_string());
        }
        searches.remember("50".to_owned());
        assert_eq!(searches.history().len(), HISTORY);
        assert_eq!(
            (searches.history()[0].as_str(), searches.history()[HISTORY - 1].as_str()),
            ("5", "50")
        );
    }

    #[test]
    fn filters_have_names_and_there_is_room_for_so_many() {
        let mut searches = Searches::default();
        for n in 0..FILTERS {
            assert!(searches.keep(format!("f{n}"), "a".to_owned()));
        }
        assert!(!searches.keep("one more".to_owned(), "a".to_owned()));
        assert!(searches.keep("f7".to_owned(), "b".to_owned()));
        assert_eq!((searches.named("f7"), searches.named("one more")), (Some("b"), None));
        searches.forget("f7");
        assert_eq!((searches.named("f7"), searches.names().count()), (None, FILTERS - 1));
    }
}
