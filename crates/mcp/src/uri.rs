//! Addresses of skills' files: `skill://NAME/PATH`, as the Skills extension has them (SEP-2640).

use mycelium_types::SkillName;

const SCHEME: &str = "skill://";
/// The longest address that is looked at, in bytes: a path of 4,096 bytes, each written as three.
const MAX_URI: usize = 16 << 10;

/// The address of a file.
pub(crate) fn of(skill: &str, path: &str) -> String {
    let mut uri = format!("{SCHEME}{skill}/");
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// The skill and the path of an address; the path of the skill's folder is empty.
pub(crate) fn parse(uri: &str) -> Option<(SkillName, String)> {
    if uri.len() > MAX_URI {
        return None;
    }
    let rest = uri.strip_prefix(SCHEME)?;
    let (skill, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some((skill.parse().ok()?, decoded(path)?))
}

/// The text that a path of an address stands for.
pub(crate) fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            b'?' | b'#' => return None,
            byte => byte,
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_back_to_its_file() {
        for path in ["SKILL.md", "scripts/run it.py", "ä%/#?x", ""] {
            let uri = of("pdf", path);
            assert!(uri.is_ascii());
            let (skill, found) = parse(&uri).unwrap();
            assert_eq!((skill.as_str(), found.as_str()), ("pdf", path));
        }
        assert_eq!(of("pdf", "a b"), "skill://pdf/a%20b");
    }

    #[test]
    fn what_is_none_is_none() {
        for uri in [
            "",
            "file:///etc/passwd",
            "skill://",
            "skill://../x",
            "skill://a/%",
            "skill://a/%4",
            "skill://a/%zz",
            "skill://a/%ff",
            "skill://a/x?y",
            "skill://a/x#y",
            &format!("skill://a/{}", "x".repeat(MAX_URI)),
        ] {
            assert_eq!(parse(uri), None, "{uri}");
        }
    }
}
