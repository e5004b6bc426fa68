//! Messages and records, from the sockets to the screen.

use ktui::sim::batch::Record;
use ktui::sim::{SimSpec, TopicSpec};

use super::simulated::Cluster;
use super::terminal::Terminal;

/// A topic of three partitions on three brokers, a record in each.
fn orders() -> Cluster {
    let record = |partition: i32| {
        Record::value(format!(r#"{{"id":{partition},"price":1.10}}"#))
            .key(format!("order-{partition}"))
            .header("retry", None)
            .at(1_795_000_000_000 + i64::from(partition))
    };
    let topic = TopicSpec::new("orders", 3)
        .replicas(vec![vec![1], vec![2], vec![3]])
        .records(0, [record(0)])
        .records(1, [record(1)])
        .records(2, [record(2)]);
    Cluster::start(SimSpec::small().brokers(3).add_topic(topic))
}

fn messages(cluster: &Cluster) -> Terminal {
    let mut terminal = cluster.ktui().run();
    terminal.wait_for("orders").press("m");
    terminal.wait_for("order-0").wait_for("order-1").wait_for("order-2");
    terminal
}

fn append(cluster: &Cluster, partition: i32, value: &str) {
    // The cluster's own clock stands still.
    let record = Record::value(value.to_owned()).at(jiff::Timestamp::now().as_millisecond());
    cluster.handle.append("orders", partition, [record]).unwrap();
}

#[test]
fn new_records_arrive_at_the_bottom_and_a_pause_counts_them() {
    let cluster = orders();
    let mut terminal = messages(&cluster);
    append(&cluster, 1, "the first new one");
    terminal.wait_until("the cursor to follow", |text| {
        text.lines()
            .any(|line| line.contains('▸') && line.contains("the first new one"))
    });
    terminal.press("k").wait_for("paused · 0 new");
    append(&cluster, 2, "the second new one");
    append(&cluster, 0, "the third new one");
    terminal.wait_for("paused · 2 new");
    terminal.press("G").wait_for("following");
    terminal.wait_until("the cursor at the newest", |text| {
        text.lines().any(|line| line.contains('▸') && line.contains("new one"))
    });
}

#[test]
fn a_record_is_shown_whole_and_the_next_one_too() {
    let cluster = orders();
    let mut terminal = messages(&cluster);
    terminal
        .press("g\r")
        .wait_for("orders/0@0")
        .wait_for("\"price\": 1.10")
        .wait_for("∅ null");
    terminal.press("vvv").wait_for("hex (chosen)").wait_for("7b 22 69 64");
    terminal.press("J").wait_for("orders/1@0");
    terminal.press("\x1b").wait_until("the list", |text| {
        text.lines().any(|line| line.contains('▸') && line.contains("order-1"))
    });
}

#[test]
fn a_dead_broker_takes_only_its_partition_and_comes_back_by_itself() {
    let cluster = orders();
    let mut terminal = messages(&cluster);
    cluster.handle.kill_broker(2);
    terminal.wait_for("not read: ");
    append(&cluster, 0, "the others go on");
    terminal.wait_for("the others go on").wait_for("order-1");
    cluster.restart(2);
    append(&cluster, 1, "back again");
    terminal
        .wait_for("back again")
        .wait_until("nothing to complain about", |text| !text.contains("not read: "));
}

#[test]
fn a_lost_cluster_keeps_the_rows_and_is_read_again_by_itself() {
    let cluster = orders();
    let mut terminal = messages(&cluster);
    for broker in [1, 2, 3] {
        cluster.handle.kill_broker(broker);
    }
    terminal.wait_for("connection lost").wait_for("order-0");
    for broker in [1, 2, 3] {
        cluster.restart(broker);
    }
    append(&cluster, 0, "after the night");
    terminal.wait_for("after the night");
}

#[test]
fn seeking_goes_by_offset_and_by_time() {
    let cluster = orders();
    (1..=100).for_each(|number| append(&cluster, 0, &format!("value {number}")));
    let mut terminal = messages_with(&cluster, "value 100");
    terminal
        .press("t0@42\r")
        .wait_for("partition 0 of 3")
        .wait_until("the record", |text| {
            text.lines().any(|line| line.contains('▸') && line.contains("value 42"))
        });
    terminal
        .press("t")
        .wait_for("go to")
        .press("-1h\r")
        .wait_for("value 1 ");
    assert!(!terminal.text().contains("order-0"), "that one is older");
    terminal.press("tnever\r").wait_for("cannot go to never");
    terminal.press("\x1b").wait_for("value 1 ");
}

fn messages_with(cluster: &Cluster, text: &str) -> Terminal {
    let mut terminal = cluster.ktui().run();
    terminal.wait_for("orders").press("m");
    terminal.wait_for(text);
    terminal
}

#[test]
fn a_topic_that_gets_nothing_costs_no_byte_while_it_is_followed() {
    let cluster = orders();
    let mut terminal = messages(&cluster);
    terminal.wait_for("following ▶ 0/s").wait_for("live");
    // Fetch requests come back empty all the time.
    let fetches = || cluster.handle.requests(1);
    let (written, asked) = (terminal.bytes().len(), fetches());
    terminal.read_while(|| fetches() < asked + 12);
    let more = String::from_utf8_lossy(&terminal.bytes()[written..]).into_owned();
    assert!(more.is_empty(), "twelve empty fetches wrote {more:?}");
}
