//! Brokers as the cluster knows them.

use kafka_protocol::protocol::StrBytes;

use super::topic::text;

/// Whether a broker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Listening and registered.
    Up,
    /// Killed: not listening, not in Metadata.
    Down,
}

/// One broker.
#[derive(Clone, Debug)]
pub struct Broker {
    /// `node.id`.
    pub id: i32,
    /// Port it listens on at 127.0.0.1.
    pub port: u16,
    /// What it tells clients instead, when that is wrong on purpose.
    pub advertised: Option<(String, u16)>,
    /// `broker.rack`.
    pub rack: Option<StrBytes>,
    /// Whether it runs.
    pub presence: Presence,
    /// The one log directory.
    pub log_dir: LogDir,
}

/// A log directory and the filesystem it lies on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDir {
    /// Absolute path.
    pub path: String,
    /// Size of the filesystem in bytes.
    pub total_bytes: i64,
    /// Free bytes; the partitions' bytes come off it.
    pub usable_bytes: i64,
}

impl Default for LogDir {
    fn default() -> Self {
        Self {
            path: "/var/lib/kafka/data".to_owned(),
            total_bytes: 100 << 30,
            usable_bytes: 60 << 30,
        }
    }
}

impl Broker {
    /// Whether it runs.
    pub fn is_up(&self) -> bool {
        self.presence == Presence::Up
    }

    /// Host and port as told to clients.
    pub fn endpoint(&self) -> (StrBytes, u16) {
        match &self.advertised {
            Some((host, port)) => (text(host), *port),
            None => (StrBytes::from_static_str("127.0.0.1"), self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_advertised_address_is_what_clients_get() {
        let mut broker = Broker {
            id: 1,
            port: 9092,
            advertised: None,
            rack: None,
            presence: Presence::Up,
            log_dir: LogDir::default(),
        };
        assert_eq!(broker.endpoint(), (text("127.0.0.1"), 9092));
        broker.advertised = Some(("broker.internal".to_owned(), 19092));
        assert_eq!(broker.endpoint(), (text("broker.internal"), 19092));
    }
}
