//! How a limit of a lag is written: `1000`, `1000:5m`, `billing=500:1m`, `pay*=500`.

use std::time::Duration;

use crate::cli;
use crate::kafka::lag::alarm::Limit;

/// Reads a limit.
///
/// # Errors
/// What is wrong with it.
pub fn parse(spec: &str) -> Result<Limit, String> {
    // A group's name may hold any character, also `=`.
    let (groups, written) = match spec.rsplit_once('=') {
        Some(("", _)) => return Err("no group stands before the =; write it as 1000:5m for all groups".to_owned()),
        Some((groups, written)) => (Some(groups.to_owned()), written),
        None => (None, spec),
    };
    let (lag, lasting) = match written.split_once(':') {
        Some((lag, lasting)) => (lag, cli::duration(lasting)?),
        None => (written, Duration::ZERO),
    };
    let lag = lag.parse().ok().filter(|lag| *lag >= 0);
    Ok(Limit {
        groups,
        lag: lag.ok_or("write it as 1000, 1000:5m or GROUP=500:1m")?,
        lasting,
        written: written.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_has_a_lag_and_may_have_groups_and_a_time() {
        let read = |spec: &str| {
            let limit = parse(spec).unwrap();
            (limit.groups, limit.lag, limit.lasting.as_secs())
        };
        assert_eq!(read("1000"), (None, 1_000, 0));
        assert_eq!(read("1000:5m"), (None, 1_000, 300));
        assert_eq!(read("billing=500:30s"), (Some("billing".to_owned()), 500, 30));
        assert_eq!(read("a=b*=0"), (Some("a=b*".to_owned()), 0, 0));
    }

    #[test]
    fn what_is_no_limit_says_how_to_write_one() {
        for wrong in ["", "many", "-1", "1000:", "1000:5y", "=5", "billing=", "1,000"] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(parse("many").unwrap_err().contains("GROUP=500:1m"));
    }
}
