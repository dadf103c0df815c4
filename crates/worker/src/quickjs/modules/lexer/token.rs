//! Splits JavaScript into the few kinds of token that matter for finding exports.
//!
//! Whether `/` divides or starts a regular expression is told by what stands before it. Where that guess is wrong the
//! scanner is right again after the end of the line, because neither strings nor regular expressions span lines.

/// One token. Numbers, templates and regular expressions are [`Other`](Self::Other).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'s> {
    /// An identifier or keyword.
    Word(&'s str),
    /// A string, with its quotes.
    Text(&'s str),
    /// One character of punctuation.
    Mark(char),
    /// Anything else.
    Other,
}

/// What an open bracket was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bracket {
    /// The condition of `if`, `while`, `for` or `with`, after which a statement begins.
    Condition,
    /// `${` in a template.
    Template,
    Other,
}

/// Deeper nesting is not followed.
const MAX_DEPTH: usize = 10_000;

/// The tokens of a text.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'s> {
    source: &'s str,
    at: usize,
    brackets: Vec<Bracket>,
    /// The last token was an operand, so that `/` divides.
    operand: bool,
    /// The last word needs a condition in parentheses.
    condition: bool,
    /// The token before the last one was a single dot.
    after_dot: bool,
    dot: bool,
    beyond: bool,
}

impl<'s> Tokens<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self {
            source,
            at: 0,
            brackets: Vec::new(),
            operand: false,
            condition: false,
            after_dot: false,
            dot: false,
            beyond: false,
        }
    }

    /// Whether the last token was a property: it stood after a dot.
    pub(super) fn after_dot(&self) -> bool {
        self.after_dot
    }

    /// Where the last token ends.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// How many brackets are open.
    pub(super) fn depth(&self) -> usize {
        self.brackets.len()
    }

    /// Whether the last token closed a bracket that was not opened here.
    pub(super) fn is_beyond(&self) -> bool {
        self.beyond
    }

    /// Whether no bracket is open.
    pub(super) fn at_top_level(&self) -> bool {
        self.brackets.is_empty()
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Option<Token<'s>> {
        self.skip_blank();
        let rest = &self.source[self.at..];
        let first = rest.chars().next()?;
        let dot = std::mem::replace(&mut self.dot, false);
        self.after_dot = dot;
        let condition = std::mem::replace(&mut self.condition, false);
        let token = match first {
            '\'' | '"' => {
                let length = string_length(rest, first);
                self.at += length;
                self.operand = true;
                Token::Text(&rest[..length])
            }
            '`' => {
                self.at += 1;
                self.template();
                Token::Other
            }
            '/' if !self.operand => {
                self.at += expression_length(rest);
                self.operand = true;
                Token::Other
            }
            _ if first.is_ascii_digit() => {
                self.at += length_while(rest, |c| is_word(c) || c == '.');
                self.operand = true;
                Token::Other
            }
            _ if is_word(first) || first == '\\' || first == '#' => {
                let length = length_while(rest, |c| is_word(c) || matches!(c, '\\' | '#')).max(1);
                self.at += length;
                let word = &rest[..length];
                self.operand = dot || !expects_operand(word);
                self.condition = !dot && matches!(word, "if" | "while" | "for" | "with");
                Token::Word(word)
            }
            _ => {
                self.at += first.len_utf8();
                self.mark(first, condition)
            }
        };
        Some(token)
    }

    fn mark(&mut self, mark: char, condition: bool) -> Token<'s> {
        self.operand = false;
        self.beyond = self.brackets.is_empty();
        match mark {
            '(' | '[' | '{' if self.brackets.len() < MAX_DEPTH => {
                self.brackets.push(if condition {
                    Bracket::Condition
                } else {
                    Bracket::Other
                });
            }
            ')' => self.operand = self.brackets.pop() != Some(Bracket::Condition),
            ']' => {
                self.brackets.pop();
                self.operand = true;
            }
            '}' if self.brackets.pop() == Some(Bracket::Template) => {
                self.template();
                return Token::Other;
            }
            '.' => self.dot = !self.source[..self.at - 1].ends_with('.'),
            _ => {}
        }
        Token::Mark(mark)
    }

    /// The text of a template up to its end or its next `${`.
    fn template(&mut self) {
        let bytes = self.source.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.skip_character(),
                b'`' => {
                    self.operand = true;
                    return;
                }
                b'$' if bytes.get(self.at) == Some(&b'{') => {
                    self.at += 1;
                    if self.brackets.len() < MAX_DEPTH {
                        self.brackets.push(Bracket::Template);
                    }
                    self.operand = false;
                    return;
                }
                _ => {}
            }
        }
        self.at = self.source.len();
    }

    fn skip_character(&mut self) {
        if let Some(character) = self
            .source
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
        {
            self.at += character.len_utf8();
        }
    }

    fn skip_blank(&mut self) {
        loop {
            let rest = &self.source[self.at..];
            let blank = rest.len() - rest.trim_start().len();
            let rest = &rest[blank..];
            self.at += blank;
            let comment = if rest.starts_with("//") || (self.at == 0 && rest.starts_with("#!")) {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                return;
            };
            self.at += comment;
        }
    }

    /// The token after the next, without taking it.
    pub(super) fn peek(&self) -> Option<Token<'s>> {
        self.ahead().next()
    }

    /// A copy that can be tried out. Only the brackets opened from here on matter to it.
    fn ahead(&self) -> Self {
        Self {
            source: self.source,
            at: self.at,
            brackets: Vec::new(),
            operand: self.operand,
            condition: self.condition,
            after_dot: self.after_dot,
            dot: self.dot,
            beyond: false,
        }
    }

    pub(super) fn take_mark(&mut self, mark: char) -> bool {
        let found = self.peek() == Some(Token::Mark(mark));
        if found {
            self.next();
        }
        found
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(Token::Word(word));
        if found {
            self.next();
        }
        found
    }

    pub(super) fn take_any_word(&mut self) -> Option<&'s str> {
        let Some(Token::Word(word)) = self.peek() else {
            return None;
        };
        self.next();
        Some(word)
    }

    /// The value of a string.
    pub(super) fn take_text(&mut self) -> Option<String> {
        let Some(Token::Text(raw)) = self.peek() else {
            return None;
        };
        self.next();
        Some(unquote(raw))
    }

    /// `exports` or `module.exports`.
    pub(super) fn take_exports(&mut self) -> bool {
        self.take_word("exports")
            || (self.take_word("module") && self.take_mark('.') && self.take_word("exports"))
    }

    /// `require('x')`.
    pub(super) fn take_require(&mut self) -> Option<String> {
        let mut ahead = self.ahead();
        if !(ahead.take_word("require") && ahead.take_mark('(')) {
            return None;
        }
        let specifier = ahead.take_text()?;
        if !ahead.take_mark(')') {
            return None;
        }
        self.at = ahead.at;
        self.operand = true;
        Some(specifier)
    }

    /// Takes `=` if it is an assignment and no comparison or arrow.
    pub(super) fn is_assignment(&mut self) -> bool {
        let mut ahead = self.ahead();
        let found = ahead.take_mark('=') && !self.source[ahead.at..].starts_with(['=', '>']);
        if found {
            self.next();
        }
        found
    }

    /// Skips the rest of a member of a literal; `false` at the literal's end.
    pub(super) fn skip_to_comma(&mut self) -> bool {
        let depth = self.brackets.len();
        loop {
            match self.next() {
                None => return false,
                Some(Token::Mark(',')) if self.brackets.len() == depth => return true,
                Some(_) if self.brackets.len() < depth => return false,
                Some(_) => {}
            }
        }
    }

    /// Whether a word is in the bracketed group that comes next.
    pub(super) fn group_contains(&self, word: &str) -> bool {
        let mut ahead = self.ahead();
        if !ahead.take_mark('(') {
            return false;
        }
        while !ahead.brackets.is_empty() {
            match ahead.next() {
                None => return false,
                Some(token) if token == Token::Word(word) => return true,
                Some(_) => {}
            }
        }
        false
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '_' | '$')
        || (!character.is_ascii() && character.is_alphanumeric())
}

/// Words after which an operand comes, so that `/` starts a regular expression.
fn expects_operand(word: &str) -> bool {
    matches!(
        word,
        "await"
            | "case"
            | "delete"
            | "do"
            | "else"
            | "in"
            | "instanceof"
            | "new"
            | "of"
            | "return"
            | "throw"
            | "typeof"
            | "void"
            | "yield"
    )
}

fn length_while(text: &str, matches: impl Fn(char) -> bool) -> usize {
    text.find(|c| !matches(c)).unwrap_or(text.len())
}

/// The length of the string that starts here, up to its quote or the end of the line.
fn string_length(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return at + 1;
        }
        match character {
            '\\' => {
                characters.next();
            }
            '\n' => return at,
            _ => {}
        }
    }
    text.len()
}

/// The length of the regular expression that starts here, with its flags.
fn expression_length(text: &str) -> usize {
    let mut class = false;
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => {
                characters.next();
            }
            '[' => class = true,
            ']' => class = false,
            '/' if !class => {
                let flags = &text[at + 1..];
                return at + 1 + length_while(flags, |c| c.is_ascii_alphabetic());
            }
            '\n' => return at,
            _ => {}
        }
    }
    text.len()
}

/// The value of a string token. Escapes that name exports are rare: those that are no plain character stay as written.
pub(super) fn unquote(raw: &str) -> String {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return inner.to_owned();
    }
    let mut value = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            value.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('u') => {
                let digits: String = characters.clone().take(4).collect();
                match u32::from_str_radix(&digits, 16)
                    .ok()
                    .and_then(char::from_u32)
                {
                    Some(decoded) if digits.len() == 4 => {
                        value.push(decoded);
                        characters.nth(3);
                    }
                    _ => value.push('u'),
                }
            }
            Some(other) => value.push(other),
            None => {}
        }
    }
    value
}
