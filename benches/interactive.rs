//! How ktui feels beside its peers: start, lag of many groups, newest records, bytes, delay of a key, memory.
//! `benches/interactive.sh` makes the cluster and what is in it and runs this; benches/README.md says how it is measured.
//!
//! ```text
//! cargo bench --bench interactive -- BOOTSTRAP FOLDER [lag]
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench fails by panicking and measures real time"
)]

#[path = "interactive/cost.rs"]
mod cost;
#[path = "interactive/counts.rs"]
mod counts;
#[path = "interactive/programs.rs"]
mod programs;
#[path = "interactive/screens.rs"]
mod screens;
#[path = "interactive/table.rs"]
mod table;
#[path = "interactive/terminal.rs"]
mod terminal;
#[path = "interactive/work.rs"]
mod work;

use programs::Bench;

type Measure = fn(&Bench) -> Vec<table::Row>;

const ALL: [Measure; 8] = [
    work::first_list,
    work::all_topics,
    work::all_lags,
    work::newest_records,
    screens::idle,
    screens::keys,
    screens::memory,
    screens::simulated,
];

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let (brokers, folder, rows): (_, _, &[Measure]) = match &words[..] {
        [brokers, folder] => (brokers, folder, &ALL),
        [brokers, folder, only] if only == "lag" => (brokers, folder, &[work::all_lags]),
        _ => {
            eprintln!(
                "usage: cargo bench --bench interactive -- BOOTSTRAP FOLDER [lag] (benches/interactive.sh makes both)"
            );
            return;
        }
    };
    let bench = Bench::new(brokers.clone(), folder.clone());
    table::print_head();
    for measure in rows {
        measure(&bench).iter().for_each(table::print);
    }
    // Last: counting slows the brokers down.
    let costs = cost::count(&bench);
    costs.rows().iter().for_each(table::print);
    println!();
    costs.print();
}
