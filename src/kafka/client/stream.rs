//! TCP streams to brokers: every resolved address is tried, within one deadline.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::line::Line;
use super::race::staggered;
use crate::kafka::error::Error;

/// What a connection runs over: plain TCP, or anything that wraps it.
pub(super) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// Head start of one address before the next one is tried beside it (RFC 8305 recommends 250 ms).
const HEAD_START: Duration = Duration::from_millis(250);

/// Opens a TCP connection along `line` before `deadline`.
pub(super) async fn dial(line: &Line, deadline: Instant) -> Result<Box<dyn ByteStream>, Error> {
    let started = Instant::now();
    let failed = |reason: String| Error::Connect {
        addr: line.to_string(),
        reason,
    };
    let late = || {
        failed(format!(
            "no connection within {:.1} s",
            (Instant::now() - started).as_secs_f64()
        ))
    };
    let host = (&*line.address.host, line.address.port);
    let resolved = match timeout_at(deadline, tokio::net::lookup_host(host)).await {
        Err(_) => return Err(failed("the name was not resolved in time".to_owned())),
        Ok(Err(error)) => return Err(failed(format!("cannot resolve the name: {}", unresolved(&error)))),
        Ok(Ok(found)) => alternating(found.collect()),
    };
    if resolved.is_empty() {
        return Err(failed("cannot resolve the name: no address".to_owned()));
    }
    let stream = match timeout_at(deadline, first_of(&resolved)).await {
        Err(_) => return Err(late()),
        Ok(Err(reasons)) => return Err(failed(reasons)),
        Ok(Ok(stream)) => stream,
    };
    tune(&stream).map_err(|error| failed(plain(&error)))?;
    Ok(Box::new(stream))
}

/// The resolver's own words, without what the standard library puts before them.
fn unresolved(error: &std::io::Error) -> String {
    error.to_string().replace("failed to lookup address information: ", "")
}

/// IPv6 and IPv4 in turns, so that a dead family costs one head start and not one per address.
fn alternating(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let prefers_v6 = found.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = found.into_iter().partition(|addr| addr.is_ipv6() == prefers_v6);
    let mut mixed = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        match (first.next(), second.next()) {
            (None, None) => return mixed,
            (one, other) => mixed.extend(one.into_iter().chain(other)),
        }
    }
}

/// The first address that accepts.
async fn first_of(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let connect = |addr: &SocketAddr| TcpStream::connect(*addr);
    let reason = |(addr, error): &(SocketAddr, io::Error)| match addresses {
        [_] => plain(error),
        _ => format!("{addr}: {}", plain(error)),
    };
    let errors = match staggered(addresses.to_vec(), HEAD_START, connect).await {
        Ok(stream) => return Ok(stream),
        Err(errors) => errors,
    };
    Err(errors.iter().map(reason).collect::<Vec<_>>().join(", "))
}

/// Small frames leave at once; a peer that vanished is noticed after about a minute of silence.
fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(10))
        .with_retries(3);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// The system's words for an I/O error, without its number.
pub(super) fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
        io::ErrorKind::BrokenPipe => "broken pipe".to_owned(),
        io::ErrorKind::TimedOut => "timed out".to_owned(),
        io::ErrorKind::HostUnreachable => "host unreachable".to_owned(),
        io::ErrorKind::NetworkUnreachable => "network unreachable".to_owned(),
        io::ErrorKind::UnexpectedEof => "end of stream".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::super::address::Peer;
    use super::*;

    fn line(text: &str) -> Line {
        Line::new(Peer::bootstrap(text.parse().unwrap()), &Arc::default())
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    #[tokio::test]
    async fn a_listener_on_an_ipv6_literal_is_reached() {
        let Ok(listener) = TcpListener::bind("[::1]:0").await else {
            // A machine without IPv6 cannot show this.
            return;
        };
        let address = listener.local_addr().unwrap().to_string();
        let (dialled, accepted) = tokio::join!(dial_peer(&address), listener.accept());
        let (mut dialled, (mut accepted, _)) = (dialled.unwrap(), accepted.unwrap());
        dialled.write_all(b"hello").await.unwrap();
        let mut heard = [0; 5];
        accepted.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hello");
    }

    async fn dial_peer(address: &str) -> Result<Box<dyn ByteStream>, Error> {
        dial(&line(address), soon()).await
    }

    #[tokio::test]
    async fn a_port_where_nothing_listens_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let error = dial_peer(&address).await.err().unwrap();
        assert_eq!(
            error,
            Error::Connect {
                addr: address,
                reason: "connection refused".into()
            }
        );
    }

    #[tokio::test]
    async fn one_live_address_among_dead_ones_is_found() {
        let live = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dead = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (live_at, dead_at) = (live.local_addr().unwrap(), dead.local_addr().unwrap());
        drop(dead);
        let stream = first_of(&[dead_at, dead_at, live_at]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), live_at);
        let reasons = first_of(&[dead_at, dead_at]).await.unwrap_err();
        assert_eq!(reasons.matches("connection refused").count(), 2);
    }

    #[tokio::test]
    async fn a_name_that_cannot_be_resolved_says_so() {
        let mut nowhere = line("kafka");
        nowhere.address.host = "kafka\0".into();
        let error = dial(&nowhere, soon()).await.err().unwrap();
        assert!(error.to_string().contains("cannot resolve the name"), "{error}");
    }

    #[test]
    fn address_families_take_turns() {
        let parse = |list: &[&str]| list.iter().map(|a| a.parse().unwrap()).collect::<Vec<SocketAddr>>();
        assert_eq!(
            alternating(parse(&["[::1]:1", "[::2]:1", "127.0.0.1:1", "[::3]:1"])),
            parse(&["[::1]:1", "127.0.0.1:1", "[::2]:1", "[::3]:1"])
        );
    }
}
