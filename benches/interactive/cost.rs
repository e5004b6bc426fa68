//! What lag costs the brokers: requests, connections, bytes. Nothing is timed here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::counts::{Counter, Counts};
use super::programs::{Bench, Program, run};
use super::table::{Aim, Row, Unit};
use super::terminal::Terminal;
use super::work::{is_sorted, java_lags, kcl_lags};

const MINUTE: Duration = Duration::from_secs(60);
/// A line of ktui's log for each request it sends.
const LOGGED: &str = "client::connection: request peer=";

const PRINTED: &str = "`ktui lag --json`";
const SORTED: &str = "Groups pane, until sorted";
const WATCHED: &str = "`ktui lag --watch`, first minute";
const OPEN: &str = "Groups pane, first minute";

/// One program's way to look at lag.
struct Cost {
    program: Program,
    what: &'static str,
    counts: Counts,
    /// Requests by ktui's own log.
    own: Option<usize>,
}

/// All ways, in the order of the columns.
pub struct Costs(Vec<Cost>);

/// Counts what lag costs, one program after the other.
pub fn count(bench: &Bench) -> Costs {
    let mut counter = Counter::start(bench);
    let mut costs = vec![
        of_ktui(bench, &mut counter, PRINTED, &["lag", "--json"], run_once),
        of_ktui(bench, &mut counter, SORTED, &["--pane", "groups"], |words| {
            Terminal::start(words).wait_until("the groups", is_sorted).unwrap();
        }),
    ];
    for (program, what, words) in [
        (Program::Kcl, "`kcl group describe`", kcl_lags(bench)),
        (Program::Java, "ConsumerGroupCommand", java_lags(bench)),
    ] {
        if bench.has(program) {
            costs.push(Cost {
                program,
                what,
                counts: counter.during(|| run_once(&words)),
                own: None,
            });
        }
    }
    costs.push(of_ktui(bench, &mut counter, WATCHED, &["lag", "--watch"], watch));
    costs.push(of_ktui(bench, &mut counter, OPEN, &["--pane", "groups"], |words| {
        Terminal::start(words).bytes_in(MINUTE);
    }));
    Costs(costs)
}

fn of_ktui(
    bench: &Bench,
    counter: &mut Counter,
    what: &'static str,
    args: &[&str],
    work: impl FnOnce(&[String]),
) -> Cost {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let words = bench.ktui(&[args, &["--log", log.to_str().unwrap()]].concat());
    let counts = counter.during(|| work(&words));
    let logged = fs::read_to_string(log).unwrap();
    Cost {
        program: Program::Ktui,
        what,
        counts,
        own: Some(logged.lines().filter(|line| line.contains(LOGGED)).count()),
    }
}

fn run_once(words: &[String]) {
    run(words).unwrap_or_else(|problem| panic!("{problem}"));
}

fn watch(words: &[String]) {
    let mut program = Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(MINUTE);
    assert!(program.try_wait().unwrap().is_none(), "the watch has ended by itself");
    program.kill().unwrap();
    program.wait().unwrap();
}

impl Costs {
    /// The rows for the table of all that is compared.
    pub fn rows(&self) -> Vec<Row> {
        let peers = || self.0.iter().filter(|cost| cost.program != Program::Ktui);
        let ours = |what| self.0.iter().find(|cost| cost.what == what).unwrap();
        let beside_peers = |work: &str, what| Row {
            work: work.to_owned(),
            unit: Unit::Count,
            figures: peers()
                .chain([ours(what)])
                .map(|cost| (cost.program, cost.counts.total() as f64))
                .collect::<BTreeMap<_, _>>(),
            aim: Aim::Peer(Program::Kcl, 1.0, 0.0),
        };
        let of_minute = |what| {
            let counts = &ours(what).counts;
            let (requests, bytes) = (counts.total() as f64, counts.bytes as f64 / 1e6);
            [
                Row::of_ktui(&format!("{what}: requests"), Unit::Count, requests, Aim::Nothing),
                Row::of_ktui("the same, bytes both ways", Unit::MegaBytes, bytes, Aim::Nothing),
            ]
        };
        let mut rows = vec![
            beside_peers("requests for every lag printed", PRINTED),
            beside_peers("requests until the Groups pane has all of them sorted", SORTED),
        ];
        rows.extend(of_minute(WATCHED));
        rows.extend(of_minute(OPEN));
        rows
    }

    /// Prints what was asked, by the name of the request.
    pub fn print(&self) {
        let print = |name: &str, of: &dyn Fn(&Cost) -> String| {
            let cells: Vec<_> = self.0.iter().map(of).collect();
            println!("| {name} | {} |", cells.join(" | "));
        };
        let names: BTreeSet<&String> = self.0.iter().flat_map(|cost| cost.counts.requests.keys()).collect();
        print("request", &|cost| cost.what.to_owned());
        println!("|---|{}", "---|".repeat(self.0.len()));
        for name in names {
            print(name, &|cost| {
                let count = cost.counts.requests.get(name);
                count.map_or_else(String::new, ToString::to_string)
            });
        }
        print("all", &|cost| cost.counts.total().to_string());
        print("by ktui's own log", &|cost| {
            cost.own.map_or_else(String::new, |own| own.to_string())
        });
        print("connections", &|cost| cost.counts.connections.to_string());
        print("MB both ways", &|cost| format!("{:.2}", cost.counts.bytes as f64 / 1e6));
    }
}
