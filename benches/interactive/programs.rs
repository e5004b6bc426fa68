//! The programs that are compared, and how each is asked for the same thing.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A program, in the order of the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    Ktui,
    Kcat,
    Kcl,
    Java,
    KafkaTui,
}

impl Program {
    pub const PEERS: [Self; 4] = [Self::Kcat, Self::Kcl, Self::Java, Self::KafkaTui];
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ktui => "ktui",
            Self::Kcat => "kcat",
            Self::Kcl => "kcl",
            Self::Java => "Kafka's tools",
            Self::KafkaTui => "kafka-tui",
        })
    }
}

/// Where everything is.
pub struct Bench {
    /// The brokers to start from, with commas.
    pub brokers: String,
    /// The folder of the cluster, for `scripts/kafka run`.
    folder: String,
    /// The programs found.
    present: Vec<Program>,
}

impl Bench {
    /// Looks for the peers and says which are missing.
    pub fn new(brokers: String, folder: String) -> Self {
        let names = [
            (Program::Kcat, "kcat"),
            (Program::Kcl, "kcl"),
            (Program::KafkaTui, "kafka-tui"),
        ];
        let mut present = vec![Program::Ktui, Program::Java];
        for (program, name) in names {
            if find(name).is_some() {
                present.push(program);
            } else {
                println!("{program} is not on PATH: its columns stay empty.");
            }
        }
        Self {
            brokers,
            folder,
            present,
        }
    }

    pub fn has(&self, program: Program) -> bool {
        self.present.contains(&program)
    }

    /// ktui with these arguments, on the cluster.
    pub fn ktui(&self, args: &[&str]) -> Vec<String> {
        words(&[&[env!("CARGO_BIN_EXE_ktui"), "-b", &self.brokers], args].concat())
    }

    pub fn kcat(&self, args: &[&str]) -> Vec<String> {
        words(&[&["kcat", "-b", &self.brokers], args].concat())
    }

    pub fn kcl(&self, args: &[&str]) -> Vec<String> {
        words(&[&["kcl", "--no-config-file", "-B", &self.brokers], args].concat())
    }

    /// A program of Kafka's own jars. The flags of scripts/kafka let it start quicker than Kafka's shell scripts do.
    pub fn java(&self, class: &str, args: &[&str]) -> Vec<String> {
        let class = format!("org.apache.kafka.tools.{class}");
        self.run_java(&class, &[&["--bootstrap-server", &self.brokers], args].concat())
    }

    /// A class of the jars, or a single-file program of ours.
    pub fn run_java(&self, class: &str, args: &[&str]) -> Vec<String> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/kafka");
        words(&[&[script, "run", "--dir", &self.folder, class], args].concat())
    }

    /// The process ids of the brokers.
    pub fn pids(&self) -> Vec<String> {
        let files = fs::read_dir(&self.folder).unwrap().map(|file| file.unwrap().path());
        let pids = files.filter(|file| file.extension().is_some_and(|end| end == "pid"));
        pids.map(|file| fs::read_to_string(file).unwrap().trim().to_owned())
            .collect()
    }

    pub fn kafka_tui(&self) -> Vec<String> {
        words(&["kafka-tui", "connect", "--brokers", &self.brokers, "--read-only"])
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Runs a program to its end, its output unread; answers how long that took.
pub fn run(words: &[String]) -> Result<Duration, String> {
    let begin = Instant::now();
    let status = Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| error.to_string())?;
    let took = begin.elapsed();
    if status.success() {
        Ok(took)
    } else {
        Err(format!("{} ended with {status}", words.join(" ")))
    }
}
