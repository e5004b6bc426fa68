//! Rows about how long a piece of work takes.

use std::time::Duration;

use super::programs::{Bench, Program, run};
use super::table::{Aim, Contestant, Row, Unit, in_turns};
use super::terminal::Terminal;

/// The first topic of every list, and the one with records; benches/Scale.java makes them.
pub const NEWEST: &str = "aa-newest";
/// The end of the keys of its newest records.
const RECORD: &str = "-9999 ";
/// The lag of the five groups that are furthest behind: 99 + 98 + ... + 40, as Scale.java commits.
const WORST_LAG: &str = "4,170";

const ROUNDS: usize = 15;
/// Of programs that take seconds.
const FEW_ROUNDS: usize = 3;

/// Whether the list of topics is on screen.
pub fn lists_topics(text: &str) -> bool {
    text.contains(NEWEST) && text.contains("scale-00010")
}

/// The contestants that are here.
fn present<'a>(bench: &Bench, all: Vec<Contestant<'a>>) -> Vec<Contestant<'a>> {
    all.into_iter().filter(|one| bench.has(one.program)).collect()
}

fn command<'a>(program: Program, rounds: usize, words: Vec<String>) -> Contestant<'a> {
    Contestant {
        program,
        rounds,
        run: Box::new(move || run(&words)),
    }
}

fn screen<'a>(
    program: Program,
    rounds: usize,
    words: Vec<String>,
    is_there: impl Fn(&str) -> bool + 'a,
) -> Contestant<'a> {
    Contestant {
        program,
        rounds,
        run: Box::new(move || Terminal::start(&words).wait_until("the list", &is_there)),
    }
}

/// Process start to the list of 10,000 topics on screen, or the end of a program that prints it.
pub fn first_list(bench: &Bench) -> Vec<Row> {
    let contestants = vec![
        screen(Program::Ktui, ROUNDS, bench.ktui(&[]), lists_topics),
        command(Program::Kcat, ROUNDS, bench.kcat(&["-L"])),
        command(Program::Kcl, ROUNDS, bench.kcl(&["topic", "list"])),
        command(Program::Java, FEW_ROUNDS, bench.java("TopicCommand", &["--list"])),
        screen(Program::KafkaTui, FEW_ROUNDS, bench.kafka_tui(), lists_topics),
    ];
    vec![Row {
        work: "start to the list of 10,000 topics".to_owned(),
        unit: Unit::Seconds,
        figures: in_turns(present(bench, contestants)),
        aim: Aim::Peer(Program::Kcat, 1.5, 0.05),
    }]
}

/// All topics printed with their offsets and settings.
pub fn all_topics(bench: &Bench) -> Vec<Row> {
    let contestants = vec![
        command(Program::Ktui, ROUNDS, bench.ktui(&["topics"])),
        command(Program::Java, FEW_ROUNDS, bench.java("TopicCommand", &["--describe"])),
    ];
    vec![Row {
        work: "`ktui topics`: with settings, and offsets beyond what the peer prints".to_owned(),
        unit: Unit::Seconds,
        figures: in_turns(present(bench, contestants)),
        aim: Aim::Nothing,
    }]
}

/// Whether the Groups pane shows the groups that are furthest behind.
pub fn is_sorted(text: &str) -> bool {
    text.matches(WORST_LAG).count() == 5
}

/// kcl's words for the lag of all groups.
pub fn kcl_lags(bench: &Bench) -> Vec<String> {
    bench.kcl(&["group", "describe"])
}

/// The words for it of Kafka's own tool.
pub fn java_lags(bench: &Bench) -> Vec<String> {
    bench.java("consumer.group.ConsumerGroupCommand", &["--all-groups", "--describe"])
}

/// The lag of 500 groups on 60 partitions each.
pub fn all_lags(bench: &Bench) -> Vec<Row> {
    let kcl = || command(Program::Kcl, ROUNDS, kcl_lags(bench));
    let java = || command(Program::Java, FEW_ROUNDS, java_lags(bench));
    let printed = vec![
        command(Program::Ktui, ROUNDS, bench.ktui(&["lag", "--json"])),
        kcl(),
        java(),
    ];
    let shown = vec![
        screen(Program::Ktui, ROUNDS, bench.ktui(&["--pane", "groups"]), is_sorted),
        kcl(),
        java(),
    ];
    [
        ("500 groups x 60 partitions, every lag printed", printed),
        (
            "the same, from the start to the Groups pane with all of them sorted",
            shown,
        ),
    ]
    .map(|(work, contestants)| Row {
        work: work.to_owned(),
        unit: Unit::Seconds,
        figures: in_turns(present(bench, contestants)),
        aim: Aim::Peer(Program::Kcl, 1.0, 0.0),
    })
    .into()
}

/// From the list of topics to the newest records of one.
pub fn newest_records(bench: &Bench) -> Vec<Row> {
    let contestants = vec![
        newest_of(Program::Ktui, bench.ktui(&[]), "m"),
        newest_of(Program::KafkaTui, bench.kafka_tui(), "\r"),
    ];
    vec![Row {
        work: "key to the newest records of a topic of 12 partitions".to_owned(),
        unit: Unit::Seconds,
        figures: in_turns(present(bench, contestants)),
        aim: Aim::Peer(Program::KafkaTui, 1.0, 0.0),
    }]
}

fn newest_of(program: Program, words: Vec<String>, key: &str) -> Contestant<'_> {
    Contestant {
        program,
        rounds: 7,
        run: Box::new(move || {
            let mut terminal = Terminal::start(&words);
            terminal.wait_until("the list", lists_topics)?;
            terminal.settle(Duration::from_millis(500));
            terminal.press_until(key, "the records", |text| text.contains(RECORD))
        }),
    }
}
