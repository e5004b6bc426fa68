//! All groups: drawing of [`crate::app::pane::groups`].

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Paint;
use crate::app::pane::View;
use crate::app::pane::groups::Groups;

/// Draws the screen.
pub fn draw(_frame: &mut Frame<'_>, _area: Rect, _pane: &Groups, _view: View<'_>, _paint: &Paint<'_>) {}
