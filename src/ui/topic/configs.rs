//! The configuration of a topic: its columns.

use crate::kafka::model::{ConfigEntry, ConfigSource};
use crate::ui::format::{Bytes, NOT_APPLICABLE, Period};
use crate::ui::table::{CellText, Column};
use crate::ui::theme::Role;

/// What a column shows of an entry.
pub(super) type ShowConfig = fn(&ConfigEntry, &mut CellText<'_>);

/// The columns.
pub(super) const COLUMNS: &[(Column, ShowConfig)] = &[
    (Column::name("NAME", 16), |entry, cell| {
        cell.show(&entry.name);
    }),
    (Column::left("VALUE").fills(24), |entry, cell| match &entry.value {
        Some(value) if value.is_empty() => {
            cell.role(Role::Dim).show("(empty)");
        }
        Some(value) => {
            cell.show(value);
            if let Some(meaning) = meaning(&entry.name, value) {
                cell.role(Role::Dim).show(format_args!("  {meaning}"));
            }
        }
        None if entry.is_sensitive => {
            cell.role(Role::Dim).show("(secret, not sent)");
        }
        None => {
            cell.show(NOT_APPLICABLE);
        }
    }),
    (Column::left("SOURCE").leaves(1), |entry, cell| {
        match source(entry.source) {
            Ok(word) => {
                cell.show(word);
            }
            Err(number) => {
                cell.show(format_args!("source {number}"));
            }
        }
    }),
    (Column::left("DEFAULT").leaves(2).most(30), |entry, cell| {
        cell.show(entry.default.as_deref().unwrap_or(NOT_APPLICABLE));
    }),
];

/// `local.retention.ms` and `.bytes`: the topic's own retention counts (KIP-405).
const LIKE_THE_TOPIC: i64 = -2;

/// A configured time or size in words: `604800000` is `7 d`.
fn meaning(name: &str, value: &str) -> Option<String> {
    let number: i64 = value.parse().ok()?;
    let (_, unit) = name.rsplit_once('.')?;
    if number == LIKE_THE_TOPIC {
        None
    } else if unit == "ms" {
        (number != 0 && number != i64::MAX).then(|| Period(number).to_string())
    } else if unit == "bytes" && number >= 1024 && number != i64::MAX {
        Some(Bytes(number.unsigned_abs()).to_string())
    } else {
        None
    }
}

fn source(source: ConfigSource) -> Result<&'static str, i8> {
    match source {
        ConfigSource::Topic => Ok("topic"),
        ConfigSource::Broker => Ok("broker, dynamic"),
        ConfigSource::ClusterDefault => Ok("cluster, dynamic"),
        ConfigSource::StaticBroker => Ok("broker's file"),
        ConfigSource::Default => Ok("default"),
        ConfigSource::Other(number) => Err(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_said_in_words_beside_the_number() {
        assert_eq!(meaning("retention.ms", "604800000").as_deref(), Some("7 d"));
        assert_eq!(meaning("retention.bytes", "-1"), None);
        assert_eq!(meaning("retention.ms", "-1").as_deref(), Some("∞"));
        assert_eq!(
            meaning("local.retention.ms", "-2"),
            None,
            "it is as long as the topic's"
        );
        assert_eq!(meaning("segment.bytes", "1073741824").as_deref(), Some("1.00 GiB"));
        assert_eq!(meaning("flush.ms", "9223372036854775807"), None);
        assert_eq!(meaning("cleanup.policy", "delete"), None);
    }
}
