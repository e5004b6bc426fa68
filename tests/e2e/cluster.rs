//! What the screen says about a cluster that works, limps, or is not there.

use std::net::TcpListener;

use ktui::sim::{SimSpec, TopicSpec};

use super::simulated::Cluster;
use super::terminal::Start;

fn three_brokers() -> Cluster {
    Cluster::start(
        SimSpec::small()
            .brokers(3)
            .add_topic(TopicSpec::new("orders", 6).replication(3)),
    )
}

#[test]
fn a_whole_cluster_reads_live() {
    let cluster = three_brokers();
    let mut terminal = cluster.ktui().run();
    terminal.wait_for("orders").wait_for("live");
    let health = terminal.row(0);
    assert!(
        health.contains("3/3 brokers") && health.contains("URP 0") && health.contains("offline 0"),
        "{health}"
    );
    assert!(
        health.contains(cluster.brokers.split(',').next().unwrap()),
        "it goes by its first address: {health}"
    );
    terminal.assert_asked_nothing();
}

#[test]
fn a_dead_broker_is_named_and_its_return_too() {
    let cluster = three_brokers();
    let mut terminal = cluster.ktui().run();
    terminal.wait_for("orders").wait_for("live");
    cluster.handle.kill_broker(2);
    terminal.wait_until("the guilty and what it leaves behind", |text| {
        text.contains("broker 2 missing: ") && text.contains(" partitions under-replicated")
    });
    assert!(terminal.text().contains("orders"), "the rows stay");
    cluster.restart(2);
    terminal.wait_for("3/3 brokers").wait_for("URP 0");
}

#[test]
fn no_broker_in_reach_says_what_came_of_each_address_and_tries_again() {
    // Two ports that nobody listens on any more.
    let dead: Vec<String> = (0..2)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect::<Vec<_>>()
        .iter()
        .map(|listener| listener.local_addr().unwrap().to_string())
        .collect();
    let mut terminal = Start::ktui(&["-b", &dead.join(",")]).run();
    terminal.wait_for("Could not connect to any of 2 addresses");
    terminal.wait_for("not connected").wait_for("Trying again");
    for address in &dead {
        terminal.wait_until("the outcome of each", |text| {
            text.lines()
                .any(|line| line.contains(address) && line.contains("refused"))
        });
    }
    assert!(terminal.text().contains("Hint: "), "{}", terminal.text());
}

#[test]
fn a_cluster_that_comes_up_later_is_found() {
    let cluster = three_brokers();
    for broker in [1, 2, 3] {
        cluster.handle.kill_broker(broker);
    }
    let mut terminal = cluster.ktui().run();
    terminal.wait_for("Could not connect to any of 3 addresses");
    for broker in [1, 2, 3] {
        cluster.restart(broker);
    }
    terminal.wait_for("orders").wait_for("live");
}

#[test]
fn a_lost_cluster_keeps_its_rows_and_their_age() {
    let cluster = three_brokers();
    let mut terminal = cluster.ktui().run();
    terminal.wait_for("orders").wait_for("live");
    for broker in [1, 2, 3] {
        cluster.handle.kill_broker(broker);
    }
    terminal
        .wait_for("connection lost")
        .wait_for("stale")
        .wait_for("orders");
    for broker in [1, 2, 3] {
        cluster.restart(broker);
    }
    terminal.wait_until("its return", |text| text.contains("live") && !text.contains("lost"));
}
