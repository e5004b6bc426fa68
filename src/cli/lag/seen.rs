//! What a watch tells of a group and its partitions beside what one look does: rates, time behind, ETA, verdict.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::super::groups::GroupItem;
use super::{PartitionItem, waiting};
use crate::kafka::lag::alarm::Alarms;
use crate::kafka::lag::tail::{Place, Tail};
use crate::kafka::lag::watch::{Eta, GroupWatch, Pace, Verdict};
use crate::kafka::lag::{GroupDetail, PartitionLag};
use crate::kafka::model::{GroupType, TimestampType};
use crate::ui::format::Span;
use crate::ui::verdict::Words;

/// A group, its progress, and the same of each of its partitions.
#[derive(Clone, Debug, Serialize)]
pub struct WatchedGroup {
    /// What one look tells.
    #[serde(flatten)]
    pub group: GroupItem,
    /// What several tell.
    #[serde(flatten)]
    pub progress: Progress,
    /// The limit of its lag, where one was given.
    pub limit: Option<i64>,
    /// Whether its lag is over that, for as long as the limit says; `None` when that is unknown.
    pub over: Option<bool>,
    /// Its partitions.
    pub partitions: Vec<WatchedPartition>,
}

/// A partition and its progress.
#[derive(Clone, Debug, Serialize)]
pub struct WatchedPartition {
    /// What one look tells.
    #[serde(flatten)]
    pub partition: PartitionItem,
    /// What several tell.
    #[serde(flatten)]
    pub progress: Progress,
}

/// How something goes on. Each figure that is `None` is named in `unknown` with the reason.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// How much waits, transaction markers left out where nothing else does.
    pub waiting: Option<i64>,
    /// Offsets a second by which the end moves.
    #[serde(rename = "in")]
    pub produced: Option<f64>,
    /// Offsets a second by which the commit moves.
    #[serde(rename = "out")]
    pub consumed: Option<f64>,
    /// By how many offsets a second the lag grows.
    pub growth: Option<f64>,
    /// Age of the record that would be read next, in milliseconds.
    pub behind: Option<i64>,
    /// How that is known.
    pub behind_from: Option<&'static str>,
    /// When the lag is worked off.
    pub eta: Option<Left>,
    /// The verdict's word.
    pub verdict: &'static str,
    /// The verdict in words, with what it rests on.
    pub reason: String,
    /// Why figures are unknown, by the field's name.
    pub unknown: BTreeMap<&'static str, String>,
    /// How much it asks for attention.
    #[serde(skip)]
    pub danger: u8,
}

/// Seconds, or `never`.
#[derive(Clone, Copy, Debug)]
pub struct Left(pub Eta);

impl Serialize for Left {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Eta::In(left) => serializer.serialize_u64(left.as_secs_f64().ceil() as u64),
            Eta::Never(_) => serializer.serialize_str("never"),
        }
    }
}

/// Time behind, and how it is known.
type Behind = (i64, &'static str);

impl WatchedGroup {
    /// A group in sum, and what is known of it; `now` is the time of day in milliseconds.
    pub fn new(group: GroupItem, detail: Option<&GroupDetail>, watch: &GroupWatch, now: i64) -> Self {
        let Some(detail) = detail else {
            return Self {
                group,
                progress: Progress::nothing("it could not be described"),
                limit: None,
                over: None,
                partitions: Vec::new(),
            };
        };
        let rows = detail.partitions.iter();
        Self {
            group,
            progress: of_group(detail, watch, now),
            limit: None,
            over: None,
            partitions: rows
                .map(|row| WatchedPartition {
                    partition: PartitionItem::new(row, detail),
                    progress: of_partition(row, watch, now),
                })
                .collect(),
        }
    }
}

impl WatchedGroup {
    /// With the limit of its lag. What was over stays so until a look finds it at or under, for sure.
    pub fn limited(mut self, alarms: &Alarms, detail: Option<&GroupDetail>, watch: &GroupWatch) -> Self {
        let group = &self.group.group;
        self.limit = alarms.limit(group).map(|limit| limit.lag);
        let is_over = alarms.over(group).is_some();
        let is_known = detail.is_some_and(|detail| detail.waits().exact().is_some()) && !watch.is_doubted();
        self.over = self.limit.filter(|_| is_over || is_known).map(|_| is_over);
        self
    }
}

impl Progress {
    /// Nothing can be told, for this reason.
    fn nothing(why: &str) -> Self {
        let names = ["waiting", "in", "out", "growth", "behind", "behindFrom", "eta"];
        Self {
            waiting: None,
            produced: None,
            consumed: None,
            growth: None,
            behind: None,
            behind_from: None,
            eta: None,
            verdict: "unknown",
            reason: why.to_owned(),
            unknown: names.into_iter().map(|name| (name, why.to_owned())).collect(),
            danger: 4,
        }
    }

    fn judged(mut self, verdict: &Verdict) -> Self {
        self.verdict = verdict.word();
        self.danger = verdict.danger();
        self.reason = Words(verdict).to_string();
        self
    }

    fn paced(mut self, pace: Option<Pace>, why: impl FnOnce() -> String) -> Self {
        match pace {
            Some(pace) => {
                // A cent of a record is measuring, not consuming.
                let cents = |rate: f64| (rate * 100.0).round() / 100.0;
                self.produced = Some(cents(pace.produced));
                self.consumed = Some(cents(pace.consumed));
                self.growth = Some(cents(pace.growth()));
                self.know(&["in", "out", "growth"]);
            }
            None => self.doubt(&["in", "out", "growth"], &why()),
        }
        self
    }

    fn waits(mut self, waiting: Result<i64, String>) -> Self {
        match waiting {
            Ok(waiting) => {
                self.waiting = Some(waiting);
                self.know(&["waiting"]);
            }
            Err(why) => self.doubt(&["waiting"], &why),
        }
        self
    }

    fn behind(mut self, behind: Result<Behind, String>) -> Self {
        match behind {
            Ok((behind, from)) => {
                (self.behind, self.behind_from) = (Some(behind), Some(from));
                self.know(&["behind", "behindFrom"]);
            }
            Err(why) => self.doubt(&["behind", "behindFrom"], &why),
        }
        self
    }

    fn eta(mut self, eta: Option<Eta>) -> Self {
        self.eta = eta.map(Left);
        if eta.is_some() {
            self.know(&["eta"]);
            return self;
        }
        let lacks = self.unknown.get("in").or_else(|| self.unknown.get("waiting"));
        let why = lacks
            .cloned()
            .unwrap_or_else(|| "not known of every partition".to_owned());
        self.doubt(&["eta"], &why);
        self
    }

    fn know(&mut self, names: &[&'static str]) {
        self.unknown.retain(|name, _| !names.contains(name));
    }

    fn doubt(&mut self, names: &[&'static str], why: &str) {
        self.unknown.extend(names.iter().map(|name| (*name, why.to_owned())));
    }
}

fn of_group(detail: &GroupDetail, watch: &GroupWatch, now: i64) -> Progress {
    let nothing = match (detail.description.kind, &detail.unread) {
        (GroupType::Share, _) => "share groups keep their progress per record",
        (_, Some(_)) => "its commits could not be read",
        (_, None) => "nothing is assigned or committed",
    };
    let Some(pace) = watch.pace() else {
        return Progress::nothing(nothing);
    };
    let all = detail.partitions.len();
    let mut progress = Progress::nothing("")
        .judged(&pace.verdict)
        .waits(waiting::of_group(detail, watch))
        .paced(pace.pace, || "no partition was seen for long enough".to_owned())
        .behind(behind_of_group(detail, watch, now))
        .eta(pace.eta);
    if pace.worst < all && pace.verdict != Verdict::Ok {
        progress.reason = format!("{}, {} of {all} partitions", progress.reason, pace.worst);
    }
    if let Some(left) = pace.loses {
        progress.danger = pace.danger();
        progress.reason = format!("loses in ~{}; {}", Span(left), progress.reason);
    }
    progress
}

fn of_partition(row: &PartitionLag, watch: &GroupWatch, now: i64) -> Progress {
    let Some(seen) = watch.partition(&row.partition) else {
        return Progress::nothing("not seen");
    };
    let waits = waiting::of_partition(row, watch);
    let mut progress = Progress::nothing("")
        .judged(seen.verdict)
        .paced(seen.pace, || match (&waits, row.committed) {
            (Err(why), _) => why.clone(),
            (Ok(_), None) => "no commit".to_owned(),
            _ => "two of its commits have to be seen first".to_owned(),
        })
        .behind(match &waits {
            Ok(0) => Ok((0, "nothingWaits")),
            Ok(_) => behind(seen.tail, now),
            Err(why) => Err(why.clone()),
        })
        .waits(waits.clone())
        .eta(seen.eta(seen.lag(row)));
    if let Some(Tail { markers, aborted, .. }) = seen.nothing {
        progress.reason = format!("ok: transaction markers alone ({markers}), aborted records ({aborted})");
    }
    progress
}

/// How old the record is that lies at a commit.
fn behind(tail: Option<Tail>, now: i64) -> Result<Behind, String> {
    let tail = tail.ok_or("the record at the commit was not read")?;
    let next = tail.next.ok_or("the record at the commit was not reached")?;
    let written = next.timestamp.millis().ok_or("the record at the commit has no time")?;
    let from = match next.timestamp_type {
        _ if tail.is_gone() => "atLeast",
        TimestampType::Create => "createTime",
        TimestampType::LogAppend => "appendTime",
    };
    // A producer's clock may be ahead of ours.
    Ok((now.saturating_sub(written).max(0), from))
}

/// That of the partition that is furthest behind. Where others could not be looked at it is at least that.
fn behind_of_group(detail: &GroupDetail, watch: &GroupWatch, now: i64) -> Result<Behind, String> {
    let tail_of = |row: &PartitionLag| watch.partition(&row.partition).and_then(|seen| seen.tail);
    let each = detail
        .partitions
        .iter()
        .filter_map(|row| match waiting::of_partition(row, watch) {
            Ok(0) => None,
            Ok(_) => Some(behind(tail_of(row), now)),
            Err(why) => Some(Err(why)),
        });
    let each: Vec<_> = each.collect();
    let is_whole = each.iter().all(Result::is_ok);
    let oldest = each.iter().flatten().max_by_key(|(millis, _)| *millis);
    match (oldest, is_whole) {
        (Some(oldest), true) => Ok(*oldest),
        (Some((millis, _)), false) => Ok((*millis, "atLeast")),
        (None, true) => Ok((0, "nothingWaits")),
        (None, false) => Err(each
            .into_iter()
            .find_map(Result::err)
            .unwrap_or_else(|| "its lag is not known".to_owned())),
    }
}

/// The commits that are worth a look: something waits there, and it is not known yet what.
pub fn places<'a>(detail: &'a GroupDetail, watch: &'a GroupWatch) -> impl Iterator<Item = Place> + 'a {
    detail
        .partitions
        .iter()
        .filter_map(Place::of)
        .filter(move |place| !watch.knows(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::lag::tail::Next;
    use crate::kafka::model::{Offset, Timestamp};

    fn tail(timestamp_type: TimestampType, offset: i64, timestamp: i64) -> Tail {
        Tail {
            committed: Offset(10),
            end: Offset(20),
            next: Some(Next {
                offset: Offset(offset),
                timestamp: Timestamp(timestamp),
                timestamp_type,
            }),
            markers: 0,
            aborted: 0,
            read_to: Offset(offset),
        }
    }

    #[test]
    fn time_behind_says_whose_clock_it_is_and_is_never_below_0() {
        use TimestampType::{Create, LogAppend};
        let found = |tail| behind(Some(tail), 5_000);
        assert_eq!(found(tail(Create, 10, 2_000)), Ok((3_000, "createTime")));
        assert_eq!(found(tail(LogAppend, 10, 2_000)), Ok((3_000, "appendTime")));
        assert_eq!(
            found(tail(LogAppend, 15, 2_000)),
            Ok((3_000, "atLeast")),
            "10 to 14 are gone"
        );
        assert_eq!(
            found(tail(Create, 10, 9_000)),
            Ok((0, "createTime")),
            "a clock that is ahead"
        );
        assert!(found(tail(Create, 10, -1)).is_err() && behind(None, 5_000).is_err());
    }

    #[test]
    fn what_is_null_has_a_reason_and_what_is_known_has_none() {
        let pace = Pace {
            produced: 3.0,
            consumed: 1.004,
        };
        let progress = Progress::nothing("x")
            .paced(Some(pace), String::new)
            .eta(Some(Eta::Never(2.0)))
            .waits(Err("no leader".to_owned()));
        let json = serde_json::to_value(&progress).unwrap();
        assert_eq!(
            (&json["in"], &json["out"], &json["eta"]),
            (&3.0.into(), &1.0.into(), &"never".into())
        );
        for (field, value) in json.as_object().unwrap() {
            assert_eq!(value.is_null(), json["unknown"].get(field).is_some(), "{field}: {json}");
        }
        assert_eq!(json["unknown"]["waiting"], "no leader");
    }
}
