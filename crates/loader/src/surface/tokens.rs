//! JavaScript source as a list of tokens with matching brackets, made in one pass.
//!
//! This is no parser: it only has to tell code from strings, comments, templates and regular
//! expressions, and find the end of every bracket. Source that is not JavaScript gives tokens too.

use std::ops::Range;

/// The most tokens looked at; what comes after them is not seen.
const MAX_TOKENS: usize = 400_000;

/// What kind of thing a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// A number.
    Number,
    /// A string in quotes.
    Text,
    /// A regular expression.
    Regex,
    /// `=>`.
    Arrow,
    /// `...`.
    Spread,
    /// An operator of several characters, or one of `+ - * / % & | ^ ! ~ < > ? @`.
    Operator,
    /// One of `( ) [ ] { } , ; : . =`, or a backtick at either end of a template.
    Mark(u8),
}

/// A piece of the source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// Whether a line ends between the token before and this one.
    pub(super) after_newline: bool,
    start: u32,
    end: u32,
    /// For a bracket the index of its other end; for one that never closes, the number of tokens.
    partner: u32,
    doc: Option<(u32, u32)>,
}

/// The tokens of a source.
pub(super) struct Tokens<'s> {
    source: &'s str,
    list: Vec<Token>,
}

/// Something opened that is not closed yet.
enum Open {
    /// A bracket or a backtick, by the index of its token.
    Bracket(u8, usize),
    /// `${` in a template, with the counts of what is open around it.
    Substitution(Counts),
}

/// How many brackets of each kind are open since the innermost `${`. They say at once that a closing
/// bracket matches nothing, so that wrong source costs no more time than right source.
#[derive(Clone, Copy, Default)]
struct Counts {
    round: u32,
    square: u32,
    curly: u32,
    template: u32,
}

impl Counts {
    fn of(&mut self, opening: u8) -> &mut u32 {
        match opening {
            b'(' => &mut self.round,
            b'[' => &mut self.square,
            b'{' => &mut self.curly,
            _ => &mut self.template,
        }
    }
}

struct Lexer<'s> {
    source: &'s str,
    bytes: &'s [u8],
    at: usize,
    list: Vec<Token>,
    open: Vec<Open>,
    counts: Counts,
    /// How many `${` are open.
    substitutions: usize,
    doc: Option<(u32, u32)>,
    after_newline: bool,
    /// The number of tokens there were at the last `${`.
    substitution_start: usize,
    /// Up to here no regular expression ends, so none need be looked for again.
    no_regex_before: usize,
}

impl<'s> Tokens<'s> {
    /// Splits `source`, which must be shorter than 4 GiB.
    pub(super) fn of(source: &'s str) -> Self {
        let mut lexer = Lexer {
            source,
            bytes: source.as_bytes(),
            at: 0,
            list: Vec::new(),
            open: Vec::new(),
            counts: Counts::default(),
            substitutions: 0,
            doc: None,
            after_newline: true,
            substitution_start: usize::MAX,
            no_regex_before: 0,
        };
        lexer.run();
        Self {
            source,
            list: lexer.list,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The token at `index`.
    pub(super) fn get(&self, index: usize) -> Option<Token> {
        self.list.get(index).copied()
    }

    /// The kind of the token at `index`.
    pub(super) fn kind(&self, index: usize) -> Option<Kind> {
        self.list.get(index).map(|token| token.kind)
    }

    /// The text of the token at `index`; empty beyond the end.
    pub(super) fn text(&self, index: usize) -> &'s str {
        self.list
            .get(index)
            .map_or("", |token| &self.source[token.range()])
    }

    /// Whether the token at `index` is the mark `mark`.
    pub(super) fn is_mark(&self, index: usize, mark: u8) -> bool {
        self.kind(index) == Some(Kind::Mark(mark))
    }

    /// Whether the token at `index` is the word `word`.
    pub(super) fn is_word(&self, index: usize, word: &str) -> bool {
        self.kind(index) == Some(Kind::Word) && self.text(index) == word
    }

    /// The index of the other end of the bracket at `index`.
    pub(super) fn partner(&self, index: usize) -> usize {
        self.list
            .get(index)
            .map_or(self.list.len(), |token| token.partner as usize)
    }

    /// The token after the one at `index`, or after the whole bracket if one opens there.
    pub(super) fn after(&self, index: usize) -> usize {
        match self.kind(index) {
            Some(Kind::Mark(b'(' | b'[' | b'{' | b'`')) => self.partner(index).max(index) + 1,
            _ => index + 1,
        }
    }

    /// The text between the `/**` and the `*/` right before the token at `index`.
    pub(super) fn doc(&self, index: usize) -> Option<&'s str> {
        let (start, end) = self.list.get(index)?.doc?;
        self.source.get(start as usize..end as usize)
    }
}

impl Token {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Lexer<'_> {
    fn run(&mut self) {
        if self.source.starts_with("#!") {
            self.skip_line();
        }
        while self.at < self.bytes.len() && self.list.len() < MAX_TOKENS {
            self.step();
        }
        let end = self.list.len() as u32;
        for open in self.open.drain(..) {
            match open {
                Open::Bracket(_, index) => self.list[index].partner = end,
                Open::Substitution(_) => {}
            }
        }
    }

    fn step(&mut self) {
        let start = self.at;
        match self.bytes[start] {
            b'\n' | b'\r' => {
                self.after_newline = true;
                self.at += 1;
            }
            b' ' | b'\t' => self.at += 1,
            b'/' if self.peek(1) == Some(b'/') => self.skip_line(),
            b'/' if self.peek(1) == Some(b'*') => self.comment(),
            b'/' => self.slash(),
            quote @ (b'"' | b'\'') => self.string(quote),
            b'`' => {
                self.at += 1;
                self.open(b'`', start);
                self.template();
            }
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) => self.number(),
            b'.' if self.bytes[start..].starts_with(b"...") => {
                self.at += 3;
                self.push(Kind::Spread, start);
            }
            mark @ (b'(' | b'[' | b'{') => {
                self.at += 1;
                self.open(mark, start);
            }
            b'}' if self.substitutions > 0 && self.counts.curly == 0 => {
                self.at += 1;
                self.close_substitution();
                self.template();
            }
            mark @ (b')' | b']' | b'}') => {
                self.at += 1;
                self.push(Kind::Mark(mark), start);
                self.close(mark);
            }
            mark @ (b',' | b';' | b':' | b'.') => {
                self.at += 1;
                self.push(Kind::Mark(mark), start);
            }
            byte if is_operator(byte) => self.operator(),
            _ => self.word(),
        }
    }

    fn peek(&self, distance: usize) -> Option<u8> {
        self.bytes.get(self.at + distance).copied()
    }

    fn push(&mut self, kind: Kind, start: usize) {
        self.list.push(Token {
            kind,
            after_newline: std::mem::take(&mut self.after_newline),
            start: start as u32,
            end: self.at as u32,
            partner: 0,
            doc: self.doc.take(),
        });
    }

    fn open(&mut self, mark: u8, start: usize) {
        self.push(Kind::Mark(mark), start);
        self.open.push(Open::Bracket(mark, self.list.len() - 1));
        *self.counts.of(mark) += 1;
    }

    /// Matches the closing bracket just pushed with the nearest open one of its kind; those between
    /// never close. One that matches nothing is left alone.
    fn close(&mut self, mark: u8) {
        let opening = match mark {
            b')' => b'(',
            b']' => b'[',
            b'}' => b'{',
            other => other,
        };
        let closing = self.list.len() - 1;
        self.list[closing].partner = closing as u32;
        if *self.counts.of(opening) == 0 {
            return;
        }
        while let Some(Open::Bracket(mark, index)) = self.open.pop() {
            *self.counts.of(mark) -= 1;
            self.list[index].partner = closing as u32;
            if mark == opening {
                self.list[closing].partner = index as u32;
                return;
            }
        }
    }

    /// Ends the innermost `${`; brackets opened in it end with it.
    fn close_substitution(&mut self) {
        let end = self.list.len() as u32;
        while let Some(open) = self.open.pop() {
            match open {
                Open::Bracket(_, index) => self.list[index].partner = end,
                Open::Substitution(counts) => {
                    self.counts = counts;
                    self.substitutions -= 1;
                    return;
                }
            }
        }
    }

    fn skip_line(&mut self) {
        while self.peek(0).is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    fn comment(&mut self) {
        let start = self.at;
        let end = self.source[start + 2..]
            .find("*/")
            .map_or(self.bytes.len(), |length| start + 2 + length);
        let text = &self.source[start..end];
        self.after_newline |= text.contains('\n');
        if text.len() > 3 && text.starts_with("/**") {
            self.doc = Some((start as u32 + 3, end as u32));
        }
        self.at = (end + 2).min(self.bytes.len());
    }

    fn string(&mut self, quote: u8) {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += match byte {
                b'\\' => 2,
                b'\n' => break,
                _ => 1,
            };
            if byte == quote {
                break;
            }
        }
        self.at = self.boundary(self.at);
        self.push(Kind::Text, start);
    }

    /// Goes on in a template, up to its end or its next `${`.
    fn template(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.at += 2,
                b'`' => {
                    let start = self.at;
                    self.at += 1;
                    self.push(Kind::Mark(b'`'), start);
                    self.close(b'`');
                    return;
                }
                b'$' if self.peek(1) == Some(b'{') => {
                    self.at += 2;
                    self.open
                        .push(Open::Substitution(std::mem::take(&mut self.counts)));
                    self.substitutions += 1;
                    self.substitution_start = self.list.len();
                    return;
                }
                _ => self.at += 1,
            }
        }
        self.at = self.bytes.len();
    }

    fn number(&mut self) {
        let start = self.at;
        while self
            .peek(0)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
        {
            self.at += 1;
        }
        self.push(Kind::Number, start);
    }

    fn word(&mut self) {
        let start = self.at;
        let rest = &self.source[start..];
        let length = rest
            .find(|c: char| {
                !(c.is_alphanumeric() || matches!(c, '_' | '$' | '#' | '\\' | '\u{200d}'))
            })
            .unwrap_or(rest.len());
        if length == 0 {
            // White space or a sign that JavaScript does not have outside strings.
            let sign = rest.chars().next();
            self.after_newline |= matches!(sign, Some('\u{2028}' | '\u{2029}'));
            self.at += sign.map_or(1, char::len_utf8);
            return;
        }
        self.at += length;
        self.push(Kind::Word, start);
    }

    fn operator(&mut self) {
        let start = self.at;
        let first = self.bytes[start];
        let second = self.peek(1);
        let kind = match (first, second) {
            (b'=', Some(b'>')) => {
                self.at += 2;
                Kind::Arrow
            }
            (b'=', Some(b'=')) | (b'!', Some(b'=')) => {
                self.at += if self.peek(2) == Some(b'=') { 3 } else { 2 };
                Kind::Operator
            }
            (b'=', _) => {
                self.at += 1;
                Kind::Mark(b'=')
            }
            (_, Some(b'=')) => {
                self.at += 2;
                Kind::Operator
            }
            (b'+' | b'-' | b'&' | b'|' | b'*' | b'<' | b'>', Some(next)) if next == first => {
                self.at += 2;
                Kind::Operator
            }
            (b'?', Some(b'?' | b'.')) => {
                self.at += 2;
                Kind::Operator
            }
            _ => {
                self.at += 1;
                Kind::Operator
            }
        };
        self.push(kind, start);
    }

    fn slash(&mut self) {
        let start = self.at;
        if self.regex_may_start()
            && start >= self.no_regex_before
            && let Some(end) = self.end_of_regex()
        {
            self.at = end;
            self.push(Kind::Regex, start);
        } else {
            self.operator();
        }
    }

    /// Whether a `/` here starts a regular expression, judged by the token before it.
    fn regex_may_start(&self) -> bool {
        let Some(last) = self.list.last() else {
            return true;
        };
        if self.list.len() == self.substitution_start {
            return true;
        }
        match last.kind {
            Kind::Number | Kind::Text | Kind::Regex | Kind::Mark(b']' | b'.' | b'`') => false,
            Kind::Word => matches!(
                &self.source[last.range()],
                "return"
                    | "typeof"
                    | "case"
                    | "in"
                    | "of"
                    | "delete"
                    | "void"
                    | "throw"
                    | "new"
                    | "instanceof"
                    | "do"
                    | "else"
                    | "await"
                    | "yield"
            ),
            // After the condition of a statement, but not after a call.
            Kind::Mark(b')') => (last.partner as usize)
                .checked_sub(1)
                .and_then(|before| self.list.get(before))
                .is_some_and(|word| {
                    let text = &self.source[word.range()];
                    matches!(text, "if" | "while" | "for" | "with")
                }),
            Kind::Operator => !matches!(&self.source[last.range()], "++" | "--"),
            Kind::Arrow | Kind::Spread | Kind::Mark(_) => true,
        }
    }

    fn end_of_regex(&mut self) -> Option<usize> {
        let mut at = self.at + 1;
        let mut in_class = false;
        while let Some(byte) = self.bytes.get(at) {
            match byte {
                b'\n' => break,
                b'\\' => at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => {
                    let flags = self.bytes[at + 1..]
                        .iter()
                        .take_while(|byte| byte.is_ascii_alphabetic())
                        .count();
                    return Some(at + 1 + flags);
                }
                _ => {}
            }
            at += 1;
        }
        self.no_regex_before = at;
        None
    }

    /// The end of the character that byte `at` is in.
    fn boundary(&self, at: usize) -> usize {
        let mut at = at.min(self.bytes.len());
        while !self.source.is_char_boundary(at) {
            at += 1;
        }
        at
    }
}

fn is_operator(byte: u8) -> bool {
    matches!(
        byte,
        b'=' | b'+'
            | b'-'
            | b'*'
            | b'/'
            | b'%'
            | b'&'
            | b'|'
            | b'^'
            | b'!'
            | b'~'
            | b'<'
            | b'>'
            | b'?'
            | b'@'
    )
}
