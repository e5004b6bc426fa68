//! Looks through an input before anything is sent: how much it is, what is wrong with it, what the target will do.

use super::cut::Mark;
use super::prepare::{BadLine, OnBad, Prepared, Recipe};
use super::preparing::Preparing;
use super::source::Chunks;

/// Bad lines that are named.
const NAMED: usize = 10;

/// What an input holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Records that can be sent.
    pub records: u64,
    /// Lines.
    pub lines: u64,
    /// Bytes, decompressed.
    pub bytes: u64,
    /// The first lines that cannot be sent.
    pub bad: Vec<BadLine>,
    /// How many of those there are.
    pub bad_count: u64,
    /// Records that the target's retention removes soon.
    pub short_lived: u64,
    /// Earliest and latest time of a record, in ms.
    pub times: Option<(i64, i64)>,
    /// Why it could not be read to its end.
    pub unreadable: Option<String>,
}

impl Survey {
    /// Reads everything that comes from `chunks`. What may have been sent already, up to `reached`, is counted and not
    /// judged.
    pub async fn of(recipe: Recipe, mut chunks: Chunks, reached: Mark) -> Self {
        let (mut survey, mut preparing) = (Self::default(), Preparing::judging(recipe));
        while let Some(chunk) = chunks.recv().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    survey.unreadable = Some(error.to_string());
                    break;
                }
            };
            (survey.lines, survey.bytes) = (chunk.to.lines, chunk.to.position);
            let was_sent = chunk.to.chunk <= reached.chunk;
            preparing.push(chunk, was_sent);
            if !preparing.has_room()
                && let Some((_, oldest)) = preparing.next().await
            {
                survey.add(oldest);
            }
        }
        while let Some((_, oldest)) = preparing.next().await {
            survey.add(oldest);
        }
        survey
    }

    fn add(&mut self, prepared: Prepared) {
        if let Some(why) = prepared.broken {
            self.unreadable.get_or_insert(why);
        }
        self.records += prepared.records;
        self.bad_count += prepared.bad_count;
        let room = NAMED.saturating_sub(self.bad.len());
        self.bad.extend(prepared.bad.into_iter().take(room));
        self.short_lived += prepared.short_lived;
        self.times = match (self.times, prepared.times) {
            (Some((from, to)), Some((first, last))) => Some((from.min(first), to.max(last))),
            (known, new) => known.or(new),
        };
    }

    /// What somebody should know before it is sent, the worst first.
    pub fn warnings(&self, recipe: &Recipe) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(why) = &self.unreadable {
            warnings.push(format!("cannot be read to its end: {why}"));
        }
        if self.bad_count > 0 {
            let lines = if self.bad_count == 1 { "line" } else { "lines" };
            let then = match recipe.on_bad {
                OnBad::Stop => "it stops there, with nothing behind it sent",
                OnBad::Tell => "the others are sent",
            };
            warnings.push(format!("{} {lines} cannot be sent: {then}", self.bad_count));
        }
        warnings.extend(of_target(recipe, self.short_lived));
        warnings
    }
}

/// What the target would do to records.
pub fn of_target(recipe: &Recipe, short_lived: u64) -> Vec<String> {
    let (rules, mut warnings) = (&recipe.target.rules, Vec::new());
    if let Some(error) = &recipe.target.unknown_rules {
        warnings.push(format!(
            "the topic's configuration is not known ({}): Kafka's defaults are assumed",
            error.summary()
        ));
    }
    if let (true, Some(kept)) = (short_lived > 0, rules.retention) {
        warnings.push(format!(
            "{short_lived} records are older than the topic's retention.ms={kept}: it will delete them soon"
        ));
    }
    if rules.is_log_append_time {
        warnings.push("message.timestamp.type=LogAppendTime: the broker replaces every timestamp".to_owned());
    }
    if rules.is_compacted {
        warnings.push("the topic is compacted: of each key only the newest record stays".to_owned());
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::cut::Cut;
    use super::super::source::chunks;
    use super::super::spare::Spare;
    use super::super::target::{Rules, Target};
    use super::*;
    use crate::kafka::model::Codec;

    #[tokio::test]
    async fn an_input_is_counted_and_its_faults_are_named() {
        let recipe = Recipe {
            format: Format::Jsonl,
            codec: Codec::None,
            target: Target {
                cluster: crate::kafka::model::Cluster::default(),
                topic: "t".into(),
                topic_id: None,
                partitions: 1,
                rules: Rules {
                    retention: Some(10),
                    is_compacted: true,
                    ..Rules::default()
                },
                unknown_rules: None,
            },
            partition: None,
            keep_partitions: false,
            origin_headers: false,
            on_bad: OnBad::Stop,
            clock: || 1000,
            spare: Spare::default(),
        };
        let input = concat!(
            "{\"timestamp\":5,\"key\":\"a\",\"value\":null}\n",
            "{\"timestamp\":999,\"key\":\"a\",\"value\":\"\"}\n",
            "{\"value\":\"\"}\n",
            "{\"timestamp\":-1,\"key\":\"no time\",\"value\":\"\"}\n",
            "{\"key"
        );
        let cut = Cut::new(input.as_bytes(), recipe.bounds());
        let survey = Survey::of(recipe.clone(), chunks(cut, false).unwrap(), Mark::default()).await;
        assert_eq!((survey.records, survey.lines, survey.bytes), (3, 5, input.len() as u64));
        assert_eq!((survey.short_lived, survey.times), (1, Some((5, 999))));
        let named: Vec<_> = survey.bad.iter().map(|bad| bad.line).collect();
        assert_eq!((named, survey.bad_count), (vec![3, 5], 2));
        let warnings = survey.warnings(&recipe).join("\n");
        for said in [
            "2 lines cannot be sent: it stops there",
            "1 records are older",
            "compacted",
        ] {
            assert!(warnings.contains(said), "{warnings}");
        }
    }
}
