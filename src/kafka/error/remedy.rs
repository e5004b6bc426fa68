//! What to do about Kafka's error codes.

/// What to do about an error code before asking again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Refresh the topic's metadata: the leader moved.
    RefreshLeader,
    /// Look the coordinator up again.
    RefreshCoordinator,
    /// Refresh the metadata: the controller moved.
    RefreshController,
    /// Ask the same node again after a pause.
    Wait,
    /// Start the fetch session anew (KIP-227).
    ResetSession,
    /// Start over from the bootstrap addresses (KIP-1102).
    Rebootstrap,
    /// Nothing helps.
    Final,
}

/// The remedy for an error code. 3 UNKNOWN_TOPIC_OR_PARTITION is final here: who routes by leader refreshes once.
pub fn remedy(code: i16) -> Remedy {
    match code {
        5 | 6 | 9 | 56 | 72 | 74 | 75 | 100 | 103 => Remedy::RefreshLeader,
        15 | 16 => Remedy::RefreshCoordinator,
        41 => Remedy::RefreshController,
        7 | 13 | 14 | 78 | 88 | 89 => Remedy::Wait,
        70 | 71 | 106 => Remedy::ResetSession,
        129 => Remedy::Rebootstrap,
        _ => Remedy::Final,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moved_is_looked_up_and_what_loads_is_waited_for() {
        assert_eq!(remedy(6), Remedy::RefreshLeader);
        assert_eq!((remedy(16), remedy(14)), (Remedy::RefreshCoordinator, Remedy::Wait));
        assert_eq!(remedy(25), Remedy::Final);
    }
}
