//! A question of several steps: a broker that did not answer one of them is not waited for in the next.
//!
//! Lag is read in four steps. Without this a broker that hangs would cost four times the deadline, and with one deadline
//! for all it would leave nothing for the steps that other brokers could answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Client, Node};
use crate::kafka::error::Error;
use crate::kafka::model::BrokerId;

/// Brokers that did not answer, each with the error that showed it.
#[derive(Default)]
pub(super) struct Silent(Mutex<HashMap<BrokerId, Error>>);

impl Silent {
    fn brokers(&self) -> MutexGuard<'_, HashMap<BrokerId, Error>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// The same client for the steps of one question; within a larger question, such as a whole command, it stays that.
    pub fn for_one_question(&self) -> Self {
        Self {
            silent: Some(self.silent.clone().unwrap_or_default()),
            ..self.clone()
        }
    }

    /// Why `node` is not asked again within this question; `None` when it may be asked.
    pub(super) fn silence_of(&self, node: Node) -> Option<Error> {
        let (Some(silent), Node::Broker(id)) = (&self.silent, node) else {
            return None;
        };
        silent.brokers().get(&id).cloned()
    }

    /// Remembers a broker that did not answer.
    pub(super) fn note_silence(&self, node: Node, error: Option<&Error>) {
        if let (Some(silent), Node::Broker(id), Some(error)) = (&self.silent, node, error)
            && error.is_connection()
        {
            silent.brokers().insert(id, error.clone());
        }
    }
}
