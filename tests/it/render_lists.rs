//! The faces of the list panes, as text; roles that carry meaning are asserted beside it.

use std::collections::HashMap;

use insta::assert_snapshot;
use ktui::app::action::Action;
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::memory::Memo;
use ktui::app::nav::PaneId;
use ktui::app::slot::SlotId;
use ktui::kafka::error::Error;
use ktui::kafka::lag::tail::{Next, NextRecord, Place, Tail};
use ktui::kafka::lag::{
    GroupDetail, GroupReading, GroupSummary, LagCase, PartitionLag, TopicReader, TopicReaders, UnknownLag,
};
use ktui::kafka::model::{
    BrokerId, ConfigEntry, ConfigSource, GroupDescription, GroupId, GroupListing, GroupState, GroupType, LogDir,
    Member, Offset, PartitionId, PartitionOffsets, Reassignments, ReplicaSize, Timestamp, TimestampType, TopicName,
    TopicPartition, Total,
};
use ktui::kafka::partial::{Failure, Partial};
use ktui::kafka::query::{Answer, Overview, Query};

use crate::stage::{Stage, cluster, overview, timeout};

fn offsets(end: i64) -> HashMap<TopicName, Vec<PartitionOffsets>> {
    let of = |topic: &ktui::kafka::model::Topic| {
        let partitions = topic.partitions.iter().map(|partition| PartitionOffsets {
            partition: partition.id,
            log_start: Some(Offset(0)),
            end: (partition.id != PartitionId(5)).then_some(Offset(end + i64::from(partition.id.0))),
        });
        (topic.name.clone(), partitions.collect())
    };
    overview().topics.iter().map(of).collect()
}

fn sizes() -> HashMap<TopicName, Vec<ReplicaSize>> {
    let of = |topic: &ktui::kafka::model::Topic| {
        let replicas = topic.partitions.iter().flat_map(|partition| {
            partition.replicas.iter().map(|broker| ReplicaSize {
                broker: *broker,
                topic: topic.name.clone(),
                partition: partition.id,
                bytes: 9_870_123,
            })
        });
        (topic.name.clone(), replicas.collect())
    };
    overview().topics.iter().map(of).collect()
}

fn entry(name: &str, value: &str, source: ConfigSource, default: &str) -> ConfigEntry {
    ConfigEntry {
        name: name.into(),
        value: Some(value.into()),
        source,
        is_sensitive: false,
        default: Some(default.into()),
    }
}

fn configs() -> HashMap<TopicName, Vec<ConfigEntry>> {
    let entries = vec![
        entry("cleanup.policy", "delete", ConfigSource::Default, "delete"),
        entry("min.insync.replicas", "2", ConfigSource::StaticBroker, "1"),
        entry("retention.ms", "604800000", ConfigSource::Topic, "86400000"),
    ];
    overview()
        .topics
        .iter()
        .map(|topic| (topic.name.clone(), entries.clone()))
        .collect()
}

fn topics(width: u16, height: u16) -> Stage {
    let mut stage = Stage::with(PaneId::Topics, width, height, overview());
    stage.answer(SlotId::Offsets, Answer::Offsets(offsets(166_000)));
    stage.answer(SlotId::Sizes, Answer::Sizes(sizes()));
    stage.answer(SlotId::Configs, Answer::Configs(configs()));
    stage.pass(5);
    stage.answer(SlotId::Offsets, Answer::Offsets(offsets(166_400)));
    stage
}

#[test]
fn topics_ready() {
    assert_snapshot!(topics(120, 20).text());
}

#[test]
fn topics_at_80_columns() {
    assert_snapshot!(topics(80, 24).text());
}

#[test]
fn topics_narrow() {
    assert_snapshot!(topics(60, 16).text());
}

#[test]
fn topics_wide() {
    assert_snapshot!(topics(200, 20).text());
}

#[test]
fn topics_before_figures_arrived() {
    assert_snapshot!(Stage::with(PaneId::Topics, 100, 16, overview()).text());
}

#[test]
fn topics_first_load() {
    assert_snapshot!(Stage::open(PaneId::Topics, 100, 16).text());
}

#[test]
fn topics_empty() {
    let empty = Overview {
        cluster: cluster(&[1, 2, 3]),
        topics: Vec::new(),
    };
    assert_snapshot!(Stage::with(PaneId::Topics, 100, 16, empty).text());
}

#[test]
fn topics_failed_with_nothing() {
    let mut stage = Stage::open(PaneId::Topics, 100, 16);
    let refused = |addr: &str| {
        (
            addr.to_owned(),
            Error::Connect {
                addr: addr.to_owned(),
                reason: "connection refused".to_owned(),
            },
        )
    };
    stage.fail(
        SlotId::Overview,
        Error::NoBroker {
            attempts: vec![refused("kafka-1:9092"), refused("kafka-2:9092")],
        },
    );
    assert_snapshot!(stage.text());
}

#[test]
fn topics_failed_with_stale_rows() {
    let mut stage = topics(100, 16);
    stage.fail(SlotId::Overview, timeout("Metadata"));
    stage.pass(42);
    assert_snapshot!(stage.text());
}

#[test]
fn topics_filtered_to_nothing() {
    let mut stage = topics(100, 16);
    stage.press(Action::Filter);
    stage.type_line("nothing-like-this");
    assert_snapshot!(stage.text());
}

#[test]
fn topics_refreshing() {
    let mut stage = topics(100, 16);
    stage.press(Action::Refresh);
    stage.pass(2);
    assert_snapshot!(stage.text());
}

#[test]
fn topics_with_unicode_and_hostile_names() {
    let mut hostile = overview();
    hostile.topics[1].name = TopicName::from(
        "naïve-注文-\u{1b}[31mred\u{202e}-and-a-name-that-goes-on-for-very-much-longer-than-anyone-would-like-to-read-it",
    );
    hostile.topics.sort_by(|a, b| a.name.cmp(&b.name));
    let stage = Stage::with(PaneId::Topics, 80, 16, hostile);
    assert!(!stage.text().contains(['\u{1b}', '\u{202e}']));
    assert_snapshot!(stage.text());
}

#[test]
fn topic_partitions_with_a_missing_replica() {
    let mut stage = topics(110, 24);
    stage.press(Action::Open);
    stage.answer(SlotId::Reassignments, Answer::Reassignments(Reassignments::default()));
    assert_snapshot!(stage.text());
}

#[test]
fn topic_configs_show_what_was_set_first() {
    let mut stage = topics(110, 16);
    stage.press(Action::TopicConfigs);
    stage.answer(SlotId::TopicConfigs, Answer::Configs(configs()));
    assert_snapshot!(stage.text());
}

fn log_dirs() -> Vec<LogDir> {
    let dir = |id: i32, free: u64| LogDir {
        broker: BrokerId(id),
        path: "/var/lib/kafka".into(),
        used_bytes: 94_602_395_648,
        total_bytes: Some(500 << 30),
        usable_bytes: Some(free << 30),
        is_offline: false,
    };
    vec![dir(1, 312), dir(3, 40)]
}

#[test]
fn brokers_ready() {
    let mut stage = Stage::with(PaneId::Brokers, 110, 14, overview());
    stage.answer(SlotId::LogDirs, Answer::LogDirs(log_dirs()));
    assert_snapshot!(stage.text());
}

#[test]
fn brokers_with_one_down_at_80_columns() {
    let mut stage = Stage::with(PaneId::Brokers, 80, 24, overview());
    stage.answer(SlotId::LogDirs, Answer::LogDirs(log_dirs()));
    stage.pass(120);
    let mut after = overview();
    after.cluster = cluster(&[1, 3]);
    for partition in after.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        partition.isr = crate::stage::ids(&[1, 3]);
    }
    stage.answer(SlotId::Overview, Answer::Overview(after));
    stage.answer(SlotId::Cluster, Answer::Cluster(cluster(&[1, 3])));
    stage.answer(SlotId::MinIsr, Answer::Configs(configs()));
    stage.answer(SlotId::Reassignments, Answer::Reassignments(Reassignments::default()));
    assert_snapshot!(stage.text());
}

#[test]
fn what_a_dead_broker_takes_along_is_unknown_and_the_rest_is_known() {
    let mut stage = Stage::with(PaneId::Topics, 120, 24, overview());
    let mut sizes = sizes();
    for replicas in sizes.values_mut() {
        replicas.retain(|replica| replica.broker != BrokerId(2));
    }
    stage.answer(SlotId::Sizes, Answer::Sizes(sizes));
    let row = stage.line("orders.events ");
    assert!(row.contains("226 MiB + ?12"), "{row}");

    let mut after = overview();
    after.cluster = cluster(&[1, 3]);
    for partition in after.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        partition.isr = crate::stage::ids(&[]);
    }
    let mut stage = Stage::with(PaneId::Brokers, 120, 24, after);
    let row = stage.line("DOWN");
    assert!(row.contains('?') && !row.contains('—'), "the rack too: {row}");
    stage.press(Action::Palette);
    stage.type_line("topic payments");
    let row = stage.line(" ▸ ");
    assert!(row.contains("(1),(2),(3)  none"), "nobody is in sync: {row}");
}

fn listing(name: &str, state: &str, coordinator: i32) -> GroupListing {
    GroupListing {
        group: GroupId::from(name),
        kind: GroupType::Classic,
        protocol_type: "consumer".into(),
        state: Some(GroupState(state.into())),
        coordinator: BrokerId(coordinator),
    }
}

/// A group with a partition for each lag, of which some may be unknown.
fn reading(lags: &[Option<i64>], members: usize, uncommitted: usize) -> GroupReading {
    let row = |(partition, lag): (i32, &Option<i64>)| PartitionLag {
        partition: TopicPartition::new("orders", partition),
        owner: (members > 0).then_some(0),
        committed: Some(Offset(0)),
        log_start: Some(Offset(0)),
        end: lag.map(Offset),
        case: lag.map_or(LagCase::Unknown(UnknownLag::NoLeader), |lag| LagCase::Known { lag }),
    };
    GroupReading {
        partitions: (0..).zip(lags).map(row).collect(),
        ..summary(lags, members, uncommitted).into()
    }
}

fn summary(lag: &[Option<i64>], members: usize, uncommitted: usize) -> GroupSummary {
    let lag: Total = lag.iter().copied().collect();
    GroupSummary {
        coordinator: BrokerId(1),
        state: None,
        members: Some(members),
        partitions: lag.parts + lag.unknown + uncommitted,
        lag,
        uncommitted: Some(uncommitted),
        topics: 1,
        epoch: None,
    }
}

fn groups(width: u16, height: u16) -> Stage {
    let mut stage = Stage::with(PaneId::Groups, width, height, overview());
    stage.answer(
        SlotId::Groups,
        Answer::Groups(vec![
            listing("audit-archiver", "Empty", 1),
            listing("fraud-detector", "PreparingRebalance", 2),
            listing("payments-processor", "Stable", 3),
        ]),
    );
    let lags = HashMap::from([
        (GroupId::from("audit-archiver"), reading(&[Some(812)], 0, 2)),
        (
            GroupId::from("fraud-detector"),
            reading(&[Some(12_004), None, None], 5, 0),
        ),
        (GroupId::from("payments-processor"), reading(&[Some(184_201)], 3, 0)),
    ]);
    stage.answer(SlotId::Lags, Answer::Lags(lags));
    stage
}

#[test]
fn groups_ready_worst_first() {
    assert_snapshot!(groups(100, 14).text());
}

#[test]
fn groups_narrow() {
    assert_snapshot!(groups(60, 16).text());
}

#[test]
fn groups_first_load_and_empty() {
    let mut stage = Stage::with(PaneId::Groups, 80, 10, overview());
    let first = stage.text();
    stage.answer(SlotId::Groups, Answer::Groups(Vec::new()));
    assert_snapshot!(format!("{first}\n=====\n{}", stage.text()));
}

#[test]
fn groups_with_a_coordinator_that_does_not_answer() {
    let mut stage = groups(100, 14);
    stage.press(Action::CursorDown);
    stage.pass(15);
    let failure = Failure::of(BrokerId(2), "groups of broker 2", timeout("ListGroups"));
    stage.answer_partly(
        SlotId::Groups,
        Answer::Groups(vec![
            listing("audit-archiver", "Empty", 1),
            listing("payments-processor", "Stable", 3),
        ]),
        vec![failure],
    );
    assert_snapshot!(stage.text());
}

#[test]
fn groups_of_a_topic_worst_first() {
    let mut stage = topics(100, 14);
    stage.press(Action::CursorDown);
    stage.press(Action::TopicGroups);
    assert!(stage.text().contains("Asking for the groups"), "{}", stage.text());
    let reader = |name: &str, state: &str, members, lag: &[Option<i64>], uncommitted| TopicReader {
        listing: listing(name, state, 1),
        state: GroupState(state.into()),
        members,
        partitions: lag.len() + uncommitted,
        lag: lag.iter().copied().collect(),
        uncommitted,
    };
    let of = |topic: &str, groups| TopicReaders {
        topic: topic.into(),
        groups,
    };
    let groups = vec![
        reader("audit-archiver", "Empty", 0, &[Some(812)], 2),
        reader(
            "fraud-detector",
            "PreparingRebalance",
            5,
            &[Some(12_004), None, None],
            0,
        ),
        reader("new-service", "Stable", 1, &[], 12),
    ];
    stage.answer(SlotId::Readers, Answer::Readers(of("orders.events", groups)));
    assert_snapshot!(stage.text());

    // A coordinator falls silent: its group stays, and the line below says what is missing.
    stage.pass(30);
    let rest = vec![reader("fraud-detector", "Stable", 5, &[Some(9)], 0)];
    let silent = Failure::of(BrokerId(1), "groups of broker 1", timeout("ListGroups"));
    stage.answer_partly(
        SlotId::Readers,
        Answer::Readers(of("orders.events", rest)),
        vec![silent],
    );
    assert!(stage.line("audit-archiver").contains("812"), "{}", stage.text());
    assert!(stage.text().contains("missing: groups of broker 1"), "{}", stage.text());

    // Another topic does not show this one's groups, nor that it has none.
    stage.press(Action::Back);
    stage.press(Action::CursorDown);
    stage.press(Action::TopicGroups);
    assert!(stage.text().contains("Asking for the groups"), "{}", stage.text());
    stage.answer(SlotId::Readers, Answer::Readers(of("orders.events.dlq", Vec::new())));
    assert!(
        stage.text().contains("No group owns a partition of this topic"),
        "{}",
        stage.text()
    );
}

fn member(name: &str, host: &str, assigned: &[i32]) -> Member {
    Member {
        id: format!("{name}-8f1c").into(),
        instance_id: None,
        client_id: name.into(),
        host: host.into(),
        subscribed: vec![TopicName::from("orders.events")],
        assigned: Some(
            assigned
                .iter()
                .map(|id| TopicPartition::new("orders.events", *id))
                .collect(),
        ),
    }
}

pub fn detail() -> GroupDetail {
    let row = |partition: i32, owner, committed: Option<i64>, end: Option<i64>, case| PartitionLag {
        partition: TopicPartition::new("orders.events", partition),
        owner,
        committed: committed.map(Offset),
        log_start: Some(Offset(100)),
        end: end.map(Offset),
        case,
    };
    GroupDetail {
        description: GroupDescription {
            group: GroupId::from("payments-processor"),
            kind: GroupType::Classic,
            protocol_type: "consumer".into(),
            assignor: "range".into(),
            epoch: None,
            state: GroupState("Stable".into()),
            coordinator: BrokerId(3),
            members: vec![
                member("worker-1", "10.2.0.17", &[0, 1, 2, 3]),
                member("worker-2", "10.2.0.18", &[]),
            ],
        },
        partitions: vec![
            row(0, Some(0), Some(166_120), Some(166_667), LagCase::Known { lag: 547 }),
            row(
                1,
                Some(0),
                None,
                Some(166_667),
                LagCase::NoCommit { backlog: Some(166_567) },
            ),
            row(
                2,
                Some(0),
                Some(40),
                Some(166_667),
                LagCase::Expired { lag: 166_627, lost: 60 },
            ),
            row(3, Some(0), Some(166_700), Some(166_667), LagCase::Ahead { by: 33 }),
            row(
                4,
                None,
                Some(5),
                None,
                LagCase::Unknown(ktui::kafka::lag::UnknownLag::NoLeader),
            ),
        ],
        unread: None,
    }
}

pub fn group(width: u16, height: u16) -> Stage {
    let mut stage = groups(width, height);
    stage.press(Action::CursorDown);
    stage.press(Action::Open);
    stage.answer(SlotId::Group, Answer::Group(detail()));
    stage
}

/// Answers what is asked about commits: at each lies a record. The partitions that were asked for.
fn answer_tails(stage: &mut Stage) -> Vec<TopicPartition> {
    let (ticket, Query::Tails(places)) = stage.asked(SlotId::Tails).expect("a question") else {
        panic!("another question")
    };
    let tail = |place: &Place| Tail {
        next: Some(Next {
            offset: place.committed,
            timestamp: Timestamp(1),
            timestamp_type: TimestampType::Create,
        }),
        ..Tail::at(place)
    };
    let found = places.iter().map(|place| (place.partition.clone(), tail(place)));
    let answer = Answer::Tails(found.collect());
    stage.tell(Event::Loaded {
        slot: SlotId::Tails,
        ticket,
        result: Ok(Partial::complete(answer)),
        cost: ktui::kafka::query::Cost::default(),
    });
    places.into_iter().map(|place| place.partition).collect()
}

#[test]
fn what_lies_at_a_commit_is_not_read_again_while_the_group_stands_there() {
    let mut stage = groups(100, 20);
    // All three stand at the same place in the one partition whose lag is known.
    assert_eq!(
        answer_tails(&mut stage),
        [0; 3].map(|id| TopicPartition::new("orders", id))
    );
    stage.pass(30);
    assert!(stage.asked(SlotId::Tails).is_none());

    stage.press(Action::CursorDown);
    stage.press(Action::Open);
    stage.answer(SlotId::Group, Answer::Group(detail()));
    let partitions = [0, 2].map(|id| TopicPartition::new("orders.events", id));
    assert_eq!(answer_tails(&mut stage), partitions);
    stage.pass(30);
    assert!(stage.asked(SlotId::Tails).is_none());
    let mut moved = detail();
    moved.partitions[2].committed = Some(Offset(41));
    moved.partitions[2].log_start = Some(Offset(101));
    stage.answer(SlotId::Group, Answer::Group(moved));
    assert_eq!(answer_tails(&mut stage), partitions[1..]);
}

#[test]
fn a_pinned_group_stays_on_top_whatever_the_order() {
    let mut stage = groups(100, 20);
    let order = |stage: &Stage| {
        let screen = stage.text();
        let names = ["audit-archiver", "fraud-detector", "payments-processor"];
        let mut found: Vec<_> = names
            .iter()
            .filter_map(|name| Some((screen.find(name)?, *name)))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
    };
    let before = order(&stage);
    let last = *before.last().unwrap();
    stage.press(Action::Bottom);
    stage.press(Action::PinGroup);
    assert_eq!(order(&stage).first(), Some(&last));
    let line = stage.line(last);
    assert!(line.starts_with("●▸"), "the cursor stays on it: {line}");
    stage.press(Action::Sort);
    stage.press(Action::Sort);
    stage.press(Action::ReverseSort);
    assert_eq!(order(&stage).first(), Some(&last));
    let kept = stage
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Remember(Memo::Pin(_, true))));
    assert!(kept, "{:?}", stage.effects);
    (0..3).for_each(|_| stage.press(Action::Sort));
    stage.press(Action::PinGroup);
    assert_eq!(order(&stage), before);
}

#[test]
fn group_by_partition_says_what_stands_out() {
    assert_snapshot!(group(120, 24).text());
}

#[test]
fn group_by_partition_at_80_columns() {
    assert_snapshot!(group(80, 24).text());
}

/// The answer to the question for the record at a commit: it is there.
fn record_at_commit(stage: &mut Stage) -> Answer {
    let Some((ticket, Query::NextRecord(place))) = stage.asked(SlotId::NextRecord) else {
        panic!("the record was not asked for")
    };
    stage.effects.push(Effect::Load {
        slot: SlotId::NextRecord,
        ticket,
        query: Query::NextRecord(place.clone()),
    });
    let offset = place.committed;
    let next = Next {
        offset,
        timestamp: Timestamp(1_795_001_999_666),
        timestamp_type: TimestampType::Create,
    };
    let tail = Tail {
        next: Some(next),
        ..Tail::at(&place)
    };
    let row = Some(crate::messages_data::order(place.partition.partition.0, offset.0));
    Answer::NextRecord(Box::new(NextRecord { place, tail, row }))
}

#[test]
fn the_record_at_the_commit_is_shown_below_and_read_once() {
    let mut stage = group(80, 24);
    stage.press(Action::GroupRecord);
    assert!(stage.text().contains("reading it"), "{}", stage.text());
    let answer = record_at_commit(&mut stage);
    stage.answer(SlotId::NextRecord, answer);
    assert_snapshot!(stage.text());
    stage.pass(20);
    assert!(stage.asked(SlotId::NextRecord).is_none(), "it was asked for again");
    // It can be exported and copied as a record.
    stage.press(Action::Export);
    assert!(stage.text().contains("this record"), "{}", stage.text());
    stage.press(Action::Discard);
    stage.press(Action::Copy);
    assert!(stage.text().contains("orders.events/0@166120"), "{}", stage.text());
    stage.press(Action::Leave);
    // Another partition, where nothing was committed: it is said, and nothing is asked.
    stage.press(Action::CursorDown);
    assert!(stage.text().contains("auto.offset.reset"), "{}", stage.text());
    assert!(stage.asked(SlotId::NextRecord).is_none());
    // What retention removed is said beside the first record that is left.
    stage.press(Action::CursorDown);
    let answer = record_at_commit(&mut stage);
    stage.answer(SlotId::NextRecord, answer);
    let screen = stage.text();
    assert!(screen.contains("retention has removed the record at 40"), "{screen}");
    assert!(screen.contains("orders.events/2@100"), "{screen}");
    stage.press(Action::GroupRecord);
    assert!(!stage.text().contains("record at the commit"));
}

#[test]
fn a_group_that_has_committed_nothing_has_no_lag_rather_than_0() {
    let mut fresh = detail();
    fresh.partitions = vec![fresh.partitions[1].clone()];
    let mut stage = groups(100, 24);
    stage.press(Action::CursorDown);
    stage.press(Action::Open);
    stage.answer(SlotId::Group, Answer::Group(fresh));
    assert!(stage.line("classic").contains("lag —"), "{}", stage.text());
}

#[test]
fn group_by_member_shows_who_is_idle() {
    let mut stage = group(100, 20);
    stage.press(Action::NextGroupView);
    assert_snapshot!(stage.text());
}

#[test]
fn group_by_topic_sums_its_partitions_and_opens_them() {
    let mut two = detail();
    two.partitions.insert(
        0,
        PartitionLag {
            partition: TopicPartition::new("audit", 0),
            ..two.partitions[0].clone()
        },
    );
    let mut stage = groups(100, 20);
    stage.press(Action::CursorDown);
    stage.press(Action::Open);
    stage.answer(SlotId::Group, Answer::Group(two));
    stage.press(Action::NextGroupView);
    stage.press(Action::NextGroupView);
    assert_snapshot!(stage.text());
    stage.press(Action::Open);
    let screen = stage.text();
    assert!(screen.contains("[partitions]") && screen.contains("/audit"), "{screen}");
    assert!(!screen.contains("orders.events"), "{screen}");
}

#[test]
fn another_group_never_shows_the_rows_of_the_one_before() {
    let mut stage = group(100, 20);
    stage.press(Action::Back);
    stage.press(Action::CursorUp);
    stage.press(Action::Open);
    let screen = stage.text();
    assert!(
        !screen.contains("worker-1") && screen.contains("fraud-detector"),
        "{screen}"
    );
}
