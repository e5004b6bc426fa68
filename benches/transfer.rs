//! How fast ktui searches, exports and imports beside its peers. `benches/transfer.sh` makes the cluster and the topics and runs
//! this; benches/README.md says how it is measured.
//!
//! ```text
//! cargo bench --bench transfer -- BOOTSTRAP FOLDER RECORDS
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a bench fails by panicking and measures real time"
)]

#[path = "transfer/pipes.rs"]
mod pipes;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ktui::filter::Filter;
use ktui::kafka::client::{Client, ClientSettings, MetadataScope};
use ktui::kafka::model::{Isolation, TopicPartition};
use ktui::kafka::scan::{Found, Make, Range, Scan, ScanSpec, Step, spans};
use pipes::{Needs, Pipe};

const ROUNDS: usize = 5;
/// In one record: text, and a field of its JSON.
const NEEDLE: &str = "\"id\":1234567,";
const IN_CEL: &str = "record.value.customer == 'c123456'";
const IN_JQ: &str = "select(.customer == \"c123456\")";
/// What kcl prints of a record: everything that JSON lines have.
const KCL_FORMAT: &str = "%t\t%p\t%o\t%d\t%k\t%v\t%h{%k=%v,}\n";

struct Bench {
    brokers: String,
    folder: PathBuf,
    records: String,
}

/// One way to do a work: its name, and what it needed in each round.
type Figure = (&'static str, Vec<Needs>);

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let [brokers, folder, records] = &words[..] else {
        eprintln!("usage: cargo bench --bench transfer -- BOOTSTRAP FOLDER RECORDS (benches/transfer.sh makes them)");
        return;
    };
    let bench = Bench {
        brokers: brokers.clone(),
        folder: folder.into(),
        records: records.clone(),
    };
    let (kcat, kcl, jq) = (pipes::has("kcat"), pipes::has("kcl"), pipes::has("jq"));
    println!("| work | codec | ktui | memory | beside | aim | met |\n|---|---|---|---|---|---|---|");
    for codec in ["lz4", "zstd"] {
        let topic = format!("transfer-{codec}");
        let floor = bench.floor(&topic);
        let needle = bench.ktui(&topic, &["--filter", NEEDLE, "-o", "-"]);
        let grep = |pipe: Pipe| pipe.into_program(&["grep", "-c", NEEDLE]);
        let beside = [
            ("kcl | grep", kcl, grep(bench.kcl(&topic, &[]))),
            ("kcat | grep", kcat, grep(bench.kcat(&topic, &[]))),
        ];
        let figures = in_turns(needle, beside);
        let aims = [("kcl | grep", 8.0), ("kcat | grep", 15.0)];
        print_row("needle scan", codec, &figures, Some(floor), &aims);

        let field = bench.ktui(&topic, &["--filter", IN_CEL, "-o", "-"]);
        let beside = bench.kcat(&topic, &[]).into_program(&["jq", "-c", IN_JQ]);
        let figures = in_turns(field, [("kcat | jq", kcat && jq, beside)]);
        print_row("field in CEL", codec, &figures, None, &[("kcat | jq", 8.0)]);

        let file = bench.folder.join("export.jsonl");
        let name = file.to_string_lossy().into_owned();
        // Into a pipe's file ktui does what its peers do; a file it opens itself is on the disk before it says so.
        let ways = [
            ("JSONL, `-o - >FILE`", bench.ktui(&topic, &["-o", "-"]).into_file(&file)),
            (
                "JSONL, `-o FILE`, synced",
                bench.ktui(&topic, &["-o", &name, "--force"]),
            ),
        ];
        for (work, export) in ways {
            let beside = [
                ("kcl -f", kcl, bench.kcl(&topic, &["-f", KCL_FORMAT]).into_file(&file)),
                ("kcat -J", kcat, bench.kcat(&topic, &["-J"]).into_file(&file)),
            ];
            let figures = in_turns(export, beside);
            print_row(work, codec, &figures, None, &[("kcl -f", 3.0), ("kcat -J", 7.0)]);
        }
        bench.imports(codec, kcat);
    }
}

/// Every program once a round, so that other load meets all of them.
fn in_turns(ours: Pipe, beside: impl IntoIterator<Item = (&'static str, bool, Pipe)>) -> Vec<Figure> {
    let present = beside.into_iter().filter(|(_, is_there, _)| *is_there);
    let all: Vec<_> = [("ktui", true, ours)].into_iter().chain(present).collect();
    let mut figures: Vec<Figure> = all.iter().map(|(name, ..)| (*name, Vec::new())).collect();
    for _ in 0..ROUNDS {
        for ((.., pipe), (_, needs)) in all.iter().zip(&mut figures) {
            needs.push(pipe.run());
        }
    }
    figures
}

fn print_row(work: &str, codec: &str, figures: &[Figure], floor: Option<Duration>, aims: &[(&str, f64)]) {
    let (time, memory) = median(&figures[0].1);
    let mut beside: Vec<String> = Vec::new();
    let (mut wanted, mut is_met) = (vec!["≤ 60 MB".to_owned()], memory <= 60.0);
    if let Some(floor) = floor {
        let times = time / floor.as_secs_f64();
        beside.push(format!("floor {:.2} s: ktui {times:.1}x of it", floor.as_secs_f64()));
        wanted.push("≤ 2x floor".to_owned());
        is_met &= times <= 2.0;
    }
    for (name, needs) in &figures[1..] {
        let (theirs, memory) = median(needs);
        beside.push(format!("{name} {:.1}x ({theirs:.2} s, {memory:.0} MB)", theirs / time));
    }
    // The first peer that is there sets the aim.
    let aim = aims.iter().find_map(|(name, factor)| {
        let (_, needs) = figures.iter().find(|(of, _)| of == name)?;
        Some((name, factor, median(needs).0 / time >= *factor))
    });
    if let Some((name, factor, is_reached)) = aim {
        wanted.push(format!("{name} ≥ {factor}x"));
        is_met &= is_reached;
    }
    println!(
        "| {work} | {codec} | {time:.2} s | {memory:.0} MB | {} | {} | {} |",
        beside.join("; ").replace('|', "\\|"),
        wanted.join(", ").replace('|', "\\|"),
        if is_met { "yes" } else { "**no**" }
    );
}

/// Seconds and MB.
fn median(needs: &[Needs]) -> (f64, f64) {
    let mut times: Vec<f64> = needs.iter().map(|needs| needs.time.as_secs_f64()).collect();
    times.sort_by(f64::total_cmp);
    let most = needs.iter().map(|needs| needs.memory).fold(0.0, f64::max);
    (times[times.len() / 2], most)
}

/// Makes nothing.
struct Nothing;

impl Make for Nothing {
    type Made = ();

    fn record(&mut self, _made: &mut (), _found: &Found<'_>) {}

    fn size(&self, (): &()) -> usize {
        0
    }
}

impl Bench {
    fn ktui(&self, topic: &str, args: &[&str]) -> Pipe {
        Pipe::of(
            &[
                &[env!("CARGO_BIN_EXE_ktui"), "-b", &self.brokers, "export", topic],
                args,
            ]
            .concat(),
        )
    }

    fn kcat(&self, topic: &str, args: &[&str]) -> Pipe {
        let start = ["kcat", "-q", "-F", "/dev/null", "-b", &self.brokers, "-C", "-t", topic];
        Pipe::of(&[&start[..], &["-o", "beginning", "-e"], args].concat())
    }

    fn kcl(&self, topic: &str, args: &[&str]) -> Pipe {
        let start = ["kcl", "--no-config-file", "-B", &self.brokers, "consume", topic];
        Pipe::of(&[&start[..], &["-n", &self.records], args].concat())
    }

    /// Sends the same records as plain lines and as JSON lines, beside kcat that sends the plain ones.
    fn imports(&self, codec: &str, kcat: bool) {
        let (topic, target) = (format!("transfer-{codec}"), format!("imported-{codec}"));
        let (lines, jsonl) = (self.folder.join("lines.txt"), self.folder.join("lines.jsonl"));
        let [lines, jsonl] = [&lines, &jsonl].map(|path| path.to_str().unwrap());
        for (format, file) in [("raw", lines), ("jsonl", jsonl)] {
            self.ktui(&topic, &["--format", format, "-o", file, "--force"]).run();
        }
        let import = |file| {
            let words = [
                "-b",
                &self.brokers,
                "import",
                file,
                &target,
                "--yes",
                "--force",
                "-z",
                codec,
            ];
            Pipe::of(&[&[env!("CARGO_BIN_EXE_ktui")][..], &words].concat())
        };
        let produce = [
            "kcat",
            "-q",
            "-F",
            "/dev/null",
            "-b",
            &self.brokers,
            "-P",
            "-t",
            &target,
        ];
        let produce = Pipe::of(&[&produce[..], &["-z", codec, "-l", lines]].concat());
        for (work, file, aim) in [("import of lines", lines, 1.0), ("import of JSONL", jsonl, 0.5)] {
            let figures = in_turns(import(file), [("kcat -P of lines", kcat, produce.clone())]);
            print_row(work, codec, &figures, None, &[("kcat -P of lines", aim)]);
        }
    }

    /// The floor: the same engine in this process, over connections that are open, and nothing made of what is found.
    fn floor(&self, topic: &str) -> Duration {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let client = Client::new(ClientSettings::new([self.brokers.clone()]));
        let expected: u64 = self.records.parse().unwrap();
        let mut times: Vec<Duration> = (0..=ROUNDS)
            .map(|_| runtime.block_on(scan(&client, topic, expected)))
            .skip(1)
            .collect();
        times.sort_unstable();
        times[times.len() / 2]
    }
}

async fn scan(client: &Client, topic: &str, expected: u64) -> Duration {
    let found = client
        .metadata(MetadataScope::Named(vec![topic.into()]))
        .await
        .unwrap()
        .value;
    let partitions = found.topics[0].partitions.iter();
    let names: Vec<_> = partitions.map(|one| TopicPartition::new(topic, one.id.0)).collect();
    let ranges = spans(client, &names, None).await.value.into_iter().map(|span| Range {
        to: Some(span.end(Isolation::ReadCommitted)),
        from: span.start,
        partition: span.partition,
    });
    let mut spec = ScanSpec::new(ranges.collect());
    spec.filter = Some(Filter::parse(NEEDLE).unwrap());
    let begin = Instant::now();
    let mut scan = Scan::start(client.clone(), spec, || Nothing);
    let mut records = 0;
    while let Some(step) = scan.next().await {
        match step {
            Step::Part(part) => records += part.tally.records,
            other => panic!("{other:?}"),
        }
    }
    let took = begin.elapsed();
    assert_eq!(records, expected);
    took
}
