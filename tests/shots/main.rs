//! Pictures of ktui: the real program in a pseudo terminal, on the demo cluster and on a real Kafka cluster that gets
//! into trouble, drawn cell by cell into PNG files. `scripts/screenshots` runs it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "it stops at the first thing that goes wrong, with its words"
)]

mod bed;
mod boxes;
mod font;
mod image;
mod paint;
mod shot;
mod table;

#[path = "../support/lib.rs"]
mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use bed::Beds;
use font::Fonts;
use shot::Shot;

/// `FOLDER REGULAR,BOLD,FALLBACK... [NAME...]`: where pictures go, font files, and which shots; all when none is named.
fn main() {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().expect("a folder for the pictures: run scripts/screenshots"));
    let fonts = Fonts::load(&args.next().expect("font files: run scripts/screenshots"));
    let wanted: BTreeSet<String> = args.collect();
    let shots: Vec<&Shot> = table::SHOTS
        .iter()
        .filter(|shot| wanted.is_empty() || wanted.contains(shot.name))
        .collect();
    assert!(
        wanted.is_empty() || shots.len() == wanted.len(),
        "no such shot in {wanted:?}; there are {:?}",
        table::SHOTS.iter().map(|shot| shot.name).collect::<Vec<_>>()
    );
    let mut beds = Beds::default();
    let (mut missing, mut failed) = (BTreeSet::new(), Vec::new());
    for shot in shots {
        // One that fails does not stop the others.
        let Ok(terminal) = catch_unwind(AssertUnwindSafe(|| shot.take(&mut beds))) else {
            failed.push(shot.name);
            continue;
        };
        let png = paint::paint(&terminal, shot.look, &fonts, &mut missing).png();
        println!("{:32} {:4} KB", shot.name, png.len().div_ceil(1024));
        fs::write(folder.join(shot.name).with_extension("png"), png).unwrap();
    }
    fs::write(folder.join("README.md"), index()).unwrap();
    remove_others(&folder);
    assert!(failed.is_empty(), "failed: {failed:?}");
    assert!(missing.is_empty(), "no font has {missing:?}");
}

/// What each picture shows.
fn index() -> String {
    let mut text = "# Screenshots\n\nMade by `just screenshots` from real runs: the program in a pseudo terminal, \
        its cells drawn as pixels.\n"
        .to_owned();
    let mut heading = None;
    for shot in table::SHOTS {
        if heading != Some(shot.bed.title()) {
            heading = Some(shot.bed.title());
            write!(text, "\n## {}\n\n", shot.bed.title()).unwrap();
        }
        let (width, height) = shot.size;
        writeln!(
            text,
            "- [{0}]({0}.png) ({width}x{height}): {1}",
            shot.name, shot.caption
        )
        .unwrap();
    }
    text
}

/// Removes pictures that are in the table no more.
fn remove_others(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_picture = path.extension().is_some_and(|extension| extension == "png");
        let name = path.file_stem().unwrap().to_string_lossy();
        if is_picture && !table::SHOTS.iter().any(|shot| shot.name == name) {
            fs::remove_file(&path).unwrap();
        }
    }
}
