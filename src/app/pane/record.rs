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
//! the value is. JSON is a tree: the cursor folds and opens objects and arrays. `/` looks for text in the section.

pub mod divide;
pub mod find;
pub mod section;
mod views;

use bytes::Bytes;

use self::divide::{Parts, Wanted, divide};
use self::find::Find;
use self::section::{HeaderRows, Section, Text, Wrap};
use super::{Intent, Pane, View, Want};
use crate::app::action::{Action, Scope};
use crate::app::copy::{self, Subject};
use crate::app::filter::ListFilter;
use crate::app::jobs::export::Draft;
use crate::app::list::ListState;
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
    /// What is looked for in the section in focus.
    find: Option<Find>,
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
            find: None,
        }
    }

    /// Shows another row; section, view and wrapping stay.
    pub fn show(&mut self, row: Row) {
        self.row = row;
        self.key.close();
        self.value.close();
        self.headers.close();
        (self.headers_top, self.facts_top, self.left) = (0, 0, 0);
        if let Some(find) = &mut self.find {
            find.origin = 0;
        }
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
            Section::Key => self.key.list.top_row,
            Section::Value => self.value.list.top_row,
        }
    }

    /// What is looked for in this section.
    pub fn find(&self, section: Section) -> Option<&Find> {
        self.find.as_ref().filter(|_| section == self.focus)
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
    fn open(&mut self, view: View<'_>) {
        let body = view.body;
        let columns = usize::from(body.width.saturating_sub(INDENT + 1));
        let value = self.value_bytes();
        let site = |part| Site {
            topic: self.topic.as_str(),
            part,
            key: self.row.record().and_then(|record| record.key.as_deref()),
        };
        let format = |part| view.memory.decoder(self.topic.as_str(), part);
        self.value
            .open(value, format(Part::Value), &site(Part::Value), self.wrap, columns);
        if let Row::Record(record) = &self.row {
            let key = record.key.clone();
            self.key
                .open(key, format(Part::Key), &site(Part::Key), self.wrap, columns);
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
        let page = |section| usize::from(parts.of(section).height);
        let rows = self.headers.rows();
        self.headers_top = self.headers_top.min(rows.saturating_sub(page(Section::Headers)));
        self.facts_top = self.facts_top.min(FACTS.saturating_sub(page(Section::Facts)));
        self.key.clamp(page(Section::Key));
        self.value.clamp(page(Section::Value));
    }

    /// Rows of the section in focus that are seen at a time.
    fn page(&self, view: View<'_>) -> usize {
        usize::from(self.parts(view.body).of(self.focus).height).max(1)
    }

    /// The section in focus, if it is key or value.
    fn text_mut(&mut self) -> Option<&mut Text> {
        match self.focus {
            Section::Key => Some(&mut self.key),
            Section::Value => Some(&mut self.value),
            Section::Facts | Section::Headers => None,
        }
    }

    fn scroll(&mut self, action: Action, view: View<'_>) -> bool {
        let page = self.page(view);
        let rows = self.rows(self.focus);
        let known = match self.focus {
            Section::Key => self.key.act(action, page),
            Section::Value => self.value.act(action, page),
            Section::Headers => scroll(&mut self.headers_top, action, rows, page),
            Section::Facts => scroll(&mut self.facts_top, action, rows, page),
        };
        self.clamp(view.body);
        known
    }

    fn next_section(&mut self) {
        if self.row.record().is_some() {
            self.focus = self.focus.next();
            if let Some(find) = &mut self.find {
                find.origin = 0;
            }
        }
    }

    /// How many places there are of what is looked for, where it is looked for.
    fn places(&self) -> usize {
        let text = self.text(self.focus).filter(|_| self.find.is_some());
        text.and_then(Text::places).unwrap_or(0)
    }

    /// Counts the places of what is looked for, where that was not done for this text.
    fn count(&mut self) {
        let text = match self.focus {
            Section::Key => &mut self.key,
            Section::Value => &mut self.value,
            Section::Facts | Section::Headers => return,
        };
        if let Some(find) = &self.find {
            text.count(find);
        }
    }

    fn next_place(&mut self, is_forward: bool, view: View<'_>) {
        let page = self.page(view);
        let pattern = self.find.as_ref().and_then(|find| find.pattern.clone());
        if self.places() > 0
            && let (Some(pattern), Some(text)) = (pattern, self.text_mut())
        {
            text.find(&pattern, is_forward, page);
        }
    }
}

/// Scrolls rows that have no cursor.
fn scroll(top: &mut usize, action: Action, rows: usize, page: usize) -> bool {
    let mut list = ListState {
        cursor: *top,
        top_row: *top,
    };
    let known = list.scroll(action, rows, page);
    *top = list.top_row;
    known
}

impl Pane for RecordView {
    fn scope(&self) -> Scope {
        Scope::Record
    }

    fn location(&self) -> Location {
        Location::Record(Box::new(self.row.clone()), self.topic.clone())
    }

    fn hints(&self) -> Vec<Action> {
        let mut hints = vec![
            Action::NextRecord,
            Action::NextSection,
            Action::NextView,
            Action::Filter,
            Action::Open,
            Action::Copy,
            Action::Back,
        ];
        if self.places() > 0 {
            hints.insert(0, Action::NextPlace);
        }
        hints
    }

    fn short(&self, action: Action) -> Option<&'static str> {
        (action == Action::Filter).then_some("search")
    }

    fn act(&mut self, action: Action, view: View<'_>, out: &mut Vec<Intent>) -> bool {
        match action {
            Action::NextSection => self.next_section(),
            Action::NextView => self.next_view(out),
            Action::PickView => self.pick_view(out),
            Action::Open => {
                let _nothing_may_begin_there = self.text_mut().is_some_and(Text::toggle_fold);
            }
            Action::FoldAll => {
                let page = self.page(view);
                if let Some(text) = self.text_mut() {
                    text.toggle_folds(page);
                }
            }
            Action::NextPlace => self.next_place(true, view),
            Action::PreviousPlace => self.next_place(false, view),
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
        self.open(view);
        self.clamp(view.body);
        self.count();
    }

    fn filter(&self) -> Option<&str> {
        Some(self.find.as_ref().map_or("", |find| &find.line))
    }

    fn set_filter(&mut self, line: &str, _filter: ListFilter, view: View<'_>) {
        if self.text_mut().is_none() {
            self.focus = Section::Value;
        }
        let cursor = self.text_mut().map_or(0, |text| text.list.cursor);
        let origin = self.find.as_ref().map_or(cursor, |find| find.origin);
        self.find = Find::new(line, origin);
        self.count();
        let pattern = self.find.as_ref().and_then(|find| find.pattern.clone());
        let page = self.page(view);
        if self.places() > 0
            && let (Some(pattern), Some(text)) = (pattern, self.text_mut())
        {
            text.find_from(&pattern, origin, page);
        }
    }

    fn export(&self, _view: View<'_>) -> Option<Draft> {
        Some(Draft::of(self.topic.clone()).only(&self.topic, &self.row))
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
