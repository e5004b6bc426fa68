//! An input that is cut on a thread of its own.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use tokio::sync::mpsc;

use super::cut::{Chunk, Cut, Mark};
use crate::task::apart;

/// A chunk, or the end.
type Found = io::Result<Option<Chunk>>;

/// The chunks of an input, in their order. After an error there are none.
#[derive(Debug)]
pub struct Chunks {
    found: mpsc::Receiver<Found>,
    is_over: bool,
}

impl Chunks {
    /// The next; `None` behind the last. Dropping the future loses nothing.
    pub async fn recv(&mut self) -> Option<io::Result<Chunk>> {
        if self.is_over {
            return None;
        }
        // A thread that is gone without a word has not come to the end.
        let gone = || Err(io::Error::other("the thread that reads it has failed"));
        let found = self.found.recv().await.unwrap_or_else(gone);
        self.is_over = !matches!(found, Ok(Some(_)));
        found.transpose()
    }
}

/// A file to be read, decompressed where its name says so; `-` is standard input.
///
/// # Errors
/// When it cannot be opened.
pub fn open(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(file)),
        Some("zst") => Box::new(zstd::stream::read::Decoder::new(file)?),
        _ => Box::new(file),
    })
}

/// [`open`], where a pipe that nobody writes to yet keeps nobody waiting.
///
/// # Errors
/// When it cannot be opened.
pub async fn opened(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let path = path.to_owned();
    apart(move || open(&path)).await
}

/// Passes over what was read before, up to `mark`, which may be all of a large file; `None` when it is not what it was.
///
/// # Errors
/// When the input cannot be read.
pub async fn skipped<R: Read + Send + 'static>(mut cut: Cut<R>, mark: Mark) -> io::Result<Option<Cut<R>>> {
    apart(move || Ok(cut.skip_to(mark)?.then_some(cut))).await
}

/// Whether `path` can be read only once: standard input, a named pipe, a shell's `<(command)`.
pub fn is_pipe(path: &Path) -> bool {
    let is_other = |about: std::fs::Metadata| !about.is_file() && !about.is_dir();
    path.as_os_str() == "-" || std::fs::metadata(path).is_ok_and(is_other)
}

/// A file whose last line ends like the others, so that another file can follow it.
pub struct Ended<R> {
    input: R,
    last: u8,
}

impl<R: Read> Ended<R> {
    /// Ends the last line of `input`.
    pub fn new(input: R) -> Self {
        Self { input, last: b'\n' }
    }
}

impl<R: Read> Read for Ended<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        match (read, buffer.first_mut()) {
            (0, Some(first)) if self.last != b'\n' => {
                (*first, self.last) = (b'\n', b'\n');
                return Ok(1);
            }
            (0, _) => {}
            _ => self.last = buffer[read - 1],
        }
        Ok(read)
    }
}

/// Cuts `cut` on a thread of its own. With `is_live` a line does not wait for more of them while nobody is busy with
/// the last ones.
///
/// # Errors
/// When there is no such thread.
pub fn chunks<R: Read + Send + 'static>(mut cut: Cut<R>, is_live: bool) -> io::Result<Chunks> {
    let (tx, found) = mpsc::channel(1);
    let work = move || {
        loop {
            let found = next(&mut cut, &tx, is_live);
            let is_over = !matches!(found, Ok(Some(_)));
            if tx.blocking_send(found).is_err() || is_over {
                return;
            }
        }
    };
    std::thread::Builder::new().name("input".to_owned()).spawn(work)?;
    Ok(Chunks { found, is_over: false })
}

/// The next full chunk. What is less goes out at once where it is urgent and there is room for it.
fn next<R: Read>(cut: &mut Cut<R>, tx: &mpsc::Sender<Found>, is_live: bool) -> Found {
    loop {
        if let Some(chunk) = cut.chunk(false) {
            return Ok(Some(chunk));
        }
        if is_live
            && let Ok(permit) = tx.try_reserve()
            && let Some(chunk) = cut.chunk(true)
        {
            permit.send(Ok(Some(chunk)));
            continue;
        }
        if !cut.read()? {
            return Ok(cut.chunk(false));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as std_mpsc;
    use std::time::Duration;

    use super::super::cut::Bounds;
    use super::*;

    const BOUNDS: Bounds = Bounds {
        bytes: 1 << 20,
        overhead: 0,
        lines: u64::MAX,
        limit: u64::MAX,
        longest: usize::MAX,
    };

    /// Gives what it is sent, and waits for more.
    struct Pipe(std_mpsc::Receiver<&'static str>);

    impl Read for Pipe {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Ok(text) = self.0.recv_timeout(Duration::from_secs(10)) else {
                return Ok(0);
            };
            buffer[..text.len()].copy_from_slice(text.as_bytes());
            Ok(text.len())
        }
    }

    #[test]
    fn a_file_may_follow_one_that_ends_without_newline() {
        let (mut text, files) = (String::new(), [&b"a\nb"[..], b"", b"c\n", b"d"]);
        for file in files {
            Ended::new(file).read_to_string(&mut text).unwrap();
        }
        assert_eq!(text, "a\nb\nc\nd\n");
    }

    #[tokio::test]
    async fn a_line_of_a_pipe_goes_on_its_way_while_the_next_is_waited_for() {
        let (tx, rx) = std_mpsc::channel();
        let mut chunks = chunks(Cut::new(Pipe(rx), BOUNDS), true).unwrap();
        tx.send("one\ntw").unwrap();
        assert_eq!(chunks.recv().await.unwrap().unwrap().bytes, b"one\n");
        tx.send("o").unwrap();
        drop(tx);
        assert_eq!(chunks.recv().await.unwrap().unwrap().bytes, b"two");
        assert!(chunks.recv().await.is_none());
    }

    #[tokio::test]
    async fn an_input_that_breaks_says_so_after_what_was_whole() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::Error::other("the disk is gone"));
                }
                buffer[..2].copy_from_slice(b"a\n");
                Ok(2)
            }
        }
        let bounds = Bounds { bytes: 2, ..BOUNDS };
        let mut chunks = chunks(Cut::new(Broken(false), bounds), false).unwrap();
        assert_eq!(chunks.recv().await.unwrap().unwrap().bytes, b"a\n");
        assert!(chunks.recv().await.unwrap().unwrap_err().to_string().contains("disk"));
        assert!(chunks.recv().await.is_none());
    }

    #[tokio::test]
    async fn a_thread_that_fails_is_not_taken_for_the_end() {
        struct Damaged(bool);
        impl Read for Damaged {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                assert!(!std::mem::replace(&mut self.0, true), "a decompressor's mistake");
                buffer[..2].copy_from_slice(b"a\n");
                Ok(2)
            }
        }
        let bounds = Bounds { bytes: 2, ..BOUNDS };
        let mut chunks = chunks(Cut::new(Damaged(false), bounds), false).unwrap();
        assert_eq!(chunks.recv().await.unwrap().unwrap().bytes, b"a\n");
        let said = chunks.recv().await.unwrap().unwrap_err().to_string();
        assert!(said.contains("has failed"), "{said}");
        assert!(chunks.recv().await.is_none());
    }

    #[tokio::test]
    async fn whoever_waits_for_a_part_to_be_passed_over_hears_others() {
        let (tx, rx) = std_mpsc::channel();
        let (mark, cut) = {
            let mut cut = Cut::new(&b"one\n"[..], BOUNDS);
            (cut.next_chunk().unwrap().unwrap().to, Cut::new(Pipe(rx), BOUNDS))
        };
        // On one thread: were it read here, nobody would come to write.
        let (skipped, ()) = tokio::join!(biased; skipped(cut, mark), async { tx.send("one\n").unwrap() });
        assert!(skipped.unwrap().is_some(), "it is what it was");
    }
}
