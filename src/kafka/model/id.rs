//! Newtypes for the ids that would otherwise be bare integers and strings.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as Kafka has it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(Arc::from(name))
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(Arc::from(name))
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

number_id! {
    /// `node.id` of a broker.
    BrokerId(i32)
}
number_id! {
    /// Index of a partition within its topic.
    PartitionId(i32)
}
number_id! {
    /// Position of a record within a partition.
    Offset(i64)
}
number_id! {
    /// Epoch of a partition's leader (KIP-101).
    LeaderEpoch(i32)
}
text_id! {
    /// Name of a topic. Cheap to clone: the text is shared.
    TopicName
}
text_id! {
    /// Name of a consumer group (`group.id`). Cheap to clone: the text is shared.
    GroupId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_as_kafka_prints_them() {
        assert_eq!(BrokerId(3).to_string(), "3");
        assert_eq!(format!("[{:<8}]", TopicName::from("orders")), "[orders  ]");
    }

    #[test]
    fn ids_serialise_as_their_inner_value() {
        let json = serde_json::to_string(&(Offset(7), GroupId::from("g"))).unwrap();
        assert_eq!(json, r#"[7,"g"]"#);
    }
}
