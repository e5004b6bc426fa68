//! A question of several steps: a broker that did not answer one of them is not waited for in the next.
//!
//! Lag is read in four steps. Without this a broker that hangs would cost four times the deadline, and with one deadline
//! for all it would leave nothing for the steps that other brokers could answer.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Client, Node};
use crate::kafka::error::Error;
use crate::kafka::model::BrokerId;
use crate::kafka::query::Cost;

/// What the steps of a question have in common.
#[derive(Default)]
pub(super) struct Question {
    /// Brokers that did not answer, each with the error that showed it.
    silent: Mutex<HashMap<BrokerId, Error>>,
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Question {
    fn silent(&self) -> MutexGuard<'_, HashMap<BrokerId, Error>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request and its answer.
    pub(super) fn count(&self, bytes: usize) {
        self.requests.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }
}

impl Client {
    /// The same client for the steps of one question; within a larger question, such as a whole command, it stays that.
    pub fn for_one_question(&self) -> Self {
        Self {
            question: Some(self.question.clone().unwrap_or_default()),
            ..self.clone()
        }
    }

    /// What this question has taken so far; nothing for a client that is not of one question.
    pub fn cost(&self) -> Cost {
        self.question.as_ref().map_or_else(Cost::default, |question| Cost {
            requests: question.requests.load(Relaxed),
            bytes: question.bytes.load(Relaxed),
        })
    }

    /// Why `node` is not asked again within this question; `None` when it may be asked.
    pub(super) fn silence_of(&self, node: Node) -> Option<Error> {
        let (Some(question), Node::Broker(id)) = (&self.question, node) else {
            return None;
        };
        question.silent().get(&id).cloned()
    }

    /// Remembers a broker that did not answer.
    pub(super) fn note_silence(&self, node: Node, error: Option<&Error>) {
        if let (Some(question), Node::Broker(id), Some(error)) = (&self.question, node, error)
            && error.is_connection()
        {
            question.silent().insert(id, error.clone());
        }
    }
}
