//! A recording on the screen: what is seen at a moment is the same however one came there, and nothing is asked.

use std::io::Cursor;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ktui::app::action::{ACTIONS, Action};
use ktui::app::event::Event;
use ktui::app::nav::PaneId;
use ktui::app::replay::Replay;
use ktui::app::{App, AppSettings};
use ktui::export::Packing;
use ktui::kafka::error::Error;
use ktui::kafka::lag::{CommittedOffsets, GroupDetail, LogOffsets, lag};
use ktui::kafka::model::{
    BrokerId, GroupDescription, GroupListing, GroupState, GroupType, Lock, Member, Offset, TopicPartition,
};
use ktui::kafka::partial::Failure;
use ktui::layout::Size;
use ktui::recording::{Asked, Failed, Glance, Header, Origin, Reader, Writer};
use proptest::prelude::*;

use super::stage::{Stage, cluster};

const LOOKS: usize = 60;
/// A group stops here.
const STOPS: usize = 15;
/// A broker is lost from here on, and one group's coordinator with it up to [`BACK`].
const LOST: usize = 30;
const BACK: usize = 36;
const GROUPS: [&str; 3] = ["audit", "billing", "fraud"];

fn detail(name: &str, look: i64) -> GroupDetail {
    let stands = name == "fraud" && look >= STOPS as i64;
    let members = usize::from(!stands);
    let at = |partition: i32| TopicPartition::new(format!("{name}.events"), partition);
    let members = (0..members).map(|_| Member {
        id: "m0".into(),
        instance_id: None,
        client_id: "worker".into(),
        host: "10.0.0.1".into(),
        subscribed: Vec::new(),
        assigned: Some((0..3).map(at).collect()),
    });
    let description = GroupDescription {
        group: name.into(),
        kind: GroupType::Classic,
        protocol_type: "consumer".into(),
        assignor: "range".into(),
        epoch: None,
        state: GroupState(if stands { "Empty" } else { "Stable" }.into()),
        coordinator: BrokerId(if name == "audit" { 3 } else { 1 }),
        members: members.collect(),
    };
    let moved = if stands { STOPS as i64 } else { look };
    let commits: CommittedOffsets = (0..3).map(|one| (at(one), Ok(Offset(1_000 + moved * 100)))).collect();
    let log = |_: &TopicPartition| LogOffsets {
        log_start: Some(Offset(0)),
        end: Ok(Offset(1_020 + look * 100)),
    };
    GroupDetail {
        partitions: lag(Some(&description), Ok(&commits), log),
        description,
        unread: None,
    }
}

fn glance(number: usize) -> Glance {
    let is_silent = (LOST..BACK).contains(&number);
    let seen = || GROUPS.into_iter().filter(|name| !(is_silent && *name == "audit"));
    let details: Vec<GroupDetail> = seen().map(|name| detail(name, number as i64)).collect();
    let listings = details.iter().map(|detail| GroupListing {
        group: detail.description.group.clone(),
        kind: GroupType::Classic,
        protocol_type: "consumer".into(),
        state: Some(detail.description.state.clone()),
        coordinator: detail.description.coordinator,
    });
    let silent = Failure::of(
        BrokerId(3),
        "groups of broker 3",
        Error::Connect {
            addr: "kafka-3:9092".into(),
            reason: "connection refused".into(),
        },
    );
    let failed = Failed {
        asked: Asked::Groups,
        failure: silent,
    };
    Glance {
        after: Duration::from_secs(number as u64 * 5),
        // 2026-11-18T11:40:00Z
        told: 1_795_002_000_000 + number as i64 * 5_000,
        cluster: cluster(if number >= LOST { &[1, 2] } else { &[1, 2, 3] }),
        impaired: Some(Vec::new()),
        listings: listings.collect(),
        details,
        failures: is_silent.then_some(failed).into_iter().collect(),
        blind: (number == LOST + 2).then(|| Error::Cancelled { what: "groups".into() }),
        ..Glance::default()
    }
}

fn file() -> Vec<u8> {
    let header = Header {
        format: "ktui-recording".into(),
        version: 1,
        ktui: "0.1.0".into(),
        cluster: Origin {
            id: None,
            name: "prod-eu".into(),
        },
        groups: Vec::new(),
        started: 1_795_002_000_000,
        every: 5_000,
    };
    let mut writer = Writer::start(Vec::new(), Packing::Zstd, &header).unwrap();
    for number in 0..LOOKS {
        let glance = glance(number);
        let glance = match glance.blind {
            Some(_) => Glance {
                listings: Vec::new(),
                details: Vec::new(),
                failures: Vec::new(),
                ..glance
            },
            None => glance,
        };
        writer.look(&glance).unwrap();
    }
    writer.end().unwrap().unwrap()
}

fn open(width: u16, height: u16) -> Stage {
    let reader = Reader::open(Cursor::new(file())).unwrap();
    #[expect(clippy::disallowed_methods, reason = "tests need a point in time to count from")]
    let now = Instant::now();
    let recorded = Replay::open(reader, Vec::new(), now, TimeZone::UTC, |_| {}).unwrap();
    let settings = AppSettings {
        cluster_name: "prod-eu".to_owned(),
        bootstrap: Vec::new(),
        pane: PaneId::Groups,
        themes: Vec::new(),
        banner: None,
        lock: Lock::ReadOnly,
        open: None,
        folder: "/".into(),
        memory: ktui::app::memory::Memory::default(),
        lag_limits: Vec::new(),
    };
    let size = Size { width, height };
    Stage::of(App::replay(settings, size, now, recorded), now, size)
}

/// What is on the screen, without the bottom line, whose notes are of now.
fn picture(stage: &Stage) -> String {
    let text = stage.text();
    text.lines()
        .filter(|line| !line.contains("space play"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Every look, from the first to the last.
fn forwards(stage: &mut Stage) -> Vec<String> {
    let mut pictures = vec![picture(stage)];
    for _ in 1..LOOKS {
        stage.press(Action::LookForward);
        pictures.push(picture(stage));
    }
    pictures
}

#[test]
fn going_back_shows_the_very_pictures_of_going_forth() {
    for is_group in [false, true] {
        let mut stage = open(120, 20);
        if is_group {
            stage.press(Action::LastLook);
            stage.press(Action::Top);
            stage.press(Action::Open);
            assert!(stage.text().contains("Groups › fraud"), "{}", stage.text());
            stage.press(Action::FirstLook);
        }
        let pictures = forwards(&mut stage);
        for number in (0..LOOKS - 1).rev() {
            stage.press(Action::LookBack);
            assert_eq!(picture(&stage), pictures[number], "look {number}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn wherever_one_jumps_the_picture_is_that_of_the_moment(jumps in prop::collection::vec(0..6_u8, 1..30)) {
        let pictures = forwards(&mut open(120, 20));
        let mut stage = open(120, 20);
        for jump in jumps {
            stage.press(match jump {
                0 => Action::MinuteForward,
                1 => Action::MinuteBack,
                2 => Action::NextMark,
                3 => Action::PreviousMark,
                4 => Action::LastLook,
                _ => Action::LookBack,
            });
            // Looks are 5 s apart, and so are all places that these keys reach.
            let passed = stage.app.recording().unwrap().passed(stage.now).as_secs() as usize;
            // What a key has to say may stand in the bottom line.
            let body = |text: &str| text.lines().take(19).map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(body(&picture(&stage)), body(&pictures[passed / 5]));
        }
    }
}

#[test]
fn playing_reaches_the_same_picture_and_stands_at_the_end() {
    let last = forwards(&mut open(120, 20)).pop().unwrap();
    let mut stage = open(120, 20);
    assert_eq!(
        stage.app.next_deadline(stage.now),
        None,
        "what stands still costs nothing"
    );
    stage.press(Action::TogglePlay);
    let mut woken = 0;
    while let Some(deadline) = stage.app.next_deadline(stage.now) {
        assert!(deadline > stage.now, "it would spin");
        stage.now = deadline;
        stage.tell(Event::DeadlineReached);
        woken += 1;
        assert!(woken < 1_000, "it never ends");
    }
    assert_eq!(picture(&stage), last);
}

#[test]
fn nothing_is_ever_asked_and_nothing_changed() {
    let mut stage = open(120, 30);
    let quits = [Action::Quit, Action::QuitNow, Action::Suspend];
    for is_group in [false, true] {
        if is_group {
            stage.press(Action::Open);
        }
        for row in ACTIONS.iter().filter(|row| !quits.contains(&row.action)) {
            stage.effects.clear();
            stage.press(row.action);
            let asked: Vec<_> = stage.effects.iter().map(|effect| format!("{effect:?}")).collect();
            let is_harmless = |effect: &String| {
                [
                    "CopyToClipboard",
                    "CopyRow",
                    "Repaint",
                    "Remember",
                    "Cancel",
                    "CloseFeed",
                    "PauseFeed",
                ]
                .iter()
                .any(|name| effect.starts_with(name))
            };
            assert!(asked.iter().all(is_harmless), "{}: {asked:?}", row.name);
            // Whatever lies over the screen is left.
            stage.press(Action::Discard);
            stage.press(Action::Leave);
        }
    }
    let mut stage = open(120, 30);
    stage.press(Action::ToggleLock);
    assert!(
        stage.text().contains("this is a recording: nothing can be changed"),
        "{}",
        stage.text()
    );
    stage.press(Action::OpenTopics);
    assert!(stage.text().contains("it has groups alone"), "{}", stage.text());
    stage.press(Action::Palette);
    stage.type_line("topics");
    assert!(
        stage.text().contains("nothing is asked of the cluster"),
        "{}",
        stage.text()
    );
}

#[test]
fn marks_are_where_a_broker_was_lost_and_a_verdict_got_worse() {
    let mut stage = open(120, 20);
    let marks: Vec<(u64, String)> = {
        let replay = stage.app.recording().unwrap();
        replay
            .marks()
            .map(|(after, mark)| (after.as_secs(), mark.what.clone()))
            .collect()
    };
    assert!(
        marks.contains(&(LOST as u64 * 5, "broker 3 lost".to_owned())),
        "{marks:?}"
    );
    let stopped = marks.iter().find(|(_, what)| what == "fraud: stopped").unwrap();
    assert!((STOPS as u64 * 5..LOST as u64 * 5).contains(&stopped.0), "{marks:?}");
    stage.press(Action::NextMark);
    assert!(stage.text().contains(&marks[0].1), "{}", stage.text());
    stage.press(Action::LastLook);
    stage.press(Action::PreviousMark);
    let last = marks.last().unwrap();
    assert!(stage.text().contains(&last.1), "{}", stage.text());
}

#[test]
fn a_time_leads_to_its_look() {
    let mut stage = open(120, 20);
    stage.press(Action::Palette);
    stage.type_line("at 11:42:32");
    assert!(stage.text().contains("❚❚ 11:42:30"), "{}", stage.text());
    stage.press(Action::Palette);
    stage.type_line("at 18:00");
    assert!(
        stage.text().contains("the recording is from 11:40:00 to 11:44:55"),
        "{}",
        stage.text()
    );
}

#[test]
fn a_dead_coordinator_is_told_and_its_group_stays() {
    let mut stage = open(120, 20);
    stage.press(Action::Palette);
    stage.type_line("at 11:42:35");
    let text = stage.text();
    assert!(text.contains("audit"), "{text}");
    assert!(text.contains("kafka-3:9092") || text.contains("broker 3"), "{text}");
}

#[test]
fn the_slider_at_80x24_and_120x40() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut stage = open(width, height);
        insta::assert_snapshot!(format!("replay_{width}_paused"), stage.text());
        stage.press(Action::NextMark);
        insta::assert_snapshot!(format!("replay_{width}_mark"), stage.text());
        stage.press(Action::TogglePlay);
        stage.now += Duration::from_millis(1_500);
        stage.tell(Event::DeadlineReached);
        insta::assert_snapshot!(format!("replay_{width}_playing"), stage.text());
        stage.press(Action::Open);
        insta::assert_snapshot!(format!("replay_{width}_group"), stage.text());
    }
}
