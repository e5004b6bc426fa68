//! What the help says, line by line, from the tables of actions and commands.

use super::action::{ACTIONS, Action, Scope};
use super::command::{COMMANDS, CommandRow};

/// A line of the help.
#[derive(Clone, Copy, Debug)]
pub enum HelpLine {
    /// An empty line.
    Blank,
    /// The title of what follows.
    Heading(&'static str),
    /// An action with its keys.
    Action(Action),
    /// A command of the command line.
    Command(&'static CommandRow),
    /// A sign in a cell, and what it means.
    Sign(&'static str, &'static str),
}

/// The signs of cells, and what they mean.
pub const SIGNS: [(&str, &str); 6] = [
    ("—", "does not apply"),
    ("?", "not known; the line below the list says why"),
    ("⊘", "the cluster refused to tell"),
    ("≈", "from a sample"),
    ("1,204 + ?2", "a sum with two parts that are not known"),
    ("…", "cut"),
];

/// The scopes of what lies over a screen, whichever it is.
const OVER: [Scope; 7] = [
    Scope::Box,
    Scope::Menu,
    Scope::Jobs,
    Scope::Confirm,
    Scope::Form,
    Scope::Prompt,
    Scope::Edit,
];

/// The help of a screen.
pub fn lines(screen: Scope) -> Vec<HelpLine> {
    let mut lines = Vec::new();
    let mut section = |title, entries: &mut dyn Iterator<Item = HelpLine>| {
        let mut entries = entries.peekable();
        if entries.peek().is_some() {
            if !lines.is_empty() {
                lines.push(HelpLine::Blank);
            }
            lines.push(HelpLine::Heading(title));
            lines.extend(entries);
        }
    };
    for scope in screen.active().iter().chain(&OVER) {
        let rows = ACTIONS
            .iter()
            .filter(|row| row.scope == *scope && !screen.lacks().contains(&row.action));
        section(scope.title(), &mut rows.map(|row| HelpLine::Action(row.action)));
    }
    section("Commands", &mut COMMANDS.iter().map(HelpLine::Command));
    section(
        "Signs",
        &mut SIGNS.iter().map(|(sign, meaning)| HelpLine::Sign(sign, meaning)),
    );
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_of_a_screen_has_its_keys_first_and_all_of_them() {
        let lines = lines(Scope::Topics);
        assert!(matches!(lines[0], HelpLine::Heading("Topics")));
        let actions: Vec<Action> = lines
            .iter()
            .filter_map(|line| match line {
                HelpLine::Action(action) => Some(*action),
                _ => None,
            })
            .collect();
        for row in ACTIONS {
            let is_meant = Scope::Topics.active().contains(&row.scope) || OVER.contains(&row.scope);
            let is_here = is_meant && !Scope::Topics.lacks().contains(&row.action);
            assert_eq!(actions.contains(&row.action), is_here, "{}", row.name);
        }
    }

    #[test]
    fn a_screen_without_keys_of_its_own_has_no_heading_for_them() {
        assert!(matches!(lines(Scope::Brokers)[0], HelpLine::Heading("In lists")));
    }
}
