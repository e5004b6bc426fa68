//! `ktui lag --watch` and `--until`: looks again and again, tells what it saw, and ends when it is asked to or the lag is
//! small enough.

use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::super::{Args, headless};
use super::LagArgs;
use super::looks::Looks;
use super::sights::{Sight, Waits};
use super::teller::Teller;
use crate::exit::Exit;
use crate::kafka::client::Client;
use crate::kafka::error::Error;
use crate::runtime::signals::Interrupts;
use crate::ui::format::{Count, Span};

/// Runs the command.
pub fn run(args: &Args, lag: &LagArgs) -> Exit {
    let (bootstrap, runtime) = match headless::start(args) {
        Ok(started) => started,
        Err(exit) => return exit,
    };
    let name = bootstrap.first().cloned().unwrap_or_default();
    let given = args.connection.timeout;
    // The time that --until may take is not that of a single answer.
    let limit = given.map_or(headless::LONGEST, |given| given.min(headless::LONGEST));
    let exit = runtime.block_on(async {
        let client = Client::new(headless::within(bootstrap, limit));
        let watching = Watching {
            target: lag.until,
            every: lag.every(),
            limit,
            longest: given.filter(|_| lag.until.is_some()),
            teller: Teller::new(lag),
        };
        let limits = lag.warn.lag_warn.clone();
        watching.go(Looks::new(client, name, &lag.groups, limits)).await
    });
    runtime.shutdown_background();
    exit
}

/// What is to be done.
struct Watching {
    target: Option<i64>,
    every: Duration,
    /// For one look.
    limit: Duration,
    /// For all of them.
    longest: Option<Duration>,
    teller: Teller,
}

/// What a look came to.
pub enum Looked<T> {
    /// This was seen.
    Seen(T),
    /// Nobody answered, for this reason.
    Blind(Error),
    /// Somebody asked it to end.
    Interrupted,
    /// The time is over.
    Late,
}

impl Watching {
    async fn go(mut self, mut looks: Looks) -> Exit {
        let mut interrupts = Interrupts::listen();
        let end = self.longest.map(|longest| Instant::now() + longest);
        let (mut last, mut strangers, mut is_first) = (Vec::new(), Vec::new(), true);
        loop {
            let begun = Instant::now();
            match looked(looks.look(self.limit), self.limit, end, &mut interrupts).await {
                Looked::Interrupted => return self.interrupted(),
                Looked::Late => return self.late(&last),
                Looked::Blind(error) if is_first => return headless::fail(&error),
                Looked::Blind(error) => {
                    let sight = looks.blind(error);
                    if self.teller.blind(&sight).is_err() {
                        return self.unheard();
                    }
                    last = sight.waits;
                }
                Looked::Seen(sight) => {
                    if self.teller.seen(&sight).is_err() {
                        return self.unheard();
                    }
                    // A coordinator that is just moving may not list a group that it will list in a moment.
                    let gone = sight
                        .strangers
                        .iter()
                        .find(|name| is_first || strangers.contains(*name));
                    if let Some(exit) = self.ends(&sight, gone, is_first) {
                        return exit;
                    }
                    (last, strangers) = (sight.waits, sight.strangers);
                }
            }
            is_first = false;
            tokio::select! {
                () = sleep_until(begun + self.every) => {}
                () = interrupts.next() => return self.interrupted(),
                () = until(end) => return self.late(&last),
            }
        }
    }

    /// How it ends with this look, if it does.
    fn ends(&self, sight: &Sight, gone: Option<&String>, is_first: bool) -> Option<Exit> {
        let report = &sight.report;
        let Some(target) = self.target else {
            let is_nothing = is_first && report.items.is_empty() && !report.failures.is_empty();
            return is_nothing.then_some(Exit::Nothing);
        };
        if let Some(name) = gone {
            return Some(headless::say(&format!("group {name} does not exist or is hidden")));
        }
        let is_reached = |(_, waits): &Waits| waits.as_ref().is_ok_and(|waits| *waits <= target);
        sight.waits.iter().all(is_reached).then(|| {
            self.teller.end(Exit::Well, &format!("reached: {}", list(&sight.waits)));
            Exit::Well
        })
    }

    fn late(&self, last: &[Waits]) -> Exit {
        let longest = Span(self.longest.unwrap_or_default());
        let target = Count(self.target.unwrap_or_default());
        let found = match last {
            [] => "nothing was learned in that time".to_owned(),
            last => list(last),
        };
        let words = format!("not at or under {target} after {longest}: {found}");
        self.teller.end(Exit::Timeout, &words);
        Exit::Timeout
    }

    /// Who asks it to end a watch has seen enough; who waits for something has not got it.
    fn interrupted(&self) -> Exit {
        self.teller.leave();
        self.unheard()
    }

    fn unheard(&self) -> Exit {
        if self.target.is_some() {
            Exit::Nothing
        } else {
            Exit::Well
        }
    }
}

/// Waits for a look, for `limit` at most, and no longer than until `end` or an interrupt.
pub async fn looked<T>(
    asked: impl Future<Output = Result<T, Error>>,
    limit: Duration,
    end: Option<Instant>,
    interrupts: &mut Interrupts,
) -> Looked<T> {
    let asked = timeout(limit, asked);
    tokio::select! {
        biased;
        () = interrupts.next() => Looked::Interrupted,
        looked = asked => match looked {
            Ok(Ok(seen)) => Looked::Seen(seen),
            Ok(Err(error)) => Looked::Blind(error),
            Err(_) => Looked::Blind(Error::Timeout {
                what: "the groups".to_owned(),
                addr: "the cluster".to_owned(),
                after: limit,
            }),
        },
        () = until(end) => Looked::Late,
    }
}

/// Waits for a moment; for ever where there is none.
pub async fn until(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => pending().await,
    }
}

/// `billing 1,204, audit unknown (no leader)`.
fn list(waits: &[Waits]) -> String {
    let each = waits.iter().map(|(name, waits)| match waits {
        Ok(waits) => format!("{name} {}", Count(*waits)),
        Err(why) => format!("{name} unknown ({why})"),
    });
    each.collect::<Vec<_>>().join(", ")
}
