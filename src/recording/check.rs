//! What a line of a recording may say: a file may come from anybody.

use std::time::Duration;

use super::line::{Line, TailLine};

/// The longest name that Kafka's protocol can send.
const LONGEST_NAME: usize = i16::MAX as usize;
/// The longest recording.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
/// The last moment that has a date.
const LAST_MOMENT: i64 = 253_402_207_200_000;

/// When a look was told: that long after the beginning.
pub(super) fn moment(line: &Line) -> Result<Duration, String> {
    let after = Duration::from_millis(line.ms);
    if after > LONGEST {
        return Err("it is later than a year after the beginning".to_owned());
    }
    if !(0..=LAST_MOMENT).contains(&line.at) {
        return Err(format!("{} is no time in ms since the epoch", line.at));
    }
    Ok(after)
}

/// A name that Kafka could send.
pub(super) fn named(name: &str) -> Result<(), String> {
    if name.len() > LONGEST_NAME {
        return Err(format!("a name of {} bytes", name.len()));
    }
    Ok(())
}

/// The number of a partition.
pub(super) fn is_partition(partition: i32) -> Result<(), String> {
    if partition < 0 {
        return Err(format!("{partition} is no partition"));
    }
    Ok(())
}

/// What lies at a commit.
pub(super) fn is_tail(tail: &TailLine) -> Result<(), String> {
    let (partition, committed, end, read_to, markers, aborted, next) = *tail;
    is_partition(partition)?;
    let is_count = |count: i64| (0..=1 << 61).contains(&count);
    let counts = [
        committed,
        end,
        read_to,
        i64::try_from(markers).unwrap_or(-1),
        i64::try_from(aborted).unwrap_or(-1),
    ];
    let is_next = next.is_none_or(|(offset, timestamp, _)| is_count(offset) && (-1..=LAST_MOMENT).contains(&timestamp));
    if !counts.into_iter().all(is_count) || !is_next {
        return Err(format!(
            "what lies at the commit of partition {partition} is out of range"
        ));
    }
    Ok(())
}
