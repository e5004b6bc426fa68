//! A question that nothing but its own key answers with yes.

use ratatui::Frame;

use super::{Paint, frame, notice};
use crate::app::action::Action;
use crate::app::overlay::Confirmation;
use crate::layout::Area;

/// Draws the question over the body, with the keys that answer it.
pub fn draw(frame: &mut Frame<'_>, body: Area, asked: &Confirmation, paint: &Paint<'_>) {
    let (yes, no) = (
        frame::key_of(Action::Confirm, paint),
        frame::key_of(Action::Leave, paint),
    );
    let mut lines = asked.lines.clone();
    lines.push(format!("{yes} {}, {no} goes back.", asked.yes));
    notice::draw(frame, body, &asked.title, &lines, paint);
}
