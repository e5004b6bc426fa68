//! What a change replaced, on disk before anything is sent: Kafka's CSV for Kafka's tool, and beside it a JSON file with
//! all that the CSV cannot say (metadata, leader epochs, partitions without commit, the cluster). ktui reads the JSON.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::file;
use super::plan::{Change, Plan};
use super::when::stamp;
use crate::durable::{self, Access, Survives};
use crate::kafka::model::{Committed, GroupId, LeaderEpoch, Offset, TopicName, TopicPartition};

/// Of the file's format.
const VERSION: u32 = 1;
/// The longest file that is read: what is larger was not written by ktui.
const LONGEST: u64 = 256 << 20;

/// The cluster of a change: its id, and what the user calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterMark {
    /// `cluster.id`.
    pub id: Option<String>,
    /// The user's name for it.
    pub name: String,
}

impl ClusterMark {
    /// Whether both are the same cluster. Without ids only the names can tell.
    pub fn is(&self, other: &Self) -> bool {
        match (&self.id, &other.id) {
            (Some(one), Some(other)) => one == other,
            _ => self.name == other.name,
        }
    }
}

/// A commit in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitMark {
    offset: i64,
    leader_epoch: Option<i32>,
    metadata: String,
}

impl From<&Committed> for CommitMark {
    fn from(committed: &Committed) -> Self {
        Self {
            offset: committed.offset.0,
            leader_epoch: committed.leader_epoch.map(|LeaderEpoch(epoch)| epoch),
            metadata: committed.metadata.to_string(),
        }
    }
}

impl From<&CommitMark> for Committed {
    fn from(mark: &CommitMark) -> Self {
        Self {
            offset: Offset(mark.offset),
            leader_epoch: mark.leader_epoch.map(LeaderEpoch),
            metadata: mark.metadata.as_str().into(),
        }
    }
}

/// A partition in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    topic: String,
    partition: i32,
    before: Option<CommitMark>,
    after: Option<CommitMark>,
}

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    version: u32,
    cluster: ClusterMark,
    group: String,
    /// What was done, in words.
    what: String,
    made: String,
    who: String,
    /// The file that this change took back.
    undoes: Option<String>,
    /// When this change was taken back itself.
    undone: Option<String>,
    /// Ids of the topics, where the cluster uses ids.
    #[serde(default)]
    topic_ids: BTreeMap<String, String>,
    rows: Vec<Row>,
}

impl Undo {
    /// What takes `plan` back when it is sent at `now_ms`. `undoes` is the file that the plan itself was made from.
    pub fn of(plan: &Plan, cluster: &ClusterMark, who: &str, undoes: Option<String>, now_ms: i64) -> Self {
        let rows = plan.changes.iter().map(|change| Row {
            topic: change.partition.topic.to_string(),
            partition: change.partition.partition.0,
            before: change.before.as_ref().map(CommitMark::from),
            after: change.after.iter().flatten().map(CommitMark::from).next(),
        });
        Self {
            version: VERSION,
            cluster: cluster.clone(),
            group: plan.group.to_string(),
            what: plan.to_string(),
            made: stamp(now_ms),
            who: who.to_owned(),
            undoes,
            undone: None,
            topic_ids: plan
                .topic_ids
                .iter()
                .map(|(topic, id)| (topic.to_string(), hex(id)))
                .collect(),
            rows: rows.collect(),
        }
    }

    /// Whether the topic that has this id now is another one than it was.
    pub fn is_remade(&self, topic: &TopicName, now: Option<&[u8; 16]>) -> bool {
        let before = self.topic_ids.get(topic.as_str());
        before.zip(now).is_some_and(|(before, now)| *before != hex(now))
    }

    /// The cluster it belongs to.
    pub fn cluster(&self) -> &ClusterMark {
        &self.cluster
    }

    /// The group.
    pub fn group(&self) -> GroupId {
        self.group.as_str().into()
    }

    /// When the change was about to be sent.
    pub fn made(&self) -> &str {
        &self.made
    }

    /// The same in ms since the epoch.
    pub fn made_ms(&self) -> Option<i64> {
        let made = self.made.parse::<Timestamp>().ok()?;
        Some(made.as_millisecond())
    }

    /// Who did it.
    pub fn who(&self) -> &str {
        &self.who
    }

    /// What was done, in words.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// When it was taken back.
    pub fn undone(&self) -> Option<&str> {
        self.undone.as_deref()
    }

    /// The file that this change took back, by its name: one in the same folder. What is no such name leads nowhere.
    pub fn undoes(&self) -> Option<&str> {
        let is_name = |name: &&str| Path::new(name).file_name().is_some_and(|plain| plain == *name);
        self.undoes.as_deref().filter(is_name)
    }

    /// Whether both tell of the same change: one of them may be a copy.
    pub fn is_of(&self, other: &Self) -> bool {
        self.made == other.made && self.group == other.group && self.cluster == other.cluster
    }

    /// Each partition with what was committed; `None` where nothing was.
    pub fn before(&self) -> BTreeMap<TopicPartition, Option<Committed>> {
        let rows = self.rows.iter();
        rows.map(|row| {
            let partition = TopicPartition::new(row.topic.as_str(), row.partition);
            (partition, row.before.as_ref().map(Committed::from))
        })
        .collect()
    }

    /// Of how many partitions that it restores `plan`, which takes this back, finds neither what this change has put there
    /// nor what was there before: the group has gone on, or somebody has moved it.
    pub fn gone_on(&self, plan: &Plan) -> usize {
        let rows: HashMap<(&str, i32), &Row> = self
            .rows
            .iter()
            .map(|row| ((row.topic.as_str(), row.partition), row))
            .collect();
        let offset = |one: &Option<CommitMark>| one.as_ref().map(|one| one.offset);
        let has_gone_on = |change: &&Change| {
            let partition = (change.partition.topic.as_str(), change.partition.partition.0);
            let now = change.before.as_ref().map(|before| before.offset.0);
            let row = rows.get(&partition);
            row.is_some_and(|row| now != offset(&row.after) && now != offset(&row.before))
        };
        let restored = plan.changes.iter().filter(|change| change.after.is_ok());
        restored.filter(has_gone_on).count()
    }

    fn csv(&self) -> String {
        let before = self.before();
        let rows = before.iter();
        file::write(rows.filter_map(|(partition, before)| Some((partition, before.as_ref()?.offset))))
    }

    /// Reads a file, by the name of its CSV as well.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn read(path: &Path) -> io::Result<Self> {
        let named = path;
        let path = json_of(named);
        if path != named && named.exists() && !path.exists() {
            let why = format!(
                "there is no {} beside it; ktui reset GROUP --from-file reads a CSV",
                path.display()
            );
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        // A pipe or a device may never end, and opening it may wait for ever.
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
        }
        let mut text = Vec::new();
        fs::File::open(&path)?.take(LONGEST + 1).read_to_end(&mut text)?;
        if text.len() as u64 > LONGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let undo: Self = serde_json::from_slice(&text).map_err(io::Error::other)?;
        if undo.version > VERSION {
            return Err(io::Error::other("a newer ktui wrote it"));
        }
        Ok(undo)
    }

    /// Writes it and its CSV into `dir`; both have reached the disk when this returns. The path of the JSON.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn save(&self, dir: &Path) -> io::Result<PathBuf> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let digits = |one: &char| one.is_ascii_alphanumeric();
        let time: String = self.made.chars().filter(digits).collect();
        let name: String = self.group.chars().take(60).map(plain).collect();
        let path = free(dir, &format!("{time}-{name}"))?;
        self.write_both(&path).inspect_err(|_| Self::discard(&path))?;
        Ok(path)
    }

    fn write_both(&self, path: &Path) -> io::Result<()> {
        write(&path.with_extension("csv"), self.csv().as_bytes()).and_then(|()| self.rewrite(path))
    }

    /// Writes the file at `path` and its CSV once more, without the rows that have nothing to be taken back: what is not
    /// `kept`, in the order of the plan.
    ///
    /// # Errors
    /// When they cannot be written; then they are as they were, or the CSV alone is shorter.
    pub fn narrow(mut self, path: &Path, kept: impl Iterator<Item = bool>) -> io::Result<()> {
        let (all, mut kept) = (self.rows.len(), kept);
        self.rows.retain(|_| kept.next().unwrap_or(true));
        if self.rows.len() == all {
            return Ok(());
        }
        self.write_both(path)
    }

    fn rewrite(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        text.push(b'\n');
        write(path, &text)
    }

    /// Notes in the file at `path` when it was taken back, or that it is in force again.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn mark(path: &Path, undone: Option<i64>) -> io::Result<()> {
        let path = json_of(path);
        let mut undo = Self::read(&path)?;
        undo.undone = undone.map(stamp);
        undo.rewrite(&path)
    }

    /// Removes a file with its CSV: its change did not happen.
    pub fn discard(path: &Path) {
        for path in [path.with_extension("json"), path.with_extension("csv")] {
            if let Err(error) = fs::remove_file(&path) {
                tracing::debug!(%error, path = %path.display(), "an undo file was not removed");
            }
        }
    }

    /// The newest change of `cluster` in `dir` that was not taken back yet, and took nothing back itself.
    ///
    /// # Errors
    /// When the folder cannot be read, or a file that may be the newest change: an older one is not meant.
    pub fn newest(dir: &Path, cluster: &ClusterMark) -> io::Result<Option<(PathBuf, Self)>> {
        for (path, undo) in Self::all(dir)? {
            let undo = undo.map_err(|error| {
                let why = "it may be the newest change; name the FILE to take back, or remove this one";
                io::Error::new(error.kind(), format!("{}: {error}; {why}", path.display()))
            })?;
            if undo.cluster.is(cluster) && undo.undone.is_none() && undo.undoes.is_none() {
                return Ok(Some((path, undo)));
            }
        }
        Ok(None)
    }

    /// What can be taken back on `cluster`, the newest first, `most` at most: changes in force, and undos that were not
    /// taken back themselves. To be chosen from: what cannot be read is left out.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn open(dir: &Path, cluster: &ClusterMark, most: usize) -> io::Result<Vec<(PathBuf, Self)>> {
        // What takes an undo back is its change once more, which is listed itself.
        let is_undo = |name: &str| Self::read(&dir.join(name)).is_ok_and(|undo| undo.undoes.is_some());
        let is_listed = |undo: &Self| undo.undone.is_none() && !undo.undoes().is_some_and(is_undo);
        let read = Self::all(dir)?.filter_map(|(path, undo)| Some((path, undo.ok()?)));
        let open = read.filter(|(_, undo)| undo.cluster.is(cluster) && is_listed(undo));
        Ok(open.take(most).collect())
    }

    /// All of them, the newest first, each read when it is asked for.
    fn all(dir: &Path) -> io::Result<impl Iterator<Item = (PathBuf, io::Result<Self>)>> {
        let entries = match fs::read_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            entries => Some(entries?),
        };
        let paths = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()));
        let mut paths: Vec<PathBuf> = paths
            .filter(|path| path.extension().is_some_and(|kind| kind == "json"))
            .collect();
        // They begin with their time.
        paths.sort();
        Ok(paths.into_iter().rev().map(|path| {
            let undo = Self::read(&path);
            (path, undo)
        }))
    }
}

/// A name for a JSON file in `dir` that no other change has. Whoever makes the CSV first has it, in another process as
/// well.
fn free(dir: &Path, name: &str) -> io::Result<PathBuf> {
    let mut count = 1;
    loop {
        let name = if count == 1 {
            name.to_owned()
        } else {
            format!("{name}-{count}")
        };
        let path = dir.join(format!("{name}.csv"));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => count += 1,
            taken => return taken.map(|_| path.with_extension("json")),
        }
    }
}

/// The JSON file of an undo file that may be named by its CSV.
fn json_of(path: &Path) -> PathBuf {
    if path.extension().is_some_and(|kind| kind == "csv") {
        path.with_extension("json")
    } else {
        path.to_owned()
    }
}

fn hex(id: &[u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(*id))
}

fn plain(one: char) -> char {
    if one.is_ascii_alphanumeric() || matches!(one, '-' | '_') {
        one
    } else {
        '_'
    }
}

/// Writes a file whole or not at all; it has reached the disk when this returns.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    durable::replace(path, bytes, Access::Owner, Survives::PowerLoss)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::strategy::Adjusted;
    use super::*;

    fn cluster(id: &str) -> ClusterMark {
        ClusterMark {
            id: Some(id.to_owned()),
            name: "prod".to_owned(),
        }
    }

    fn plan(made_ms: i64) -> Plan {
        let before = Committed {
            offset: Offset(7),
            leader_epoch: Some(LeaderEpoch(3)),
            metadata: "no\u{fc}te".into(),
        };
        let change = |id, before, after| Change {
            partition: TopicPartition::new("orders", id),
            before,
            after: Ok(after),
            adjusted: Adjusted::No,
            log: None,
        };
        let changes = vec![
            change(0, Some(before), Some(Committed::at(Offset(0)))),
            change(1, None, Some(Committed::at(Offset(5)))),
        ];
        Plan {
            group: "team/billing".into(),
            made_ms,
            topic_ids: BTreeMap::from([("orders".into(), [7; 16])]),
            ..super::super::plan::tests::plan(changes)
        }
    }

    #[test]
    fn what_a_group_has_done_since_is_counted() {
        let undo = Undo::of(&plan(0), &cluster("c1"), "ann", None, 0);
        let now = |offset: i64| {
            let mut back = plan(0);
            for change in &mut back.changes {
                change.before = Some(Committed::at(Offset(offset)));
            }
            undo.gone_on(&back)
        };
        assert_eq!((now(0), now(5)), (1, 1), "one of them is where the change has put it");
        assert_eq!(now(7), 1, "one of them is where it was");
        assert_eq!(now(3), 2);
    }

    #[test]
    fn the_file_that_is_named_is_the_one_that_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = Undo::of(&plan(0), &cluster("c1"), "ann", None, 0)
            .save(dir.path())
            .unwrap();
        let copy = path.with_extension("bak");
        assert!(Undo::read(&copy).is_err(), "it is not there");
        fs::copy(&path, &copy).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(Undo::read(&copy).unwrap().made(), "1970-01-01T00:00:00.000Z");
        let why = Undo::read(&path.with_extension("csv")).unwrap_err().to_string();
        assert!(why.contains("--from-file reads a CSV"), "{why}");
    }

    #[test]
    fn a_file_leads_to_none_outside_its_folder() {
        let undoes = |name: &str| {
            let undo = Undo::of(&plan(0), &cluster("c1"), "ann", Some(name.to_owned()), 0);
            undo.undoes().map(str::to_owned)
        };
        assert_eq!(undoes("a.json").as_deref(), Some("a.json"));
        for name in ["../a.json", "/etc/a.json", "..", ".", "", "a/../b.json", "a.json/"] {
            assert_eq!(undoes(name), None, "{name}");
        }
    }

    #[test]
    fn only_a_file_of_a_sane_length_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let why = |path: &Path| Undo::read(path).unwrap_err();
        assert_eq!(why(dir.path()).to_string(), "it is not a file");
        // Opening it would wait for a writer that never comes.
        let pipe = dir.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert_eq!(why(&pipe).to_string(), "it is not a file");
        let long = dir.path().join("long");
        fs::File::create(&long).unwrap().set_len(LONGEST + 1).unwrap();
        assert_eq!(why(&long).kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_name_is_taken_once() {
        let dir = tempfile::tempdir().unwrap();
        let names: std::collections::HashSet<_> = std::thread::scope(|scope| {
            let takes = [(); 8].map(|()| scope.spawn(|| free(dir.path(), "n").unwrap()));
            takes.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(names.len(), 8);
    }

    #[test]
    fn what_was_replaced_is_read_back_whole_and_the_csv_is_kafkas() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("undo");
        let undo = Undo::of(&plan(0), &cluster("c1"), "ann", None, 1_763_460_000_123);
        let path = undo.save(&dir).unwrap();
        assert_eq!(path.file_name().unwrap(), "20251118T100000123Z-team_billing.json");
        let csv = fs::read_to_string(path.with_extension("csv")).unwrap();
        assert_eq!(csv, "orders,0,7\n", "what had no commit is not in it");
        for named in [path.clone(), path.with_extension("csv")] {
            let read = Undo::read(&named).unwrap();
            assert_eq!(read, undo);
            let before = read.before();
            let first = before[&TopicPartition::new("orders", 0)].clone().unwrap();
            assert_eq!(
                (first.leader_epoch, &*first.metadata),
                (Some(LeaderEpoch(3)), "no\u{fc}te")
            );
            assert_eq!(before[&TopicPartition::new("orders", 1)], None);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_ne!(undo.save(&dir).unwrap(), path, "nothing is written over");
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 4, "no half file is left");
    }

    #[test]
    fn the_newest_is_of_this_cluster_and_not_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let save =
            |ms, id: &str, undoes: Option<String>| Undo::of(&plan(ms), &cluster(id), "ann", undoes, ms).save(dir);
        let newest = |id: &str| Undo::newest(dir, &cluster(id)).unwrap().map(|(path, _)| path);
        assert_eq!(Undo::newest(&dir.join("none"), &cluster("c1")).unwrap(), None);
        let first = save(1_000, "c1", None).unwrap();
        let second = save(2_000, "c1", None).unwrap();
        save(3_000, "c2", None).unwrap();
        // What cannot be read may be newer than what can: then nobody knows which is the newest.
        let broken = dir.join("9999-broken.json");
        fs::write(&broken, "{").unwrap();
        let why = Undo::newest(dir, &cluster("c1")).unwrap_err().to_string();
        assert!(
            why.contains("9999-broken.json") && why.contains("name the FILE"),
            "{why}"
        );
        assert_eq!(
            Undo::open(dir, &cluster("c1"), 9).unwrap().len(),
            2,
            "to be chosen from"
        );
        fs::rename(&broken, dir.join("0000-broken.json")).unwrap();
        assert_eq!(newest("c1"), Some(second.clone()), "an older one is in nobody's way");
        fs::remove_file(dir.join("0000-broken.json")).unwrap();
        Undo::mark(&second, Some(4_000)).unwrap();
        let redo = save(
            4_000,
            "c1",
            Some(second.file_name().unwrap().to_str().unwrap().to_owned()),
        )
        .unwrap();
        assert_eq!(newest("c1"), Some(first.clone()), "a further undo steps further back");
        assert!(redo.exists());
        let open = || {
            Undo::open(dir, &cluster("c1"), 9)
                .unwrap()
                .into_iter()
                .map(|(path, _)| path)
        };
        assert_eq!(
            open().collect::<Vec<_>>(),
            [redo.clone(), first.clone()],
            "an undo can be taken back"
        );
        let name = |path: &Path| Some(path.file_name().unwrap().to_str().unwrap().to_owned());
        Undo::mark(&second, None).unwrap();
        Undo::mark(&redo, Some(5_000)).unwrap();
        save(5_000, "c1", name(&redo)).unwrap();
        assert_eq!(newest("c1"), Some(second.clone()), "in force again");
        assert_eq!(
            open().collect::<Vec<_>>(),
            [second.clone(), first.clone()],
            "each change once"
        );
        assert_eq!(Undo::open(dir, &cluster("c1"), 1).unwrap().len(), 1);
        Undo::discard(&second);
        assert_eq!((newest("c1"), newest("c3")), (Some(first), None));
        assert!(!second.with_extension("csv").exists());
    }

    #[test]
    fn a_topic_with_another_id_was_made_anew() {
        let undo = Undo::of(&plan(0), &cluster("c1"), "ann", None, 0);
        let is_remade = |topic: &str, id| undo.is_remade(&topic.into(), id);
        assert!(is_remade("orders", Some(&[8; 16])));
        assert!(!is_remade("orders", Some(&[7; 16])));
        assert!(
            !is_remade("orders", None) && !is_remade("other", Some(&[8; 16])),
            "nobody can tell"
        );
    }

    #[test]
    fn without_an_id_the_name_tells() {
        let named = |id: Option<&str>, name: &str| ClusterMark {
            id: id.map(str::to_owned),
            name: name.to_owned(),
        };
        assert!(named(Some("a"), "x").is(&named(Some("a"), "y")));
        assert!(!named(Some("a"), "x").is(&named(Some("b"), "x")));
        assert!(named(None, "x").is(&named(Some("b"), "x")));
        assert!(!named(None, "x").is(&named(None, "y")));
    }
}
