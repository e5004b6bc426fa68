//! A large cluster fits into little memory.

use std::fs;

use ktui::sim::SimSpec;

use super::simulated::Cluster;
use super::terminal::Start;

/// The API key of ListOffsets.
const LIST_OFFSETS: i16 = 2;

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

#[test]
fn what_is_watched_of_a_thousand_groups_stays_within_its_bound() {
    // 200,000 commits on 100,000 partitions: about 350 bytes for each, what was read included, and half as much room.
    let cluster = Cluster::start(SimSpec::scale(2_000, 50, 1_000));
    let mut terminal = Start::ktui(&["--brokers", &cluster.brokers, "--pane", "groups"]).run();
    terminal.wait_for("scale-group-0000").wait_for("4,900");
    // The pass over all groups asks for the end of every partition: 2,000 in a request.
    terminal.wait_until("the pass over all groups", |_| {
        cluster.handle.requests(LIST_OFFSETS) >= 50
    });
    terminal.press("G").wait_for("scale-group-0999").wait_for("4,900");
    let own = figure(terminal.pid(), "RssAnon:");
    assert!(own < 100 * 1024, "{own} kB");
}
