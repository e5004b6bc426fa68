//! Keys while something lies over the screen.

use std::time::Instant;

use crate::app::App;
use crate::app::action::Action;
use crate::app::copy::{self, Chosen, Menu};
use crate::app::effect::Effect;
use crate::app::form::Form;
use crate::app::help;
use crate::app::overlay::{Overlay, Purpose};
use crate::app::pane::Intent;
use crate::app::toast::Level;
use crate::kafka::model::Lock;
use crate::layout;

impl App {
    pub(super) fn act_in_overlay(&mut self, action: Action, now: Instant) -> Vec<Effect> {
        match (action, &mut self.overlay) {
            (_, Some(Overlay::Move(_))) => return self.act_in_move(action, now),
            (_, Some(Overlay::Acts(_))) => return self.act_in_acts(action, now),
            (Action::Leave, _) => self.leave_box(),
            (Action::OpenEditor, _) => return self.open_editor(),
            (Action::Confirm, _) => return self.confirmed(now),
            (_, Some(Overlay::Jobs(_))) => return self.act_in_jobs(action, now),
            (Action::Choose, Some(Overlay::Decoders(picker))) => {
                let choice = picker.choice();
                self.overlay = None;
                return self.obey(choice.into_iter().map(Intent::Remember).collect(), now);
            }
            (_, Some(Overlay::Decoders(picker))) => {
                let page = usize::from(layout::regions(self.size).body.height.saturating_sub(2));
                picker.act(action, page);
            }
            (Action::Choose, Some(Overlay::Copy(menu))) => {
                let at = menu.list.cursor;
                return self.copy_line(at, now);
            }
            (_, Some(Overlay::Copy(menu))) => {
                let page = usize::from(layout::regions(self.size).body.height.saturating_sub(2));
                menu.act(action, page);
            }
            (Action::Accept, Some(Overlay::Form(..))) => return self.accept_form(now),
            (Action::Discard, Some(Overlay::Form(..))) => self.overlay = self.unpark(),
            (_, Some(Overlay::Form(purpose, form))) => {
                let before = form.clone();
                form.act(action);
                purpose.follow(&before, form);
            }
            (Action::Back | Action::Quit | Action::Help | Action::Debug, _) => self.overlay = None,
            (_, Some(Overlay::Help(list))) => {
                let rows = help::lines(self.nav.top().pane().scope()).len();
                let page = usize::from(layout::regions(self.size).body.height.saturating_sub(2));
                list.scroll(action, rows, page);
            }
            (_, Some(Overlay::Debug | Overlay::Notice { .. } | Overlay::Confirm(_)) | None) => {}
        }
        Vec::new()
    }

    /// Text typed or pasted over the screen: into a form, or the digit of a line of a menu.
    pub(super) fn type_over(&mut self, text: &str, now: Instant) -> Vec<Effect> {
        match &mut self.overlay {
            Some(Overlay::Form(purpose, form)) => {
                let before = form.clone();
                form.type_text(text);
                purpose.follow(&before, form);
            }
            Some(Overlay::Move(moving)) => moving.type_text(text, self.lock),
            Some(Overlay::Copy(menu)) => {
                if let Some(at) = only(text).and_then(|digit| menu.by_digit(digit)) {
                    return self.copy_line(at, now);
                }
            }
            Some(Overlay::Acts(acts)) => {
                if let Some(at) = only(text).and_then(|digit| acts.by_digit(digit)) {
                    return self.choose_act(at, now);
                }
            }
            _ => {}
        }
        Vec::new()
    }

    /// `y`: what under the cursor can be copied.
    pub(super) fn open_copy_menu(&mut self, now: Instant) -> Vec<Effect> {
        let names = copy::Names {
            id: self.store.newest_cluster().and_then(|cluster| cluster.id.as_deref()),
            bootstrap: &self.settings.bootstrap,
        };
        let subject = self.nav.top().pane().copy(self.view(now));
        match subject.and_then(|subject| Menu::new(subject, names)) {
            Some(menu) => self.overlay = Some(Overlay::Copy(Box::new(menu))),
            None => self.toasts.say(Level::Info, "nothing to copy here", now),
        }
        Vec::new()
    }

    /// The menu leaves once something was copied.
    fn copy_line(&mut self, at: usize, now: Instant) -> Vec<Effect> {
        let Some(Overlay::Copy(menu)) = &self.overlay else {
            return Vec::new();
        };
        let effect = match menu.chosen(at) {
            Ok(Chosen::Text { what, text }) => Effect::CopyToClipboard { what, text },
            Ok(Chosen::Row) => Effect::CopyRow,
            Err(why) => {
                self.toasts.say(Level::Warning, why, now);
                return Vec::new();
            }
        };
        self.overlay = None;
        vec![effect]
    }

    /// The form stays, with its complaint, where what it holds cannot be used.
    fn accept_form(&mut self, now: Instant) -> Vec<Effect> {
        let Some(Overlay::Form(purpose, mut form)) = self.overlay.take() else {
            return Vec::new();
        };
        let outcome = match &purpose {
            Purpose::Unlock => self.unlock(&form),
            Purpose::Export(draft) => self.accept_export(draft, &form, now),
            Purpose::Produce(draft) => self.ask_to_send(draft, &form),
            Purpose::Move(draft) => self.preview_move(draft, &form, now),
        };
        outcome.unwrap_or_else(|complaint| {
            form.complaint = Some(complaint);
            self.overlay = Some(Overlay::Form(purpose, form));
            Vec::new()
        })
    }

    /// `W`: locks at once, unlocks for the price of the cluster's name.
    pub(super) fn toggle_lock(&mut self, now: Instant) -> Vec<Effect> {
        match self.lock {
            Lock::Unlocked => return vec![Effect::Lock],
            Lock::ReadOnly => {
                let why = "read-only: this session cannot be unlocked; start ktui without --read-only to change things";
                self.toasts.say(Level::Warning, why, now);
            }
            Lock::Locked => {
                let name = &self.settings.cluster_name;
                let form = Form::new("Unlock")
                    .note(format!(
                        "Changes will be sent to cluster {name}, each once you have confirmed it."
                    ))
                    .note("W locks again.")
                    .text("name", "", format!("type the cluster's name to unlock: {name}"));
                self.overlay = Some(Overlay::Form(Purpose::Unlock, Box::new(form)));
            }
        }
        Vec::new()
    }

    fn unlock(&mut self, form: &Form) -> Result<Vec<Effect>, String> {
        let name = &self.settings.cluster_name;
        if form.value("name") == name {
            self.overlay = self.unpark();
            Ok(vec![Effect::Unlock])
        } else {
            Err(format!("still locked: this is not {name}"))
        }
    }

    /// The engine said how its lock is now.
    pub(in crate::app) fn lock_changed(&mut self, lock: Lock, now: Instant) -> Vec<Effect> {
        if lock != self.lock {
            let said = match lock {
                Lock::Unlocked => "unlocked: what you confirm is sent; W locks again",
                Lock::Locked => "locked: nothing that changes the cluster is sent",
                Lock::ReadOnly => "read-only",
            };
            self.toasts.say(Level::Info, said, now);
        }
        self.lock = lock;
        Vec::new()
    }
}

/// The only character of a text.
fn only(text: &str) -> Option<char> {
    let mut letters = text.chars();
    letters.next().filter(|_| letters.next().is_none())
}
