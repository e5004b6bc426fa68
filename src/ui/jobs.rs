//! The jobs over the body: one line each, and what is said of the one under the cursor.

use std::time::Instant;

use ratatui::Frame;

use super::form::{rows, wrapped};
use super::line::Line;
use super::text::{self, Cut};
use super::theme::Role;
use super::{Paint, format, frame, notice};
use crate::app::jobs::{Job, JobEnd, Jobs};
use crate::app::list::ListState;
use crate::layout::{Area, Size};

/// Columns of the box where the screen has them.
const WIDTH: u16 = 110;

/// Rows below the list for the job under the cursor.
const DETAIL: u16 = 4;

/// Draws the jobs over the body.
pub fn draw(frame: &mut Frame<'_>, body: Area, jobs: &Jobs, list: ListState, paint: &Paint<'_>, now: Instant) {
    if jobs.all().is_empty() {
        let said = "No job has been started. e on Messages or Topics exports records to a file.";
        notice::draw(frame, body, "Jobs", &[said.to_owned()], paint);
        return;
    }
    let size = Size {
        width: WIDTH,
        height: (jobs.all().len() as u16).saturating_add(DETAIL + 2),
    };
    let inner = frame::boxed(frame, body.centered(size), "Jobs", paint);
    let (table, detail) = inner.split_bottom(DETAIL.min(inner.height.saturating_sub(1)));
    let first = (list.cursor + 1)
        .saturating_sub(usize::from(table.height))
        .max(list.top_row);
    for (row, (at, job)) in rows(table).zip(jobs.all().iter().enumerate().skip(first)) {
        let mut line = Line::new(frame.buffer_mut(), row, paint.theme);
        draw_job(&mut line, job, at == list.cursor, now);
    }
    if let Some(job) = jobs.all().get(list.cursor) {
        let said = job.end.as_ref().map_or(job.progress.said.as_str(), JobEnd::said);
        let lines = wrapped(said, usize::from(detail.width));
        for (row, said) in rows(detail).skip(1).zip(&lines) {
            Line::new(frame.buffer_mut(), row, paint.theme).left(Role::Text, said);
        }
    }
}

fn draw_job(line: &mut Line<'_>, job: &Job, has_cursor: bool, now: Instant) {
    let (sign, role) = if has_cursor {
        ("▸ ", Role::Title)
    } else {
        ("  ", Role::Text)
    };
    let (state_role, state) = state(job, now);
    line.left(role, sign).right(state_role, state, 2);
    let title = job.spec.title();
    let room = usize::from(line.room());
    let title = text::visible(&title);
    line.left(role, text::fit(&title, room, Cut::Middle));
}

fn state(job: &Job, now: Instant) -> (Role, String) {
    match &job.end {
        Some(JobEnd::Done(_)) => (Role::Success, "done".to_owned()),
        Some(JobEnd::Failed(_)) => (Role::Danger, "failed".to_owned()),
        Some(end) => (Role::Warning, end.word().to_owned()),
        None if job.is_stopping => (Role::Info, "stopping".to_owned()),
        None => {
            let percent = job.progress.percent().map(|percent| format!("{percent} %"));
            let left = job.left(now).map(|left| format!("  {} left", format::Span(left)));
            let said = percent.map(|percent| percent + &left.unwrap_or_default());
            (Role::Info, said.unwrap_or_else(|| "running".to_owned()))
        }
    }
}
