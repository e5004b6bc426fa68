//! The parts of an error in words.

use std::fmt::Write as _;
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::VersionRange;

use super::{Error, Speaks};

/// `NOT_LEADER_OR_FOLLOWER` for 6: Kafka's own name of an error code.
pub fn code_name(code: i16) -> String {
    match ResponseError::try_from_code(code) {
        None => "NONE".to_owned(),
        Some(ResponseError::Unknown(code)) => format!("error {code}"),
        Some(known) => upper_snake(&known.to_string()),
    }
}

fn upper_snake(camel: &str) -> String {
    let mut name = String::with_capacity(camel.len() + 8);
    for c in camel.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}

pub(super) fn span(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else if duration.subsec_millis() < 50 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

pub(super) fn spoken(speaks: Speaks) -> &'static str {
    match speaks {
        Speaks::Tls => " but TLS",
        Speaks::Http => " but HTTP",
        Speaks::Other => "",
    }
}

pub(super) fn versions(range: Option<VersionRange>) -> String {
    match range {
        None => "no version".to_owned(),
        Some(r) if r.min == r.max => format!("version {}", r.min),
        Some(r) => format!("versions {} to {}", r.min, r.max),
    }
}

pub(super) fn detail(message: Option<&str>) -> String {
    message.map_or_else(String::new, |m| format!(": {m}"))
}

pub(super) fn addresses(attempts: &[(String, Error)]) -> String {
    let mut text = String::new();
    for (index, (addr, error)) in attempts.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}{addr} ({})", error.outcome());
    }
    text
}
