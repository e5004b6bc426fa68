//! Offsets of a group are moved from the screen, with keys.

use ktui::sim::batch::Record;
use ktui::sim::{GroupSpec, SimSpec, TopicSpec};

use super::simulated::Cluster;

fn committed(cluster: &Cluster) -> i64 {
    cluster
        .handle
        .look(|state| state.groups[&b"billing"[..]].commits.values().next().unwrap()[&0].offset)
}

#[test]
fn keys_move_offsets_once_the_cluster_and_the_group_were_named() {
    let records = (0..10).map(|n| Record::value(format!("record {n}")));
    let cluster = Cluster::start(
        SimSpec::small()
            .add_topic(TopicSpec::new("orders", 1).replication(3).records(0, records))
            .add_group(GroupSpec::classic("billing").commit("orders", 0, 8)),
    );
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
