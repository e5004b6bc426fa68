//! A stage for the machine: answers, failures and keys are played to it, the screen is drawn on a test backend.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ktui::app::action::Action;
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::nav::PaneId;
use ktui::app::slot::{SlotId, Ticket};
use ktui::app::{App, AppSettings};
use ktui::input::Keymap;
use ktui::kafka::error::Error;
use ktui::kafka::model::{Broker, BrokerId, Cluster, ClusterKind, Lock, Partition, PartitionId, Topic, TopicName};
use ktui::kafka::partial::{Failure, Partial};
use ktui::kafka::query::{Answer, Cost, Overview, Query};
use ktui::layout::Size;
use ktui::settings::lag_limit;
use ktui::ui::table::Memory;
use ktui::ui::theme::{ColorDepth, Theme};
use ktui::ui::{self, Paint};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

/// What each answer takes of the cluster.
const COST: Cost = Cost {
    requests: 9,
    bytes: 12_400,
};

pub struct Stage {
    pub app: App,
    pub now: Instant,
    /// Effects that nobody has looked at yet.
    pub effects: Vec<Effect>,
    widths: RefCell<Memory>,
    size: Size,
}

impl Stage {
    pub fn open(pane: PaneId, width: u16, height: u16) -> Self {
        Self::limited(pane, width, height, &[])
    }

    /// A stage on which somebody wants to be told of lag: `limits` as on the command line.
    pub fn limited(pane: PaneId, width: u16, height: u16, limits: &[&str]) -> Self {
        #[expect(clippy::disallowed_methods, reason = "tests need a point in time to count from")]
        let now = Instant::now();
        let size = Size { width, height };
        let settings = AppSettings {
            cluster_name: "prod-eu".to_owned(),
            bootstrap: vec!["kafka-1:9092".to_owned(), "kafka-2:9092".to_owned()],
            pane,
            themes: vec!["dark".to_owned(), "light".to_owned()],
            banner: None,
            lock: Lock::Locked,
            open: None,
            folder: "/home/ada/exports".into(),
            memory: ktui::app::memory::Memory::default(),
            lag_limits: limits.iter().map(|limit| lag_limit::parse(limit).unwrap()).collect(),
        };
        let (app, effects) = App::start(settings, size, now);
        Self {
            app,
            now,
            effects,
            widths: RefCell::default(),
            size,
        }
    }

    /// A stage for a machine that is there already.
    pub fn of(app: App, now: Instant, size: Size) -> Self {
        Self {
            app,
            now,
            effects: Vec::new(),
            widths: RefCell::default(),
            size,
        }
    }

    /// A stage whose cluster has answered the first Metadata.
    pub fn with(pane: PaneId, width: u16, height: u16, overview: Overview) -> Self {
        let mut stage = Self::open(pane, width, height);
        stage.answer(SlotId::Overview, Answer::Overview(overview));
        stage
    }

    pub fn tell(&mut self, event: Event) {
        let effects = self.app.handle(event, self.now);
        self.effects.extend(effects);
    }

    pub fn press(&mut self, action: Action) {
        self.tell(Event::Acted(action));
    }

    pub fn resize(&mut self, size: Size) {
        self.size = size;
        self.tell(Event::Resized(size));
    }

    pub fn type_line(&mut self, text: &str) {
        text.chars().for_each(|c| self.tell(Event::Typed(c)));
        self.press(Action::Accept);
    }

    pub fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.tell(Event::DeadlineReached);
    }

    /// The open question of a slot.
    pub fn asked(&mut self, slot: SlotId) -> Option<(Ticket, Query)> {
        let at = self
            .effects
            .iter()
            .rposition(|effect| matches!(effect, Effect::Load { slot: of, .. } if *of == slot))?;
        match self.effects.remove(at) {
            Effect::Load { ticket, query, .. } => Some((ticket, query)),
            _ => None,
        }
    }

    pub fn answer(&mut self, slot: SlotId, answer: Answer) {
        self.answer_partly(slot, answer, Vec::new());
    }

    pub fn answer_partly(&mut self, slot: SlotId, answer: Answer, failures: Vec<Failure>) {
        let (ticket, _) = self
            .asked(slot)
            .unwrap_or_else(|| panic!("nothing was asked for {slot:?}"));
        self.tell(Event::Loaded {
            slot,
            ticket,
            result: Ok(Partial::new(answer, failures)),
            cost: COST,
        });
    }

    pub fn fail(&mut self, slot: SlotId, error: Error) {
        let (ticket, _) = self
            .asked(slot)
            .unwrap_or_else(|| panic!("nothing was asked for {slot:?}"));
        self.tell(Event::Loaded {
            slot,
            ticket,
            result: Err(error),
            cost: COST,
        });
    }

    fn painted<T>(&self, run: impl FnOnce(&Paint<'_>) -> T) -> T {
        let theme = Theme::find("dark", None, ColorDepth::True).unwrap();
        run(&Paint {
            theme: &theme,
            keymap: &Keymap::defaults(),
            zone: &TimeZone::UTC,
            widths: &self.widths,
        })
    }

    pub fn buffer(&self) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(self.size.width, self.size.height)).unwrap();
        self.painted(|paint| {
            terminal
                .draw(|frame| ui::draw(frame, &self.app, paint, self.now))
                .unwrap();
        });
        terminal.backend().buffer().clone()
    }

    /// Draws on a screen that writes bytes for a terminal.
    pub fn draw_on(&self, screen: &mut ktui::runtime::backend::Screen<Vec<u8>>) {
        self.painted(|paint| screen.draw(|frame| ui::draw(frame, &self.app, paint, self.now)))
            .unwrap();
    }

    /// Whether the runtime hands over what the open stream of records has: none comes while it is held, or closed.
    pub fn flows(&self) -> bool {
        let last = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::OpenFeed { .. } | Effect::OpenSearch { .. } | Effect::ResumeFeed => Some(true),
            Effect::PauseFeed | Effect::CloseFeed => Some(false),
            _ => None,
        });
        last.unwrap_or(false)
    }

    /// The row under the cursor as it would be copied.
    pub fn row(&self) -> Option<String> {
        self.painted(|paint| ui::row::under_cursor(&self.app, paint, self.now))
    }

    /// The screen's text, without blanks at the ends of lines.
    pub fn text(&self) -> String {
        let buffer = self.buffer();
        let lines = (0..buffer.area.height).map(|y| {
            let mut line = String::new();
            let mut skip = 0;
            for x in 0..buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                if skip == 0 {
                    line.push_str(symbol);
                    skip = ktui::ui::text::width(symbol).max(1);
                }
                skip -= 1;
            }
            line.trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The line of the screen that has `text`.
    pub fn line(&self, text: &str) -> String {
        let screen = self.text();
        screen
            .lines()
            .find(|line| line.contains(text))
            .unwrap_or_else(|| panic!("no {text:?} on\n{screen}"))
            .to_owned()
    }
}

pub fn ids(list: &[i32]) -> Box<[BrokerId]> {
    list.iter().map(|id| BrokerId(*id)).collect()
}

pub fn broker(id: i32) -> Broker {
    Broker {
        id: BrokerId(id),
        host: format!("kafka-{id}").into(),
        port: 9092,
        rack: Some(format!("eu-1{}", ["c", "a", "b"][id as usize % 3]).into()),
    }
}

pub fn partition(id: i32, leader: Option<i32>, replicas: &[i32], isr: &[i32]) -> Partition {
    Partition {
        id: PartitionId(id),
        leader: leader.map(BrokerId),
        leader_epoch: None,
        replicas: ids(replicas),
        isr: ids(isr),
        adding: Box::default(),
    }
}

/// A topic of healthy partitions over brokers 1 to 3.
pub fn topic(name: &str, partitions: i32) -> Topic {
    let partitions = (0..partitions)
        .map(|id| partition(id, Some(id % 3 + 1), &[1, 2, 3], &[1, 2, 3]))
        .collect();
    Topic {
        name: TopicName::from(name),
        id: None,
        is_internal: name == "__consumer_offsets",
        partitions,
    }
}

/// Three brokers and the topics of the sketches.
pub fn overview() -> Overview {
    let mut by_customer = topic("orders.by-customer", 12);
    by_customer.partitions[0].isr = ids(&[1, 3]);
    by_customer.partitions[1].isr = ids(&[1, 3]);
    let mut topics = vec![
        topic("__consumer_offsets", 50),
        by_customer,
        topic("orders.events", 12),
        topic("orders.events.dlq", 3),
        topic("payments", 6),
    ];
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    Overview {
        cluster: cluster(&[1, 2, 3]),
        topics,
    }
}

pub fn cluster(live: &[i32]) -> Cluster {
    Cluster {
        id: Some("MkU3OEVBNTcwNTJENDM2Qk".to_owned()),
        kind: ClusterKind::KRaft,
        version: Some("4.3".to_owned()),
        controller: Some(BrokerId(3)),
        brokers: live.iter().map(|id| broker(*id)).collect(),
        versions: live.iter().map(|id| (BrokerId(*id), "4.3".to_owned())).collect(),
    }
}

/// An error of a broker that does not answer.
pub fn timeout(what: &str) -> Error {
    Error::Timeout {
        what: what.to_owned(),
        addr: "broker 2 (kafka-2:9092)".to_owned(),
        after: Duration::from_secs(10),
    }
}
