//! A group of a spec.

use crate::sim::state::State;
use crate::sim::state::group::{Assignment, Commit, Group, GroupState, GroupType, Member};
use crate::sim::state::topic::text;

/// One group of a [`SimSpec`](super::SimSpec). With members it is Stable, without it is Empty, unless told otherwise.
#[derive(Clone, Debug)]
pub struct GroupSpec {
    id: String,
    group: Group,
}

impl GroupSpec {
    /// A classic consumer group.
    pub fn classic(id: &str) -> Self {
        let group = Group {
            protocol_type: "consumer".to_owned(),
            assignor: "range".to_owned(),
            ..Group::simple()
        };
        Self {
            id: id.to_owned(),
            group,
        }
    }

    /// A KIP-848 group.
    pub fn consumer(id: &str) -> Self {
        let group = Group {
            group_type: GroupType::Consumer,
            protocol_type: "consumer".to_owned(),
            assignor: "uniform".to_owned(),
            ..Group::simple()
        };
        Self {
            id: id.to_owned(),
            group,
        }
    }

    /// A group that only commits: no protocol, no members.
    pub fn simple(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            group: Group::simple(),
        }
    }

    /// The same group with a member that subscribes to, and has, these partitions.
    pub fn member(self, client_id: &str, assigned: &[(&str, &[i32])]) -> Self {
        let assigned = assigned
            .iter()
            .map(|(topic, partitions)| ((*topic).to_owned(), partitions.to_vec()));
        self.member_with(client_id, assigned.collect())
    }

    /// The same group with a member that subscribes to, and has, `assignment`.
    pub fn member_with(self, client_id: &str, assignment: Assignment) -> Self {
        let count = self.group.members.len();
        self.add_member(Member {
            member_id: format!("{client_id}-{count:08x}-7d1f-4c5e-9a42-{count:012x}"),
            client_id: client_id.to_owned(),
            client_host: "/127.0.0.1".to_owned(),
            subscription: assignment.keys().cloned().collect(),
            assignment,
            ..Member::default()
        })
    }

    /// The same group with one more member.
    pub fn add_member(mut self, member: Member) -> Self {
        self.group.members.push(member);
        self.group.state = GroupState::Stable;
        self.group.epoch = self.group.epoch.max(1);
        self
    }

    /// The same group in another state.
    pub fn state(mut self, state: GroupState) -> Self {
        self.group.state = state;
        self
    }

    /// The same group with another protocol type (`connect`, `sr` ...).
    pub fn protocol_type(mut self, protocol_type: &str) -> Self {
        protocol_type.clone_into(&mut self.group.protocol_type);
        self
    }

    /// The same group with a committed offset.
    pub fn commit(mut self, topic: &str, partition: i32, offset: i64) -> Self {
        self.group.set_commit(&text(topic), partition, Commit::at(offset));
        self
    }

    /// The same group with a committed offset that carries metadata and the leader's epoch.
    pub fn commit_with(mut self, topic: &str, partition: i32, commit: Commit) -> Self {
        self.group.set_commit(&text(topic), partition, commit);
        self
    }

    pub(in crate::sim) fn put_into(&self, state: &mut State) {
        state.groups.insert(text(&self.id), self.group.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_with_members_is_stable_and_one_without_is_empty() {
        assert_eq!(GroupSpec::classic("g").commit("t", 0, 4).group.state, GroupState::Empty);
        let group = GroupSpec::consumer("g")
            .member("a", &[("t", &[0])])
            .member("b", &[])
            .group;
        assert_eq!(group.state, GroupState::Stable);
        assert_ne!(group.members[0].member_id, group.members[1].member_id);
    }
}
