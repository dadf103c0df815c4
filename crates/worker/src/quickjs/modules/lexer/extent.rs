//! Finds the text of a function in its file, for functions whose bytecode does not keep it.

use super::token::Token;
use super::token::Tokens;

/// What kind of function is looked for: the engine knows where one starts, except that of a class it knows the constructor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super::super) enum Callable {
    /// A function, method, accessor or arrow function.
    Function,
    /// A class.
    Class,
}

/// The text of the function at `line` and `column`, both counted from 1 and in characters.
pub(in super::super::super) fn function_text(
    source: &str,
    line: usize,
    column: usize,
    callable: Callable,
) -> Option<&str> {
    let start: usize = source
        .split_inclusive('\n')
        .take(line.checked_sub(1)?)
        .map(str::len)
        .sum();
    let text = source.get(start..)?;
    let (offset, _) = text.char_indices().nth(column.checked_sub(1)?)?;
    // Sometimes the engine has the blank before it.
    let blank = text[offset..].len() - text[offset..].trim_start().len();
    let start = start + offset + blank;
    match callable {
        Callable::Class if !source[start..].starts_with("class") => {
            let start = enclosing_class(source, start)?;
            class_end(&source[start..])
        }
        Callable::Class => class_end(&source[start..]),
        Callable::Function => function_end(&source[start..]),
    }
}

/// Where the innermost class starts whose body contains `target`.
fn enclosing_class(source: &str, target: usize) -> Option<usize> {
    let mut tokens = Tokens::new(source);
    // Classes whose body is open: where they start, and how many brackets are open in the body.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut announced: Option<(usize, usize)> = None;
    while let Some(token) = tokens.next() {
        if tokens.offset() > target {
            break;
        }
        let depth = tokens.depth();
        while open.last().is_some_and(|(_, body)| depth < *body) {
            open.pop();
        }
        match token {
            Token::Word("class") if !tokens.after_dot() => {
                announced = Some((tokens.offset() - "class".len(), depth));
            }
            Token::Mark('{') => {
                if let Some((start, outside)) = announced
                    && depth == outside + 1
                {
                    open.push((start, depth));
                    announced = None;
                }
            }
            _ => {}
        }
    }
    open.last().map(|(start, _)| *start)
}

fn class_end(text: &str) -> Option<&str> {
    let mut tokens = Tokens::new(text);
    loop {
        if let Token::Mark('{') = tokens.next()?
            && tokens.depth() == 1
        {
            return close(text, tokens);
        }
    }
}

fn function_end(text: &str) -> Option<&str> {
    let mut tokens = Tokens::new(text);
    // The parameters are the first group in parentheses, unless an arrow comes before it.
    loop {
        match tokens.next()? {
            Token::Mark('(') if tokens.depth() == 1 => {
                skip(&mut tokens)?;
                break;
            }
            Token::Mark('=') if tokens.depth() == 0 => return arrow_body(text, tokens),
            _ => {}
        }
    }
    match tokens.next()? {
        Token::Mark('{') => close(text, tokens),
        Token::Mark('=') => arrow_body(text, tokens),
        _ => None,
    }
}

/// After the first character of an arrow.
fn arrow_body<'s>(text: &'s str, mut tokens: Tokens<'s>) -> Option<&'s str> {
    if !tokens.take_mark('>') {
        return None;
    }
    if tokens.take_mark('{') {
        return close(text, tokens);
    }
    let mut end = tokens.offset();
    loop {
        let before = tokens.offset();
        let Some(token) = tokens.next() else {
            return text.get(..end);
        };
        let depth = tokens.depth();
        let closes = matches!(token, Token::Mark(')' | ']' | '}')) && tokens.is_beyond();
        let ends = depth == 0 && matches!(token, Token::Mark(',' | ';'));
        // Two words in two lines are two statements.
        let statement = depth == 0
            && matches!(token, Token::Word(word) if !matches!(word, "in" | "instanceof"))
            && text[..before].ends_with(|c: char| c.is_alphanumeric() || ")]}'\"`".contains(c))
            && text[before..tokens.offset()].contains('\n');
        if closes || ends || statement {
            return text.get(..end);
        }
        end = tokens.offset();
    }
}

/// Skips to the end of the group that is open.
fn skip(tokens: &mut Tokens<'_>) -> Option<()> {
    let depth = tokens.depth();
    while tokens.depth() >= depth {
        tokens.next()?;
    }
    Some(())
}

/// The text up to the end of the group that is open.
fn close<'s>(text: &'s str, mut tokens: Tokens<'s>) -> Option<&'s str> {
    skip(&mut tokens)?;
    text.get(..tokens.offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'s>(source: &'s str, mark: &str, callable: Callable) -> Option<&'s str> {
        let offset = source.find(mark).unwrap();
        let line = source[..offset].matches('\n').count() + 1;
        let start = source[..offset].rfind('\n').map_or(0, |at| at + 1);
        let column = source[start..offset].chars().count() + 1;
        function_text(source, line, column, callable)
    }

    #[test]
    fn finds_the_ends_of_functions() {
        let source = "const é = 1; function foo(a, b = ')') { return /}/.test(`${a}}`); } foo();
const arrow = (x) => x + 1;
const one = y => ({ y }), two = async z => { await z; };
const multi = (q) =>
  q +
  1
next();
call((w) => w * 2, 3); [v => v]; ({ u: u => u });
class K extends f({}) { m(a) { return a; } static s() {} constructor(p) { super(); } get g() { return 1; } }
const o = { async *gen([c], { d }) { yield c; }, ['comp' + 1]() {} };
class Outer { inner() { return class { constructor(n) {} }; } constructor() {} }";
        let cases = [
            (
                "function foo",
                Callable::Function,
                "function foo(a, b = ')') { return /}/.test(`${a}}`); }",
            ),
            ("(x) =>", Callable::Function, "(x) => x + 1"),
            ("y => (", Callable::Function, "y => ({ y })"),
            ("async z", Callable::Function, "async z => { await z; }"),
            ("(q) =>", Callable::Function, "(q) =>\n  q +\n  1"),
            ("(w) =>", Callable::Function, "(w) => w * 2"),
            ("v => v", Callable::Function, "v => v"),
            ("u => u", Callable::Function, "u => u"),
            ("m(a)", Callable::Function, "m(a) { return a; }"),
            ("get g", Callable::Function, "get g() { return 1; }"),
            (
                "async *gen",
                Callable::Function,
                "async *gen([c], { d }) { yield c; }",
            ),
            ("['comp'", Callable::Function, "['comp' + 1]() {}"),
            (
                "constructor(p)",
                Callable::Class,
                "class K extends f({}) { m(a) { return a; } static s() {} constructor(p) { super(); } get g() { return 1; } }",
            ),
            (
                "class K",
                Callable::Class,
                "class K extends f({}) { m(a) { return a; } static s() {} constructor(p) { super(); } get g() { return 1; } }",
            ),
            (
                "constructor(n)",
                Callable::Class,
                "class { constructor(n) {} }",
            ),
            (
                "constructor() {} }",
                Callable::Class,
                "class Outer { inner() { return class { constructor(n) {} }; } constructor() {} }",
            ),
        ];
        for (mark, callable, expected) in cases {
            assert_eq!(at(source, mark, callable), Some(expected), "{mark}");
        }
    }

    #[test]
    fn gives_up_quietly() {
        for (source, line, column) in [
            ("", 1, 1),
            ("x", 9, 1),
            ("x", 1, 9),
            ("function f(", 1, 1),
            ("f", 0, 0),
        ] {
            assert_eq!(
                function_text(source, line, column, Callable::Function),
                None
            );
            assert_eq!(function_text(source, line, column, Callable::Class), None);
        }
    }
}
