//! `ktui lag --watch` and `--until` on a simulated cluster.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use ktui::sim::batch::{Batch, Marker, Record};
use ktui::sim::{SimSpec, TopicSpec};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::simulated::Cluster;
use super::terminal::{KTUI, PATIENCE, Start, Terminal, now, plain};

const OFFSET_FETCH: i16 = 9;

fn records(count: usize) -> Vec<Record> {
    (0..count).map(|index| Record::value(format!("v{index}"))).collect()
}

/// `billing` has 4 records to go on each of the two partitions of `orders`.
fn cluster() -> Cluster {
    let orders = TopicSpec::new("orders", 2)
        .records(0, records(10))
        .records(1, records(10));
    Cluster::start(
        SimSpec::small()
            .add_topic(orders)
            .group_at("billing", "orders", &[6, 6]),
    )
}

fn ktui(cluster: &Cluster, args: &[&str]) -> (i32, String, String) {
    plain(&[&["-b", &cluster.brokers, "lag"], args].concat())
}

fn on_a_terminal(cluster: &Cluster, args: &[&str]) -> Terminal {
    Start::ktui(&[&["-b", cluster.brokers.as_str(), "lag"], args].concat()).run()
}

#[test]
fn a_lag_that_is_small_enough_ends_with_0_and_one_line() {
    let cluster = cluster();
    let found = ktui(&cluster, &["--until", "8", "billing"]);
    assert_eq!(found, (0, "reached: billing 8\n".to_owned(), String::new()));
    let (code, out, err) = ktui(&cluster, &["--until", "8", "billing", "--json"]);
    let line: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, err.as_str(), &line["items"][0]["waiting"]), (0, "", &json!(8)));
}

#[test]
fn it_waits_until_the_group_has_come_so_far() {
    let cluster = cluster();
    let child = Command::new(KTUI)
        .args([
            "-b",
            &cluster.brokers,
            "lag",
            "--watch=200ms",
            "--until",
            "0",
            "billing",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let end = now() + PATIENCE;
    while cluster.handle.requests(OFFSET_FETCH) < 2 {
        assert!(now() < end, "it does not look twice");
        std::thread::yield_now();
    }
    for partition in [0, 1] {
        cluster.handle.commit("billing", "orders", partition, 10);
    }
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let waiting = |line: &str| serde_json::from_str::<Value>(line).unwrap()["items"][0]["waiting"].clone();
    let figures: Vec<Value> = text.lines().map(waiting).collect();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(
        (figures.first(), figures.last()),
        (Some(&json!(8)), Some(&json!(0))),
        "{text}"
    );
}

#[test]
fn when_the_time_is_over_it_ends_with_4_and_says_what_is_left() {
    let cluster = cluster();
    let found = ktui(&cluster, &["--until", "7", "--timeout", "1", "billing"]);
    let said = "not at or under 7 after 1 s: billing 8\n";
    assert_eq!(found, (4, said.to_owned(), String::new()));
}

#[test]
fn a_lag_that_is_known_in_part_does_not_count_as_reached() {
    let cluster = cluster();
    cluster.handle.take_leader("orders", 1);
    let (code, out, _) = ktui(&cluster, &["--until", "1000000", "--timeout", "2", "billing"]);
    assert_eq!(code, 4, "{out}");
    assert!(out.contains("billing unknown (1 of 2 partitions: no leader)"), "{out}");
}

#[test]
fn a_group_that_does_not_exist_ends_with_1_also_beside_one_that_does() {
    let cluster = cluster();
    for groups in [&["no-such-group"][..], &["billing", "no-such-group"]] {
        let (code, out, err) = ktui(&cluster, &[&["--until", "1000"], groups].concat());
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.contains("group no-such-group does not exist"), "{err}");
    }
    let (code, _, err) = ktui(&cluster, &["--watch", "no-such-group", "--json"]);
    assert_eq!(code, 1, "{err}");
}

#[test]
fn without_a_group_there_is_nothing_to_wait_for() {
    let (code, out, err) = plain(&["-b", "127.0.0.1:1", "lag", "--until", "5"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("<GROUP>..."), "{err}");
}

#[test]
fn without_a_broker_it_ends_with_1_at_once() {
    let (code, out, err) = plain(&["-b", "127.0.0.1:1", "lag", "--until", "5", "billing"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with("ktui: could not connect to "), "{err}");
}

#[test]
fn markers_alone_are_nothing_to_wait_for() {
    let orders = TopicSpec::new("orders", 1)
        .batch(0, Batch::of(records(3)).transactional(7))
        .batch(0, Batch::marker(7, Marker::Commit));
    let cluster = Cluster::start(SimSpec::small().add_topic(orders).group_at("billing", "orders", &[3]));
    let (code, out, err) = ktui(&cluster, &["--until", "0", "--timeout", "5", "--json", "billing"]);
    assert_eq!(code, 0, "{out}{err}");
    let line: Value = serde_json::from_str(&out).unwrap();
    let partition = &line["items"][0]["partitions"][0];
    assert_eq!((&partition["lag"], &partition["waiting"]), (&json!(1), &json!(0)));
    assert_eq!(partition["verdict"], "ok");
}

#[test]
fn in_a_pipe_each_look_is_a_line_and_the_end_of_the_pipe_is_the_end() {
    let cluster = cluster();
    let mut child = Command::new(KTUI)
        .args(["-b", &cluster.brokers, "lag", "--watch=200ms"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let looks: Vec<Value> = (0..2)
        .map(|_| serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap())
        .collect();
    drop(lines);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    assert!(looks[0]["time"].as_str() < looks[1]["time"].as_str(), "{looks:?}");
    let group = &looks[1]["items"][0];
    assert_eq!((&group["group"], &group["waiting"]), (&json!("billing"), &json!(8)));
    // Nobody has seen it commit: what is not known is no 0, and says why.
    for field in ["in", "out", "growth", "eta"] {
        assert!(group[field].is_null(), "{field}: {group}");
        assert!(group["unknown"][field].is_string(), "{field}: {group}");
    }
    assert_eq!(group["verdict"], "unknown");
    assert!(
        group["behind"].is_i64() && group["behindFrom"] == "createTime",
        "{group}"
    );
}

#[test]
fn on_a_terminal_the_table_is_drawn_in_place_and_left_at_the_end() {
    let cluster = cluster();
    let mut terminal = on_a_terminal(&cluster, &["--watch=200ms", "billing"]);
    terminal.wait_for("orders-1").wait_for("watching");
    cluster.handle.commit("billing", "orders", 0, 9);
    terminal.wait_until("the lag of now", |screen| {
        screen
            .lines()
            .any(|line| line.starts_with("billing") && line.split_whitespace().nth(1) == Some("5"))
    });
    terminal.signal(Signal::INT);
    assert_eq!(terminal.exit_code(), 0);
    terminal.assert_given_back();
    let text = terminal.text();
    assert_eq!(text.matches("GROUP / PARTITION").count(), 1, "{text}");
    assert!(!String::from_utf8_lossy(terminal.bytes()).contains("\x1b[?1049h"));
}

#[test]
fn on_a_small_terminal_the_rest_is_counted() {
    let orders = TopicSpec::new("orders", 40);
    let cluster = Cluster::start(
        SimSpec::small()
            .add_topic(orders)
            .group_at("billing", "orders", &[0; 40]),
    );
    let mut terminal = Start::ktui(&["-b", &cluster.brokers, "lag", "--watch=200ms"]).run_at((60, 12));
    terminal.wait_for("more partitions");
    cluster.handle.append("orders", 7, records(3));
    terminal.wait_until("the partition on which something waits", |screen| {
        screen.contains("orders-7")
    });
    assert!(terminal.row(0).contains("Ctrl-C ends"), "{}", terminal.text());
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn while_nobody_answers_the_last_look_stays_and_says_so() {
    let cluster = cluster();
    let mut terminal = on_a_terminal(&cluster, &["--watch=200ms", "--timeout", "2", "billing"]);
    terminal.wait_for("orders-1");
    let brokers: Vec<i32> = cluster
        .handle
        .look(|state| state.brokers.iter().map(|broker| broker.id).collect());
    for broker in &brokers {
        cluster.handle.unplug_broker(*broker);
    }
    // The title is drawn before the rows.
    terminal.wait_until("the last look, marked so", |screen| {
        screen.contains("last that was seen") && screen.contains("orders-1")
    });
    for broker in &brokers {
        cluster.restart(*broker);
    }
    terminal.wait_until("the next look", |screen| !screen.contains("last that was seen"));
    terminal.signal(Signal::INT);
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn a_lag_over_its_limit_is_told_once_and_marked_at_every_look() {
    let cluster = cluster();
    let child = Command::new(KTUI)
        .args(["-b", &cluster.brokers, "lag", "--watch=200ms", "--lag-warn", "bill*=7"])
        .args(["--until", "0", "billing"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let end = now() + PATIENCE;
    while cluster.handle.requests(OFFSET_FETCH) < 3 {
        assert!(now() < end, "it does not look again");
        std::thread::yield_now();
    }
    for partition in [0, 1] {
        cluster.handle.commit("billing", "orders", partition, 10);
    }
    let output = child.wait_with_output().unwrap();
    let (out, err) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    let over = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        (line["items"][0]["limit"].clone(), line["items"][0]["over"].clone())
    };
    let told: Vec<_> = out.lines().map(over).collect();
    assert_eq!(told.first(), Some(&(json!(7), json!(true))), "{out}");
    assert_eq!(told.last(), Some(&(json!(7), json!(false))), "{out}");
    assert_eq!(err.matches("billing: lag 8 is over its limit 7").count(), 1, "{err}");
    let (code, _, err) = ktui(&cluster, &["--lag-warn", "7"]);
    assert_eq!(code, 2, "{err}");
}
