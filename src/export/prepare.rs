//! From what is asked for to an export that can run: new, resumed, or complete already.

use std::path::{Path, PathBuf};

use super::checkpoint::{Checkpoint, Paths};
use super::lines::Packing;
use super::plan::{Plan, plan};
use super::writer::Target;
use super::{Existing, ExportError, ExportSpec, Output};
use crate::kafka::client::Client;
use crate::kafka::error::Error;
use crate::kafka::partial::Partial;
use crate::position::Until;

/// An export that is ready to run.
pub struct Export {
    pub(super) client: Client,
    pub(super) spec: ExportSpec,
    pub(super) plan: Plan,
    pub(super) state: Checkpoint,
    pub(super) target: Target,
    pub(super) packing: Packing,
    pub(super) paths: Option<Paths>,
    /// What is written, as errors call it.
    pub(super) name: PathBuf,
}

/// What came of preparing.
pub enum Prepared {
    /// It can run.
    Ready(Box<Export>),
    /// There is nothing left to do.
    Complete(Box<Checkpoint>),
}

impl Export {
    /// Looks at the output and asks the cluster what there is to read. Partitions that cannot be asked are failures.
    ///
    /// # Errors
    /// When the output is refused or cannot be opened, or no broker can be asked.
    pub async fn prepare(client: Client, spec: ExportSpec, output: &Output) -> Result<Partial<Prepared>, ExportError> {
        let (path, existing) = match output {
            Output::Stdout => {
                let name = Path::new("standard output");
                let target = Target::stdout().map_err(|error| write_error(name, error))?;
                return Self::stream(client, spec, target, name).await;
            }
            // A device, a pipe or `>(program)` has no name to take later.
            Output::File { path, .. } if path.metadata().is_ok_and(|file| !file.is_file() && !file.is_dir()) => {
                let opened = path.clone();
                // A pipe lets nobody in until somebody reads it.
                let target = tokio::task::spawn_blocking(move || Target::device(&opened)).await;
                let target = target.map_err(|_| ExportError::Crashed)?;
                let target = target.map_err(|error| write_error(path, error))?;
                return Self::stream(client, spec, target, path).await;
            }
            Output::File { path, existing } => (path, *existing),
        };
        if path.is_dir() {
            return Err(ExportError::Refused(format!("{} is a folder", path.display())));
        }
        let packing = Packing::of(&path.to_string_lossy());
        let paths = Paths::of(path);
        let before = match existing {
            Existing::Replace => None,
            Existing::Refuse => refuse(&paths)?,
            Existing::Resume => begun(&paths).map_err(|error| cannot_resume(path, &error))?,
        };
        if existing == Existing::Resume && before.is_none() && path.exists() {
            return Err(cannot_resume(
                path,
                &"nothing says how it was made; --force writes it anew",
            ));
        }
        let (plan, state, target) = if let Some(state) = before {
            if let Some(difference) = state.difference(&spec.options(), &spec.typed) {
                return Err(cannot_resume(path, &difference));
            }
            let plan = Plan::resumed(&state, &spec.from);
            plan.check(&client).await.map_err(|error| match error {
                Error::Remade { .. } | Error::OtherCluster { .. } => cannot_resume(path, &error),
                error => ExportError::Kafka(error),
            })?;
            if state.complete {
                finish(&paths, &state)?;
                return Ok(Partial::complete(Prepared::Complete(Box::new(state))));
            }
            let target = Target::resumed(paths.clone(), &state);
            (plan, state, target)
        } else {
            let found = plan(&client, &spec).await?;
            if !found.is_complete() {
                return Err(ExportError::Unplanned(found.failures));
            }
            let state = found.value.begin(&spec);
            (found.value, state, Target::begun(paths.clone()))
        };
        let target = target.map_err(|error| busy_or(&paths.partial, error))?;
        let export = Self {
            client,
            spec,
            plan,
            state,
            target,
            packing,
            name: paths.partial.clone(),
            paths: Some(paths),
        };
        Ok(Partial::complete(Prepared::Ready(Box::new(export))))
    }

    async fn stream(
        client: Client,
        spec: ExportSpec,
        target: Target,
        name: &Path,
    ) -> Result<Partial<Prepared>, ExportError> {
        let found = plan(&client, &spec).await?;
        let state = found.value.begin(&spec);
        Ok(found.map(|plan| {
            Prepared::Ready(Box::new(Self {
                client,
                spec,
                plan,
                state,
                target,
                packing: Packing::None,
                paths: None,
                name: name.to_owned(),
            }))
        }))
    }

    /// What it will read.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether it goes on with what is written later.
    pub fn is_followed(&self) -> bool {
        self.spec.until == Until::Follow
    }

    /// How far it is.
    pub fn state(&self) -> &Checkpoint {
        &self.state
    }
}

/// What there is to go on with. A finished file that somebody took away is nothing: it is made anew.
fn begun(paths: &Paths) -> std::io::Result<Option<Checkpoint>> {
    let found = Checkpoint::load(&paths.checkpoint)?;
    Ok(found.filter(|state| !state.complete || paths.partial.exists() || paths.file.exists()))
}

/// The file of a complete export has its name, or takes it now. Another file than the one that was written is left
/// alone.
fn finish(paths: &Paths, state: &Checkpoint) -> Result<(), ExportError> {
    let is_whole = |path: &Path| path.metadata().is_ok_and(|file| file.len() == state.bytes);
    if is_whole(&paths.partial) {
        return paths.finish().map_err(|error| write_error(&paths.file, error));
    }
    if is_whole(&paths.file) {
        return Ok(());
    }
    Err(cannot_resume(
        &paths.file,
        &"it is complete, but not as it was written; --force writes it anew",
    ))
}

/// Nothing that is there is overwritten without being told so.
fn refuse(paths: &Paths) -> Result<Option<Checkpoint>, ExportError> {
    let hint = "--resume goes on with it, --force writes it anew";
    if paths.file.exists() {
        return Err(ExportError::Refused(format!(
            "{} exists: --force writes it anew",
            paths.file.display()
        )));
    }
    if paths.partial.exists() {
        let partial = paths.partial.display();
        return Err(ExportError::Refused(format!(
            "{partial} is from an interrupted export: {hint}"
        )));
    }
    Ok(None)
}

fn cannot_resume(path: &Path, why: &dyn std::fmt::Display) -> ExportError {
    ExportError::Refused(format!("cannot resume {}: {why}", path.display()))
}

/// Two that write one file would spoil it.
fn busy_or(partial: &Path, source: std::io::Error) -> ExportError {
    match source.kind() {
        std::io::ErrorKind::ResourceBusy => {
            ExportError::Refused(format!("another ktui is writing {}", partial.display()))
        }
        _ => write_error(partial, source),
    }
}

pub(super) fn write_error(path: &Path, source: std::io::Error) -> ExportError {
    ExportError::Write {
        path: path.to_owned(),
        source,
    }
}
