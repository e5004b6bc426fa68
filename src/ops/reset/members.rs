//! Taking static members out of a group, whose places are otherwise kept until their session is over (KIP-345).

use std::fmt;

use super::apply::NotApplied;
use super::journal::Journal;
use super::outcome::{Outcome, is_unsure};
use super::plan::Standing;
use super::read::{NoPlan, standing, standing_of};
use crate::kafka::client::{Client, WriteIntent};
use crate::kafka::error::Error;
use crate::kafka::model::{GroupId, Member};

/// Static members that are to be taken out of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The group.
    pub group: GroupId,
    /// The group as it is.
    pub standing: Standing,
    /// Each `group.instance.id` with the member that has it.
    pub members: Vec<(String, Member)>,
}

impl fmt::Display for Removal {
    /// `remove 2 static members of group billing: pod-0, pod-1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.members.iter().map(|(instance, _)| instance.as_str()).collect();
        let members = if names.len() == 1 { "member" } else { "members" };
        write!(
            f,
            "remove {} static {members} of group {}: {}",
            names.len(),
            self.group,
            names.join(", ")
        )
    }
}

/// What came of a removal.
#[derive(Debug)]
pub struct Removed {
    /// What came of each member, in the order of the removal: verified is gone.
    pub outcomes: Vec<Outcome>,
    /// Why the audit log lacks it.
    pub unwritten: Option<std::io::Error>,
}

/// Finds the members with these `group.instance.id`s.
///
/// # Errors
/// When the group cannot be described, or has no such member.
pub async fn plan_removal(client: &Client, group: &GroupId, instances: &[String]) -> Result<Removal, NoPlan> {
    let standing = standing_of(client, group, None).await?;
    let of = |instance: &String| {
        let mut members = standing.members.iter();
        let found = members.find(|member| member.instance_id.as_deref() == Some(instance.as_str()));
        let missing = || NoPlan::Nothing(format!("group {group} has no static member {instance}"));
        found
            .map(|member| (instance.clone(), member.clone()))
            .ok_or_else(missing)
    };
    let members = instances.iter().map(of).collect::<Result<_, _>>()?;
    Ok(Removal {
        group: group.clone(),
        standing,
        members,
    })
}

impl Removal {
    /// The leave to do it. To be called when somebody has confirmed exactly this.
    ///
    /// # Errors
    /// When the session is locked or read-only.
    pub fn confirmed(&self, client: &Client) -> Result<WriteIntent, Error> {
        WriteIntent::of_confirmed(client, &self.to_string())
    }
}

/// Takes the members out, once, and looks whether they are gone. One that still runs may join again.
///
/// # Errors
/// Why nothing was sent.
pub async fn remove(
    client: &Client,
    intent: &WriteIntent,
    removal: &Removal,
    journal: &Journal,
    now_ms: i64,
) -> Result<Removed, NotApplied> {
    client.admits(intent)?;
    check(client, removal).await?;
    let coordinator = client.find_coordinator(&removal.group).await?;
    let instances: Vec<String> = removal.members.iter().map(|(instance, _)| instance.clone()).collect();
    let said = client
        .remove_members(intent, coordinator, &removal.group, &instances)
        .await;
    let said: Vec<Result<(), Error>> = match said {
        Err(error) if !error.may_have_arrived() => return Err(error.into()),
        Err(error) => instances.iter().map(|_| Err(error.clone())).collect(),
        Ok(said) => said.into_iter().map(|(_, said)| said).collect(),
    };
    let now = standing(client, &removal.group, removal.standing.kind).await;
    let outcomes = said.into_iter().zip(&removal.members).map(|(said, (_, member))| {
        let is_there = now
            .as_ref()
            .map(|now| now.members.iter().any(|one| one.id == member.id));
        outcome(said, is_there)
    });
    let outcomes: Vec<_> = outcomes.collect();
    let left = outcomes.iter().filter(|one| **one == Outcome::Verified).count();
    let what = format!("{removal}; {left} of {} are gone", outcomes.len());
    let unwritten = journal.note(removal.group.as_str(), what, now_ms).err();
    Ok(Removed { outcomes, unwritten })
}

/// Whether the places are still held by the members that were shown. One that was restarted since has another id.
async fn check(client: &Client, removal: &Removal) -> Result<(), NotApplied> {
    let now = standing(client, &removal.group, removal.standing.kind).await?;
    for (instance, shown) in &removal.members {
        let holder = now
            .members
            .iter()
            .find(|member| member.instance_id.as_deref() == Some(instance.as_str()));
        let changed = match holder {
            Some(member) if member.id == shown.id => continue,
            Some(_) => format!("static member {instance} joined anew"),
            None => format!("static member {instance} left"),
        };
        return Err(NotApplied::Changed(changed));
    }
    Ok(())
}

/// Whether a member is gone, from what the coordinator said and whether it is there now.
fn outcome(said: Result<(), Error>, is_there: Result<bool, &Error>) -> Outcome {
    match (said, is_there) {
        // Also where the answer was lost.
        (_, Ok(false)) => Outcome::Verified,
        (Ok(()), Ok(true)) => Outcome::Stale,
        (Ok(()), Err(error)) => Outcome::Unread(error.clone()),
        (Err(error), _) if is_unsure(&error) => Outcome::Unknown(error),
        (Err(error), _) => Outcome::Failed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_gone_when_it_is_not_there() {
        let refused = || Error::Locked { what: "x".into() };
        let lost = || Error::Cancelled { what: "x".into() };
        assert_eq!(outcome(Err(refused()), Ok(false)), Outcome::Verified);
        assert_eq!(outcome(Ok(()), Ok(false)), Outcome::Verified);
        assert_eq!(outcome(Err(refused()), Ok(true)), Outcome::Failed(refused()));
        assert_eq!(outcome(Err(lost()), Ok(false)), Outcome::Verified);
        assert_eq!(outcome(Err(lost()), Ok(true)), Outcome::Unknown(lost()));
        assert_eq!(outcome(Ok(()), Ok(true)), Outcome::Stale);
        assert_eq!(outcome(Ok(()), Err(&refused())), Outcome::Unread(refused()));
    }
}
