//! Which key means what, read from the action table.

use std::collections::HashMap;

use super::chord::Chord;
use crate::app::action::{ACTIONS, Action, Scope};

/// Keys by scope, and the other way round for hints and help.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keymap {
    actions: HashMap<(Scope, Chord), Action>,
    keys: HashMap<Action, Vec<Chord>>,
}

impl Keymap {
    /// The keys of the action table.
    pub fn defaults() -> Self {
        let mut map = Self::default();
        for row in ACTIONS {
            // A test reads every key of the table; one that is no key binds nothing.
            for chord in row.keys.iter().filter_map(|key| key.parse().ok()) {
                map.bind(row.action, chord);
            }
        }
        map
    }

    /// Lets `chord` mean `action` in the action's scope, and nothing else there any more.
    pub fn bind(&mut self, action: Action, chord: Chord) {
        if let Some(old) = self.actions.insert((action.row().scope, chord), action)
            && let Some(keys) = self.keys.get_mut(&old)
        {
            keys.retain(|key| *key != chord);
        }
        self.keys.entry(action).or_default().push(chord);
    }

    /// What `chord` means while `scope` is on screen: the narrowest scope that knows it decides.
    pub fn resolve(&self, scope: Scope, chord: Chord) -> Option<Action> {
        let mut active = scope.active().iter();
        active.find_map(|scope| self.actions.get(&(*scope, chord)).copied())
    }

    /// The keys of an action, the one to show first.
    pub fn keys(&self, action: Action) -> &[Chord] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_a_key_and_is_bound() {
        let map = Keymap::defaults();
        for row in ACTIONS {
            assert!(!row.keys.is_empty(), "{} has no key", row.name);
            for key in row.keys {
                let chord: Chord = key.parse().unwrap();
                assert_eq!(chord.to_string(), *key, "one notation only");
                assert_eq!(map.resolve(row.scope, chord), Some(row.action), "{key}");
            }
        }
    }

    #[test]
    fn a_pane_has_its_own_keys_and_those_of_lists_and_everywhere() {
        let map = Keymap::defaults();
        let on = |scope, key: &str| map.resolve(scope, key.parse().unwrap());
        assert_eq!(on(Scope::Topics, "m"), Some(Action::TopicMessages));
        assert_eq!(on(Scope::Topics, "j"), Some(Action::CursorDown));
        assert_eq!(on(Scope::Topics, "q"), Some(Action::Quit));
        assert_eq!(on(Scope::Brokers, "m"), None);
        assert_eq!(on(Scope::Prompt, "q"), None, "it is typed");
    }

    #[test]
    fn a_key_that_is_bound_anew_leaves_its_old_action() {
        let mut map = Keymap::defaults();
        let j: Chord = "j".parse().unwrap();
        map.bind(Action::PageDown, j);
        assert_eq!(map.resolve(Scope::List, j), Some(Action::PageDown));
        assert!(!map.keys(Action::CursorDown).contains(&j));
        assert_eq!(map.keys(Action::CursorDown).len(), 1);
    }
}
