//! What keys mean while a recording is looked at, and what they cannot.

use std::time::{Duration, Instant};

use super::{App, schedule};
use crate::app::AppSettings;
use crate::app::action::{Action, NOT_RECORDED, Scope};
use crate::app::effect::Effect;
use crate::app::nav::{Location, Nav, PaneId};
use crate::app::pane::Want;
use crate::app::replay::Replay;
use crate::app::slot::SlotId;
use crate::app::store::Store;
use crate::app::toast::Level;
use crate::layout::Size;

/// What a key skips.
const MINUTE: Duration = Duration::from_mins(1);

impl App {
    /// The machine on a recording: it never asks for anything.
    pub fn replay(settings: AppSettings, size: Size, now: Instant, (replay, store): (Replay, Store)) -> Self {
        let (mut app, _nothing_of_a_cluster) = Self::start(settings, size, now);
        app.nav = Nav::new(PaneId::Groups);
        app.store = store;
        if let Some(trouble) = replay.trouble() {
            app.toasts.say(Level::Warning, trouble.to_owned(), now);
        }
        app.errands.replay = Some(Box::new(replay));
        app.settle_replay(now);
        app
    }

    /// The moment that is shown: that of the recording, where one is looked at.
    pub fn time(&self, now: Instant) -> Instant {
        self.errands.replay.as_ref().map_or(now, |replay| replay.time(now))
    }

    /// The recording that is looked at.
    pub fn recording(&self) -> Option<&Replay> {
        self.errands.replay.as_deref()
    }

    /// Does what a key means to the recording; `None` where it means something else.
    pub(super) fn act_in_replay(&mut self, action: Action, now: Instant) -> Option<Vec<Effect>> {
        let replay = self.errands.replay.as_mut()?;
        let store = &mut self.store;
        match action {
            Action::TogglePlay => replay.toggle(store, now),
            Action::LookBack | Action::LookForward => replay.step(action == Action::LookForward, store, now),
            Action::MinuteBack | Action::MinuteForward => {
                replay.skip(MINUTE, action == Action::MinuteForward, store, now);
            }
            Action::FirstLook | Action::LastLook => replay.jump(action == Action::LastLook, store, now),
            Action::Faster | Action::Slower => replay.change_speed(action == Action::Faster, now),
            Action::NextMark | Action::PreviousMark => {
                let is_forward = action == Action::NextMark;
                if !replay.next_mark(is_forward, store, now) {
                    let way = if is_forward { "after" } else { "before" };
                    let why = format!("{way} this nothing got worse, and no broker was lost");
                    self.toasts.say(Level::Info, why, now);
                }
            }
            action if NOT_RECORDED.contains(&action) => self.toasts.say(Level::Info, why_not(action), now),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Goes to a time of the recording.
    pub(super) fn go_to_time(&mut self, time: &str, now: Instant) -> Result<Vec<Effect>, String> {
        let Some(replay) = &mut self.errands.replay else {
            return Err("only a recording can be seen at another time: ktui replay FILE".to_owned());
        };
        replay.go_to(time, &mut self.store, now)?;
        Ok(Vec::new())
    }

    /// Whether a place cannot be shown: it says so then.
    pub(super) fn refuses(&mut self, location: &Location, now: Instant) -> bool {
        let is_refused = self.errands.replay.is_some() && !matches!(location, Location::Groups | Location::Group(_));
        if is_refused {
            self.toasts.say(Level::Info, why_not(Action::OpenMessages), now);
        }
        is_refused
    }

    /// What there is at this moment of the recording: nothing is asked, everything is as old as it was then.
    pub(in crate::app) fn settle_replay(&mut self, now: Instant) {
        if let (Some(replay), Location::Group(listing)) = (&self.errands.replay, self.nav.top().pane().location()) {
            replay.show_group(&listing.group, &mut self.store);
        }
        self.with_pane(now, |pane, view, _| pane.refresh(view));
        let every = self.errands.replay.as_ref().map_or(MINUTE, |replay| replay.every());
        let wants = schedule::always(&self.store).into_iter();
        let wants = wants.chain(self.nav.top().pane().wants(self.view(now)));
        // What a recording tells at every look; the rest is only there where it was new.
        let is_told = |want: &Want| {
            matches!(
                want.slot,
                SlotId::Overview | SlotId::Groups | SlotId::Lags | SlotId::Group
            )
        };
        self.wants = wants
            .filter(is_told)
            .map(|want| Want { period: every, ..want })
            .collect();
    }

    /// The scope of the screen on top.
    pub fn screen_scope(&self) -> Scope {
        match (self.nav.top().pane().scope(), &self.errands.replay) {
            (Scope::Groups, Some(_)) => Scope::ReplayGroups,
            (Scope::Group, Some(_)) => Scope::ReplayGroup,
            (scope, _) => scope,
        }
    }
}

fn why_not(action: Action) -> &'static str {
    match action {
        Action::ToggleLock
        | Action::Produce
        | Action::Resend
        | Action::MoveOffsets
        | Action::ChangeGroup
        | Action::SkipRecord => "this is a recording: nothing can be changed",
        _ => "this is a recording: it has groups alone, and nothing is asked of the cluster",
    }
}

/// The moment that is shown.
pub(super) fn time(replay: Option<&Replay>, now: Instant) -> Instant {
    replay.map_or(now, |replay| replay.time(now))
}
