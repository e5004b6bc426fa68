//! Rows about a program that is on screen: bytes, delay of a key, memory.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use ktui::sim::{SimCluster, SimSpec};

use super::programs::{Bench, Program};
use super::table::{Aim, Row, Unit, quantile};
use super::terminal::Terminal;
use super::work::lists_topics;

const IDLE: Duration = Duration::from_secs(10);
const STEPS: usize = 40;
const KEYS: usize = 200;
/// A screen is settled when nothing was written for so long after a key.
const QUIET: Duration = Duration::from_millis(60);

/// The programs with a screen that are here, each with the list of topics on it and nothing more to come.
fn opened(bench: &Bench) -> impl Iterator<Item = (Program, Terminal)> {
    [(Program::Ktui, bench.ktui(&[])), (Program::KafkaTui, bench.kafka_tui())]
        .into_iter()
        .filter(|(program, _)| bench.has(*program))
        .filter_map(|(program, words)| {
            let mut terminal = Terminal::start(&words);
            match terminal.wait_until("the list", lists_topics) {
                // Rates need a second answer, 5 s after the first.
                Ok(_) => terminal.settle(Duration::from_secs(7)),
                Err(problem) => {
                    eprintln!("{program}: {problem}");
                    return None;
                }
            }
            Some((program, terminal))
        })
}

/// Bytes while nothing happens.
pub fn idle(bench: &Bench) -> Vec<Row> {
    vec![Row {
        work: "bytes written in 10 idle seconds".to_owned(),
        unit: Unit::Bytes,
        figures: opened(bench)
            .map(|(program, mut terminal)| (program, terminal.bytes_in(IDLE) as f64))
            .collect(),
        aim: Aim::AtMost(0.0),
    }]
}

/// Cursor steps down the list: bytes of each, and the delay to the first of them.
pub fn keys(bench: &Bench) -> Vec<Row> {
    let (mut bytes, mut median, mut slowest) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (program, mut terminal) in opened(bench) {
        let steps: Vec<_> = (0..KEYS)
            .map(|number| {
                // Keys out of step with any timer in the program.
                terminal.press_and_settle("j", QUIET + Duration::from_micros(number as u64 % 7 * 1_100))
            })
            .collect();
        let written = steps[..STEPS].iter().map(|(_, bytes)| *bytes as f64).collect();
        let delays: Vec<f64> = steps
            .iter()
            .filter_map(|(first, _)| Some(first.as_ref()?.as_secs_f64()))
            .collect();
        bytes.insert(program, quantile(written, 0.5));
        median.insert(program, quantile(delays.clone(), 0.5));
        slowest.insert(program, quantile(delays, 0.97));
    }
    [
        (
            "bytes of a cursor step at 120x40, median of 40",
            Unit::Bytes,
            bytes,
            200.0,
        ),
        (
            "key to first byte, median of 200 cursor steps",
            Unit::Seconds,
            median,
            0.002,
        ),
        ("key to first byte, 97th percentile", Unit::Seconds, slowest, 0.010),
    ]
    .map(|(work, unit, figures, limit)| Row {
        work: work.to_owned(),
        unit,
        figures,
        aim: Aim::AtMost(limit),
    })
    .into()
}

/// Memory with 10,000 topics on a real cluster, now and at most, after a walk through the list.
pub fn memory(bench: &Bench) -> Vec<Row> {
    let (mut most, mut now) = (BTreeMap::new(), BTreeMap::new());
    for (program, mut terminal) in opened(bench) {
        walk(&mut terminal);
        most.insert(program, megabytes(terminal.pid(), "VmHWM"));
        now.insert(program, megabytes(terminal.pid(), "VmRSS"));
    }
    [
        ("memory at 10,000 topics of 1 partition, at most", most),
        ("the same, after 7 s at rest", now),
    ]
    .map(|(work, figures)| Row {
        work: work.to_owned(),
        unit: Unit::MegaBytes,
        figures,
        aim: Aim::AtMost(25.0),
    })
    .into()
}

/// Memory with ten times the partitions, on a simulated cluster in this process; and the size of the program.
pub fn simulated(_: &Bench) -> Vec<Row> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cluster = runtime
        .block_on(SimCluster::start(SimSpec::scale(10_000, 10, 0)))
        .unwrap();
    let brokers: Vec<String> = cluster.bootstrap().iter().map(ToString::to_string).collect();
    let program = env!("CARGO_BIN_EXE_ktui");
    let words = [program, "-b", &brokers.join(",")].map(ToOwned::to_owned);
    let mut terminal = Terminal::start(&words);
    terminal
        .wait_until("the list", |text| text.contains("scale-00010"))
        .unwrap_or_else(|problem| panic!("{problem}"));
    terminal.settle(Duration::from_secs(7));
    walk(&mut terminal);
    let most = megabytes(terminal.pid(), "VmHWM");
    let size = fs::metadata(program).unwrap().len() as f64 / 1e6;
    vec![
        Row::of_ktui(
            "memory at 10,000 topics of 10 partitions (simulated), at most",
            Unit::MegaBytes,
            most,
            Aim::AtMost(60.0),
        ),
        Row::of_ktui("size of the program", Unit::MegaBytes, size, Aim::AtMost(15.0)),
    ]
}

/// To the end of the list and back.
fn walk(terminal: &mut Terminal) {
    for key in ["G", "g"] {
        terminal.press(key);
        terminal.settle(Duration::from_secs(1));
    }
    terminal.settle(Duration::from_secs(7));
}

/// A figure of a process's memory as the kernel counts it, in MB of 1,000,000 bytes.
fn megabytes(pid: u32, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024.0 / 1e6
}
