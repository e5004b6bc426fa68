//! One group: drawing of [`crate::app::pane::group`].

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Paint;
use crate::app::pane::View;
use crate::app::pane::group::Group;

/// Draws the screen.
pub fn draw(_frame: &mut Frame<'_>, _area: Rect, _pane: &Group, _view: View<'_>, _paint: &Paint<'_>) {}
