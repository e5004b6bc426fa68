//! `ktui produce` and `ktui import` on a simulated cluster, where nobody sits at a terminal.

use std::fs;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use ktui::sim::fault::{Fault, Rule};
use ktui::sim::{SimSpec, TopicSpec};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::simulated::Cluster;
use super::terminal::{KTUI, PATIENCE, Start, now, plain};

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

#[test]
fn who_imports_something_else_than_records_is_warned() {
    let cluster = cluster();
    fed(&cluster, &["produce", TOPIC, "--yes"], b"a\nb\n");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (csv, lines) = (path("backup.csv"), path("backup.jsonl"));
    for (format, file) in [("csv", &csv), ("jsonl", &lines)] {
        let (code, _, err) = plain(&["-b", &cluster.brokers, "export", TOPIC, "--format", format, "-o", file]);
        assert_eq!(code, 0, "{err}");
    }
    let (checkpoint, partial, text) = (format!("{lines}.checkpoint"), path("half.jsonl.partial"), path("text"));
    fs::copy(&lines, &partial).unwrap();
    fs::write(&text, "a\n").unwrap();
    for (file, said) in [
        (&csv, "warning: it is CSV of ktui export: each line of it"),
        (&checkpoint, "warning: it is the checkpoint of an export or import"),
        (
            &partial,
            "warning: it is what an interrupted ktui export has written so far",
        ),
        (
            &partial,
            "warning: its lines are records of ktui export: each line would be sent whole",
        ),
    ] {
        let (code, _, err) = plain(&["-b", &cluster.brokers, "import", file, TOPIC, "--dry-run"]);
        assert!(code == 0 && err.contains(said), "{err}");
    }
    for file in [&lines, &text] {
        let (_, _, err) = plain(&["-b", &cluster.brokers, "import", file, TOPIC, "--dry-run"]);
        assert!(!err.contains("warning"), "{err}");
    }
    let (code, _, err) = plain(&["-b", &cluster.brokers, "import", &csv, TOPIC, "--yes"]);
    assert!(
        code == 0 && err.contains("warning: it is CSV"),
        "also where nobody is asked: {err}"
    );
    let (code, _, err) = plain(&["-b", &cluster.brokers, "produce", TOPIC, &csv, "--yes"]);
    assert!(code == 0 && err.contains("backup.csv: it is CSV"), "{err}");
}

#[test]
fn what_a_shell_pipes_in_by_name_is_sent_once_and_not_asked_about() {
    let cluster = cluster();
    let run = |words: &str| {
        let script = format!("\"$0\" -b {} {words}", cluster.brokers);
        let output = Command::new("bash")
            .args(["-c", &script, KTUI])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    for (words, said) in [
        ("import <(printf 'a\nb\n') orders --yes", "2 records sent"),
        ("produce orders <(printf 'c\n') --yes", ""),
    ] {
        let (code, err) = run(words);
        assert!(code == 0 && err.contains(said), "{words}: {err}");
    }
    let (code, err) = run("import <(printf 'a\n') orders --resume --yes");
    assert!(code == 2 && err.contains("a pipe cannot be read again"), "{err}");
    let (_, out, _) = plain(&["-b", &cluster.brokers, "export", TOPIC, "--format", "raw", "-o", "-"]);
    assert_eq!(out, "a\nb\nc\n");
}

/// `ktui produce` that reads a pipe, started by a shell that has said `before`, once it has sent a first record.
fn sending(cluster: &Cluster, before: &str) -> Child {
    let mut child = Command::new("sh")
        .args(["-c", &format!("{before} exec \"$0\" \"$@\""), KTUI])
        .args(["-b", &cluster.brokers, "produce", TOPIC, "--yes", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(b"first\n").unwrap();
    let has_sent = || {
        cluster.handle.look(|state| {
            let topic = state.topic(TOPIC).unwrap();
            topic.partitions[0].log.high_watermark() > 0
        })
    };
    let end = now() + PATIENCE;
    while !has_sent() {
        assert!(now() < end, "nothing is sent");
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    child
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn signals_that_nohup_and_scripts_ignore_do_not_end_what_is_being_sent() {
    let cluster = cluster();
    let mut child = sending(&cluster, "trap '' HUP INT;");
    signal(&child, Signal::HUP);
    signal(&child, Signal::INT);
    child.stdin.take().unwrap().write_all(b"second\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["items"][0]["records"], 2);
}

#[test]
fn whoever_is_asked_to_end_tells_what_was_sent() {
    for asked in [Signal::TERM, Signal::HUP, Signal::INT] {
        let cluster = cluster();
        let mut child = sending(&cluster, "");
        let input = child.stdin.take();
        signal(&child, asked);
        let output = child.wait_with_output().unwrap();
        drop(input);
        assert_eq!(output.status.code(), Some(3), "{asked:?}: {output:?}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["items"][0]["records"], 1);
        let said = &report["failures"][0]["error"];
        assert_eq!(said, "what follows line 1 was not sent: interrupted");
    }
}

#[test]
fn before_anything_is_sent_ctrl_c_ends_at_once_wherever_it_waits() {
    const METADATA: i16 = 3;
    const INIT_PRODUCER_ID: i16 = 22;
    const DESCRIBE_CONFIGS: i16 = 32;
    // While the cluster, the numbers of a producer, and somebody's typing is waited for.
    for (waits_at, is_silent, press) in [
        (METADATA, true, ""),
        (INIT_PRODUCER_ID, true, "typed\n\u{4}yes\n"),
        (DESCRIBE_CONFIGS, false, "half a li"),
    ] {
        let cluster = cluster();
        if is_silent {
            cluster
                .handle
                .inject(Rule::new(Fault::NeverAnswer).api(waits_at).always());
        }
        let mut terminal = Start::ktui(&["-b", &cluster.brokers, "produce", TOPIC, "--timeout", "5m"]).run();
        terminal.press(press);
        let end = now() + PATIENCE;
        while cluster.handle.requests(waits_at) == 0 {
            assert!(now() < end, "nobody is asked: {}", terminal.text());
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
        terminal.press("\u{3}");
        assert_eq!(terminal.exit_code(), 5, "{}", terminal.text());
        assert!(terminal.text().contains("nothing was sent"), "{}", terminal.text());
    }
}

#[test]
fn standard_input_by_its_name_is_not_asked_about_on_a_terminal_either() {
    let cluster = cluster();
    for command in [["produce", TOPIC, "-"], ["import", "-", TOPIC]] {
        let mut terminal = Start::ktui(&[&["-b", &cluster.brokers], &command[..]].concat()).run();
        assert_eq!(terminal.exit_code(), 5, "{}", terminal.text());
        assert!(terminal.text().contains("--yes confirms it"), "{}", terminal.text());
    }
}

#[test]
fn where_nobody_knows_what_was_stored_the_exit_code_does_not_say_nothing() {
    const PRODUCE: i16 = 0;
    let cluster = cluster();
    let rule = Rule::new(Fault::CloseUnanswered).api(PRODUCE).always();
    cluster.handle.inject(rule);
    let produce = ["produce", TOPIC, "--yes", "--timeout", "1s"];
    let (code, out, err) = fed(&cluster, &produce, b"a\n");
    assert!(
        code == 3 && err.contains("stored or not, nobody knows"),
        "{code} {out} {err}"
    );
    let import = ["import", "-", TOPIC, "--yes", "--timeout", "1s"];
    let (code, _, err) = fed(&cluster, &import, b"a\n");
    assert!(code == 3 && err.contains("stored or not, nobody knows"), "{code} {err}");
    cluster.handle.clear_faults();
    let script = "printf 'b\n' | \"$0\" -b \"$1\" produce orders --yes > /dev/full";
    let output = Command::new("sh")
        .args(["-c", script, KTUI, &cluster.brokers])
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(
        err.contains("cannot write the report: ") && err.contains("records sent: 1"),
        "{err}"
    );
}
