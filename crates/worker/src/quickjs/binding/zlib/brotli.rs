//! Brotli streams.

use brotli::BrotliDecompressStream;
use brotli::BrotliResult;
use brotli::BrotliState;
use brotli::enc::StandardAlloc;
use brotli::enc::encode::BrotliEncoderOperation;
use brotli::enc::encode::BrotliEncoderParameter;
use brotli::enc::encode::BrotliEncoderStateStruct;

use super::stream::Status;
use super::stream::Step;
use super::stream::Stream;

/// A compressor with the settings it was made with.
pub(super) struct Encoder {
    state: BrotliEncoderStateStruct<StandardAlloc>,
    settings: Vec<(BrotliEncoderParameter, u32)>,
}

/// The parameter that `zlib.constants` knows by this number.
fn parameter(number: usize) -> Option<BrotliEncoderParameter> {
    Some(match number {
        0 => BrotliEncoderParameter::BROTLI_PARAM_MODE,
        1 => BrotliEncoderParameter::BROTLI_PARAM_QUALITY,
        2 => BrotliEncoderParameter::BROTLI_PARAM_LGWIN,
        3 => BrotliEncoderParameter::BROTLI_PARAM_LGBLOCK,
        4 => BrotliEncoderParameter::BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING,
        5 => BrotliEncoderParameter::BROTLI_PARAM_SIZE_HINT,
        6 => BrotliEncoderParameter::BROTLI_PARAM_LARGE_WINDOW,
        _ => return None,
    })
}

impl Encoder {
    /// Makes a compressor. `values` holds a parameter's value at its number, or −1 where the default is wanted;
    /// nothing comes back if a value is refused.
    pub(super) fn new(values: &[f64]) -> Option<Self> {
        let settings = values
            .iter()
            .enumerate()
            .filter(|(_, value)| **value >= 0.0)
            .filter_map(|(number, value)| Some((parameter(number)?, *value as u32)))
            .collect();
        let mut encoder = Self {
            state: BrotliEncoderStateStruct::new(StandardAlloc::default()),
            settings,
        };
        encoder.configure().then_some(encoder)
    }

    fn configure(&mut self) -> bool {
        self.settings
            .iter()
            .all(|(parameter, value)| self.state.set_parameter(*parameter, *value))
    }
}

impl Stream for Encoder {
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: u32) -> Step {
        let operation = match flush {
            1 => BrotliEncoderOperation::BROTLI_OPERATION_FLUSH,
            2 => BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
            3 => BrotliEncoderOperation::BROTLI_OPERATION_EMIT_METADATA,
            _ => BrotliEncoderOperation::BROTLI_OPERATION_PROCESS,
        };
        let mut available_in = input.len();
        let mut available_out = output.len();
        let (mut consumed, mut produced) = (0, 0);
        let done = self.state.compress_stream(
            operation,
            &mut available_in,
            input,
            &mut consumed,
            &mut available_out,
            output,
            &mut produced,
            &mut None,
            &mut |_, _, _, _| (),
        );
        Step {
            status: if !done {
                Status::Data("Compression failed")
            } else if self.state.is_finished() {
                Status::End
            } else {
                Status::Ok
            },
            consumed,
            produced,
        }
    }

    fn reset(&mut self) {
        self.state = BrotliEncoderStateStruct::new(StandardAlloc::default());
        self.configure();
    }

    fn set_level(&mut self, _: i32) -> bool {
        true
    }
}

/// A decompressor.
pub(super) struct Decoder(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>);

impl Decoder {
    /// Makes a decompressor, which refuses the windows beyond the standard's 16 MB.
    pub(super) fn new() -> Self {
        Self(Box::new(BrotliState::new_strict(
            StandardAlloc::default(),
            StandardAlloc::default(),
            StandardAlloc::default(),
        )))
    }
}

impl Stream for Decoder {
    fn step(&mut self, input: &[u8], output: &mut [u8], _: u32) -> Step {
        let mut available_in = input.len();
        let mut available_out = output.len();
        let (mut consumed, mut produced, mut total) = (0, 0, 0);
        let result = BrotliDecompressStream(
            &mut available_in,
            &mut consumed,
            input,
            &mut available_out,
            &mut produced,
            output,
            &mut total,
            &mut self.0,
        );
        Step {
            status: match result {
                BrotliResult::ResultSuccess => Status::End,
                BrotliResult::NeedsMoreInput if consumed == 0 && produced == 0 => Status::Buffer,
                BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Status::Ok,
                BrotliResult::ResultFailure => {
                    let code = self.0.error_code;
                    Status::Brotli(code as i32, format!("{code:?}"))
                }
            },
            consumed,
            produced,
        }
    }

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn set_level(&mut self, _: i32) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINISH: u32 = 2;

    #[test]
    fn comes_back_in_small_steps() {
        let text = b"a text that repeats, a text that repeats".repeat(50);
        let mut encoder = Encoder::new(&[-1.0, 5.0, 18.0]).unwrap();
        let mut small = vec![0; 1 << 14];
        let step = encoder.step(&text, &mut small, FINISH);
        assert_eq!((step.status, step.consumed), (Status::End, text.len()));
        small.truncate(step.produced);
        assert!(small.len() < text.len() / 10);

        let mut decoder = Decoder::new();
        let (mut start, mut back) = (0, Vec::new());
        loop {
            let mut room = [0; 64];
            let end = small.len().min(start + 3);
            let step = decoder.step(&small[start..end], &mut room, 0);
            start += step.consumed;
            back.extend_from_slice(&room[..step.produced]);
            if step.status == Status::End {
                break;
            }
        }
        assert_eq!(back, text);
    }

    #[test]
    fn damage_has_brotlis_name() {
        let step = Decoder::new().step(&[0xff; 8], &mut [0; 64], FINISH);
        let Status::Brotli(number, name) = step.status else {
            panic!("the stream is damaged");
        };
        assert!(
            number < 0 && name.starts_with("BROTLI_DECODER_ERROR_"),
            "{number} {name}"
        );
    }

    #[test]
    fn unknown_parameters_are_left_out() {
        assert!(parameter(7).is_none());
        assert!(Encoder::new(&[-1.0; 10]).is_some());
    }
}
