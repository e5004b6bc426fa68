//! Messages of a topic: drawing of [`crate::app::pane::messages`].

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Paint;
use crate::app::pane::View;
use crate::app::pane::messages::Messages;

/// Draws the screen.
pub fn draw(_frame: &mut Frame<'_>, _area: Rect, _pane: &Messages, _view: View<'_>, _paint: &Paint<'_>) {}
