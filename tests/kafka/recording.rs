//! An incident on a real cluster, recorded and told again: a group falls behind, then its coordinator is killed.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ktui::recording::{Glance, Reader};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::groups::Running;
use crate::scenes::{fragile, group_of, ledger};
use crate::support::kafka::Version;
use crate::support::terminal::{KTUI, plain};
use crate::support::wait;

const SOON: Duration = Duration::from_mins(2);

fn looks(path: &Path) -> Vec<Glance> {
    let Ok(Ok(mut reader)) = File::open(path).map(Reader::open) else {
        return Vec::new();
    };
    std::iter::from_fn(|| reader.look().ok().flatten()).collect()
}

fn replayed(path: &Path) -> Vec<Value> {
    let (code, out, err) = plain(&["replay", path.to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_incident_is_told_again_in_the_order_it_happened() {
    let cluster = fragile(Version::V4_3_0);
    let (workload, topic) = (cluster.workload(), ledger(&cluster));
    let group = group_of(&cluster, &[2, 3], &topic);
    let coordinator = workload.describe_group(&group)["coordinator"].as_i64().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("incident.zst");
    let recorder = Command::new(KTUI)
        .args(["-b", &cluster.bootstrap(), "--timeout", "4", "record"])
        .args([path.to_str().unwrap(), &group, "--every", "1"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut recorder = Running(recorder);
    // It commits one record where ten come in.
    let mut committed = 4;
    wait::until("a group that falls behind", SOON, || {
        workload.fill(&topic, 30, serde_json::json!({"partition": 0}));
        committed += 1;
        workload.commit(&group, &[(&topic, 0, committed), (&topic, 1, 10), (&topic, 2, 10)]);
        let lines = if looks(&path).is_empty() {
            Vec::new()
        } else {
            replayed(&path)
        };
        let is_behind = |line: &Value| line["items"][0]["verdict"] == "falling behind";
        lines.last().is_some_and(is_behind).then_some(())
    });
    let before = looks(&path).len();
    cluster.kill_broker(coordinator as i32);
    wait::until("looks that miss the coordinator", SOON, || {
        let looks = looks(&path);
        let missing = looks.iter().skip(before).filter(|look| look.details.is_empty());
        (missing.count() >= 2).then_some(())
    });
    kill_process(Pid::from_child(&recorder.0), Signal::INT).unwrap();
    assert_eq!(recorder.0.wait().unwrap().code(), Some(0));
    let lines = replayed(&path);
    let at = |is_so: &dyn Fn(&Value) -> bool| lines.iter().position(is_so);
    let watching = at(&|line| line["items"][0]["verdict"] == "unknown").unwrap();
    let behind = at(&|line| line["items"][0]["verdict"] == "falling behind").unwrap();
    let dead = at(&|line| line["failures"].as_array().is_some_and(|failures| !failures.is_empty())).unwrap();
    assert!(watching < behind && behind < dead, "{watching} {behind} {dead}");
    // Nobody claims to know the lag of a group whose coordinator is dead.
    let last = lines.last().unwrap();
    assert!(last["items"][0]["lag"].is_null(), "{last}");
}
