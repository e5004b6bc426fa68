//! The frame round the panes: health line, path, bottom line, prompts, overlays, and the start.

use insta::assert_snapshot;
use ktui::app::action::{ACTIONS, Action, Scope};
use ktui::app::event::{Connection, Counters, Event};
use ktui::app::nav::PaneId;
use ktui::app::slot::SlotId;
use ktui::kafka::error::{Error, Speaks};
use ktui::kafka::model::{ConfigEntry, ConfigSource, Lock};
use ktui::kafka::query::{Answer, Overview};
use ktui::layout::Size;
use ktui::ui::theme::{ColorDepth, Role, Theme};

use crate::stage::{Stage, broker, cluster, ids, overview, partition, timeout, topic};

fn healthy() -> Overview {
    Overview {
        cluster: cluster(&[1, 2, 3]),
        topics: vec![topic("orders", 12), topic("payments", 6)],
    }
}

/// The health line of a cluster.
fn health(width: u16, overview: Overview) -> String {
    let stage = Stage::with(PaneId::Topics, width, 24, overview);
    stage.text().lines().next().unwrap().to_owned()
}

/// Where every replica of a broker is out of sync.
fn without(broker: i32) -> Overview {
    let mut overview = healthy();
    for partition in overview.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        partition.isr = partition.isr.iter().copied().filter(|id| id.0 != broker).collect();
    }
    overview
}

fn refused() -> Error {
    let connect = |addr: &str, reason: &str| Error::Connect {
        addr: addr.to_owned(),
        reason: reason.to_owned(),
    };
    let speaks_tls = Error::NotKafka {
        addr: "kafka-2:9092".to_owned(),
        speaks: Speaks::Tls,
    };
    Error::NoBroker {
        attempts: vec![
            ("kafka-1:9092".to_owned(), connect("kafka-1:9092", "connection refused")),
            ("kafka-2:9092".to_owned(), speaks_tls),
        ],
    }
}

#[test]
fn a_healthy_cluster_is_told_in_numbers() {
    assert_eq!(
        health(100, healthy()),
        format!(
            " prod-eu ▏3/3 brokers  controller 3  URP 0  offline 0{}LOCKED   live",
            " ".repeat(33)
        )
    );
    assert_eq!(
        health(60, healthy()),
        " prod-eu ▏3/3 brokers  controller 3  URP 0    LOCKED   live"
    );
    assert_eq!(health(40, healthy()), " prod-eu ▏3/3 brokers              live");
    assert_eq!(health(20, healthy()), " prod-eu ▏     live");
}

#[test]
fn the_lock_is_said_and_an_unlocked_session_says_so_on_every_screen() {
    let line = |width, lock| {
        let mut stage = Stage::with(PaneId::Topics, width, 24, healthy());
        stage.tell(Event::ConnectionChanged(Connection::Connected));
        stage.tell(Event::LockChanged(lock));
        stage.line("prod-eu")
    };
    assert!(line(100, Lock::ReadOnly).ends_with("READ-ONLY   live"));
    assert!(line(100, Lock::Unlocked).ends_with(" UNLOCKED    live"));
    assert!(line(40, Lock::Unlocked).contains(" UNLOCKED "));
    assert!(!line(40, Lock::Locked).contains("LOCKED"));
}

#[test]
fn the_guilty_are_named() {
    let mut one_down = without(2);
    one_down.cluster = cluster(&[1, 3]);
    assert!(health(100, one_down.clone()).contains("▏ broker 2 missing: 18 partitions under-replicated   2/3 brokers"));
    let mut two_down = without(2);
    two_down.cluster = cluster(&[3]);
    two_down.topics[0].partitions[0] = partition(0, None, &[1, 2], &[1]);
    let line = health(120, two_down);
    assert!(
        line.contains("brokers 1, 2 missing: 1 partition offline, 18 under-replicated"),
        "{line}"
    );
    let line = health(100, without(3));
    assert!(
        line.contains("▏ 18 partitions under-replicated: broker 3 out of sync"),
        "{line}"
    );
}

#[test]
fn partitions_without_a_leader_are_told_first() {
    let mut overview = healthy();
    overview.topics[1].partitions[0].leader = None;
    let line = health(100, overview.clone());
    assert!(line.contains("▏ 1 partition offline "), "{line}");
    overview.topics[0].partitions[1].isr = ids(&[1]);
    let line = health(120, overview);
    assert!(
        line.contains("1 partition offline, 1 under-replicated: brokers 2, 3 out of sync"),
        "{line}"
    );
}

#[test]
fn partitions_that_refuse_writes_are_counted_beside_the_under_replicated() {
    let mut overview = without(3);
    for partition in overview.topics[1].partitions.iter_mut().take(4) {
        partition.isr = ids(&[1]);
    }
    let mut stage = Stage::with(PaneId::Topics, 180, 24, overview);
    let line = |stage: &Stage| stage.text().lines().next().unwrap().to_owned();
    assert!(
        line(&stage).contains("URP 18  offline 0  <min ?  =min ?"),
        "{}",
        line(&stage)
    );

    // One topic's setting may not be read: its partitions stay unknown.
    let entry = ConfigEntry {
        name: "min.insync.replicas".to_owned(),
        value: Some("2".to_owned()),
        source: ConfigSource::Topic,
        is_sensitive: false,
        default: None,
    };
    let min_isr = |topic: &str| (topic.into(), vec![entry.clone()]);
    stage.answer(SlotId::MinIsr, Answer::Configs([min_isr("payments")].into()));
    assert!(line(&stage).contains("18 partitions under-replicated, 4 below min ISR: brokers 2, 3 out of sync"));
    assert!(line(&stage).contains("<min 4 + ?12  =min 2 + ?12"), "{}", line(&stage));
    stage.pass(60);
    let both = [min_isr("payments"), min_isr("orders")];
    stage.answer(SlotId::MinIsr, Answer::Configs(both.into()));
    assert!(
        line(&stage).contains("URP 18  offline 0  <min 4  =min 14"),
        "{}",
        line(&stage)
    );
}

#[test]
fn a_cluster_without_trouble_is_not_asked_for_min_isr() {
    let asked = |overview| {
        let mut stage = Stage::with(PaneId::Brokers, 100, 24, overview);
        stage.asked(SlotId::MinIsr).is_some()
    };
    assert!(!asked(healthy()));
    assert!(asked(without(3)));
}

#[test]
fn what_is_wrong_is_the_loudest_on_the_screen() {
    let stage = Stage::with(PaneId::Topics, 100, 24, without(3));
    let theme = Theme::find("dark", None, ColorDepth::True).unwrap();
    let buffer = stage.buffer();
    let x = stage.line("partitions under").chars().position(|c| c == '1').unwrap() as u16;
    let style = theme.style(Role::Alert);
    assert_eq!((Some(buffer[(x, 0)].fg), Some(buffer[(x, 0)].bg)), (style.fg, style.bg));
}

#[test]
fn a_broker_that_comes_and_goes_between_two_metadata_is_seen_by_the_heartbeat() {
    let mut stage = Stage::with(PaneId::Topics, 100, 24, healthy());
    stage.answer(SlotId::Cluster, Answer::Cluster(cluster(&[1, 3])));
    assert!(
        stage.line("prod-eu").contains("broker 2 missing"),
        "{}",
        stage.line("prod-eu")
    );
}

#[test]
fn the_age_counts_only_once_a_refresh_failed() {
    let mut stage = Stage::with(PaneId::Topics, 100, 24, healthy());
    assert!(stage.line("prod-eu").ends_with("LOCKED   live"));
    for _ in 0..4 {
        stage.pass(5);
        stage.fail(SlotId::Overview, timeout("Metadata"));
    }
    assert!(
        stage.line("prod-eu").ends_with("LOCKED   stale 20 s"),
        "{}",
        stage.line("prod-eu")
    );
    stage.tell(Event::ConnectionChanged(Connection::Lost(refused().into())));
    let line = stage.line("prod-eu");
    assert!(line.ends_with("connection lost, stale 20 s"), "{line}");
}

#[test]
fn the_start_names_whom_it_calls() {
    let mut stage = Stage::open(PaneId::Topics, 80, 16);
    assert_snapshot!("start_connecting", stage.text());
    stage.pass(3);
    assert!(
        stage.text().contains("Connecting to the cluster … 3 s"),
        "{}",
        stage.text()
    );
}

#[test]
fn a_failed_start_says_what_came_of_each_address() {
    let mut stage = Stage::open(PaneId::Topics, 80, 16);
    let mut error = refused();
    if let Error::NoBroker { attempts } = &mut error {
        // The order in which they failed is not the one in which they are listed.
        attempts.reverse();
    }
    stage.fail(SlotId::Overview, error);
    stage.tell(Event::ConnectionChanged(Connection::Lost(refused().into())));
    assert_snapshot!("start_failed", stage.text());
    // The next try is under way: what is known of the last one stays.
    stage.pass(5);
    assert!(stage.text().contains("Trying again now") && stage.text().contains("connection refused"));
}

#[test]
fn one_address_is_told_in_one_line() {
    let mut stage = Stage::open(PaneId::Topics, 80, 16);
    let Error::NoBroker { mut attempts } = refused() else {
        panic!()
    };
    attempts.truncate(1);
    stage.fail(SlotId::Overview, Error::NoBroker { attempts });
    assert_eq!(
        stage.line("Could not").trim(),
        "Could not connect to kafka-1:9092: connection refused."
    );
    assert_eq!(stage.text().matches("kafka-1:9092").count(), 1);
}

#[test]
fn a_broker_s_own_words_reach_the_screen_as_text_only() {
    let mut stage = Stage::open(PaneId::Topics, 80, 24);
    stage.fail(
        SlotId::Overview,
        Error::Kafka {
            code: -1,
            what: "Metadata".to_owned(),
            message: Some(format!("\x1b]0;owned\x07\u{202e}{}", "long ".repeat(100_000))),
        },
    );
    let text = stage.text();
    assert!(text.contains("␛]0;owned␇\u{fffd}") && !text.contains('\x1b'), "{text}");
    assert!(
        text.contains("Trying again in"),
        "what the broker says leaves room for the rest:\n{text}"
    );
}

#[test]
fn the_path_leads_to_what_is_open() {
    let mut stage = Stage::with(PaneId::Topics, 100, 24, healthy());
    stage.press(Action::Open);
    assert_eq!(
        stage.text().lines().nth(1).unwrap(),
        format!(
            " 1 Brokers   2 Topics   3 Messages   4 Groups{}Topics › orders",
            " ".repeat(39)
        )
    );
    let mut stage = Stage::with(PaneId::Topics, 50, 24, healthy());
    stage.press(Action::Open);
    assert_eq!(
        stage.text().lines().nth(1).unwrap(),
        format!(" 1  2 Topics  3  4{}Topics › orders", " ".repeat(16))
    );
}

#[test]
fn the_bottom_line_shows_as_many_keys_as_fit_and_notes_at_its_end() {
    let mut stage = Stage::with(PaneId::Topics, 80, 24, healthy());
    let bottom = |stage: &Stage| stage.text().lines().last().unwrap().to_owned();
    assert!(bottom(&stage).starts_with(" ⏎ open   m messages"), "{}", bottom(&stage));
    stage.tell(Event::Copied(Ok("orders copied".to_owned())));
    assert!(bottom(&stage).starts_with(" ⏎ open") && bottom(&stage).ends_with("  orders copied"));
    stage.tell(Event::Copied(Err("x".repeat(300))));
    assert!(bottom(&stage).ends_with('…'), "{}", bottom(&stage));
    stage.pass(5);
    assert!(bottom(&stage).ends_with("help"), "a note leaves: {}", bottom(&stage));
}

#[test]
fn a_long_line_in_the_prompt_shows_where_one_types() {
    let mut stage = Stage::with(PaneId::Topics, 40, 24, healthy());
    stage.press(Action::Filter);
    for c in "0123456789".repeat(9).chars() {
        stage.tell(Event::Typed(c));
    }
    let bottom = stage.text().lines().last().unwrap().to_owned();
    assert!(bottom.starts_with(" /") && bottom.ends_with("789"), "{bottom}");
    stage.press(Action::MoveStart);
    let bottom = stage.text().lines().last().unwrap().to_owned();
    assert!(bottom.starts_with(" /0123"), "{bottom}");
}

#[test]
fn a_complaint_stands_beside_what_was_typed() {
    let mut stage = Stage::with(PaneId::Topics, 80, 24, healthy());
    stage.press(Action::Palette);
    stage.type_line("topic nope");
    let bottom = stage.text().lines().last().unwrap().to_owned();
    assert!(
        bottom.starts_with(" :topic nope") && bottom.ends_with("no topic nope"),
        "{bottom}"
    );
}

#[test]
fn the_help_has_every_key_of_its_screen() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, healthy());
    stage.press(Action::Help);
    assert_snapshot!("help_of_topics", stage.text());
    let mut seen = String::new();
    for _ in 0..80 {
        seen.push_str(&stage.text());
        stage.press(Action::CursorDown);
    }
    for row in ACTIONS
        .iter()
        .filter(|row| row.scope == Scope::Global && !Scope::Topics.lacks().contains(&row.action))
    {
        assert!(seen.contains(row.help), "{}", row.help);
    }
}

#[test]
fn the_debug_overlay_tells_what_it_costs() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, overview());
    stage.tell(Event::Counted(Counters {
        requests: 1_204,
        in_flight: 2,
        errors: 3,
        late_answers: 1,
        bytes_out: 66_000,
        bytes_in: 9_000_000,
    }));
    stage.fail(SlotId::Offsets, timeout("ListOffsets"));
    stage.pass(2);
    stage.press(Action::Debug);
    assert_snapshot!("debug_overlay", stage.text());
    assert!(stage.app.next_deadline(stage.now).unwrap() <= stage.now + std::time::Duration::from_secs(1));
}

#[test]
fn every_size_can_be_drawn() {
    let mut stage = Stage::with(PaneId::Topics, 100, 30, without(2));
    for overlay in [None, Some(Action::Help), Some(Action::Debug), Some(Action::Palette)] {
        if let Some(overlay) = overlay {
            stage.press(overlay);
        }
        for width in [1, 2, 7, 19, 20, 33, 80, 300] {
            for height in [1, 2, 4, 5, 8, 12, 60] {
                stage.resize(Size { width, height });
                let first = stage.text().lines().next().unwrap_or_default().to_owned();
                let is_small = width < 20 || height < 5;
                assert_eq!(first.contains("prod-eu"), !is_small, "{width}x{height}: {first}");
            }
        }
        stage.press(if overlay == Some(Action::Palette) {
            Action::Discard
        } else {
            Action::Back
        });
    }
}

#[test]
fn a_cluster_with_many_dead_brokers_counts_them() {
    let mut overview = healthy();
    let all: Vec<i32> = (1..=9).collect();
    overview.topics[0].partitions[0] = partition(0, Some(1), &all, &[1]);
    overview.cluster.brokers = vec![broker(1), broker(2), broker(3)];
    let line = health(100, overview);
    assert!(
        line.contains("6 brokers missing: 1 partition under-replicated"),
        "{line}"
    );
}
