//! The shape of the tree: which module may name which, how large files, functions and structs get.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a production file, unit tests not counted.
const FILE_CAP: usize = 400;
/// Median over all production files.
const FILE_MEDIAN: usize = 150;
/// Lines of a function.
const FUNCTION_CAP: usize = 70;
/// Fields of a struct.
const FIELD_CAP: usize = 14;

/// What a part of the tree must not name, by path prefix. `kafka` names tokio only where it does I/O.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "src/ui",
        &[
            "tokio",
            "crossterm",
            "crate::kafka::client",
            "crate::runtime",
            "rskafka",
        ],
    ),
    (
        "src/app",
        &[
            "ratatui",
            "crossterm",
            "tokio",
            "crate::ui",
            "crate::runtime",
            "crate::input",
            "crate::kafka::client",
        ],
    ),
    (
        "src/kafka",
        &[
            "crate::app",
            "crate::ui",
            "crate::cli",
            "crate::runtime",
            "crate::sim",
            "crate::ops",
            "ratatui",
            "crossterm",
        ],
    ),
    (
        "src/ops",
        &[
            "crate::app",
            "crate::ui",
            "crate::cli",
            "crate::runtime",
            "crate::sim",
            "ratatui",
            "crossterm",
        ],
    ),
    (
        "src/kafka/model",
        &["tokio", "std::fs", "std::net", "crate::kafka::client"],
    ),
    (
        "src/kafka/lag",
        &["tokio", "std::fs", "std::net", "crate::kafka::client"],
    ),
    (
        "src/kafka/records",
        &["tokio", "std::fs", "std::net", "crate::kafka::client"],
    ),
    (
        "src/decode",
        &[
            "tokio",
            "std::fs",
            "std::net",
            "crate::kafka::client",
            "crate::app",
            "crate::ui",
        ],
    ),
    (
        "src/filter",
        &[
            "tokio",
            "std::fs",
            "std::net",
            "crate::kafka::client",
            "crate::app",
            "crate::ui",
            "crate::cli",
        ],
    ),
    (
        "src/position",
        &[
            "tokio",
            "std::fs",
            "std::net",
            "crate::kafka::client",
            "crate::app",
            "crate::ui",
            "crate::cli",
        ],
    ),
    (
        "src/recording",
        &[
            "tokio",
            "std::fs",
            "std::net",
            "crate::kafka::client",
            "crate::app",
            "crate::ui",
            "crate::cli",
            "crate::runtime",
        ],
    ),
    (
        "src/layout",
        &[
            "tokio",
            "std::fs",
            "std::net",
            "ratatui",
            "crossterm",
            "crate::app",
            "crate::ui",
            "crate::kafka",
        ],
    ),
    (
        "src/sim",
        &[
            "crate::app",
            "crate::ui",
            "crate::runtime",
            "crate::kafka::client",
            "ratatui",
            "crossterm",
        ],
    ),
];

/// Files that may name what their folder may not, and why.
const ARROW_EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Files and functions over the caps, and why.
const SIZE_EXCEPTIONS: &[(&str, &str)] = &[];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Production lines of every source file: what stands before its unit tests.
fn sources() -> BTreeMap<String, Vec<String>> {
    let root = root();
    let files = rust_files(&root.join("src")).into_iter().map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let production = text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]")
            .map(str::to_owned)
            .collect();
        (name, production)
    });
    files.collect()
}

fn is_in(file: &str, part: &str) -> bool {
    file == format!("{part}.rs") || file.starts_with(&format!("{part}/"))
}

fn report(offenders: &[String]) {
    let mut text = String::new();
    for offender in offenders {
        let _ = writeln!(text, "  {offender}");
    }
    assert!(offenders.is_empty(), "\n{text}");
}

#[test]
fn arrows_between_modules_point_one_way() {
    let mut offenders = Vec::new();
    for (file, lines) in sources() {
        for (_, forbidden) in ARROWS.iter().filter(|(part, _)| is_in(&file, part)) {
            for (number, line) in lines
                .iter()
                .enumerate()
                .filter(|(_, line)| !line.trim_start().starts_with("//"))
            {
                for name in forbidden.iter().filter(|name| names(line, name)) {
                    if !ARROW_EXCEPTIONS
                        .iter()
                        .any(|(path, what, _)| *path == file && what == name)
                    {
                        offenders.push(format!("{file}:{} names {name}", number + 1));
                    }
                }
            }
        }
    }
    report(&offenders);
}

/// Whether a line names a crate or module path, as a whole word.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !is_word(before)
            && !is_word(after)
            && (name.contains("::")
                || line[at + name.len()..].starts_with("::")
                || line.trim_start().starts_with("use "))
    })
}

#[test]
fn only_one_file_names_rskafka() {
    let files: Vec<String> = sources()
        .into_iter()
        .filter(|(_, lines)| {
            lines
                .iter()
                .any(|line| !line.trim_start().starts_with("//") && names(line, "rskafka"))
        })
        .map(|(file, _)| file)
        .collect();
    assert_eq!(files, ["src/kafka/client/connection.rs"]);
}

#[test]
fn only_ops_gives_leave_to_change_a_cluster() {
    let givers: Vec<String> = sources()
        .into_iter()
        .filter(|(_, lines)| lines.iter().any(|line| line.contains("of_confirmed")))
        .map(|(file, _)| file)
        .filter(|file| !is_in(file, "src/ops"))
        .collect();
    assert_eq!(
        givers,
        ["src/kafka/client/lock.rs"],
        "beside src/ops, only its definition"
    );
}

#[test]
fn production_files_stay_small() {
    let sources = sources();
    let offenders: Vec<String> = sources
        .iter()
        .filter(|(file, lines)| lines.len() > FILE_CAP && !SIZE_EXCEPTIONS.iter().any(|(path, _)| path == file))
        .map(|(file, lines)| format!("{file}: {} lines, at most {FILE_CAP}", lines.len()))
        .collect();
    report(&offenders);
    let mut sizes: Vec<usize> = sources.values().map(Vec::len).collect();
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    assert!(
        median <= FILE_MEDIAN,
        "the median file has {median} lines, at most {FILE_MEDIAN}"
    );
}

#[test]
fn functions_stay_short_and_structs_narrow() {
    let mut offenders = Vec::new();
    for (file, lines) in sources() {
        for item in items(&lines) {
            let over = match item.kind {
                Kind::Function => item.size > FUNCTION_CAP,
                Kind::Struct => item.size > FIELD_CAP,
            };
            let is_excepted = SIZE_EXCEPTIONS
                .iter()
                .any(|(name, _)| *name == format!("{file}:{}", item.name));
            if over && !is_excepted {
                offenders.push(format!(
                    "{file}:{} {} has {} ({:?})",
                    item.line, item.name, item.size, item.kind
                ));
            }
        }
    }
    report(&offenders);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Function,
    Struct,
}

struct Item {
    kind: Kind,
    name: String,
    line: usize,
    /// Lines of a function, fields of a struct.
    size: usize,
}

/// Functions and structs of a formatted file: an item ends at the brace in the column it began in.
fn items(lines: &[String]) -> Vec<Item> {
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words = line.trim_start();
        let kind = if is_item(words, "fn ") {
            Kind::Function
        } else if is_item(words, "struct ") && words.ends_with('{') {
            Kind::Struct
        } else {
            continue;
        };
        let close = format!("{}}}", " ".repeat(indent));
        let Some(length) = lines[at..].iter().position(|line| *line == close) else {
            continue;
        };
        let body = &lines[at + 1..at + length];
        let size = match kind {
            Kind::Function => length + 1,
            Kind::Struct => body.iter().filter(|line| is_field(line, indent + 4)).count(),
        };
        let name = words.split(['(', '<', '{']).next().unwrap_or(words).trim().to_owned();
        let name = name.rsplit(' ').next().unwrap_or_default().to_owned();
        found.push(Item {
            kind,
            name,
            line: at + 1,
            size,
        });
    }
    found
}

fn is_item(words: &str, keyword: &str) -> bool {
    let rest = [
        "pub ",
        "pub(crate) ",
        "pub(super) ",
        "const ",
        "async ",
        "pub(in crate::kafka) ",
    ];
    let mut words = words;
    while let Some(stripped) = rest.iter().find_map(|prefix| words.strip_prefix(prefix)) {
        words = stripped;
    }
    words.starts_with(keyword)
}

fn is_field(line: &str, indent: usize) -> bool {
    line.len() > indent
        && line.starts_with(&" ".repeat(indent))
        && line[indent..].starts_with(|c: char| c.is_lowercase() || c == '_')
        && line.contains(':')
}

#[test]
fn unit_tests_stand_once_at_the_end_of_their_file() {
    let mut offenders = Vec::new();
    for path in rust_files(&root().join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        let marks = text.lines().filter(|line| line.trim() == "#[cfg(test)]").count();
        if marks > 1 {
            offenders.push(format!("{} has {marks} cfg(test) marks", path.display()));
        }
    }
    report(&offenders);
}

#[test]
fn no_source_names_a_machine_or_leaves_a_note_to_self() {
    let mut offenders = Vec::new();
    for (file, lines) in sources() {
        for (number, line) in lines.iter().enumerate() {
            for mark in ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!(", "/home/", "/root/"] {
                if line.contains(mark) {
                    offenders.push(format!("{file}:{} has {mark}", number + 1));
                }
            }
        }
    }
    report(&offenders);
}

#[test]
fn the_scan_finds_what_it_looks_for() {
    let lines: Vec<String> = "pub struct A {\n    /// x: y\n    a: u8,\n    pub b: u8,\n}\n\nfn f() {\n    g();\n}\n"
        .lines()
        .map(str::to_owned)
        .collect();
    let found: Vec<_> = items(&lines)
        .iter()
        .map(|item| (item.kind, item.name.clone(), item.size))
        .collect();
    assert_eq!(
        found,
        [(Kind::Struct, "A".to_owned(), 2), (Kind::Function, "f".to_owned(), 3)]
    );
    assert!(names("use tokio::sync;", "tokio") && names("    tokio::spawn(x)", "tokio"));
    assert!(!names("let tokio_like = 1;", "tokio") && !names("crate::kafka::client_id", "crate::kafka::client"));
}
