//! One record, whole: where and when it was written, by whom, its headers in wire order, key and value.
//!
//! ```text
//!  orders.events/7@166666   2026-11-18T11:39:59.999Z create   leader epoch 5   lz4
//!  ── headers 2 ──────────────────────────────────────────────────────────────────
//!    trace-id   4bf92f3577b34da6
//!    retry      ∅ null
//!  ── key  text  11 B ────────────────────────────────────────────────────────────
//!    order-49999
//!  ── value  JSON  98 B ──────────────────────────────────────────────────────────
//!    { "orderId": 1999999, …
//! ```
//!
//! The section in focus gets the room it needs, the others what is left. Only visible rows are built, however long
//! the value is.

pub mod divide;
pub mod section;

use bytes::Bytes;

use self::divide::{Parts, Wanted, divide};
use self::section::{HeaderRows, Section, Text, Wrap};
use super::{Intent, Pane, View, Want};
use crate::app::action::{Action, Scope};
use crate::app::copy::{self, Subject};
use crate::app::effect::Effect;
use crate::app::nav::Location;
use crate::decode::{Part, Site};
use crate::kafka::model::TopicName;
use crate::kafka::model::record::Row;
use crate::layout::Area;

/// Rows of the metadata when it has the focus: one per fact.
pub const FACTS: usize = 10;

/// Columns a section's rows stand to the right of its title.
pub const INDENT: u16 = 3;

/// Columns that `h` and `l` scroll.
const SIDE_STEP: usize = 16;

/// State of the screen.
#[derive(Debug)]
pub struct RecordView {
    row: Row,
    topic: TopicName,
    focus: Section,
    wrap: Wrap,
    key: Text,
    value: Text,
    headers: HeaderRows,
    /// First visible row of the headers and of the metadata.
    headers_top: usize,
    facts_top: usize,
    /// Columns scrolled out at the left, while lines are not wrapped.
    left: usize,
}

impl RecordView {
    /// Opens a row of a topic.
    pub fn new(row: Row, topic: TopicName) -> Self {
        Self {
            row,
            topic,
            focus: Section::Value,
            wrap: Wrap::Wrapped,
            key: Text::default(),
            value: Text::default(),
            headers: HeaderRows::default(),
            headers_top: 0,
            facts_top: 0,
            left: 0,
        }
    }

    /// Shows another row; section, view and wrapping stay.
    pub fn show(&mut self, row: Row) {
        self.row = row;
        self.key.close();
        self.value.close();
        self.headers.close();
        (self.headers_top, self.facts_top, self.left) = (0, 0, 0);
    }

    /// The row.
    pub fn row(&self) -> &Row {
        &self.row
    }

    /// Its topic.
    pub fn topic(&self) -> &TopicName {
        &self.topic
    }

    /// The section that scrolls.
    pub fn focus(&self) -> Section {
        self.focus
    }

    /// Whether long lines are wrapped.
    pub fn wrap(&self) -> Wrap {
        self.wrap
    }

    /// Key or value, opened.
    pub fn text(&self, section: Section) -> Option<&Text> {
        match section {
            Section::Key => Some(&self.key),
            Section::Value => Some(&self.value),
            Section::Facts | Section::Headers => None,
        }
    }

    /// The headers, opened.
    pub fn headers(&self) -> &HeaderRows {
        &self.headers
    }

    /// First visible row of a section.
    pub fn top(&self, section: Section) -> usize {
        match section {
            Section::Facts => self.facts_top,
            Section::Headers => self.headers_top,
            Section::Key => self.key.top,
            Section::Value => self.value.top,
        }
    }

    /// Columns scrolled out at the left.
    pub fn left_column(&self) -> usize {
        self.left
    }

    /// Divides the body.
    pub fn parts(&self, body: Area) -> Parts {
        let wanted = Wanted {
            facts: FACTS,
            headers: self.headers.rows(),
            key: self.key.rows(),
            value: self.value.rows(),
            is_record: self.row.record().is_some(),
        };
        divide(body, self.focus, &wanted)
    }

    fn value_bytes(&self) -> Option<Bytes> {
        match &self.row {
            Row::Record(record) => record.value.clone(),
            Row::Unreadable(stretch) => Some(stretch.bytes.clone()),
        }
    }

    /// Opens what is not open for this width.
    fn open(&mut self, body: Area) {
        let columns = usize::from(body.width.saturating_sub(INDENT + 1));
        let value = self.value_bytes();
        let site = |part| Site {
            topic: self.topic.as_str(),
            part,
            key: self.row.record().and_then(|record| record.key.as_deref()),
        };
        self.value.open(value, &site(Part::Value), self.wrap, columns);
        if let Row::Record(record) = &self.row {
            self.key.open(record.key.clone(), &site(Part::Key), self.wrap, columns);
            self.headers.open(&record.headers, self.wrap, columns);
        }
    }

    fn rows(&self, section: Section) -> usize {
        match section {
            Section::Facts => FACTS,
            Section::Headers => self.headers.rows(),
            Section::Key => self.key.rows(),
            Section::Value => self.value.rows(),
        }
    }

    /// Keeps every section's window inside it.
    fn clamp(&mut self, body: Area) {
        let parts = self.parts(body);
        for section in Section::ALL {
            let page = usize::from(parts.of(section).height);
            let most = self.rows(section).saturating_sub(page);
            let top = self.top_mut(section);
            *top = (*top).min(most);
        }
    }

    fn top_mut(&mut self, section: Section) -> &mut usize {
        match section {
            Section::Facts => &mut self.facts_top,
            Section::Headers => &mut self.headers_top,
            Section::Key => &mut self.key.top,
            Section::Value => &mut self.value.top,
        }
    }

    fn scroll(&mut self, action: Action, view: View<'_>) -> bool {
        let page = usize::from(self.parts(view.body).of(self.focus).height).max(1);
        let rows = self.rows(self.focus);
        let top = self.top_mut(self.focus);
        *top = match action {
            Action::CursorDown => *top + 1,
            Action::CursorUp => top.saturating_sub(1),
            Action::HalfPageDown => *top + (page / 2).max(1),
            Action::HalfPageUp => top.saturating_sub((page / 2).max(1)),
            Action::PageDown => *top + page,
            Action::PageUp => top.saturating_sub(page),
            Action::Top => 0,
            Action::Bottom => rows,
            _ => return false,
        };
        self.clamp(view.body);
        true
    }

    fn next_section(&mut self) {
        if self.row.record().is_some() {
            self.focus = self.focus.next();
        }
    }

    fn next_view(&mut self) {
        match self.focus {
            Section::Facts | Section::Value => self.value.next_format(),
            Section::Headers => self.headers.next_format(),
            Section::Key => self.key.next_format(),
        }
    }
}

impl Pane for RecordView {
    fn scope(&self) -> Scope {
        Scope::Record
    }

    fn location(&self) -> Location {
        Location::Record(Box::new(self.row.clone()), self.topic.clone())
    }

    fn hints(&self) -> Vec<Action> {
        vec![
            Action::NextRecord,
            Action::PreviousRecord,
            Action::NextSection,
            Action::NextView,
            Action::ToggleWrap,
            Action::Copy,
            Action::Back,
        ]
    }

    fn act(&mut self, action: Action, view: View<'_>, _out: &mut Vec<Intent>) -> bool {
        match action {
            Action::NextSection => self.next_section(),
            Action::NextView => self.next_view(),
            Action::ToggleWrap => {
                self.wrap = self.wrap.other();
                self.left = 0;
            }
            Action::ScrollLeft => self.left = self.left.saturating_sub(SIDE_STEP),
            Action::ScrollRight if self.wrap == Wrap::Cut => {
                self.left = (self.left + SIDE_STEP).min(section::WIDEST - SIDE_STEP);
            }
            _ => return self.scroll(action, view),
        }
        true
    }

    fn wants(&self, _view: View<'_>) -> Vec<Want> {
        Vec::new()
    }

    fn refresh(&mut self, view: View<'_>) {
        self.open(view.body);
        self.clamp(view.body);
    }

    fn left(&mut self, out: &mut Vec<Intent>) {
        // Records kept coming to the messages below while this one was open.
        out.push(Intent::Do(Effect::PauseFeed));
    }

    fn copy(&self, _view: View<'_>) -> Option<Subject> {
        let part = match self.focus {
            Section::Key => copy::Part::Key,
            Section::Headers => copy::Part::Headers,
            Section::Facts | Section::Value => copy::Part::Value,
        };
        Some(Subject::Record(Box::new(self.row.clone()), self.topic.clone(), part))
    }
}
