//! One node's part of a question, cut into requests of a bounded size.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;
use std::hash::Hash;

use futures_util::future::FutureExt;
use futures_util::stream::{self, StreamExt};

use super::Outcomes;
use crate::kafka::error::Error;
use crate::kafka::model::BrokerId;

/// How a question is cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Items in one request.
    pub(super) size: usize,
    /// Requests under way at a time.
    pub(super) depth: usize,
}

/// Asks one node for its items, chunk by chunk. An item that the node leaves out of its answer is missing; once the node
/// does not answer at all, the rest is not waited for.
pub(super) async fn by_chunk<'i, K, V, F>(
    node: BrokerId,
    items: &'i [K],
    cut: Cut,
    ask: impl Fn(&'i [K]) -> F,
) -> Outcomes<K, V>
where
    K: Clone + Eq + Hash + Display,
    F: Future<Output = Result<Outcomes<K, V>, Error>>,
{
    let mut outcomes = Vec::with_capacity(items.len());
    // Collected: a lazy iterator over borrowed chunks, held over an await, is not provably Send.
    let asked: Vec<_> = items
        .chunks(cut.size)
        .map(|chunk| ask(chunk).map(move |found| (chunk, found)))
        .collect();
    let mut asked = stream::iter(asked).buffered(cut.depth);
    while let Some((chunk, found)) = asked.next().await {
        match found {
            Ok(found) => outcomes.extend(complete(node, chunk, found)),
            Err(error) => {
                let rest = if error.is_connection() {
                    &items[outcomes.len()..]
                } else {
                    chunk
                };
                outcomes.extend(rest.iter().map(|item| (item.clone(), Err(error.clone()))));
            }
        }
        if outcomes.len() == items.len() {
            break;
        }
    }
    outcomes
}

/// An outcome for each item that was asked for, and for no other.
fn complete<K, V>(node: BrokerId, asked: &[K], found: Outcomes<K, V>) -> impl Iterator<Item = (K, Result<V, Error>)>
where
    K: Clone + Eq + Hash + Display,
{
    let mut found: HashMap<K, Result<V, Error>> = found.into_iter().collect();
    asked.iter().map(move |item| {
        let outcome = found.remove(item).unwrap_or_else(|| {
            Err(Error::Missing {
                what: item.to_string(),
                addr: format!("broker {node}"),
            })
        });
        (item.clone(), outcome)
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const CUT: Cut = Cut { size: 2, depth: 1 };

    fn closed() -> Error {
        Error::Closed {
            what: "ListOffsets".into(),
            addr: "broker 1".into(),
            reason: "reset".into(),
        }
    }

    #[tokio::test]
    async fn every_item_has_one_outcome_and_what_is_left_out_is_missing() {
        let items = [1, 2, 3];
        let outcomes = by_chunk(BrokerId(7), &items, CUT, |chunk: &[i32]| async move {
            // Leaves 2 out, and says something about 9, which nobody asked for.
            let said = chunk.iter().filter(|item| **item != 2).chain(&[9]);
            Ok(said.map(|item| (*item, Ok(item * 10))).collect())
        })
        .await;
        assert_eq!(outcomes.iter().map(|(item, _)| *item).collect::<Vec<_>>(), items);
        assert_eq!((outcomes[0].1.clone(), outcomes[2].1.clone()), (Ok(10), Ok(30)));
        let missing = Error::Missing {
            what: "2".into(),
            addr: "broker 7".into(),
        };
        assert_eq!(outcomes[1].1, Err(missing));
    }

    #[tokio::test]
    async fn a_node_that_does_not_answer_is_not_asked_for_the_rest() {
        let asked = RefCell::new(Vec::new());
        let outcomes: Outcomes<i32, ()> = by_chunk(BrokerId(1), &[1, 2, 3, 4, 5], CUT, |chunk: &[i32]| {
            let asked = &asked;
            async move {
                asked.borrow_mut().push(chunk.len());
                if chunk[0] == 3 {
                    return Err(closed());
                }
                Ok(chunk.iter().map(|item| (*item, Ok(()))).collect())
            }
        })
        .await;
        assert_eq!(*asked.borrow(), [2, 2]);
        let failed: Vec<_> = outcomes
            .iter()
            .filter(|(_, out)| out.is_err())
            .map(|(item, _)| *item)
            .collect();
        assert_eq!(failed, [3, 4, 5]);
    }

    #[tokio::test]
    async fn an_error_of_one_request_leaves_the_next_one_its_chance() {
        let refused = || Error::Kafka {
            code: 42,
            what: "x".into(),
            message: None,
        };
        let outcomes: Outcomes<i32, ()> = by_chunk(BrokerId(1), &[1, 2, 3], CUT, |chunk: &[i32]| async move {
            if chunk[0] == 1 {
                return Err(refused());
            }
            Ok(chunk.iter().map(|item| (*item, Ok(()))).collect())
        })
        .await;
        assert_eq!(outcomes[1].1, Err(refused()));
        assert_eq!(outcomes[2].1, Ok(()));
    }
}
