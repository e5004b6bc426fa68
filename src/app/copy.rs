//! The copy menu: what of the row under the cursor can be put into the clipboard.
//!
//! ```text
//!  ┌ Copy from orders.events/7@166666 ────────────────────────────────┐
//!  │ ▸ 1  value     168 B  {"orderId":1999999,"customer":"grace","am… │
//!  │   2  key        11 B  order-49999                                │
//!  │   5  locator          ktui://MkU3OEVBNTcwNTJENDM2Qk/orders.eve…  │
//!  └──────────────────────────────────────────────────────────────────┘
//! ```
//!
//! A value may be megabytes long: its text is made when it is chosen, not when the menu opens.

mod command;
mod record;

use bytes::Bytes;

pub use record::Part;

use super::action::Action;
use super::list::ListState;
use crate::export;
use crate::kafka::model::TopicName;
use crate::kafka::model::record::Row;
use crate::position::Locator;

/// What is under the cursor.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A row of a list: its name, and what else is worth copying beside the row as it is on screen.
    Row(Vec<Copyable>),
    /// A record of a topic, and the part of it that has the focus.
    Record(Box<Row>, TopicName, Part),
}

/// A text to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copyable {
    /// What the menu calls it.
    pub label: &'static str,
    /// What it is, in a few words, for the message.
    pub what: String,
    /// The text.
    pub text: String,
}

impl Copyable {
    /// A text under a label, which says what it is.
    pub fn new(label: &'static str, what: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            label,
            what: what.into(),
            text: text.into(),
        }
    }
}

/// What a line of the menu shows of what it copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Glance<'a> {
    /// Bytes of a record.
    Bytes(Option<&'a Bytes>),
    /// So many headers.
    Headers(usize),
    /// The text itself.
    Text(&'a str),
}

/// One line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Part(Part),
    Text(Copyable),
    /// The whole record as an export writes it.
    Whole(TopicName),
    /// The whole row as it is on screen.
    Row,
}

/// What a line copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// A text.
    Text {
        /// What it is, in a few words, for the message.
        what: String,
        /// The text.
        text: String,
    },
    /// The row under the cursor as it is on screen, which only the drawing knows.
    Row,
}

/// The menu.
#[derive(Clone, Debug, PartialEq)]
pub struct Menu {
    /// Cursor and window.
    pub list: ListState,
    title: String,
    items: Vec<Item>,
    row: Option<Box<Row>>,
}

/// How the cluster is called and reached, for locators and commands.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The cluster's id, as far as it is known.
    pub id: Option<&'a str>,
    /// The bootstrap list as given.
    pub bootstrap: &'a [String],
}

impl Names<'_> {
    /// What a locator calls the cluster: what it is called by everybody.
    fn of_locator(&self) -> String {
        let first = self.bootstrap.first().map(String::as_str);
        self.id.or(first).unwrap_or("?").to_owned()
    }
}

impl Menu {
    /// The menu of what is under the cursor; `None` when there is nothing to copy.
    pub fn new(subject: Subject, names: Names<'_>) -> Option<Self> {
        let menu = match subject {
            Subject::Row(copyables) => Self {
                list: ListState::default(),
                title: "Copy".to_owned(),
                items: copyables.into_iter().map(Item::Text).chain([Item::Row]).collect(),
                row: None,
            },
            Subject::Record(row, topic, focus) => Self::of_record(row, topic, focus, names),
        };
        (!menu.items.is_empty()).then_some(menu)
    }

    fn of_record(row: Box<Row>, topic: TopicName, focus: Part, names: Names<'_>) -> Self {
        let at = Locator {
            cluster: names.of_locator(),
            topic,
            partition: row.partition(),
            offset: row.offset(),
        };
        let parts = match *row {
            Row::Record(_) => &[Part::Value, Part::Key, Part::Headers][..],
            Row::Unreadable(_) => &[Part::Value],
        };
        let place = at.place();
        let text = |label, what: &str, text| Item::Text(Copyable::new(label, format!("{what} of {place}"), text));
        let mut items: Vec<Item> = parts.iter().map(|part| Item::Part(*part)).collect();
        items.extend(row.record().map(|_| Item::Whole(at.topic.clone())));
        items.extend([
            text("locator", "locator", at.to_string()),
            text("kcat", "kcat command", command::kcat(&at, names.bootstrap)),
            text(
                "consumer",
                "kafka-console-consumer command",
                command::console_consumer(&at, names.bootstrap),
            ),
        ]);
        let cursor = parts.iter().position(|part| *part == focus).unwrap_or(0);
        Self {
            list: ListState { cursor, top_row: 0 },
            title: format!("Copy from {place}"),
            items,
            row: Some(row),
        }
    }

    /// The title of its box.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// How many lines it has.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// A line: what it is called, and what it would copy.
    pub fn line(&self, at: usize) -> Option<(&'static str, Glance<'_>)> {
        let record = self.row.as_deref().and_then(Row::record);
        Some(match (self.items.get(at)?, record) {
            (Item::Text(copyable), _) => (copyable.label, Glance::Text(&copyable.text)),
            (Item::Row, _) => ("row", Glance::Text("as it is on screen")),
            (Item::Whole(_), _) => (
                "record",
                Glance::Text("all of it as one JSON object, as an export writes it"),
            ),
            (Item::Part(Part::Value), Some(record)) => ("value", Glance::Bytes(record.value.as_ref())),
            (Item::Part(Part::Key), Some(record)) => ("key", Glance::Bytes(record.key.as_ref())),
            (Item::Part(Part::Headers), Some(record)) => ("headers", Glance::Headers(record.headers.len())),
            (Item::Part(_), None) => ("bytes", Glance::Text("what could not be read, as base64")),
        })
    }

    /// Moves the cursor; `page` lines are visible.
    pub fn act(&mut self, action: Action, page: usize) -> bool {
        self.list.act(action, self.items.len(), page)
    }

    /// The line that a digit means.
    pub fn by_digit(&self, digit: char) -> Option<usize> {
        let number = digit.to_digit(10)? as usize;
        number.checked_sub(1).filter(|at| *at < self.items.len())
    }

    /// What a line copies. The error says why there is nothing to copy.
    pub fn chosen(&self, at: usize) -> Result<Chosen, String> {
        match (self.items.get(at), &self.row) {
            (Some(Item::Text(Copyable { what, text, .. })), _) => Ok(Chosen::Text {
                what: what.clone(),
                text: text.clone(),
            }),
            (Some(Item::Row), _) => Ok(Chosen::Row),
            (Some(Item::Whole(topic)), Some(row)) => {
                let record = row.record().ok_or("nothing to copy: it cannot be read")?;
                Ok(Chosen::Text {
                    what: format!("record {topic}/{}@{} as JSON", record.partition, record.offset),
                    text: export::format::object(topic, record),
                })
            }
            (Some(Item::Part(part)), Some(row)) => {
                let (what, text) = record::copied(row, *part)?;
                Ok(Chosen::Text { what, text })
            }
            _ => Err("nothing to copy".to_owned()),
        }
    }
}
