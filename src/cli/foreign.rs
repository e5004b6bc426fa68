//! Files that are not what somebody may take them for, told by how they begin: what would be sent of them.

use std::io::{self, Read as _};
use std::path::Path;

use crate::export::format::CSV_HEAD;
use crate::ops::transfer::Format;
use crate::ops::transfer::source::{is_pipe, open};

/// Bytes that are looked at.
const BEGINNING: u64 = 64 << 10;

/// What somebody should know before the lines of `path` are sent as `format`. What cannot be read again is not
/// looked at.
///
/// # Errors
/// When the file cannot be read.
pub fn warnings(path: &Path, format: &Format) -> io::Result<Vec<String>> {
    if is_pipe(path) {
        return Ok(Vec::new());
    }
    let mut start = Vec::new();
    open(path)?.take(BEGINNING).read_to_end(&mut start)?;
    let is_partial = path.extension().is_some_and(|ending| ending == "partial");
    let unfinished = is_partial.then_some(
        "it is what an interrupted ktui export has written so far, not all of it: the same export with --resume finishes \
         it",
    );
    let lines = matches!(format, Format::Lines(_)).then(|| as_lines(&start)).flatten();
    Ok([unfinished, lines].into_iter().flatten().map(str::to_owned).collect())
}

/// What plain lines would be made of a file that begins so, where they are hardly meant.
fn as_lines(start: &[u8]) -> Option<&'static str> {
    let has = |text: &[u8]| memchr::memmem::find(start, text).is_some();
    Some(match start {
        [0x1f, 0x8b, ..] => {
            "it is compressed with gzip, and its name does not end in .gz: compressed bytes would be sent"
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            "it is compressed with zstd, and its name does not end in .zst: compressed bytes would be sent"
        }
        _ if start.starts_with(CSV_HEAD.trim_ascii_end()) => {
            "it is CSV of ktui export: each line of it, the one with the column names too, would be sent as a value. Only \
             an export as JSON lines can be restored"
        }
        _ if start.starts_with(b"{\"version\":") && has(b"\"options\":{") => {
            "it is the checkpoint of an export or import, not the file with the records: its text would be sent as a value"
        }
        _ if start.starts_with(b"{\"topic\":") && has(b"\"payload\":") => {
            "its lines are records in the JSON of kcat -J: each line would be sent whole as a value. --format jsonl reads \
             the JSON of ktui export only"
        }
        _ if start.starts_with(b"{\"topic\":") && has(b"\"offset\":") => {
            "its lines are records of ktui export: each line would be sent whole as a value. --format jsonl restores them"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_plain_lines_are_hardly_meant_for_is_told_apart() {
        for (start, said) in [
            (
                &b"topic,partition,offset,timestamp,timestampType,keyEncoding,key,valueEncoding,value,headers\r\no,0"[..],
                Some("CSV"),
            ),
            (b"{\"version\":1,\"complete\":true,\"options\":{}}", Some("checkpoint")),
            (
                b"{\"topic\":\"o\",\"partition\":0,\"offset\":3,\"value\":null}\n",
                Some("records of ktui export"),
            ),
            (
                b"{\"topic\":\"o\",\"partition\":0,\"offset\":3,\"payload\":null}\n",
                Some("kcat -J"),
            ),
            (b"\x1f\x8b\x08", Some("gzip")),
            (b"\x28\xb5\x2f\xfd", Some("zstd")),
            (b"{\"version\":1}\n", None),
            (b"{\"topic\":\"o\"}\n", None),
            (b"topic,partition\n", None),
            (b"", None),
        ] {
            let found = as_lines(start);
            assert_eq!(found.is_some(), said.is_some(), "{found:?}");
            assert!(
                found.unwrap_or_default().contains(said.unwrap_or_default()),
                "{found:?}"
            );
        }
    }
}
