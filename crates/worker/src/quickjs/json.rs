//! Writes what a program returns as JSON, or says why that cannot be done.

use mycelium_protocol::worker::Failure;
use mycelium_protocol::worker::FailureKind;
use rquickjs::Ctx;
use rquickjs::Value;

use super::failure;
use super::host::Host;

/// Writes a value as JSON of at most `limit` bytes; `undefined` is `null`.
pub(super) fn write<'js>(
    ctx: &Ctx<'js>,
    host: &Host,
    value: Value<'js>,
    limit: u64,
) -> Result<String, Failure> {
    let too_large = || {
        failure::plain(
            FailureKind::ResultTooLarge,
            format!("the result is larger than {limit} bytes"),
        )
    };
    if value.is_function() || value.is_symbol() {
        let message = format!("a {} cannot be written as JSON", value.type_name());
        return Err(failure::plain(FailureKind::ResultInvalid, message));
    }
    let text = match ctx.json_stringify(value) {
        Ok(Some(text)) => text,
        Ok(None) => return Ok("null".to_owned()),
        Err(error) => {
            let failure = failure::describe(ctx, host, error);
            return Err(match failure.kind {
                // What made the heap overflow was the text.
                FailureKind::OutOfMemory => too_large(),
                FailureKind::Thrown | FailureKind::Syntax => failure::of_result(failure),
                FailureKind::MissingExport
                | FailureKind::ResultInvalid
                | FailureKind::ResultTooLarge
                | FailureKind::OutputTooLarge
                | FailureKind::CpuTime
                | FailureKind::FileSize
                | FailureKind::Processes
                | FailureKind::Exited
                | FailureKind::NeverSettles
                | FailureKind::Sandbox
                | FailureKind::Host
                | FailureKind::Protocol => failure,
            });
        }
    };
    // Every character is at least one byte: no need to make the bytes of a text that is too long.
    let length = host
        .hook(ctx, "textLength")
        .and_then(|hook| hook.call::<_, f64>((text.clone(),)));
    if length.is_ok_and(|length| length > limit as f64) {
        return Err(too_large());
    }
    match text.to_string() {
        Ok(text) if text.len() as u64 > limit => Err(too_large()),
        Ok(text) => Ok(replace_lone_surrogates(text)),
        Err(_) => {
            ctx.catch();
            Err(too_large())
        }
    }
}

/// Half a surrogate pair becomes the replacement character: JavaScript writes it as an escape that other readers of
/// JSON refuse. (A whole pair is no escape in what the engine writes.)
pub(super) fn replace_lone_surrogates(json: String) -> String {
    if !json.contains("\\ud") && !json.contains("\\uD") {
        return json;
    }
    let mut replaced = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        replaced.push_str(before);
        if let [
            _,
            b'u',
            b'd' | b'D',
            b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F',
            ..,
        ] = escape.as_bytes()
        {
            replaced.push('\u{fffd}');
            rest = escape.get("\\uXXXX".len()..).unwrap_or_default();
            continue;
        }
        let escaped = escape[1..].chars().next().map_or(0, char::len_utf8);
        let (escape, after) = escape.split_at(1 + escaped);
        replaced.push_str(escape);
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_halves_of_pairs_are_replaced() {
        for (json, expected) in [
            (r#""plain""#, r#""plain""#),
            (r#""\ud800""#, "\"\u{fffd}\""),
            (r#""a\ud800b\udfffc""#, "\"a\u{fffd}b\u{fffd}c\""),
            (r#""\\ud800 \n\ud7ff""#, r#""\\ud800 \n\ud7ff""#),
            (r#""\\\uD800""#, "\"\\\\\u{fffd}\""),
        ] {
            assert_eq!(replace_lone_surrogates(json.to_owned()), expected, "{json}");
        }
    }
}
