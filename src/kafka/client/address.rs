//! Where a broker listens: `host:port`, IPv6 literals in brackets.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::kafka::model::{Broker, BrokerId};

/// Kafka's port where an address names none.
pub(super) const DEFAULT_PORT: u16 = 9092;

/// Host and port of a listener.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Address {
    /// Name or IP literal, without brackets.
    pub(super) host: Arc<str>,
    /// TCP port.
    pub(super) port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Address {
    type Err = String;

    /// Reads `host`, `host:port`, `[v6]:port`, a bare v6 literal, each with an optional `PLAINTEXT://` in front.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        let (host, port) = if let Some(bracketed) = rest.strip_prefix('[') {
            let (host, tail) = bracketed.split_once(']').ok_or("the bracket is not closed")?;
            let port = match tail {
                "" => None,
                _ => Some(tail.strip_prefix(':').ok_or("no colon between bracket and port")?),
            };
            (host, port)
        } else {
            match rest.split_once(':') {
                Some((_, tail)) if tail.contains(':') => (rest, None),
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            }
        };
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
            return Err("not a host and port".to_owned());
        }
        let port = match port {
            None => DEFAULT_PORT,
            Some(digits) => match digits.parse::<u16>() {
                Ok(port) if port > 0 => port,
                _ => return Err("the port is not a number from 1 to 65535".to_owned()),
            },
        };
        Ok(Self {
            host: host.into(),
            port,
        })
    }
}

/// Somebody to call: an address and, where it is known, the broker behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    /// Where it listens.
    pub(super) address: Address,
    /// Who it is; `None` for a bootstrap address.
    pub(super) broker: Option<BrokerId>,
}

impl Peer {
    /// An address from the bootstrap list.
    pub(super) fn bootstrap(address: Address) -> Self {
        Self { address, broker: None }
    }

    /// The advertised listener of a broker; `None` when its port is not one.
    pub(super) fn advertised(broker: &Broker) -> Option<Self> {
        let port = u16::try_from(broker.port).ok().filter(|port| *port > 0)?;
        Some(Self {
            address: Address {
                host: Arc::clone(&broker.host),
                port,
            },
            broker: Some(broker.id),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, u16), String> {
        text.parse::<Address>().map(|a| (a.host.to_string(), a.port))
    }

    #[test]
    fn addresses_are_read_with_and_without_port() {
        for (text, host, port) in [
            ("kafka-1", "kafka-1", 9092),
            (" kafka-1:19092 ", "kafka-1", 19092),
            ("10.0.0.1:9093", "10.0.0.1", 9093),
            ("[::1]:9093", "::1", 9093),
            ("[fe80::1]", "fe80::1", 9092),
            ("2001:db8::7", "2001:db8::7", 9092),
            ("PLAINTEXT://kafka:29092", "kafka", 29092),
        ] {
            assert_eq!(read(text), Ok((host.to_owned(), port)), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            ":9092",
            "kafka:",
            "kafka:0",
            "kafka:70000",
            "kafka:abc",
            "[::1",
            "[::1]9092",
            "a b:1",
            "a/b",
        ] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_address_prints_as_it_is_read() {
        for text in ["kafka-1:19092", "[::1]:9093"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_broker_with_an_impossible_port_is_nobody_to_call() {
        let broker = |port| Broker {
            id: BrokerId(1),
            host: "kafka".into(),
            port,
            rack: None,
        };
        assert_eq!(Peer::advertised(&broker(-1)), None);
        assert_eq!(Peer::advertised(&broker(70_000)), None);
        assert_eq!(
            Peer::advertised(&broker(9092)).unwrap().address.to_string(),
            "kafka:9092"
        );
    }
}
