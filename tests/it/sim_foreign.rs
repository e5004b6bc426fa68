//! The simulated cluster against kcat (librdkafka), so that it and ktui's client cannot share one wrong idea of the
//! protocol.

use ktui::sim::{ApiProfile, SimCluster, SimSpec, TopicSpec};
use serde_json::Value;

use crate::support::kcat;

fn bootstrap(cluster: &SimCluster) -> String {
    cluster
        .bootstrap()
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

fn json_lines(printed: &[u8]) -> Vec<Value> {
    serde_json::Deserializer::from_slice(printed)
        .into_iter()
        .map(|one| one.expect("kcat prints JSON"))
        .collect()
}

fn payloads(printed: &[u8]) -> Vec<String> {
    json_lines(printed)
        .iter()
        .map(|record| record["payload"].as_str().unwrap_or("null").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kcat_lists_brokers_topics_and_partitions_of_every_profile() {
    for profile in ApiProfile::ALL {
        let spec = SimSpec::small().brokers(3).profile(profile);
        let cluster = SimCluster::start(spec.add_topic(TopicSpec::new("orders", 4).replication(3)))
            .await
            .unwrap();
        let listed = json_lines(&kcat::run(&bootstrap(&cluster), &["-L", "-J"], b"")).remove(0);
        assert_eq!(listed["brokers"].as_array().unwrap().len(), 3, "{}", profile.name);
        let topics = listed["topics"].as_array().unwrap();
        let orders = topics.iter().find(|topic| topic["topic"] == "orders").unwrap();
        assert_eq!(orders["partitions"].as_array().unwrap().len(), 4);
        assert_eq!(orders["partitions"][0]["replicas"].as_array().unwrap().len(), 3);
    }
}

async fn round_trip(profile: ApiProfile, codec: &str) {
    let cluster = SimCluster::start(SimSpec::small().brokers(2).profile(profile).topic("orders", 2))
        .await
        .unwrap();
    let at = bootstrap(&cluster);
    let lines = (0..200).fold(String::new(), |lines, n| lines + &format!("key-{}:value {n}\n", n % 7));
    let arguments = ["-P", "-t", "orders", "-K", ":", "-z", codec, "-H", "trace=abc"];
    kcat::run(&at, &arguments, lines.as_bytes());
    let printed = kcat::run(&at, &["-C", "-t", "orders", "-o", "beginning", "-e", "-J"], b"");
    let mut values = payloads(&printed);
    values.sort_by_key(|value| value["value ".len()..].parse::<u32>().unwrap());
    let expected: Vec<String> = (0..200).map(|n| format!("value {n}")).collect();
    assert_eq!(values, expected, "{} {codec}", profile.name);
    let record = &json_lines(&printed)[0];
    assert_eq!(record["headers"], serde_json::json!(["trace", "abc"]));
    assert!(record["ts"].as_i64().unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_kcat_produces_to_any_profile_it_consumes_again() {
    for profile in ApiProfile::ALL {
        round_trip(profile, "zstd").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_kcat_produces_with_any_codec_it_consumes_again() {
    for codec in ["none", "gzip", "snappy", "lz4"] {
        round_trip(ApiProfile::KAFKA_4_1, codec).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kcat_reads_the_last_records_and_from_a_time() {
    let cluster = SimCluster::start(SimSpec::small().topic("orders", 1)).await.unwrap();
    let handle = cluster.handle();
    for n in 0..20 {
        handle.append(
            "orders",
            0,
            [ktui::sim::batch::Record::value(format!("{n}")).at(1_000 + n)],
        );
    }
    let at = bootstrap(&cluster);
    let read = |from: &str| {
        payloads(&kcat::run(
            &at,
            &["-C", "-t", "orders", "-p", "0", "-o", from, "-e", "-J"],
            b"",
        ))
    };
    assert_eq!(read("-5"), ["15", "16", "17", "18", "19"]);
    assert_eq!(read("s@1018"), ["18", "19"]);
    let offsets = kcat::run(&at, &["-Q", "-t", "orders:0:1007"], b"");
    assert!(
        String::from_utf8_lossy(&offsets).contains("offset 7"),
        "{}",
        String::from_utf8_lossy(&offsets)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kcat_goes_on_with_two_of_three_brokers() {
    let spec = SimSpec::small()
        .brokers(3)
        .add_topic(TopicSpec::new("orders", 6).replication(3));
    let cluster = SimCluster::start(spec).await.unwrap();
    let at = bootstrap(&cluster);
    kcat::run(&at, &["-P", "-t", "orders"], b"a\nb\nc\n");
    cluster.handle().kill_broker(2);
    let listed = json_lines(&kcat::run(&at, &["-L", "-J"], b"")).remove(0);
    assert_eq!(listed["brokers"].as_array().unwrap().len(), 2);
    kcat::run(&at, &["-P", "-t", "orders"], b"d\ne\nf\n");
    let mut values = payloads(&kcat::run(
        &at,
        &["-C", "-t", "orders", "-o", "beginning", "-e", "-J"],
        b"",
    ));
    values.sort();
    assert_eq!(values, ["a", "b", "c", "d", "e", "f"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotent_producer_gets_its_id() {
    let cluster = SimCluster::start(SimSpec::small().topic("orders", 1)).await.unwrap();
    let at = bootstrap(&cluster);
    kcat::run(
        &at,
        &["-P", "-t", "orders", "-X", "enable.idempotence=true"],
        b"one\ntwo\n",
    );
    assert_eq!(
        payloads(&kcat::run(&at, &["-C", "-t", "orders", "-e", "-J"], b"")),
        ["one", "two"]
    );
    assert_eq!(cluster.handle().requests(22), 1);
}
