//! Looks from a file that may be cut, damaged, or none of ours. Memory is bounded by the longest line.

use std::fmt::{self, Write as _};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;

use super::glance::Glance;
use super::line::Line;
use super::scene::Scene;
use super::{FORMAT, Header, LONGEST, VERSION};

/// More looks than that are no recording.
const MOST_LOOKS: u64 = 1_000_000;
/// The largest window of a frame that is unpacked (2^27 bytes, what the zstd tool takes).
const WINDOW: u32 = 27;

/// Reads a recording, look by look.
pub struct Reader {
    input: Box<dyn BufRead + Send>,
    header: Header,
    scene: Scene,
    /// The newest line, and its number.
    text: Vec<u8>,
    line: u64,
    last: u64,
    has_full: bool,
    is_cut: bool,
    is_over: bool,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The line, from 1 on, where it is about one.
    pub line: Option<u64>,
    /// What is wrong.
    pub what: String,
    /// What can be done.
    pub hint: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{}. Hint: {}", self.what, self.hint)
    }
}

impl Damage {
    fn foreign(what: impl Into<String>) -> Self {
        Self {
            line: Some(1),
            what: what.into(),
            hint: "only what `ktui record` wrote can be replayed.".to_owned(),
        }
    }

    fn unreadable(error: &io::Error) -> Self {
        Self {
            line: None,
            what: error.to_string(),
            hint: "check the file and its permissions.".to_owned(),
        }
    }

    fn at(line: u64, what: impl Into<String>) -> Self {
        let before = line - 1;
        Self {
            line: Some(line),
            what: what.into(),
            hint: format!(
                "the {before} lines before it are good: unpack the file (zstd -dc, gzip -dc) and keep them with \
                 head -n {before}."
            ),
        }
    }
}

/// What became of the next line.
enum Next {
    Line(Vec<u8>),
    /// The file ends within it.
    Cut,
    End,
}

impl Reader {
    /// Opens a recording; how it is packed is told by its bytes.
    ///
    /// # Errors
    /// When it cannot be read, or is no recording.
    pub fn open(input: impl Read + Send + 'static) -> Result<Self, Damage> {
        let mut reader = Self {
            input: unpacked(input).map_err(|error| Damage::unreadable(&error))?,
            header: Header {
                format: String::new(),
                version: 0,
                ktui: String::new(),
                cluster: super::Origin::default(),
                groups: Vec::new(),
                started: 0,
                every: 0,
            },
            scene: Scene::default(),
            text: Vec::new(),
            line: 0,
            last: 0,
            has_full: false,
            is_cut: false,
            is_over: false,
        };
        let first = match reader.next_line()? {
            Next::Line(first) => first,
            Next::Cut => return Err(Damage::foreign("it has no whole line")),
            Next::End => return Err(Damage::foreign("it is empty")),
        };
        reader.header = header(&first)?;
        Ok(reader)
    }

    /// The first line.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The number of the line that was read last.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The line of the newest look, as it is in the file.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether the file ends within a line: whoever wrote it was killed. Known at the end.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The next look; `None` at the end.
    ///
    /// # Errors
    /// When the next line is damaged. There are no more looks then.
    pub fn look(&mut self) -> Result<Option<Glance>, Damage> {
        if self.is_over {
            return Ok(None);
        }
        let found = self.read_look();
        self.is_over = !matches!(found, Ok(Some(_)));
        found
    }

    fn read_look(&mut self) -> Result<Option<Glance>, Damage> {
        let text = match self.next_line()? {
            Next::Line(text) => text,
            Next::Cut => {
                self.is_cut = true;
                return Ok(None);
            }
            Next::End => return Ok(None),
        };
        let number = self.line;
        if number > MOST_LOOKS {
            return Err(Damage::at(number, format!("more than {MOST_LOOKS} looks")));
        }
        let line: Line = serde_json::from_slice(&text).map_err(|error| Damage::at(number, plain(&error)))?;
        self.has_full |= line.full;
        if !self.has_full && line.blind.is_none() {
            return Err(Damage::at(number, "no full look comes before it: lines are missing"));
        }
        if line.ms < self.last {
            let (new, old) = (line.ms, self.last);
            return Err(Damage::at(number, format!("time goes back, from {old} ms to {new} ms")));
        }
        self.last = line.ms;
        self.text = text;
        self.scene.see(line).map(Some).map_err(|what| Damage::at(number, what))
    }

    fn next_line(&mut self) -> Result<Next, Damage> {
        let mut line = Vec::new();
        let number = self.line + 1;
        loop {
            let room = match self.input.fill_buf() {
                Ok(room) => room,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(Next::Cut),
                Err(error) => {
                    let what = format!("it cannot be read: {error}");
                    return Err(if self.line == 0 {
                        Damage::foreign(what)
                    } else {
                        Damage::at(number, what)
                    });
                }
            };
            if room.is_empty() {
                return Ok(if line.is_empty() { Next::End } else { Next::Cut });
            }
            let end = memchr::memchr(b'\n', room);
            let taken = end.unwrap_or(room.len());
            if line.len() + taken > LONGEST {
                let what = format!("it is longer than {} MiB", LONGEST >> 20);
                return Err(if number == 1 {
                    Damage::foreign(what)
                } else {
                    Damage::at(number, what)
                });
            }
            line.extend_from_slice(&room[..taken]);
            self.input.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                self.line = number;
                return Ok(Next::Line(line));
            }
        }
    }
}

fn unpacked(input: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut input = BufReader::with_capacity(256 << 10, input);
    // Short of the end of the file there are more than so many bytes in the first read.
    let head = input.fill_buf()?;
    Ok(if head.starts_with(&[0x1f, 0x8b]) {
        Box::new(BufReader::with_capacity(256 << 10, MultiGzDecoder::new(input)))
    } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
        decoder.window_log_max(WINDOW)?;
        Box::new(BufReader::with_capacity(256 << 10, decoder))
    } else {
        Box::new(input)
    })
}

fn header(line: &[u8]) -> Result<Header, Damage> {
    #[derive(serde::Deserialize)]
    struct Kind {
        format: String,
        version: u32,
        ktui: Option<String>,
    }
    let kind: Kind = serde_json::from_slice(line).map_err(|_| Damage::foreign("this is no recording"))?;
    if kind.format != FORMAT {
        return Err(Damage::foreign("this is no recording"));
    }
    if kind.version != VERSION {
        let by = kind.ktui.unwrap_or_default();
        return Err(Damage {
            line: Some(1),
            what: format!("the format's version is {}, this ktui reads {VERSION}", kind.version),
            hint: format!("replay it with ktui {by:.20}, which wrote it, or a later one."),
        });
    }
    serde_json::from_slice(line).map_err(|error| Damage::foreign(format!("the header: {}", plain(&error))))
}

/// What serde says, without its count of lines: it only ever sees one.
fn plain(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    let mut short: String = words.chars().take(200).collect();
    if error.column() > 0 {
        // Writing to a String cannot fail.
        let _ = write!(short, " (column {})", error.column());
    }
    short
}
