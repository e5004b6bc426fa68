//! No bytes from a socket can panic, abort or hang the client: each of them ends in an answer or an error, in time.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::MetadataResponse;
use ktui::kafka::client::{Client, ClientSettings};
use ktui::kafka::error::Error;
use proptest::prelude::*;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::client_connection::{brokers_of, client_of};
use crate::scripted::{Scripted, encoded, frame, one_broker};

const OFFERS: [(i16, i16, i16); 2] = [(3, 0, 12), (18, 0, 3)];

/// A server that negotiates well and answers the first Metadata request of every connection with what `answer` makes.
async fn answering<A>(answer: A) -> Scripted
where
    A: Fn(&crate::scripted::Asked) -> Vec<u8> + Send + Sync + 'static,
{
    let answer = Arc::new(answer);
    Scripted::start(move |mut caller| {
        let answer = Arc::clone(&answer);
        async move {
            caller.greet(&OFFERS).await;
            while let Some(asked) = caller.request().await {
                let bytes = if caller.index == 0 {
                    answer(&asked)
                } else {
                    encoded(&asked, &MetadataResponse::default())
                };
                caller.send(&bytes).await;
            }
        }
    })
    .await
}

/// The first answer is an error that comes at once, the next question is answered over a new connection.
async fn is_refused_and_survived(name: &str, server: Scripted) -> Error {
    let client = client_of(&[server.address]);
    let begin = Instant::now();
    let error = brokers_of(&client).await.expect_err(name);
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{name} took {:?}",
        begin.elapsed()
    );
    assert_eq!(brokers_of(&client).await, Ok(0), "{name}");
    assert_eq!(server.accepted(), 2, "{name}");
    error
}

#[tokio::test]
async fn answers_that_cannot_be_right_fail_at_once_and_cost_their_connection() {
    let whole = |asked: &crate::scripted::Asked| encoded(asked, &MetadataResponse::default());
    let left_over = answering(move |asked| frame(asked.id, &[&whole(asked)[8..], &[0]].concat())).await;
    let cut = answering(move |asked| frame(asked.id, &whole(asked)[8..20])).await;
    let empty = answering(|asked| frame(asked.id, &[])).await;
    let nobodys = answering(|asked| frame(asked.id + 7, &[0; 40])).await;
    let short = answering(|_| vec![0, 0, 0, 2, 0, 0]).await;
    let huge = answering(|_| vec![0x70, 0, 0, 0, 0, 0, 0, 0]).await;
    let negative = answering(|_| vec![0xff; 16]).await;
    // 2,147,483,647 brokers: more than there can be memory for.
    let many = answering(|asked| frame(asked.id, &[0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 7])).await;
    for (name, server) in [
        ("a byte too much", left_over),
        ("cut", cut),
        ("empty", empty),
        ("not asked for", nobodys),
        ("too short", short),
        ("too long", huge),
        ("negative length", negative),
        ("too many brokers", many),
    ] {
        let error = is_refused_and_survived(name, server).await;
        assert!(matches!(error, Error::Protocol { .. }), "{name}: {error}");
        assert!(error.hint().contains("report"), "{name}");
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn quick(address: std::net::SocketAddr) -> Client {
    let mut settings = ClientSettings::new([address.to_string()]);
    settings.connect_timeout = Duration::from_millis(150);
    settings.request_timeout = Duration::from_millis(150);
    Client::new(settings)
}

/// Whatever came, it came in time (`brokers_of` panics otherwise) and without a panic.
async fn is_survived(server: &Scripted) {
    let _ = brokers_of(&quick(server.address)).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_first_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        runtime().block_on(async {
            let server = Scripted::start(move |mut caller| {
                let bytes = bytes.clone();
                async move {
                    let _ = caller.request().await;
                    caller.send(&bytes).await;
                }
            })
            .await;
            is_survived(&server).await;
        });
    }

    #[test]
    fn any_version_list_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        runtime().block_on(async {
            let server = Scripted::start(move |mut caller| {
                let bytes = bytes.clone();
                async move {
                    while let Some(asked) = caller.request().await {
                        caller.answer_raw(&asked, &bytes).await;
                    }
                }
            })
            .await;
            is_survived(&server).await;
        });
    }

    #[test]
    fn any_changed_byte_of_an_answer_is_survived(at in 0_usize..200, to in any::<u8>(), cut in any::<prop::sample::Index>()) {
        runtime().block_on(async {
            let server = answering(move |asked| {
                let mut bytes = encoded(asked, &one_broker("127.0.0.1:1".parse().unwrap()));
                let at = at % bytes.len();
                bytes[at] = to;
                // Every second time a part is missing as well.
                let keep = if to.is_multiple_of(2) { bytes.len() } else { cut.index(bytes.len()) };
                bytes.truncate(keep);
                bytes
            })
            .await;
            is_survived(&server).await;
        });
    }
}
