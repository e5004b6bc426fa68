//! A consumer that stands at a record it cannot read goes on with the next one once that is skipped; the record that was
//! saved is the same when it is sent again.

use std::fs;
use std::time::Duration;

use ktui::kafka::model::TopicPartition;
use serde_json::{Value, json};

use crate::reset::Bed;
use crate::support::java::Record;
use crate::support::kafka::{KafkaCluster, Version, unique};
use crate::support::wait;

const SOON: Duration = Duration::from_mins(2);

/// No key, a value that is no text, headers twice.
fn poison() -> Record {
    Record {
        value: Some(b"\x00\xff{\"orderId\":\n".to_vec()),
        ..Record::null()
    }
    .at(0)
    .timestamp(1_700_000_000_123)
    .header("trace", Some(b"1"))
    .header("trace", None)
    .header("", Some(b"\xfe\x00"))
    .header("trace", Some(b""))
}

#[test]
fn a_stuck_consumer_goes_on_behind_the_skipped_record_which_can_be_sent_again() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let (workload, bed) = (cluster.workload(), Bed::new(cluster));
        let [topic, group, copy] = ["poisoned", "choking", "copied"].map(unique);
        workload.create_topic(&topic, 1, &[]);
        workload.create_topic(&copy, 1, &[]);
        let good = |value: &str| Record::new("k", value).at(0);
        let wrote = workload.produce(&topic, &[good("a"), poison(), good("b")], json!({}));
        let at = |offset: i64| {
            let place = TopicPartition::new(topic.as_str(), 0);
            wait::until("the commit", SOON, || {
                (bed.offsets(&group).get(&place) == Some(&offset)).then_some(())
            });
        };
        let choking = || json!({"chokes": true, "commit": "records", "isolation": "read_committed"});
        let members = workload.join(&group, &[&topic], choking());
        at(1);

        let place = format!("{topic}:0");
        let skip = ["skip", &group, &place, "--offset", "1", "--json"];
        let (code, out, err) = bed.ktui(&[&skip[..], &["--execute"]].concat());
        assert_eq!(code, 5, "Kafka {}: {err}", version.name());
        assert!(err.contains("saved to") && out.contains("workload-0"), "{out}{err}");
        let skipped = bed.state.path().join("ktui/skipped");
        assert!(!skipped.exists(), "nothing is written while members are in the way");
        workload.leave(members);

        bed.well(&skip);
        assert!(!skipped.exists(), "nothing is written before --execute");
        let done = bed.well(&[&skip[..], &["--execute", "--wait-empty"]].concat());
        let item = serde_json::from_str::<Value>(&done).unwrap()["items"][0].clone();
        let file = skipped.join(format!("{group}-{topic}-0@1.jsonl"));
        let expected = json!({
            "topic": topic, "partition": 0, "before": 1, "after": 2, "clamped": false, "outcome": "verified", "file": file,
        });
        assert_eq!(item, expected, "Kafka {}", version.name());
        at(2);
        let (code, _, err) = bed.ktui(&[&skip[..], &["--execute"]].concat());
        assert!(
            code == 1 && err.contains("is 2, not 1"),
            "a script that runs twice skips once: {err}"
        );

        // It reads on, with the next.
        let members = workload.join(&group, &[&topic], choking());
        at(3);
        workload.leave(members);

        bed.well(&["undo", "--execute", "--wait-empty"]);
        at(1);

        bed.well(&["import", file.to_str().unwrap(), &copy, "--yes", "--keep-partitions"]);
        let read = workload.read(&copy, "read_committed");
        let expected = Record {
            offset: read[0].offset,
            ..wrote[1].clone()
        };
        assert_eq!(read, [expected], "Kafka {}", version.name());
        let line = fs::read_to_string(&file).unwrap();
        assert_eq!(line.lines().count(), 1);
        assert!(line.contains("\"key\":null,\"value\":{\"base64\":"), "{line}");
    }
}
