//! The jobs over the body: one line each, and what is said of the one under the cursor.

use std::time::Instant;

use ratatui::Frame;

use super::form::{rows, wrapped};
use super::line::Line;
use super::text::{self, Cut};
use super::theme::Role;
use super::{Paint, format, frame, notice};
use crate::app::action::Action;
use crate::app::jobs::{Job, JobEnd, Jobs};
use crate::app::list::ListState;
use crate::layout::{Area, Size};

/// Columns of the box where the screen has them.
const WIDTH: u16 = 110;

/// Rows below the list for the job under the cursor.
const DETAIL: u16 = 5;

/// Draws the jobs over the body.
pub fn draw(frame: &mut Frame<'_>, body: Area, jobs: &Jobs, list: ListState, paint: &Paint<'_>, now: Instant) {
    if jobs.all().is_empty() {
        let said = "No job has been started. e on Messages or Topics exports records to a file.";
        let undo = format!(
            "{} lists changes of groups to be undone.",
            frame::key_of(Action::UndoChange, paint)
        );
        notice::draw(frame, body, "Jobs", &[said.to_owned(), undo], paint);
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
        let columns = usize::from(detail.width);
        let file = job.spec.parts().1.map(|file| file.display().to_string());
        let mut lines = file.map_or_else(Vec::new, |file| broken(&text::visible(&file), columns));
        let said = job.end.as_ref().map_or(job.progress.said.as_str(), JobEnd::said);
        lines.extend(wrapped(said, columns));
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
    let room = usize::from(line.room());
    line.left(role, titled(job, room));
}

/// What a job does. Of its file the name stays whole, with as much of its folders as there is room for.
fn titled(job: &Job, columns: usize) -> String {
    let title = text::visible(&job.spec.title()).into_owned();
    let (what, Some(file)) = job.spec.parts() else {
        return text::fit(&title, columns, Cut::Middle).into_owned();
    };
    if text::width(&title) <= columns {
        return title;
    }
    let what = text::visible(&what).into_owned();
    let file = text::visible(&file.display().to_string()).into_owned();
    let folders = file
        .match_indices('/')
        .map(|(at, _)| format!("{what} to …{}", &file[at..]));
    let fitting = folders.into_iter().find(|title| text::width(title) <= columns);
    fitting.unwrap_or_else(|| text::fit(&title, columns, Cut::Middle).into_owned())
}

/// A path over as many lines as it takes.
pub(super) fn broken(path: &str, columns: usize) -> Vec<String> {
    let (mut lines, mut used) = (vec![String::new()], 0);
    for (letter, width) in text::letters(path) {
        if used + width > columns && used > 0 {
            lines.push(String::new());
            used = 0;
        }
        used += width;
        if let Some(line) = lines.last_mut() {
            line.push_str(letter);
        }
    }
    lines
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::jobs::{ExportOrder, JobSpec};
    use crate::position::{Start, Until};

    #[test]
    fn the_name_of_a_file_stays_whole_while_its_folders_give_way() {
        let path = "/home/ada/a long/way/orders.jsonl";
        let order = ExportOrder::new(&"orders".into(), Start::Begin, Until::End, path);
        let mut jobs = Jobs::default();
        #[expect(clippy::disallowed_methods, reason = "a job wants some instant to begin with")]
        jobs.start(JobSpec::Export(Box::new(order)), Instant::now());
        let shown = |columns| titled(&jobs.all()[0], columns);
        assert_eq!(shown(80), "export orders to /home/ada/a long/way/orders.jsonl");
        assert_eq!(shown(49), "export orders to …/ada/a long/way/orders.jsonl");
        assert_eq!(shown(36), "export orders to …/way/orders.jsonl");
        assert_eq!(shown(31), "export orders to …/orders.jsonl");
        assert_eq!(shown(20), "export ord…ers.jsonl");
        assert_eq!(broken(path, 14), ["/home/ada/a lo", "ng/way/orders.", "jsonl"]);
    }
}
