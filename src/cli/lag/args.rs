//! The flags of `ktui lag`, and what they ask for.

use std::time::Duration;

use super::super::WarnArgs;
use super::super::report::OutputArgs;

/// Time between two looks where none is given, as it is written.
pub const EVERY: &str = "5";
/// Looks are no nearer to each other: each is some requests to every broker.
const SHORTEST: Duration = Duration::from_millis(200);

/// The flags of `ktui lag`.
#[derive(Clone, Debug, clap::Args)]
pub struct LagArgs {
    /// Groups; all when none is named
    #[arg(value_name = "GROUP")]
    pub groups: Vec<String>,
    /// Look again every so many seconds, 5 where no number is given, and tell rates, verdict and ETA: a table that
    /// refreshes on a terminal, else a line of JSON for each look
    #[arg(
        long,
        value_name = "SECS",
        value_parser = interval,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = EVERY,
        conflicts_with = "csv"
    )]
    pub watch: Option<Duration>,
    /// Wait until the lag of every named group is at or under N; exit code 4 when --timeout is over before. An unknown
    /// lag does not count as reached
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(i64).range(0..),
        requires = "groups",
        conflicts_with = "csv"
    )]
    pub until: Option<i64>,
    /// Limits of a lag.
    #[command(flatten)]
    pub warn: WarnArgs,
    /// How to print.
    #[command(flatten)]
    pub output: OutputArgs,
}

impl LagArgs {
    /// Whether it looks more than once.
    pub fn goes_on(&self) -> bool {
        self.watch.is_some() || self.until.is_some()
    }

    /// Whether a limit was given that a single look cannot watch over; one of the environment is not meant for it.
    pub fn warns_in_vain(&self) -> bool {
        let from_environment = std::env::var_os("KTUI_LAG_WARN").is_some();
        self.watch.is_none() && !self.warn.lag_warn.is_empty() && !from_environment
    }

    /// Time between two looks.
    pub fn every(&self) -> Duration {
        self.watch.or_else(|| interval(EVERY).ok()).unwrap_or(SHORTEST)
    }
}

/// Reads the time between two looks.
///
/// # Errors
/// When it is none, or too short.
pub fn interval(text: &str) -> Result<Duration, String> {
    let every = super::super::duration(text)?;
    if every < SHORTEST {
        return Err("must be at least 200ms".to_owned());
    }
    Ok(every)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::super::{Args, Command};
    use super::*;

    fn parse(line: &str) -> Result<LagArgs, clap::Error> {
        match Args::try_parse_from(line.split_whitespace())?.command {
            Some(Command::Lag(lag)) => Ok(*lag),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_watch_takes_its_interval_behind_an_equals_sign_alone() {
        let lag = parse("ktui lag --watch billing").unwrap();
        assert_eq!(
            (lag.every(), lag.groups.as_slice()),
            (Duration::from_secs(5), &["billing".to_owned()][..])
        );
        assert_eq!(parse("ktui lag --watch=2").unwrap().every(), Duration::from_secs(2));
        assert_eq!(
            parse("ktui lag --watch=500ms").unwrap().every(),
            Duration::from_millis(500)
        );
        assert!(!parse("ktui lag billing").unwrap().goes_on());
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for line in [
            "ktui lag --until 5",
            "ktui lag --until=-1 billing",
            "ktui lag --until many billing",
            "ktui lag --watch=0 billing",
            "ktui lag --watch=50ms billing",
            "ktui lag --watch --csv billing",
            "ktui lag --until 5 --csv billing",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert_eq!(parse("ktui lag --until 5 billing").unwrap().until, Some(5));
    }
}
