//! The program's commands on real clusters: their figures are those of Kafka's own tools, their exit codes those of
//! docs/json.md.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::scenes::{PROTOCOLS, Scene, fragile, group_of, ledger, orders};
use crate::support::java::{GroupRow, describe_groups};
use crate::support::kafka::{KafkaCluster, Version, unique};
use crate::support::terminal::{now, plain};
use crate::support::wait;

const SOON: Duration = Duration::from_mins(1);
/// What docs/json.md promises of every command, also when nobody answers: 20 s, and what a busy machine adds.
const LONGEST: Duration = Duration::from_secs(30);

/// `ktui --brokers B COMMAND... --json`: exit code, the object, and what was said beside it.
fn ktui(brokers: &str, command: &[&str]) -> (i32, Value, String) {
    let (code, out, err) = plain(&[&["--brokers", brokers], command, &["--json"]].concat());
    let object = if out.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    };
    (code, object, err)
}

/// The same, of which nothing may be missing.
#[track_caller]
fn whole(cluster: &KafkaCluster, command: &[&str]) -> Value {
    let (code, object, err) = ktui(&cluster.bootstrap(), command);
    assert_eq!((code, err.as_str()), (0, ""), "{command:?}: {object}");
    assert_eq!(object["failures"], json!([]));
    object
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("not a list: {value}"))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The item of this name.
#[track_caller]
fn item<'a>(object: &'a Value, field: &str, name: impl Into<Value>) -> &'a Value {
    let name = name.into();
    let found = list(&object["items"]).iter().find(|item| item[field] == name);
    found.unwrap_or_else(|| panic!("no item with {field} {name} in {object}"))
}

/// What `ktui lag` knows of a group, in the shape of the tool's table.
fn as_rows(item: &Value) -> Vec<GroupRow> {
    let row = |of: &Value| GroupRow {
        group: text(&item["group"]).unwrap(),
        topic: text(&of["topic"]),
        partition: of["partition"].as_i64().map(|number| number as i32),
        committed: of["committed"].as_i64(),
        end: of["end"].as_i64(),
        lag: of["lag"].as_i64(),
        member: text(&of["member"]),
        host: text(&of["host"]).map(|host| format!("/{host}")),
        client_id: text(&of["clientId"]),
    };
    list(&item["partitions"]).iter().map(row).collect()
}

#[test]
fn lag_in_json_has_exactly_the_rows_and_figures_of_kafkas_own_tool() {
    for (version, protocol) in PROTOCOLS {
        let cluster = KafkaCluster::shared(version);
        let scenes = [
            Scene::live(cluster, protocol),
            Scene::silent(cluster, protocol),
            Scene::crowded(cluster, protocol),
            Scene::left(cluster, protocol),
            Scene::assigner(cluster),
            Scene::exactly_once(cluster, protocol),
        ];
        let names: Vec<&str> = scenes.iter().map(|scene| scene.group.as_str()).collect();
        let truth = describe_groups(cluster, &names);
        let object = whole(cluster, &[&["lag"], &names[..]].concat());
        assert_eq!(item(&object, "group", names[0])["type"], protocol);
        let mut rows: Vec<_> = list(&object["items"]).iter().flat_map(as_rows).collect();
        rows.sort();
        assert_eq!(rows, truth, "{protocol} groups on {}", version.name());
        for name in names {
            assert!(truth.iter().any(|row| row.group == name), "the tool has rows of {name}");
            assert_summary(cluster, item(&object, "group", name), &truth);
        }
        for scene in scenes {
            scene.end();
        }
    }
}

/// The group as a whole: what Kafka's admin client says of it, and the tool's lags in sum.
#[track_caller]
fn assert_summary(cluster: &KafkaCluster, item: &Value, truth: &[GroupRow]) {
    let name = item["group"].as_str().unwrap();
    let java = cluster.workload().describe_group(name);
    assert_eq!(item["state"], java["state"], "{name}");
    assert_eq!(item["coordinator"], java["coordinator"], "{name}");
    assert_eq!(item["members"], list(&java["members"]).len(), "{name}");
    let lags: Vec<_> = truth
        .iter()
        .filter(|row| row.group == name)
        .map(|row| row.lag)
        .collect();
    let known: Vec<i64> = lags.iter().filter_map(|lag| *lag).collect();
    let sum = (!known.is_empty()).then(|| known.iter().sum::<i64>());
    assert_eq!(item["lag"].as_i64(), sum, "{name}");
    assert_eq!(item["uncommittedPartitions"], lags.len() - known.len(), "{name}");
    assert_eq!(item["unknownPartitions"], 0, "{name}");
}

#[test]
fn brokers_in_json_are_those_of_the_cluster() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let object = whole(cluster, &["brokers"]);
        let seen: Vec<_> = list(&object["items"])
            .iter()
            .map(|item| {
                let address = format!("{}:{}", item["host"].as_str().unwrap(), item["port"]);
                (item["id"].as_i64().unwrap() as i32, address)
            })
            .collect();
        let wanted: Vec<_> = cluster
            .broker_ids()
            .into_iter()
            .map(|id| (id, cluster.address(id)))
            .collect();
        assert_eq!(seen, wanted, "Kafka {}", version.name());
        let is_known = |item: &Value| item["logBytes"].is_u64() && item["leaders"].is_u64();
        assert!(list(&object["items"]).iter().all(is_known), "{object}");
        let controllers = list(&object["items"]).iter().filter(|item| item["controller"] == true);
        let controllers: Vec<_> = controllers.map(|item| item["id"].clone()).collect();
        assert_eq!(controllers, [object["cluster"]["controller"].clone()]);
    }
}

#[test]
fn a_named_topic_in_json_has_its_partitions_with_their_offsets() {
    for version in Version::ALL {
        let cluster = KafkaCluster::shared(version);
        let topic = orders(cluster);
        cluster.workload().delete_records(&topic, 1, 15);
        let object = whole(cluster, &["topics", &topic]);
        let seen = item(&object, "name", topic.as_str());
        assert_eq!((&seen["partitions"], &seen["offsetRange"]), (&json!(3), &json!(45)));
        let offset = |one: &Value, name: &str| one[name].as_i64().unwrap();
        let offsets: Vec<_> = list(&seen["partitionDetails"])
            .iter()
            .map(|one| (offset(one, "logStart"), offset(one, "end")))
            .collect();
        assert_eq!(
            offsets,
            cluster.workload().offsets(&topic),
            "on Kafka {}",
            version.name()
        );
    }
}

/// The fields that docs/json.md lists for an object, the words in parentheses left out.
fn documented(object: &str) -> BTreeSet<String> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md")).unwrap();
    let row = page
        .lines()
        .find_map(|line| line.strip_prefix(&format!("| {object} | ")))
        .unwrap_or_else(|| panic!("docs/json.md has no row {object}"));
    let mut words = String::new();
    let mut depth = 0;
    for c in row.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            c if depth == 0 => words.push(c),
            _ => {}
        }
    }
    words.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[track_caller]
fn assert_documented(value: &Value, object: &str) {
    let fields: BTreeSet<String> = value
        .as_object()
        .unwrap_or_else(|| panic!("{value}"))
        .keys()
        .cloned()
        .collect();
    assert_eq!(fields, documented(object), "{object}");
}

#[test]
fn every_object_has_exactly_the_fields_of_its_documentation() {
    let cluster = KafkaCluster::shared(Version::V4_3_0);
    let topic = orders(cluster);
    let scene = Scene::assigner(cluster);
    let brokers = whole(cluster, &["brokers"]);
    assert_documented(&brokers["cluster"], "`cluster`");
    assert_documented(&brokers["items"][0], "item of `brokers`");
    let topics = whole(cluster, &["topics", &topic]);
    assert_documented(&topics["items"][0], "item of `topics`");
    assert_documented(&topics["items"][0]["partitionDetails"][0], "`partitionDetails[]`");
    let lag = whole(cluster, &["lag", &scene.group]);
    let group = documented("item of `groups`");
    let fields: BTreeSet<String> = lag["items"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        fields.difference(&group).collect::<Vec<_>>(),
        ["partitions"],
        "the rest are those of a group"
    );
    assert!(group.is_subset(&fields), "{fields:?}");
    assert_documented(&lag["items"][0]["partitions"][0], "`partitions[]` of a group");
    let (code, watched, _) = ktui(
        &cluster.bootstrap(),
        &["lag", "--until", "1000", &scene.group, "--timeout", "1"],
    );
    assert_eq!(code, 0, "{watched}");
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let (watched, seen) = (&watched["items"][0], &lag["items"][0]);
    let added = |several: &Value, one: &Value| -> BTreeSet<String> { &keys(several) - &keys(one) };
    let to_each = documented("added by `--watch`");
    assert_eq!(added(&watched["partitions"][0], &seen["partitions"][0]), to_each);
    assert_eq!(added(watched, seen), &to_each | &documented("added to a group alone"));
    // Other tests make and delete groups on this cluster: there may be failures beside.
    let (_, groups, _) = ktui(&cluster.bootstrap(), &["groups"]);
    assert_documented(item(&groups, "group", scene.group.as_str()), "item of `groups`");
    let (code, mixed, err) = ktui(&cluster.bootstrap(), &["topics", &topic, "no-such-topic"]);
    assert_eq!((code, err.as_str()), (3, ""));
    assert_documented(&mixed["failures"][0], "`failures[]`");
}

#[test]
fn a_script_can_wait_until_a_real_consumer_has_caught_up() {
    for (version, protocol) in PROTOCOLS {
        let cluster = KafkaCluster::shared(version);
        let (topic, group) = (orders(cluster), unique("until"));
        cluster
            .workload()
            .commit(&group, &[(&topic, 0, 5), (&topic, 1, 5), (&topic, 2, 5)]);
        let until = |lag: &str, seconds: &str| {
            let command = [
                "lag",
                "--watch=500ms",
                "--until",
                lag,
                "--timeout",
                seconds,
                &group,
                "--json",
            ];
            plain(&[&["--brokers", &cluster.bootstrap()], &command[..]].concat())
        };
        let (code, out, err) = until("44", "2");
        assert_eq!(code, 4, "{out}{err}");
        assert!(
            err.contains(&format!("not at or under 44 after 2 s: {group} 45")),
            "{err}"
        );
        assert_eq!(until("45", "10").0, 0);
        // A member joins, reads on from there and commits.
        let options = json!({"protocol": protocol});
        let members = cluster.workload().join(&group, &[&topic], options);
        let (code, out, err) = until("0", "60");
        cluster.workload().leave(members);
        assert_eq!((code, err.as_str()), (0, ""), "{version:?} {protocol}: {out}");
        let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
        assert_eq!(last["items"][0]["waiting"], 0, "{last}");
        let truth = describe_groups(cluster, &[&group]);
        assert!(
            !truth.is_empty() && truth.iter().all(|row| row.lag == Some(0)),
            "{truth:?}"
        );
    }
}

#[test]
fn without_a_usable_broker_every_command_says_why_and_ends_with_1() {
    // Ports that nobody listens on any more, and one where somebody listens who never answers.
    let free = || TcpListener::bind("127.0.0.1:0").unwrap();
    let address = |listener: &TcpListener| listener.local_addr().unwrap().to_string();
    let dead = [free(), free()].map(|listener| address(&listener)).join(",");
    let silent = free();
    for (brokers, said) in [(dead, "refused"), (address(&silent), "no answer within")] {
        std::thread::scope(|scope| {
            for command in ["brokers", "topics", "groups", "lag"] {
                let brokers = &brokers;
                scope.spawn(move || {
                    let asked = now();
                    let (code, object, err) = ktui(brokers, &[command]);
                    assert!(asked.elapsed() < LONGEST, "{command} took {:?}", asked.elapsed());
                    assert_eq!((code, object), (1, Value::Null), "{command}: {err}");
                    let is_complete = err.starts_with("ktui: could not connect to ")
                        && err.contains(brokers.split(',').next().unwrap())
                        && err.contains(said)
                        && err.contains("Hint: ");
                    assert!(is_complete, "{command}: {err}");
                });
            }
        });
    }
}

#[test]
fn with_one_of_three_brokers_dead_the_rest_is_told_and_the_unknown_is_null() {
    let cluster = fragile(Version::V4_3_0);
    let topic = ledger(&cluster);
    let group = group_of(&cluster, &[1, 3], &topic);
    let orphan = group_of(&cluster, &[2], &topic);
    let lag = whole(&cluster, &["lag"]);
    assert_eq!(item(&lag, "group", group.as_str())["lag"], 18);
    assert_eq!(item(&lag, "group", orphan.as_str())["lag"], 18);

    cluster.kill_broker(2);
    // At once: the cluster still takes the broker for alive, and it refuses connections.
    let (code, lag, err) = ktui(&cluster.bootstrap(), &["lag", &group]);
    assert_eq!((code, err.as_str()), (3, ""), "{lag}");
    assert_partial_lag(&lag, &group);
    wait::until("the cluster to notice", SOON, || {
        let (code, brokers, _) = ktui(&cluster.bootstrap(), &["brokers"]);
        assert_eq!(code, 3, "{brokers}");
        let dead = item(&brokers, "id", 2);
        assert!(dead["logBytes"].is_null(), "{brokers}");
        assert!(named(&brokers, 2), "{brokers}");
        dead["host"].is_null().then_some(())
    });
    let (code, lag, _) = ktui(&cluster.bootstrap(), &["lag", &group, &orphan]);
    assert_eq!(code, 3, "{lag}");
    assert_partial_lag(&lag, &group);
    let words = lag["failures"].to_string();
    assert!(
        words.contains(&orphan) && !words.contains("does not exist"),
        "nobody can say that the group is gone: {words}"
    );
    let (code, groups, _) = ktui(&cluster.bootstrap(), &["groups"]);
    let seen = item(&groups, "group", group.as_str());
    assert_eq!(
        (code, &seen["lag"], &seen["unknownPartitions"]),
        (3, &json!(12), &json!(1))
    );
    let (code, topics, _) = ktui(&cluster.bootstrap(), &["topics", &topic]);
    let seen = item(&topics, "name", topic.as_str());
    assert_eq!(
        (code, &seen["offline"], &seen["offsetRange"]),
        (3, &json!(1), &Value::Null)
    );
    let lost = &seen["partitionDetails"][1];
    for field in ["leader", "logStart", "end"] {
        assert!(lost[field].is_null(), "{field}: {lost}");
    }
    assert_eq!(seen["partitionDetails"][2]["end"], 10);

    cluster.restart_broker(2);
    let lag = wait::until("everything to be whole again", SOON, || {
        let (code, lag, _) = ktui(&cluster.bootstrap(), &["lag", &group, &orphan]);
        (code == 0).then_some(lag)
    });
    assert_eq!(item(&lag, "group", orphan.as_str())["lag"], 18);
}

/// Whether a failure names this broker.
fn named(object: &Value, broker: i64) -> bool {
    list(&object["failures"])
        .iter()
        .any(|failure| failure["node"] == broker)
}

/// Two partitions with their lag, and one with null whose only copy is dead.
#[track_caller]
fn assert_partial_lag(object: &Value, group: &str) {
    assert!(!list(&object["failures"]).is_empty(), "{object}");
    let seen = item(object, "group", group);
    assert_eq!(
        (&seen["lag"], &seen["unknownPartitions"]),
        (&json!(12), &json!(1)),
        "{object}"
    );
    let partitions: Vec<_> = list(&seen["partitions"])
        .iter()
        .map(|one| (one["committed"].as_i64(), one["end"].as_i64(), one["lag"].as_i64()))
        .collect();
    let known = (Some(4), Some(10), Some(6));
    assert_eq!(partitions, [known, (Some(4), None, None), known], "{object}");
    for (index, case) in ["known", "unknown", "known"].into_iter().enumerate() {
        assert_eq!(seen["partitions"][index]["case"], case, "{object}");
    }
}
