//! Connecting: what speaks Kafka, what does not, and how versions are agreed on.

use std::net::SocketAddr;
use std::time::Duration;

use kafka_protocol::messages::{CreateTopicsRequest, CreateTopicsResponse, MetadataResponse};
use kafka_protocol::protocol::VersionRange;
use ktui::kafka::client::{Client, ClientSettings, ConnectionState, MetadataScope, Node, Purpose};
use ktui::kafka::error::{Error, Speaks};
use ktui::kafka::partial::Partial;
use tokio::time::{Instant, timeout};

use crate::scripted::{Scripted, dead_address, encoded, one_broker, versions};

/// Longer than anything here takes on a busy machine.
const SOON: Duration = Duration::from_secs(20);
const OFFERS: [(i16, i16, i16); 3] = [(3, 0, 12), (18, 0, 3), (19, 0, 7)];

pub fn client_of(addresses: &[SocketAddr]) -> Client {
    Client::new(ClientSettings::new(addresses.iter().map(ToString::to_string)))
}

fn impatient(address: SocketAddr) -> Client {
    let mut settings = ClientSettings::new([address.to_string()]);
    settings.connect_timeout = Duration::from_millis(300);
    settings.request_timeout = Duration::from_millis(300);
    Client::new(settings)
}

pub async fn brokers_of(client: &Client) -> Result<usize, Error> {
    let metadata = timeout(SOON, client.metadata(MetadataScope::None))
        .await
        .expect("in time");
    metadata.map(|Partial { value, .. }| value.cluster.brokers.len())
}

/// The outcome of the only bootstrap address.
async fn outcome_of(client: &Client) -> Error {
    match brokers_of(client).await {
        Err(Error::NoBroker { attempts }) if attempts.len() == 1 => attempts[0].1.clone(),
        other => panic!("{other:?}"),
    }
}

/// A server that sends `bytes` at once and then waits.
async fn shouting(bytes: &'static [u8]) -> Scripted {
    Scripted::start(move |mut caller| async move {
        caller.send(bytes).await;
        caller.until_hung_up().await;
    })
    .await
}

#[tokio::test]
async fn a_port_that_speaks_http_is_told_from_its_first_bytes() {
    let server = shouting(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
    let error = outcome_of(&client_of(&[server.address])).await;
    assert_eq!(
        error,
        Error::NotKafka {
            addr: server.address.to_string(),
            speaks: Speaks::Http
        }
    );
    assert!(error.hint().contains("HTTP port"));
}

#[tokio::test]
async fn a_port_that_speaks_tls_is_told_from_its_alert() {
    let server = shouting(&[0x15, 3, 3, 0, 2, 2, 80]).await;
    let error = outcome_of(&client_of(&[server.address])).await;
    assert!(
        matches!(
            error,
            Error::NotKafka {
                speaks: Speaks::Tls,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.hint().contains("SASL_SSL"));
}

#[tokio::test]
async fn any_other_service_is_not_waited_for() {
    for hello in [
        &b"SSH-2.0-OpenSSH_9.2p1\r\n"[..],
        &[0, 0, 0, 0],
        &[0, 0, 0, 3, 1, 2, 3],
        &[0x7f, 0xff, 0xff, 0xff],
    ] {
        let server = shouting(hello).await;
        let begin = Instant::now();
        let error = outcome_of(&client_of(&[server.address])).await;
        assert!(
            matches!(
                error,
                Error::NotKafka {
                    speaks: Speaks::Other,
                    ..
                }
            ),
            "{hello:?}: {error}"
        );
        assert!(begin.elapsed() < Duration::from_secs(3));
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_is_tried_once_more_and_probably_wants_tls_or_sasl() {
    let server = Scripted::start(|mut caller| async move {
        let _ = caller.request().await;
    })
    .await;
    let error = outcome_of(&client_of(&[server.address])).await;
    assert!(matches!(error, Error::Closed { .. }), "{error}");
    assert!(error.hint().contains("SASL or TLS"));
    assert_eq!(server.accepted(), 2, "the second time with the oldest version");
}

#[tokio::test]
async fn a_proxy_that_hangs_up_on_new_versions_is_asked_with_version_0() {
    let server = Scripted::start(|mut caller| async move {
        let Some(asked) = caller.request().await else { return };
        if asked.version > 0 {
            return;
        }
        caller.answer(&asked, &versions(&OFFERS)).await;
        while let Some(asked) = caller.request().await {
            caller.answer(&asked, &MetadataResponse::default()).await;
        }
    })
    .await;
    assert_eq!(brokers_of(&client_of(&[server.address])).await, Ok(0));
    assert_eq!(server.accepted(), 2);
}

/// A broker that refuses ApiVersions above `newest` with error 35, with or without saying what it can do.
async fn older_broker(newest: i16, says: bool) -> Scripted {
    Scripted::start(move |mut caller| async move {
        while let Some(asked) = caller.request().await {
            match asked.key {
                18 if asked.version > newest => {
                    let listed: &[_] = if says { &[(18, 0, newest)] } else { &[] };
                    let v0 = crate::scripted::Asked { version: 0, ..asked };
                    caller.send(&encoded(&v0, &versions(listed).with_error_code(35))).await;
                }
                18 => caller.answer(&asked, &versions(&OFFERS)).await,
                _ => caller.answer(&asked, &MetadataResponse::default()).await,
            }
        }
    })
    .await
}

#[tokio::test]
async fn older_brokers_are_asked_again_on_the_same_connection() {
    for (newest, says) in [(3, true), (2, true), (2, false), (0, false)] {
        let server = older_broker(newest, says).await;
        assert_eq!(
            brokers_of(&client_of(&[server.address])).await,
            Ok(0),
            "{newest} {says}"
        );
        assert_eq!(server.accepted(), 1, "{newest} {says}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_costs_the_connect_timeout() {
    let server = shouting(b"").await;
    let error = outcome_of(&impatient(server.address)).await;
    assert!(
        matches!(&error, Error::Timeout { what, .. } if what == "ApiVersions"),
        "{error}"
    );
}

#[tokio::test]
async fn every_bootstrap_entry_is_named_with_its_own_outcome() {
    let http = shouting(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let dead = dead_address().await;
    let list = format!("{dead}, {}, kafka:port", http.address);
    let client = Client::new(ClientSettings::new([list]));
    let Err(Error::NoBroker { attempts }) = brokers_of(&client).await else {
        panic!("an error")
    };
    let of = |address: &str| {
        attempts
            .iter()
            .find(|(named, _)| named == address)
            .map(|(_, error)| error.to_string())
    };
    assert_eq!(attempts.len(), 3);
    assert!(of(&dead.to_string()).unwrap().contains("connection refused"));
    assert!(of(&http.address.to_string()).unwrap().contains("HTTP"));
    assert!(of("kafka:port").unwrap().contains("not a number"));
    assert!(matches!(
        *client.connection_state().borrow(),
        ConnectionState::Disconnected(_)
    ));
}

#[tokio::test]
async fn silent_and_dead_bootstrap_addresses_do_not_keep_a_live_one_waiting() {
    let silent = shouting(b"").await;
    let live = older_broker(3, true).await;
    let client = client_of(&[silent.address, dead_address().await, live.address]);
    let begin = Instant::now();
    assert_eq!(brokers_of(&client).await, Ok(0));
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    assert_eq!(*client.connection_state().borrow(), ConnectionState::Connected);
}

#[tokio::test]
async fn a_request_without_answer_ends_at_its_deadline_and_its_late_answer_is_counted() {
    let server = Scripted::start(|mut caller| async move {
        caller.greet(&OFFERS).await;
        let Some(first) = caller.request().await else { return };
        // Answered only after the next question has come.
        let Some(second) = caller.request().await else { return };
        caller.answer(&first, &MetadataResponse::default()).await;
        caller.answer(&second, &MetadataResponse::default()).await;
        caller.until_hung_up().await;
    })
    .await;
    let client = impatient(server.address);
    let begin = Instant::now();
    let error = brokers_of(&client).await.unwrap_err();
    assert!(
        matches!(&error, Error::Timeout { what, .. } if what == "Metadata"),
        "{error}"
    );
    assert!(begin.elapsed() >= Duration::from_millis(290));
    assert_eq!(brokers_of(&client).await, Ok(0), "the connection is still good");
    let stats = client.stats();
    assert_eq!((stats.total.late, stats.total.requests, stats.total.errors), (1, 3, 1));
    assert_eq!(server.accepted(), 1);
    let named: Vec<_> = stats
        .apis
        .iter()
        .map(|(name, counts)| (name.as_str(), counts.requests))
        .collect();
    assert_eq!(named, [("Metadata", 2), ("ApiVersions", 1)]);
}

#[tokio::test]
async fn a_connection_that_leaves_requests_unanswered_is_replaced() {
    let server = Scripted::start(|mut caller| async move {
        caller.greet(&OFFERS).await;
        if caller.index == 0 {
            caller.until_hung_up().await;
        }
        while let Some(asked) = caller.request().await {
            caller.answer(&asked, &MetadataResponse::default()).await;
        }
    })
    .await;
    let client = impatient(server.address);
    for _ in 0..2 {
        let error = brokers_of(&client).await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error}");
    }
    assert_eq!(brokers_of(&client).await, Ok(0));
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn a_read_whose_connection_breaks_is_asked_again() {
    let server = Scripted::start(|mut caller| async move {
        caller.greet(&OFFERS).await;
        while let Some(asked) = caller.request().await {
            if caller.index == 0 {
                return;
            }
            caller.answer(&asked, &MetadataResponse::default()).await;
        }
    })
    .await;
    assert_eq!(brokers_of(&client_of(&[server.address])).await, Ok(0));
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn a_change_whose_connection_breaks_is_never_sent_twice() {
    let (tx, mut rx) = tokio::sync::mpsc::channel(8);
    let server = Scripted::start(move |mut caller| {
        let tx = tx.clone();
        async move {
            caller.greet(&OFFERS).await;
            if let Some(asked) = caller.request().await {
                tx.send(asked.key).await.unwrap();
            }
        }
    })
    .await;
    let client = client_of(&[server.address]);
    client.unlock().unwrap();
    let versions = VersionRange { min: 2, max: 7 };
    let build = |_| CreateTopicsRequest::default();
    let answer = client
        .call::<CreateTopicsRequest, _>(Node::Any, Purpose::Interactive, versions, build)
        .await;
    let error = answer.map(|answer| answer.response).err().unwrap();
    assert!(
        matches!(&error, Error::Closed { what, .. } if what == "CreateTopics"),
        "{error}"
    );
    assert_eq!(rx.recv().await, Some(19));
    assert!(rx.try_recv().is_err());
}

#[tokio::test]
async fn a_throttled_client_waits_before_it_sends_again() {
    let server = Scripted::start(|mut caller| async move {
        caller.greet(&OFFERS).await;
        while let Some(asked) = caller.request().await {
            let pause = if asked.key == 3 { 400 } else { 0 };
            if asked.key == 19 {
                caller.answer(&asked, &CreateTopicsResponse::default()).await;
            } else {
                caller
                    .answer(&asked, &MetadataResponse::default().with_throttle_time_ms(pause))
                    .await;
            }
        }
    })
    .await;
    let client = client_of(&[server.address]);
    brokers_of(&client).await.unwrap();
    let begin = Instant::now();
    brokers_of(&client).await.unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(350), "{:?}", begin.elapsed());
    assert_eq!(client.stats().total.throttled, Duration::from_millis(800));
}

#[tokio::test]
async fn an_advertised_address_that_does_not_work_is_told_from_a_dead_broker() {
    let advertised = dead_address().await;
    let server = Scripted::start(move |mut caller| async move {
        caller.greet(&OFFERS).await;
        while let Some(asked) = caller.request().await {
            caller.answer(&asked, &one_broker(advertised)).await;
        }
    })
    .await;
    let client = client_of(&[server.address]);
    assert_eq!(brokers_of(&client).await, Ok(1), "the bootstrap address still serves");
    let error = client
        .supports(Node::Broker(ktui::kafka::model::BrokerId(1)), 3)
        .await
        .unwrap_err();
    let Error::WrongListener {
        bootstrap,
        advertised: named,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(
        (bootstrap.clone(), named.clone()),
        (server.address.to_string(), advertised.to_string())
    );
    assert!(error.hint().contains("advertised.listeners"));
    assert!(error.to_string().contains("connection refused"));
}

#[tokio::test]
async fn a_request_the_node_does_not_offer_is_not_sent() {
    let server = older_broker(3, true).await;
    let client = client_of(&[server.address]);
    client.unlock().unwrap();
    let build = |_| CreateTopicsRequest::default();
    let versions = VersionRange { min: 8, max: 9 };
    let answer = client
        .call::<CreateTopicsRequest, _>(Node::Any, Purpose::Interactive, versions, build)
        .await;
    let error = answer.map(|answer| answer.response).err().unwrap();
    assert!(
        matches!(&error, Error::Unsupported { offers: Some(range), .. } if range.max == 7),
        "{error}"
    );
    assert_eq!(
        client.supports(Node::Any, 3).await,
        Ok(Some(VersionRange { min: 0, max: 12 }))
    );
    assert_eq!(client.supports(Node::Any, 60).await, Ok(None));
}

#[tokio::test]
async fn each_purpose_has_a_connection_of_its_own() {
    let server = older_broker(3, true).await;
    let client = client_of(&[server.address]);
    for purpose in [Purpose::Interactive, Purpose::Bulk, Purpose::Fetch, Purpose::Bulk] {
        let build = |_| kafka_protocol::messages::MetadataRequest::default().with_topics(Some(Vec::new()));
        let versions = VersionRange { min: 4, max: 9 };
        let call = client.call::<kafka_protocol::messages::MetadataRequest, _>(Node::Any, purpose, versions, build);
        assert_eq!(call.await.unwrap().version, 9);
    }
    assert_eq!(server.accepted(), 3);
}

#[tokio::test]
async fn given_up_requests_cannot_block_a_connection_for_ever() {
    let server = Scripted::start(|mut caller| async move {
        caller.greet(&OFFERS).await;
        if caller.index == 0 {
            caller.until_hung_up().await;
        }
        while let Some(asked) = caller.request().await {
            caller.answer(&asked, &MetadataResponse::default()).await;
        }
    })
    .await;
    let client = impatient(server.address);
    client.supports(Node::Any, 3).await.unwrap();
    // As many as may be under way, none of them waited for.
    for _ in 0..40 {
        let _ = timeout(Duration::from_millis(1), client.metadata(MetadataScope::None)).await;
    }
    let begin = Instant::now();
    while brokers_of(&client).await.is_err() {
        assert!(begin.elapsed() < SOON, "a new connection is made");
    }
    assert_eq!(server.accepted(), 2);
}
