//! The words of the messages screen: what is read, how far it is, what is missing, what to do.

use std::fmt::Write as _;
use std::time::Duration;

use super::super::format::{Age, Count, Rate};
use super::super::theme::Role;
use super::super::{Paint, face, frame};
use super::range::Words;
use super::search;
use crate::app::action::Action;
use crate::app::pane::View;
use crate::app::pane::messages::paging::Above;
use crate::app::pane::messages::reading::{Hold, Phase};
use crate::app::pane::messages::{Messages, Source, Stance};
use crate::kafka::model::record::{RecordKind, Row};
use crate::position::{Start, Until, partitions_label};

/// Before a topic was chosen.
pub(super) fn no_topic(paint: &Paint<'_>) -> Vec<(Role, String)> {
    let topics = frame::key_of(Action::OpenTopics, paint);
    let open = frame::key_of(Action::TopicMessages, paint);
    let command = frame::key_of(Action::Palette, paint);
    vec![
        (Role::Text, "No topic was chosen yet.".to_owned()),
        (
            Role::Dim,
            format!(
                "{topics} lists the topics, {open} there shows the messages of one; or type {command}messages NAME."
            ),
        ),
    ]
}

/// Which partitions are read, of how many.
pub(super) fn partitions(source: &Source, view: View<'_>) -> String {
    let known = view.store.overview.value().and_then(|overview| {
        let topics = source.topics.iter().map(|name| overview.topic(name.as_str()));
        let counts = topics.map(|topic| Some(topic?.partitions.len()));
        counts.sum::<Option<usize>>()
    });
    match (source.partitions.as_slice(), known) {
        (some, _) if source.is_several() && !some.is_empty() => format!("partitions {}", partitions_label(some)),
        ([], Some(count)) => counted(count, "partition"),
        ([], None) => "all partitions".to_owned(),
        ([only], Some(count)) => format!("partition {only} of {count}"),
        ([only], None) => format!("partition {only}"),
        (some, Some(count)) => format!("{} of {}", some.len(), counted(count, "partition")),
        (some, None) => counted(some.len(), "partition"),
    }
}

/// How many records are loaded, where that is not what was asked for; a search says what it found elsewhere.
pub(super) fn loaded(pane: &Messages, source: &Source) -> String {
    let loaded = pane.rows().showable();
    let is_newest = matches!(source.start, Start::Newest(count) if count == loaded);
    if is_newest || loaded == 0 || pane.search().is_some() {
        String::new()
    } else {
        format!("{} loaded", Count(loaded as i64))
    }
}

/// How far reading is.
pub(super) fn state(pane: &Messages, source: &Source, view: View<'_>) -> (Role, String) {
    if let Some(search) = pane.search() {
        return search::state(search, pane.stance());
    }
    let reading = pane.reading();
    match &reading.phase {
        Phase::Closed => (Role::Dim, String::new()),
        Phase::Opening { since, .. } if view.now < *since + face::SLOW => (Role::Dim, String::new()),
        Phase::Opening { .. } => (Role::Dim, "reading …".to_owned()),
        Phase::Ended { error: None, .. } if pane.reading().hold == Hold::Behind => {
            (Role::Warning, "more below: scroll on".to_owned())
        }
        Phase::Ended { error: None, .. } => (Role::Text, end(source, pane, view)),
        Phase::Ended { error: Some(_), .. } => (Role::Danger, stopped(pane, view)),
        Phase::Open => match pane.stance() {
            Stance::Following => (Role::Success, following(pane, view)),
            Stance::Looking { since } => (Role::Warning, looking(pane, source, since, view)),
        },
    }
}

fn stopped(pane: &Messages, view: View<'_>) -> String {
    let waits = reading_again_in(pane, view);
    waits.map_or_else(
        || "stopped".to_owned(),
        |left| format!("stopped, reading again in {}", Age(left)),
    )
}

/// How long until a failed feed is opened again by itself, in whole seconds, rounded up.
fn reading_again_in(pane: &Messages, view: View<'_>) -> Option<Duration> {
    let left = pane.retry_at()?.saturating_duration_since(view.now);
    Some(Duration::from_secs(left.as_millis().div_ceil(1000) as u64))
}

fn following(pane: &Messages, view: View<'_>) -> String {
    if !pane.reading().is_at_end {
        return "catching up ▶".to_owned();
    }
    match pane.pace().rate(view.now) {
        Some(rate) => match pane.pace().one_in(view.now) {
            Some(many) => format!("following ▶ {}, showing 1 in {}", Rate(rate), Count(many as i64)),
            None => format!("following ▶ {}", Rate(rate)),
        },
        None => "following ▶".to_owned(),
    }
}

fn looking(pane: &Messages, source: &Source, since: u64, view: View<'_>) -> String {
    let new = Count(pane.rows().shown_since(since) as i64);
    let from_tail = matches!(source.start, Start::Newest(_) | Start::End);
    if let Some(waiting) = pane.waiting(view) {
        let let_go = Count::of(pane.rows().let_go_since(since));
        return format!("paused · ≈{} new", Count(new.0 + let_go.0 + waiting));
    }
    if pane.reading().hold == Hold::Behind {
        return "newer below: scroll on".to_owned();
    }
    let is_held = pane.reading().hold == Hold::Full;
    match (pane.reading().is_at_end, is_held) {
        (true, true) => format!("paused · {new} new, more wait at the brokers"),
        (true, false) if from_tail => format!("paused · {new} new"),
        (true, false) if new.0 == 0 => end(source, pane, view),
        (true, false) => format!("end · {new} new since"),
        (false, true) => "more to come: scroll on".to_owned(),
        (false, false) => "reading …".to_owned(),
    }
}

fn end(source: &Source, pane: &Messages, view: View<'_>) -> String {
    let place = match source.partitions.as_slice() {
        _ if !matches!(source.until, Until::Follow | Until::End) => "range".to_owned(),
        [only] => format!("partition {only}"),
        _ => partitions(source, view),
    };
    match pane.reading().failures.len() {
        0 => format!("end of {place}"),
        failed => format!("end of {place}, {failed} not readable"),
    }
}

/// What stands in place of the rows.
pub(super) fn instead(pane: &Messages, source: &Source, view: View<'_>, paint: &Paint<'_>) -> Vec<(Role, String)> {
    let rows = pane.rows();
    if let Some(search) = pane.search() {
        return search::instead(pane, search, view, paint);
    }
    if rows.kept() > 0 {
        return vec![(Role::Dim, nothing_shown(pane, paint))];
    }
    if let Some(error) = pane.reading().error() {
        let next = face::again(pane.retry_at(), view.now, paint);
        return face::trouble(error, &format!("Nothing was read yet. {next}"));
    }
    if pane.reading().is_at_end {
        return nothing_there(pane, source, view, paint);
    }
    let elapsed = match pane.reading().phase {
        Phase::Opening { since, .. } => face::elapsed(since, view.now),
        _ => " …".to_owned(),
    };
    let what = match source.start {
        Start::Newest(count) => format!("the newest {} records", Count(count as i64)),
        Start::Begin | Start::End | Start::Offset(_) | Start::PerPartition(_) | Start::Time(_) => {
            format!("records {}", Words::new(view, paint).bounds(source))
        }
    };
    vec![(Role::Dim, format!("Reading {what} of {}{elapsed}", source.title()))]
}

fn nothing_there(pane: &Messages, source: &Source, view: View<'_>, paint: &Paint<'_>) -> Vec<(Role, String)> {
    let place = match (&source.start, source.follows()) {
        (Start::Newest(_) | Start::Begin, true) => String::new(),
        _ => format!(" {}", Words::new(view, paint).bounds(source)),
    };
    let more = if source.follows() { " New ones appear here." } else { "" };
    let said = format!("No record{place} in {}.{more}", partitions(source, view));
    let mut words = vec![(Role::Dim, said)];
    let failures = pane.reading().failures.iter().take(5);
    words.extend(failures.map(|failure| (Role::Warning, failure.summary())));
    words
}

fn nothing_shown(pane: &Messages, paint: &Paint<'_>) -> String {
    format!("No data among the loaded records: {}.", hidden(pane, paint))
}

/// The line below the rows: what went wrong, what is odd about the row under the cursor, what is not shown.
pub(super) fn detail(pane: &Messages, view: View<'_>, paint: &Paint<'_>) -> Option<(Role, String)> {
    if let Some(search) = pane.search() {
        return Some(search::line(pane, search, view, paint));
    }
    let reading = pane.reading();
    if let Some(error) = reading.error().filter(|_| pane.rows().kept() > 0) {
        let refresh = frame::key_of(Action::Refresh, paint);
        let now = if pane.retry_at().is_some() { " now" } else { "" };
        let said = format!("{}   ({refresh} reads again{now})", error.summary());
        return Some((Role::Warning, said));
    }
    if let Some(first) = reading.failures.first() {
        let more = match reading.failures.len() - 1 {
            0 => String::new(),
            more => format!("  (+{more} more)"),
        };
        let said = format!("not read: {}{more}", first.summary());
        return Some((Role::Warning, said));
    }
    match pane.rows().get(pane.list().cursor) {
        Some(Row::Unreadable(stretch)) => {
            let open = frame::key_of(Action::Open, paint);
            let said = format!("{}: {open} shows the bytes", stretch.damage);
            return Some((Role::Danger, said));
        }
        Some(Row::Record(record)) => {
            if let Some(said) = kind(record.kind) {
                return Some((Role::Dim, said.to_owned()));
            }
        }
        None => {}
    }
    let said = quiet(pane, paint);
    (!said.is_empty()).then_some((Role::Dim, said))
}

/// What a row is that is no data to everybody.
fn kind(kind: RecordKind) -> Option<&'static str> {
    match kind {
        RecordKind::Data => None,
        RecordKind::Control(_) => Some("a marker that a broker wrote: no consumer is handed it"),
        RecordKind::Aborted => Some("aborted: read_committed consumers are never handed it"),
        RecordKind::OpenTransaction => Some("its transaction is open: read_committed consumers wait before it"),
    }
}

/// What is hidden, and what has left.
fn quiet(pane: &Messages, paint: &Paint<'_>) -> String {
    if let Above::Failed(failures) = pane.above()
        && let Some(first) = failures.first()
    {
        return format!("older records not read: {}", first.summary());
    }
    let mut said = String::new();
    if pane.rows().hidden().total() > 0 {
        said = hidden(pane, paint);
    }
    if pane.reading().skipped > 0 {
        let skipped = Count(pane.reading().skipped as i64);
        let space = if said.is_empty() { "" } else { "   " };
        said = format!("{said}{space}{skipped} records were left out to keep up");
    } else if pane.rows().dropped() > 0 {
        let space = if said.is_empty() { "" } else { "   " };
        let (kept, dropped) = (Count(pane.rows().kept() as i64), Count(pane.rows().dropped() as i64));
        let _writing_to_a_string_cannot_fail = write!(
            said,
            "{space}the last {kept} are kept, {dropped} before them were let go"
        );
    }
    match pane.above() {
        Above::Reading if said.is_empty() => "reading older records …".to_owned(),
        Above::First if said.is_empty() && pane.list().cursor == 0 => "the first record: nothing is older".to_owned(),
        _ => said,
    }
}

fn hidden(pane: &Messages, paint: &Paint<'_>) -> String {
    let asides = pane.rows().hidden();
    let kinds = [
        (asides.control, "control"),
        (asides.aborted, "aborted"),
        (asides.open, "in open transactions"),
    ];
    let kinds: Vec<String> = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| format!("{} {kind}", Count(*count as i64)))
        .collect();
    let key = frame::key_of(Action::ToggleControl, paint);
    format!("hidden: {}   ({key} shows them)", kinds.join(", "))
}

pub(super) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", Count(count as i64))
}
