//! The flags of `ktui export`, and what they mean.

use std::path::PathBuf;

use clap::ValueEnum;
use jiff::Zoned;

use crate::export::format::Delimiter;
use crate::export::{Existing, ExportSpec, Format, Output};
use crate::filter::Filter;
use crate::kafka::model::Isolation;
use crate::position::{Start, Until, parse_partitions};

/// What to export, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct ExportArgs {
    /// Topics: names, or patterns with * and ? in quotes
    #[arg(value_name = "TOPIC", required = true)]
    topics: Vec<String>,
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    form: FormArgs,
    /// File to write; .gz and .zst compress it; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Go on with an interrupted export; starts one where there is none
    #[arg(long, conflicts_with = "force")]
    resume: bool,
    /// Write the file anew if it exists
    #[arg(long)]
    force: bool,
}

/// Which records.
#[derive(Clone, Debug, clap::Args)]
struct ReadArgs {
    /// Partitions: 0,3-5
    #[arg(long, value_name = "LIST")]
    partitions: Option<String>,
    /// Where to start: begin, end, -15m, yesterday 14:00, an offset, 0@100,3@250
    #[arg(long, value_name = "WHERE", allow_hyphen_values = true, conflicts_with = "newest")]
    from: Option<String>,
    /// Where to end: end, a time, an offset, 0@200,3@300; what stands there is not included
    #[arg(long, value_name = "WHERE", allow_hyphen_values = true, conflicts_with = "follow")]
    to: Option<String>,
    /// Start at the newest N records over all partitions; at most 1,000,000
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    newest: Option<u32>,
    /// Go on with new records as they come
    #[arg(long)]
    follow: bool,
    /// Stop after N records
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Only records that match: text, /regex/, or a CEL expression on record
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Whether records of open and aborted transactions are left out
    #[arg(long, value_enum, default_value_t)]
    isolation: IsolationArg,
}

/// How they are written.
#[derive(Clone, Debug, clap::Args)]
struct FormArgs {
    /// How records are written
    #[arg(long, value_enum, default_value_t)]
    format: FormatArg,
    /// With --format raw: what ends a record [default: \n]
    #[arg(long, value_name = "TEXT")]
    delimiter: Option<Delimiter>,
    /// With --format raw: write keys, with this after each
    #[arg(long, value_name = "TEXT")]
    key_delimiter: Option<Delimiter>,
}

/// An isolation level by Kafka's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum IsolationArg {
    /// Left out.
    #[default]
    #[value(name = "read_committed")]
    Committed,
    /// Included.
    #[value(name = "read_uncommitted")]
    Uncommitted,
}

/// A format by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    /// One JSON object a line, nothing lost
    #[default]
    Jsonl,
    /// RFC 4180 with a line of names
    Csv,
    /// Values as they are
    Raw,
    /// What kcat -J prints
    Kcat,
}

impl ExportArgs {
    /// Where to write.
    pub(super) fn output(&self) -> Output {
        if self.output.as_os_str() == "-" {
            return Output::Stdout;
        }
        let existing = match (self.resume, self.force) {
            (true, _) => Existing::Resume,
            (_, true) => Existing::Replace,
            _ => Existing::Refuse,
        };
        Output::File {
            path: self.output.clone(),
            existing,
        }
    }

    /// What to export; `now` is what times are relative to.
    ///
    /// # Errors
    /// Which flag is wrong, and how to write it.
    pub(super) fn spec(&self, now: &Zoned) -> Result<ExportSpec, String> {
        if (self.resume || self.force) && self.output() == Output::Stdout {
            return Err("--resume and --force need a file: -o FILE".to_owned());
        }
        self.form.check()?;
        let of = |flag: &str, error: String| format!("{flag}: {error}");
        let read = &self.read;
        let mut spec = ExportSpec {
            limit: read.limit,
            format: self.form.format(),
            isolation: match read.isolation {
                IsolationArg::Committed => Isolation::ReadCommitted,
                IsolationArg::Uncommitted => Isolation::ReadUncommitted,
            },
            typed: self.typed(),
            now: now.timestamp().as_millisecond(),
            ..ExportSpec::new(self.topics.clone())
        };
        if let Some(list) = &read.partitions {
            spec.partitions = parse_partitions(list).map_err(|error| of("--partitions", error))?;
        }
        if let Some(from) = &read.from {
            spec.from = Start::parse(from, Some(now)).map_err(|error| of("--from", error))?;
        }
        if let Some(count) = read.newest {
            spec.from = Start::Newest(count as usize);
        }
        if let Some(to) = &read.to {
            spec.end_at(Until::parse(to, Some(now)).map_err(|error| of("--to", error))?);
        }
        if spec.until.is_before(&spec.from) {
            return Err("--to lies before --from".to_owned());
        }
        if read.follow {
            spec.until = Until::Follow;
        }
        if let Some(filter) = &read.filter {
            let filter = Filter::parse(filter).map_err(|error| of("--filter", error.to_string()))?;
            spec.filter = Some(filter);
        }
        Ok(spec)
    }

    /// Start and end as they were typed, in the words of a screen.
    fn typed(&self) -> String {
        let read = &self.read;
        match (&read.from, &read.to) {
            (from, Some(to)) => format!("{} to {to}", from.as_deref().unwrap_or("begin")),
            (from, None) => from.clone().unwrap_or_default(),
        }
    }
}

impl FormArgs {
    fn delimiter(&self) -> Delimiter {
        self.delimiter.clone().unwrap_or_default()
    }

    /// Refuses flags that say nothing of the format.
    fn check(&self) -> Result<(), String> {
        let has_delimiters = self.delimiter.is_some() || self.key_delimiter.is_some();
        if has_delimiters && self.format != FormatArg::Raw {
            return Err("--delimiter and --key-delimiter are for --format raw".to_owned());
        }
        Ok(())
    }

    fn format(&self) -> Format {
        match self.format {
            FormatArg::Jsonl => Format::Jsonl,
            FormatArg::Csv => Format::Csv,
            FormatArg::Kcat => Format::Kcat,
            FormatArg::Raw => Format::Raw {
                key: self.key_delimiter.clone(),
                record: self.delimiter(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::kafka::model::{Offset, PartitionId};

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        export: ExportArgs,
    }

    fn parse(words: &[&str]) -> ExportArgs {
        Only::try_parse_from([&["export"], words].concat()).unwrap().export
    }

    fn spec(words: &[&str]) -> Result<ExportSpec, String> {
        parse(words).spec(&"2026-11-20T12:30:00+01:00[Europe/Berlin]".parse().unwrap())
    }

    #[test]
    fn without_flags_everything_committed_goes_to_standard_output() {
        let spec = spec(&["orders"]).unwrap();
        assert_eq!((spec.from, spec.until, spec.limit), (Start::Begin, Until::End, None));
        assert_eq!((spec.isolation, spec.format), (Isolation::ReadCommitted, Format::Jsonl));
        assert_eq!(parse(&["orders"]).output(), Output::Stdout);
    }

    #[test]
    fn places_and_times_are_read_as_on_the_screen() {
        let spec = spec(&["a", "b", "--from", "-15m", "--to", "0@7", "--partitions", "0,2-3"]).unwrap();
        assert_eq!(spec.from, Start::Time(1_795_173_300_000));
        assert_eq!(spec.until, Until::PerPartition(vec![(PartitionId(0), Offset(7))]));
        assert_eq!(spec.partitions, [0, 2, 3].map(PartitionId));
    }

    #[test]
    fn newest_is_a_start_and_a_count_a_limit() {
        let spec = self::spec(&["a", "--newest", "5", "--to", "count 3", "--limit", "9"]).unwrap();
        assert_eq!(
            (spec.from, spec.until, spec.limit),
            (Start::Newest(5), Until::End, Some(3))
        );
    }

    #[test]
    fn formats_have_the_names_that_checkpoints_and_forms_have() {
        let names = FormatArg::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value);
        let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
        assert_eq!(names, Format::NAMES);
        for name in names {
            assert_eq!(spec(&["a", "--format", &name]).unwrap().format.name(), name);
        }
    }

    #[test]
    fn a_wrong_word_names_its_flag() {
        for (words, start) in [
            (&["a", "--from", "soon"][..], "--from: cannot go to soon"),
            (&["a", "--to", "soon"], "--to: cannot read until soon"),
            (&["a", "--filter", "/(/"], "--filter: "),
            (&["a", "--partitions", "x"], "--partitions: "),
            (&["a", "--from", "-5m", "--to", "-10m"], "--to lies before --from"),
            (&["a", "--delimiter", ","], "--delimiter and --key-delimiter are for"),
            (&["a", "--format", "csv", "--key-delimiter", ","], "--delimiter and"),
            (&["a", "--resume"], "--resume and --force need a file"),
        ] {
            let error = spec(words).unwrap_err();
            assert!(error.starts_with(start), "{error}");
        }
    }

    #[test]
    fn what_says_what_is_in_the_file_is_compared_and_nothing_else() {
        let options = |words: &[&str]| spec(words).unwrap().options();
        let one = options(&["a", "-o", "x", "--filter", "needle"]);
        assert_eq!(options(&["a", "-o", "y", "--filter", "needle", "--resume"]), one);
        for other in [
            &["b", "--filter", "needle"][..],
            &["a", "--filter", "Needle"],
            &["a", "--filter", "needle", "--format", "csv"],
            &["a", "--filter", "needle", "--limit", "2"],
        ] {
            assert_ne!(options(other), one);
        }
    }
}
