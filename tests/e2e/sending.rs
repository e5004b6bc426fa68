//! `ktui produce` and `ktui import` on a simulated cluster, where nobody sits at a terminal.

use std::io::Write as _;
use std::process::{Command, Stdio};

use ktui::sim::{SimSpec, TopicSpec};
use serde_json::{Value, json};

use super::simulated::Cluster;
use super::terminal::{KTUI, plain};

const TOPIC: &str = "orders";

fn cluster() -> Cluster {
    Cluster::start(SimSpec::small().add_topic(TopicSpec::new(TOPIC, 1).replication(3)))
}

/// The program with `input` on its standard input: exit code and what it said.
fn fed(cluster: &Cluster, args: &[&str], input: &[u8]) -> (i32, String, String) {
    let mut child = Command::new(KTUI)
        .args(["-b", &cluster.brokers])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who refuses before it reads closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_report_of_what_was_sent_names_the_cluster_as_every_other_report_does() {
    let cluster = cluster();
    let (code, sent, err) = fed(&cluster, &["produce", TOPIC, "--yes", "--json"], b"a\nb\n");
    assert_eq!(code, 0, "{err}");
    let (_, listed, _) = plain(&["-b", &cluster.brokers, "brokers", "--json"]);
    let (sent, listed): (Value, Value) = (
        serde_json::from_str(&sent).unwrap(),
        serde_json::from_str(&listed).unwrap(),
    );
    assert_eq!(sent["cluster"], listed["cluster"]);
    assert!(sent["cluster"]["controller"].is_i64(), "{sent}");
    let expected = json!([{"partition": 0, "records": 2, "firstOffset": 0, "lastOffset": 1}]);
    assert_eq!(sent["items"], expected);
}
