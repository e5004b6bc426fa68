//! Exporting from a screen: the form, and the order that is made of it.

use std::path::PathBuf;

use jiff::Zoned;

use crate::app::form::Form;
use crate::export::{Existing, ExportSpec, Format};
use crate::filter::Filter;
use crate::kafka::model::record::Row;
use crate::kafka::model::{Isolation, Offset, PartitionId, TopicName};
use crate::position::{Plan, Shown, Start, Until, partitions_label};

/// What to write to a file.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportOrder {
    /// Which records, and how they are written. When it begins is for who runs it.
    pub spec: ExportSpec,
    /// The file.
    pub path: PathBuf,
    /// What to do about a file of that name.
    pub existing: Existing,
}

impl ExportOrder {
    /// What is committed in a topic, as JSON lines.
    pub fn new(topic: &TopicName, start: Start, until: Until, path: impl Into<PathBuf>) -> Self {
        let mut spec = ExportSpec {
            from: start,
            ..ExportSpec::new(vec![topic.to_string()])
        };
        spec.end_at(until);
        Self {
            spec,
            path: path.into(),
            existing: Existing::Refuse,
        }
    }

    /// What is written, in a few words.
    pub fn what(&self) -> String {
        let topics = match self.spec.topics.as_slice() {
            [] => String::new(),
            [only] => only.clone(),
            [first, rest @ ..] => format!("{first} +{}", rest.len()),
        };
        format!("export {topics}")
    }

    /// The same, going on where it was interrupted. Before it had begun, a file to be replaced is still another one.
    pub fn resumed(&self, has_begun: bool) -> Self {
        let existing = match self.existing {
            Existing::Replace if !has_begun => Existing::Replace,
            _ => Existing::Resume,
        };
        Self {
            existing,
            ..self.clone()
        }
    }
}

/// What of a screen can be exported.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The topics; at least one.
    pub topics: Vec<TopicName>,
    /// The partitions on screen; empty means all.
    pub partitions: Vec<PartitionId>,
    /// Where the screen starts to read.
    pub start: Start,
    /// Where it ends; following ends at the end as it is when the export starts.
    pub until: Until,
    /// Whether records of open and aborted transactions are left out.
    pub isolation: Isolation,
    /// The filter of the screen.
    pub filter: String,
    /// The record under the cursor and its topic.
    pub record: Option<(TopicName, PartitionId, Offset)>,
    /// Whether that record alone is offered first.
    pub is_one: bool,
    /// When the form was opened, for the name of the file.
    pub opened: Option<Zoned>,
}

const RECORDS: &str = "records";
const RANGE: &str = "range";
const FILTER: &str = "filter";
const FORMAT: &str = "format";
const FILE: &str = "file";
const EXISTING: &str = "if it exists";

const ALL: &str = "all";
const RANGE_SHOWN: &str = "range";
const ONE: &str = "this record";

impl Draft {
    /// A whole topic.
    pub fn of(topic: TopicName) -> Self {
        Self {
            topics: vec![topic],
            partitions: Vec::new(),
            start: Start::Begin,
            until: Until::End,
            isolation: Isolation::ReadCommitted,
            filter: String::new(),
            record: None,
            is_one: false,
            opened: None,
        }
    }

    /// The same with the record under the cursor.
    #[must_use]
    pub fn with(mut self, topic: &TopicName, row: &Row) -> Self {
        self.record = Some((topic.clone(), row.partition(), row.offset()));
        self
    }

    /// One record alone at first.
    #[must_use]
    pub fn only(self, topic: &TopicName, row: &Row) -> Self {
        Self {
            is_one: true,
            ..self.with(topic, row)
        }
    }

    /// The form that asks what of it to write, and where.
    pub fn form(&self) -> Form {
        let mut form = Form::new(match self.topics.as_slice() {
            [only] => format!("Export {only}"),
            topics => format!("Export {} topics", topics.len()),
        });
        let what: &[&str] = if self.record.is_some() {
            &[RANGE_SHOWN, ONE, ALL]
        } else {
            &[RANGE_SHOWN, ALL]
        };
        form = form
            .choice(
                RECORDS,
                what,
                0,
                "the range below, only the record under the cursor, or everything there is",
            )
            .text(
                RANGE,
                &self.range(),
                "where to start and end: begin, newest 1000, -15m to 10:00, p 0,3-5, uncommitted",
            )
            .text(
                FILTER,
                &self.filter,
                "only records that match: text, /regex/ or a CEL condition; empty: all",
            )
            .choice(
                FORMAT,
                &Format::NAMES,
                0,
                "jsonl loses nothing and can be imported; kcat is what kcat -J prints",
            )
            .text(
                FILE,
                "",
                "written under another name until it is complete; .gz and .zst compress it",
            )
            .choice(
                EXISTING,
                &["refuse", "resume", "replace"],
                0,
                "resume goes on with an interrupted export",
            );
        if self.is_one {
            form.set(RECORDS, ONE);
        }
        form.set(FILE, &self.suggested(&form));
        form
    }

    /// The range of the screen as it is typed.
    fn range(&self) -> String {
        let start = match &self.start {
            Start::Newest(count) => format!("newest {count}"),
            Start::Begin | Start::End => "begin".to_owned(),
            Start::Offset(offset) => format!("offset {offset}"),
            Start::PerPartition(places) => places_line(places),
            Start::Time(millis) => self.time_line(*millis),
        };
        let until = match &self.until {
            Until::End | Until::Follow => None,
            Until::Offset(offset) => Some(format!("to offset {offset}")),
            Until::PerPartition(places) => Some(format!("to {}", places_line(places))),
            Until::Time(millis) => Some(format!("to {}", self.time_line(*millis))),
            Until::Count(count) => Some(format!("to count {count}")),
        };
        let is_named = !self.partitions.is_empty() && !matches!(self.start, Start::PerPartition(_));
        let partitions = is_named.then(|| format!("p {}", partitions_label(&self.partitions)));
        let shown = (self.isolation == Isolation::ReadUncommitted).then(|| "uncommitted".to_owned());
        let parts = [Some(start), until, partitions, shown];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// A time as it is typed: with its day and zone where that is read as the same time.
    fn time_line(&self, millis: i64) -> String {
        let zone = self.opened.as_ref().map(Zoned::time_zone);
        let words = zone.map(|zone| Start::Time(millis).label(zone));
        let words = words.as_deref().and_then(|words| words.strip_prefix("from "));
        let is_read = |words: &&str| Start::parse(words, self.opened.as_ref()) == Ok(Start::Time(millis));
        words
            .filter(is_read)
            .map_or_else(|| format!("@{millis}"), str::to_owned)
    }

    /// A name for the file: what is written, when, and its format.
    fn suggested(&self, form: &Form) -> String {
        let record = self.record.as_ref().filter(|_| form.value(RECORDS) == ONE);
        let topic = self.topics.first().map_or("export", TopicName::as_str);
        let opened = self.opened.as_ref();
        let time = opened.map_or_else(String::new, |at| at.strftime("-%Y%m%d-%H%M%S").to_string());
        let place = record.map_or_else(
            || format!("{topic}{time}"),
            |(topic, partition, offset)| format!("{topic}-{partition}@{offset}"),
        );
        // Nothing of a topic's name leads into another folder.
        let place: String = place
            .chars()
            .filter(|c| !matches!(c, '/' | '\\') && !c.is_control())
            .collect();
        format!("{place}.{}", format_of(form).ending())
    }

    /// The suggested name follows format and choice until somebody types another.
    pub fn follow(&self, before: &Form, form: &mut Form) {
        if before.value(FILE) == self.suggested(before) && form.value(FILE) == before.value(FILE) {
            form.set(FILE, &self.suggested(form));
        }
    }

    /// The order that the form says. The error says what in it cannot be used.
    pub fn order(&self, form: &Form, now: Option<&Zoned>) -> Result<ExportOrder, String> {
        let path = form.value(FILE).trim();
        if path.is_empty() || path == "-" {
            return Err("file: give it a name".to_owned());
        }
        let existing = match form.value(EXISTING) {
            "resume" => Existing::Resume,
            "replace" => Existing::Replace,
            _ => Existing::Refuse,
        };
        let mut spec = ExportSpec::new(self.topics.iter().map(ToString::to_string).collect());
        spec.format = format_of(form);
        match (form.value(RECORDS), &self.record) {
            (ONE, Some((topic, partition, offset))) => {
                spec.topics = vec![topic.to_string()];
                spec.partitions = vec![*partition];
                spec.from = Start::PerPartition(vec![(*partition, *offset)]);
                spec.until = Until::PerPartition(vec![(*partition, Offset(offset.0 + 1))]);
                spec.isolation = Isolation::ReadUncommitted;
            }
            (ALL, _) => spec.isolation = self.isolation,
            _ => read_range(&mut spec, form, now)?,
        }
        let path = path.into();
        Ok(ExportOrder { spec, path, existing })
    }
}

/// Range and filter as they are typed.
fn read_range(spec: &mut ExportSpec, form: &Form, now: Option<&Zoned>) -> Result<(), String> {
    let range = form.value(RANGE);
    let plan = Plan::parse(range, now).map_err(|error| format!("range: {error}"))?;
    if !plan.topics.is_empty() {
        return Err("range: the topics are those of the screen".to_owned());
    }
    range.trim().clone_into(&mut spec.typed);
    spec.from = plan.start.unwrap_or(Start::Begin);
    spec.end_at(plan.until.filter(|until| *until != Until::Follow).unwrap_or(Until::End));
    spec.partitions = plan.partitions.unwrap_or_default();
    spec.isolation = plan.shown.map_or(Isolation::ReadCommitted, Shown::isolation);
    spec.filter = match form.value(FILTER).trim() {
        "" => None,
        line => Some(Filter::parse(line).map_err(|error| format!("filter: {error}"))?),
    };
    Ok(())
}

fn places_line(places: &[(PartitionId, Offset)]) -> String {
    let places: Vec<String> = places.iter().map(|(id, offset)| format!("{id}@{offset}")).collect();
    places.join(",")
}

fn format_of(form: &Form) -> Format {
    Format::named(form.value(FORMAT)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            partitions: vec![PartitionId(0), PartitionId(3)],
            start: Start::Newest(50),
            until: Until::Follow,
            filter: "heidi".to_owned(),
            record: Some(("orders".into(), PartitionId(7), Offset(166_666))),
            opened: "2026-11-20T12:30:05+01:00[Europe/Berlin]".parse().ok(),
            ..Draft::of("orders".into())
        }
    }

    fn order(draft: &Draft, set: &[(&str, &str)]) -> Result<ExportOrder, String> {
        let mut form = draft.form();
        for (name, value) in set {
            form.set(name, value);
        }
        draft.order(&form, draft.opened.as_ref())
    }

    #[test]
    fn what_is_shown_is_exported_unless_something_else_is_said() {
        let order = order(&draft(), &[]).unwrap();
        let spec = &order.spec;
        assert_eq!(spec.from, Start::Newest(50));
        assert_eq!(spec.until, Until::End, "a file has an end");
        assert_eq!(spec.partitions, [PartitionId(0), PartitionId(3)]);
        assert_eq!(
            (spec.filter.as_ref().map(Filter::source), spec.isolation),
            (Some("heidi"), Isolation::ReadCommitted)
        );
        assert_eq!(order.path, PathBuf::from("orders-20261120-123005.jsonl"));
        assert_eq!(order.what(), "export orders");
        assert_eq!(spec.typed, "newest 50 p 0,3");
        assert_eq!(order.resumed(false).existing, Existing::Resume);
        let replace = ExportOrder {
            existing: Existing::Replace,
            ..order
        };
        assert_eq!(
            replace.resumed(false).existing,
            Existing::Replace,
            "the file is the old one"
        );
        assert_eq!(replace.resumed(true).existing, Existing::Resume);
    }

    #[test]
    fn one_record_is_exactly_that_whatever_the_screen_filters() {
        let order = order(&draft(), &[(RECORDS, ONE), (EXISTING, "replace")]).unwrap();
        assert_eq!(
            order.spec.from,
            Start::PerPartition(vec![(PartitionId(7), Offset(166_666))])
        );
        assert_eq!(
            order.spec.until,
            Until::PerPartition(vec![(PartitionId(7), Offset(166_667))])
        );
        assert_eq!((order.spec.filter, order.existing), (None, Existing::Replace));
        assert_eq!(order.spec.isolation, Isolation::ReadUncommitted);
    }

    #[test]
    fn everything_has_no_range_and_no_filter() {
        let spec = order(&draft(), &[(RECORDS, ALL), (FORMAT, "csv")]).unwrap().spec;
        assert_eq!((spec.from, spec.until), (Start::Begin, Until::End));
        assert!(spec.partitions.is_empty() && spec.filter.is_none());
        assert_eq!(spec.format, Format::Csv);
    }

    #[test]
    fn a_file_is_the_same_by_the_names_of_the_command_line() {
        let range = (RANGE, "7@5 to count 3");
        let order = order(&draft(), &[range, (FORMAT, "raw"), (FILTER, "/a/")]).unwrap();
        let options = order.spec.options().into_iter();
        let options: Vec<String> = options.map(|(name, value)| format!("{name} {value}")).collect();
        let expected = [
            r"--delimiter \n",
            "--filter /a/",
            "--format raw",
            "--from 7@5",
            "--isolation read_committed",
            "--limit 3",
            "topics orders",
        ];
        assert_eq!(options, expected);
    }

    #[test]
    fn the_range_of_every_screen_can_be_typed_again() {
        let places = vec![(PartitionId(0), Offset(100)), (PartitionId(3), Offset(250))];
        for start in [
            Start::Newest(7),
            Start::Begin,
            Start::Offset(Offset(12)),
            Start::PerPartition(places.clone()),
            Start::Time(1_795_001_999_123),
            Start::Time(1_795_001_999_000),
        ] {
            for until in [
                Until::End,
                Until::Offset(Offset(999)),
                Until::PerPartition(places.clone()),
                Until::Time(1_795_002_000_000),
                Until::Count(10),
            ] {
                let draft = Draft {
                    start: start.clone(),
                    until: until.clone(),
                    isolation: Isolation::ReadUncommitted,
                    ..draft()
                };
                let spec = order(&draft, &[]).unwrap().spec;
                let until = match until {
                    Until::Count(count) => (Until::End, Some(count)),
                    until => (until, None),
                };
                let read = (spec.from, (spec.until, spec.limit));
                assert_eq!(read, (start.clone(), until), "{}", draft.range());
                assert_eq!(spec.isolation, Isolation::ReadUncommitted);
            }
        }
    }

    #[test]
    fn what_cannot_be_used_is_told_by_its_field() {
        for (field, value, why) in [
            (RANGE, "newest many", "range: newest how many?"),
            (RANGE, "begin in payments", "range: the topics are those of the screen"),
            (FILTER, "/(/", "filter: "),
            (FILE, " ", "file: give it a name"),
        ] {
            let error = order(&draft(), &[(field, value)]).unwrap_err();
            assert!(error.starts_with(why), "{error}");
        }
    }

    #[test]
    fn the_suggested_name_follows_until_another_is_typed() {
        let draft = draft();
        let mut form = draft.form();
        let change = |form: &mut Form, field, value| {
            let before = form.clone();
            form.set(field, value);
            draft.follow(&before, form);
        };
        change(&mut form, FORMAT, "csv");
        assert_eq!(form.value(FILE), "orders-20261120-123005.csv");
        change(&mut form, RECORDS, ONE);
        assert_eq!(form.value(FILE), "orders-7@166666.csv");
        change(&mut form, FILE, "mine.gz");
        change(&mut form, FORMAT, "raw");
        assert_eq!(form.value(FILE), "mine.gz");
    }

    #[test]
    fn a_hostile_topic_leads_into_no_other_folder() {
        let draft = Draft::of("../../etc/pass\x1bwd".into());
        assert_eq!(draft.form().value(FILE), "....etcpasswd.jsonl");
    }
}
