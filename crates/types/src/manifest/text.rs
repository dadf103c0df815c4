//! The forms of a manifest's texts: what the reader checks, and the same as a pattern for the schema.

use std::net::Ipv6Addr;

use crate::diagnostic::is_unprintable;

/// The most characters of what a permission is for: what is longer is not read before it is answered.
pub(crate) const MAX_REASON: usize = 240;

/// One line that says something: `is_shown_in_line`, and not only spaces.
pub(crate) const LINE: &str = r"^(?=.*\S)[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$";
/// Text that says something: `is_shown_in_prose`, and not only spaces.
pub(crate) const PROSE: &str = r"^(?=[\s\S]*\S)[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$";
/// One line with a name before the first `<` or `(`.
pub(crate) const AUTHOR: &str =
    r"^(?=\s*[^\s<(])[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$";
/// `is_function`.
pub(crate) const FUNCTION: &str =
    r#"^[^\u0000-\u0020\u007f-\u00a0\u2028-\u202e\u2066-\u2069./\\"'`]{1,128}$"#;
/// `is_file`.
pub(crate) const FILE: &str = r"^(?!/)(?![A-Za-z]:)(?!(?:.*/)?\.\.(?:/|$))(?!(?:.*/)?\.$)[^\\\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*[^\\/\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]$";
/// `is_web_page`.
pub(crate) const WEB_PAGE: &str =
    r"^https?://[^\s\u0000-\u0020\u007f-\u009f\u2028-\u202e\u2066-\u2069]+$";
/// `is_host`, but for the range of the port and the groups of an IPv6 address.
pub(crate) const HOST: &str =
    r"^(?:(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$";
/// `is_http_method`.
pub(crate) const HTTP_METHOD: &str = "^[A-Z]+(?:-[A-Z]+)*$";
/// `is_variable`.
pub(crate) const VARIABLE: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
/// A skill's name, and a range after an `@`.
pub(crate) const SKILL_REFERENCE: &str = "^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?(?:@.+)?$";
/// `is_locale`.
pub(crate) const LOCALE: &str = "^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$";
/// The names that any of the registries could have; the reader knows each registry's own rule.
pub(crate) const PACKAGE: &str =
    "^(?:@[A-Za-z0-9~][A-Za-z0-9._~-]*/)?[A-Za-z0-9~][A-Za-z0-9._~+-]*$";

/// Whether a line of text may have `c`.
pub(super) fn is_shown_in_line(c: char) -> bool {
    !is_unprintable(c)
}

/// Whether text of several lines may have `c`.
pub(crate) fn is_shown_in_prose(c: char) -> bool {
    is_shown_in_line(c) || matches!(c, '\t' | '\n' | '\r')
}

/// Whether a function can have this name, in any of the engines' languages and on a command line.
pub(crate) fn is_function(name: &str) -> bool {
    let fits = |c: char| {
        !is_unprintable(c) && !matches!(c, ' ' | '\u{a0}' | '.' | '/' | '\\' | '"' | '\'' | '`')
    };
    (1..=128).contains(&name.chars().count()) && name.chars().all(fits)
}

/// Whether this names a file inside the folder it is relative to, on every system.
pub(super) fn is_file(path: &str) -> bool {
    let has_drive = matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    let escapes = path.split('/').any(|part| part == "..");
    let is_folder = matches!(path.rsplit('/').next(), None | Some("" | "."));
    let fits = |c: char| !is_unprintable(c) && c != '\\';
    !path.starts_with('/') && !has_drive && !escapes && !is_folder && path.chars().all(fits)
}

/// Whether this is the address of a page.
pub(super) fn is_web_page(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || is_unprintable(c))
    })
}

/// Whether this is `host`, `host:port` or either below `*.`.
pub(super) fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port_fits = port.is_none_or(|port| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let host_fits = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host
            .strip_prefix("*.")
            .unwrap_or(host)
            .split('.')
            .all(label),
    };
    port_fits && host_fits
}

/// Whether this is an HTTP method as they are written: in capitals.
pub(super) fn is_http_method(text: &str) -> bool {
    text.split('-')
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_uppercase()))
}

/// Whether a shell could have a variable of this name.
#[must_use]
pub fn is_variable(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.bytes().all(fits) && !text.starts_with(|c: char| c.is_ascii_digit()) && !text.is_empty()
}

/// Whether this has the form of a BCP 47 tag.
pub(super) fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=8).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}
