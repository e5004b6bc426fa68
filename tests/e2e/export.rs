//! `ktui export` where the output does not take what is written.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ktui::sim::batch::{Batch, Record};
use ktui::sim::fault::Rule;
use ktui::sim::{SimSpec, TopicSpec};
use rustix::process::{Pid, Signal, kill_process};

use super::simulated::Cluster;
use super::wait::until;

const FETCH: i16 = 1;
const TOPIC_AUTHORIZATION_FAILED: i16 = 29;
const SOON: Duration = Duration::from_secs(20);

/// A topic of some MB: more than a pipe and the queues of an export hold.
fn large() -> Cluster {
    let list = || (0..50).map(|n| Record::value("x".repeat(10_000)).at(n));
    let topic = (0..20).fold(TopicSpec::new("orders", 1), |topic, _| {
        topic.batch(0, Batch::of(list()))
    });
    Cluster::start(SimSpec::small().add_topic(topic))
}

fn export(cluster: &Cluster, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ktui"));
    command
        .args(["--brokers", &cluster.brokers, "export", "orders"])
        .args(args);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

/// Its exit code. It is killed when the test is over, however that ends.
struct Running(Child);

impl Running {
    fn code(&mut self) -> Option<i32> {
        let ended = until("its end", SOON, || self.0.try_wait().unwrap());
        ended.code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Mostly it has ended.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_signal_ends_an_export_whose_output_nobody_reads() {
    let cluster = large();
    for (name, args) in [
        (Signal::INT, &[][..]),
        (Signal::TERM, &["--follow"][..]),
        (Signal::HUP, &[]),
    ] {
        let child = export(&cluster, args).stdout(Stdio::piped()).spawn().unwrap();
        let mut running = Running(child);
        let mut byte = [0];
        running.0.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
        signal(&running.0, name);
        let expected = if args.is_empty() { 3 } else { 0 };
        assert_eq!(running.code(), Some(expected), "{name:?} of {args:?}");
    }
}

/// The first line that it says.
fn said(running: &mut Running) -> String {
    let stderr = running.0.stderr.take().unwrap();
    let (line_tx, line_rx) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        BufReader::new(stderr).read_line(&mut line).unwrap();
        line_tx.send(line)
    });
    line_rx.recv_timeout(SOON).expect("a line in time")
}

#[test]
fn a_partition_that_is_given_up_is_named_while_the_others_are_followed() {
    let two = TopicSpec::new("orders", 2).replicas(vec![vec![1], vec![2]]);
    let cluster = Cluster::start(SimSpec::small().brokers(2).add_topic(two));
    let denied = Rule::error(FETCH, TOPIC_AUTHORIZATION_FAILED).broker(2).always();
    cluster.handle.inject(denied);
    let child = export(&cluster, &["--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut running = Running(child);
    let line = said(&mut running);
    assert!(line.contains("orders-1"), "{line:?}");
    assert_eq!(running.0.try_wait().unwrap(), None, "the other one is followed");
}

#[test]
fn a_start_behind_the_end_is_named() {
    let cluster = large();
    for (args, then) in [
        (&[][..], "\n"),
        (&["--follow"][..], "; it begins with what comes next\n"),
    ] {
        let args = [&["--from", "0@60000"], args].concat();
        let child = export(&cluster, &args).stdout(Stdio::piped()).spawn().unwrap();
        let line = said(&mut Running(child));
        let expected = format!("ktui: orders-0: offset 60000 is not there yet, its end is 1000{then}");
        assert_eq!(line, expected);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_an_export_into_a_pipe_that_nobody_opens() {
    let cluster = large();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let child = export(&cluster, &["-o", pipe.to_str().unwrap()]).spawn().unwrap();
    let mut running = Running(child);
    let status = format!("/proc/{}/status", running.0.id());
    until("that it listens to Ctrl-C", SOON, || {
        let status = std::fs::read_to_string(&status).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        (caught & (1 << (Signal::INT.as_raw() - 1)) != 0).then_some(())
    });
    signal(&running.0, Signal::INT);
    assert_eq!(running.code(), Some(1), "nothing was written");
}

#[test]
fn more_of_the_newest_than_are_kept_in_memory_are_refused_with_the_most_there_may_be() {
    let output = Command::new(env!("CARGO_BIN_EXE_ktui"))
        .args(["-b", "127.0.0.1:1", "export", "orders", "--newest", "1000001"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("1..=1000000"), "{said}");
}
