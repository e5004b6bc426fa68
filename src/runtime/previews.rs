//! Finds out for the screen what moving a group's offsets would do: nothing in here changes the cluster.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::clock;
use crate::app::event::Event;
use crate::app::moving::{MoveOrder, MoveStep, MoveTold, Target};
use crate::kafka::client::Client;
use crate::kafka::model::{GroupId, Offset, TopicPartition};
use crate::ops::reset::{NoPlan, Plan, Strategy, file, glances, plan, standing_of};
use crate::task::{self, Task};

/// Pause between two looks at a group that shall become empty.
const LOOK: Duration = Duration::from_secs(1);
/// Largest file of offsets that is read: 100,000 partitions with long names fit.
const MAX_FILE: u64 = 32 << 20;

/// What is being found out: the plan, and what lies under the cursor. The newest of each counts.
pub struct Previews {
    client: Client,
    replies: mpsc::Sender<Event>,
    plan: Option<Task<()>>,
    glance: Option<Task<()>>,
}

impl Previews {
    /// Asks through `client`; what is found out goes to `replies`.
    pub fn new(client: Client, replies: mpsc::Sender<Event>) -> Self {
        Self {
            client,
            replies,
            plan: None,
            glance: None,
        }
    }

    /// Takes a step for preview `number`.
    pub fn take(&mut self, number: u64, step: MoveStep) {
        let client = self.client.clone();
        let teller = Teller {
            number,
            replies: self.replies.clone(),
        };
        match step {
            MoveStep::Plan { order, waits } => {
                self.glance = None;
                self.plan = Some(task::spawn(async move {
                    let outcome = planned(&client, &order, waits, &teller).await;
                    teller.tell(MoveTold::Planned(outcome)).await;
                }));
            }
            MoveStep::Glance(one) => {
                self.glance = Some(task::spawn(async move {
                    let glance = glances(&client, &one, 1).await.pop();
                    teller.tell(MoveTold::Glanced(glance)).await;
                }));
            }
            MoveStep::Nothing => (self.plan, self.glance) = (None, None),
        }
    }
}

struct Teller {
    number: u64,
    replies: mpsc::Sender<Event>,
}

impl Teller {
    async fn tell(&self, told: MoveTold) {
        let (number, told) = (self.number, Box::new(told));
        // Nobody listens any more at the end of the session.
        let _ = self.replies.send(Event::MoveTold { number, told }).await;
    }
}

async fn planned(client: &Client, order: &MoveOrder, waits: bool, teller: &Teller) -> Result<Plan, String> {
    let strategy = match &order.target {
        Target::Strategy(strategy) => strategy.clone(),
        Target::File(path) => Strategy::Named(read(path, &order.group)?),
    };
    if waits {
        await_empty(client, &order.group, teller).await?;
    }
    let found = plan(client, &order.group, &order.scope, &strategy, clock::unix_millis()).await;
    found.map_err(|none| why(&none))
}

fn read(path: &Path, group: &GroupId) -> Result<BTreeMap<TopicPartition, Offset>, String> {
    let cannot = |error: io::Error| format!("cannot read {}: {error}", path.display());
    let known = fs::metadata(path).map_err(cannot)?;
    // Reading a pipe might never end.
    if !known.is_file() || known.len() > MAX_FILE {
        return Err(format!("cannot read {}: it is no file of offsets", path.display()));
    }
    let text = fs::read_to_string(path).map_err(cannot)?;
    file::read(&text, group).map_err(|why| format!("{}: {why}", path.display()))
}

/// Waits until nobody is in the group, as long as somebody looks at the preview. A coordinator that does not answer is
/// asked again: it may just be moving.
async fn await_empty(client: &Client, group: &GroupId, teller: &Teller) -> Result<(), String> {
    loop {
        let told = match standing_of(client, group, None).await {
            Ok(standing) if standing.is_free() => return Ok(()),
            Ok(standing) => format!("group {group} is {}: {}", standing.state, standing.who()),
            Err(NoPlan::Engine(error)) => format!("nobody tells who is in it: {error}"),
            Err(none) => return Err(none.to_string()),
        };
        teller.tell(MoveTold::Waiting(told)).await;
        sleep(LOOK).await;
    }
}

fn why(none: &NoPlan) -> String {
    match none {
        NoPlan::Engine(error) => format!("{error}. {}", error.hint()),
        NoPlan::Kind { .. } | NoPlan::Nothing(_) | NoPlan::Refused(_) => none.to_string(),
    }
}
