//! The lock of a session, and the leave to send what changes the cluster (docs/adr/0006).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Client;
use crate::kafka::error::Error;
use crate::kafka::model::Lock;

/// The lock that all clones of a client share.
#[derive(Debug)]
pub(super) struct SessionLock(Mutex<Lock>);

impl SessionLock {
    pub(super) fn new(lock: Lock) -> Self {
        Self(Mutex::new(lock))
    }

    fn get(&self) -> Lock {
        *self.held()
    }

    fn held(&self) -> MutexGuard<'_, Lock> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state unless it is read-only, which nothing ends.
    fn turn(&self, to: Lock) {
        let mut lock = self.held();
        if *lock != Lock::ReadOnly {
            *lock = to;
        }
    }

    /// Whether `what` may be sent now.
    pub(super) fn check(&self, what: impl FnOnce() -> String) -> Result<(), Error> {
        match self.get() {
            Lock::Unlocked => Ok(()),
            Lock::Locked => Err(Error::Locked { what: what() }),
            Lock::ReadOnly => Err(Error::ReadOnly { what: what() }),
        }
    }
}

/// The leave to send one change: what was confirmed, on which session. Only `ops` makes one, from a preview that
/// somebody confirmed. It is no longer worth anything once the session is locked again.
#[derive(Clone, Debug)]
pub struct WriteIntent {
    what: Arc<str>,
    lock: Arc<SessionLock>,
}

impl WriteIntent {
    /// The leave for `what`, which somebody has just confirmed, on the session of `client`.
    ///
    /// # Errors
    /// When the session is locked or read-only.
    pub fn of_confirmed(client: &Client, what: &str) -> Result<Self, Error> {
        let lock = Arc::clone(&client.shared.lock);
        lock.check(|| what.to_owned())?;
        Ok(Self {
            what: what.into(),
            lock,
        })
    }

    /// What was confirmed, in words.
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl Client {
    /// Whether this session may change the cluster.
    pub fn lock_state(&self) -> Lock {
        self.shared.lock.get()
    }

    /// Lets changes be sent from now on, by all clones of this client.
    ///
    /// # Errors
    /// When the session is read-only.
    pub fn unlock(&self) -> Result<(), Error> {
        self.shared.lock.turn(Lock::Unlocked);
        self.shared.lock.check(|| "unlocking".to_owned())
    }

    /// Lets no change be sent from now on, also of what is under way.
    pub fn lock(&self) {
        self.shared.lock.turn(Lock::Locked);
    }

    /// Whether `intent` is the leave to send something through this client now.
    ///
    /// # Errors
    /// When the session is locked or read-only, or the leave was given on another one.
    pub fn admits(&self, intent: &WriteIntent) -> Result<(), Error> {
        let what = || intent.what.to_string();
        if !Arc::ptr_eq(&intent.lock, &self.shared.lock) {
            return Err(Error::Locked { what: what() });
        }
        self.shared.lock.check(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::client::ClientSettings;

    fn client(lock: Lock) -> Client {
        let mut settings = ClientSettings::new(["127.0.0.1:1"]);
        settings.lock = lock;
        Client::new(settings)
    }

    #[test]
    fn a_session_is_locked_until_it_is_unlocked_and_can_be_locked_again() {
        let client = client(Lock::default());
        let twin = client.clone();
        assert_eq!(
            WriteIntent::of_confirmed(&client, "sending").unwrap_err(),
            Error::Locked { what: "sending".into() }
        );
        client.unlock().unwrap();
        let intent = WriteIntent::of_confirmed(&twin, "sending").unwrap();
        twin.admits(&intent).unwrap();
        twin.lock();
        assert_eq!(client.lock_state(), Lock::Locked);
        assert!(client.admits(&intent).is_err(), "a leave ends with the lock");
    }

    #[test]
    fn a_read_only_session_cannot_be_unlocked() {
        let client = client(Lock::ReadOnly);
        assert_eq!(
            client.unlock(),
            Err(Error::ReadOnly {
                what: "unlocking".into()
            })
        );
        client.lock();
        assert_eq!(client.lock_state(), Lock::ReadOnly);
        assert!(WriteIntent::of_confirmed(&client, "sending").is_err());
    }

    #[test]
    fn the_leave_of_one_session_opens_no_other() {
        let (one, other) = (client(Lock::Unlocked), client(Lock::Unlocked));
        let intent = WriteIntent::of_confirmed(&one, "sending").unwrap();
        assert!(other.admits(&intent).is_err());
    }

    #[tokio::test]
    async fn no_request_that_changes_something_leaves_a_locked_session() {
        use kafka_protocol::messages::{DeleteTopicsRequest, ListGroupsRequest};
        let versions = kafka_protocol::protocol::VersionRange { min: 1, max: 1 };
        let (node, purpose) = (super::super::Node::Any, super::super::Purpose::Bulk);
        let client = client(Lock::Locked);
        let changed = client
            .call(node, purpose, versions, |_| DeleteTopicsRequest::default())
            .await;
        assert!(matches!(changed, Err(Error::Locked { what }) if what == "DeleteTopics"));
        let read = client
            .call(node, purpose, versions, |_| ListGroupsRequest::default())
            .await;
        assert!(matches!(read, Err(Error::NoBroker { .. })), "it was tried");
    }
}
