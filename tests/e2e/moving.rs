//! Groups are changed from the screen, with keys: offsets are moved, a group is deleted and comes back.

use ktui::sim::batch::Record;
use ktui::sim::{GroupSpec, SimSpec, TopicSpec};

use super::simulated::Cluster;
use super::terminal::Start;

fn found(cluster: &Cluster) -> Option<i64> {
    cluster.handle.look(|state| {
        let group = state.groups.get(&b"billing"[..])?;
        Some(group.commits.values().next()?.get(&0)?.offset)
    })
}

fn committed(cluster: &Cluster) -> i64 {
    found(cluster).expect("the group has a commit")
}

fn cluster() -> Cluster {
    let records = (0..10).map(|n| Record::value(format!("record {n}")));
    Cluster::start(
        SimSpec::small()
            .add_topic(TopicSpec::new("orders", 1).replication(3).records(0, records))
            .add_group(GroupSpec::classic("billing").commit("orders", 0, 8)),
    )
}

#[test]
fn keys_move_offsets_once_the_cluster_and_the_group_were_named() {
    let cluster = cluster();
    let name = cluster.brokers.split(',').next().unwrap().to_owned();
    let mut terminal = cluster.ktui().run();
    terminal.wait_for("orders").press("4").wait_for("billing").press("O");
    terminal.wait_for("Move offsets of billing").press("\r");
    terminal.wait_for("replays 8 records").wait_for("record 0");
    terminal.wait_for("Locked: nothing is sent");
    terminal
        .press("W")
        .wait_for("type the cluster's name")
        .press(&name)
        .press("\r");
    terminal
        .wait_for("Type the group's name to apply")
        .press("billin")
        .press("\r");
    terminal.wait_for("nothing was sent: this is not billing");
    assert_eq!(committed(&cluster), 8);
    terminal
        .press("g\r")
        .wait_for("verified: replays 8 records")
        .wait_for("ktui undo ");
    assert_eq!(committed(&cluster), 0);
    let undo = terminal.home().join(".local/state/ktui/undo");
    assert_ne!(std::fs::read_dir(undo).unwrap().count(), 0, "it can be taken back");
    terminal.press("qq");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn a_group_is_deleted_with_keys_and_comes_back_with_keys() {
    let cluster = cluster();
    let mut terminal = Start::ktui(&["--brokers", &cluster.brokers, "--allow-writes"]).run();
    terminal.wait_for("orders").press("4").wait_for("billing").press("c");
    terminal.wait_for("Change group billing").press("2");
    terminal.wait_for("with a lag of 2").press("bill\r");
    terminal.wait_for("nothing was sent: this is not billing");
    assert_eq!(committed(&cluster), 8);
    terminal.press("ing\r").wait_for("verified: forgets the commit");
    assert_eq!(found(&cluster), None, "the group is gone");
    terminal
        .press("q")
        .wait_until("the box to leave", |text| !text.contains("verified: "))
        .press("X")
        .wait_for("u undo")
        .press("u");
    terminal
        .wait_for("Undo a change")
        .wait_for("with 1 offset, by")
        .press("\r");
    terminal.wait_for("The group does not exist: this commit makes it.");
    terminal.press("billing\r").wait_for("verified: first commit");
    assert_eq!(committed(&cluster), 8);
    terminal.press("qqq");
    assert_eq!(terminal.exit_code(), 0);
}
