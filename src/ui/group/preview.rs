//! The record at the commit under the cursor, below the list.
//!
//! ```text
//!  ── record at the commit 166,120 ────────────────────────────────────────────────────────────
//!    orders.events/7@166120   2026-11-18T11:39:59.999Z create   key order-49999   headers 2
//!    { "orderId": 1999999, "customer": "heidi" }
//! ```

use ratatui::Frame;

use crate::app::pane::View;
use crate::app::pane::group::{Group, Nothing};
use crate::app::slot::SlotId;
use crate::kafka::lag::tail::NextRecord;
use crate::kafka::model::Offset;
use crate::layout::Area;
use crate::ui::Paint;
use crate::ui::format::{self, Count};
use crate::ui::line::{self, Line};
use crate::ui::record::{facts, lines};
use crate::ui::theme::Role;

pub(super) fn draw(frame: &mut Frame<'_>, area: Area, pane: &Group, view: View<'_>, paint: &Paint<'_>) {
    if area.is_empty() {
        return;
    }
    let (rule, rest) = area.split_top(1);
    line::fill(frame.buffer_mut(), rule, '─', paint.theme.style(Role::Border));
    let mut title = Line::new(frame.buffer_mut(), rule, paint.theme).on_rule();
    title.gap(2).left(Role::Title, " record at the commit ");
    let known = pane.next_record(view);
    if let Some(committed) = known.map(|known| known.place.committed) {
        title.left(Role::Title, format_args!("{} ", Count(committed.0)));
    }
    let said = said(pane, view, known);
    let (first, rest) = rest.split_top(u16::from(said.is_some()));
    if let Some((role, words)) = said {
        Line::new(frame.buffer_mut(), first, paint.theme)
            .gap(3)
            .left(role, words);
    }
    let Some((known, row)) = known.and_then(|known| Some((known, known.row.as_ref()?))) else {
        return;
    };
    let (head, body) = rest.split_top(1);
    facts::one_line(frame, head, row, &known.place.partition.topic, paint);
    let Some(peek) = pane.peek() else { return };
    let (cut, body) = body.split_top(u16::from(peek.is_head));
    if peek.is_head {
        let size = format::Bytes(row.len() as u64);
        Line::new(frame.buffer_mut(), cut, paint.theme)
            .gap(3)
            .left(Role::Dim, format_args!("only the head of {size}"));
    }
    let (_, body) = body.split_left(3);
    let window = peek.value.window(0, body.height.into());
    lines::draw(frame, body, &window, 0, paint);
}

/// What must be said beside the record, or instead of one.
fn said(pane: &Group, view: View<'_>, known: Option<&NextRecord>) -> Option<(Role, String)> {
    if let Err(nothing) = pane.place(view) {
        return Some((Role::Dim, why_not(nothing).to_owned()));
    }
    let error = view.store.error(SlotId::NextRecord);
    match (known, error) {
        (_, Some(error)) => Some((Role::Warning, error.summary())),
        (None, None) => Some((Role::Dim, "reading it".to_owned())),
        (Some(known), None) => beside(known, pane.committed(view)),
    }
}

fn why_not(nothing: Nothing) -> &'static str {
    match nothing {
        Nothing::NoRow => "no partition is under the cursor",
        Nothing::Waits => "nothing waits: the commit is at the end of the log",
        Nothing::Ahead => "the commit lies past the end of the log: there is no record",
        Nothing::NoCommit => "no commit: where the group begins depends on its auto.offset.reset",
        Nothing::Unknown => "commit or end are unknown: it cannot be told what lies there",
    }
}

/// What of the record at the commit is gone, hidden or held back.
fn beside(known: &NextRecord, committed: Option<Offset>) -> Option<(Role, String)> {
    let tail = &known.tail;
    if let Some(committed) = committed.filter(|committed| *committed < known.place.committed) {
        let gone = Count(committed.0);
        return Some((
            Role::Danger,
            format!("retention has removed the record at {gone}: this is the first that is left"),
        ));
    }
    let plural = if tail.markers == 1 { "" } else { "s" };
    let markers = format!("{} transaction marker{plural}", Count(tail.markers as i64));
    let aborted = format!("{} aborted", Count(tail.aborted as i64));
    if tail.is_empty() {
        return Some((
            Role::Dim,
            format!("nothing to read: only {markers} and {aborted} wait up to the end"),
        ));
    }
    if tail.next.is_none() {
        let from = Count(tail.read_to.0);
        return Some((
            Role::Warning,
            format!("no committed record to read: from {from} on a transaction is open, or more aborted ones wait"),
        ));
    }
    if tail.is_gone() {
        return Some((
            Role::Warning,
            "no record is left at the commit (compaction, retention): this is the next one".to_owned(),
        ));
    }
    (tail.markers + tail.aborted > 0).then(|| (Role::Dim, format!("behind {markers} and {aborted}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::lag::tail::{Next, Place, Tail};
    use crate::kafka::model::{Timestamp, TimestampType, TopicPartition};

    fn known(next: Option<i64>, markers: u64, read_to: i64) -> NextRecord {
        let place = Place {
            partition: TopicPartition::new("orders", 7),
            committed: Offset(10),
            end: Offset(20),
        };
        let next = next.map(|offset| Next {
            offset: Offset(offset),
            timestamp: Timestamp(1),
            timestamp_type: TimestampType::Create,
        });
        let tail = Tail {
            next,
            markers,
            read_to: Offset(read_to),
            ..Tail::at(&place)
        };
        NextRecord { place, tail, row: None }
    }

    #[test]
    fn what_is_gone_hidden_or_held_back_is_said() {
        let said = |known: NextRecord, committed| beside(&known, Some(Offset(committed))).map(|(_, words)| words);
        assert_eq!(said(known(Some(10), 0, 11), 10), None);
        let gone = said(known(Some(10), 0, 11), 4).unwrap();
        assert!(gone.contains("retention has removed the record at 4"), "{gone}");
        let compacted = said(known(Some(12), 0, 13), 10).unwrap();
        assert!(compacted.contains("this is the next one"), "{compacted}");
        let behind = said(known(Some(11), 1, 12), 10).unwrap();
        assert_eq!(behind, "behind 1 transaction marker and 0 aborted");
        let empty = said(known(None, 10, 20), 10).unwrap();
        assert!(
            empty.starts_with("nothing to read: only 10 transaction markers"),
            "{empty}"
        );
        let open = said(known(None, 0, 10), 10).unwrap();
        assert!(open.contains("from 10 on a transaction is open"), "{open}");
    }
}
