//! What a `/** … */` comment says about a function.

/// The longest comment read, in bytes.
const MAX_COMMENT: usize = 16 << 10;
/// The longest type or description kept, in characters.
const MAX_TEXT: usize = 400;

/// The content of a documentation comment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Doc {
    /// The text before the first tag.
    pub(super) description: Option<String>,
    /// Its parameters, in order.
    pub(super) parameters: Vec<DocParameter>,
    /// The type of the result.
    pub(super) returns: Option<String>,
}

/// One `@param`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DocParameter {
    pub(super) name: String,
    pub(super) type_name: Option<String>,
    pub(super) optional: bool,
    pub(super) description: Option<String>,
}

impl Doc {
    /// Reads the text between `/**` and `*/`.
    pub(super) fn of_comment(comment: &str) -> Self {
        let mut doc = Self::default();
        if comment.len() > MAX_COMMENT {
            return doc;
        }
        let lines = comment
            .lines()
            .map(|line| line.trim().trim_start_matches('*').trim());
        let mut sections = vec![String::new()];
        for line in lines {
            if line.starts_with('@') {
                sections.push(String::new());
            }
            if let Some(section) = sections.last_mut() {
                section.push_str(line);
                section.push(' ');
            }
        }
        for (index, section) in sections.iter().enumerate() {
            let section = section.trim();
            if index == 0 && !section.starts_with('@') {
                doc.description = text(section);
                continue;
            }
            let (tag, rest) = section
                .split_once(char::is_whitespace)
                .unwrap_or((section, ""));
            match tag {
                "@param" | "@arg" | "@argument" => doc.parameters.extend(parameter(rest)),
                "@returns" | "@return" => doc.returns = braced(rest).0,
                _ => {}
            }
        }
        doc
    }
}

/// `{type} name - description`, `{type} [name=default] description`, …
fn parameter(section: &str) -> Option<DocParameter> {
    let (type_name, rest) = braced(section);
    let rest = rest.trim_start();
    let (name, optional, rest) = if let Some(inner) = rest.strip_prefix('[') {
        let (inner, rest) = inner.split_once(']')?;
        let name = inner.split('=').next().unwrap_or_default().trim();
        (name, true, rest)
    } else {
        let (name, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        (name, false, rest)
    };
    // `options.name` describes a member of the parameter `options`.
    if name.is_empty() || name.contains('.') {
        return None;
    }
    let equals = type_name.as_deref().and_then(|name| name.strip_suffix('='));
    Some(DocParameter {
        name: text(name)?,
        optional: optional || equals.is_some(),
        type_name: equals.map(str::to_owned).or(type_name),
        description: text(rest.trim_start_matches([' ', '-'])),
    })
}

/// A type in curly brackets at the start, and what follows.
fn braced(section: &str) -> (Option<String>, &str) {
    let section = section.trim_start();
    if !section.starts_with('{') {
        return (None, section);
    }
    let mut depth = 0_usize;
    for (at, c) in section.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (text(&section[1..at]), &section[at + 1..]);
        }
    }
    (None, section)
}

/// A text on one line, of a bounded length, with nothing in it that a terminal obeys.
fn text(raw: &str) -> Option<String> {
    let words: Vec<_> = raw.split_whitespace().collect();
    let shown: String = words
        .join(" ")
        .chars()
        .filter(|c| {
            !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .take(MAX_TEXT)
        .collect();
    (!shown.is_empty()).then_some(shown)
}
