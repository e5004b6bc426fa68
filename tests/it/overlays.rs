//! What lies over a screen: forms, menus, confirmations.

use insta::assert_snapshot;
use ktui::app::action::{Action, Scope};
use ktui::app::effect::Effect;
use ktui::app::event::Event;
use ktui::app::nav::PaneId;
use ktui::kafka::model::Lock;

use crate::stage::{Stage, overview};

fn topics(width: u16, height: u16) -> Stage {
    Stage::with(PaneId::Topics, width, height, overview())
}

#[test]
fn unlocking_takes_the_name_of_the_cluster_and_locking_nothing() {
    let mut stage = topics(80, 24);
    stage.press(Action::ToggleLock);
    assert_eq!(stage.app.scope(), Scope::Form);
    assert_snapshot!("unlock", stage.text());
    stage.type_line("prod");
    assert!(stage.line("still locked").contains("this is not prod-eu"));
    assert!(!stage.effects.contains(&Effect::Unlock));
    stage.type_line("-eu");
    assert!(stage.effects.contains(&Effect::Unlock) && stage.app.overlay().is_none());
    assert_eq!(stage.app.lock(), Lock::Locked, "until the engine says so");
    stage.tell(Event::LockChanged(Lock::Unlocked));
    assert!(stage.line("W locks again").contains("unlocked"));
    stage.press(Action::ToggleLock);
    assert!(stage.effects.contains(&Effect::Lock) && stage.app.overlay().is_none());
}

#[test]
fn a_read_only_session_says_why_it_cannot_be_unlocked() {
    let mut stage = topics(140, 24);
    stage.tell(Event::LockChanged(Lock::ReadOnly));
    stage.press(Action::ToggleLock);
    assert!(stage.app.overlay().is_none());
    assert!(stage.line("cannot be unlocked").contains("--read-only"));
}

#[test]
fn esc_leaves_a_form_and_ctrl_c_leaves_ktui_from_it() {
    let mut stage = topics(80, 24);
    stage.press(Action::ToggleLock);
    stage.tell(Event::Pasted("q\n".into()));
    assert!(stage.line("▸ name").contains("  q "), "{}", stage.text());
    stage.press(Action::Discard);
    assert!(stage.app.overlay().is_none());
    stage.press(Action::ToggleLock);
    stage.press(Action::QuitNow);
    assert!(stage.effects.contains(&Effect::Quit));
}

#[test]
fn a_form_fits_a_narrow_and_a_low_screen() {
    for (width, height) in [(60, 16), (40, 8), (20, 5)] {
        let mut stage = topics(width, height);
        stage.press(Action::ToggleLock);
        stage.tell(Event::Pasted("x".repeat(100)));
        assert_snapshot!(format!("unlock_{width}x{height}"), stage.text());
    }
}
