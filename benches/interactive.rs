//! How ktui feels beside its peers: start, lag of many groups, newest records, bytes, delay of a key, memory.
//! `benches/interactive.sh` makes the cluster and what is in it and runs this; benches/README.md says how it is measured.
//!
//! ```text
//! cargo bench --bench interactive -- BOOTSTRAP FOLDER
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench fails by panicking and measures real time"
)]

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

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let [brokers, folder] = &words[..] else {
        eprintln!("usage: cargo bench --bench interactive -- BOOTSTRAP FOLDER (benches/interactive.sh makes both)");
        return;
    };
    let bench = Bench::new(brokers.clone(), folder.clone());
    table::print_head();
    let rows: [fn(&Bench) -> Vec<table::Row>; 8] = [
        work::first_list,
        work::all_topics,
        work::all_lags,
        work::newest_records,
        screens::idle,
        screens::keys,
        screens::memory,
        screens::simulated,
    ];
    for measure in rows {
        measure(&bench).iter().for_each(table::print);
    }
}
