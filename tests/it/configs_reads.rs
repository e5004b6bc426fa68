//! Topic offsets, sizes, configs and log dirs against the simulated cluster.

use ktui::kafka::error::Error;
use ktui::kafka::model::{ConfigSource, LogDir, Offset, TopicName};
use ktui::kafka::query::{Answer, ConfigNames, Query};
use ktui::kafka::worker;
use ktui::sim::fault::{Fault, Rule, Scope};
use ktui::sim::{ApiProfile, SimSpec, TopicSpec};

use crate::scene::{Scene, api, topics};

fn spec() -> SimSpec {
    let orders = TopicSpec::new("orders", 4)
        .replication(2)
        .config("retention.ms", "1000")
        .without_data(10, 30);
    SimSpec::small().brokers(3).add_topic(orders).topic("plain", 1)
}

#[tokio::test]
async fn offsets_of_visible_topics_take_two_requests_per_leader() {
    for profile in ApiProfile::ALL {
        let scene = Scene::new(spec().profile(profile)).await;
        assert!(scene.ask(Query::Overview).await.is_complete());
        scene.sim.reset_stats();
        let Answer::Offsets(offsets) = scene.ask(Query::Offsets(topics(&["orders"]))).await.value else {
            panic!()
        };
        let rows = &offsets["orders"];
        assert_eq!(rows.len(), 4);
        assert!(
            rows.iter()
                .all(|row| (row.log_start, row.end) == (Some(Offset(10)), Some(Offset(30))))
        );
        assert!(scene.seen(api::LIST_OFFSETS) <= 6, "{}", profile.name);
        assert_eq!(
            scene.seen(api::METADATA),
            0,
            "the overview has told how many partitions there are"
        );
    }
}

#[tokio::test]
async fn offsets_of_a_topic_that_does_not_exist_are_a_failure_beside_the_others() {
    let scene = Scene::new(spec()).await;
    let found = scene.ask(Query::Offsets(topics(&["orders", "nope"]))).await;
    let [failure] = &found.failures[..] else {
        panic!("{:?}", found.failures)
    };
    assert!(matches!(failure.error, Error::UnknownTopic { .. }));
    let Answer::Offsets(offsets) = found.value else {
        panic!()
    };
    assert_eq!(offsets.keys().collect::<Vec<_>>(), [&TopicName::from("orders")]);
}

#[tokio::test]
async fn an_end_that_cannot_be_read_is_unknown_and_the_start_stays() {
    let scene = Scene::new(spec()).await;
    scene.sim.take_leader("orders", 2);
    let found = scene.ask(Query::Offsets(topics(&["orders"]))).await;
    assert_eq!(
        found.failures.len(),
        1,
        "start and end fail for the same reason: {:?}",
        found.failures
    );
    let Answer::Offsets(offsets) = found.value else {
        panic!()
    };
    assert_eq!((offsets["orders"][2].log_start, offsets["orders"][2].end), (None, None));
    assert_eq!(offsets["orders"][1].end, Some(Offset(30)));
}

#[tokio::test]
async fn every_release_tells_where_a_value_comes_from() {
    for profile in ApiProfile::ALL {
        let scene = Scene::new(spec().profile(profile)).await;
        let query = |names| Query::Configs {
            topics: topics(&["orders", "plain"]),
            names,
        };
        let Answer::Configs(configs) = scene.ask(query(ConfigNames::All)).await.value else {
            panic!()
        };
        let entry = |topic: &str| {
            configs[topic]
                .iter()
                .find(|entry| entry.name == "retention.ms")
                .unwrap()
        };
        assert_eq!(
            (entry("orders").value.as_deref(), entry("orders").source),
            (Some("1000"), ConfigSource::Topic)
        );
        assert_eq!(entry("plain").source, ConfigSource::Default, "{}", profile.name);
        assert!(configs["orders"].is_sorted_by_key(|entry| entry.name.clone()));
        let Answer::Configs(few) = scene.ask(query(ConfigNames::ListColumns)).await.value else {
            panic!()
        };
        let names: Vec<_> = few["orders"].iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "cleanup.policy",
                "min.insync.replicas",
                "retention.bytes",
                "retention.ms"
            ]
        );
        assert_eq!(scene.seen(api::DESCRIBE_CONFIGS), 2, "many topics in one request");
    }
}

#[tokio::test]
async fn denied_configs_are_a_failure_of_that_topic() {
    let scene = Scene::new(spec()).await;
    let fault = Fault::Error {
        code: 29,
        scope: Scope::Resource("orders".to_owned()),
    };
    scene.sim.inject(Rule::new(fault).api(api::DESCRIBE_CONFIGS).always());
    let query = Query::Configs {
        topics: topics(&["orders", "plain"]),
        names: ConfigNames::All,
    };
    let found = scene.ask(query).await;
    let [failure] = &found.failures[..] else {
        panic!("{:?}", found.failures)
    };
    assert_eq!(failure.what, "configuration of orders");
    assert!(failure.error.is_denied());
    let Answer::Configs(configs) = found.value else {
        panic!()
    };
    assert!(configs.contains_key("plain") && !configs.contains_key("orders"));
}

async fn log_dirs(scene: &Scene) -> Vec<LogDir> {
    match scene.ask(Query::LogDirs).await.value {
        Answer::LogDirs(dirs) => dirs,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_release_tells_what_lies_on_each_broker_and_unknown_space_is_unknown() {
    for profile in ApiProfile::ALL {
        let scene = Scene::new(spec().profile(profile)).await;
        let dirs = log_dirs(&scene).await;
        assert_eq!(
            dirs.iter().map(|dir| dir.broker.0).collect::<Vec<_>>(),
            [1, 2, 3],
            "{}",
            profile.name
        );
        assert_eq!(scene.seen(api::DESCRIBE_LOG_DIRS), 3);
        let tells_space = profile.served(api::DESCRIBE_LOG_DIRS).unwrap().1 >= 4;
        assert!(
            dirs.iter()
                .all(|dir| dir.total_bytes.is_some() == tells_space && !dir.is_offline),
            "{dirs:?}"
        );
    }
}

#[tokio::test]
async fn denied_log_dirs_are_a_denial_in_every_release_also_where_the_broker_cannot_say_so() {
    for profile in ApiProfile::ALL {
        let scene = Scene::new(spec().profile(profile)).await;
        scene
            .sim
            .inject(Rule::error(api::DESCRIBE_LOG_DIRS, 31).broker(2).always());
        let found = scene.ask(Query::LogDirs).await;
        let [failure] = &found.failures[..] else {
            panic!("{}: {:?}", profile.name, found.failures)
        };
        assert_eq!(failure.what, "log dirs of broker 2");
        assert!(failure.error.is_denied(), "{}: {}", profile.name, failure.error);
        scene.sim.inject(Rule::error(api::DESCRIBE_LOG_DIRS, 31).always());
        assert!(
            worker::answer(&scene.client, Query::LogDirs)
                .await
                .unwrap_err()
                .is_denied()
        );
    }
}

#[tokio::test]
async fn sizes_are_told_per_replica_and_a_dead_brokers_are_failures() {
    let scene = Scene::new(spec()).await;
    let sizes = |answer| match answer {
        Answer::Sizes(sizes) => sizes,
        other => panic!("{other:?}"),
    };
    let found = scene.ask(Query::Sizes(topics(&["orders"]))).await;
    assert!(found.is_complete(), "{:?}", found.failures);
    let found = sizes(found.value);
    assert_eq!(found["orders"].len(), 8, "4 partitions of 2 replicas");
    let on_two = found["orders"].iter().filter(|size| size.broker.0 == 2).count();
    scene.sim.kill_broker(2);
    let left = scene.ask(Query::Sizes(topics(&["orders"]))).await;
    let [failure] = &left.failures[..] else {
        panic!("{:?}", left.failures)
    };
    assert_eq!(
        (failure.node.map(|id| id.0), failure.what.as_str()),
        (Some(2), "replica sizes of broker 2")
    );
    assert_eq!(sizes(left.value)["orders"].len(), 8 - on_two);
}
