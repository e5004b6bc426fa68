//! How much waits for a group, as `--until` compares it: everything is known, or it is not a number.

use crate::kafka::lag::watch::GroupWatch;
use crate::kafka::lag::{GroupDetail, LagCase, PartitionLag};
use crate::kafka::model::GroupType;
use crate::ui::verdict::doubt;

/// What waits in sum, or why that is unknown. One partition that is not known makes the sum unknown.
pub fn of_group(detail: &GroupDetail, watch: &GroupWatch) -> Result<i64, String> {
    let description = &detail.description;
    if description.kind == GroupType::Share {
        return Err("share groups keep their progress per record".to_owned());
    }
    if description.state.is_rebalancing() {
        return Err("the group rebalances: what it will own is not known".to_owned());
    }
    if detail.unread.is_some() {
        return Err("its commits could not be read".to_owned());
    }
    if watch.lacks_commits() {
        return Err("commits that were there before are gone: looking again".to_owned());
    }
    let each = || detail.partitions.iter().map(|row| of_partition(row, watch));
    let unknown: Vec<String> = each().filter_map(Result::err).collect();
    match (unknown.first(), detail.partitions.len()) {
        (None, 0) => Err("nothing is assigned or committed".to_owned()),
        (None, _) => Ok(each().flatten().fold(0, i64::saturating_add)),
        (Some(why), 1) => Err(why.clone()),
        (Some(why), all) => Err(format!("{} of {all} partitions: {why}", unknown.len())),
    }
}

/// What waits on a partition, or why that is unknown. Transaction markers do not wait, where it is proven that nothing
/// else does; nor does anything in an empty partition without a commit.
pub fn of_partition(row: &PartitionLag, watch: &GroupWatch) -> Result<i64, String> {
    match &row.case {
        LagCase::Known { lag } | LagCase::Expired { lag, .. } => {
            let seen = watch.partition(&row.partition);
            Ok(seen.and_then(|seen| seen.lag(row)).unwrap_or(*lag))
        }
        LagCase::NoCommit { backlog: Some(0) } => Ok(0),
        LagCase::NoCommit { .. } => Err("no commit".to_owned()),
        LagCase::Ahead { .. } => Err("the commit lies past the end".to_owned()),
        LagCase::Unknown(why) => Err(doubt(why).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::lag::UnknownLag;
    use crate::kafka::model::{BrokerId, GroupDescription, GroupState, TopicPartition};

    fn waits(state: &str, cases: &[LagCase]) -> Result<i64, String> {
        waits_unread(state, cases, None)
    }

    fn waits_unread(state: &str, cases: &[LagCase], unread: Option<&str>) -> Result<i64, String> {
        let row = |(index, case): (usize, &LagCase)| PartitionLag {
            partition: TopicPartition::new("t", index as i32),
            owner: None,
            committed: None,
            log_start: None,
            end: None,
            case: case.clone(),
        };
        let detail = GroupDetail {
            description: GroupDescription {
                group: "g".into(),
                kind: GroupType::Classic,
                protocol_type: "consumer".into(),
                assignor: "range".into(),
                epoch: None,
                state: GroupState(state.into()),
                coordinator: BrokerId(1),
                members: Vec::new(),
            },
            partitions: cases.iter().enumerate().map(row).collect(),
            unread: unread.map(Into::into),
        };
        of_group(&detail, &GroupWatch::default())
    }

    #[test]
    fn a_sum_is_known_only_when_every_part_is() {
        let known = LagCase::Known { lag: 7 };
        let expired = LagCase::Expired { lag: 5, lost: 2 };
        assert_eq!(waits("Stable", &[known.clone(), expired]), Ok(12));
        for unknown in [
            LagCase::Unknown(UnknownLag::NoLeader),
            LagCase::NoCommit { backlog: None },
            LagCase::NoCommit { backlog: Some(3) },
            LagCase::Ahead { by: 3 },
        ] {
            let found = waits("Stable", &[known.clone(), unknown]);
            assert!(
                found.as_ref().is_err_and(|why| why.starts_with("1 of 2 partitions")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn nothing_waits_in_an_empty_partition_that_never_had_a_commit() {
        let empty = LagCase::NoCommit { backlog: Some(0) };
        assert_eq!(waits("Stable", &[LagCase::Known { lag: 3 }, empty]), Ok(3));
    }

    #[test]
    fn a_group_of_which_nothing_is_known_yet_has_no_sum() {
        assert!(waits("Stable", &[]).is_err());
        assert!(waits("PreparingRebalance", &[LagCase::Known { lag: 0 }]).is_err());
        assert_eq!(waits("Empty", &[LagCase::Known { lag: 0 }]), Ok(0));
        let empty = LagCase::NoCommit { backlog: Some(0) };
        assert!(waits_unread("Stable", &[empty], Some("loading")).is_err());
    }
}
