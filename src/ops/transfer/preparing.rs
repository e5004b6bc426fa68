//! Chunks become batches on all cores, and come back in their order.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::cut::{Chunk, Mark};
use super::prepare::{Prepared, Recipe};

/// Chunks that are being worked on.
#[derive(Debug)]
pub struct Preparing {
    recipe: Arc<Recipe>,
    /// Which partition the first records without key go to; `None` where nothing goes anywhere.
    first: Option<u64>,
    cores: usize,
    working: VecDeque<(Mark, JoinHandle<Prepared>)>,
}

impl Preparing {
    /// Makes batches by `recipe`; the first records without key go to partition `first`.
    pub fn new(recipe: Recipe, first: u64) -> Self {
        Self::working(recipe, Some(first))
    }

    /// Only judges what would become of chunks.
    pub fn judging(recipe: Recipe) -> Self {
        Self::working(recipe, None)
    }

    fn working(recipe: Recipe, first: Option<u64>) -> Self {
        Self {
            recipe: Arc::new(recipe),
            first,
            cores: std::thread::available_parallelism().map_or(1, usize::from).min(8),
            working: VecDeque::new(),
        }
    }

    /// How lines become batches.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Whether another chunk keeps a core busy.
    pub fn has_room(&self) -> bool {
        self.working.len() <= self.cores
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.working.is_empty()
    }

    /// Begins with a chunk; `was_sent` when it may be stored already.
    pub fn push(&mut self, chunk: Chunk, was_sent: bool) {
        let (recipe, first, to) = (Arc::clone(&self.recipe), self.first, chunk.to);
        self.begin(to, move || {
            let prepared = match first {
                Some(first) => recipe.prepare(&chunk, first, was_sent),
                None => recipe.judge(&chunk, was_sent),
            };
            recipe.spare.put(chunk.bytes);
            prepared
        });
    }

    fn begin(&mut self, to: Mark, work: impl FnOnce() -> Prepared + Send + 'static) {
        self.working.push_back((to, tokio::task::spawn_blocking(work)));
    }

    /// Where the oldest chunk ends and what it became, as soon as it is done; `None` where there is none. Dropping the
    /// future loses nothing.
    pub async fn next(&mut self) -> Option<(Mark, Prepared)> {
        let (to, handle) = self.working.front_mut()?;
        let prepared = handle.await.unwrap_or_else(|error| Prepared {
            broken: Some(format!("a worker failed: {error}")),
            ..Prepared::default()
        });
        let to = *to;
        self.working.pop_front();
        Some((to, prepared))
    }
}

#[cfg(test)]
mod tests {
    use super::super::cut::Cut;
    use super::super::lines::LineFormat;
    use super::super::{Format, OnBad, Target};
    use super::*;
    use crate::kafka::model::{Cluster, Codec};

    fn recipe() -> Recipe {
        Recipe {
            format: Format::Lines(LineFormat::default()),
            codec: Codec::None,
            target: Target {
                cluster: Cluster::default(),
                topic: "t".into(),
                topic_id: None,
                partitions: 1,
                rules: super::super::target::Rules::default(),
                unknown_rules: None,
            },
            partition: None,
            keep_partitions: false,
            origin_headers: false,
            on_bad: OnBad::Tell,
            clock: || 0,
            spare: super::super::spare::Spare::default(),
        }
    }

    #[tokio::test]
    async fn chunks_come_back_in_their_order() {
        let recipe = recipe();
        let mut preparing = Preparing::new(recipe.clone(), 0);
        let mut bounds = recipe.bounds();
        bounds.lines = 1;
        let mut cut = Cut::new(&b"a\nb\nc\n"[..], bounds);
        while let Some(chunk) = cut.next_chunk().unwrap() {
            preparing.push(chunk, false);
        }
        for line in 1..=3 {
            let (to, prepared) = preparing.next().await.unwrap();
            assert_eq!((to.lines, prepared.shares[0].lines.clone()), (line, vec![line]));
        }
        assert!(preparing.is_empty() && preparing.next().await.is_none());
    }

    #[tokio::test]
    async fn a_worker_that_fails_takes_no_line_with_it_unsaid() {
        let mut preparing = Preparing::new(recipe(), 0);
        preparing.begin(Mark::default(), || panic!("boom"));
        let (_, prepared) = preparing.next().await.unwrap();
        assert!(prepared.broken.unwrap().contains("a worker failed"));
        assert!(preparing.next().await.is_none());
    }
}
