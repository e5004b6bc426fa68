//! LZ4 frames straight into the output buffer.
//!
//! An own reader of the frame format (lz4_Frame_format.md 1.6) around `lz4_flex`'s block decoder, for three reasons:
//! blocks land where a search reads them, without a second copy; the header's checksum is not looked at, because
//! producers of message format v0 wrote a wrong one (KAFKA-3160); and no block size is allocated on a header's word.
//! The frame's own checksums are skipped: the batch's checksum covers the same bytes.

use super::inflate::{Fault, Scratch};

const MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();
const STORED: u32 = 1 << 31;
/// How far back a block may refer to the blocks before it.
const WINDOW: usize = 64 * 1024;

/// Decompresses one frame from `input` and appends it to `out`.
pub(super) fn decompress(input: &[u8], out: &mut Scratch) -> Result<(), Fault> {
    let (frame, mut rest) = Frame::read(input).ok_or_else(|| Fault::broken("not an lz4 frame"))?;
    loop {
        let (size, after) = rest
            .split_first_chunk::<4>()
            .ok_or_else(|| Fault::broken("the frame has no end mark"))?;
        let size = u32::from_le_bytes(*size);
        if size == 0 {
            return Ok(());
        }
        let length = (size & !STORED) as usize;
        if length > frame.block_max {
            return Err(Fault::broken("a block is larger than the frame allows"));
        }
        let checksum = if frame.block_checksums { 4 } else { 0 };
        let (block, after) = after
            .split_at_checked(length + checksum)
            .ok_or_else(|| Fault::broken("a block is cut short"))?;
        rest = after;
        frame.block(&block[..length], size & STORED != 0, out)?;
    }
}

struct Frame {
    block_max: usize,
    block_checksums: bool,
    linked: bool,
}

impl Frame {
    fn read(input: &[u8]) -> Option<(Self, &[u8])> {
        let rest = input.strip_prefix(&MAGIC)?;
        let (&[flags, descriptor], rest) = rest.split_first_chunk::<2>()?;
        let has = |mask: u8| flags & mask != 0;
        let dictionary = has(0x01);
        if flags >> 6 != 1 || dictionary {
            return None;
        }
        let block_max = match (descriptor >> 4) & 7 {
            4 => 64 * 1024,
            5 => 256 * 1024,
            6 => 1024 * 1024,
            7 => 4 * 1024 * 1024,
            _ => return None,
        };
        let content_size = if has(0x08) { 8 } else { 0 };
        let header_checksum = 1;
        let rest = rest.get(content_size + header_checksum..)?;
        Some((
            Self {
                block_max,
                block_checksums: has(0x10),
                linked: !has(0x20),
            },
            rest,
        ))
    }

    fn block(&self, block: &[u8], stored: bool, out: &mut Scratch) -> Result<(), Fault> {
        if stored {
            return out.append(block);
        }
        let (before, room) = out.split(self.block_max);
        let room_is_whole = room.len() >= self.block_max;
        let length = room.len().min(self.block_max);
        let room = &mut room[..length];
        let written = if self.linked {
            let window = &before[before.len().saturating_sub(WINDOW)..];
            lz4_flex::block::decompress_into_with_dict(block, room, window)
        } else {
            lz4_flex::block::decompress_into(block, room)
        };
        match written {
            Ok(count) => out.advance(count),
            Err(_) if !room_is_whole => Err(Fault::TooLarge),
            Err(error) => Err(Fault::Broken(error.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

    use super::*;

    fn frame(info: FrameInfo, content: &[u8]) -> Vec<u8> {
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn text(length: usize) -> Vec<u8> {
        (0..length)
            .map(|i| b"{\"order\":\"1234567890\"}"[(i + i / 700) % 22])
            .collect()
    }

    fn read(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
        let mut scratch = Scratch::new(limit);
        decompress(bytes, &mut scratch)?;
        Ok(scratch.filled().to_vec())
    }

    #[test]
    fn linked_and_independent_blocks_of_every_size_come_back() {
        let content = text(700_000);
        for mode in [BlockMode::Independent, BlockMode::Linked] {
            for size in [
                BlockSize::Max64KB,
                BlockSize::Max256KB,
                BlockSize::Max1MB,
                BlockSize::Max4MB,
            ] {
                for checksums in [false, true] {
                    let info = FrameInfo::new()
                        .block_mode(mode)
                        .block_size(size)
                        .block_checksums(checksums)
                        .content_checksum(checksums)
                        .content_size(checksums.then_some(content.len() as u64));
                    assert_eq!(read(&frame(info, &content), 1 << 20).unwrap(), content);
                }
            }
        }
    }

    #[test]
    fn a_wrong_header_checksum_is_accepted_because_format_v0_wrote_it() {
        let mut bytes = frame(FrameInfo::new(), b"hello hello hello hello hello");
        bytes[6] ^= 0xff;
        assert_eq!(read(&bytes, 1000).unwrap(), b"hello hello hello hello hello");
    }

    #[test]
    fn a_frame_beyond_the_limit_is_too_large() {
        let bytes = frame(FrameInfo::new(), &vec![0; 300_000]);
        assert_eq!(read(&bytes, 300_000).unwrap().len(), 300_000);
        assert_eq!(read(&bytes, 299_999), Err(Fault::TooLarge));
        assert_eq!(read(&bytes, 10), Err(Fault::TooLarge));
    }

    #[test]
    fn a_cut_frame_is_broken_at_every_length() {
        let bytes = frame(FrameInfo::new(), &text(2000));
        for length in 0..bytes.len() {
            assert!(
                matches!(read(&bytes[..length], 10_000), Err(Fault::Broken(_))),
                "{length}"
            );
        }
    }
}
