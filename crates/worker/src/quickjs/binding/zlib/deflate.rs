//! Deflate streams: raw, with zlib's header, with gzip's, and the kind that finds out which of the two it has.

use zlib_rs::Deflate;
use zlib_rs::DeflateConfig;
use zlib_rs::DeflateError;
use zlib_rs::DeflateFlush;
use zlib_rs::Inflate;
use zlib_rs::InflateError;
use zlib_rs::InflateFlush;
use zlib_rs::Method;
use zlib_rs::Strategy;

use super::stream::Status;
use super::stream::Step;
use super::stream::Stream;

/// Added to the window's size to ask for gzip's header.
const GZIP: i32 = 16;
/// Added to the window's size to let the decompressor look at the header.
const AUTOMATIC: i32 = 32;
const GZIP_MAGIC: u8 = 0x1f;

/// What JavaScript asks for; the numbers are those of `zlib.constants`.
pub(super) struct Settings {
    pub(super) mode: i32,
    pub(super) level: i32,
    pub(super) window: i32,
    pub(super) memory: i32,
    pub(super) strategy: i32,
}

/// The wrapping of a decompressor's input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrapping {
    Raw,
    Zlib,
    Gzip,
    Automatic,
}

impl Settings {
    /// Makes the stream, or nothing if a value is out of range.
    pub(super) fn open(&self, dictionary: Option<Vec<u8>>) -> Option<Box<dyn Stream>> {
        let wrapping = match self.mode {
            1 => return self.compressor(0, dictionary),
            3 => return self.compressor(GZIP, dictionary),
            5 => return self.compressor(-2 * self.window, dictionary),
            2 => Wrapping::Zlib,
            4 => Wrapping::Gzip,
            6 => Wrapping::Raw,
            7 => Wrapping::Automatic,
            _ => return None,
        };
        let smallest = if wrapping == Wrapping::Raw { 8 } else { 0 };
        if self.window != smallest && !(8..=15).contains(&self.window) {
            return None;
        }
        let mut decompressor = Decompressor {
            inflate: inflate(wrapping, self.window),
            wrapping,
            window: self.window,
            dictionary,
            started: false,
        };
        decompressor.prime();
        Some(Box::new(decompressor))
    }

    /// `shift` turns the window's size into zlib's code for size and wrapping: a negative size is a raw stream.
    fn compressor(&self, shift: i32, dictionary: Option<Vec<u8>>) -> Option<Box<dyn Stream>> {
        let valid = (-1..=9).contains(&self.level)
            && (9..=15).contains(&self.window)
            && (1..=9).contains(&self.memory);
        let strategy = match self.strategy {
            0 => Strategy::Default,
            1 => Strategy::Filtered,
            2 => Strategy::HuffmanOnly,
            3 => Strategy::Rle,
            4 => Strategy::Fixed,
            _ => return None,
        };
        if !valid {
            return None;
        }
        let mut compressor = Compressor {
            deflate: Deflate::new_with_config(DeflateConfig {
                level: self.level,
                method: Method::Deflated,
                window_bits: self.window + shift,
                mem_level: self.memory,
                strategy,
            }),
            dictionary,
        };
        compressor.prime();
        Some(Box::new(compressor))
    }
}

struct Compressor {
    deflate: Deflate,
    dictionary: Option<Vec<u8>>,
}

impl Compressor {
    fn prime(&mut self) {
        if let Some(dictionary) = &self.dictionary {
            // Refused only for gzip, which has no dictionaries; Node ignores one there as well.
            let _ = self.deflate.set_dictionary(dictionary);
        }
    }
}

impl Stream for Compressor {
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: u32) -> Step {
        let flush = match flush {
            1 => DeflateFlush::PartialFlush,
            2 => DeflateFlush::SyncFlush,
            3 => DeflateFlush::FullFlush,
            4 => DeflateFlush::Finish,
            5 => DeflateFlush::Block,
            _ => DeflateFlush::NoFlush,
        };
        let (read, written) = (self.deflate.total_in(), self.deflate.total_out());
        let result = self.deflate.compress(input, output, flush);
        Step {
            status: match result {
                Ok(status) => plain(status),
                Err(DeflateError::StreamError) => Status::Stream("stream error"),
                Err(DeflateError::DataError) => Status::Data("data error"),
                Err(DeflateError::MemError) => Status::Memory,
            },
            consumed: (self.deflate.total_in() - read) as usize,
            produced: (self.deflate.total_out() - written) as usize,
        }
    }

    fn reset(&mut self) {
        self.deflate.reset();
        self.prime();
    }

    fn set_level(&mut self, level: i32) -> bool {
        self.deflate.set_level(level).is_ok()
    }
}

struct Decompressor {
    inflate: Inflate,
    wrapping: Wrapping,
    window: i32,
    dictionary: Option<Vec<u8>>,
    /// Whether the first byte has been seen, by which an automatic stream learns whether it is gzip.
    started: bool,
}

fn inflate(wrapping: Wrapping, window: i32) -> Inflate {
    let code = match wrapping {
        Wrapping::Raw | Wrapping::Zlib => window,
        Wrapping::Gzip => window + GZIP,
        Wrapping::Automatic => window + AUTOMATIC,
    };
    Inflate::new(wrapping != Wrapping::Raw, code as u8)
}

impl Decompressor {
    fn prime(&mut self) {
        if let (Wrapping::Raw, Some(dictionary)) = (self.wrapping, &self.dictionary) {
            // A raw stream does not say which dictionary it needs, so there is nothing to be refused.
            let _ = self.inflate.set_dictionary(dictionary);
        }
    }

    fn run(&mut self, input: &[u8], output: &mut [u8], flush: InflateFlush) -> Step {
        let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
        let result = self.inflate.decompress(input, output, flush);
        Step {
            status: match result {
                Ok(status) => plain(status),
                Err(InflateError::NeedDict { .. }) => Status::NeedDictionary,
                Err(InflateError::StreamError) => Status::Stream("stream error"),
                Err(InflateError::DataError) => {
                    Status::Data(self.inflate.error_message().unwrap_or("data error"))
                }
                Err(InflateError::MemError) => Status::Memory,
            },
            consumed: (self.inflate.total_in() - read) as usize,
            produced: (self.inflate.total_out() - written) as usize,
        }
    }

    /// Gives the dictionary that the stream has just asked for and goes on.
    fn with_dictionary(
        &mut self,
        first: Step,
        input: &[u8],
        output: &mut [u8],
        flush: InflateFlush,
    ) -> Step {
        let Some(dictionary) = &self.dictionary else {
            return first;
        };
        if self.inflate.set_dictionary(dictionary).is_err() {
            return first;
        }
        let next = self.run(
            &input[first.consumed..],
            &mut output[first.produced..],
            flush,
        );
        joined(&first, next)
    }
}

fn joined(first: &Step, next: Step) -> Step {
    Step {
        status: next.status,
        consumed: first.consumed + next.consumed,
        produced: first.produced + next.produced,
    }
}

fn plain(status: zlib_rs::Status) -> Status {
    match status {
        zlib_rs::Status::Ok => Status::Ok,
        zlib_rs::Status::BufError => Status::Buffer,
        zlib_rs::Status::StreamEnd => Status::End,
    }
}

impl Stream for Decompressor {
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: u32) -> Step {
        let flush = match flush {
            // A decompressor flushes in one way only.
            1..=3 => InflateFlush::SyncFlush,
            4 => InflateFlush::Finish,
            5 => InflateFlush::Block,
            6 => InflateFlush::Trees,
            _ => InflateFlush::NoFlush,
        };
        if let (false, Some(first)) = (self.started, input.first()) {
            self.started = true;
            if self.wrapping == Wrapping::Automatic && *first == GZIP_MAGIC {
                self.wrapping = Wrapping::Gzip;
            }
        }
        let mut step = self.run(input, output, flush);
        if step.status == Status::NeedDictionary {
            step = self.with_dictionary(step, input, output, flush);
        }
        // A gzip file may have several members. Zeros after one are padding, anything else is the next.
        while step.status == Status::End
            && self.wrapping == Wrapping::Gzip
            && input.get(step.consumed).is_some_and(|byte| *byte != 0)
        {
            self.inflate = inflate(Wrapping::Gzip, self.window);
            let next = self.run(&input[step.consumed..], &mut output[step.produced..], flush);
            step = joined(&step, next);
        }
        step
    }

    fn reset(&mut self) {
        self.inflate = inflate(self.wrapping, self.window);
        self.prime();
    }

    fn set_level(&mut self, _: i32) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINISH: u32 = 4;

    fn settings(mode: i32) -> Settings {
        Settings {
            mode,
            level: 6,
            window: 15,
            memory: 8,
            strategy: 0,
        }
    }

    fn whole(mut stream: Box<dyn Stream>, input: &[u8]) -> (Status, Vec<u8>) {
        let mut output = vec![0; 1 << 16];
        let step = stream.step(input, &mut output, FINISH);
        output.truncate(step.produced);
        (step.status, output)
    }

    fn compressed(mode: i32, text: &[u8]) -> Vec<u8> {
        let (status, output) = whole(settings(mode).open(None).unwrap(), text);
        assert_eq!(status, Status::End);
        output
    }

    #[test]
    fn every_wrapping_comes_back() {
        for (compress, decompress) in [(1, 2), (3, 4), (5, 6), (1, 7), (3, 7)] {
            let small = compressed(compress, b"to and fro to and fro");
            let (status, text) = whole(settings(decompress).open(None).unwrap(), &small);
            assert_eq!(status, Status::End);
            assert_eq!(text, b"to and fro to and fro", "{compress} to {decompress}");
        }
    }

    #[test]
    fn members_follow_one_another_and_zeros_are_padding() {
        let mut file = compressed(3, b"one ");
        file.extend(compressed(3, b"two"));
        file.extend([0; 20]);
        let (status, text) = whole(settings(4).open(None).unwrap(), &file);
        assert_eq!(
            (status, text.as_slice()),
            (Status::End, b"one two".as_slice())
        );
    }

    #[test]
    fn a_dictionary_is_asked_for() {
        let dictionary = || Some(b"common words".to_vec());
        let (_, small) = whole(settings(1).open(dictionary()).unwrap(), b"common words");
        let (status, _) = whole(settings(2).open(None).unwrap(), &small);
        assert_eq!(status, Status::NeedDictionary);
        let (status, text) = whole(settings(2).open(dictionary()).unwrap(), &small);
        assert_eq!(
            (status, text.as_slice()),
            (Status::End, b"common words".as_slice())
        );
    }

    #[test]
    fn damage_is_named() {
        let (status, _) = whole(settings(2).open(None).unwrap(), b"nope");
        assert_eq!(status, Status::Data("incorrect header check"));
        let mut file = compressed(3, b"text");
        let checksum = file.len() - 6;
        file[checksum] ^= 1;
        let (status, _) = whole(settings(4).open(None).unwrap(), &file);
        assert_eq!(status, Status::Data("incorrect data check"));
    }

    #[test]
    fn values_out_of_range_make_no_stream() {
        for wrong in [
            Settings {
                mode: 0,
                ..settings(1)
            },
            Settings {
                mode: 8,
                ..settings(1)
            },
            Settings {
                level: 10,
                ..settings(1)
            },
            Settings {
                window: 8,
                ..settings(1)
            },
            Settings {
                window: 16,
                ..settings(2)
            },
            Settings {
                window: 0,
                ..settings(6)
            },
            Settings {
                memory: 0,
                ..settings(3)
            },
            Settings {
                strategy: 5,
                ..settings(5)
            },
        ] {
            assert!(wrong.open(None).is_none());
        }
    }
}
