//! What changes a cluster: planned, shown, confirmed, then done exactly so.
//!
//! ```text
//!   plan ──▶ preview ──▶ somebody confirms ──▶ WriteIntent ──▶ kafka::client, which checks the session's lock again
//! ```
//!
//! This module alone makes a [`WriteIntent`]: whoever wants to change something comes through here.

pub mod import;
pub mod one;
pub mod reset;
pub mod transfer;

use std::fmt;

use crate::kafka::client::{Client, WriteIntent};
use crate::kafka::error::Error;
use crate::kafka::model::TopicName;

/// Records that are about to be sent: what a confirmation must name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// What the user calls the cluster.
    pub cluster: String,
    /// Where the records go.
    pub topic: TopicName,
    /// How many; `None` while they still come in.
    pub records: Option<u64>,
}

impl fmt::Display for Sending {
    /// `send 12 records to topic orders of cluster prod-eu`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.records {
            Some(1) => write!(f, "send 1 record")?,
            Some(count) => write!(f, "send {count} records")?,
            None => write!(f, "send records as they come")?,
        }
        write!(f, " to topic {} of cluster {}", self.topic, self.cluster)
    }
}

impl Sending {
    /// The leave to send them. To be called when somebody has confirmed exactly this.
    ///
    /// # Errors
    /// When the session is locked or read-only.
    pub fn confirmed(&self, client: &Client) -> Result<WriteIntent, Error> {
        WriteIntent::of_confirmed(client, &self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::client::ClientSettings;

    #[test]
    fn a_confirmation_names_cluster_topic_and_count_and_needs_an_unlocked_session() {
        let client = Client::new(ClientSettings::new(["127.0.0.1:1"]));
        let sending = Sending {
            cluster: "prod-eu".into(),
            topic: "orders".into(),
            records: Some(12),
        };
        let refused = sending.confirmed(&client).unwrap_err();
        let words = "send 12 records to topic orders of cluster prod-eu";
        assert_eq!(refused, Error::Locked { what: words.into() });
        client.unlock().unwrap();
        assert_eq!(sending.confirmed(&client).unwrap().what(), words);
    }

    #[test]
    fn a_count_is_said_as_far_as_it_is_known() {
        let words = |records| {
            let (cluster, topic) = ("c".to_owned(), "t".into());
            let sending = Sending {
                cluster,
                topic,
                records,
            };
            sending.to_string()
        };
        assert_eq!(words(Some(1)), "send 1 record to topic t of cluster c");
        assert_eq!(words(None), "send records as they come to topic t of cluster c");
    }
}
