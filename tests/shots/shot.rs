//! One picture: what runs where, which keys are pressed, and what is waited for.

use std::time::Duration;

use super::bed::{Bed, Beds};
use super::paint::Look;
use super::support::terminal::{Start, Terminal, now};

/// A row of the table.
#[derive(Clone, Copy)]
pub struct Shot {
    /// The file, without its extension.
    pub name: &'static str,
    pub bed: Bed,
    pub size: (u16, u16),
    pub look: Look,
    env: &'static [(&'static str, &'static str)],
    /// More arguments: `--pane brokers`.
    args: &'static str,
    steps: &'static [Step],
    pub caption: &'static str,
}

/// What happens before the picture is taken.
#[derive(Clone, Copy)]
pub enum Step {
    /// Waits until the screen shows a text.
    See(&'static str),
    /// Waits until the screen shows a text no more.
    Gone(&'static str),
    /// Presses keys, as the bytes a terminal sends. `{lost}` is a group whose coordinator is lost, `{kept}` one that
    /// only loses a partition.
    Press(&'static str),
    /// Has something done to the real cluster: `kill 2`.
    Cluster(&'static str),
}

impl Shot {
    pub const fn new(bed: Bed, name: &'static str, caption: &'static str, steps: &'static [Step]) -> Self {
        Self {
            name,
            bed,
            size: (120, 40),
            look: Look::Dark,
            env: &[],
            args: "",
            steps,
            caption,
        }
    }

    pub const fn size(mut self, width: u16, height: u16) -> Self {
        self.size = (width, height);
        self
    }

    pub const fn look(mut self, look: Look) -> Self {
        self.look = look;
        self
    }

    pub const fn env(mut self, env: &'static [(&'static str, &'static str)]) -> Self {
        self.env = env;
        self
    }

    pub const fn args(mut self, args: &'static str) -> Self {
        self.args = args;
        self
    }

    /// Runs it up to its picture; the program ends with the terminal.
    pub fn take(&self, beds: &mut Beds) -> Terminal {
        // Options of the screen stand before `demo`.
        let screen = ["--theme", self.look.theme()]
            .into_iter()
            .chain(self.args.split_whitespace());
        let mut args: Vec<String> = screen.map(str::to_owned).collect();
        args.extend(beds.ready(self.bed));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let start = Start::ktui(&args);
        let start = self
            .env
            .iter()
            .fold(start, |start, (name, value)| start.env(name, value));
        let mut terminal = start.run_at(self.size);
        for step in self.steps {
            match step {
                Step::See(text) => {
                    terminal.wait_for(text);
                }
                Step::Gone(text) => {
                    terminal.wait_until(&format!("the end of {text:?}"), |screen| !screen.contains(text));
                }
                Step::Press(keys) => {
                    settle(&mut terminal);
                    terminal.press(&beds.name_groups(keys));
                }
                Step::Cluster(command) => beds.command(command),
            }
        }
        settle(&mut terminal);
        terminal
    }
}

/// Waits until the screen is at rest, or ticks only: a picture is not taken in the middle of a frame.
fn settle(terminal: &mut Terminal) {
    for _ in 0..8 {
        let (before, end) = (terminal.bytes().len(), now() + Duration::from_millis(150));
        terminal.read_while(|| now() < end);
        if terminal.bytes().len() == before {
            break;
        }
    }
}
