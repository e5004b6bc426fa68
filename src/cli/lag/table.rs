//! The table of a watch on a terminal: drawn in place, no larger than the screen, left as it is at the end.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use super::super::report::{Report, Side, complaint};
use super::seen::{Progress, WatchedGroup, WatchedPartition};
use crate::kafka::lag::watch::Eta;
use crate::ui::format::{Age, Count, OrUnknown, Rate, Span, Trend};
use crate::ui::text::{self, Cut};

/// Columns and lines where the terminal does not tell them.
const FALLBACK: (usize, usize) = (80, 24);
/// The first column takes no more than this.
const NAME: usize = 40;
/// Failures that are shown; the rest is counted.
const MOST_FAILURES: usize = 3;
const TITLES: [(&str, Side); 8] = [
    ("GROUP / PARTITION", Side::Left),
    ("LAG", Side::Right),
    ("IN", Side::Right),
    ("OUT", Side::Right),
    ("GROWTH", Side::Right),
    ("BEHIND", Side::Right),
    ("ETA", Side::Right),
    ("VERDICT", Side::Left),
];

type Cells = [String; TITLES.len()];

/// A part of the terminal that is drawn again and again.
#[derive(Debug, Default)]
pub struct Screen {
    /// Lines that were drawn, on a terminal of this size.
    drawn: Option<(usize, (usize, usize))>,
    /// What was drawn, without its first line.
    table: Vec<String>,
}

impl Screen {
    /// Draws a look.
    ///
    /// # Errors
    /// When nobody takes it any more.
    pub fn draw(&mut self, title: &str, report: &Report<WatchedGroup>) -> io::Result<()> {
        let size = size();
        self.table = lines(report, size.1.saturating_sub(2));
        self.paint(title, size)
    }

    /// Draws the last look again, under another title.
    ///
    /// # Errors
    /// When nobody takes it any more.
    pub fn keep(&mut self, title: &str) -> io::Result<()> {
        self.paint(title, size())
    }

    /// Takes away what the terminal shows of Ctrl-C.
    pub fn leave(&self) {
        if self.drawn.is_some() {
            let _ = write!(io::stdout(), "\r\x1b[K").and_then(|()| io::stdout().flush());
        }
    }

    fn paint(&mut self, title: &str, size: (usize, usize)) -> io::Result<()> {
        let mut out = String::new();
        // On a terminal that has become another one, lines are no more where they were.
        if let Some((lines, _)) = self.drawn.filter(|(_, before)| *before == size) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\r\x1b[{lines}A\x1b[J");
        }
        let shown = std::iter::once(title).chain(self.table.iter().map(String::as_str));
        let shown: Vec<_> = shown.take(size.1.saturating_sub(1)).collect();
        for line in &shown {
            out.push_str(text::fit(&text::visible(line), size.0, Cut::Tail).trim_end());
            out.push('\n');
        }
        self.drawn = Some((shown.len(), size));
        let mut stdout = io::stdout().lock();
        stdout.write_all(out.as_bytes())?;
        stdout.flush()
    }
}

fn size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (usize::from(size.ws_col), usize::from(size.ws_row)),
        _ => FALLBACK,
    }
}

/// The table in at most `room` lines: every group, worst first, and of the worst groups as many partitions as there is
/// room for.
fn lines(report: &Report<WatchedGroup>, room: usize) -> Vec<String> {
    let failures = failures(report);
    let room = room.saturating_sub(failures.len() + 2);
    let mut groups: Vec<&WatchedGroup> = report.items.iter().collect();
    groups.sort_by_key(|item| (Reverse(rank(&item.progress)), item.group.group.clone()));
    let shown = groups.len().min(room);
    let (mut left, mut rows) = (room - shown, vec![TITLES.map(|(title, _)| title.to_owned())]);
    for item in &groups[..shown] {
        let mut group = cells(item.group.group.to_string(), item.group.lag, &item.progress);
        if item.over == Some(true) {
            group[1].insert(0, '!');
        }
        rows.push(group);
        let mut partitions: Vec<&WatchedPartition> = item.partitions.iter().collect();
        partitions.sort_by_key(|one| Reverse(rank(&one.progress)));
        let some = partitions.len().min(left);
        left -= some;
        rows.extend(partitions[..some].iter().map(|one| {
            let partition = &one.partition;
            let name = format!("  {}-{}", partition.topic, partition.partition);
            let mut cells = cells(name, partition.lag, &one.progress);
            if partition.case == "noCommit" {
                "-".clone_into(&mut cells[1]);
            }
            cells
        }));
    }
    let all = groups.len() + groups.iter().map(|item| item.partitions.len()).sum::<usize>();
    let mut lines = align(&rows);
    let hidden = all + 1 - rows.len();
    if hidden > 0 {
        let more = groups.len() - shown;
        lines.push(match more {
            0 => format!("… and {} more partitions", Count(hidden as i64)),
            more => format!("… and {} more groups", Count(more as i64)),
        });
    }
    lines.extend(failures);
    lines
}

fn rank(progress: &Progress) -> (u8, Option<i64>) {
    (progress.danger, progress.waiting)
}

fn failures(report: &Report<WatchedGroup>) -> Vec<String> {
    let all = &report.failures;
    let mut lines: Vec<String> = all.iter().take(MOST_FAILURES).map(complaint).collect();
    if all.len() > MOST_FAILURES {
        lines.push(format!("and {} more failures", all.len() - MOST_FAILURES));
    }
    lines
}

fn cells(name: String, lag: Option<i64>, progress: &Progress) -> Cells {
    let is_idle = progress.waiting == Some(0);
    let dash = || "-".to_owned();
    let behind = progress.behind.map(|millis| {
        let age = Age(Duration::from_millis(u64::try_from(millis).unwrap_or(0)));
        match progress.behind_from {
            Some("atLeast") => format!(">{age}"),
            Some("createTime") => format!("~{age}"),
            _ => age.to_string(),
        }
    });
    let eta = progress.eta.map(|left| match left.0 {
        Eta::In(left) if left.is_zero() => dash(),
        Eta::In(left) => Span(left).to_string(),
        Eta::Never(_) => "never".to_owned(),
    });
    [
        text::fit(&text::visible(&name), NAME, Cut::Middle).into_owned(),
        OrUnknown(lag.map(Count)).to_string(),
        OrUnknown(progress.produced.map(Rate)).to_string(),
        OrUnknown(progress.consumed.map(Rate)).to_string(),
        OrUnknown(progress.growth.map(Trend)).to_string(),
        if is_idle { dash() } else { OrUnknown(behind).to_string() },
        OrUnknown(eta).to_string(),
        progress.reason.clone(),
    ]
}

fn align(rows: &[Cells]) -> Vec<String> {
    let widths: Vec<usize> = (0..TITLES.len())
        .map(|column| rows.iter().map(|row| text::width(&row[column])).max().unwrap_or(0))
        .collect();
    let line = |row: &Cells| {
        let each = row.iter().zip(TITLES).zip(&widths).map(|((cell, (_, side)), width)| {
            let blanks = " ".repeat(width.saturating_sub(text::width(cell)));
            match side {
                Side::Left => format!("{cell}{blanks}"),
                Side::Right => format!("{blanks}{cell}"),
            }
        });
        each.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(line).collect()
}
