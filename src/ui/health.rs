//! The health line: the cluster's name, the numbers that matter, who is guilty; lock state and age at the right.
//!
//! ```text
//!  prod-eu ▏5/5 brokers  controller 3  URP 0  offline 0                              LOCKED   live
//!  prod-eu ▏ broker 2 missing: 31 partitions under-replicated   2/3 brokers          LOCKED   stale 42 s
//! ```

use std::time::Instant;

use ratatui::Frame;

use super::format::{Age, Count};
use super::line::Line;
use super::text::{self, Cut};
use super::theme::Role;
use super::{Paint, figure};
use crate::app::App;
use crate::app::event::Connection;
use crate::app::health::Health;
use crate::app::schedule::Freshness;
use crate::kafka::model::{BrokerId, Lock, Total};
use crate::layout::Area;

/// Brokers that are named one by one; of more their number is said.
const NAMED: usize = 3;

/// Columns of the name, and of the guilty, below which cutting them tells nothing any more.
const LEAST: usize = 8;

/// Draws line 1.
pub fn draw(frame: &mut Frame<'_>, area: Area, app: &App, paint: &Paint<'_>, now: Instant) {
    let store = app.store();
    let health = &store.derived.health;
    let mut line = Line::new(frame.buffer_mut(), area, paint.theme);
    let name = text::visible(text::window(&app.settings().cluster_name, 64));
    let name = text::fit(&name, usize::from(area.width / 3).max(LEAST), Cut::Middle);
    line.left(Role::ProfilePlain, format!(" {name} "));
    let (role, age) = age(app.freshness(now), &store.derived.connection, app.time(now));
    let age = if app.recording().is_some() && age == "live" {
        "recorded".to_owned()
    } else {
        age
    };
    line.right(role, format!("{age} "), 3);
    // An unlocked session says so however narrow the screen is.
    if area.width >= 60 || app.lock() == Lock::Unlocked {
        let (role, word) = lock(app.lock());
        line.right(role, word, 2);
    }
    if store.newest_cluster().is_none() {
        return;
    }
    line.left(Role::Border, "▏");
    if let Some(guilty) = guilty(health) {
        let room = usize::from(line.room()).saturating_sub(2);
        let guilty = if room < LEAST { "!".to_owned() } else { guilty };
        line.left(Role::Alert, format!(" {} ", text::fit(&guilty, room, Cut::Tail)))
            .gap(2);
    }
    for (role, part) in numbers(health) {
        // A number is shown whole or not at all.
        if text::width(&part) > usize::from(line.room()) {
            break;
        }
        line.left(role, part).gap(2);
    }
}

/// The state of the lock: loud only where changes can be sent.
fn lock(lock: Lock) -> (Role, String) {
    match lock {
        Lock::Unlocked => (Role::Unlocked, format!(" {lock} ")),
        Lock::Locked | Lock::ReadOnly => (Role::Locked, lock.to_string()),
    }
}

/// What is wrong and who is guilty, in one sentence; `None` while all is well.
pub fn guilty(health: &Health) -> Option<String> {
    let harms = harms(health).join(", ");
    let missing: Vec<BrokerId> = health.missing.keys().copied().collect();
    let behind = health.per_broker.iter().filter(|(_, load)| load.out_of_sync > 0);
    let behind: Vec<BrokerId> = behind.map(|(id, _)| *id).collect();
    match (missing.is_empty(), harms.is_empty()) {
        (false, true) => Some(format!("{} missing", named(&missing))),
        (false, false) => Some(format!("{} missing: {harms}", named(&missing))),
        (true, true) => None,
        (true, false) if behind.is_empty() => Some(harms),
        (true, false) => Some(format!("{harms}: {} out of sync", named(&behind))),
    }
}

/// What partitions suffer, the worst first; only the first says what is counted.
fn harms(health: &Health) -> Vec<String> {
    let counted = [
        (health.offline.unwrap_or(0), "offline"),
        (health.under_replicated.unwrap_or(0), "under-replicated"),
        // Their producers get errors (acks=all).
        (
            usize::try_from(health.min_isr.below.known).unwrap_or(0),
            "below min ISR",
        ),
    ];
    let suffered = counted.into_iter().filter(|(count, _)| *count > 0);
    let said = suffered.enumerate().map(|(at, (count, what))| {
        let count = if at == 0 {
            partitions(count)
        } else {
            Count(count as i64).to_string()
        };
        format!("{count} {what}")
    });
    said.collect()
}

/// The numbers, the most important first; a wrong one is louder.
fn numbers(health: &Health) -> Vec<(Role, String)> {
    let loud = |is_wrong| if is_wrong { Role::Danger } else { Role::Text };
    let count = |number: Option<usize>| number.map_or_else(|| "?".to_owned(), |n| Count(n as i64).to_string());
    let controller = health.controller.map_or_else(|| "?".to_owned(), |id| id.to_string());
    let mut numbers = vec![
        (
            loud(!health.missing.is_empty()),
            format!("{}/{} brokers", health.brokers_up, health.brokers_expected),
        ),
        (Role::Text, format!("controller {controller}")),
        (
            loud(health.under_replicated.unwrap_or(0) > 0),
            format!("URP {}", count(health.under_replicated)),
        ),
        (
            loud(health.offline.unwrap_or(0) > 0),
            format!("offline {}", count(health.offline)),
        ),
    ];
    if health.under_replicated.unwrap_or(0) > 0 {
        // Beside URP, which they explain; without it they are zero.
        let min_isr = health.min_isr;
        let sum = |name: &str, of: Total, role| {
            let role = if of.known > 0 { role } else { Role::Text };
            (role, format!("{name} {}", figure::of(of)))
        };
        numbers.push(sum("<min", min_isr.below, Role::Danger));
        numbers.push(sum("=min", min_isr.at, Role::Warning));
    }
    numbers
}

fn named(brokers: &[BrokerId]) -> String {
    let ids: Vec<String> = brokers.iter().map(ToString::to_string).collect();
    match ids.as_slice() {
        [one] => format!("broker {one}"),
        few if few.len() <= NAMED => format!("brokers {}", few.join(", ")),
        many => format!("{} brokers", many.len()),
    }
}

fn partitions(count: usize) -> String {
    let word = if count == 1 { "partition" } else { "partitions" };
    format!("{} {word}", Count(count as i64))
}

/// How old the oldest figure on screen is, in words.
fn age(freshness: Freshness, connection: &Connection, now: Instant) -> (Role, String) {
    match (freshness, connection) {
        (Freshness::Waiting { .. }, Connection::Lost(_)) => (Role::Danger, "not connected".to_owned()),
        (Freshness::Waiting { .. }, _) => (Role::Info, "connecting …".to_owned()),
        (Freshness::Paused, _) => (Role::Warning, "paused".to_owned()),
        (Freshness::Live, Connection::Lost(_)) => (Role::Danger, "connection lost".to_owned()),
        (Freshness::Live, _) => (Role::Text, "live".to_owned()),
        (Freshness::Stale { since }, connection) => {
            let age = Age(now.saturating_duration_since(since));
            match connection {
                Connection::Lost(_) => (Role::Danger, format!("connection lost, stale {age}")),
                _ => (Role::Warning, format!("stale {age}")),
            }
        }
    }
}
