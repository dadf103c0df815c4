//! What can be told about one function from its source.

use super::tokens::Kind;
use super::tokens::Tokens;

/// The most tokens of a function looked at for its result.
const MAX_BODY_TOKENS: usize = 20_000;
/// The most parameters of a function.
const MAX_PARAMETERS: usize = 64;

/// A function in the source, by the indices of its tokens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function {
    pub(super) is_async: bool,
    pub(super) is_generator: bool,
    pub(super) parameters: ParameterTokens,
    pub(super) body: Body,
}

/// Where a function's parameters are.
#[derive(Clone, Copy, Debug)]
pub(super) enum ParameterTokens {
    /// Between the round bracket at this index and its partner.
    Brackets(usize),
    /// The one name at this index, before an arrow.
    Name(usize),
}

/// Where a function's body is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    /// Between the curly bracket at this index and its partner.
    Block(usize),
    /// The expression that starts at this index, after an arrow.
    Expression(usize),
}

/// A parameter as the source has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawParameter {
    /// Its name; absent if it is taken apart at once.
    pub(super) name: Option<String>,
    /// Whether it takes all further arguments.
    pub(super) rest: bool,
    /// Whether it has a default.
    pub(super) optional: bool,
    /// The type of its default, if that is a literal.
    pub(super) type_name: Option<&'static str>,
}

/// The function whose expression or declaration starts at `index`.
pub(super) fn function_at(tokens: &Tokens<'_>, index: usize) -> Option<Function> {
    let follows = |index: usize| tokens.get(index).is_some_and(|next| !next.after_newline);
    if tokens.is_word(index, "async") && follows(index + 1) {
        let function = plain_function_at(tokens, index + 1)?;
        return Some(Function {
            is_async: true,
            ..function
        });
    }
    plain_function_at(tokens, index)
}

/// The method whose parameters start at the round bracket at `index`.
pub(super) fn method_at(tokens: &Tokens<'_>, index: usize) -> Option<Function> {
    let body = tokens.after(index);
    tokens.is_mark(body, b'{').then_some(Function {
        is_async: false,
        is_generator: false,
        parameters: ParameterTokens::Brackets(index),
        body: Body::Block(body),
    })
}

fn plain_function_at(tokens: &Tokens<'_>, index: usize) -> Option<Function> {
    if tokens.is_word(index, "function") {
        let is_generator = tokens.text(index + 1) == "*";
        let mut at = index + 1 + usize::from(is_generator);
        if tokens.kind(at) == Some(Kind::Word) {
            at += 1;
        }
        if !tokens.is_mark(at, b'(') {
            return None;
        }
        return method_at(tokens, at).map(|method| Function {
            is_generator,
            ..method
        });
    }
    let (parameters, arrow) = match tokens.kind(index)? {
        Kind::Mark(b'(') => (ParameterTokens::Brackets(index), tokens.after(index)),
        Kind::Word => (ParameterTokens::Name(index), index + 1),
        _ => return None,
    };
    if tokens.kind(arrow) != Some(Kind::Arrow) {
        return None;
    }
    Some(Function {
        is_async: false,
        is_generator: false,
        parameters,
        body: if tokens.is_mark(arrow + 1, b'{') {
            Body::Block(arrow + 1)
        } else {
            Body::Expression(arrow + 1)
        },
    })
}

impl Function {
    /// The parameters, in order.
    pub(super) fn parameters(&self, tokens: &Tokens<'_>) -> Vec<RawParameter> {
        let open = match self.parameters {
            ParameterTokens::Brackets(open) => open,
            ParameterTokens::Name(index) => {
                return vec![RawParameter {
                    name: Some(tokens.text(index).to_owned()),
                    rest: false,
                    optional: false,
                    type_name: None,
                }];
            }
        };
        let close = tokens.partner(open);
        let mut list = Vec::new();
        let mut at = open + 1;
        while at < close && list.len() < MAX_PARAMETERS {
            let rest = tokens.kind(at) == Some(Kind::Spread);
            let name = at + usize::from(rest);
            let default = tokens.after(name);
            let optional = tokens.is_mark(default, b'=');
            list.push(RawParameter {
                name: (tokens.kind(name) == Some(Kind::Word)).then(|| tokens.text(name).to_owned()),
                rest,
                optional,
                type_name: optional
                    .then(|| expression_type(tokens, default + 1, close))
                    .flatten(),
            });
            while at < close && !tokens.is_mark(at, b',') {
                at = tokens.after(at);
            }
            at += 1;
        }
        list
    }

    /// The type of the result before it is wrapped in a promise, if every way out of the function
    /// shows the same one.
    pub(super) fn result_type(&self, tokens: &Tokens<'_>) -> Option<&'static str> {
        if self.is_generator {
            return None;
        }
        match self.body {
            Body::Expression(start) => expression_type(tokens, start, tokens.len()),
            Body::Block(open) => block_type(tokens, open),
        }
    }
}

/// What all `return`s of a block agree on: `void` if there are none.
fn block_type(tokens: &Tokens<'_>, open: usize) -> Option<&'static str> {
    let close = tokens.partner(open);
    if close - open > MAX_BODY_TOKENS {
        return None;
    }
    let mut result = None;
    let mut ends = false;
    let mut depth = 0_usize;
    let mut at = open + 1;
    while at < close {
        match tokens.kind(at) {
            Some(Kind::Mark(b'{')) if starts_function_body(tokens, at) => {
                at = tokens.after(at);
                continue;
            }
            Some(Kind::Mark(b'{')) => depth += 1,
            Some(Kind::Mark(b'}')) => depth = depth.saturating_sub(1),
            Some(Kind::Word) if is_statement(tokens, at) => match tokens.text(at) {
                "return" => {
                    let this = return_type(tokens, at + 1, close)?;
                    if *result.get_or_insert(this) != this {
                        return None;
                    }
                    ends |= depth == 0 && !is_guarded(tokens, at);
                }
                "throw" => ends |= depth == 0 && !is_guarded(tokens, at),
                _ => {}
            },
            _ => {}
        }
        at += 1;
    }
    match result {
        None => Some("void"),
        Some("void") => Some("void"),
        // One that can also run off its end returns `undefined` there.
        Some(known) => ends.then_some(known),
    }
}

/// Whether the word at `index` is a keyword there and not the name of a property.
fn is_statement(tokens: &Tokens<'_>, index: usize) -> bool {
    let before = index.checked_sub(1);
    let named =
        before.is_some_and(|before| tokens.is_mark(before, b'.') || tokens.text(before) == "?.");
    !named && !tokens.is_mark(index + 1, b':')
}

/// Whether the statement at `index` is the arm of an `if`, a loop or a label.
fn is_guarded(tokens: &Tokens<'_>, index: usize) -> bool {
    let Some(before) = index.checked_sub(1) else {
        return false;
    };
    match tokens.kind(before) {
        Some(Kind::Word) => matches!(tokens.text(before), "else" | "do"),
        Some(Kind::Mark(b':')) => true,
        Some(Kind::Mark(b')')) => is_control(tokens, before),
        _ => false,
    }
}

/// Whether the round brackets that end at `close` belong to `if`, `for` and the like.
fn is_control(tokens: &Tokens<'_>, close: usize) -> bool {
    tokens.partner(close).checked_sub(1).is_some_and(|word| {
        tokens.kind(word) == Some(Kind::Word)
            && matches!(
                tokens.text(word),
                "if" | "for" | "while" | "switch" | "catch" | "with" | "await"
            )
    })
}

/// Whether the curly bracket at `index` opens the body of a function or method.
fn starts_function_body(tokens: &Tokens<'_>, index: usize) -> bool {
    let Some(before) = index.checked_sub(1) else {
        return false;
    };
    match tokens.kind(before) {
        Some(Kind::Arrow) => true,
        Some(Kind::Mark(b')')) => !is_control(tokens, before),
        _ => false,
    }
}

fn return_type(tokens: &Tokens<'_>, index: usize, end: usize) -> Option<&'static str> {
    let next = tokens.get(index).filter(|_| index < end);
    match next {
        None => Some("void"),
        Some(next) if next.after_newline || matches!(next.kind, Kind::Mark(b';' | b'}')) => {
            Some("void")
        }
        Some(_) => expression_type(tokens, index, end),
    }
}

/// The type of the expression that starts at `index` and ends before `end`, if its form alone shows
/// it: a literal, a string with something added, a negation, `typeof`.
fn expression_type(tokens: &Tokens<'_>, index: usize, end: usize) -> Option<&'static str> {
    let text = tokens.text(index);
    let known = match tokens.kind(index).filter(|_| index < end)? {
        Kind::Text | Kind::Mark(b'`') => "string",
        Kind::Number if text.ends_with('n') && !text.starts_with("0x") => "bigint",
        Kind::Number => "number",
        Kind::Mark(b'[') => "unknown[]",
        Kind::Mark(b'{') => "object",
        Kind::Mark(b'(')
            if tokens.is_mark(index + 1, b'{')
                && tokens.after(index + 1) == tokens.partner(index) =>
        {
            "object"
        }
        Kind::Operator if text == "!" => {
            return has_no_operator(tokens, index + 1, end).then_some("boolean");
        }
        Kind::Word => match text {
            "true" | "false" => "boolean",
            "null" => "null",
            "typeof" => return has_no_operator(tokens, index + 1, end).then_some("string"),
            _ => return None,
        },
        Kind::Operator | Kind::Regex | Kind::Arrow | Kind::Spread | Kind::Mark(_) => return None,
    };
    let next = tokens.after(index);
    if is_end(tokens, next, end) || (known == "string" && only_adds(tokens, next, end)) {
        Some(known)
    } else {
        None
    }
}

/// Whether an expression has ended before the token at `index`.
fn is_end(tokens: &Tokens<'_>, index: usize, end: usize) -> bool {
    let Some(token) = tokens.get(index).filter(|_| index < end) else {
        return true;
    };
    match token.kind {
        Kind::Mark(b';' | b',' | b')' | b']' | b'}') => true,
        Kind::Word => {
            token.after_newline && !matches!(tokens.text(index), "in" | "of" | "instanceof")
        }
        Kind::Number | Kind::Text | Kind::Regex | Kind::Spread => token.after_newline,
        Kind::Mark(b'{') => token.after_newline,
        Kind::Arrow | Kind::Operator | Kind::Mark(_) => false,
    }
}

/// Whether the rest of an expression that starts with a string only adds to it.
fn only_adds(tokens: &Tokens<'_>, index: usize, end: usize) -> bool {
    if tokens.text(index) != "+" {
        return false;
    }
    let mut at = index;
    let mut after_operator = false;
    while !is_end(tokens, at, end) || after_operator {
        let operator = match tokens.kind(at).filter(|_| at < end) {
            None | Some(Kind::Arrow | Kind::Spread | Kind::Mark(b'=' | b':')) => return false,
            Some(Kind::Operator) => match tokens.text(at) {
                "?." => false,
                // What binds tighter than `+` does not change what `+` gives.
                "+" | "*" | "/" | "%" if !after_operator => true,
                _ => return false,
            },
            Some(Kind::Word) if matches!(tokens.text(at), "in" | "instanceof") => return false,
            Some(_) => false,
        };
        after_operator = operator;
        at = tokens.after(at);
    }
    true
}

/// Whether the rest of an expression only reads members and calls functions.
fn has_no_operator(tokens: &Tokens<'_>, index: usize, end: usize) -> bool {
    let mut at = index;
    while at == index || !is_end(tokens, at, end) {
        match tokens.kind(at).filter(|_| at < end) {
            None | Some(Kind::Arrow | Kind::Spread | Kind::Mark(b'=' | b':')) => return false,
            Some(Kind::Operator) if !matches!(tokens.text(at), "?." | "!") => return false,
            Some(Kind::Word) if matches!(tokens.text(at), "in" | "instanceof") => return false,
            Some(_) => at = tokens.after(at),
        }
    }
    true
}
