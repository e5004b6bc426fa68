//! One topic: drawing of [`crate::app::pane::topic`].

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Paint;
use crate::app::pane::View;
use crate::app::pane::topic::TopicScreen;

/// Draws the screen.
pub fn draw(_frame: &mut Frame<'_>, _area: Rect, _pane: &TopicScreen, _view: View<'_>, _paint: &Paint<'_>) {}
