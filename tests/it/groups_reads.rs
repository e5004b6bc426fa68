//! Listing and describing groups against the simulated cluster: every release, moving coordinators, odd members.

use bytes::Bytes;
use ktui::kafka::error::Error;
use ktui::kafka::model::{GroupId, GroupType, TopicPartition};
use ktui::kafka::query::{Answer, Query};
use ktui::sim::fault::{Fault, Rule, Scope};
use ktui::sim::state::group::{GroupState, Member};
use ktui::sim::{ApiProfile, GroupSpec, SimSpec};

use crate::scene::{Scene, api};

fn spec() -> SimSpec {
    let live = GroupSpec::classic("live")
        .member("worker", &[("orders", &[0, 1])])
        .member("spare", &[]);
    SimSpec::small()
        .brokers(3)
        .topic("orders", 2)
        .add_group(live)
        .add_group(GroupSpec::classic("empty").commit("orders", 0, 3))
        .add_group(GroupSpec::simple("assigner").commit("orders", 1, 4))
}

#[tokio::test]
async fn every_release_lists_groups_with_their_states_and_coordinators() {
    for profile in ApiProfile::ALL {
        let scene = Scene::new(spec().profile(profile)).await;
        let groups = scene.groups().await;
        let seen: Vec<_> = groups
            .iter()
            .map(|group| {
                let state = group.state.as_ref().map(|state| state.0.to_string());
                (group.group.as_str(), &*group.protocol_type, state.unwrap_or_default())
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("assigner", "", "Empty".to_owned()),
                ("empty", "consumer", "Empty".to_owned()),
                ("live", "consumer", "Stable".to_owned()),
            ],
            "{}",
            profile.name
        );
        for group in &groups {
            let coordinator = scene.sim.look(|state| state.coordinator(group.group.as_str()));
            assert_eq!(Some(group.coordinator.0), coordinator);
        }
        assert_eq!(scene.seen(api::LIST_GROUPS), 3, "one per broker");
        assert_eq!(scene.seen(api::FIND_COORDINATOR), 0, "the lister is the coordinator");
    }
}

#[tokio::test]
async fn every_release_describes_members_and_what_they_own() {
    for profile in ApiProfile::ALL {
        let scene = Scene::new(spec().profile(profile)).await;
        let groups = scene.groups().await;
        let described = scene.client.describe_groups(&groups).await;
        assert!(described.is_complete(), "{}: {:?}", profile.name, described.failures);
        let live = &described.value["live"];
        assert_eq!((&*live.assignor, live.members.len()), ("range", 2), "{}", profile.name);
        let worker = live
            .members
            .iter()
            .find(|member| &*member.client_id == "worker")
            .unwrap();
        assert_eq!(&*worker.host, "127.0.0.1");
        assert_eq!(worker.subscribed, ["orders".into()]);
        let owned = vec![TopicPartition::new("orders", 0), TopicPartition::new("orders", 1)];
        assert_eq!(worker.assigned, Some(owned));
        let spare = live
            .members
            .iter()
            .find(|member| &*member.client_id == "spare")
            .unwrap();
        assert_eq!(spare.assigned, Some(vec![]));
        assert_eq!(described.value["empty"].members, []);
    }
}

#[tokio::test]
async fn groups_of_both_protocols_are_described_each_with_its_own_request() {
    let modern = GroupSpec::consumer("modern").member("worker", &[("orders", &[1])]);
    let scene = Scene::new(
        SimSpec::small()
            .topic("orders", 2)
            .add_group(modern)
            .group_at("old", "orders", &[1]),
    )
    .await;
    let groups = scene.groups().await;
    let described = scene.client.describe_groups(&groups).await;
    assert!(described.is_complete(), "{:?}", described.failures);
    let modern = &described.value["modern"];
    assert_eq!((modern.kind, modern.members.len()), (GroupType::Consumer, 1));
    assert_eq!(modern.members[0].assigned, Some(vec![TopicPartition::new("orders", 1)]));
    assert_eq!(described.value["old"].kind, GroupType::Classic);
    let asked = (
        scene.seen(api::CONSUMER_GROUP_DESCRIBE),
        scene.seen(api::DESCRIBE_GROUPS),
    );
    assert_eq!(asked, (1, 1), "each group is asked for once");
}

#[tokio::test]
async fn a_group_that_changed_its_protocol_since_it_was_listed_is_described_all_the_same() {
    for (was, is) in [
        (GroupType::Classic, GroupType::Consumer),
        (GroupType::Consumer, GroupType::Classic),
    ] {
        let spec = match is {
            GroupType::Consumer => GroupSpec::consumer("g"),
            _ => GroupSpec::classic("g"),
        };
        let scene = Scene::new(
            SimSpec::small()
                .topic("t", 1)
                .add_group(spec.member("m", &[("t", &[0])])),
        )
        .await;
        let mut groups = scene.groups().await;
        groups[0].kind = was;
        let described = scene.client.describe_groups(&groups).await;
        let group = &described.value["g"];
        assert_eq!((group.kind, group.members.len()), (is, 1));
    }
}

#[tokio::test]
async fn a_group_that_is_gone_is_dead_in_every_release() {
    for profile in ApiProfile::ALL {
        let scene = Scene::new(spec().profile(profile)).await;
        let groups = scene.groups().await;
        scene.sim.remove_group("live");
        let described = scene.client.describe_groups(&groups).await;
        assert!(described.value["live"].state.is_dead(), "{}", profile.name);
        assert_eq!(&*described.value["empty"].state.0, "Empty");
    }
}

#[tokio::test]
async fn an_assignment_that_cannot_be_read_does_not_fail_the_group() {
    let garbage = Member {
        client_id: "foreign".to_owned(),
        raw_assignment: Some(Bytes::from_static(b"\x00\x01\x7f\xff\xff\xffgarbage")),
        ..Member::default()
    };
    let odd = GroupSpec::classic("odd")
        .member("good", &[("orders", &[0])])
        .add_member(garbage);
    let connect = GroupSpec::classic("connect")
        .member("connector", &[("orders", &[0])])
        .protocol_type("connect");
    let scene = Scene::new(SimSpec::small().topic("orders", 1).add_group(odd).add_group(connect)).await;
    let groups = scene.groups().await;
    let described = scene.client.describe_groups(&groups).await;
    assert!(described.is_complete());
    let owned: Vec<_> = described.value["odd"]
        .members
        .iter()
        .map(|member| member.assigned.is_some())
        .collect();
    assert_eq!(owned, [true, false]);
    assert_eq!(
        described.value["connect"].members[0].assigned, None,
        "Connect has its own format"
    );
}

#[tokio::test]
async fn a_rebalancing_group_has_members_without_partitions() {
    let group = GroupSpec::classic("g")
        .member("m", &[("orders", &[0])])
        .state(GroupState::PreparingRebalance);
    let scene = Scene::new(SimSpec::small().topic("orders", 1).add_group(group)).await;
    let detail = scene.detail("g").await;
    assert!(detail.is_complete());
    assert_eq!(&*detail.value.description.state.0, "PreparingRebalance");
    assert_eq!(detail.value.description.members.len(), 1);
    assert_eq!(detail.value.partitions, []);
}

#[tokio::test]
async fn a_broker_that_still_loads_its_groups_is_asked_again() {
    let scene = Scene::new(spec()).await;
    scene.sim.inject(Rule::error(api::LIST_GROUPS, 14).times(2));
    assert_eq!(scene.groups().await.len(), 3);
    assert_eq!(scene.seen(api::LIST_GROUPS), 5);
}

#[tokio::test]
async fn a_broker_that_refuses_to_list_is_a_failure_beside_the_others_groups() {
    let scene = Scene::new(spec()).await;
    scene.sim.inject(Rule::error(api::LIST_GROUPS, 31).broker(2).always());
    let listed = scene.client.list_groups().await.unwrap();
    let expected = scene.sim.look(|state| {
        ["live", "empty", "assigner"]
            .into_iter()
            .filter(|group| state.coordinator(group) != Some(2))
            .count()
    });
    assert_eq!(listed.value.len(), expected);
    let [failure] = &listed.failures[..] else {
        panic!("{:?}", listed.failures)
    };
    assert_eq!(
        (failure.node.map(|id| id.0), failure.what.as_str()),
        (Some(2), "groups of broker 2")
    );
    assert!(failure.error.is_denied());
}

#[tokio::test]
async fn no_broker_that_lists_is_an_error_and_not_an_empty_list() {
    let scene = Scene::new(spec()).await;
    scene.sim.inject(Rule::error(api::LIST_GROUPS, 31).always());
    assert!(scene.client.list_groups().await.unwrap_err().is_denied());
}

#[tokio::test]
async fn a_coordinator_that_moved_is_found_again() {
    for profile in ApiProfile::ALL {
        let scene = Scene::new(spec().profile(profile)).await;
        let groups = scene.groups().await;
        let before = scene.sim.look(|state| state.coordinator("live")).unwrap();
        scene.sim.kill_broker(before);
        let described = scene.client.describe_groups(&groups).await;
        assert!(described.is_complete(), "{}: {:?}", profile.name, described.failures);
        assert_ne!(described.value["live"].coordinator.0, before);
        assert_eq!(described.value.len(), 3);
    }
}

#[tokio::test]
async fn a_denied_group_is_a_failure_beside_the_others() {
    let scene = Scene::new(spec()).await;
    let groups = scene.groups().await;
    let fault = Fault::Error {
        code: 30,
        scope: Scope::Group("empty".to_owned()),
    };
    scene.sim.inject(Rule::new(fault).api(api::DESCRIBE_GROUPS).always());
    let described = scene.client.describe_groups(&groups).await;
    let mut names: Vec<_> = described.value.keys().map(GroupId::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["assigner", "live"]);
    let [failure] = &described.failures[..] else {
        panic!("{:?}", described.failures)
    };
    assert_eq!(failure.what, "members of empty");
    assert!(failure.error.is_denied());
    assert_eq!(
        failure.node.map(|id| id.0),
        scene.sim.look(|state| state.coordinator("empty"))
    );
}

#[tokio::test]
async fn streams_groups_are_said_to_be_unreadable_not_shown_as_dead() {
    let scene = Scene::new(spec()).await;
    let mut groups = scene.groups().await;
    for group in &mut groups {
        group.kind = GroupType::Streams;
    }
    let described = scene.client.describe_groups(&groups).await;
    assert!(described.value.is_empty());
    assert!(
        described
            .failures
            .iter()
            .all(|failure| matches!(failure.error, Error::NotSpoken { .. }))
    );
}

#[tokio::test]
async fn the_groups_query_answers_with_every_group() {
    let scene = Scene::new(spec()).await;
    let Answer::Groups(groups) = scene.ask(Query::Groups).await.value else {
        panic!()
    };
    assert_eq!(groups.len(), 3);
}
