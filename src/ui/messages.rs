//! Draws messages of a topic; their picture stands in `app::pane::messages`.

mod cells;
mod preview;
mod range;
mod search;
mod status;

pub(in crate::ui) use cells::marker;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::line::Line;
use super::table::{CellText, Column, RowLook, RowSource, Sizing, Table};
use super::theme::Role;
use super::{Paint, face, format, text};
use crate::app::memory::Memory;
use crate::app::pane::View;
use crate::app::pane::messages::{Messages, Source};
use crate::kafka::model::TopicName;
use crate::kafka::model::record::{RecordKind, Row};
use crate::layout::Area;

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Time,
    Topic,
    Partition,
    Offset,
    Key,
    Value,
}

const CELLS: &[Cell] = &[Cell::Time, Cell::Partition, Cell::Offset, Cell::Key, Cell::Value];

/// The same where several topics are read.
const CELLS_OF_SEVERAL: &[Cell] = &[
    Cell::Time,
    Cell::Topic,
    Cell::Partition,
    Cell::Offset,
    Cell::Key,
    Cell::Value,
];

/// Most columns of a key: a UUID. It takes no more than a quarter of the screen: the value has the room.
const KEY: u16 = 36;

/// Columns between the parts of the title.
const PART_GAP: u16 = 3;

/// Columns of the list; the value gets the room.
const COLUMNS: &[Column] = &[
    Column::left("TIME").least(12).leaves(1),
    Column::right("P").least(2).leaves(2),
    Column::right("OFFSET").least(6).leaves(3),
    Column::name("KEY", 8).most(KEY),
    Column::left("VALUE").fills(12),
];

const COLUMNS_OF_SEVERAL: &[Column] = &[
    COLUMNS[0],
    Column::name("TOPIC", 12).most(28),
    COLUMNS[1],
    COLUMNS[2],
    COLUMNS[3],
    COLUMNS[4],
];

struct Rows<'a> {
    pane: &'a Messages,
    source: &'a Source,
    cells: &'static [Cell],
    days: cells::Days<'a>,
    memory: &'a Memory,
    /// Columns that the widest cell can show.
    columns: usize,
}

impl RowSource for Rows<'_> {
    fn row_count(&self) -> usize {
        self.pane.rows().len()
    }

    fn cell(&self, row: usize, column: usize, cell: &mut CellText<'_>) {
        let (rows, index) = (self.pane.rows(), row);
        let Some(row) = rows.get(index) else { return };
        let topic = self.source.topic(rows.topic(index)).map_or("", TopicName::as_str);
        let of = cells::Of {
            topic,
            memory: self.memory,
        };
        match self.cells.get(column) {
            Some(Cell::Time) => self.days.show(row, cell),
            Some(Cell::Topic) => {
                cell.show(topic);
            }
            Some(Cell::Partition) => {
                cell.show(row.partition());
            }
            Some(Cell::Offset) => {
                cell.show(format::Count(row.offset().0));
            }
            Some(Cell::Key) => cells::key(of, row, cell, self.columns.min(KEY.into())),
            Some(Cell::Value) | None => cells::value(of, row, cell, self.columns),
        }
    }

    fn look(&self, row: usize) -> RowLook {
        let role = match self.pane.rows().get(row) {
            Some(Row::Record(record)) => match record.kind {
                RecordKind::Data => Role::Text,
                RecordKind::Control(_) => Role::Control,
                RecordKind::Aborted => Role::Aborted,
                RecordKind::OpenTransaction => Role::Dim,
            },
            Some(Row::Unreadable(_)) => Role::Danger,
            None => Role::Text,
        };
        RowLook {
            role,
            is_selected: false,
        }
    }
}

/// Draws the screen.
pub fn draw(frame: &mut Frame<'_>, area: Rect, pane: &Messages, view: View<'_>, paint: &Paint<'_>) {
    let Some(source) = pane.source() else {
        face::paragraphs(frame, area, &status::no_topic(paint), paint);
        return;
    };
    let parts = pane.parts(view.body);
    title(frame, parts.list.title, (pane, source), view, paint);
    if pane.rows().is_empty() {
        let words = status::instead(pane, source, view, paint);
        face::paragraphs(frame, parts.list.table.into(), &words, paint);
    } else {
        let list = pane.list();
        let (columns, cells, name) = if source.is_several() {
            (COLUMNS_OF_SEVERAL, CELLS_OF_SEVERAL, "messages of several topics")
        } else {
            (COLUMNS, CELLS, "messages")
        };
        let columns: Vec<Column> = columns
            .iter()
            .map(|column| narrowed(*column, parts.list.table))
            .collect();
        let table = Table {
            columns: &columns,
            top_row: list.top_row,
            cursor: Some(list.cursor),
            sort: None,
        };
        let rows = Rows {
            pane,
            source,
            cells,
            days: cells::Days::new(view, paint.zone),
            memory: view.memory,
            columns: parts.list.table.width.into(),
        };
        paint.table(frame, parts.list.table, name, &table, &rows);
        preview::draw(frame, parts.preview, (pane, source), view.memory, paint);
    }
    if let Some((role, said)) = status::detail(pane, view, paint) {
        let mut line = Line::new(frame.buffer_mut(), parts.list.detail, paint.theme);
        line.gap(3).left(role, said);
    }
}

/// Names and keys have at most a quarter of the table.
fn narrowed(column: Column, table: Area) -> Column {
    match column.sizing {
        Sizing::Shrinks => column.most(column.most.min(table.width / 4)),
        Sizing::Natural | Sizing::Fills => column,
    }
}

fn title(frame: &mut Frame<'_>, area: Area, (pane, source): (&Messages, &Source), view: View<'_>, paint: &Paint<'_>) {
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
    line.gap(1).name(Role::Title, source.title());
    if let Some(search) = pane.search() {
        line.right(Role::Match, format_args!("{} ", search::title(search)), 1);
    }
    // The least important first: it leaves first where there is no room.
    let (role, state) = status::state(pane, source, view);
    let range = match pane.search() {
        Some(_) => search::range(pane, source, view, paint),
        None => range::Words::new(view, paint).range(pane, source),
    };
    let parts = [
        (2, Role::Text, status::partitions(source, view)),
        (1, Role::Text, range),
        (0, role, state),
        (3, Role::Text, status::loaded(pane, source)),
    ];
    let room = usize::from(line.room());
    let width = |most: u8| -> usize {
        let kept = parts.iter().filter(|(rank, _, part)| *rank <= most && !part.is_empty());
        kept.map(|(_, _, part)| usize::from(PART_GAP) + text::width(part)).sum()
    };
    let most = (0..4).rev().find(|most| width(*most) <= room).unwrap_or(0);
    for (rank, role, part) in parts {
        if rank <= most && !part.is_empty() {
            line.gap(PART_GAP).left(role, part);
        }
    }
    let zone = view.store.derived.wall.as_ref().map_or_else(String::new, |wall| {
        format::zone_name(wall.time(view.now).timestamp().as_millisecond(), paint.zone)
    });
    if usize::from(line.room()) > text::width(&zone) + 2 {
        line.right(Role::Dim, format_args!("{zone} "), 2);
    }
}
