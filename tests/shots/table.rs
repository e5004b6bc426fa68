//! All pictures.

use super::bed::Bed::{BrokerDown, Demo, Kafka, Nobody};
use super::paint::Look;
use super::shot::Shot;
use super::shot::Step::{Cluster, Gone, Press, See};

/// In the order of the list.
pub const SHOTS: &[Shot] = &[
    // ---- the demo cluster: every screen ----
    Shot::new(
        Demo,
        "topics",
        "all topics, and what is under-replicated",
        &[See("live"), See("/s")],
    ),
    Shot::new(
        Demo,
        "brokers",
        "who is up, who is the controller, what each holds",
        &[See("audit-log"), Press("1"), See("rack-a"), See("GiB")],
    ),
    Shot::new(
        Demo,
        "topic-partitions",
        "the partitions of a topic, one of them under-replicated",
        &[See("audit-log"), Press(":topic odin.liquidity\r"), See("KiB")],
    ),
    Shot::new(
        Demo,
        "topic-configs",
        "the configuration of a topic, what was set first",
        &[See("audit-log"), Press("/payments\rc"), See("min.insync.replicas")],
    ),
    Shot::new(
        Demo,
        "topic-groups",
        "the groups that read a topic, worst first",
        &[See("audit-log"), Press("/payments\ro"), See("payments-settlement")],
    ),
    Shot::new(
        Demo,
        "messages",
        "the newest records of a topic over all partitions, followed",
        &[
            See("audit-log"),
            Press(":messages odin.trades\r"),
            See("tradeId"),
            See("/s"),
        ],
    ),
    Shot::new(
        Demo,
        "messages-paused",
        "the cursor went up: following pauses and counts what is new",
        &[
            See("audit-log"),
            Press(":messages odin.trades\r"),
            See("tradeId"),
            Press("kkkk"),
            See("paused · 1"),
        ],
    ),
    Shot::new(
        Demo,
        "record-json",
        "one record whole: headers, key, value as JSON",
        &[
            See("audit-log"),
            Press(":messages odin.trades\r"),
            See("tradeId"),
            Press("\r"),
            See("headers"),
        ],
    ),
    Shot::new(
        Demo,
        "record-text",
        "the same as text",
        &[
            See("audit-log"),
            Press(":messages odin.trades\r"),
            See("tradeId"),
            Press("\r"),
            Press("vv"),
            See("text (chosen)"),
        ],
    ),
    Shot::new(
        Demo,
        "record-hex",
        "the same as hex",
        &[
            See("audit-log"),
            Press(":messages odin.trades\r"),
            See("tradeId"),
            Press("\r"),
            Press("vvv"),
            See("hex (chosen)"),
        ],
    ),
    Shot::new(
        Demo,
        "groups",
        "consumer groups with their lag, worst first",
        &[
            See("audit-log"),
            Press("4"),
            See("payments-settlement"),
            See("nightly-report"),
            // Each step has half a minute: a verdict needs about as long.
            See("catching up"),
            See("stalled"),
        ],
    ),
    Shot::new(
        Demo,
        "group-partitions",
        "a group by partition, and in words what stands out",
        &[
            See("audit-log"),
            Press(":group "),
            See("audit-exporter"),
            Press("payments-settlement\r"),
            See("payments.events"),
            See("stuck at"),
        ],
    ),
    Shot::new(
        Demo,
        "group-skip",
        "skipping the record at which a group is stuck: its members are in the way",
        &[
            See("audit-log"),
            Press(":group "),
            See("audit-exporter"),
            Press("payments-settlement\r"),
            See("stuck at"),
            // Down to the partition that is named.
            Press("jjjj>"),
            See("saved first to"),
        ],
    ),
    Shot::new(
        Demo,
        "group-members",
        "a group by member: who is idle",
        &[
            See("audit-log"),
            Press(":group "),
            See("audit-exporter"),
            Press("problem-generator-workers\r"),
            See("idle"),
            Press("\t"),
            See("VERDICT"),
        ],
    ),
    Shot::new(
        Demo,
        "move-form",
        "where a group's offsets go, and which of them",
        &[
            See("audit-log"),
            Press("4"),
            See("nightly-report"),
            Press("/nightly\r"),
            Press("Od\t-2h"),
            See("-2h"),
        ],
    ),
    Shot::new(
        Demo,
        "move-preview",
        "what moving them would do, partition by partition, with the record at the target",
        &[
            See("audit-log"),
            Press("4"),
            See("nightly-report"),
            Press("/nightly\r"),
            Press("Os\t-60\r"),
            See("first at"),
            Press("nightly-rep"),
            See("nightly-rep"),
        ],
    )
    .args("--allow-writes"),
    Shot::new(
        Demo,
        "move-blocked",
        "members of the group are in the way, and named",
        &[
            See("audit-log"),
            Press("4"),
            See("payments-settlement"),
            Press("/payments-set\r"),
            Press("O\r"),
            See("Stop them first"),
            See("first at"),
        ],
    )
    .args("--allow-writes"),
    Shot::new(
        Demo,
        "move-outcome",
        "what came of it, read back, and how to take it back",
        &[
            See("audit-log"),
            Press("4"),
            See("nightly-report"),
            Press("/nightly\r"),
            Press("O\r"),
            See("Type the group's name"),
            Press("nightly-report\r"),
            See("takes it back"),
        ],
    )
    .args("--allow-writes"),
    Shot::new(
        Demo,
        "change-menu",
        "what can be done to a group",
        &[
            See("audit-log"),
            Press("4"),
            See("nightly-report"),
            Press("/nightly\r\r"),
            See("odin.orders"),
            Press("c"),
            See("Change group"),
        ],
    ),
    Shot::new(
        Demo,
        "delete-group",
        "what deleting a group loses; nothing is sent while the session is locked",
        &[
            See("audit-log"),
            Press("4"),
            See("nightly-report"),
            Press("/nightly\r"),
            Press("c2"),
            See("with a lag of"),
        ],
    ),
    Shot::new(
        Demo,
        "help",
        "the keys of the screen one is on",
        &[See("audit-log"), See("/s"), Press("?"), See("In lists")],
    ),
    Shot::new(
        Demo,
        "command",
        "the command line, with completion",
        &[
            See("audit-log"),
            See("/s"),
            Press(":messages odin."),
            See("odin.trades"),
        ],
    ),
    Shot::new(
        Demo,
        "filter",
        "only rows with a text",
        &[See("audit-log"), See("/s"), Press("/problem"), Gone("odin.alerts")],
    ),
    Shot::new(
        Demo,
        "debug",
        "what was asked, what came back, how old it is",
        &[See("audit-log"), See("/s"), Press("~"), See("answers after deadline")],
    ),
    Shot::new(
        Demo,
        "copy-menu",
        "what of a record can be copied",
        &[
            See("audit-log"),
            Press(":messages odin.trades\r"),
            See("tradeId"),
            Press("y"),
            See("Copy from"),
        ],
    ),
    Shot::new(
        Demo,
        "unlock",
        "changes are sent once the cluster's name was typed",
        &[See("audit-log"), Press("W"), See("type the cluster's name")],
    ),
    Shot::new(
        Demo,
        "export",
        "exporting what is shown",
        &[
            See("audit-log"),
            Press(":messages odin.trades\r"),
            See("tradeId"),
            Press("e"),
            See("if it exists"),
        ],
    ),
    Shot::new(
        Demo,
        "produce",
        "a record to be sent",
        &[See("audit-log"), Press("P"), See("New record for")],
    )
    .args("--allow-writes"),
    Shot::new(
        Demo,
        "produce-question",
        "nothing is sent before this is answered",
        &[
            See("audit-log"),
            Press("P"),
            See("New record for"),
            Press("order-1\t{\"orderId\":1}\r"),
            See("Send this record?"),
        ],
    )
    .args("--allow-writes"),
    Shot::new(
        Demo,
        "jobs",
        "what runs, and what came of what ran",
        &[
            See("audit-log"),
            Press("P"),
            See("New record for"),
            Press("order-1\t{\"orderId\":1}\r"),
            See("Send this record?"),
            Press("y"),
            See("sent to"),
            Press("X"),
            See("┌ Jobs"),
        ],
    )
    .args("--allow-writes"),
    // ---- small and large terminals ----
    Shot::new(
        Demo,
        "topics-80x24",
        "topics in 80 columns",
        &[See("audit-log"), See("iB")],
    )
    .size(80, 24),
    Shot::new(
        Demo,
        "brokers-80x24",
        "brokers in 80 columns",
        &[See("audit-log"), Press("1"), See("GiB")],
    )
    .size(80, 24),
    Shot::new(
        Demo,
        "messages-80x24",
        "messages in 80 columns",
        &[
            See("audit-log"),
            Press(":messages odin.trades\r"),
            See("tradeId"),
            See("/s"),
        ],
    )
    .size(80, 24),
    Shot::new(
        Demo,
        "record-80x24",
        "a record in 80 columns",
        &[
            See("audit-log"),
            Press(":messages odin.trades\r"),
            See("tradeId"),
            Press("\r"),
            See("headers"),
        ],
    )
    .size(80, 24),
    Shot::new(
        Demo,
        "groups-80x24",
        "groups in 80 columns",
        &[See("audit-log"), Press("4"), See("payments-settlement")],
    )
    .size(80, 24),
    Shot::new(
        Demo,
        "group-80x24",
        "a group in 80 columns",
        &[
            See("audit-log"),
            Press(":group "),
            See("audit-exporter"),
            Press("problem-generator-workers\r"),
            See("idle"),
        ],
    )
    .size(80, 24),
    Shot::new(
        Demo,
        "move-by-hand-80x24",
        "one offset chosen by hand, the others left out, in 80 columns",
        &[
            See("audit-log"),
            Press("4"),
            See("nightly-report"),
            Press("/nightly\r"),
            Press("Ob\r"),
            See("by hand"),
            See("left out"),
            Press("e"),
            See("goes to"),
            Press("-60\r"),
            See("replays 60"),
            See("first at"),
        ],
    )
    .size(80, 24),
    Shot::new(
        Demo,
        "undo-80x24",
        "what can be taken back, in 80 columns",
        &[
            See("audit-log"),
            Press("4"),
            See("nightly-report"),
            Press("/nightly\r"),
            Press("O\r"),
            See("Type the group's name"),
            Press("nightly-report\r"),
            See("takes it back"),
            Press("qc3"),
            See("to earliest, by"),
        ],
    )
    .args("--allow-writes")
    .size(80, 24),
    Shot::new(
        Demo,
        "topics-50x14",
        "topics in a corner of the screen",
        &[See("audit-log"), See("live")],
    )
    .size(50, 14),
    Shot::new(
        Demo,
        "messages-160x45",
        "messages in a large terminal",
        &[
            See("audit-log"),
            Press(":messages odin.orders\r"),
            See("following"),
            See("/s"),
        ],
    )
    .size(160, 45),
    // ---- other colours ----
    Shot::new(Demo, "topics-light", "the light theme", &[See("audit-log"), See("/s")])
        .size(100, 30)
        .look(Look::Light),
    Shot::new(
        Demo,
        "messages-light",
        "messages in the light theme",
        &[See("audit-log"), Press(":messages odin.trades\r"), See("tradeId")],
    )
    .size(100, 30)
    .look(Look::Light),
    Shot::new(
        Demo,
        "topics-high-contrast",
        "the high-contrast theme",
        &[See("audit-log"), See("/s")],
    )
    .size(100, 30)
    .look(Look::HighContrast),
    Shot::new(
        Demo,
        "groups-high-contrast",
        "groups in the high-contrast theme",
        &[See("audit-log"), Press("4"), See("payments-settlement")],
    )
    .size(100, 30)
    .look(Look::HighContrast),
    Shot::new(Demo, "topics-mono", "with NO_COLOR", &[See("audit-log"), See("/s")])
        .size(100, 30)
        .look(Look::Mono)
        .env(&[("NO_COLOR", "1")]),
    Shot::new(
        Demo,
        "topics-16-colours",
        "with the sixteen colours of xterm",
        &[See("audit-log"), See("/s")],
    )
    .size(100, 30)
    .env(&[("COLORTERM", ""), ("TERM", "xterm")]),
    // ---- real Kafka ----
    Shot::new(
        Kafka,
        "kafka-brokers",
        "brokers of a real cluster",
        &[See("live"), Press("1"), See("rack-1"), See("GiB")],
    ),
    Shot::new(Kafka, "kafka-topics", "its topics", &[See("live"), See("/s")]),
    Shot::new(
        Kafka,
        "kafka-groups",
        "its groups",
        &[See("live"), Press("4"), See("nightly-export"), Gone("+ ?")],
    ),
    Shot::new(
        Kafka,
        "messages-odd",
        "null, empty, tombstone, binary and broken each look different",
        &[See("live"), Press(":messages legacy.import\r"), See("order-4720")],
    ),
    Shot::new(
        Kafka,
        "record-odd",
        "a record with duplicate headers and a null one",
        &[
            See("live"),
            Press(":messages legacy.import\r"),
            See("order-4720"),
            Press("g\r"),
            See("acknowledged-by"),
        ],
    ),
    Shot::new(
        Kafka,
        "record-binary",
        "a value that is no text",
        &[
            See("live"),
            Press(":messages legacy.import\r"),
            See("order-4720"),
            Press("gjjjj\r"),
            See("order-4714"),
            See("hex"),
        ],
    ),
    Shot::new(
        Kafka,
        "search-running",
        "a search under way: how far it is, how fast, what it found, how long it takes",
        &[
            See("live"),
            Press(":messages ledger\r"),
            See("entry-3"),
            Press("/record.value.lines.exists(l, l.qty > 5) && record.value.amount > 480\r"),
            See(" left"),
            Gone(" 0 matches"),
        ],
    ),
    Shot::new(
        Kafka,
        "search",
        "a search at its end: everything was looked at",
        &[
            See("live"),
            Press(":messages payments\r"),
            See("paymentId"),
            Press("/record.value.state == 'refunded'\r"),
            See("end of 12 partitions"),
        ],
    ),
    Shot::new(
        Kafka,
        "search-80x24",
        "a search in 80 columns that some records have no answer to",
        &[
            See("live"),
            Press(":messages legacy.import\r"),
            See("order-4720"),
            Press("/record.value.total > 10\r"),
            See("end of 2 partitions"),
            Press("E"),
            See("no field total"),
        ],
    )
    .size(80, 24),
    Shot::new(
        Kafka,
        "messages-markers",
        "what consumers are never handed: aborted records and the markers of transactions",
        &[
            See("live"),
            Press(":messages transfers\r"),
            See("hidden"),
            Press("c"),
            See("[aborted]"),
            Press("kk"),
        ],
    ),
    Shot::new(
        Kafka,
        "messages-empty",
        "a topic without records",
        &[See("live"), Press(":messages returns\r"), See("No record")],
    ),
    Shot::new(
        Kafka,
        "topic-unknown",
        "a name that is no topic",
        &[See("live"), See("/s"), Press(":messages oders\r"), See("oders")],
    ),
    Shot::new(
        Kafka,
        "seek-wrong",
        "a place that cannot be gone to",
        &[
            See("live"),
            Press(":messages orders\r"),
            See("customer"),
            Press("tyesterdya\r"),
            See("cannot go"),
        ],
    ),
    // ---- a broker is killed ----
    Shot::new(
        Kafka,
        "group-going",
        "a group whose coordinator has just died: what was known stays",
        &[
            See("live"),
            Press("4"),
            See("nightly-export"),
            Press(":group {lost}\r"),
            See("HOST"),
            Cluster("kill 2"),
            See("missing"),
            See("coordinator"),
        ],
    ),
    Shot::new(
        BrokerDown,
        "down-brokers",
        "brokers: the dead one is a row",
        &[See("missing"), Press("1"), See("DOWN")],
    ),
    Shot::new(BrokerDown, "down-topics", "topics", &[See("missing"), See("/s")]),
    Shot::new(
        BrokerDown,
        "down-topics-80x24",
        "topics in 80 columns",
        &[See("missing"), See("iB")],
    )
    .size(80, 24),
    Shot::new(
        BrokerDown,
        "down-partitions",
        "partitions of a topic without copies: one has no leader",
        &[
            See("missing"),
            Press(":topic sensor.readings\r"),
            See("LEADER"),
            See("none"),
        ],
    ),
    Shot::new(
        BrokerDown,
        "down-messages",
        "messages: one partition cannot be read",
        &[
            See("missing"),
            Press(":messages sensor.readings\r"),
            See("celsius"),
            See("not read"),
            Gone("catching up"),
        ],
    ),
    Shot::new(
        BrokerDown,
        "down-groups",
        "groups: some have no coordinator",
        &[See("missing"), Press("4"), See("missing: groups"), See("Empty")],
    ),
    Shot::new(
        BrokerDown,
        "down-group",
        "a group without a coordinator",
        &[
            See("missing"),
            Press(":group sen"),
            See("archive-"),
            Press("\x17{lost}\r"),
            See("could be listed"),
        ],
    ),
    Shot::new(
        BrokerDown,
        "down-group-offline",
        "a group one of whose partitions has no leader",
        &[
            See("missing"),
            Press(":group sen"),
            See("archive-"),
            Press("\x17{kept}\r"),
            See("no leader"),
        ],
    ),
    Shot::new(
        BrokerDown,
        "down-debug",
        "what was asked of whom",
        &[See("missing"), Press("~"), See("answers after deadline")],
    ),
    // ---- nobody ----
    Shot::new(Nobody, "start-connecting", "while connecting", &[See("Connecting")]),
    Shot::new(
        Nobody,
        "start-failed",
        "what came of each address",
        &[See("Could not connect"), See("Hint")],
    )
    .args("--timeout 2s"),
    Shot::new(
        Nobody,
        "start-failed-80x24",
        "the same in 80 columns",
        &[See("Could not connect"), See("Hint")],
    )
    .args("--timeout 2s")
    .size(80, 24),
];
