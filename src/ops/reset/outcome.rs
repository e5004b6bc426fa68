//! What is known of a change that was sent: from what the coordinator said, and what was read back.

use crate::kafka::error::Error;
use crate::kafka::model::{Committed, TopicPartition};

/// Also says that the coordinator has written the change, and was replaced before its replicas confirmed it.
pub(super) const NOT_COORDINATOR: i16 = 16;

/// REQUEST_TIMED_OUT, COORDINATOR_NOT_AVAILABLE and UNKNOWN_SERVER_ERROR also say that the coordinator has written the
/// change but its replicas did not confirm it in time.
const UNSURE: [i16; 4] = [7, 15, -1, NOT_COORDINATOR];

/// What came of one partition.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was read back as planned.
    Verified,
    /// It was not done, for this reason.
    Failed(Error),
    /// It was sent and nobody knows what came of it; what was read back is what was before.
    Unknown(Error),
    /// It was accepted, and could not be read back.
    Unread(Error),
    /// It was accepted, and what was read back is what was before: right after it took over, a coordinator may not show
    /// yet what the one before it has accepted.
    Stale,
    /// It was sent, and something else was read back: somebody has committed since.
    Overwritten(Option<Committed>),
}

impl Outcome {
    /// JSON's word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Failed(_) => "failed",
            Self::Unknown(_) => "unknown",
            Self::Unread(_) | Self::Stale => "unverified",
            Self::Overwritten(_) => "overwritten",
        }
    }

    /// Why it is not verified.
    pub fn why(&self) -> Option<String> {
        match self {
            Self::Verified => None,
            Self::Failed(error) => Some(error.to_string()),
            Self::Unknown(error) => Some(format!("{error}; when read back it was as before")),
            Self::Unread(error) => Some(format!("it was accepted, but not read back: {error}")),
            Self::Stale => Some("it was accepted, but when read back it was as before".to_owned()),
            Self::Overwritten(Some(found)) => Some(format!("when read back {} was committed", found.offset)),
            Self::Overwritten(None) => Some("when read back nothing was committed".to_owned()),
        }
    }

    /// Whether reading once more may tell more.
    pub fn is_open(&self) -> bool {
        !matches!(self, Self::Verified | Self::Failed(_))
    }

    /// Whether it did not happen, without doubt.
    pub fn is_surely_undone(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// A partition of the plan with what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The partition.
    pub partition: TopicPartition,
    /// What came of it.
    pub outcome: Outcome,
}

/// Whether this answer, or none, leaves open what was done.
pub(super) fn is_unsure(error: &Error) -> bool {
    match error.code() {
        Some(code) => UNSURE.contains(&code),
        None => error.may_have_arrived(),
    }
}

/// What is known of one partition from what the coordinator said and what is committed `now`.
pub(super) fn outcome(
    said: &Result<(), Error>,
    now: Result<Option<Committed>, Error>,
    before: Option<&Committed>,
    after: Option<&Committed>,
) -> Outcome {
    // Brokers older than the message format of Kafka 2.1 keep no epoch.
    let same = |one: Option<&Committed>, other: Option<&Committed>| {
        let key = |one: Option<&Committed>| one.map(|one| (one.offset, one.metadata.clone()));
        key(one) == key(other)
    };
    match (said, now) {
        (Err(error), _) if !is_unsure(error) => Outcome::Failed(error.clone()),
        (_, Ok(now)) if same(now.as_ref(), after) => Outcome::Verified,
        (Err(error), Ok(now)) if same(now.as_ref(), before) => Outcome::Unknown(error.clone()),
        (Ok(()), Ok(now)) if same(now.as_ref(), before) => Outcome::Stale,
        (_, Ok(now)) => Outcome::Overwritten(now),
        (Ok(()), Err(error)) => Outcome::Unread(error),
        (Err(error), Err(_)) => Outcome::Unknown(error.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::model::Offset;

    fn at(offset: i64) -> Option<Committed> {
        Some(Committed::at(Offset(offset)))
    }

    fn closed() -> Error {
        Error::Closed {
            what: "OffsetCommit".into(),
            addr: "broker 1".into(),
            reason: "reset".into(),
        }
    }

    fn kafka(code: i16) -> Error {
        Error::from_code(code, "t-0", None).unwrap()
    }

    #[test]
    fn nothing_is_claimed_that_was_not_read_back() {
        let unconnected = Error::Connect {
            addr: "b".into(),
            reason: "refused".into(),
        };
        let (before, after) = (at(5), at(9));
        let cases = [
            (Ok(()), Ok(at(9)), "verified"),
            (Ok(()), Ok(at(5)), "unverified"),
            (Ok(()), Ok(at(12)), "overwritten"),
            (Ok(()), Ok(None), "overwritten"),
            (Ok(()), Err(closed()), "unverified"),
            // The answer was lost, the change was not.
            (Err(closed()), Ok(at(9)), "verified"),
            (Err(closed()), Ok(at(5)), "unknown"),
            (Err(closed()), Err(closed()), "unknown"),
            (Err(kafka(7)), Ok(at(9)), "verified"),
            (Err(kafka(15)), Ok(at(5)), "unknown"),
            (Err(kafka(25)), Ok(at(5)), "failed"),
            (Err(kafka(25)), Ok(at(9)), "failed"),
            (Err(kafka(16)), Ok(at(5)), "unknown"),
            (Err(kafka(16)), Ok(at(9)), "verified"),
            (Err(kafka(14)), Ok(at(5)), "failed"),
            (Err(unconnected), Ok(at(5)), "failed"),
        ];
        for (said, now, word) in cases {
            let found = outcome(&said, now.clone(), before.as_ref(), after.as_ref());
            assert_eq!(found.word(), word, "{said:?} {now:?}");
            assert_eq!(found.why().is_none(), found == Outcome::Verified);
        }
    }

    #[test]
    fn a_lost_epoch_is_no_difference_and_a_lost_text_is() {
        let full = Committed {
            leader_epoch: Some(crate::kafka::model::LeaderEpoch(3)),
            metadata: "note".into(),
            ..Committed::at(Offset(9))
        };
        let without_epoch = Committed {
            leader_epoch: None,
            ..full.clone()
        };
        assert_eq!(
            outcome(&Ok(()), Ok(Some(without_epoch)), None, Some(&full)),
            Outcome::Verified
        );
        assert_eq!(outcome(&Ok(()), Ok(at(9)), None, Some(&full)).word(), "overwritten");
    }
}
