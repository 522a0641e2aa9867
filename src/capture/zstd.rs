//! A stream of zstd frames, unpacked to a writer (RFC 8878): concatenated and skippable frames, checksums.
//! Not a general decoder: no dictionaries, and windows over 128 MiB are refused.

use std::error::Error as StdError;
use std::io::{self, BufRead, Read, Write};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Unpacks all frames of `source`. What was unpacked before an error is written before it is returned.
///
/// # Errors
/// `UnexpectedEof` where the stream is cut, `InvalidData` where it is broken, and whatever `sink` returns.
pub(super) fn unpack(mut source: impl BufRead, mut sink: impl Write) -> io::Result<()> {
    let mut decoder = FrameDecoder::new();
    while !source.fill_buf()?.is_empty() {
        match decoder.reset(&mut source) {
            Ok(()) => unpack_frame(&mut decoder, &mut source, &mut sink)?,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                skip(&mut source, u64::from(length))?;
            }
            Err(error) => return Err(classed(&error)),
        }
    }
    Ok(())
}

fn unpack_frame(decoder: &mut FrameDecoder, mut source: impl Read, mut sink: impl Write) -> io::Result<()> {
    while !decoder.is_finished() {
        if let Err(error) = decoder.decode_blocks(&mut source, BlockDecodingStrategy::UptoBlocks(1)) {
            // The decoder holds back a window of good bytes until the frame ends, so end it: an empty last
            // block and a place for the checksum.
            const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];
            if decoder.decode_blocks(&LAST_BLOCK[..], BlockDecodingStrategy::UptoBlocks(1)).is_ok() {
                decoder.collect_to_writer(&mut sink)?;
            }
            return Err(classed(&error));
        }
        decoder.collect_to_writer(&mut sink)?;
    }
    match decoder.get_checksum_from_data() {
        Some(sum) if decoder.get_calculated_checksum() != Some(sum) => {
            Err(io::Error::new(io::ErrorKind::InvalidData, "zstd checksum does not match"))
        }
        _ => Ok(()),
    }
}

fn skip(source: impl Read, length: u64) -> io::Result<()> {
    if io::copy(&mut source.take(length), &mut io::sink())? < length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "zstd skippable frame is cut"));
    }
    Ok(())
}

/// The decoder wraps the end of its source several levels deep; a cut file must not look like a broken one.
fn classed(error: &FrameDecoderError) -> io::Error {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(this) = cause {
        if this.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof) {
            return io::Error::new(io::ErrorKind::UnexpectedEof, "zstd stream ends early");
        }
        cause = this.source();
    }
    io::Error::new(io::ErrorKind::InvalidData, format!("zstd: {error}"))
}
