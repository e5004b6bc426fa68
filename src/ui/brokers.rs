//! All brokers: drawing of [`crate::app::pane::brokers`].

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Paint;
use crate::app::pane::View;
use crate::app::pane::brokers::Brokers;

/// Draws the screen.
pub fn draw(_frame: &mut Frame<'_>, _area: Rect, _pane: &Brokers, _view: View<'_>, _paint: &Paint<'_>) {}
