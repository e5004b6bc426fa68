//! Looks into a file: a line each, packed so that it can be read up to the last whole line whatever happens.

use std::io::{self, Write};

use flate2::write::GzEncoder;

use super::glance::Glance;
use super::scene::Scene;
use super::{Header, LONGEST};
use crate::export::Packing;

/// Every so many looks one says everything.
const FULL: u64 = 120;
/// The level of zstd: a recorder has time.
const LEVEL: i32 = 6;

/// Writes a recording.
pub struct Writer<W: Write> {
    packer: Option<Packer<W>>,
    packing: Packing,
    scene: Scene,
    looks: u64,
}

/// A stream of its own within the file: from one full look to the next.
enum Packer<W: Write> {
    Plain(W),
    Gzip(GzEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Packer<W> {
    fn start(packing: Packing, out: W) -> io::Result<Self> {
        Ok(match packing {
            Packing::None => Self::Plain(out),
            Packing::Gzip => Self::Gzip(GzEncoder::new(out, flate2::Compression::default())),
            Packing::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(out, LEVEL)?),
        })
    }

    fn end(self) -> io::Result<W> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }

    /// Writes a line, and everything that is needed to read it.
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let out: &mut dyn Write = match self {
            Self::Plain(out) => out,
            Self::Gzip(encoder) => encoder,
            Self::Zstd(encoder) => encoder,
        };
        out.write_all(line)?;
        out.flush()
    }
}

impl<W: Write> Writer<W> {
    /// Begins a recording.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn start(out: W, packing: Packing, header: &Header) -> io::Result<Self> {
        let mut packer = Packer::start(packing, out)?;
        packer.line(&line_of(header)?)?;
        Ok(Self {
            packer: Some(packer),
            packing,
            scene: Scene::default(),
            looks: 0,
        })
    }

    /// Writes a look.
    ///
    /// # Errors
    /// When it cannot be written: nothing more can be then.
    pub fn look(&mut self, glance: &Glance) -> io::Result<()> {
        // Who was not answered has nothing to be full of.
        let is_full = self.looks.is_multiple_of(FULL) && glance.blind.is_none();
        let line = self.scene.changes(glance, is_full);
        let bytes = line_of(&line)?;
        if bytes.len() > LONGEST {
            let size = bytes.len() >> 20;
            return Err(io::Error::other(format!(
                "a look of {size} MiB is too large for a line: name the groups to record"
            )));
        }
        let mut packer = self.packer.take().ok_or_else(|| io::Error::other("it has ended"))?;
        if is_full && self.looks > 0 {
            packer = Packer::start(self.packing, packer.end()?)?;
        }
        packer.line(&bytes)?;
        self.packer = Some(packer);
        self.scene.apply(line).map_err(io::Error::other)?;
        self.looks += u64::from(glance.blind.is_none() || self.looks > 0);
        Ok(())
    }

    /// What is written to, as far as it got.
    pub fn get_ref(&self) -> Option<&W> {
        Some(match self.packer.as_ref()? {
            Packer::Plain(out) => out,
            Packer::Gzip(encoder) => encoder.get_ref(),
            Packer::Zstd(encoder) => encoder.get_ref(),
        })
    }

    /// Ends it.
    ///
    /// # Errors
    /// When the rest cannot be written.
    pub fn end(mut self) -> io::Result<Option<W>> {
        self.packer.take().map(Packer::end).transpose()
    }
}

fn line_of(value: &impl serde::Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}
