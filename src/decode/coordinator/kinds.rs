//! The kinds of entries and their fields, as of Kafka 4.3. Versions that an older broker wrote are in them.

use super::schema::Type::{Bytes, I8, I16, I32, I64, List, Perhaps, Struct, Text, U16, Uuid};
use super::schema::{Field, Kind, field};

const OF_GROUP: &[Field] = &[field("groupId", Text)];
const OF_MEMBER: &[Field] = &[field("groupId", Text), field("memberId", Text)];
const OF_COMMIT: &[Field] = &[field("group", Text), field("topic", Text), field("partition", I32)];

const TOPIC_PARTITIONS: &[Field] = &[
    field("topicId", Uuid),
    field("partitions", List(&I32)),
    field("assignmentEpochs", List(&I32)).tagged(0),
];

const CLASSIC_PROTOCOL: &[Field] = &[field("name", Text), field("metadata", Bytes)];

const CLASSIC_MEMBER_METADATA: &[Field] = &[
    field("sessionTimeoutMs", I32),
    field("supportedProtocols", List(&Struct(CLASSIC_PROTOCOL))),
];

const PARTITION_METADATA: &[Field] = &[field("partition", I32), field("racks", List(&Text))];

const TOPIC_METADATA: &[Field] = &[
    field("topicId", Uuid),
    field("topicName", Text),
    field("numPartitions", I32),
    field("partitionMetadata", List(&Struct(PARTITION_METADATA))),
];

const TOPIC_PARTITION: &[Field] = &[field("topicId", Uuid), field("partitions", List(&I32))];

const MEMBER_METADATA: &[Field] = &[
    field("memberId", Text),
    field("groupInstanceId", Text).since(3),
    field("clientId", Text),
    field("clientHost", Text),
    field("rebalanceTimeout", I32).since(1),
    field("sessionTimeout", I32),
    field("subscription", Bytes),
    field("assignment", Bytes),
];

const TOPIC_PARTITIONS_INFO: &[Field] = &[
    field("topicId", Uuid),
    field("topicName", Text),
    field("partitions", List(&I32)),
];

const TOPIC_INFO: &[Field] = &[field("topicId", Uuid), field("topicName", Text)];

const TASK_IDS: &[Field] = &[
    field("subtopologyId", Text),
    field("partitions", List(&I32)),
    field("assignmentEpochs", List(&I32)).tagged(0),
];

const ENDPOINT: &[Field] = &[field("host", Text), field("port", U16)];

const KEY_VALUE: &[Field] = &[field("key", Text), field("value", Text)];

const STREAMS_TASK_IDS: &[Field] = &[field("subtopologyId", Text), field("partitions", List(&I32))];

const STREAMS_TOPIC_INFO: &[Field] = &[
    field("name", Text),
    field("partitions", I32),
    field("replicationFactor", I16),
    field("topicConfigs", List(&Struct(KEY_VALUE))),
];

const COPARTITION_GROUP: &[Field] = &[
    field("sourceTopics", List(&I16)),
    field("sourceTopicRegex", List(&I16)),
    field("repartitionSourceTopics", List(&I16)),
];

const SUBTOPOLOGY: &[Field] = &[
    field("subtopologyId", Text),
    field("sourceTopics", List(&Text)),
    field("sourceTopicRegex", List(&Text)),
    field("stateChangelogTopics", List(&Struct(STREAMS_TOPIC_INFO))),
    field("repartitionSinkTopics", List(&Text)),
    field("repartitionSourceTopics", List(&Struct(STREAMS_TOPIC_INFO))),
    field("copartitionGroups", List(&Struct(COPARTITION_GROUP))),
];

const PARTITIONS_SCHEMA: &[Field] = &[field("topic", Text), field("partitionIds", List(&I32))];

const COMMIT: &[Field] = &[
    field("offset", I64),
    field("leaderEpoch", I32).since(3),
    field("metadata", Text),
    field("commitTimestamp", I64),
    field("expireTimestamp", I64).only(1),
    field("topicId", Uuid).since(4).tagged(0),
];

/// A committed offset: keys of both numbers occur, values of every version behind both.
const fn commit(number: i16) -> Kind {
    Kind {
        number,
        name: "offset commit",
        key: OF_COMMIT,
        newest: 4,
        flexible: 4,
        value: COMMIT,
    }
}

/// Kinds of `__consumer_offsets`.
pub(super) const GROUPS: &[Kind] = &[
    commit(0),
    commit(1),
    Kind {
        number: 2,
        name: "group",
        key: &[field("group", Text)],
        newest: 4,
        flexible: 4,
        value: &[
            field("protocolType", Text),
            field("generation", I32),
            field("protocol", Text),
            field("leader", Text),
            field("currentStateTimestamp", I64).since(2),
            field("members", List(&Struct(MEMBER_METADATA))),
        ],
    },
    Kind {
        number: 3,
        name: "consumer group",
        key: OF_GROUP,
        newest: 0,
        flexible: 0,
        value: &[field("epoch", I32), field("metadataHash", I64).tagged(0)],
    },
    Kind {
        number: 4,
        name: "consumer group partitions",
        key: OF_GROUP,
        newest: 0,
        flexible: 0,
        value: &[field("topics", List(&Struct(TOPIC_METADATA)))],
    },
    Kind {
        number: 5,
        name: "consumer group member",
        key: OF_MEMBER,
        newest: 0,
        flexible: 0,
        value: &[
            field("instanceId", Text),
            field("rackId", Text),
            field("clientId", Text),
            field("clientHost", Text),
            field("subscribedTopicNames", List(&Text)),
            field("subscribedTopicRegex", Text),
            field("rebalanceTimeoutMs", I32),
            field("serverAssignor", Text),
            field("classicMemberMetadata", Perhaps(CLASSIC_MEMBER_METADATA)).tagged(0),
        ],
    },
    Kind {
        number: 6,
        name: "consumer group target epoch",
        key: OF_GROUP,
        newest: 0,
        flexible: 0,
        value: &[
            field("assignmentEpoch", I32),
            field("assignmentTimestamp", I64).tagged(0),
        ],
    },
    Kind {
        number: 7,
        name: "consumer group target",
        key: OF_MEMBER,
        newest: 0,
        flexible: 0,
        value: &[field("topicPartitions", List(&Struct(TOPIC_PARTITION)))],
    },
    Kind {
        number: 8,
        name: "consumer group assignment",
        key: OF_MEMBER,
        newest: 0,
        flexible: 0,
        value: &[
            field("memberEpoch", I32),
            field("previousMemberEpoch", I32),
            field("state", I8),
            field("assignedPartitions", List(&Struct(TOPIC_PARTITIONS))),
            field("partitionsPendingRevocation", List(&Struct(TOPIC_PARTITIONS))),
        ],
    },
    Kind {
        number: 10,
        name: "share group member",
        key: OF_MEMBER,
        newest: 0,
        flexible: 0,
        value: &[
            field("rackId", Text),
            field("clientId", Text),
            field("clientHost", Text),
            field("subscribedTopicNames", List(&Text)),
        ],
    },
    Kind {
        number: 11,
        name: "share group",
        key: OF_GROUP,
        newest: 0,
        flexible: 0,
        value: &[field("epoch", I32), field("metadataHash", I64)],
    },
    Kind {
        number: 12,
        name: "share group target epoch",
        key: OF_GROUP,
        newest: 0,
        flexible: 0,
        value: &[
            field("assignmentEpoch", I32),
            field("assignmentTimestamp", I64).tagged(0),
        ],
    },
    Kind {
        number: 13,
        name: "share group target",
        key: OF_MEMBER,
        newest: 0,
        flexible: 0,
        value: &[field("topicPartitions", List(&Struct(TOPIC_PARTITION)))],
    },
    Kind {
        number: 14,
        name: "share group assignment",
        key: OF_MEMBER,
        newest: 0,
        flexible: 0,
        value: &[
            field("memberEpoch", I32),
            field("previousMemberEpoch", I32),
            field("state", I8),
            field("assignedPartitions", List(&Struct(TOPIC_PARTITION))),
        ],
    },
    Kind {
        number: 15,
        name: "share group state",
        key: OF_GROUP,
        newest: 0,
        flexible: 0,
        value: &[
            field("initializingTopics", List(&Struct(TOPIC_PARTITIONS_INFO))),
            field("initializedTopics", List(&Struct(TOPIC_PARTITIONS_INFO))),
            field("deletingTopics", List(&Struct(TOPIC_INFO))),
        ],
    },
    Kind {
        number: 16,
        name: "consumer group regex",
        key: &[field("groupId", Text), field("regularExpression", Text)],
        newest: 0,
        flexible: 0,
        value: &[
            field("topics", List(&Text)),
            field("version", I64),
            field("timestamp", I64),
        ],
    },
    Kind {
        number: 17,
        name: "streams group",
        key: OF_GROUP,
        newest: 0,
        flexible: 0,
        value: &[
            field("epoch", I32),
            field("metadataHash", I64),
            field("validatedTopologyEpoch", I32).tagged(0),
            field("lastAssignmentConfigs", List(&Struct(KEY_VALUE))).tagged(1),
        ],
    },
    Kind {
        number: 19,
        name: "streams group member",
        key: OF_MEMBER,
        newest: 0,
        flexible: 0,
        value: &[
            field("instanceId", Text),
            field("rackId", Text),
            field("clientId", Text),
            field("clientHost", Text),
            field("rebalanceTimeoutMs", I32),
            field("topologyEpoch", I32),
            field("processId", Text),
            field("userEndpoint", Perhaps(ENDPOINT)),
            field("clientTags", List(&Struct(KEY_VALUE))),
        ],
    },
    Kind {
        number: 20,
        name: "streams group target epoch",
        key: OF_GROUP,
        newest: 0,
        flexible: 0,
        value: &[
            field("assignmentEpoch", I32),
            field("assignmentTimestamp", I64).tagged(0),
        ],
    },
    Kind {
        number: 21,
        name: "streams group target",
        key: OF_MEMBER,
        newest: 0,
        flexible: 0,
        value: &[
            field("activeTasks", List(&Struct(STREAMS_TASK_IDS))),
            field("standbyTasks", List(&Struct(STREAMS_TASK_IDS))),
            field("warmupTasks", List(&Struct(STREAMS_TASK_IDS))),
        ],
    },
    Kind {
        number: 22,
        name: "streams group assignment",
        key: OF_MEMBER,
        newest: 0,
        flexible: 0,
        value: &[
            field("memberEpoch", I32),
            field("previousMemberEpoch", I32),
            field("state", I8),
            field("activeTasks", List(&Struct(TASK_IDS))),
            field("standbyTasks", List(&Struct(TASK_IDS))),
            field("warmupTasks", List(&Struct(TASK_IDS))),
            field("activeTasksPendingRevocation", List(&Struct(TASK_IDS))),
            field("standbyTasksPendingRevocation", List(&Struct(TASK_IDS))),
            field("warmupTasksPendingRevocation", List(&Struct(TASK_IDS))),
        ],
    },
    Kind {
        number: 23,
        name: "streams group topology",
        key: OF_GROUP,
        newest: 0,
        flexible: 0,
        value: &[field("epoch", I32), field("subtopologies", List(&Struct(SUBTOPOLOGY)))],
    },
];

/// Kinds of `__transaction_state`.
pub(super) const TRANSACTIONS: &[Kind] = &[Kind {
    number: 0,
    name: "transaction",
    key: &[field("transactionalId", Text)],
    newest: 1,
    flexible: 1,
    value: &[
        field("producerId", I64),
        field("previousProducerId", I64).since(1).tagged(0),
        field("nextProducerId", I64).since(1).tagged(1),
        field("producerEpoch", I16),
        field("nextProducerEpoch", I16).since(1).tagged(3),
        field("transactionTimeoutMs", I32),
        field("transactionStatus", I8),
        field("transactionPartitions", List(&Struct(PARTITIONS_SCHEMA))),
        field("transactionLastUpdateTimestampMs", I64),
        field("transactionStartTimestampMs", I64),
        field("clientTransactionVersion", I16).since(1).tagged(2),
    ],
}];
