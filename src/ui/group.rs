//! Draws one group; its picture stands in `app::pane::group`.

mod detail;
mod members;
mod notices;
mod partitions;
mod preview;
mod topics;

use ratatui::Frame;
use ratatui::layout::Rect;

use self::partitions::Partition;
use super::face;
use super::format::Count;
use super::groups::other_protocol;
use super::line::Line;
use super::table::{CellText, Column, RowLook, RowSource, Table};
use super::theme::Role;
use super::{Paint, figure};
use crate::app::pane::group::{Group, GroupTab};
use crate::app::pane::{Pane, View};
use crate::app::slot::SlotId;
use crate::kafka::lag::watch::GroupWatch;
use crate::kafka::lag::{GroupDetail, PartitionLag, topics as topics_of};
use crate::layout::Area;

struct Rows<'a> {
    pane: &'a Group,
    view: View<'a>,
    detail: &'a GroupDetail,
}

impl<'a> Rows<'a> {
    fn partition(&self, lag: &'a PartitionLag) -> Partition<'a> {
        let store = self.view.store;
        let watch = store.derived.watches.get(&self.pane.listing().group);
        // Nothing is concluded while the coordinator is silent: its commits may have moved.
        let watch = watch.filter(|_| silence(self.pane, self.view).is_none());
        Partition {
            owner: lag.owner.and_then(|owner| self.detail.description.members.get(owner)),
            looked: watch
                .and_then(GroupWatch::seen)
                .zip(store.derived.wall.as_ref())
                .map(|(seen, clock)| (clock, seen)),
            seen: watch.and_then(|watch| watch.partition(&lag.partition)),
            lag,
        }
    }
}

impl RowSource for Rows<'_> {
    fn row_count(&self) -> usize {
        self.pane.row_count()
    }

    fn cell(&self, row: usize, column: usize, cell: &mut CellText<'_>) {
        match self.pane.tab() {
            GroupTab::Partitions => {
                let found = self.pane.partition(row, self.view.store);
                if let (Some(row), Some((_, show))) = (found, partitions::COLUMNS.get(column)) {
                    show(&self.partition(row), cell);
                }
            }
            GroupTab::Members => {
                let found = self.pane.member(row, self.view.store);
                if let (Some((member, sum)), Some((_, show))) = (found, members::COLUMNS.get(column)) {
                    show(member, &sum, cell);
                }
            }
            GroupTab::Topics => {
                let found = self.pane.topic(row, self.view.store);
                if let (Some((topic, sum)), Some((_, show))) = (found, topics::COLUMNS.get(column)) {
                    show(topic, &sum, cell);
                }
            }
        }
    }

    fn look(&self, _row: usize) -> RowLook {
        let is_old = self.view.store.error(SlotId::Group).is_some();
        RowLook {
            role: if is_old { Role::Stale } else { Role::Text },
            is_selected: false,
        }
    }
}

/// Draws the screen.
pub fn draw(frame: &mut Frame<'_>, _area: Rect, pane: &Group, view: View<'_>, paint: &Paint<'_>) {
    let parts = pane.parts(view.body);
    draw_title(frame, parts.title, pane, view, paint);
    notices::draw(frame, parts.notices, pane.notices(), view, paint);
    preview::draw(frame, parts.preview, pane, view, paint);
    let detail = pane.detail(view.store);
    let nothing = match detail.and_then(|detail| detail.unread.as_ref()) {
        Some(_) => "The group owns no partition; what it has committed could not be read.",
        None => "The group owns no partition and has no commit.",
    };
    let (what, total, empty) = match pane.tab() {
        GroupTab::Partitions => (
            "partitions",
            detail.map_or(0, |detail| detail.partitions.len()),
            nothing,
        ),
        GroupTab::Members => (
            "members",
            detail.map_or(0, |detail| detail.description.members.len()),
            "The group has no members.",
        ),
        GroupTab::Topics => (
            "topics",
            detail.map_or(0, |detail| topics_of(&detail.partitions)),
            nothing,
        ),
    };
    let filter = pane.filter().unwrap_or_default();
    let listed = face::Rows {
        slot: SlotId::Group,
        what,
        total,
        shown: pane.row_count(),
        filter,
        empty,
    };
    if face::instead(frame, parts.table, &listed, view, paint) {
        return;
    }
    let Some(detail) = detail else { return };
    let (name, columns): (_, Vec<Column>) = match pane.tab() {
        GroupTab::Partitions => (
            "group-partitions",
            partitions::COLUMNS.iter().map(|(column, _)| *column).collect(),
        ),
        GroupTab::Members => (
            "group-members",
            members::COLUMNS.iter().map(|(column, _)| *column).collect(),
        ),
        GroupTab::Topics => (
            "group-topics",
            topics::COLUMNS.iter().map(|(column, _)| *column).collect(),
        ),
    };
    let (top_row, cursor) = (pane.list().top_row, Some(pane.list().cursor));
    let table = Table {
        columns: &columns,
        top_row,
        cursor,
        sort: None,
    };
    paint.table(frame, parts.table, name, &table, &Rows { pane, view, detail });
    let own = detail::words(pane, view);
    let own = own.as_ref().map(|(role, words)| (*role, words.as_str()));
    face::detail(frame, parts.detail, &[SlotId::Group], own, view, paint);
}

fn draw_title(frame: &mut Frame<'_>, area: Area, pane: &Group, view: View<'_>, paint: &Paint<'_>) {
    let filter = pane.filter().unwrap_or_default();
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
    if !filter.is_empty() {
        line.right(Role::Match, format_args!("/{filter} "), 2);
    }
    // From the right: the open one in brackets.
    let tabs = GroupTab::ALL.into_iter().rev();
    for (tab, gap) in tabs.zip([1, 1, 1]) {
        if tab == pane.tab() {
            line.right(Role::TabOpen, format_args!("[{}]", tab.name()), gap);
        } else {
            line.right(Role::Tab, tab.name(), gap);
        }
    }
    line.gap(1).name(Role::Title, &pane.listing().group).gap(2);
    let Some(detail) = pane.detail(view.store) else { return };
    let description = &detail.description;
    let summary = detail.summary();
    let lag = figure::lag(summary.lag, summary.uncommitted.unwrap_or_default());
    line.left(Role::Text, format_args!("{}  lag {lag}  ", description.state));
    if let Some(over) = view.store.derived.alarms.over(&description.group) {
        line.left(Role::Warning, format_args!("over {}  ", Count(over.limit.lag)));
    }
    let id = description.coordinator;
    let silence = silence(pane, view);
    if let Some(word) = silence {
        line.left(Role::Danger, format_args!("coordinator {id} {word}  "));
    }
    let members = description.members.len();
    let plural = if members == 1 { "" } else { "s" };
    let kind = description.kind.as_str();
    line.left(
        Role::Dim,
        format_args!("{} member{plural}  {kind}", Count(members as i64)),
    );
    if other_protocol(pane.listing()).is_some() {
        line.left(Role::Info, format_args!(" {}", description.protocol_type));
    }
    if !description.assignor.is_empty() {
        line.left(Role::Dim, format_args!(" ({})", description.assignor));
    }
    if let Some(epoch) = description.epoch {
        line.left(Role::Dim, format_args!("  epoch {epoch}"));
    }
    if silence.is_none() {
        line.left(Role::Dim, format_args!("  coordinator {id}"));
    }
}

/// Why the rows are old, where it is their coordinator's fault.
fn silence(pane: &Group, view: View<'_>) -> Option<&'static str> {
    let id = pane.detail(view.store)?.description.coordinator;
    if view.store.derived.health.missing.contains_key(&id) {
        return Some("DOWN");
    }
    let error = view.store.error(SlotId::Group)?;
    error.is_connection().then_some("silent")
}
