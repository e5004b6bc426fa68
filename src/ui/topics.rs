//! All topics: drawing of [`crate::app::pane::topics`].

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Paint;
use crate::app::pane::View;
use crate::app::pane::topics::Topics;

/// Draws the screen.
pub fn draw(_frame: &mut Frame<'_>, _area: Rect, _pane: &Topics, _view: View<'_>, _paint: &Paint<'_>) {}
