//! What a module offers under which name.

use std::collections::HashMap;
use std::collections::HashSet;

use super::function::Function;
use super::function::function_at;
use super::function::method_at;
use super::tokens::Kind;
use super::tokens::Tokens;

/// The most names a module offers as far as we look.
const MAX_EXPORTS: usize = 1_000;
/// The most names followed from an export to what it names.
const MAX_ALIASES: usize = 8;

/// Something with a name: a declaration, a member of an object, an export.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'s> {
    pub(super) name: &'s str,
    /// The token that its documentation stands before.
    pub(super) doc: usize,
    value: Value,
}

#[derive(Clone, Copy, Debug)]
enum Value {
    /// A method, whose tokens are known already.
    Method(Function),
    /// The expression or declaration that starts at this token.
    Expression(usize),
}

/// The names a module offers, and what its own names mean.
pub(super) struct Module<'t, 's> {
    tokens: &'t Tokens<'s>,
    declared: HashMap<&'s str, Named<'s>>,
    exports: Vec<Named<'s>>,
    offered: HashSet<&'s str>,
}

/// What a list of declarators belongs to while the scan is in one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Declaring {
    Nothing,
    Local,
    Exported,
}

/// What is between two curly brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Braces {
    Object,
    Class,
}

impl<'t, 's> Module<'t, 's> {
    /// Looks at the top level of a module, CommonJS or ES.
    pub(super) fn of(tokens: &'t Tokens<'s>) -> Self {
        let mut module = Self {
            tokens,
            declared: HashMap::new(),
            exports: Vec::new(),
            offered: HashSet::new(),
        };
        // Whole-module exports are looked up last, when every declaration is known.
        let wholes = module.scan();
        for value in wholes {
            module.export_members(value);
        }
        module
    }

    /// The names offered, in the source's order.
    pub(super) fn exports(&self) -> &[Named<'s>] {
        &self.exports
    }

    /// The function that `named` means, with the token that its documentation stands before.
    pub(super) fn function(&self, named: &Named<'s>) -> Option<(Function, usize)> {
        let mut named = *named;
        for _ in 0..MAX_ALIASES {
            let at = match named.value {
                Value::Method(function) => return Some((function, named.doc)),
                Value::Expression(at) => at,
            };
            if let Some(function) = function_at(self.tokens, at) {
                return Some((function, named.doc));
            }
            named = *self.alias(at)?;
        }
        None
    }

    /// The declaration that the expression at `at` names, if it is nothing but a name.
    fn alias(&self, at: usize) -> Option<&Named<'s>> {
        if self.tokens.kind(at) != Some(Kind::Word) {
            return None;
        }
        let next = self.tokens.get(at + 1);
        let alone = self.tokens.is_word(at + 1, "as")
            || next.is_none_or(|next| {
                next.after_newline || matches!(next.kind, Kind::Mark(b',' | b';' | b'}' | b')'))
            });
        alone
            .then(|| self.declared.get(self.tokens.text(at)))
            .flatten()
    }

    fn scan(&mut self) -> Vec<usize> {
        let tokens = self.tokens;
        let mut wholes = Vec::new();
        let mut declaring = Declaring::Nothing;
        let mut at = 0;
        while at < tokens.len() {
            let property = at > 0 && tokens.is_mark(at - 1, b'.');
            match tokens.kind(at) {
                Some(Kind::Mark(b';')) => declaring = Declaring::Nothing,
                Some(Kind::Mark(b',')) if declaring != Declaring::Nothing => {
                    self.declare(at + 1, at + 1, declaring);
                }
                Some(Kind::Word) if !property => match tokens.text(at) {
                    "const" | "let" | "var" => {
                        let exported = at > 0 && tokens.is_word(at - 1, "export");
                        declaring = if exported {
                            Declaring::Exported
                        } else {
                            Declaring::Local
                        };
                        self.declare(at + 1, at - usize::from(exported), declaring);
                    }
                    "function" => self.declare_function(at),
                    "class" if tokens.kind(at + 1) == Some(Kind::Word) => {
                        self.remember(tokens.text(at + 1), at, Value::Expression(at));
                    }
                    "exports" => wholes.extend(self.assignment(at + 1, at)),
                    "module"
                        if tokens.is_mark(at + 1, b'.') && tokens.is_word(at + 2, "exports") =>
                    {
                        wholes.extend(self.assignment(at + 3, at));
                    }
                    "export" if tokens.is_word(at + 1, "default") => wholes.push(at + 2),
                    "export" if tokens.is_mark(at + 1, b'{') => self.export_list(at + 1),
                    _ => {}
                },
                _ => {}
            }
            at = tokens.after(at);
        }
        wholes
    }

    /// `name = value` after `const` or a comma.
    fn declare(&mut self, at: usize, doc: usize, declaring: Declaring) {
        if self.tokens.kind(at) != Some(Kind::Word) || !self.tokens.is_mark(at + 1, b'=') {
            return;
        }
        let name = self.tokens.text(at);
        let named = self.remember(name, doc, Value::Expression(at + 2));
        if declaring == Declaring::Exported {
            self.export(named);
        }
    }

    /// `function name(…) {…}` with what stands before it.
    fn declare_function(&mut self, at: usize) {
        let tokens = self.tokens;
        let name = at + 1 + usize::from(tokens.text(at + 1) == "*");
        if tokens.kind(name) != Some(Kind::Word) {
            return;
        }
        let is_async = at > 0 && tokens.is_word(at - 1, "async");
        let start = at - usize::from(is_async);
        let exported = start > 0 && tokens.is_word(start - 1, "export");
        let doc = start - usize::from(exported);
        let named = self.remember(tokens.text(name), doc, Value::Expression(start));
        if exported {
            self.export(named);
        }
    }

    fn remember(&mut self, name: &'s str, doc: usize, value: Value) -> Named<'s> {
        let named = Named { name, doc, value };
        self.declared.insert(name, named);
        named
    }

    fn export(&mut self, named: Named<'s>) {
        if self.exports.len() < MAX_EXPORTS && self.offered.insert(named.name) {
            self.exports.push(named);
        }
    }

    /// What follows `exports`: `.name = value`, `['name'] = value`, or `= value`, whose start is
    /// returned.
    fn assignment(&mut self, at: usize, doc: usize) -> Option<usize> {
        let tokens = self.tokens;
        if tokens.is_mark(at, b'=') {
            return Some(at + 1);
        }
        let (name, equals) = if tokens.is_mark(at, b'.') {
            (tokens.text(at + 1), at + 2)
        } else if tokens.is_mark(at, b'[') && tokens.partner(at) == at + 2 {
            (unquoted(tokens, at + 1)?, at + 3)
        } else {
            return None;
        };
        if tokens.is_mark(equals, b'=') {
            self.export(Named {
                name,
                doc,
                value: Value::Expression(equals + 1),
            });
        }
        None
    }

    /// `{ a, b as c }` after `export`.
    fn export_list(&mut self, open: usize) {
        let tokens = self.tokens;
        let close = tokens.partner(open);
        if tokens.is_word(close + 1, "from") {
            return;
        }
        let mut at = open + 1;
        while at < close {
            let renamed = tokens.is_word(at + 1, "as");
            let name = if renamed { at + 2 } else { at };
            if tokens.kind(at) == Some(Kind::Word) && name < close {
                self.export(Named {
                    name: tokens.text(name),
                    doc: at,
                    value: Value::Expression(at),
                });
            }
            while at < close && !tokens.is_mark(at, b',') {
                at = tokens.after(at);
            }
            at += 1;
        }
    }

    /// Offers the members of the object that is the whole module.
    fn export_members(&mut self, value: usize) {
        let tokens = self.tokens;
        let mut at = value;
        for _ in 0..MAX_ALIASES {
            if tokens.is_mark(at, b'{') {
                self.export_braces(at, Braces::Object);
                return;
            }
            // `new Greeter()`, where `class Greeter {…}` or `class Greeter extends Base {…}`.
            if tokens.is_word(at, "new") {
                let class = self.declared.get(tokens.text(at + 1)).copied();
                let Some(Value::Expression(class)) = class.map(|named| named.value) else {
                    return;
                };
                if tokens.is_word(class, "class") {
                    let open = (class..class + MAX_ALIASES).find(|at| tokens.is_mark(*at, b'{'));
                    open.into_iter()
                        .for_each(|open| self.export_braces(open, Braces::Class));
                }
                return;
            }
            // `Object.freeze({…})`.
            if tokens.is_word(at, "Object")
                && tokens.is_word(at + 2, "freeze")
                && tokens.is_mark(at + 3, b'(')
            {
                at += 4;
                continue;
            }
            match self.alias(at).map(|named| named.value) {
                Some(Value::Expression(next)) => at = next,
                Some(Value::Method(_)) | None => return,
            }
        }
    }

    fn export_braces(&mut self, open: usize, braces: Braces) {
        let close = self.tokens.partner(open);
        let mut at = open + 1;
        while at < close && self.exports.len() < MAX_EXPORTS {
            let (named, next) = self.member(at, close, braces);
            if let Some(named) = named {
                self.export(named);
            }
            at = next.max(at + 1);
        }
    }

    /// The member that starts at `at`, if it has a plain name and a value, and where the next starts.
    fn member(&self, at: usize, close: usize, braces: Braces) -> (Option<Named<'s>>, usize) {
        let tokens = self.tokens;
        if matches!(tokens.kind(at), Some(Kind::Mark(b',' | b';'))) {
            return (None, at + 1);
        }
        let mut key = at;
        let modifies = |key: usize, word: &str| {
            tokens.is_word(key, word)
                && !matches!(
                    tokens.kind(key + 1),
                    None | Some(Kind::Mark(b'(' | b',' | b':' | b'=' | b'}' | b';'))
                )
        };
        let mut hidden = false;
        if braces == Braces::Class && modifies(key, "static") {
            hidden = true;
            key += 1;
        }
        if modifies(key, "get") || modifies(key, "set") {
            hidden = true;
            key += 1;
        }
        let is_async = modifies(key, "async");
        key += usize::from(is_async);
        let is_generator = tokens.text(key) == "*";
        key += usize::from(is_generator);
        let name = match tokens.kind(key) {
            Some(Kind::Word) => Some(tokens.text(key)),
            Some(Kind::Text) => unquoted(tokens, key),
            _ => None,
        };
        let name = name.filter(|name| {
            hidden |= braces == Braces::Class && (name.starts_with('#') || *name == "constructor");
            !hidden
        });
        let after = tokens.after(key);
        let (value, next) = if tokens.is_mark(after, b'(') {
            let method = method_at(tokens, after).map(|method| {
                Value::Method(Function {
                    is_async,
                    is_generator,
                    ..method
                })
            });
            (method, tokens.after(tokens.after(after)))
        } else {
            match (braces, tokens.kind(after)) {
                (Braces::Object, Some(Kind::Mark(b':')))
                | (Braces::Class, Some(Kind::Mark(b'='))) => {
                    let value = Value::Expression(after + 1);
                    (Some(value), self.end_of_member(after + 1, close, braces))
                }
                (Braces::Object, Some(Kind::Mark(b',' | b'}'))) => {
                    (Some(Value::Expression(key)), after)
                }
                (Braces::Object | Braces::Class, _) => {
                    (None, self.end_of_member(at, close, braces))
                }
            }
        };
        let named = name.zip(value).map(|(name, value)| Named {
            name,
            doc: at,
            value,
        });
        (named, next)
    }

    /// Where the value of a member ends: an object's at a comma, a class's at a semicolon or at a
    /// name on a new line.
    fn end_of_member(&self, start: usize, close: usize, braces: Braces) -> usize {
        let tokens = self.tokens;
        let mut at = tokens.after(start);
        while at < close {
            let ends = match braces {
                Braces::Object => tokens.is_mark(at, b','),
                Braces::Class => {
                    tokens.is_mark(at, b';')
                        || tokens
                            .get(at)
                            .is_some_and(|token| token.after_newline && token.kind == Kind::Word)
                }
            };
            if ends {
                break;
            }
            at = tokens.after(at);
        }
        at
    }
}

/// The content of the string at `index`, if it needs no unescaping.
fn unquoted<'s>(tokens: &Tokens<'s>, index: usize) -> Option<&'s str> {
    if tokens.kind(index) != Some(Kind::Text) {
        return None;
    }
    let text = tokens.text(index);
    let inner = text.get(1..text.len().checked_sub(1)?)?;
    (!inner.contains('\\')).then_some(inner)
}
