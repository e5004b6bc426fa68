//! Sockets: accepting, framing, one request at a time per connection, and the faults that concern bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::Shared;
use super::api::{self, Answer, Call};
use super::fault::{Fault, Injected};
use super::stats::SeenRequest;
use crate::task::{self, Task};

/// Largest request; Kafka's `socket.request.max.bytes` is 100 MiB too.
const MAX_FRAME: usize = 100 << 20;
/// Most connections per broker; more are closed at once.
const MAX_CONNECTIONS: usize = 512;
/// Bytes of a request header that every version has: key, version, correlation id.
const LEAST_HEADER: usize = 8;

/// A broker's address: kept while the broker is down, so that it comes back on the same port.
#[derive(Debug)]
pub(super) struct Listener {
    address: SocketAddr,
    _reserved: TcpSocket,
    accepting: Option<Task<()>>,
}

impl Listener {
    /// Takes a free port of 127.0.0.1 without listening on it.
    pub(super) fn reserve() -> std::io::Result<Self> {
        let reserved = TcpSocket::new_v4()?;
        reserved.set_reuseaddr(true)?;
        reserved.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok(Self {
            address: reserved.local_addr()?,
            _reserved: reserved,
            accepting: None,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening and closes every connection.
    pub(super) fn close(&mut self) {
        self.accepting = None;
    }
}

/// Lets a broker listen. Nothing happens when it already does, or when the cluster is gone.
pub(super) fn open(shared: &Arc<Shared>, broker: i32) -> std::io::Result<()> {
    let mut listeners = shared.listeners();
    let Some(slot) = listeners.get_mut(&broker).filter(|slot| slot.accepting.is_none()) else {
        return Ok(());
    };
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(slot.address)?;
    let listener = socket.listen(1024)?;
    slot.accepting = Some(task::spawn(accept(shared.clone(), broker, listener)));
    Ok(())
}

async fn accept(shared: Arc<Shared>, broker: i32, listener: TcpListener) {
    let mut connections: Vec<Task<()>> = Vec::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await; // out of file descriptors: others may close some
            continue;
        };
        connections.retain(|connection| !connection.is_finished());
        if connections.len() >= MAX_CONNECTIONS || shared.rules().strike_accept(broker) {
            continue;
        }
        let number = shared.stats().connected();
        let connection = Connection {
            shared: shared.clone(),
            broker,
            number,
            stream,
            buffer: BytesMut::new(),
        };
        connections.push(task::spawn(connection.serve()));
    }
}

struct Connection {
    shared: Arc<Shared>,
    broker: i32,
    number: u64,
    stream: TcpStream,
    buffer: BytesMut,
}

/// Whether a connection goes on after a request.
#[derive(PartialEq, Eq)]
enum Then {
    Continue,
    Close,
}

impl Connection {
    async fn serve(mut self) {
        if self.stream.set_nodelay(true).is_err() {
            return;
        }
        while let Ok(Some(frame)) = self.read_frame().await {
            match self.serve_one(frame).await {
                Ok(Then::Continue) => {}
                Ok(Then::Close) | Err(_) => break,
            }
        }
    }

    /// The next whole request; `None` at the end of the stream and for lengths no broker accepts. The buffer grows
    /// with what arrives, not with what a length claims.
    async fn read_frame(&mut self) -> std::io::Result<Option<Bytes>> {
        loop {
            if let Some(prefix) = self.buffer.first_chunk::<4>() {
                let claimed = i32::from_be_bytes(*prefix);
                let Some(length) = usize::try_from(claimed).ok().filter(|length| *length <= MAX_FRAME) else {
                    return Ok(None);
                };
                if self.buffer.len() >= 4 + length {
                    self.buffer.advance(4);
                    return Ok(Some(self.buffer.split_to(length).freeze()));
                }
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    async fn serve_one(&mut self, mut frame: Bytes) -> std::io::Result<Then> {
        if frame.len() < LEAST_HEADER {
            return Ok(Then::Close);
        }
        let bytes = frame.len() + 4;
        let (api_key, version) = (frame.slice(0..2).get_i16(), frame.slice(2..4).get_i16());
        let Some(header) = api::decode_header(&mut frame, api_key, version) else {
            return Ok(Then::Close);
        };
        let client_id = header.client_id.map(|id| id.to_string()).unwrap_or_default();
        let seen = SeenRequest {
            broker: self.broker,
            connection: self.number,
            api_key,
            version,
            client_id,
            bytes,
        };
        self.shared.stats().seen(seen);
        let faults = self.shared.rules().strike(self.broker, api_key);
        if faults.contains(&Fault::CloseUnserved) {
            return Ok(Then::Close);
        }
        for fault in &faults {
            if let Fault::Delay(time) = fault {
                tokio::time::sleep(*time).await;
            }
        }
        let mute = faults.iter().find_map(|fault| {
            if let Fault::Throttle(time) = fault {
                Some(*time)
            } else {
                None
            }
        });
        let call = Call {
            shared: &self.shared,
            broker: self.broker,
            api_key,
            version,
            correlation_id: header.correlation_id,
            throttle_ms: mute.map_or(0, |time| time.as_millis() as i32),
            injected: Injected::of(&faults),
        };
        let answer = match api::answer(&call, frame).await {
            Answer::Frame(frame) => frame,
            Answer::Silence => return Ok(Then::Continue),
            Answer::Close => return Ok(Then::Close),
        };
        self.shared.stats().answered(self.broker, api_key, answer.len());
        let then = self.send(answer, &faults).await?;
        if let Some(time) = mute {
            tokio::time::sleep(time).await;
        }
        Ok(then)
    }

    async fn send(&mut self, mut answer: BytesMut, faults: &[Fault]) -> std::io::Result<Then> {
        let mut then = Then::Continue;
        for fault in faults {
            match fault {
                Fault::NeverAnswer => std::future::pending().await,
                Fault::SkipAnswer => return Ok(then),
                Fault::CloseUnanswered => return Ok(Then::Close),
                Fault::Truncate { bytes } => {
                    answer.truncate(*bytes);
                    then = Then::Close;
                }
                Fault::Garbage(bytes) => {
                    answer.clear();
                    answer.put_slice(bytes);
                }
                Fault::ClaimLength(length) => {
                    if let Some(prefix) = answer.first_chunk_mut::<4>() {
                        *prefix = length.to_be_bytes();
                    }
                }
                Fault::Delay(_) | Fault::CloseOnAccept | Fault::CloseUnserved => {}
                Fault::Error { .. } | Fault::Throttle(_) => {}
            }
        }
        self.stream.write_all(&answer).await?;
        Ok(then)
    }
}
