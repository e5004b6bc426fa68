//! One consumer group: which partition is behind, who owns it, which members are idle? By partition, by
//! member, by topic.
//!
//! ```text
//!  payments-processor   Stable  classic (range)   3 members   coordinator 2   lag 184,201   [partitions] members topics
//!  2 members idle (5 members, 3 partitions)
//!    TOPIC           P  COMMITTED   LAG    TREND   RATE    BEHIND    ETA  VERDICT                 MEMBER    HOST
//!  ▸ orders.events   7    166,120   547  ▁▂▃▄▅▆▇  +88/s  2 h 03 m  never  stalled over 12 m 04 s  worker-1  10.2.0.17
//!    commit moved 11:39:59 · commits every 5 s · in 90.0/s, out 2.0/s · kept 40 m 00 s at least
//!  ── record at the commit 166,120 ──────────────────────────────────────────────────────────────────────────────────
//!    orders.events/7@166120   2026-11-18T11:39:59.999Z create   key order-49999   headers 2   168 B lz4
//! ```

mod parts;
mod peek;
mod rows;
mod wants;

use std::time::Instant;

pub use parts::Parts;
pub use peek::{Nothing, Peek};

use super::messages::Source;
use super::{Intent, Pane, View, Want};
use crate::app::action::{Action, Scope};
use crate::app::copy::{Copyable, Part, Subject};
use crate::app::filter::ListFilter;
use crate::app::jobs::export::Draft;
use crate::app::list::ListState;
use crate::app::moving;
use crate::app::nav::Location;
use crate::app::slot::SlotId;
use crate::app::store::Store;
use crate::app::toast::Level;
use crate::kafka::lag::GroupDetail;
use crate::kafka::lag::notice::{Notice, notices};
use crate::kafka::lag::retention;
use crate::kafka::model::GroupListing;
use crate::kafka::query::Query;
use crate::position::{NEWEST, Start};

/// The ways to look at a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupTab {
    /// By topic and partition.
    #[default]
    Partitions,
    /// By member.
    Members,
    /// By topic.
    Topics,
}

impl GroupTab {
    /// All of them, in the order of the key.
    pub const ALL: [Self; 3] = [Self::Partitions, Self::Members, Self::Topics];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Partitions => "partitions",
            Self::Members => "members",
            Self::Topics => "topics",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Partitions => Self::Members,
            Self::Members => Self::Topics,
            Self::Topics => Self::Partitions,
        }
    }
}

/// State of the screen.
#[derive(Debug)]
pub struct Group {
    listing: GroupListing,
    tab: GroupTab,
    list: ListState,
    filter_line: String,
    filter: ListFilter,
    /// Rows of the open tab: indices into the detail's partitions or the description's members; of a topic its first
    /// partition's.
    rows: Vec<u32>,
    notices: Vec<Notice>,
    derived_from: Option<Instant>,
    /// Whether the record at the commit under the cursor is shown.
    is_peeking: bool,
    peek: Option<Box<Peek>>,
}

impl Group {
    /// Opens a group.
    pub fn new(listing: GroupListing) -> Self {
        Self {
            listing,
            tab: GroupTab::default(),
            list: ListState::default(),
            filter_line: String::new(),
            filter: ListFilter::default(),
            rows: Vec::new(),
            notices: Vec::new(),
            derived_from: None,
            is_peeking: false,
            peek: None,
        }
    }

    /// The group as it was listed.
    pub fn listing(&self) -> &GroupListing {
        &self.listing
    }

    /// The open tab.
    pub fn tab(&self) -> GroupTab {
        self.tab
    }

    /// Cursor and window.
    pub fn list(&self) -> ListState {
        self.list
    }

    /// Number of rows of the open tab.
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// What stands out, most important first.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// What is known of this group; `None` while the slot holds another one or nothing.
    pub fn detail<'a>(&self, store: &'a Store) -> Option<&'a GroupDetail> {
        store
            .group
            .value()
            .filter(|detail| detail.description.group == self.listing.group)
    }

    fn open_tab(&mut self, tab: GroupTab, filter: &str, view: View<'_>) {
        self.tab = tab;
        self.list = ListState::default();
        self.set_filter(filter, ListFilter::parse(filter), view);
    }

    fn derive(&mut self, store: &Store) {
        let Some(detail) = self.detail(store) else {
            self.rows.clear();
            self.notices.clear();
            return;
        };
        self.rows = self.rows_of(detail);
        let watch = store.derived.watches.get(&self.listing.group);
        let at_risk = watch.zip(store.wall_of(&self.listing.group)).and_then(|(watch, wall)| {
            retention::at_risk(&detail.partitions, watch, |topic| Self::keeps(topic, store), wall)
        });
        // The age of the record says it better, where it is known and time alone decides.
        let at_risk = at_risk.or_else(|| watch.and_then(retention::overtaken));
        self.notices = at_risk.into_iter().chain(notices(detail, watch)).collect();
    }
}

impl Pane for Group {
    fn scope(&self) -> Scope {
        Scope::Group
    }

    fn location(&self) -> Location {
        Location::Group(self.listing.clone())
    }

    fn hints(&self) -> Vec<Action> {
        let mut hints = vec![
            Action::NextGroupView,
            Action::MoveOffsets,
            Action::ChangeGroup,
            Action::Filter,
            Action::Back,
            Action::Help,
        ];
        match self.tab {
            GroupTab::Partitions => {
                drop(hints.splice(1..1, [Action::GroupRecord, Action::GroupMessages]));
                if self.notices.iter().any(|notice| matches!(notice, Notice::Stuck { .. })) {
                    hints.insert(2, Action::SkipRecord);
                }
            }
            GroupTab::Topics => drop(hints.splice(0..0, [Action::Open, Action::GroupMessages])),
            GroupTab::Members => {}
        }
        hints
    }

    fn short(&self, action: Action) -> Option<&'static str> {
        match action {
            Action::NextGroupView => Some(self.tab.next().name()),
            Action::Open if self.tab == GroupTab::Topics => Some("partitions"),
            _ => None,
        }
    }

    fn act(&mut self, action: Action, view: View<'_>, out: &mut Vec<Intent>) -> bool {
        if self.list.act(action, self.rows.len(), self.page(view)) {
            return true;
        }
        match action {
            Action::NextGroupView => {
                self.open_tab(self.tab.next(), "", view);
            }
            Action::Open if self.tab == GroupTab::Topics => {
                let topic = self.topic(self.list.cursor, view.store).map(|(topic, _)| topic.clone());
                if let Some(topic) = topic {
                    self.open_tab(GroupTab::Partitions, topic.as_str(), view);
                }
            }
            Action::GroupMessages if self.tab == GroupTab::Topics => {
                let topic = self.topic(self.list.cursor, view.store).map(|(topic, _)| topic.clone());
                let source = topic.map(|topic| Source::at(topic, Vec::new(), Start::Newest(NEWEST)));
                out.extend(source.map(|source| Intent::Go(Location::Messages(Box::new(source)))));
            }
            Action::GroupRecord if self.tab == GroupTab::Partitions => {
                self.is_peeking = !self.is_peeking;
                if self.is_peeking && self.parts(view.body).preview.is_empty() {
                    let why = "the screen is too low for the record; m opens it in Messages";
                    out.push(Intent::Say(Level::Info, why.to_owned()));
                }
            }
            Action::GroupMessages | Action::Open if self.tab == GroupTab::Partitions => {
                let Some(row) = self.partition(self.list.cursor, view.store) else {
                    return true;
                };
                let (topic, partitions) = (row.partition.topic.clone(), vec![row.partition.partition]);
                let start = row.committed.map_or(Start::Newest(NEWEST), Start::Offset);
                let source = Source::at(topic, partitions, start);
                out.push(Intent::Go(Location::Messages(Box::new(source))));
            }
            _ => return false,
        }
        true
    }

    fn wants(&self, view: View<'_>) -> Vec<Want> {
        let query = Query::Group(self.listing.clone());
        let group = Want::every(5, SlotId::Group, query).replacing(self.detail(view.store).is_none());
        let wants = [
            Some(group),
            self.wants_tails(view),
            self.wants_record(view),
            self.wants_retention(view),
        ];
        wants.into_iter().flatten().collect()
    }

    fn refresh(&mut self, view: View<'_>) {
        let newest = view.store.group.arrived();
        if newest.is_none() || newest != self.derived_from {
            self.derive(view.store);
            self.derived_from = newest;
        }
        self.list.move_to(self.list.cursor, self.rows.len(), self.page(view));
        self.open_peek(view);
    }

    fn entered(&mut self, view: View<'_>, out: &mut Vec<Intent>) {
        if self.detail(view.store).is_none() {
            out.extend([SlotId::Group, SlotId::NextRecord].map(Intent::Forget));
        }
    }

    fn filter(&self) -> Option<&str> {
        Some(&self.filter_line)
    }

    fn set_filter(&mut self, line: &str, filter: ListFilter, view: View<'_>) {
        line.clone_into(&mut self.filter_line);
        self.filter = filter;
        self.derived_from = None;
        self.refresh(view);
    }

    fn export(&self, view: View<'_>) -> Option<Draft> {
        let row = self.partition(self.list.cursor, view.store);
        let row = row.filter(|_| self.tab == GroupTab::Partitions)?;
        let topic = &row.partition.topic;
        let draft = Draft {
            partitions: vec![row.partition.partition],
            start: row.committed.map_or(Start::Newest(NEWEST), Start::Offset),
            ..Draft::of(topic.clone())
        };
        Some(match self.shown_record(view) {
            Some(found) => draft.only(topic, found),
            None => draft,
        })
    }

    fn group(&self, view: View<'_>) -> Option<moving::Draft> {
        Some(moving::Draft {
            group: self.listing.group.clone(),
            at: self.at(view.store),
        })
    }

    fn copy(&self, view: View<'_>) -> Option<Subject> {
        if let (Some(found), Some(peek)) = (self.shown_record(view), &self.peek) {
            let topic = peek.place.partition.topic.clone();
            return Some(Subject::Record(Box::new(found.clone()), topic, Part::Value));
        }
        let group = Copyable::new("group", "group name", self.listing.group.as_str());
        match self.tab {
            GroupTab::Partitions => Some(Subject::Row(vec![group])),
            GroupTab::Topics => {
                let (topic, _) = self.topic(self.list.cursor, view.store)?;
                let topic = Copyable::new("topic", "topic name", topic.as_str());
                Some(Subject::Row(vec![topic, group]))
            }
            GroupTab::Members => {
                let (member, _) = self.member(self.list.cursor, view.store)?;
                let member = Copyable::new("member", "member id", &*member.id);
                Some(Subject::Row(vec![member, group]))
            }
        }
    }
}
