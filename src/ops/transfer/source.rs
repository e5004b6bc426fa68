//! An input that is cut on a thread of its own.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use tokio::sync::mpsc;

use super::cut::{Chunk, Cut};

/// The chunks of an input, in their order. After an error there are none.
pub type Chunks = mpsc::Receiver<io::Result<Chunk>>;

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
pub fn chunks<R: Read + Send + 'static>(mut cut: Cut<R>, is_live: bool) -> Chunks {
    let (tx, rx) = mpsc::channel(1);
    let work = move || {
        while let Some(found) = next(&mut cut, &tx, is_live) {
            let is_end = found.is_err();
            if tx.blocking_send(found).is_err() || is_end {
                return;
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("input".to_owned()).spawn(work) {
        tracing::warn!(%error, "no thread for the input");
    }
    rx
}

/// The next full chunk. What is less goes out at once where it is urgent and there is room for it.
fn next<R: Read>(cut: &mut Cut<R>, tx: &mpsc::Sender<io::Result<Chunk>>, is_live: bool) -> Option<io::Result<Chunk>> {
    loop {
        if let Some(chunk) = cut.chunk(false) {
            return Some(Ok(chunk));
        }
        if is_live
            && let Ok(permit) = tx.try_reserve()
            && let Some(chunk) = cut.chunk(true)
        {
            permit.send(Ok(chunk));
            continue;
        }
        match cut.read() {
            Ok(true) => {}
            Ok(false) => return cut.chunk(false).map(Ok),
            Err(error) => return Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as std_mpsc;

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
            let Ok(text) = self.0.recv() else { return Ok(0) };
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
        let mut chunks = chunks(Cut::new(Pipe(rx), BOUNDS), true);
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
        let mut chunks = chunks(Cut::new(Broken(false), bounds), false);
        assert_eq!(chunks.recv().await.unwrap().unwrap().bytes, b"a\n");
        assert!(chunks.recv().await.unwrap().unwrap_err().to_string().contains("disk"));
        assert!(chunks.recv().await.is_none());
    }
}
