//! Lag against the simulated cluster: every case, every release, faults, and what a large cluster costs.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use ktui::kafka::error::Error;
use ktui::kafka::lag::tail::Place;
use ktui::kafka::lag::{GroupSummary, LagCase, PartitionLag, UnknownLag};
use ktui::kafka::model::{GroupId, GroupListing, GroupType, Offset, TopicName, TopicPartition};
use ktui::kafka::partial::Partial;
use ktui::kafka::query::{Answer, Members, Query};
use ktui::kafka::worker;
use ktui::sim::fault::{Fault, Rule, Scope};
use ktui::sim::{ApiProfile, GroupSpec, SimSpec, TopicSpec};

use tokio::time::Instant;

use crate::scene::{Scene, api};

const LATEST: i64 = 1_100;

fn orders() -> TopicSpec {
    TopicSpec::new("orders", 6).replication(3).without_data(100, LATEST)
}

/// One partition for each case: known, at the end, no commit, expired, ahead, not the group's at all.
fn every_case() -> SimSpec {
    let group = GroupSpec::classic("g")
        .member("a", &[("orders", &[0, 1, 2])])
        .member("b", &[("orders", &[3])])
        .commit("orders", 0, 1_000)
        .commit("orders", 1, LATEST)
        .commit("orders", 3, 40)
        .commit("orders", 4, 2_000);
    SimSpec::small().brokers(3).add_topic(orders()).add_group(group)
}

fn by_partition(rows: &[PartitionLag]) -> Vec<(i32, Option<usize>, LagCase)> {
    rows.iter()
        .map(|row| (row.partition.partition.0, row.owner, row.case.clone()))
        .collect()
}

async fn summaries(
    scene: &Scene,
    groups: Vec<GroupListing>,
    members: Members,
) -> Partial<HashMap<GroupId, GroupSummary>> {
    scene
        .ask(Query::Lags { groups, members })
        .await
        .map(|answer| match answer {
            Answer::Lags(read) => read.into_iter().map(|(group, read)| (group, read.summary)).collect(),
            other => panic!("{other:?}"),
        })
}

#[tokio::test]
async fn every_release_gives_every_case_of_lag() {
    for profile in ApiProfile::ALL {
        let scene = Scene::new(every_case().profile(profile)).await;
        let detail = scene.detail("g").await;
        assert!(detail.is_complete(), "{}: {:?}", profile.name, detail.failures);
        let rows = &detail.value.partitions;
        assert_eq!(
            by_partition(rows),
            [
                (0, Some(0), LagCase::Known { lag: 100 }),
                (1, Some(0), LagCase::Known { lag: 0 }),
                (2, Some(0), LagCase::NoCommit { backlog: Some(1_000) }),
                (3, Some(1), LagCase::Expired { lag: 1_060, lost: 60 }),
                (4, None, LagCase::Ahead { by: 900 }),
            ],
            "{}",
            profile.name
        );
        assert!(
            rows.iter()
                .all(|row| row.log_start == Some(Offset(100)) && row.end == Some(Offset(LATEST)))
        );
        let groups = scene.groups().await;
        let lags = summaries(&scene, groups, Members::Described).await;
        assert_eq!(
            lags.value["g"],
            detail.value.summary(),
            "the list says what the group's screen says"
        );
        assert_eq!(lags.value["g"].lag.exact(), Some(1_160));
        assert_eq!(lags.value["g"].uncommitted, Some(1));
    }
}

#[tokio::test]
async fn lags_without_members_leave_out_what_only_members_tell() {
    let scene = Scene::new(every_case()).await;
    let groups = scene.groups().await;
    let lags = summaries(&scene, groups, Members::Skipped).await;
    let summary = &lags.value["g"];
    assert_eq!(
        (summary.members, summary.uncommitted, summary.partitions),
        (None, None, 4)
    );
    assert_eq!(summary.lag.exact(), Some(1_160));
    assert_eq!(
        scene.seen(api::DESCRIBE_GROUPS) + scene.seen(api::CONSUMER_GROUP_DESCRIBE),
        0
    );
}

#[tokio::test]
async fn commits_of_a_deleted_topic_stay_visible_and_are_no_failure() {
    for profile in ApiProfile::ALL {
        let spec = every_case().profile(profile).group_at("old", "gone", &[7]).group_at(
            "shrunk",
            "orders",
            &[0, 0, 0, 0, 0, 0, 7],
        );
        let scene = Scene::new(spec).await;
        let detail = scene.detail("old").await;
        assert!(detail.is_complete(), "{}: {:?}", profile.name, detail.failures);
        assert_eq!(
            by_partition(&detail.value.partitions),
            [(0, None, LagCase::Unknown(UnknownLag::Deleted))]
        );
        assert_eq!(detail.value.partitions[0].committed, Some(Offset(7)));
        let summary = detail.value.summary();
        assert_eq!(
            (summary.lag.exact(), summary.lag.unknown),
            (None, 1),
            "unknown is never 0"
        );
        let detail = scene.detail("shrunk").await;
        assert!(detail.is_complete(), "{}: {:?}", profile.name, detail.failures);
        assert_eq!(detail.value.partitions[6].case, LagCase::Unknown(UnknownLag::Deleted));
    }
}

#[tokio::test]
async fn a_partition_without_leader_is_unknown_and_a_failure_and_the_rest_is_known() {
    let scene = Scene::new(every_case()).await;
    scene.sim.take_leader("orders", 0);
    let detail = scene.detail("g").await;
    assert_eq!(detail.value.partitions[0].case, LagCase::Unknown(UnknownLag::NoLeader));
    assert_eq!(detail.value.partitions[1].case, LagCase::Known { lag: 0 });
    let [failure] = &detail.failures[..] else {
        panic!("{:?}", detail.failures)
    };
    assert_eq!((failure.node, failure.what.as_str()), (None, "end offsets of orders-0"));
    assert!(matches!(failure.error, Error::NoLeader { .. }));
    let summary = detail.value.summary();
    assert_eq!((summary.lag.known, summary.lag.unknown), (1_060, 1));
}

#[tokio::test]
async fn a_leader_that_moved_is_followed_for_its_partitions_only() {
    let scene = Scene::new(every_case()).await;
    assert!(scene.detail("g").await.is_complete());
    let before = scene
        .sim
        .look(|state| state.topic("orders").unwrap().partitions[0].leader);
    scene.sim.move_leader("orders", 0, before % 3 + 1);
    scene.sim.reset_stats();
    let detail = scene.detail("g").await;
    assert!(detail.is_complete(), "{:?}", detail.failures);
    assert_eq!(detail.value.partitions[0].case, LagCase::Known { lag: 100 });
    // Start: one request per leader, one more at the new leader. End: one per leader.
    assert!(scene.seen(api::LIST_OFFSETS) <= 7, "{}", scene.seen(api::LIST_OFFSETS));
}

#[tokio::test]
async fn a_dead_broker_costs_only_what_nobody_else_can_tell() {
    let lonely = TopicSpec::new("lonely", 3).without_data(0, 50);
    let spec = every_case()
        .add_topic(lonely)
        .group_at("on-lonely", "lonely", &[10, 10, 10]);
    let scene = Scene::new(spec).await;
    let groups = scene.groups().await;
    assert!(
        summaries(&scene, groups.clone(), Members::Described)
            .await
            .is_complete()
    );
    scene.sim.kill_broker(2);
    let lags = summaries(&scene, groups, Members::Described).await;
    assert_eq!(
        lags.value["g"].lag.exact(),
        Some(1_160),
        "its partitions have new leaders"
    );
    assert_eq!(
        (lags.value["on-lonely"].lag.known, lags.value["on-lonely"].lag.unknown),
        (80, 1)
    );
    let [failure] = &lags.failures[..] else {
        panic!("{:?}", lags.failures)
    };
    assert!(failure.what.starts_with("end offsets of lonely-"), "{}", failure.what);
}

#[tokio::test]
async fn a_broker_that_hangs_costs_one_deadline_not_one_per_step() {
    let patience = Duration::from_millis(500);
    let scene = Scene::with_patience(every_case(), patience).await;
    let group = scene.group("g").await;
    let hung = (1..=3).find(|id| *id != group.coordinator.0).unwrap();
    scene.sim.inject(Rule::new(Fault::NeverAnswer).broker(hung).always());
    let led = scene.sim.look(|state| {
        let partitions = &state.topic("orders").unwrap().partitions;
        (0..5).filter(|index| partitions[*index].leader == hung).count()
    });
    assert!(led > 0);
    let began = Instant::now();
    let detail = scene.ask(Query::Group(group)).await;
    let took = began.elapsed();
    assert!(took < patience * 2, "{took:?}");
    let Answer::Group(found) = detail.value else { panic!() };
    let unknown = found.partitions.iter().filter(|row| row.end.is_none()).count();
    assert_eq!(unknown, led, "what others lead is known");
    let [failure] = &detail.failures[..] else {
        panic!("{:?}", detail.failures)
    };
    assert_eq!(failure.node.map(|id| id.0), Some(hung));
    assert!(matches!(failure.error, Error::Timeout { .. }), "{}", failure.error);
}

#[tokio::test]
async fn unreadable_commits_are_unknown_never_zero() {
    let scene = Scene::new(every_case().group_at("bare", "orders", &[1])).await;
    let groups = scene.groups().await;
    scene.sim.inject(Rule::error(api::OFFSET_FETCH, 30).always());
    let lags = summaries(&scene, groups, Members::Described).await;
    assert_eq!(
        (lags.value["g"].lag.known, lags.value["g"].lag.unknown),
        (0, 4),
        "the assigned ones"
    );
    assert_eq!(
        lags.value["bare"].lag.exact(),
        None,
        "nothing is assigned, and yet it is not 0"
    );
    assert!(lags.failures.iter().all(|failure| failure.error.is_denied()));
    let detail = scene.detail("g").await;
    assert!(
        detail
            .value
            .partitions
            .iter()
            .all(|row| matches!(row.case, LagCase::Unknown(UnknownLag::NoCommitted(_))))
    );
}

#[tokio::test]
async fn a_group_whose_commits_were_lost_on_the_way_is_not_said_to_have_none() {
    let spec = SimSpec::small().brokers(3).add_topic(orders());
    let spec = spec.add_group(GroupSpec::classic("left").commit("orders", 0, 1_000));
    let scene = Scene::new(spec).await;
    let group = scene.group("left").await;
    scene.sim.inject(Rule::error(api::OFFSET_FETCH, 14).always());
    let answer = worker::answer(&scene.client, Query::Group(group)).await;
    assert!(answer.as_ref().is_err_and(Error::is_retriable), "{answer:?}");
}

/// Where the first and the last coordinator of these groups are, each with its groups.
fn coordinators(groups: &[GroupListing]) -> BTreeMap<i32, Vec<String>> {
    let mut found = BTreeMap::<i32, Vec<String>>::new();
    for group in groups {
        found
            .entry(group.coordinator.0)
            .or_default()
            .push(group.group.to_string());
    }
    found
}

/// What the list and the screen of each group say of its lag: the sum where it is known, and why commits were not read.
async fn told(scene: &Scene, groups: &[GroupListing]) -> BTreeMap<String, (Option<i64>, bool)> {
    let query = Query::Lags {
        groups: groups.to_vec(),
        members: Members::Described,
    };
    let Answer::Lags(read) = scene.ask(query).await.value else {
        panic!("not lags")
    };
    let Answer::Details(details) = scene.ask(Query::Details(groups.to_vec())).await.value else {
        panic!("not details")
    };
    let of_screen = details.iter().map(|detail| {
        let group = &detail.description.group;
        let (summary, reading) = (detail.summary(), &read[group]);
        assert_eq!(
            (&summary, &detail.unread),
            (&reading.summary, &reading.unread),
            "the list says what the group's screen says"
        );
        (group.to_string(), (summary.lag.exact(), detail.unread.is_some()))
    });
    of_screen.collect()
}

fn nine_groups() -> SimSpec {
    let mut spec = SimSpec::small().brokers(3).add_topic(orders());
    for n in 0..9 {
        spec = spec.add_group(GroupSpec::classic(&format!("g{n}")).commit("orders", 0, 1_000));
    }
    spec
}

#[tokio::test]
async fn a_group_whose_commits_are_refused_has_no_zero_beside_groups_that_are_read() {
    for profile in ApiProfile::ALL {
        let scene = Scene::new(nine_groups().profile(profile)).await;
        let groups = scene.groups().await;
        let fault = Fault::Error {
            code: 30,
            scope: Scope::Group("g4".to_owned()),
        };
        scene.sim.inject(Rule::new(fault).api(api::OFFSET_FETCH).always());
        for (group, found) in told(&scene, &groups).await {
            let wanted = if group == "g4" {
                (None, true)
            } else {
                (Some(100), false)
            };
            assert_eq!(found, wanted, "{group} {}", profile.name);
        }
    }
}

#[tokio::test]
async fn a_coordinator_that_refuses_all_commits_makes_its_groups_unknown_and_no_other() {
    let scene = Scene::new(nine_groups()).await;
    let groups = scene.groups().await;
    let all = coordinators(&groups);
    assert!(all.len() > 1, "{all:?}");
    let (broker, theirs) = all.first_key_value().unwrap();
    scene
        .sim
        .inject(Rule::error(api::OFFSET_FETCH, 30).broker(*broker).always());
    for (group, found) in told(&scene, &groups).await {
        let wanted = if theirs.contains(&group) {
            (None, true)
        } else {
            (Some(100), false)
        };
        assert_eq!(found, wanted, "{group}");
    }
}

#[tokio::test]
async fn a_leader_that_does_not_tell_its_ends_leaves_the_lag_of_its_partitions_unknown() {
    let scene = Scene::new(every_case()).await;
    let leaders: Vec<i32> = scene.sim.look(|state| {
        let partitions = &state.topic("orders").unwrap().partitions;
        partitions.iter().map(|partition| partition.leader).collect()
    });
    let mute = leaders[0];
    scene
        .sim
        .inject(Rule::error(api::LIST_OFFSETS, 29).broker(mute).always());
    let detail = scene.detail("g").await.value;
    assert_eq!(detail.unread, None, "its commits were read");
    for row in &detail.partitions {
        let index = row.partition.partition.0 as usize;
        let is_unknown = matches!(
            row.case,
            LagCase::Unknown(UnknownLag::NoEnd(_)) | LagCase::NoCommit { backlog: None }
        );
        assert_eq!(is_unknown, leaders[index] == mute, "{row:?}");
        assert!(!is_unknown || row.case.lag().is_none());
    }
    assert_eq!(detail.summary().lag.exact(), None);
}

#[tokio::test]
async fn a_topic_that_is_denied_is_unknown_beside_the_others() {
    let other = TopicSpec::new("other", 1).without_data(0, 50);
    let group = GroupSpec::classic("both")
        .commit("orders", 0, 1_000)
        .commit("orders", 1, 1_000)
        .commit("other", 0, 20);
    let spec = SimSpec::small()
        .brokers(3)
        .add_topic(orders())
        .add_topic(other)
        .add_group(group);
    for api in [api::OFFSET_FETCH, api::LIST_OFFSETS] {
        let scene = Scene::new(spec.clone()).await;
        let fault = Fault::Error {
            code: 29,
            scope: Scope::Topic("orders".to_owned()),
        };
        scene.sim.inject(Rule::new(fault).api(api).always());
        let detail = scene.detail("both").await.value;
        let lags: Vec<_> = detail.partitions.iter().map(|row| row.case.lag()).collect();
        assert_eq!(lags, [None, None, Some(30)], "{api:?}");
        let lag = detail.summary().lag;
        assert_eq!((lag.known, lag.unknown, detail.unread), (30, 2, None), "{api:?}");
    }
}

#[tokio::test]
async fn a_commit_that_is_denied_is_unknown_beside_the_others() {
    let scene = Scene::new(every_case()).await;
    let fault = Fault::Error {
        code: 29,
        scope: Scope::Partition("orders".to_owned(), 0),
    };
    scene.sim.inject(Rule::new(fault).api(api::OFFSET_FETCH).always());
    let detail = scene.detail("g").await;
    let why = UnknownLag::NoCommitted("TOPIC_AUTHORIZATION_FAILED".to_owned());
    assert_eq!(detail.value.partitions[0].case, LagCase::Unknown(why));
    assert_eq!(detail.value.partitions[1].case, LagCase::Known { lag: 0 });
}

#[tokio::test]
async fn nothing_readable_at_all_is_an_error() {
    let scene = Scene::new(every_case()).await;
    let group = scene.group("g").await;
    scene.sim.inject(Rule::error(api::DESCRIBE_GROUPS, 30).always());
    let answer = worker::answer(&scene.client, Query::Group(group.clone())).await;
    assert!(answer.unwrap_err().is_denied());
    scene.sim.inject(Rule::error(api::OFFSET_FETCH, 30).always());
    let query = Query::Lags {
        groups: vec![group],
        members: Members::Skipped,
    };
    assert!(worker::answer(&scene.client, query).await.unwrap_err().is_denied());
}

#[tokio::test]
async fn a_loading_coordinator_is_asked_again_in_every_release() {
    for profile in ApiProfile::ALL {
        let scene = Scene::new(every_case().profile(profile)).await;
        scene.sim.inject(Rule::error(api::OFFSET_FETCH, 14).times(2));
        let detail = scene.detail("g").await;
        assert!(detail.is_complete(), "{}: {:?}", profile.name, detail.failures);
        assert_eq!(
            scene.seen(api::FIND_COORDINATOR),
            0,
            "the same coordinator, a moment later"
        );
    }
}

#[tokio::test]
async fn share_groups_have_an_unknown_lag_not_none() {
    let scene = Scene::new(every_case()).await;
    let mut groups = scene.groups().await;
    groups[0].kind = GroupType::Share;
    let query = Query::Lags {
        groups,
        members: Members::Skipped,
    };
    let error = worker::answer(&scene.client, query).await.unwrap_err();
    assert!(matches!(error, Error::NotSpoken { .. }), "{error}");
    assert_eq!(scene.seen(api::OFFSET_FETCH), 0);
}

#[tokio::test]
async fn many_groups_on_the_same_partitions_ask_for_each_partition_once() {
    let mut spec = SimSpec::small().brokers(3).add_topic(orders());
    for index in 0..150 {
        spec = spec.group_at(&format!("g{index}"), "orders", &[100, 200, 300, 400, 500, 600]);
    }
    let scene = Scene::new(spec).await;
    let groups = scene.groups().await;
    for (members, requests, why) in [
        (Members::Skipped, 3, "one per leader: starts do not change a sum"),
        (Members::Described, 6, "starts and ends: what retention took is told"),
    ] {
        scene.sim.reset_stats();
        let lags = summaries(&scene, groups.clone(), members).await;
        assert!(lags.value.values().all(|summary| summary.lag.exact() == Some(4_500)));
        assert_eq!(lags.value.len(), 150);
        assert_eq!(scene.seen(api::LIST_OFFSETS), requests, "{why}");
    }
    assert!(scene.seen(api::OFFSET_FETCH) <= 4, "at most 100 groups a request");
    assert!(scene.seen(api::DESCRIBE_GROUPS) <= 4);
}

#[tokio::test]
async fn before_kafka_3_each_group_is_a_request_of_its_own() {
    let mut spec = SimSpec::small()
        .brokers(3)
        .add_topic(orders())
        .profile(ApiProfile::KAFKA_2_8);
    for index in 0..30 {
        spec = spec.group_at(&format!("g{index}"), "orders", &[100]);
    }
    let scene = Scene::new(spec).await;
    let groups = scene.groups().await;
    let lags = summaries(&scene, groups, Members::Skipped).await;
    assert_eq!(lags.value.len(), 30);
    assert_eq!(scene.seen(api::OFFSET_FETCH), 30);
}

/// Protocol.md 5: 1,000 groups of 200 commits each over 100,000 partitions on twelve brokers.
async fn large() -> Scene {
    let scene = Scene::new(SimSpec::scale(2_000, 50, 1_000).brokers(12)).await;
    assert!(scene.ask(Query::Overview).await.is_complete());
    scene.sim.reset_stats();
    scene
}

#[track_caller]
fn assert_counted(lags: &Partial<HashMap<GroupId, GroupSummary>>, groups: usize) {
    assert!(lags.is_complete(), "{:?}", lags.failures);
    assert_eq!(lags.value.len(), groups);
    // Offsets of commits are 1,100 minus (the running number modulo 50): 200 in a row sum up to 4 x (0 + ... + 49).
    assert!(
        lags.value
            .values()
            .all(|summary| summary.lag.exact() == Some(4_900) && summary.partitions == 200)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_groups_on_a_hundred_thousand_partitions_take_at_most_150_requests() {
    let scene = large().await;
    let groups = scene.groups().await;
    assert_eq!(groups.len(), 1_000);
    // What a pane of 50 rows asks at first: those on screen in detail, what lies at their commits, and all the others.
    let visible = summaries(&scene, groups[..50].to_vec(), Members::Described).await;
    assert_counted(&visible, 50);
    let places = (0..50).map(|row| Place {
        partition: TopicPartition::new(format!("scale-{:05}", row * 4).as_str(), 49),
        committed: Offset(1_051),
        end: Offset(1_100),
    });
    assert!(scene.ask(Query::Tails(places.collect())).await.is_complete());
    let in_detail = scene.sim.traffic(None, None).requests;
    assert_counted(&summaries(&scene, groups, Members::Skipped).await, 1_000);
    let requests = scene.sim.traffic(None, None).requests;
    println!("{requests} requests, {in_detail} of them for the groups on screen");
    assert!(requests <= 150, "{requests} requests, {in_detail} for those on screen");
    assert_eq!(scene.seen(api::FIND_COORDINATOR), 0);
    // After that, and seldom: where the logs begin on which something waits, 2,000 in a request.
    let topics = (0..2_000).map(|topic| TopicName::from(format!("scale-{topic:05}")));
    let told = scene.ask(Query::LogStarts(topics.collect())).await;
    let Answer::LogStarts(starts) = told.value else {
        panic!()
    };
    assert_eq!((starts.len(), told.failures.len()), (100_000, 0));
    assert!(scene.sim.traffic(None, None).requests - requests <= 60);
}

#[tokio::test]
async fn log_starts_of_a_dead_leader_are_missing_and_those_of_a_deleted_topic_are_none() {
    let lonely = TopicSpec::new("lonely", 3).without_data(7, 50);
    let scene = Scene::new(every_case().add_topic(lonely)).await;
    scene.sim.take_leader("lonely", 1);
    assert!(scene.ask(Query::Overview).await.is_complete());
    let topics = ["lonely", "gone"].map(TopicName::from);
    let told = scene.ask(Query::LogStarts(topics.into())).await;
    let Answer::LogStarts(starts) = told.value else {
        panic!()
    };
    let wanted = [0, 2].map(|partition| (TopicPartition::new("lonely", partition), Offset(7)));
    assert_eq!(starts, wanted.into());
    assert_eq!(told.failures.len(), 1, "{:?}", told.failures);
}

#[tokio::test]
async fn every_release_tells_the_groups_of_a_topic_and_asks_for_the_ends_of_no_other() {
    for profile in ApiProfile::ALL {
        let both = GroupSpec::classic("both")
            .member("a", &[("orders", &[0, 1]), ("other", &[0])])
            .commit("orders", 0, 1_000)
            .commit("other", 0, 5);
        let elsewhere = GroupSpec::classic("elsewhere").commit("other", 0, 1);
        let left = GroupSpec::classic("left").commit("orders", 5, 600);
        let other = TopicSpec::new("other", 1).without_data(0, 9);
        let spec = SimSpec::small().brokers(3).add_topic(orders()).add_topic(other);
        let spec = spec.add_group(both).add_group(elsewhere).add_group(left);
        let scene = Scene::new(spec.profile(profile)).await;
        let found = scene.ask(Query::Readers("orders".into())).await;
        let Answer::Readers(readers) = found.value else {
            panic!("not readers")
        };
        let rows: Vec<_> = readers
            .groups
            .iter()
            .map(|reader| {
                let name = reader.listing.group.as_str();
                (
                    name,
                    reader.members,
                    reader.partitions,
                    reader.lag.exact(),
                    reader.uncommitted,
                )
            })
            .collect();
        let wanted = [("both", 1, 2, Some(100), 1), ("left", 0, 1, Some(500), 0)];
        assert_eq!((found.failures.len(), rows), (0, wanted.to_vec()), "{}", profile.name);
        assert!(
            scene.seen(api::LIST_OFFSETS) <= 3,
            "one per leader of the topic: {}",
            profile.name
        );
    }
}

#[tokio::test]
async fn a_coordinator_that_is_silent_is_a_failure_beside_the_groups_of_the_others() {
    let mut spec = SimSpec::small().brokers(3).add_topic(orders());
    for n in 0..9 {
        spec = spec.add_group(GroupSpec::classic(&format!("g{n}")).commit("orders", 0, 1_000));
    }
    let scene = Scene::new(spec).await;
    scene.sim.unplug_broker(2);
    let found = scene.ask(Query::Readers("orders".into())).await;
    let Answer::Readers(readers) = found.value else {
        panic!("not readers")
    };
    assert!(!found.failures.is_empty());
    assert!((1..9).contains(&readers.groups.len()), "{}", readers.groups.len());
}
