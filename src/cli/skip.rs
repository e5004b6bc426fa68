//! `ktui skip GROUP TOPIC:PARTITION`: saves the record that a group stands at, and moves its commit past it. Without
//! `--execute` it shows what would be done and sends nothing.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::NonEmptyStringValueParser;

use super::reset::args::{ActArgs, WaitArgs};
use super::reset::carry::{Carrying, cluster, journal};
use super::sending::{Refusal, Writing};
use crate::exit::Exit;
use crate::kafka::model::{GroupId, Offset, TopicPartition};
use crate::ops::reset::{Save, Skip, TopicScope, plan_skip};
use crate::runtime::clock;

/// Flags of `ktui skip`.
#[derive(Clone, Debug, clap::Args)]
pub struct SkipArgs {
    /// Group that does not get past a record
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub group: String,
    /// Partition on which it stands
    #[arg(value_name = "TOPIC:PARTITION")]
    pub place: Place,
    /// Only if the commit still is N
    #[arg(long, value_name = "N")]
    pub offset: Option<i64>,
    /// File for the record, which must not be there yet; in ktui's state directory unless given
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Whether to wait.
    #[command(flatten)]
    pub wait: WaitArgs,
    /// Whether to act.
    #[command(flatten)]
    pub act: ActArgs,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(TopicPartition);

impl FromStr for Place {
    type Err = String;

    /// `orders:7`.
    fn from_str(text: &str) -> Result<Self, String> {
        let scope: TopicScope = text.parse()?;
        let partitions: Vec<_> = scope.partitions.into_iter().flatten().collect();
        match partitions[..] {
            [partition] => Ok(Self(TopicPartition {
                topic: scope.topic,
                partition,
            })),
            _ => Err(format!(
                "one partition is skipped on at a time: write it as {}:0",
                scope.topic
            )),
        }
    }
}

/// `ktui skip GROUP TOPIC:PARTITION`.
///
/// # Errors
/// When there is no plan, or it was not sent.
pub async fn skip(writing: &Writing, args: &SkipArgs) -> Result<Exit, Refusal> {
    args.act.check(writing)?;
    let cluster = cluster(writing).await?;
    let save = match &args.save {
        Some(file) => {
            let cannot = |error| Refusal::Failed(format!("cannot write {}: {error}", file.display()));
            Save::To(std::path::absolute(file).map_err(cannot)?)
        }
        None => Save::in_state(&journal(writing, &cluster)?.dir),
    };
    let skip = Skip {
        group: GroupId::from(args.group.as_str()),
        partition: args.place.0.clone(),
        expected: args.offset.map(Offset),
        save,
    };
    let carrying = Carrying {
        writing,
        cluster,
        act: &args.act,
        wait: &args.wait,
        is_export: false,
        undoes: None,
    };
    if let Some(exit) = carrying.await_empty(&skip.group).await? {
        return Ok(exit);
    }
    let plan = plan_skip(&writing.client, &skip, clock::unix_millis()).await?;
    carrying.carry_out(&plan).await
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Args;

    #[test]
    fn a_group_has_a_name() {
        assert!(Args::try_parse_from(["ktui", "skip", "billing", "orders:7"]).is_ok());
        let said = Args::try_parse_from(["ktui", "skip", "", "orders:7"]).unwrap_err();
        assert!(said.to_string().contains("a value is required"), "{said}");
    }

    #[test]
    fn one_partition_is_named() {
        let place = |text: &str| text.parse::<Place>();
        assert_eq!(place("orders:7"), Ok(Place(TopicPartition::new("orders", 7))));
        for wrong in ["orders", "orders:0,1", "orders:x", ":7", "orders:"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
        assert!(place("orders").unwrap_err().contains("write it as orders:0"));
    }
}
