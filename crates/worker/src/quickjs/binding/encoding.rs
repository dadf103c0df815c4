//! Text to bytes and back, in the encodings that `Buffer` and `TextDecoder` know.
//!
//! Strings come without lone surrogates (JavaScript replaces them first, or takes a slower way of its own), since Rust's
//! strings cannot hold them.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rquickjs::ArrayBuffer;
use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;

use super::bytes::View;
use super::bytes::array_buffer;

/// Accepts any padding and unused bits that are not zero, as Node does.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn utf8_decode(view: View<'_>) -> String {
    String::from_utf8(view.to_vec())
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn utf8_decode_strictly(view: View<'_>) -> Option<String> {
    String::from_utf8(view.to_vec()).ok()
}

/// How many bytes at the end are the start of a character that has yet to be completed.
fn utf8_incomplete(view: View<'_>) -> usize {
    incomplete_tail(&view.to_vec())
}

fn incomplete_tail(bytes: &[u8]) -> usize {
    let start = bytes.len().saturating_sub(3);
    let last = bytes[start..].iter().rposition(|byte| byte & 0xc0 != 0x80);
    let Some(position) = last else {
        return 0;
    };
    let tail = &bytes[start + position..];
    match std::str::from_utf8(tail) {
        Err(error) if error.error_len().is_none() => tail.len(),
        _ => 0,
    }
}

fn latin1_decode(view: View<'_>) -> String {
    view.to_vec().into_iter().map(char::from).collect()
}

fn ascii_decode(view: View<'_>) -> String {
    view.to_vec()
        .into_iter()
        .map(|byte| char::from(byte & 0x7f))
        .collect()
}

/// None for bytes with a lone surrogate.
fn utf16_decode(view: View<'_>) -> Option<String> {
    let bytes = view.to_vec();
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units)
        .collect::<std::result::Result<_, _>>()
        .ok()
}

fn hex_encode(view: View<'_>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let bytes = view.to_vec();
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

fn base64_encode(view: View<'_>) -> String {
    STANDARD.encode(view.to_vec())
}

fn base64url_encode(view: View<'_>) -> String {
    URL_SAFE_NO_PAD.encode(view.to_vec())
}

/// Stops at the first pair that is not two digits.
fn parse_hex(text: &str) -> Vec<u8> {
    let units = low_bytes(text);
    units
        .chunks_exact(2)
        .map_while(|pair| {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            u8::try_from(high * 16 + low).ok()
        })
        .collect()
}

/// Both alphabets; other characters are skipped, and padding ends the text.
fn parse_base64(text: &str) -> Vec<u8> {
    let mut clean: Vec<u8> = low_bytes(text)
        .into_iter()
        .take_while(|byte| *byte != b'=')
        .filter_map(|byte| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b'+' | b'/' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => Some(byte),
            _ => None,
        })
        .collect();
    // A lone character at the end is less than a byte.
    if clean.len() % 4 == 1 {
        clean.pop();
    }
    LENIENT.decode(clean).unwrap_or_default()
}

/// The lower byte of each UTF-16 unit.
fn low_bytes(text: &str) -> Vec<u8> {
    if text.is_ascii() {
        return text.as_bytes().to_vec();
    }
    text.encode_utf16()
        .map(|unit| unit.to_le_bytes()[0])
        .collect()
}

fn utf16_bytes(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

type Encode = fn(&str) -> Vec<u8>;

const ENCODERS: [(&str, Encode); 5] = [
    ("utf8Encode", |text| text.as_bytes().to_vec()),
    ("latin1Encode", low_bytes),
    ("utf16Encode", utf16_bytes),
    ("hexDecode", parse_hex),
    ("base64Decode", parse_base64),
];

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set("utf8Decode", Function::new(ctx.clone(), utf8_decode)?)?;
    target.set(
        "utf8DecodeStrictly",
        Function::new(ctx.clone(), utf8_decode_strictly)?,
    )?;
    target.set(
        "utf8Incomplete",
        Function::new(ctx.clone(), utf8_incomplete)?,
    )?;
    target.set("latin1Decode", Function::new(ctx.clone(), latin1_decode)?)?;
    target.set("asciiDecode", Function::new(ctx.clone(), ascii_decode)?)?;
    target.set("utf16Decode", Function::new(ctx.clone(), utf16_decode)?)?;
    target.set("hexEncode", Function::new(ctx.clone(), hex_encode)?)?;
    target.set("base64Encode", Function::new(ctx.clone(), base64_encode)?)?;
    target.set(
        "base64urlEncode",
        Function::new(ctx.clone(), base64url_encode)?,
    )?;
    target.set(
        "utf8Length",
        Function::new(ctx.clone(), |text: rquickjs::String<'js>| {
            text.to_cstring().map(|text| text.len())
        })?,
    )?;
    for (name, encode) in ENCODERS {
        let function = move |ctx: Ctx<'js>, text: String| -> Result<ArrayBuffer<'js>> {
            array_buffer(&ctx, &encode(&text))
        };
        target.set(name, Function::new(ctx.clone(), function)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::incomplete_tail;
    use super::parse_base64;
    use super::parse_hex;

    #[test]
    fn base64_is_read_leniently() {
        assert_eq!(parse_base64("YWJj!!ZGVm"), b"abcdef");
        assert_eq!(parse_base64("YQ=YQ"), b"a");
        assert_eq!(parse_base64("-_+/"), [0xfb, 0xff, 0xbf]);
        assert_eq!(parse_base64("YWJjY"), b"abc");
        assert_eq!(parse_base64("=YQ"), b"");
    }

    #[test]
    fn hex_stops_at_the_first_bad_pair() {
        assert_eq!(parse_hex("AbCDzz11"), [0xab, 0xcd]);
        assert_eq!(parse_hex("abc"), [0xab]);
        // The upper byte of a character does not count.
        assert_eq!(parse_hex("ab\u{130}c"), [0xab, 0x0c]);
    }

    #[test]
    fn only_the_start_of_a_character_is_incomplete() {
        assert_eq!(incomplete_tail("aé".as_bytes()), 0);
        assert_eq!(incomplete_tail(&[b'a', 0xc3]), 1);
        assert_eq!(incomplete_tail(&[0xf0, 0x9f, 0x98]), 3);
        assert_eq!(incomplete_tail(&[0x80, 0x80, 0x80, 0x80]), 0);
        assert_eq!(incomplete_tail(&[0xe0, 0x80]), 0);
        assert_eq!(incomplete_tail(&[]), 0);
    }
}
