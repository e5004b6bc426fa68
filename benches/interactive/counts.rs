//! What the brokers were asked, as they count it themselves: the same for every program, whatever it says of itself.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::programs::Bench;

/// What only brokers ask of each other; `Fetch` is the sum of `FetchFollower` and `FetchConsumer`.
const BETWEEN_BROKERS: [&str; 13] = [
    "AllocateProducerIds",
    "AlterPartition",
    "BeginQuorumEpoch",
    "BrokerHeartbeat",
    "BrokerRegistration",
    "ControllerRegistration",
    "EndQuorumEpoch",
    "Envelope",
    "Fetch",
    "FetchFollower",
    "FetchSnapshot",
    "UpdateRaftVoter",
    "Vote",
];
const PAUSE: Duration = Duration::from_millis(100);
/// How long the brokers are watched at rest.
const REST: Duration = Duration::from_secs(10);

/// Sums over all brokers.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// By the name of the request.
    pub requests: BTreeMap<String, u64>,
    pub connections: u64,
    /// Both ways, with what the brokers say to each other.
    pub bytes: u64,
}

impl Counts {
    pub fn total(&self) -> u64 {
        self.requests.values().sum()
    }

    fn since(self, before: &Self) -> Self {
        let mut requests = self.requests;
        for (name, count) in &mut requests {
            *count -= before.requests.get(name).copied().unwrap_or(0);
        }
        requests.retain(|_, count| *count > 0);
        Self {
            requests,
            connections: self.connections - before.connections,
            bytes: self.bytes - before.bytes,
        }
    }
}

/// Asks the brokers for their sums, through benches/Requests.java.
pub struct Counter {
    program: Child,
    ask: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// Bytes a second that the brokers exchange at rest.
    at_rest: f64,
}

impl Counter {
    /// Attaches to the brokers and watches them at rest.
    pub fn start(bench: &Bench) -> Self {
        let pids = bench.pids();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/Requests.java");
        let words = bench.run_java(source, &pids.iter().map(String::as_str).collect::<Vec<_>>());
        let mut program = Command::new(&words[0])
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let ask = program.stdin.take().unwrap();
        let lines = BufReader::new(program.stdout.take().unwrap()).lines();
        let mut counter = Self {
            program,
            ask,
            lines,
            at_rest: 0.0,
        };
        // The programs of the rows before may have been ended just now.
        counter.settled();
        let rest = counter.during(|| thread::sleep(REST));
        assert_eq!(rest.total(), 0, "somebody else talks to the brokers: {rest:?}");
        counter.at_rest = rest.bytes as f64 / REST.as_secs_f64();
        counter
    }

    /// Counts what is asked while `work` is done, and what it leaves under way.
    pub fn during(&mut self, work: impl FnOnce()) -> Counts {
        let (begin, before) = (Instant::now(), self.now());
        work();
        let mut counts = self.settled().since(&before);
        let rest = self.at_rest * begin.elapsed().as_secs_f64();
        counts.bytes = counts.bytes.saturating_sub(rest as u64);
        counts
    }

    /// Waits until no request is added: a broker counts one after its answer has left.
    fn settled(&mut self) -> Counts {
        let mut last = self.now();
        loop {
            thread::sleep(PAUSE);
            let now = self.now();
            if now.requests == last.requests {
                return now;
            }
            last = now;
        }
    }

    fn now(&mut self) -> Counts {
        self.ask.write_all(b"\n").unwrap();
        let mut counts = Counts::default();
        loop {
            let line = self.lines.next().unwrap().unwrap();
            let Some((name, sum)) = line.split_once(' ') else {
                return counts;
            };
            let sum: u64 = sum.parse().unwrap();
            match name {
                "bytes-received" | "bytes-sent" => counts.bytes += sum,
                "connections" => counts.connections = sum,
                name if BETWEEN_BROKERS.contains(&name) => {}
                name => {
                    counts.requests.insert(name.to_owned(), sum);
                }
            }
        }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
