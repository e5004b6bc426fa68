//! The commands of others that read one record, for a runbook or a colleague without ktui. Nothing secret is in them:
//! how the cluster lets one in stays with whoever runs them.

use crate::position::Locator;
use crate::shell::quoted;

/// kcat (librdkafka): the record as JSON.
pub fn kcat(at: &Locator, bootstrap: &[String]) -> String {
    format!(
        "kcat -C -b {} -t {} -p {} -o {} -c 1 -e -J",
        quoted(&bootstrap.join(",")),
        quoted(at.topic.as_str()),
        at.partition,
        at.offset
    )
}

/// Kafka's own console consumer: the record with everything it can print of one.
pub fn console_consumer(at: &Locator, bootstrap: &[String]) -> String {
    let shown =
        ["timestamp", "partition", "offset", "headers", "key"].map(|name| format!("--property print.{name}=true"));
    let shown = shown.join(" ");
    format!(
        "kafka-console-consumer.sh --bootstrap-server {} --topic {} --partition {} --offset {} --max-messages 1 {shown}",
        quoted(&bootstrap.join(",")),
        quoted(at.topic.as_str()),
        at.partition,
        at.offset
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::{Offset, PartitionId};

    fn at(topic: &str) -> Locator {
        Locator {
            cluster: "c".to_owned(),
            topic: topic.into(),
            partition: PartitionId(7),
            offset: Offset(166_666),
        }
    }

    #[test]
    fn the_commands_name_the_brokers_as_they_were_given_and_one_record() {
        let brokers = ["kafka-1:9092".to_owned(), "[::1]:9092".to_owned()];
        let kcat = kcat(&at("orders"), &brokers);
        assert_eq!(
            kcat,
            "kcat -C -b 'kafka-1:9092,[::1]:9092' -t orders -p 7 -o 166666 -c 1 -e -J"
        );
        let console = console_consumer(&at("orders"), &brokers[..1]);
        assert!(console.starts_with("kafka-console-consumer.sh --bootstrap-server kafka-1:9092 --topic orders "));
        assert!(console.contains(" --partition 7 --offset 166666 --max-messages 1 --property print.timestamp=true"));
    }

    #[test]
    fn a_hostile_name_stays_one_word_of_the_shell() {
        let command = kcat(&at("a'; rm -rf ~ #"), &[]);
        assert!(command.contains(r"-t 'a'\''; rm -rf ~ #' -p"), "{command}");
        assert!(command.contains("-b '' "), "{command}");
    }
}
