//! Long work that goes on while screens come and go: what runs, how far it is, what came of it.
//!
//! ```text
//!  ┌ Jobs ─────────────────────────────────────────────────────────────────────────┐
//!  │ ▸ export orders.events to orders.jsonl           43 %   860,412 records        │
//!  │   export payments to payments.csv                done   1,204 records          │
//!  └───────────────────────────────────────────────────────────────────────────────┘
//! ```

pub mod export;

use std::path::Path;
use std::time::{Duration, Instant};

pub use export::ExportOrder;

use super::action::Action;
use super::moving::MoveJob;
use super::produce::SendOrder;
use crate::ops::Sending;

/// Which job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// What a job is to do. Plain data.
#[derive(Clone, Debug, PartialEq)]
pub enum JobSpec {
    /// Write records to a file.
    Export(Box<ExportOrder>),
    /// Send a record, which somebody has confirmed in these words.
    Send(Box<SendOrder>, Sending),
    /// Change a group, exactly as it was shown.
    Move(Box<MoveJob>),
}

impl JobSpec {
    /// What it does, in a few words, and the file it writes.
    pub fn parts(&self) -> (String, Option<&Path>) {
        match self {
            Self::Export(order) => (order.what(), Some(&order.path)),
            Self::Send(_, sending) => (sending.to_string(), None),
            Self::Move(job) => (job.plan.to_string(), None),
        }
    }

    /// What it does, in a line.
    pub fn title(&self) -> String {
        match self.parts() {
            (what, Some(file)) => format!("{what} to {}", file.display()),
            (what, None) => what,
        }
    }

    /// Whether it can be stopped: a record or an offset on its way cannot be called back.
    pub fn can_stop(&self) -> bool {
        matches!(self, Self::Export(_))
    }
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobProgress {
    /// Steps done.
    pub done: u64,
    /// Steps there are, as far as that is known.
    pub total: Option<u64>,
    /// The rest, in words: `860,412 records`.
    pub said: String,
}

impl JobProgress {
    /// How much of it is done, in whole per cent; 100 only when all is.
    pub fn percent(&self) -> Option<u8> {
        let total = self.total?;
        let part = self.done.min(total) as f64 / total.max(1) as f64;
        Some((part * 100.0) as u8)
    }
}

/// What came of a job, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// All of it was done.
    Done(String),
    /// Not all of it could be done.
    Partly(String),
    /// It was told to stop.
    Stopped(String),
    /// It failed.
    Failed(String),
}

impl JobEnd {
    /// Its words.
    pub fn said(&self) -> &str {
        match self {
            Self::Done(said) | Self::Partly(said) | Self::Stopped(said) | Self::Failed(said) => said,
        }
    }

    /// One word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Partly(_) => "partly",
            Self::Stopped(_) => "stopped",
            Self::Failed(_) => "failed",
        }
    }
}

/// A job with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Which one.
    pub id: JobId,
    /// What it is to do.
    pub spec: JobSpec,
    /// When it was started.
    pub started: Instant,
    /// How far it is.
    pub progress: JobProgress,
    /// Whether it was told to stop.
    pub is_stopping: bool,
    /// What came of it; `None` while it runs.
    pub end: Option<JobEnd>,
}

impl Job {
    /// Whether it had begun: before, it tells nothing.
    pub fn has_begun(&self) -> bool {
        self.progress != JobProgress::default()
    }

    /// What may be done with it now.
    pub fn actions(&self) -> Vec<Action> {
        match &self.end {
            None if self.spec.can_stop() && !self.is_stopping => vec![Action::StopJob],
            None => Vec::new(),
            // What was planned then is not what would happen now.
            Some(_) if matches!(self.spec, JobSpec::Move(_)) => vec![Action::UndoChange],
            Some(JobEnd::Done(_)) => Vec::new(),
            Some(_) => vec![Action::ResumeJob],
        }
    }

    /// Whether it is under way.
    pub fn is_running(&self) -> bool {
        self.end.is_none()
    }

    /// How long it will take at the pace so far; `None` while nobody can tell.
    pub fn left(&self, now: Instant) -> Option<Duration> {
        let (done, total) = (self.progress.done, self.progress.total?);
        let passed = now.saturating_duration_since(self.started).as_secs_f64();
        let rest = total.saturating_sub(done) as f64;
        let is_known = self.is_running() && done > 0 && passed >= 1.0;
        is_known
            .then(|| Duration::try_from_secs_f64(passed * rest / done as f64).ok())
            .flatten()
    }
}

/// Ended jobs that are kept in the list; older ones leave.
const KEPT: usize = 50;

/// All jobs of the session, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    list: Vec<Job>,
    last: u64,
}

impl Jobs {
    /// Notes a new job.
    pub fn start(&mut self, spec: JobSpec, now: Instant) -> JobId {
        self.last += 1;
        let id = JobId(self.last);
        let job = Job {
            id,
            spec,
            started: now,
            progress: JobProgress::default(),
            is_stopping: false,
            end: None,
        };
        self.list.insert(0, job);
        let mut ended = 0;
        self.list.retain(|job| {
            ended += usize::from(!job.is_running());
            job.is_running() || ended <= KEPT
        });
        id
    }

    /// A job went on.
    pub fn moved(&mut self, id: JobId, progress: JobProgress) {
        if let Some(job) = self.find(id).filter(|job| job.is_running()) {
            job.progress = progress;
        }
    }

    /// A job came to its end; `None` when none of this number was running.
    pub fn ended(&mut self, id: JobId, end: JobEnd) -> Option<&Job> {
        let job = self.find(id).filter(|job| job.is_running())?;
        job.end = Some(end);
        Some(job)
    }

    /// Notes that a job was told to stop; `false` when it is not running.
    pub fn stop(&mut self, id: JobId) -> bool {
        let job = self.find(id).filter(|job| job.is_running());
        job.map(|job| job.is_stopping = true).is_some()
    }

    fn find(&mut self, id: JobId) -> Option<&mut Job> {
        self.list.iter_mut().find(|job| job.id == id)
    }

    /// All of them, the newest first.
    pub fn all(&self) -> &[Job] {
        &self.list
    }

    /// The actions of the bottom line, for the job in this row.
    pub fn hints(&self, row: usize) -> Vec<Action> {
        let mut hints = self.list.get(row).map(Job::actions).unwrap_or_default();
        if self.list.is_empty() {
            hints.push(Action::UndoChange);
        }
        if self.list.len() > 1 {
            hints.push(Action::CursorDown);
        }
        hints.push(Action::Leave);
        hints
    }

    /// Those under way.
    pub fn running(&self) -> impl Iterator<Item = &Job> {
        self.list.iter().filter(|job| job.is_running())
    }

    /// How many are under way and how much of them is done, in per cent where all can tell; `None` while none is.
    pub fn meter(&self) -> Option<(usize, Option<u8>)> {
        let count = self.running().count();
        let mut all = JobProgress {
            total: Some(0),
            ..JobProgress::default()
        };
        for job in self.running() {
            let total = all.total.zip(job.progress.total);
            all.total = total.map(|(all, one)| all.saturating_add(one));
            all.done = all.done.saturating_add(job.progress.done);
        }
        (count > 0).then(|| (count, all.percent()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::{Start, Until};

    fn now() -> Instant {
        #[expect(clippy::disallowed_methods, reason = "tests need a point in time to count from")]
        Instant::now()
    }

    fn spec() -> JobSpec {
        let order = ExportOrder::new(&"orders".into(), Start::Begin, Until::End, "orders.jsonl");
        JobSpec::Export(Box::new(order))
    }

    fn progress(done: u64, total: Option<u64>) -> JobProgress {
        JobProgress {
            done,
            total,
            said: String::new(),
        }
    }

    #[test]
    fn the_meter_counts_what_runs_and_says_per_cent_only_where_all_can_tell() {
        let (mut jobs, now) = (Jobs::default(), now());
        assert_eq!(jobs.meter(), None);
        let (one, other) = (jobs.start(spec(), now), jobs.start(spec(), now));
        assert_eq!(jobs.meter(), Some((2, None)));
        jobs.moved(one, progress(999, Some(1000)));
        jobs.moved(other, progress(0, Some(1000)));
        assert_eq!(jobs.meter(), Some((2, Some(49))));
        jobs.ended(other, JobEnd::Done("all".into()));
        assert_eq!(jobs.meter(), Some((1, Some(99))), "100 only when all is done");
        jobs.ended(one, JobEnd::Failed("disk full".into()));
        assert_eq!(jobs.meter(), None);
        assert!(jobs.ended(one, JobEnd::Done(String::new())).is_none(), "once");
        assert!(!jobs.stop(one));
        assert_eq!(jobs.all().len(), 2);
    }

    #[test]
    fn only_what_may_be_done_with_a_job_is_offered() {
        let (mut jobs, now) = (Jobs::default(), now());
        let id = jobs.start(spec(), now);
        assert_eq!(jobs.hints(0), [Action::StopJob, Action::Leave]);
        jobs.stop(id);
        assert_eq!(jobs.hints(0), [Action::Leave]);
        jobs.ended(id, JobEnd::Stopped(String::new()));
        assert_eq!(jobs.hints(0), [Action::ResumeJob, Action::Leave]);
        let id = jobs.start(spec(), now);
        jobs.ended(id, JobEnd::Done(String::new()));
        assert_eq!(jobs.hints(0), [Action::CursorDown, Action::Leave]);
        assert_eq!(jobs.hints(1), [Action::ResumeJob, Action::CursorDown, Action::Leave]);
        let order = SendOrder {
            topic: "orders".into(),
            partition: crate::kafka::model::PartitionId(0),
            chosen_of: None,
            content: crate::app::produce::Content::default(),
            codec: crate::kafka::model::Codec::None,
        };
        let sending = Sending {
            cluster: "prod".into(),
            topic: "orders".into(),
            records: Some(1),
        };
        let id = jobs.start(JobSpec::Send(Box::new(order), sending), now);
        assert!(!jobs.hints(0).contains(&Action::StopJob), "it cannot be called back");
        jobs.ended(id, JobEnd::Failed(String::new()));
        assert!(jobs.hints(0).contains(&Action::ResumeJob), "it comes back in its form");
    }

    #[test]
    fn the_time_left_is_told_once_there_is_a_pace() {
        let (mut jobs, now) = (Jobs::default(), now());
        let id = jobs.start(spec(), now);
        let left = |jobs: &Jobs, seconds| jobs.all()[0].left(now + Duration::from_secs(seconds));
        assert_eq!(left(&jobs, 5), None);
        jobs.moved(id, progress(25, Some(100)));
        assert_eq!(left(&jobs, 5), Some(Duration::from_secs(15)));
        jobs.moved(id, progress(25, None));
        assert_eq!(left(&jobs, 5), None);
    }

    #[test]
    fn ended_jobs_leave_when_there_are_too_many_and_running_ones_stay() {
        let (mut jobs, now) = (Jobs::default(), now());
        let first = jobs.start(spec(), now);
        for _ in 0..KEPT + 10 {
            let id = jobs.start(spec(), now);
            jobs.ended(id, JobEnd::Done(String::new()));
        }
        jobs.start(spec(), now);
        assert_eq!(jobs.all().len(), KEPT + 2);
        assert!(jobs.all().last().is_some_and(|job| job.id == first));
    }
}
