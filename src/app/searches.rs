//! Searches that were made before.

/// Lines that are kept.
const HISTORY: usize = 100;

/// What was searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Searches {
    /// The latest last.
    history: Vec<String>,
}

impl Searches {
    /// A search was made.
    pub fn remember(&mut self, line: &str) {
        self.history.retain(|old| old != line);
        if self.history.len() == HISTORY {
            self.history.remove(0);
        }
        self.history.push(line.to_owned());
    }

    /// The lines, the latest last.
    pub fn history(&self) -> &[String] {
        &self.history
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_kept_once_and_the_oldest_leave() {
        let mut searches = Searches::default();
        for n in 0..HISTORY + 5 {
            searches.remember(&n.to_string());
        }
        searches.remember("50");
        assert_eq!(searches.history().len(), HISTORY);
        assert_eq!(
            (searches.history()[0].as_str(), searches.history()[HISTORY - 1].as_str()),
            ("5", "50")
        );
    }
}
