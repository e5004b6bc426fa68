//! Recordings: what is written is what is read, up to where a file is cut or damaged.

use std::io::{Cursor, Write as _};
use std::time::Duration;

use ktui::export::Packing;
use ktui::kafka::error::{Error, Recorded};
use ktui::kafka::lag::tail::{Next, Tail};
use ktui::kafka::lag::{CommittedOffsets, GroupDetail, LogOffsets, UnknownLag, lag};
use ktui::kafka::model::{
    BrokerId, Cluster, GroupDescription, GroupListing, GroupState, GroupType, Member, Offset, Timestamp, TimestampType,
    TopicPartition,
};
use ktui::kafka::partial::Failure;
use ktui::recording::{Asked, Failed, Glance, Header, Origin, Reader, Writer};
use proptest::prelude::*;

const PACKINGS: [Packing; 3] = [Packing::None, Packing::Gzip, Packing::Zstd];

fn header() -> Header {
    Header {
        format: "ktui-recording".into(),
        version: 1,
        ktui: "0.1.0".into(),
        cluster: Origin {
            id: Some("abc".into()),
            name: "prod".into(),
        },
        groups: Vec::new(),
        started: 1_795_000_000_000,
        every: 5_000,
    }
}

/// A partition of a script: commit and log, each of which may be missing.
#[derive(Clone, Debug)]
struct Part {
    commit: Option<Result<i64, String>>,
    start: Option<i64>,
    end: Result<i64, UnknownLag>,
    owner: Option<usize>,
}

/// What is committed, if anything, or why it is not known.
type Committed = Option<Result<i64, String>>;

#[derive(Clone, Debug)]
struct Scripted {
    is_listed: bool,
    is_described: bool,
    unread: Option<&'static str>,
    state: &'static str,
    members: usize,
    commits: Vec<(Committed, Option<usize>)>,
}

fn commit() -> impl Strategy<Value = Option<Result<i64, String>>> {
    prop_oneof![
        3 => (0..50_i64).prop_map(|offset| Some(Ok(offset))),
        1 => Just(None),
        1 => Just(Some(Err("the coordinator is loading".to_owned()))),
    ]
}

fn end() -> impl Strategy<Value = Result<i64, UnknownLag>> {
    prop_oneof![
        4 => (0..60_i64).prop_map(Ok),
        1 => Just(Err(UnknownLag::NoLeader)),
        1 => Just(Err(UnknownLag::Deleted)),
        1 => Just(Err(UnknownLag::NoEnd("no answer within 5 s".into()))),
    ]
}

fn group() -> impl Strategy<Value = Scripted> {
    let state = prop_oneof![Just("Stable"), Just("Empty"), Just("PreparingRebalance")];
    let commits = prop::collection::vec((commit(), prop::option::of(0..3_usize)), 6);
    let is_described = prop_oneof![
        1 => Just((false, None)),
        3 => Just((true, None)),
        1 => Just((true, Some("loading"))),
    ];
    (any::<bool>(), is_described, state, 0..3_usize, commits).prop_map(
        |(is_listed, (is_described, unread), state, members, commits)| Scripted {
            is_listed,
            is_described,
            unread,
            state,
            members,
            commits,
        },
    )
}

/// The logs of six partitions over two topics, and three groups.
type Step = (Vec<(Option<i64>, Result<i64, UnknownLag>)>, Vec<Scripted>, bool);

fn step() -> impl Strategy<Value = Step> {
    let logs = prop::collection::vec((prop::option::of(0..9_i64), end()), 6);
    (logs, prop::collection::vec(group(), 3), prop::bool::weighted(0.1))
}

fn partition(index: usize) -> TopicPartition {
    TopicPartition::new(if index < 4 { "orders" } else { "payments" }, (index % 4) as i32)
}

fn detail(name: &str, script: &Scripted, logs: &[(Option<i64>, Result<i64, UnknownLag>)]) -> GroupDetail {
    let parts: Vec<Part> = std::iter::zip(&script.commits, logs)
        .map(|((commit, owner), (start, end))| Part {
            commit: commit.clone(),
            start: *start,
            end: end.clone(),
            owner: owner.filter(|owner| *owner < script.members),
        })
        .collect();
    let assigned = |member: usize| {
        let owned = (0..parts.len()).filter(|index| parts[*index].owner == Some(member));
        owned.map(partition).collect()
    };
    let members = (0..script.members).map(|index| Member {
        id: format!("m{index}").into(),
        instance_id: (index == 1).then(|| "static".into()),
        client_id: "worker".into(),
        host: "10.0.0.1".into(),
        subscribed: vec!["orders".into()],
        assigned: (index < 2).then(|| assigned(index)),
    });
    let description = GroupDescription {
        group: name.into(),
        kind: GroupType::Consumer,
        protocol_type: "consumer".into(),
        assignor: "range".into(),
        epoch: (script.members > 0).then_some(7),
        state: GroupState(script.state.into()),
        coordinator: BrokerId(2),
        members: members.collect(),
    };
    let commits: CommittedOffsets = (0..parts.len())
        .filter_map(|index| {
            let commit = parts[index].commit.clone()?;
            Some((partition(index), commit.map(Offset).map_err(Into::into)))
        })
        .collect();
    let log = |wanted: &TopicPartition| {
        let index = (0..parts.len()).find(|index| partition(*index) == *wanted).unwrap();
        LogOffsets {
            log_start: parts[index].start.map(Offset),
            end: parts[index].end.clone().map(Offset),
        }
    };
    let unread = script.unread.map(std::sync::Arc::from);
    GroupDetail {
        partitions: lag(Some(&description), unread.as_deref().map_or(Ok(&commits), Err), log),
        description,
        unread,
    }
}

fn glance(number: usize, (logs, groups, is_blind): &Step) -> Glance {
    let names = ["audit", "billing", "fraud"];
    let listed = || std::iter::zip(names, groups).filter(|(_, group)| group.is_listed && !is_blind);
    let listing = |(name, group): (&str, &Scripted)| GroupListing {
        group: name.into(),
        kind: GroupType::Consumer,
        protocol_type: "consumer".into(),
        state: Some(GroupState(group.state.into())),
        coordinator: BrokerId(2),
    };
    let details = listed().filter(|(_, group)| group.is_described);
    let recorded = |words: &str| {
        let error = Error::Connect {
            addr: words.into(),
            reason: "connection refused".into(),
        };
        Error::Recorded(Box::new(Recorded::from(&error)))
    };
    let tail = Tail {
        committed: Offset(3),
        end: Offset(9),
        next: (number.is_multiple_of(2)).then_some(Next {
            offset: Offset(4),
            timestamp: Timestamp(1_795_000_000_000),
            timestamp_type: TimestampType::LogAppend,
        }),
        markers: 1,
        aborted: 0,
        read_to: Offset(5),
    };
    Glance {
        after: Duration::from_millis(number as u64 * 5_003),
        told: 1_795_000_000_000 + number as i64 * 5_000,
        cluster: Cluster {
            id: Some("abc".into()),
            controller: Some(BrokerId((number % 3) as i32)),
            ..Cluster::default()
        },
        impaired: (number > 0).then(Vec::new),
        listings: listed().map(listing).collect(),
        details: details.map(|(name, group)| detail(name, group, logs)).collect(),
        tails: if *is_blind {
            Vec::new()
        } else {
            vec![(partition(5), tail)]
        },
        failures: vec![
            Failed {
                asked: Asked::Groups,
                failure: Failure::of(BrokerId(2), "groups of broker 2", recorded("kafka-2:9092")),
            },
            Failed {
                asked: Asked::Lags,
                failure: Failure::new("x", Error::UnknownBroker { broker: BrokerId(2) }),
            },
        ],
        blind: is_blind.then(|| recorded("kafka-1:9092")),
    }
}

fn written(glances: &[Glance], packing: Packing) -> Vec<u8> {
    let mut writer = Writer::start(Vec::new(), packing, &header()).unwrap();
    for glance in glances {
        writer.look(glance).unwrap();
    }
    writer.end().unwrap().unwrap()
}

/// Every look that can be read, and whether the file is cut, or what is wrong with it.
fn read(bytes: Vec<u8>) -> (Vec<Glance>, Result<bool, String>) {
    let mut reader = match Reader::open(Cursor::new(bytes)) {
        Ok(reader) => reader,
        Err(damage) => return (Vec::new(), Err(damage.to_string())),
    };
    let mut glances = Vec::new();
    loop {
        match reader.look() {
            Ok(Some(glance)) => glances.push(glance),
            Ok(None) => return (glances, Ok(reader.is_cut())),
            Err(damage) => return (glances, Err(damage.to_string())),
        }
    }
}

/// A look of which everything is known.
fn plain(number: usize) -> Glance {
    let group = Scripted {
        is_listed: true,
        is_described: true,
        unread: None,
        state: "Stable",
        members: 2,
        commits: (0..6)
            .map(|index| (Some(Ok(10 + number as i64)), Some(index % 2)))
            .collect(),
    };
    let logs = vec![(Some(0), Ok(40 + number as i64)); 6];
    glance(number, &(logs, vec![group.clone(), group.clone(), group], false))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_what_is_read(steps in prop::collection::vec(step(), 1..9)) {
        let glances: Vec<Glance> = steps.iter().enumerate().map(|(number, step)| glance(number, step)).collect();
        for packing in PACKINGS {
            let (found, end) = read(written(&glances, packing));
            prop_assert_eq!(&found, &glances);
            prop_assert_eq!(end, Ok(false));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0..4_000_usize) {
        for packing in PACKINGS {
            let mut file = written(&[plain(0), plain(1)], packing);
            let at = at.min(file.len());
            let end = (at + bytes.len()).min(file.len());
            file.splice(at..end, bytes.iter().copied());
            let _any_outcome_will_do = read(file);
        }
    }
}

#[test]
fn a_file_that_is_cut_anywhere_tells_every_whole_look() {
    let glances: Vec<Glance> = (0..4).map(plain).collect();
    for packing in PACKINGS {
        let file = written(&glances, packing);
        let mut most = 0;
        for length in 0..file.len() {
            let (found, end) = read(file[..length].to_vec());
            assert_eq!(found[..], glances[..found.len()], "{packing:?} cut at {length}");
            assert!(found.is_empty() || end.is_ok(), "{packing:?} cut at {length}: {end:?}");
            assert!(found.len() >= most, "{packing:?} cut at {length}");
            most = found.len();
        }
        assert!(most >= 3, "{packing:?}: {most}");
    }
}

#[test]
fn what_was_flushed_can_be_read_though_nobody_ended_it() {
    for packing in PACKINGS {
        let mut writer = Writer::start(Vec::new(), packing, &header()).unwrap();
        writer.look(&plain(0)).unwrap();
        writer.look(&plain(1)).unwrap();
        let killed = writer.get_ref().unwrap().clone();
        let (found, end) = read(killed);
        assert_eq!(found.len(), 2, "{packing:?}");
        assert_eq!(end, Ok(packing != Packing::None), "{packing:?}");
    }
}

#[test]
fn a_long_recording_is_full_of_full_looks_and_small() {
    let glances: Vec<Glance> = (0..300).map(plain).collect();
    let text = String::from_utf8(written(&glances, Packing::None)).unwrap();
    let full: Vec<usize> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains("\"full\":true"))
        .map(|(n, _)| n)
        .collect();
    assert_eq!(full, [1, 121, 241]);
    let (found, end) = read(text.clone().into_bytes());
    assert_eq!((found.len(), end), (300, Ok(false)));
    // From a full look on it is a recording of its own.
    let lines: Vec<&str> = text.lines().collect();
    let tail = format!("{}\n{}\n", lines[0], lines[121..].join("\n"));
    let (found, _) = read(tail.into_bytes());
    assert_eq!(found, glances[120..]);
}

#[test]
fn what_is_no_recording_is_said_to_be_none() {
    let head = |text: &str| read(text.as_bytes().to_vec()).1.unwrap_err();
    assert!(head("").contains("empty"));
    assert!(head("hello\n").contains("no recording"));
    assert!(head("{\"format\":\"other\",\"version\":1}\n").contains("no recording"));
    let later = head("{\"format\":\"ktui-recording\",\"version\":7,\"ktui\":\"9.0\"}\n");
    assert!(later.contains("version is 7") && later.contains("ktui 9.0"), "{later}");
}

#[test]
fn a_damaged_line_is_named_and_what_comes_before_it_is_told() {
    let text = String::from_utf8(written(&[plain(0), plain(1), plain(2)], Packing::None)).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let with = |number: usize, line: &str| {
        let mut lines = lines.clone();
        lines[number] = line.to_owned();
        read(format!("{}\n", lines.join("\n")).into_bytes())
    };
    let long = format!(
        r#"{{"at":1795000009000,"ms":9000,"groups":[{{"group":"{}"}}]}}"#,
        "x".repeat(10 << 20)
    );
    for (line, why) in [
        (
            "{\"at\":1795000009000,\"ms\":9000,\"ends\":{\"orders\":[[0,NaN]]}}",
            "column",
        ),
        (
            "{\"at\":1795000009000,\"ms\":9000,\"ends\":{\"orders\":[[-1,5]]}}",
            "-1 is no partition",
        ),
        (
            "{\"at\":1795000009000,\"ms\":9000,\"ends\":{\"orders\":[[0,-5]]}}",
            "-5 is no offset",
        ),
        (
            "{\"at\":1795000009000,\"ms\":9000,\"ends\":{\"orders\":[[0,9e18]]}}",
            "column",
        ),
        (
            "{\"at\":1795000009000,\"ms\":1}",
            "time goes back, from 5003 ms to 1 ms",
        ),
        (
            "{\"at\":1795000009000,\"ms\":18446744073709551615}",
            "later than a year",
        ),
        ("{\"at\":-4,\"ms\":9000}", "no time"),
        ("\u{1b}[2J", "column"),
        (long.as_str(), "a name of 10485760 bytes"),
    ] {
        let (found, end) = with(3, line);
        let end = end.unwrap_err();
        assert_eq!(found.len(), 2, "{why}");
        assert!(
            end.starts_with("line 4: ") && end.contains(why) && end.contains("head -n 3"),
            "{end}"
        );
    }
    let (found, end) = with(1, "{\"at\":1795000009000,\"ms\":0}");
    assert!(found.is_empty() && end.unwrap_err().contains("no full look"));
}

#[test]
fn a_bomb_ends_at_the_longest_line() {
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&written(&[plain(0)], Packing::None)).unwrap();
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..80 {
        bomb.write_all(&zeros).unwrap();
    }
    let (found, end) = read(bomb.finish().unwrap());
    assert_eq!(found.len(), 1);
    assert!(end.unwrap_err().contains("longer than 64 MiB"));
}
