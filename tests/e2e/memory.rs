//! A large cluster fits into little memory.

use std::fs;

use ktui::sim::SimSpec;

use super::simulated::Cluster;

/// A figure of a process in kB.
fn figure(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn ten_thousand_topics_fit_into_little_memory() {
    let cluster = Cluster::start(SimSpec::scale(10_000, 1, 0));
    let mut terminal = cluster.ktui().run();
    terminal.wait_for("scale-00010").press("G").wait_for("scale-09999");
    // The program itself is in RssFile, which is another size in a debug build.
    let own = figure(terminal.pid(), "RssAnon:");
    assert!(own < 16 * 1024, "{own} kB");
    assert_eq!(
        figure(terminal.pid(), "THP_enabled:"),
        0,
        "memory is taken 2 MB at a time"
    );
}
