//! A server whose every byte the test decides: what real brokers never send, ktui must survive.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::metadata_response::MetadataResponseBroker;
use kafka_protocol::messages::{ApiVersionsResponse, BrokerId, MetadataResponse, ResponseHeader};
use kafka_protocol::protocol::{Encodable, HeaderVersion, StrBytes};
use ktui::task::{Task, spawn};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as read from the socket.
pub struct Asked {
    /// API key.
    pub key: i16,
    /// API version.
    pub version: i16,
    /// Correlation id.
    pub id: i32,
}

/// The server's end of one connection.
pub struct Caller {
    stream: TcpStream,
    /// How many connections came before this one.
    pub index: usize,
}

impl Caller {
    /// The next request; `None` when the client hung up.
    pub async fn request(&mut self) -> Option<Asked> {
        let length = self.stream.read_u32().await.ok()? as usize;
        assert!(length < 1 << 20, "a request of {length} bytes");
        let mut frame = vec![0; length];
        self.stream.read_exact(&mut frame).await.ok()?;
        let mut frame = Bytes::from(frame);
        Some(Asked {
            key: frame.get_i16(),
            version: frame.get_i16(),
            id: frame.get_i32(),
        })
    }

    /// Sends bytes as they are. The client may have hung up.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Answers with `body` behind a correct length and header.
    pub async fn answer_raw(&mut self, asked: &Asked, body: &[u8]) {
        self.send(&frame(asked.id, body)).await;
    }

    /// Answers in the format of the request's version.
    pub async fn answer<R: Encodable + HeaderVersion>(&mut self, asked: &Asked, answer: &R) {
        self.send(&encoded(asked, answer)).await;
    }

    /// Answers ApiVersions (at whatever version it is asked) and returns.
    pub async fn greet(&mut self, offers: &[(i16, i16, i16)]) {
        let Some(asked) = self.request().await else { return };
        assert_eq!(asked.key, 18, "a connection starts with ApiVersions");
        self.answer(&asked, &versions(offers)).await;
    }

    /// Waits until the client hangs up.
    pub async fn until_hung_up(&mut self) {
        let mut sink = [0; 1024];
        while matches!(self.stream.read(&mut sink).await, Ok(count) if count > 0) {}
    }
}

/// A whole frame: length, correlation id, body.
pub fn frame(id: i32, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.put_u32(body.len() as u32 + 4);
    bytes.put_i32(id);
    bytes.put_slice(body);
    bytes
}

/// A whole frame that answers `asked`.
pub fn encoded<R: Encodable + HeaderVersion>(asked: &Asked, answer: &R) -> Vec<u8> {
    let mut body = BytesMut::new();
    let header = ResponseHeader::default().with_correlation_id(asked.id);
    header.encode(&mut body, R::header_version(asked.version)).unwrap();
    answer.encode(&mut body, asked.version).unwrap();
    frame(asked.id, &body[4..])
}

/// An ApiVersions answer.
pub fn versions(offers: &[(i16, i16, i16)]) -> ApiVersionsResponse {
    let api = |(key, min, max): &(i16, i16, i16)| {
        ApiVersion::default()
            .with_api_key(*key)
            .with_min_version(*min)
            .with_max_version(*max)
    };
    ApiVersionsResponse::default().with_api_keys(offers.iter().map(api).collect())
}

/// A Metadata answer with one broker, 1, at `address`, and no topics.
pub fn one_broker(address: SocketAddr) -> MetadataResponse {
    let broker = MetadataResponseBroker::default()
        .with_node_id(BrokerId(1))
        .with_host(StrBytes::from_string(address.ip().to_string()))
        .with_port(i32::from(address.port()));
    MetadataResponse::default()
        .with_brokers(vec![broker])
        .with_controller_id(BrokerId(1))
}

/// A listening server; ends with the value.
pub struct Scripted {
    /// Where it listens.
    pub address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    _task: Task<()>,
}

impl Scripted {
    /// Listens on a free port and runs `script` for every connection.
    pub async fn start<S, F>(script: S) -> Self
    where
        S: Fn(Caller) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let task = spawn(async move {
            let mut running = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                let index = count.fetch_add(1, Ordering::SeqCst);
                running.retain(|task: &Task<()>| !task.is_finished());
                running.push(spawn(script(Caller { stream, index })));
            }
        });
        Self {
            address,
            accepted,
            _task: task,
        }
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// An address on which nothing listens.
pub async fn dead_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}
