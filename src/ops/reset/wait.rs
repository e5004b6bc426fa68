//! Waiting until nobody is in a group.

use std::time::Duration;

use super::read::{NoPlan, standing_of};
use crate::kafka::client::Client;
use crate::kafka::model::{GroupId, GroupType};

/// Pause between two looks.
pub const LOOK: Duration = Duration::from_secs(1);

/// A group that shall become empty.
pub struct Waiting<'a> {
    client: &'a Client,
    group: &'a GroupId,
    kind: Option<GroupType>,
}

impl<'a> Waiting<'a> {
    /// Nobody has looked yet.
    pub fn new(client: &'a Client, group: &'a GroupId) -> Self {
        let kind = None;
        Self { client, group, kind }
    }

    /// Looks who is in it, in words; `None` when nobody is. A coordinator that does not answer may just be moving: that
    /// is said in place of the members.
    ///
    /// # Errors
    /// When it is in vain to look again.
    pub async fn look(&mut self) -> Result<Option<String>, NoPlan> {
        match standing_of(self.client, self.group, self.kind).await {
            Ok(standing) => {
                self.kind = Some(standing.kind);
                let who = || format!("group {} is {}: {}", self.group, standing.state, standing.who());
                Ok((!standing.is_free()).then(who))
            }
            Err(NoPlan::Engine(error)) if error.is_retriable() => {
                Ok(Some(format!("nobody tells who is in group {}: {error}", self.group)))
            }
            Err(none) => Err(none),
        }
    }
}
