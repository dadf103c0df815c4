//! `author`: `"Name <mail> (page)"` or an object.

use crate::Author;
use crate::Findings;
use crate::NodeValue;
use crate::manifest::fields::Fields;
use crate::manifest::place::Place;
use crate::manifest::place::invalid;
use crate::manifest::place::line;

pub(super) fn author(place: Place<'_>, findings: &mut Findings<'_>) -> Option<Author> {
    if let NodeValue::Text(_) = place.node.value {
        let line = line(place, findings)?;
        let author = from_line(&line);
        if author.is_none() {
            place.error(findings, invalid("author-nameless", &line));
        }
        return author;
    }
    let mut fields = Fields::open(place, findings, "text-or-object")?;
    let name = fields.required("name", line);
    let email = fields.optional("email", line);
    let url = fields.optional("url", line);
    fields.close();
    Some(Author {
        name: name?,
        email,
        url,
    })
}

/// npm's form: the name ends where the first `<` or `(` begins; both parts are optional.
fn from_line(line: &str) -> Option<Author> {
    let name = line.split(['<', '(']).next().unwrap_or_default().trim();
    let between = |open: char, close: char| {
        let (_, rest) = line.split_once(open)?;
        let (inside, _) = rest.split_once(close)?;
        let inside = inside.trim();
        (!inside.is_empty()).then(|| inside.to_owned())
    };
    (!name.is_empty()).then(|| Author {
        name: name.to_owned(),
        email: between('<', '>'),
        url: between('(', ')'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_npm_writes() {
        for (line, name, email, url) in [
            ("Mycelium Team", "Mycelium Team", None, None),
            ("Ann <a@b.c>", "Ann", Some("a@b.c"), None),
            ("Ann (https://x)", "Ann", None, Some("https://x")),
            (
                " Ann B. <a@b.c> (https://x) ",
                "Ann B.",
                Some("a@b.c"),
                Some("https://x"),
            ),
            ("Ann <>", "Ann", None, None),
            ("Ann <open", "Ann", None, None),
        ] {
            let author = from_line(line).unwrap();
            assert_eq!(author.name, name, "{line}");
            assert_eq!(author.email.as_deref(), email, "{line}");
            assert_eq!(author.url.as_deref(), url, "{line}");
        }
        assert_eq!(from_line("<a@b.c>"), None);
    }
}
