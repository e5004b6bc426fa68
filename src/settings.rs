//! The validated settings of a session on the screen.

pub mod lag_limit;

use std::path::{Path, PathBuf};
use std::time::Duration;

use directories::ProjectDirs;

use crate::app::nav::PaneId;
use crate::cli::{Args, ScreenArgs};
use crate::kafka::client::ClientSettings;
use crate::kafka::lag::alarm::Limit;
use crate::kafka::model::Lock;
use crate::position::Locator;
use crate::ui::theme::{self, ColorDepth, Theme, ThemeError};

/// What a session needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which cluster.
    pub target: Target,
    /// The pane to open on.
    pub pane: PaneId,
    /// The theme.
    pub theme: Theme,
    /// Where the user's own themes are.
    pub theme_dir: Option<PathBuf>,
    /// Where requests are logged to.
    pub log: Option<PathBuf>,
    /// Whether changes can be sent from the start, later, or never.
    pub lock: Lock,
    /// The record to open on.
    pub open: Option<Locator>,
    /// Longest time for an answer; `None` for the usual one.
    pub timeout: Option<Duration>,
    /// How much lag is too much.
    pub lag_limits: Vec<Limit>,
}

/// A cluster to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The cluster behind these addresses, as given.
    Brokers(Vec<String>),
    /// A cluster in this process.
    Demo,
    /// A recording of a cluster of this name.
    Recording(String),
}

/// Why there can be no session.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Nobody said which cluster.
    #[error(
        "no broker given\n\n  ktui --brokers host:9092       or set KTUI_BROKERS=host:9092\n  ktui demo                      a \
         demo cluster in this process"
    )]
    NoBroker,
    /// An address that is none.
    #[error("{address:?} is no broker address: {reason}; write it as host:9092 or [::1]:9092")]
    Address {
        /// As given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The demo has a cluster already.
    #[error("the demo brings its own cluster: leave --brokers out")]
    DemoWithBrokers,
    /// Nobody can write on a read-only session.
    #[error("--allow-writes cannot go with --read-only (or KTUI_READ_ONLY): leave one of them out")]
    WritesOnReadOnly,
    /// No theme of that name, or one that cannot be read.
    #[error(transparent)]
    Theme(#[from] ThemeError),
}

impl Settings {
    /// Settings for the cluster that the command line names.
    ///
    /// # Errors
    /// When it names none, or says something that cannot be.
    pub fn new(args: &Args) -> Result<Self, SettingsError> {
        let brokers = bootstrap(&args.connection.brokers)?;
        Self::with_target(args, &args.screen, Target::Brokers(brokers))
    }

    /// Settings for the cluster that the command line names, opened on one of its records.
    ///
    /// # Errors
    /// When it names none, or says something that cannot be.
    pub fn open(args: &Args, screen: &ScreenArgs, locator: Locator) -> Result<Self, SettingsError> {
        let brokers = bootstrap(&args.connection.brokers)?;
        let settings = Self::with_target(args, screen, Target::Brokers(brokers))?;
        Ok(Self {
            open: Some(locator),
            ..settings
        })
    }

    /// Settings for the demo, opened as `screen` says.
    ///
    /// # Errors
    /// When the command line says something that cannot be.
    pub fn demo(args: &Args, screen: &ScreenArgs) -> Result<Self, SettingsError> {
        // Brokers from the environment are not meant for the demo; those on the command line are a mistake.
        let from_environment = std::env::var("KTUI_BROKERS").unwrap_or_default();
        if !args.connection.brokers.is_empty() && args.connection.brokers.join(",") != from_environment {
            return Err(SettingsError::DemoWithBrokers);
        }
        Self::with_target(args, screen, Target::Demo)
    }

    /// Settings for a recording.
    ///
    /// # Errors
    /// When the command line says something that cannot be.
    pub fn replay(args: &Args, cluster: &str) -> Result<Self, SettingsError> {
        let settings = Self::with_target(args, &args.screen, Target::Recording(cluster.to_owned()))?;
        Ok(Self {
            lock: Lock::ReadOnly,
            ..settings
        })
    }

    fn with_target(args: &Args, screen: &ScreenArgs, target: Target) -> Result<Self, SettingsError> {
        let theme_dir = project_dirs().map(|dirs| dirs.config_dir().join("themes"));
        let name = screen.theme.as_deref().unwrap_or(theme::EMBEDDED[0].0);
        Ok(Self {
            target,
            pane: screen.pane.map_or(PaneId::Topics, Into::into),
            theme: Theme::find(name, theme_dir.as_deref(), color_depth())?,
            theme_dir,
            log: args.connection.log.clone(),
            lock: lock(args.connection.read_only, screen.allow_writes)?,
            open: None,
            timeout: args.connection.timeout,
            lag_limits: screen.warn.lag_warn.clone(),
        })
    }
}

/// How the screen starts.
fn lock(read_only: bool, allow_writes: bool) -> Result<Lock, SettingsError> {
    match (read_only, allow_writes) {
        (true, true) => Err(SettingsError::WritesOnReadOnly),
        (true, false) => Ok(Lock::ReadOnly),
        (false, true) => Ok(Lock::Unlocked),
        (false, false) => Ok(Lock::Locked),
    }
}

/// The names of all themes: the embedded ones and the user's own.
pub fn theme_names(user_dir: Option<&Path>) -> Vec<String> {
    let embedded = theme::EMBEDDED.iter().map(|(name, _)| (*name).to_owned());
    let mut names: Vec<String> = embedded.collect();
    // No directory means no themes of one's own.
    let files = user_dir
        .and_then(|dir| std::fs::read_dir(dir).ok())
        .into_iter()
        .flatten();
    let mut own: Vec<String> = files
        .filter_map(|file| {
            let path = file.ok()?.path();
            let name = path.file_stem()?.to_str()?.to_owned();
            (path.extension()? == "toml" && !names.contains(&name)).then_some(name)
        })
        .collect();
    own.sort_unstable();
    names.extend(own);
    names
}

/// The addresses of a bootstrap list, each checked.
///
/// # Errors
/// When there is none, or one that is no address.
pub fn bootstrap(given: &[String]) -> Result<Vec<String>, SettingsError> {
    let addresses: Vec<String> = given
        .iter()
        .flat_map(|entry| entry.split(','))
        .map(|address| address.trim().to_owned())
        .filter(|address| !address.is_empty())
        .collect();
    if addresses.is_empty() {
        return Err(SettingsError::NoBroker);
    }
    for address in &addresses {
        ClientSettings::check_address(address).map_err(|reason| SettingsError::Address {
            address: address.clone(),
            reason,
        })?;
    }
    Ok(addresses)
}

/// Where this system keeps configuration and state; `None` where there is no home.
pub fn project_dirs() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "ktui")
}

/// Where ktui keeps what it has to remember; `None` where there is no home.
pub fn state_dir() -> Option<PathBuf> {
    let dirs = project_dirs()?;
    Some(dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned())
}

/// A path as somebody typed it into a form: `~/` is their home, as in a shell.
pub fn typed_path(path: &Path) -> PathBuf {
    let home = directories::BaseDirs::new();
    at_home(path, home.as_ref().map(directories::BaseDirs::home_dir))
}

fn at_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// How many colours the terminal shows, as its environment says.
fn color_depth() -> ColorDepth {
    let var = |name| std::env::var(name).ok();
    ColorDepth::of_environment(
        var("NO_COLOR").as_deref(),
        var("COLORTERM").as_deref(),
        var("TERM").as_deref(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(given: &[&str]) -> Result<Vec<String>, String> {
        let given: Vec<String> = given.iter().map(ToString::to_string).collect();
        bootstrap(&given).map_err(|error| error.to_string())
    }

    #[test]
    fn a_tilde_alone_is_the_home() {
        let of = |path: &str| at_home(Path::new(path), Some(Path::new("/home/anna")));
        assert_eq!(of("~/a/b.jsonl"), Path::new("/home/anna/a/b.jsonl"));
        for other in ["a~", "~other/a", "/~/a", "a/~/b"] {
            assert_eq!(of(other), Path::new(other));
        }
        assert_eq!(at_home(Path::new("~/a"), None), Path::new("~/a"), "where there is none");
    }

    #[test]
    fn the_user_s_own_themes_stand_behind_the_embedded_ones() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["sepia.toml", "dark.toml", "notes.txt"] {
            std::fs::write(dir.path().join(file), "").unwrap();
        }
        let names = theme_names(Some(dir.path()));
        assert_eq!(names[..2], ["dark", "light"]);
        assert_eq!(names.last().map(String::as_str), Some("sepia"));
        assert_eq!(names.len(), theme::EMBEDDED.len() + 1);
        assert_eq!(theme_names(None).len(), theme::EMBEDDED.len());
    }

    #[test]
    fn a_bootstrap_list_keeps_its_addresses_as_given() {
        assert_eq!(
            listed(&["kafka-1, [::1]:9093", "10.0.0.1:9092,"]),
            Ok(vec!["kafka-1".into(), "[::1]:9093".into(), "10.0.0.1:9092".into()])
        );
    }

    #[test]
    fn no_broker_says_how_to_give_one() {
        assert!(listed(&[]).unwrap_err().contains("ktui --brokers host:9092"));
        assert!(listed(&[" , "]).is_err());
    }

    #[test]
    fn an_address_that_is_none_is_named() {
        let error = listed(&["kafka-1:9092", "kafka-2:port"]).unwrap_err();
        assert!(
            error.contains("\"kafka-2:port\"") && error.contains("1 to 65535"),
            "{error}"
        );
    }
}
