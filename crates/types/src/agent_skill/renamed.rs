//! Instructions under another name.

use serde_json::Value;

use crate::AgentSkill;
use crate::SkillName;

/// What the line with the name begins with.
const FIELD: &str = "name:";

impl AgentSkill {
    /// The same `SKILL.md` with another name in its front matter and every other byte as it was; nothing if the name is not
    /// written in one line.
    ///
    /// ```
    /// # use mycelium_types::AgentSkill;
    /// let text = AgentSkill::renamed(b"---\nname: pdf\ntitle: 1\n---\nRead.\n", &"acme-pdf".parse().unwrap());
    /// assert_eq!(text.unwrap(), b"---\nname: \"acme-pdf\"\ntitle: 1\n---\nRead.\n");
    /// ```
    #[must_use]
    pub fn renamed(bytes: &[u8], name: &SkillName) -> Option<Vec<u8>> {
        let mut expected = Self::front_matter(bytes)?;
        let text = str::from_utf8(bytes).ok()?;
        let is_break = |byte: u8| byte == b'\n' || byte == b'\r';
        let (start, _) = text.match_indices(FIELD).find(|(at, _)| {
            text.as_bytes()
                .get(at.wrapping_sub(1))
                .is_some_and(|before| is_break(*before))
        })?;
        let rest = text.as_bytes().iter().skip(start);
        let length = rest.take_while(|byte| !is_break(**byte)).count();
        let (before, after) = (&text[..start], &text[start + length..]);
        let renamed = format!("{before}{FIELD} \"{name}\"{after}").into_bytes();
        // Whatever else that line was part of, nothing but the name may be another.
        expected.insert("name".to_owned(), Value::String(name.to_string()));
        (Self::front_matter(&renamed)? == expected).then_some(renamed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed(text: &str) -> Option<String> {
        let bytes = AgentSkill::renamed(text.as_bytes(), &"b".parse().unwrap())?;
        Some(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn nothing_but_the_name_is_another() {
        for (text, expected) in [
            (
                "---\nname: a\ndescription: x\n---\nname: a\n",
                "---\nname: \"b\"\ndescription: x\n---\nname: a\n",
            ),
            (
                "---\r\ndescription: 'a name: x'\r\nname: 'a' # mine\r\n---\r\n",
                "---\r\ndescription: 'a name: x'\r\nname: \"b\"\r\n---\r\n",
            ),
            (
                "---\nmetadata:\n  name: z\nname: a\n---\n",
                "---\nmetadata:\n  name: z\nname: \"b\"\n---\n",
            ),
        ] {
            assert_eq!(renamed(text).as_deref(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn a_name_that_is_not_in_one_line_stays() {
        for text in [
            "name: a\n",
            "---\ndescription: x\n---\nname: a\n",
            "---\nname: >\n  a\n---\n",
            "---\ndescription: |\n  x\n\"name\": a\n---\n",
            "---\n{name: a, description: x}\n---\n",
        ] {
            assert_eq!(renamed(text), None, "{text:?}");
        }
    }
}
