//! What talking to the cluster costs: requests, bytes, late answers, and how old each answer is.

use ratatui::Frame;

use super::Paint;
use super::format::{Bytes, Count, Span};
use super::frame;
use super::line::Line;
use super::theme::Role;
use crate::app::event::Counters;
use crate::app::pane::View;
use crate::app::slot::SlotId;
use crate::layout::{Area, Size};

/// Draws the overlay over the body.
pub fn draw(frame: &mut Frame<'_>, body: Area, view: View<'_>, paint: &Paint<'_>) {
    let sums = sums(view.store.derived.counters, view.store.derived.superseded);
    let slots: Vec<(SlotId, String, Role)> = SlotId::ALL.iter().map(|slot| state(*slot, view)).collect();
    let size = Size {
        width: 76,
        height: (sums.len() + slots.len() + 3) as u16,
    };
    let inner = frame::boxed(frame, body.centered(size), "Requests and answers", paint);
    let rows = (inner.y..inner.y + inner.height).map(|y| Area { y, height: 1, ..inner });
    let blank = ("", String::new(), Role::Text);
    let lines = sums
        .into_iter()
        .map(|(name, value)| (name, value, Role::Text))
        .chain([blank])
        .chain(slots.into_iter().map(|(slot, said, role)| (slot.what(), said, role)));
    for (area, (name, value, role)) in rows.zip(lines) {
        let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
        line.left(Role::Dim, format!("{name:26}")).left(role, value);
    }
}

fn sums(counters: Counters, superseded: u64) -> Vec<(&'static str, String)> {
    let count = |n: u64| Count(n as i64).to_string();
    vec![
        (
            "requests",
            format!("{}, {} in flight", count(counters.requests), count(counters.in_flight)),
        ),
        (
            "bytes",
            format!("{} out, {} in", Bytes(counters.bytes_out), Bytes(counters.bytes_in)),
        ),
        ("failed requests", count(counters.errors)),
        ("answers after deadline", count(counters.late_answers)),
        ("superseded answers", count(superseded)),
    ]
}

/// A slot's state in words.
fn state(slot: SlotId, view: View<'_>) -> (SlotId, String, Role) {
    let store = view.store;
    let age = |at| Span(view.now.saturating_duration_since(at)).to_string();
    let known = store.arrived(slot).map(|at| format!("{} old", age(at)));
    let failures = match store.failures(slot).len() {
        0 => String::new(),
        failures => format!(", {failures} missing"),
    };
    let (said, role) = match (store.asked(slot), store.error(slot), known) {
        (Some(since), _, Some(known)) => (format!("{known}, asked {} ago{failures}", age(since)), Role::Text),
        (Some(since), _, None) => (format!("asked {} ago", age(since)), Role::Text),
        (None, Some(error), known) => {
            let known = known.map_or_else(String::new, |known| format!(", {known}"));
            (format!("{}{known}", error.summary()), Role::Warning)
        }
        (None, None, Some(known)) => (format!("{known}{failures}"), Role::Text),
        (None, None, None) => ("never asked".to_owned(), Role::Dim),
    };
    let spent = store.derived.sampling.costs.newest(slot).map(|spent| {
        let millis = spent.took.as_millis();
        format!(
            " · {} requests, {}, {millis} ms",
            spent.cost.requests,
            Bytes(spent.cost.bytes)
        )
    });
    (slot, said + &spent.unwrap_or_default(), role)
}
