//! A look of a recording, as if its answers had come just now.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::{Store, WallClock};
use crate::app::event::Connection;
use crate::app::slot::SlotId;
use crate::kafka::lag::{GroupDetail, GroupReading};
use crate::kafka::partial::{Failure, Partial};
use crate::kafka::query::{Answer, Overview};
use crate::recording::{Asked, Glance};

impl Store {
    /// Takes a look of a recording. What was not answered then is as old as it was then.
    pub fn replay(&mut self, glance: &Glance, wall: WallClock) {
        let now = wall.at;
        self.derived.wall = Some(wall);
        if let Some(error) = &glance.blind {
            self.derived.connection = Connection::Lost(Arc::new(error.clone()));
            return;
        }
        self.derived.connection = Connection::Connected;
        let failed = |asked: &[Asked]| -> Vec<Failure> {
            let failures = glance.failures.iter().filter(|failed| asked.contains(&failed.asked));
            failures.map(|failed| failed.failure.clone()).collect()
        };
        let overview = Overview {
            cluster: glance.cluster.clone(),
            topics: glance.impaired.clone().unwrap_or_default(),
        };
        let seen = failed(&[Asked::Health, Asked::Cluster]);
        self.give(SlotId::Overview, Answer::Overview(overview), seen, now);
        let listings = Answer::Groups(glance.listings.clone());
        self.give(SlotId::Groups, listings, failed(&[Asked::Groups]), now);
        let read: HashMap<_, _> = glance
            .details
            .iter()
            .map(|detail| (detail.description.group.clone(), reading(detail)))
            .collect();
        self.give(SlotId::Lags, Answer::Lags(read), failed(&[Asked::Lags]), now);
        if !glance.tails.is_empty() {
            let tails = Answer::Tails(glance.tails.clone());
            self.give(SlotId::Tails, tails, failed(&[Asked::Tails]), now);
        }
    }

    fn give(&mut self, slot: SlotId, answer: Answer, failures: Vec<Failure>, now: Instant) {
        let ticket = self.begin(slot, now);
        self.derived.begun.insert(slot, now);
        self.finish(slot, ticket, now, Ok(Partial::new(answer, failures)));
    }

    /// Shows a group as it was told at `at`: that was a look at it already.
    pub fn show_group(&mut self, detail: &GroupDetail, failures: Vec<Failure>, at: Instant) {
        let is_shown = self.group.arrived() == Some(at)
            && self
                .group
                .value()
                .is_some_and(|shown| shown.description.group == detail.description.group);
        if is_shown && self.group.failures() == failures {
            return;
        }
        let ticket = self.group.begin(at);
        self.group.finish(ticket, at, Ok((detail.clone(), failures)));
    }
}

fn reading(detail: &GroupDetail) -> GroupReading {
    GroupReading {
        summary: detail.summary(),
        description: Some(detail.description.clone()),
        partitions: detail.partitions.clone(),
        unread: detail.unread.clone(),
    }
}
