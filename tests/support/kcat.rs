//! kcat: a Kafka client (librdkafka) that shares no code with ktui or with the Java client. It serves against real and
//! simulated clusters alike: `bootstrap` is `host:port,...`.

use std::io::Write;
use std::process::{Command, Stdio};

/// Runs kcat against a cluster with `input` on its standard input; returns what it printed. Panics when it fails.
pub fn run(bootstrap: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("kcat")
        .args(["-q", "-F", "/dev/null", "-b", bootstrap])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kcat is installed (scripts/test does it)");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("kcat runs");
    writer.join().expect("the writer ends").ok();
    assert!(
        output.status.success(),
        "kcat {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// What `kcat -L -J` says of the cluster: `brokers` with `id` and `name`, `topics` with their partitions.
pub fn metadata(bootstrap: &str) -> serde_json::Value {
    serde_json::from_slice(&run(bootstrap, &["-L", "-J"], b"")).expect("kcat prints JSON")
}

/// Produces one record for each line; with `key_delimiter` the text before it is the key.
pub fn produce(bootstrap: &str, topic: &str, lines: &[u8], key_delimiter: Option<&str>) {
    let delimiter = key_delimiter.map_or(vec![], |delimiter| vec!["-K", delimiter]);
    run(bootstrap, &[&["-P", "-t", topic], &delimiter[..]].concat(), lines);
}

/// Everything in the topic from beginning to end, as JSON objects of kcat's `-J` (partition, offset, ts, key, payload).
pub fn consume(bootstrap: &str, topic: &str) -> Vec<serde_json::Value> {
    let printed = run(bootstrap, &["-C", "-t", topic, "-o", "beginning", "-e", "-J"], b"");
    serde_json::Deserializer::from_slice(&printed)
        .into_iter()
        .map(|one| one.expect("kcat prints JSON"))
        .collect()
}
