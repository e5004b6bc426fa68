//! One record: drawing of [`crate::app::pane::record`].

use ratatui::Frame;
use ratatui::layout::Rect;

use super::Paint;
use crate::app::pane::View;
use crate::app::pane::record::RecordView;

/// Draws the screen.
pub fn draw(_frame: &mut Frame<'_>, _area: Rect, _pane: &RecordView, _view: View<'_>, _paint: &Paint<'_>) {}
