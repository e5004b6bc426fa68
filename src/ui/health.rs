//! The health line: the cluster's name, the numbers that matter, who is guilty; lock state and age at the right.
//!
//! ```text
//!  prod-eu ▏5/5 brokers  controller 3  URP 0  offline 0                              LOCKED   live
//!  prod-eu ▏ broker 2 missing: 31 partitions under-replicated   2/3 brokers          LOCKED   stale 42 s
//! ```

use std::time::Instant;

use ratatui::Frame;

use super::Paint;
use super::format::{Age, Count};
use super::line::Line;
use super::text::{self, Cut};
use super::theme::Role;
use crate::app::App;
use crate::app::event::Connection;
use crate::app::health::Health;
use crate::app::schedule::Freshness;
use crate::kafka::model::BrokerId;
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
    let (role, age) = age(app.freshness(now), &store.derived.connection, now);
    line.right(role, format!("{age} "), 3);
    if area.width >= 60 {
        line.right(Role::Locked, "LOCKED", 2);
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

/// What is wrong and who is guilty, in one sentence; `None` while all is well.
pub fn guilty(health: &Health) -> Option<String> {
    let lagging = health.under_replicated.unwrap_or(0);
    let offline = health.offline.unwrap_or(0);
    let missing: Vec<BrokerId> = health.missing.keys().copied().collect();
    if !missing.is_empty() {
        let mut said = format!("{} missing", named(&missing));
        let mut parts = Vec::new();
        if offline > 0 {
            parts.push(format!("{} offline", partitions(offline)));
        }
        if lagging > 0 {
            let what = if parts.is_empty() {
                partitions(lagging)
            } else {
                Count(lagging as i64).to_string()
            };
            parts.push(format!("{what} under-replicated"));
        }
        if !parts.is_empty() {
            said.push_str(": ");
            said.push_str(&parts.join(", "));
        }
        return Some(said);
    }
    let behind: Vec<BrokerId> = health
        .per_broker
        .iter()
        .filter(|(_, load)| load.out_of_sync > 0)
        .map(|(id, _)| *id)
        .collect();
    let of = |behind: &[BrokerId]| match behind {
        [] => String::new(),
        behind => format!(": {} out of sync", named(behind)),
    };
    match (offline, lagging) {
        (0, 0) => None,
        (0, lagging) => Some(format!("{} under-replicated{}", partitions(lagging), of(&behind))),
        (offline, 0) => Some(format!("{} offline", partitions(offline))),
        (offline, lagging) => Some(format!(
            "{} offline, {} under-replicated{}",
            partitions(offline),
            Count(lagging as i64),
            of(&behind)
        )),
    }
}

/// The numbers, the most important first; a wrong one is louder.
fn numbers(health: &Health) -> Vec<(Role, String)> {
    let loud = |is_wrong| if is_wrong { Role::Danger } else { Role::Text };
    let count = |number: Option<usize>| number.map_or_else(|| "?".to_owned(), |n| Count(n as i64).to_string());
    let controller = health.controller.map_or_else(|| "?".to_owned(), |id| id.to_string());
    vec![
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
    ]
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
