//! The clusters that pictures are taken of.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::support::java::{Record, Workload};
use super::support::kafka::{KafkaCluster, Version, script_path};
use super::support::{kcat, wait};

/// What a picture is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bed {
    /// `ktui demo`.
    Demo,
    /// A real cluster of three brokers, with topics, records and groups.
    Kafka,
    /// The same, after broker 2 was killed.
    BrokerDown,
    /// Addresses that no broker answers at.
    Nobody,
}

impl Bed {
    /// Its heading in the list of pictures.
    pub fn title(self) -> &'static str {
        match self {
            Self::Demo => "On the demo cluster",
            Self::Kafka => "On Apache Kafka 4.3.0, three brokers",
            Self::BrokerDown => "The same after `kill -9` of broker 2",
            Self::Nobody => "No broker in reach",
        }
    }
}

/// The broker that is killed.
const VICTIM: i32 = 2;
const SOON: Duration = Duration::from_mins(1);

/// Groups by what becomes of their coordinator.
#[derive(Default)]
struct Groups {
    /// It is the broker that is killed.
    lost: String,
    /// It is another one; the group has a partition on the broker that is killed.
    kept: String,
}

/// Clusters start when the first picture asks for them and end with this value; were the process killed, they see it.
#[derive(Default)]
pub struct Beds {
    kafka: Option<KafkaCluster>,
    is_broken: bool,
    groups: Groups,
    /// It accepts connections and answers nothing.
    silent: Option<TcpListener>,
}

impl Beds {
    /// Puts a bed into its state; what ktui has to be started with.
    pub fn ready(&mut self, bed: Bed) -> Vec<String> {
        match bed {
            Bed::Demo => vec!["demo".to_owned()],
            Bed::Kafka => {
                if self.is_broken {
                    self.command("start 2");
                }
                vec!["--brokers".to_owned(), self.kafka().bootstrap()]
            }
            Bed::BrokerDown => {
                self.kafka();
                if !self.is_broken {
                    self.command("kill 2");
                }
                let kafka = self.kafka();
                wait::until("the others to notice", SOON, || {
                    (live_brokers(kafka) == 2).then_some(())
                });
                vec!["--brokers".to_owned(), kafka.bootstrap()]
            }
            Bed::Nobody => vec!["--brokers".to_owned(), self.nobody()],
        }
    }

    /// Puts the names of groups that only a run knows into keys.
    pub fn name_groups(&self, keys: &str) -> String {
        keys.replace("{lost}", &self.groups.lost)
            .replace("{kept}", &self.groups.kept)
    }

    /// Does something to the real cluster.
    pub fn command(&mut self, command: &str) {
        let kafka = self.kafka();
        match command {
            "kill 2" => kafka.kill_broker(VICTIM),
            "start 2" => kafka.restart_broker(VICTIM),
            _ => panic!("{command} is no command"),
        }
        self.is_broken = command == "kill 2";
    }

    fn kafka(&mut self) -> &KafkaCluster {
        if self.kafka.is_none() {
            let (kafka, groups) = start_kafka();
            self.kafka = Some(kafka);
            self.groups = groups;
        }
        self.kafka.as_ref().unwrap()
    }

    fn nobody(&mut self) -> String {
        let silent = self
            .silent
            .get_or_insert_with(|| TcpListener::bind("127.0.0.1:0").unwrap());
        let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        format!("{refused},{},kafka-3.invalid:9092", silent.local_addr().unwrap())
    }
}

fn live_brokers(kafka: &KafkaCluster) -> usize {
    let address = kafka.address(1);
    kcat::metadata(&address)["brokers"].as_array().map_or(0, Vec::len)
}

/// Three brokers with `scripts/kafka seed`, topics of our own, and the group that loses its coordinator.
fn start_kafka() -> (KafkaCluster, Groups) {
    let settings = [
        ("broker.session.timeout.ms", "3000"),
        ("broker.heartbeat.interval.ms", "500"),
        // One copy: the groups of a dead broker have no coordinator.
        ("offsets.topic.replication.factor", "1"),
    ];
    let kafka = KafkaCluster::start_with(Version::V4_3_0, 3, &settings);
    let seeded = Command::new(script_path())
        .args(["seed", "--dir"])
        .arg(kafka.dir())
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(seeded.success(), "scripts/kafka seed failed");
    let workload = kafka.workload();
    workload.create_topic("returns", 3, &[]);
    write_mixed(workload);
    write_readings(workload);
    write_transfers(workload);
    write_ledger(&kafka);
    // Coordinators go round the brokers by the hash of the name: of these, one is on each broker wherever they begin.
    let lost = [
        "billing",
        "fulfilment",
        "fraud-detector",
        "click-archiver",
        "deploy-dashboard",
        "search-indexer",
    ]
    .into_iter()
    .find(|group| is_lost(workload, group))
    .expect("one of six groups has its coordinator there");
    let kept = (1..)
        .map(|number| format!("sensor-archive-{number}"))
        .find(|group| {
            workload.commit(group, &[0, 1, 2].map(|partition| ("sensor.readings", partition, 12)));
            !is_lost(workload, group)
        })
        .expect("two of three brokers live on");
    let groups = Groups {
        lost: lost.to_owned(),
        kept,
    };
    (kafka, groups)
}

fn is_lost(workload: &Workload, group: &str) -> bool {
    workload.describe_group(group)["coordinator"] == json!(VICTIM)
}

/// Every kind of key and value that looks different.
fn write_mixed(workload: &Workload) {
    workload.create_topic("legacy.import", 2, &[]);
    let null_key = |value: &str| Record {
        key: None,
        ..Record::new("", value)
    };
    let tombstone = Record {
        value: None,
        ..Record::new("order-4713", "")
    };
    let long = format!(
        r#"{{"orderId":"order-4718","note":"{}"}}"#,
        "a very long note ".repeat(400)
    );
    let records = [
        Record::new(
            "order-4711",
            r#"{"orderId":"order-4711","customer":"Jörg Weiß","total":12.50,"paid":true}"#,
        )
        .header("trace-id", Some(b"00f067aa0ba902b7"))
        .header("retry", Some(b"1"))
        .header("retry", Some(b"2"))
        .header("acknowledged-by", None),
        null_key("plain text without a key"),
        tombstone,
        Record::new("", ""),
        Record::new(
            "order-4714",
            [0, 1, 0x80, 0xff, b'a', 0xfe, 0x7f, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        ),
        Record::new([0xde, 0xad, 0xbe, 0xef], b"caf\xe9 in Latin-1"),
        Record::new("order-4715", "line one\nline two\tand a tab"),
        Record::new("order-4716", "an escape \x1b[31mred\x1b[0m and \u{202e}turned around"),
        Record::new("order-4717", r#"{"orderId":"order-4717","total":12,50}"#),
        Record::new("order-4718", long),
        Record::new("order-4719", [0, 0, 0, 0, 7, 12, b'A', b'n', b'a', b' ', b'S', b'.', 2]),
        Record::new(
            "order-4720",
            r#"{"id":9007199254740993,"price":1.10,"ratio":1e-7,"id":2}"#,
        ),
    ];
    let records: Vec<Record> = records.into_iter().map(|record| record.at(0)).collect();
    workload.produce("legacy.import", &records, json!({}));
}

/// A topic without copies: a dead broker takes one partition along.
fn write_readings(workload: &Workload) {
    workload.ask(
        "create-topic",
        json!({"topic": "sensor.readings", "assignments": [[1], [2], [3]], "configs": {"retention.ms": "-1"}}),
    );
    let readings: Vec<Record> = (0..60)
        .map(|number| {
            let value = format!(
                r#"{{"sensor":"s-{:02}","celsius":{}.{}}}"#,
                number % 7,
                18 + number % 9,
                number % 10
            );
            Record::new(format!("s-{:02}", number % 7), value).at(number % 3)
        })
        .collect();
    workload.produce("sensor.readings", &readings, json!({}));
}

/// Transactions, every other one aborted.
fn write_transfers(workload: &Workload) {
    workload.create_topic("transfers", 1, &[]);
    for number in 0..6 {
        let leg = |side: &str| {
            let value = format!(
                r#"{{"transfer":{number},"leg":"{side}","amount":"{}.00"}}"#,
                120 + number
            );
            Record::new(format!("transfer-{number}"), value)
        };
        let end = if number % 2 == 0 { "commit" } else { "abort" };
        workload.produce("transfers", &[leg("debit"), leg("credit")], json!({"transaction": end}));
    }
}

/// A topic that takes seconds to search.
fn write_ledger(kafka: &KafkaCluster) {
    kafka.workload().create_topic("ledger", 6, &[]);
    let entry = |number: u32| {
        let account = ["grace", "heidi", "bob", "ivan", "judy"][number as usize % 5];
        let (cents, lines) = (number * 37 % 50_000, number % 7);
        format!(
            "entry-{number}|{{\"entry\":{number},\"account\":\"{account}\",\"amount\":{}.{:02},\"lines\":[{{\"qty\":{lines}}}]}}\n",
            cents / 100,
            cents % 100,
        )
    };
    let entries: String = (0..400_000).map(entry).collect();
    kcat::produce(&kafka.bootstrap(), "ledger", entries.as_bytes(), Some("|"));
}
