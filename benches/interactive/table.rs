//! The results as one markdown table.

use std::collections::BTreeMap;
use std::time::Duration;

use super::programs::Program;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Bytes,
    MegaBytes,
    Count,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Seconds if value < 0.1 => format!("{:.1} ms", value * 1e3),
            Self::Seconds => format!("{value:.2} s"),
            Self::Bytes => format!("{value:.0} B"),
            Self::MegaBytes => format!("{value:.1} MB"),
            Self::Count => format!("{value:.0}"),
        }
    }
}

/// What ktui is to reach.
#[derive(Clone, Copy, Debug)]
pub enum Aim {
    AtMost(f64),
    /// So many times what a peer needs, and so much more.
    Peer(Program, f64, f64),
    /// Said for comparison only.
    Nothing,
}

/// One row.
#[derive(Debug)]
pub struct Row {
    pub work: String,
    pub unit: Unit,
    pub figures: BTreeMap<Program, f64>,
    pub aim: Aim,
}

impl Row {
    /// A row with ktui's figure alone.
    pub fn of_ktui(work: &str, unit: Unit, figure: f64, aim: Aim) -> Self {
        Self {
            work: work.to_owned(),
            unit,
            figures: BTreeMap::from([(Program::Ktui, figure)]),
            aim,
        }
    }

    fn peer(&self, peer: Program) -> String {
        let (Some(figure), Some(ours)) = (self.figures.get(&peer), self.figures.get(&Program::Ktui)) else {
            return String::new();
        };
        if *ours > 0.0 {
            format!("{:.1}x ({})", figure / ours, self.unit.show(*figure))
        } else {
            self.unit.show(*figure)
        }
    }

    fn limit(&self) -> Option<f64> {
        match self.aim {
            Aim::AtMost(limit) => Some(limit),
            Aim::Peer(peer, factor, more) => self.figures.get(&peer).map(|figure| figure * factor + more),
            Aim::Nothing => None,
        }
    }

    fn show(&self) -> String {
        let ours = self.figures.get(&Program::Ktui).copied();
        let aim = match self.limit() {
            Some(limit) => format!("≤ {}", self.unit.show(limit)),
            None => "-".to_owned(),
        };
        let is_met = match (ours, self.limit()) {
            (Some(ours), Some(limit)) if ours <= limit => "yes",
            (Some(_), Some(_)) => "**no**",
            (None, _) => "**failed**",
            (_, None) => "-",
        };
        let ours = ours.map_or_else(String::new, |ours| self.unit.show(ours));
        let peers = Program::PEERS.map(|peer| self.peer(peer)).join(" | ");
        format!("| {} | {ours} | {peers} | {aim} | {is_met} |", self.work)
    }
}

/// Prints the head of the table.
pub fn print_head() {
    let peers = Program::PEERS.map(|peer| peer.to_string()).join(" | ");
    println!("| work | ktui | {peers} | aim | met |");
    println!("|---|---|{}---|---|", "---|".repeat(Program::PEERS.len()));
}

/// Prints one row.
pub fn print(row: &Row) {
    println!("{}", row.show());
}

/// One program's way to do a piece of work, measured so many times.
pub struct Contestant<'a> {
    pub program: Program,
    pub rounds: usize,
    pub run: Box<dyn FnMut() -> Result<Duration, String> + 'a>,
}

/// Measures all in turns, so that other load on the machine meets all of them; the medians, in seconds.
pub fn in_turns(mut contestants: Vec<Contestant<'_>>) -> BTreeMap<Program, f64> {
    let mut times: BTreeMap<Program, Vec<f64>> = BTreeMap::new();
    let most = contestants.iter().map(|one| one.rounds).max().unwrap_or(0);
    for round in 0..most {
        for one in contestants.iter_mut().filter(|one| round < one.rounds) {
            match (one.run)() {
                Ok(took) => times.entry(one.program).or_default().push(took.as_secs_f64()),
                Err(problem) => eprintln!("{}: {problem}", one.program),
            }
        }
    }
    times
        .into_iter()
        .map(|(program, times)| (program, quantile(times, 0.5)))
        .collect()
}

/// A quantile of some values, by the nearest rank.
pub fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * share).ceil() as usize;
    values
        .get(rank.saturating_sub(1).min(values.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}
