//! What a headless command prints: a table for people, one JSON object for programs, CSV for sheets.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::json;
use crate::exit::Exit;
use crate::kafka::model::{BrokerId, Cluster, ClusterKind};
use crate::kafka::partial::Failure;
use crate::ui::format::IsoUtc;
use crate::ui::text;

/// How a command prints what it found.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct OutputArgs {
    /// Print one JSON object: cluster, items, failures
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print RFC 4180 CSV, an unknown figure as an empty field
    #[arg(long)]
    csv: bool,
}

impl OutputArgs {
    /// Whether a table for people is printed.
    pub fn is_table(self) -> bool {
        !self.json && !self.csv
    }

    /// Whether what is printed names the cluster.
    pub fn names_cluster(self) -> bool {
        self.json
    }
}

/// The cluster as a report names it.
#[derive(Clone, Debug, Serialize)]
pub struct ClusterItem {
    id: Option<String>,
    /// As the user calls it.
    pub name: String,
    kind: ClusterKind,
    version: Option<String>,
    controller: Option<BrokerId>,
}

impl ClusterItem {
    /// The cluster under the name that the user gave it.
    pub fn new(name: &str, cluster: &Cluster) -> Self {
        Self {
            id: cluster.id.clone(),
            name: name.to_owned(),
            kind: cluster.kind,
            version: cluster.version.clone(),
            controller: cluster.controller,
        }
    }
}

#[derive(Debug, Serialize)]
struct FailureItem {
    node: Option<BrokerId>,
    what: String,
    error: String,
    hint: String,
}

impl From<&Failure> for FailureItem {
    fn from(failure: &Failure) -> Self {
        Self {
            node: failure.node,
            what: failure.what.clone(),
            error: failure.error.to_string(),
            hint: failure.error.hint().to_string(),
        }
    }
}

/// On which side a column of the table stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A column of the table and of the CSV.
pub struct Column<R> {
    /// Its name in CSV; the table shows it in capitals.
    pub name: &'static str,
    /// Where it stands.
    pub side: Side,
    /// Its text; `None` is unknown, `?` in the table and empty in CSV.
    pub show: fn(&R) -> Option<String>,
}

/// The text of a known figure.
pub fn known(value: impl ToString) -> Option<String> {
    Some(value.to_string())
}

/// An item of the report: serialised as it is for JSON, and as rows for tables.
pub trait Item: Serialize {
    /// A row of the table.
    type Row: 'static;

    /// The columns of the rows of `items`.
    fn columns(items: &[Self]) -> &'static [Column<Self::Row>]
    where
        Self: Sized;

    /// Its rows.
    fn rows(&self) -> Vec<Self::Row>;
}

/// Everything a command found.
#[derive(Debug)]
pub struct Report<T> {
    /// The cluster.
    pub cluster: ClusterItem,
    /// What was asked for.
    pub items: Vec<T>,
    /// What could not be learned.
    pub failures: Vec<Failure>,
}

#[derive(Serialize)]
struct Body<'a, T: Serialize> {
    cluster: &'a ClusterItem,
    items: &'a [T],
    #[serde(serialize_with = "failure_items")]
    failures: &'a [Failure],
}

fn failure_items<S: Serializer>(failures: &&[Failure], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(failures.len()))?;
    for failure in *failures {
        list.serialize_element(&FailureItem::from(failure))?;
    }
    list.end()
}

#[derive(Serialize)]
struct Timed<'a, T: Serialize> {
    time: String,
    #[serde(flatten)]
    body: Body<'a, T>,
}

impl<T: Serialize> Report<T> {
    /// Writes the report as one of several lines of JSON, with the time it was told (milliseconds since the epoch).
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_timed(&self, out: &mut impl Write, told: i64) -> io::Result<()> {
        let timed = Timed {
            time: IsoUtc(told).to_string(),
            body: self.body(),
        };
        json::write(out, &timed)?;
        out.write_all(b"\n")
    }

    fn body(&self) -> Body<'_, T> {
        Body {
            cluster: &self.cluster,
            items: &self.items,
            failures: &self.failures,
        }
    }
}

impl<T: Item> Report<T> {
    /// Prints the report on stdout and, but for JSON, its failures on stderr; gives the exit code it stands for.
    ///
    /// # Errors
    /// When stdout cannot be written; a reader that went away is not an error.
    pub fn print(&self, output: OutputArgs) -> io::Result<Exit> {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let mut out = io::BufWriter::new(stdout.lock());
        let written = if output.json {
            self.write_json(&mut out)
        } else if output.csv {
            self.write_csv(&mut out, is_terminal)
        } else {
            self.write_table(&mut out)
        };
        match written.and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            other => other?,
        }
        if !output.json {
            self.complain();
        }
        Ok(self.exit())
    }

    fn exit(&self) -> Exit {
        match (self.failures.is_empty(), self.items.is_empty()) {
            (true, _) => Exit::Well,
            (false, true) => Exit::Nothing,
            (false, false) => Exit::Partial,
        }
    }

    fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        json::write(out, &self.body())?;
        out.write_all(b"\n")
    }

    fn write_csv(&self, out: &mut impl Write, is_terminal: bool) -> io::Result<()> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(out);
        writer.write_record(T::columns(&self.items).iter().map(|column| column.name))?;
        for row in self.items.iter().flat_map(Item::rows) {
            let cells = T::columns(&self.items).iter().map(|column| {
                let cell = (column.show)(&row).unwrap_or_default();
                // A file gets the bytes as they are; a terminal never does.
                if is_terminal {
                    text::visible(&cell).into_owned()
                } else {
                    cell
                }
            });
            writer.write_record(cells)?;
        }
        writer.flush()
    }

    fn write_table(&self, out: &mut impl Write) -> io::Result<()> {
        let columns = T::columns(&self.items);
        let titles = columns.iter().map(|column| title(column.name)).collect();
        let mut lines: Vec<Vec<String>> = vec![titles];
        for row in self.items.iter().flat_map(Item::rows) {
            let cells = columns
                .iter()
                .map(|column| (column.show)(&row).unwrap_or_else(|| "?".to_owned()));
            lines.push(cells.map(|cell| text::visible(&cell).into_owned()).collect());
        }
        let widths: Vec<usize> = (0..columns.len())
            .map(|column| lines.iter().map(|line| text::width(&line[column])).max().unwrap_or(0))
            .collect();
        for line in &lines {
            let mut shown = String::new();
            for ((cell, column), width) in line.iter().zip(columns).zip(&widths) {
                let blanks = " ".repeat(width - text::width(cell));
                let _ = match column.side {
                    Side::Left => write!(shown, "{cell}{blanks}  "),
                    Side::Right => write!(shown, "{blanks}{cell}  "),
                };
            }
            writeln!(out, "{}", shown.trim_end())?;
        }
        Ok(())
    }

    fn complain(&self) {
        let mut stderr = io::stderr().lock();
        for failure in &self.failures {
            // Nobody is left to tell when stderr is closed.
            let _ = writeln!(stderr, "{}", text::visible(&complaint(failure)));
        }
    }
}

/// One failure in a sentence: what could not be learned, unless the error names it already, why, and what to do.
pub fn complaint(failure: &Failure) -> String {
    let (error, hint) = (failure.error.to_string(), failure.error.hint());
    if error.contains(&failure.what) {
        format!("ktui: {error}. {hint}")
    } else {
        format!("ktui: {}: {error}. {hint}", failure.what)
    }
}

/// `offsetRange` is `OFFSET RANGE` in the table.
fn title(name: &str) -> String {
    let mut title = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            title.push(' ');
        }
        title.extend(c.to_uppercase());
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::error::Error;

    #[derive(Serialize)]
    struct Thing {
        name: &'static str,
        count: Option<i64>,
    }

    const COLUMNS: &[Column<(String, Option<i64>)>] = &[
        Column {
            name: "name",
            side: Side::Left,
            show: |row| Some(row.0.clone()),
        },
        Column {
            name: "offsetCount",
            side: Side::Right,
            show: |row| row.1.map(|count| count.to_string()),
        },
    ];

    impl Item for Thing {
        type Row = (String, Option<i64>);

        fn columns(_items: &[Self]) -> &'static [Column<Self::Row>] {
            COLUMNS
        }

        fn rows(&self) -> Vec<Self::Row> {
            vec![(self.name.to_owned(), self.count)]
        }
    }

    fn report(items: Vec<Thing>, failures: Vec<Failure>) -> Report<Thing> {
        Report {
            cluster: ClusterItem::new("prod", &Cluster::default()),
            items,
            failures,
        }
    }

    fn things() -> Vec<Thing> {
        vec![
            Thing {
                name: "a\u{1b}[31m",
                count: Some(1204),
            },
            Thing { name: "b", count: None },
        ]
    }

    #[test]
    fn a_table_is_aligned_and_shows_no_escape_of_the_cluster() {
        let mut out = Vec::new();
        report(things(), Vec::new()).write_table(&mut out).unwrap();
        let table = String::from_utf8(out).unwrap();
        assert!(!table.contains('\u{1b}'));
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "NAME    OFFSET COUNT");
        assert_eq!(lines[2], "b                  ?");
    }

    #[test]
    fn json_is_one_object_with_null_for_unknown() {
        let failure = Failure::of(BrokerId(2), "x", Error::Cancelled { what: "x".into() });
        let mut out = Vec::new();
        report(things(), vec![failure]).write_json(&mut out).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["cluster"]["name"], "prod");
        assert_eq!(value["items"][1]["count"], serde_json::Value::Null);
        assert_eq!(value["failures"][0]["node"], 2);
        assert!(value["failures"][0]["hint"].is_string());
    }

    #[test]
    fn csv_keeps_the_bytes_for_a_file_and_an_unknown_figure_is_empty() {
        let mut out = Vec::new();
        report(things(), Vec::new()).write_csv(&mut out, false).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "name,offsetCount\r\na\u{1b}[31m,1204\r\nb,\r\n"
        );
    }

    #[test]
    fn failures_decide_the_exit_code() {
        let failed = || vec![Failure::new("x", Error::Cancelled { what: "x".into() })];
        assert_eq!(report(Vec::new(), Vec::new()).exit(), Exit::Well);
        assert_eq!(report(things(), failed()).exit(), Exit::Partial);
        assert_eq!(report(Vec::new(), failed()).exit(), Exit::Nothing);
    }

    #[test]
    fn a_complaint_names_a_thing_once() {
        let unknown = Error::UnknownGroup {
            group: "billing".into(),
        };
        let said = complaint(&Failure::new("group billing", unknown.clone()));
        assert!(
            said.starts_with("ktui: group billing does not exist or is hidden. "),
            "{said}"
        );
        let said = complaint(&Failure::new("lag", unknown));
        assert!(said.starts_with("ktui: lag: group billing does not exist"), "{said}");
    }
}
