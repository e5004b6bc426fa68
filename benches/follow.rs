//! Following a fast topic on screen: delay of a key, memory over time, bytes on the line. `benches/follow.sh` makes the
//! cluster and the topic and runs this; benches/README.md says how it is measured.
//!
//! ```text
//! cargo bench --bench follow -- BOOTSTRAP TOPIC RATE
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench fails by panicking and measures real time"
)]

#[expect(dead_code, reason = "the other bench uses all of it")]
#[path = "interactive/terminal.rs"]
mod terminal;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use terminal::Terminal;

/// Keys pressed, half of them while it follows.
const KEYS: usize = 200;
/// Time between two keys: out of step with frames of records, which come every 200 ms.
const BETWEEN: Duration = Duration::from_millis(137);
/// Memory goes up and down with the answers that are under way: it is flat when its peaks do not grow by more.
const PEAKS: f64 = 5.0;

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let [brokers, topic, rate] = &words[..] else {
        eprintln!("usage: cargo bench --bench follow -- BOOTSTRAP TOPIC RATE (benches/follow.sh makes all)");
        return;
    };
    let rate: usize = rate.parse().unwrap();
    let writer = Writer::start(brokers, topic, rate);
    let ktui = [env!("CARGO_BIN_EXE_ktui"), "--brokers", brokers].map(ToOwned::to_owned);
    let mut terminal = Terminal::start(&ktui);
    let waited = terminal.wait_until("the list", |text| text.contains("RETENTION"));
    waited.unwrap_or_else(|problem| panic!("{problem}"));
    terminal.press(&format!(":messages {topic}\r"));
    let follows = |text: &str| text.contains("following ▶") && text.contains("/s");
    let waited = terminal.wait_until("the rate", follows);
    waited.unwrap_or_else(|problem| panic!("{problem}"));
    terminal.bytes_in(Duration::from_secs(8));
    let begin = Instant::now();
    let said = title(&terminal.text());
    let bytes = terminal.bytes_in(Duration::from_secs(5)) / 5;
    let (mut delays, mut peaks) = (Vec::new(), [0.0_f64; 2]);
    for number in 0..KEYS {
        delays.push(delay(&mut terminal, number));
        let half = &mut peaks[number * 2 / KEYS];
        *half = half.max(memory(terminal.pid()));
    }
    delays.sort_unstable();
    let written = writer.stop(begin);
    println!("| work | figure | aim | met |\n|---|---|---|---|");
    let row = |work: &str, figure: String, aim: &str, is_met: bool| {
        println!("| {work} | {figure} | {aim} | {} |", if is_met { "yes" } else { "NO" });
    };
    let fast = written >= rate as f64 * 0.95;
    row(
        "records written a second",
        format!("{written:.0}"),
        &format!("≥ {rate}"),
        fast,
    );
    let (median, slow) = (delays[KEYS / 2], delays[KEYS * 97 / 100]);
    let millis = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let aim = Duration::from_millis(20);
    row(
        "key to its frame, median of 200",
        millis(median),
        "≤ 20 ms",
        median <= aim,
    );
    row(
        "key to its frame, 97th percentile",
        millis(slow),
        "≤ 20 ms",
        slow <= aim,
    );
    let [first, last] = peaks;
    row(
        "memory, peak of the first half",
        format!("{first:.1} MB"),
        "≤ 40 MB",
        first <= 40.0,
    );
    row(
        "memory, peak of the second half",
        format!("{last:.1} MB"),
        "+ 5 MB",
        last <= first + PEAKS,
    );
    row("bytes on the line a second", bytes.to_string(), "-", true);
    eprintln!("{said}");
}

/// Presses a key that opens the help, or closes it, and waits until it did.
fn delay(terminal: &mut Terminal, number: usize) -> Duration {
    let is_open = |text: &str| text.contains("Help");
    let waited = if number.is_multiple_of(2) {
        terminal.press_until("?", "the help", is_open)
    } else {
        terminal.press_until("\x1b", "no help", |text| !is_open(text))
    };
    let delay = waited.unwrap_or_else(|problem| panic!("{problem}"));
    terminal.bytes_in(BETWEEN);
    delay
}

/// What the screen says of following.
fn title(text: &str) -> String {
    let line = text.lines().find(|line| line.contains("following"));
    line.unwrap_or_default().trim().to_owned()
}

/// Resident memory of a process, in MB of 1,000,000 bytes.
fn memory(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024.0 / 1e6
}

/// kcat, fed with lines at a steady rate.
struct Writer {
    kcat: Child,
    is_over: Arc<AtomicBool>,
    /// Moments and how many records had been handed over.
    feeder: JoinHandle<Vec<(Instant, usize)>>,
}

impl Writer {
    fn start(brokers: &str, topic: &str, rate: usize) -> Self {
        let mut kcat = Command::new("kcat")
            .args([
                "-P",
                "-b",
                brokers,
                "-t",
                topic,
                "-K:",
                "-z",
                "lz4",
                "-X",
                "linger.ms=20",
            ])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut input = kcat.stdin.take().unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let feeder = std::thread::spawn(move || {
            let (begin, mut count, mut moments) = (Instant::now(), 0, Vec::new());
            while !over.load(Ordering::Relaxed) {
                let due = (begin.elapsed().as_secs_f64() * rate as f64) as usize;
                let mut lines = String::new();
                while count < due {
                    let _writing_to_a_string_cannot_fail = writeln!(
                        lines,
                        "order-{count}:{{\"orderId\":{count},\"customer\":\"heidi\",\"amount\":318.20,\"currency\":\
                         \"EUR\",\"items\":[{{\"sku\":\"SKU-00412\",\"qty\":3}}],\"note\":\"{:060}\"}}",
                        count % 977
                    );
                    count += 1;
                }
                if input.write_all(lines.as_bytes()).is_err() {
                    break;
                }
                moments.push((Instant::now(), count));
                std::thread::sleep(Duration::from_millis(10));
            }
            moments
        });
        Self { kcat, is_over, feeder }
    }

    /// Ends it; how many records it was handed a second since a moment.
    fn stop(mut self, since: Instant) -> f64 {
        self.is_over.store(true, Ordering::Relaxed);
        let moments = self.feeder.join().unwrap();
        self.kcat.wait().unwrap();
        let at = moments.partition_point(|(at, _)| *at < since);
        let (first, last) = (moments[at], moments[moments.len() - 1]);
        (last.1 - first.1) as f64 / (last.0 - first.0).as_secs_f64()
    }
}
