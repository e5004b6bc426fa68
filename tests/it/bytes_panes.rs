//! What a cursor step costs on the real list of topics, as the terminal would get it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ktui::app::action::Action;
use ktui::app::effect::Effect;
use ktui::app::event::{Connection, Event};
use ktui::app::nav::PaneId;
use ktui::app::{App, AppSettings};
use ktui::input::Keymap;
use ktui::kafka::model::{
    Broker, BrokerId, Cluster, ConfigEntry, ConfigSource, Lock, Offset, Partition, PartitionId, PartitionOffsets,
    ReplicaSize, Topic, TopicName,
};
use ktui::kafka::partial::Partial;
use ktui::kafka::query::{Answer, Overview, Query};
use ktui::layout::Size;
use ktui::runtime::backend::{Erase, Screen};
use ktui::ui::table::Memory;
use ktui::ui::theme::{ColorDepth, Theme};
use ktui::ui::{Paint, draw};

const SIZE: Size = Size { width: 120, height: 40 };
const STEPS: usize = 40;

/// 10,000 topics of one partition, three replicas.
fn overview() -> Overview {
    let brokers = (1..=3).map(|id| Broker {
        id: BrokerId(id),
        host: "127.0.0.1".into(),
        port: 9090 + id,
        rack: None,
    });
    let replicas: Box<[BrokerId]> = [BrokerId(1), BrokerId(2), BrokerId(3)].into();
    let partition = Partition {
        id: PartitionId(0),
        leader: Some(BrokerId(1)),
        leader_epoch: None,
        replicas: replicas.clone(),
        isr: replicas,
        adding: Box::default(),
    };
    let topic = |n| Topic {
        name: format!("orders.events-{n:05}").as_str().into(),
        id: None,
        is_internal: false,
        partitions: vec![partition.clone()],
    };
    let cluster = Cluster {
        controller: Some(BrokerId(1)),
        brokers: brokers.collect(),
        ..Cluster::default()
    };
    Overview {
        cluster,
        topics: (0..10_000).map(topic).collect(),
    }
}

/// Some number that differs from topic to topic.
fn number_of(topic: &TopicName) -> u64 {
    topic
        .to_string()
        .bytes()
        .fold(7, |sum, byte| (sum * 31 + u64::from(byte)) % 2_000_003)
}

/// What a cluster would answer that was started `age` ago; its topics take 412 records a second.
fn answer(query: &Query, age: Duration) -> Answer {
    let entry = |name: &str, value: &str| ConfigEntry {
        name: name.into(),
        value: Some(value.into()),
        source: ConfigSource::Default,
        is_sensitive: false,
        default: None,
    };
    let offsets = |topic: &TopicName| PartitionOffsets {
        partition: PartitionId(0),
        log_start: Some(Offset(0)),
        end: Some(Offset(number_of(topic) as i64 + 412 * age.as_secs() as i64)),
    };
    let sizes = |topic: &TopicName| -> Vec<_> {
        let size = |broker| ReplicaSize {
            broker: BrokerId(broker),
            topic: topic.clone(),
            partition: PartitionId(0),
            bytes: number_of(topic) * 168,
        };
        (1..=3).map(size).collect()
    };
    let configs = || {
        vec![
            entry("retention.ms", "604800000"),
            entry("cleanup.policy", "delete"),
            entry("min.insync.replicas", "2"),
        ]
    };
    match query {
        Query::Overview => Answer::Overview(overview()),
        Query::Cluster => Answer::Cluster(overview().cluster),
        Query::Offsets(topics) => Answer::Offsets(topics.iter().map(|t| (t.clone(), vec![offsets(t)])).collect()),
        Query::Sizes(topics) => Answer::Sizes(topics.iter().map(|t| (t.clone(), sizes(t))).collect()),
        Query::Configs { topics, .. } => Answer::Configs(topics.iter().map(|t| (t.clone(), configs())).collect()),
        Query::LogDirs => Answer::LogDirs(Vec::new()),
        Query::Groups => Answer::Groups(Vec::new()),
        _ => Answer::Lags(HashMap::new()),
    }
}

/// Gives the machine every answer it asks for, at once.
fn settle(app: &mut App, mut effects: Vec<Effect>, (start, now): (Instant, Instant)) {
    while let Some(effect) = effects.pop() {
        if let Effect::Load { slot, ticket, query } = effect {
            let result = Ok(Partial::complete(answer(&query, now - start)));
            effects.extend(app.handle(
                Event::Loaded {
                    slot,
                    ticket,
                    result,
                    cost: ktui::kafka::query::Cost::default(),
                },
                now,
            ));
        }
    }
}

#[test]
fn a_cursor_step_in_the_list_of_topics_takes_at_most_200_bytes() {
    #[expect(clippy::disallowed_methods, reason = "the machine wants some instant to begin with")]
    let start = Instant::now();
    let mut now = start;
    let settings = AppSettings {
        cluster_name: "127.0.0.1:9092".into(),
        bootstrap: vec!["127.0.0.1:9092".into()],
        pane: PaneId::Topics,
        themes: Vec::new(),
        banner: None,
        lock: Lock::Locked,
        open: None,
        folder: "/".into(),
        memory: ktui::app::memory::Memory::default(),
        lag_limits: Vec::new(),
    };
    let (mut app, effects) = App::start(settings, SIZE, now);
    settle(&mut app, effects, (start, now));
    app.handle(Event::ConnectionChanged(Connection::Connected), now);
    let theme = Theme::find("dark", None, ColorDepth::True).unwrap();
    let (keymap, widths) = (Keymap::defaults(), std::cell::RefCell::<Memory>::default());
    let paint = Paint {
        theme: &theme,
        keymap: &keymap,
        zone: &TimeZone::UTC,
        widths: &widths,
    };
    // Long enough for a second sample of the offsets, and so for rates.
    for _ in 0..60 {
        now += Duration::from_secs(1);
        let effects = app.handle(Event::DeadlineReached, now);
        settle(&mut app, effects, (start, now));
    }
    let mut screen = Screen::new(Vec::new(), SIZE, ColorDepth::True, Erase::Colored);
    screen.draw(|frame| draw(frame, &app, &paint, now)).unwrap();
    let mut bytes = Vec::new();
    for _ in 0..STEPS {
        now += Duration::from_millis(50);
        let effects = app.handle(Event::Acted(Action::CursorDown), now);
        bytes.push(screen.draw(|frame| draw(frame, &app, &paint, now)).unwrap());
        settle(&mut app, effects, (start, now));
        screen.draw(|frame| draw(frame, &app, &paint, now)).unwrap();
    }
    let mut sorted = bytes.clone();
    sorted.sort_unstable();
    println!("median {}, all {bytes:?}", sorted[STEPS / 2]);
    assert!(sorted[STEPS / 2] <= 200, "{bytes:?}");
}
