//! Reads the names that a CommonJS module exports, and whether a text is an ES module, without running it.
//!
//! `import { name } from './commonjs.js'` must know the names before anything is evaluated. As in Node they are found by
//! looking for what people and compilers write: `exports.a =`, `module.exports = { a, b }`,
//! `Object.defineProperty(exports, 'a', …)`, `module.exports = require('./other')`, `__exportStar(require('./other'))`
//! and the loops of Babel. A name that is found but not there in the end is `undefined`; a name that is not found is
//! still part of the default export.

mod extent;
mod token;

pub(in super::super) use extent::Callable;
pub(in super::super) use extent::function_text;
use token::Token;
use token::Tokens;

/// More names are not exported.
const MAX_NAMES: usize = 5_000;

/// What kind of text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Syntax {
    /// It has `import` or `export` statements, `import.meta` or `await` at its top level.
    Module,
    /// It has not.
    Script,
}

/// The names that a CommonJS module exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct ExportNames {
    /// The names themselves.
    pub(in super::super) names: Vec<String>,
    /// The modules all of whose names are exported too, as written.
    pub(in super::super) reexports: Vec<String>,
}

/// Whether a text is an ES module.
pub(in super::super) fn syntax(source: &str) -> Syntax {
    let mut tokens = Tokens::new(source);
    while let Some(token) = tokens.next() {
        let module = match token {
            Token::Word("import") if !tokens.after_dot() => match tokens.peek() {
                Some(Token::Mark('.')) => true,
                Some(Token::Mark('(')) | None => false,
                Some(next) => tokens.at_top_level() && starts_import(next),
            },
            Token::Word("export") if tokens.at_top_level() && !tokens.after_dot() => {
                match tokens.peek() {
                    Some(Token::Mark(mark)) => matches!(mark, '{' | '*'),
                    Some(Token::Word(_)) => true,
                    Some(Token::Text(_) | Token::Other) | None => false,
                }
            }
            Token::Word("await") if tokens.at_top_level() && !tokens.after_dot() => {
                matches!(tokens.peek(), Some(Token::Word(word)) if !matches!(word, "in" | "of" | "instanceof"))
            }
            _ => false,
        };
        if module {
            return Syntax::Module;
        }
    }
    Syntax::Script
}

fn starts_import(token: Token<'_>) -> bool {
    match token {
        Token::Text(_) | Token::Word(_) => true,
        Token::Mark(mark) => matches!(mark, '{' | '*'),
        Token::Other => false,
    }
}

/// The names that a CommonJS module exports.
pub(in super::super) fn export_names(source: &str) -> ExportNames {
    let mut found = Found {
        names: ExportNames::default(),
        required: Vec::new(),
    };
    let mut tokens = Tokens::new(source);
    while let Some(token) = tokens.next() {
        // Helpers may be members of a library of helpers; everything else must be a variable.
        if let Token::Word("__exportStar" | "__export" | "__reExport") = token {
            found.star(&mut tokens);
            continue;
        }
        if tokens.after_dot() {
            continue;
        }
        match token {
            Token::Word("exports") => found.property(&mut tokens),
            Token::Word("module") => {
                if tokens.take_mark('.') && tokens.take_word("exports") {
                    if tokens.is_assignment() {
                        found.assignment(&mut tokens);
                    } else {
                        found.property(&mut tokens);
                    }
                }
            }
            Token::Word("Object") => found.object_function(&mut tokens),
            Token::Word(name) => found.word(name, &mut tokens),
            Token::Text(_) | Token::Mark(_) | Token::Other => {}
        }
    }
    found.names
}

struct Found<'s> {
    names: ExportNames,
    /// Variables that hold a module: the variable, the specifier.
    required: Vec<(&'s str, String)>,
}

impl<'s> Found<'s> {
    fn add(&mut self, name: String) {
        if self.names.names.len() < MAX_NAMES && !self.names.names.contains(&name) {
            self.names.names.push(name);
        }
    }

    fn add_reexport(&mut self, specifier: String) {
        if self.names.reexports.len() < MAX_NAMES && !self.names.reexports.contains(&specifier) {
            self.names.reexports.push(specifier);
        }
    }

    /// After `exports` or `module.exports`: `.name =` or `['name'] =`.
    fn property(&mut self, tokens: &mut Tokens<'s>) {
        let name = if tokens.take_mark('.') {
            match tokens.take_any_word() {
                Some(name) => name.to_owned(),
                None => return,
            }
        } else if tokens.take_mark('[') {
            match tokens.take_text() {
                Some(name) if tokens.take_mark(']') => name,
                _ => return,
            }
        } else {
            return;
        };
        if tokens.is_assignment() {
            self.add(name);
        }
    }

    /// After `module.exports =`.
    fn assignment(&mut self, tokens: &mut Tokens<'s>) {
        if let Some(specifier) = tokens.take_require() {
            // Only the last such assignment counts: the others are branches of a condition.
            self.names.reexports.clear();
            self.add_reexport(specifier);
        } else if tokens.take_mark('{') {
            self.literal(tokens);
        }
    }

    /// The members of an object literal, after its brace.
    fn literal(&mut self, tokens: &mut Tokens<'s>) {
        loop {
            match tokens.next() {
                Some(Token::Mark('.')) => {
                    // `...require('x')`: three dots are three marks.
                    while tokens.take_mark('.') {}
                    if let Some(specifier) = tokens.take_require() {
                        self.add_reexport(specifier);
                    }
                }
                Some(Token::Word(word)) => {
                    let accessor = matches!(word, "get" | "set" | "async");
                    let name = match tokens.peek() {
                        Some(Token::Word(name)) if accessor => {
                            tokens.next();
                            name
                        }
                        _ => word,
                    };
                    self.add(name.to_owned());
                }
                Some(Token::Text(raw)) => self.add(token::unquote(raw)),
                Some(Token::Mark('}')) | None => return,
                // A computed name, a generator's star or a number: nothing to learn from it.
                Some(Token::Mark(_) | Token::Other) => {}
            }
            if !tokens.skip_to_comma() {
                return;
            }
        }
    }

    /// After `Object`: `.defineProperty(exports, 'name'` or `.keys(variable).forEach(… exports[…] …)`.
    fn object_function(&mut self, tokens: &mut Tokens<'s>) {
        if !tokens.take_mark('.') {
            return;
        }
        if tokens.take_word("defineProperty") {
            if tokens.take_mark('(')
                && tokens.take_exports()
                && tokens.take_mark(',')
                && let Some(name) = tokens.take_text()
            {
                self.add(name);
            }
        } else if tokens.take_word("keys") && tokens.take_mark('(') {
            let Some(variable) = tokens.take_any_word() else {
                return;
            };
            let loops =
                tokens.take_mark(')') && tokens.take_mark('.') && tokens.take_word("forEach");
            if !loops {
                return;
            }
            let required = self
                .required
                .iter()
                .rev()
                .find(|(known, _)| *known == variable)
                .map(|(_, specifier)| specifier.clone());
            if let Some(specifier) = required
                && tokens.group_contains("exports")
            {
                self.add_reexport(specifier);
            }
        }
    }

    /// After `__exportStar` and the like: `(require('x')`, or a variable with it.
    fn star(&mut self, tokens: &mut Tokens<'s>) {
        if !tokens.take_mark('(') {
            return;
        }
        if let Some(specifier) = tokens.take_require() {
            self.add_reexport(specifier);
        } else if tokens.take_any_word().is_some() && tokens.take_mark(',') {
            // esbuild's `__reExport(target, require('x'), …)`.
            if let Some(specifier) = tokens.take_require() {
                self.add_reexport(specifier);
            }
        }
    }

    /// Any other word: perhaps `variable = require('x')`, or that inside one function call.
    fn word(&mut self, variable: &'s str, tokens: &mut Tokens<'s>) {
        if !tokens.is_assignment() {
            return;
        }
        let specifier = tokens.take_require().or_else(|| {
            let wrapped = tokens.peek().is_some_and(
                |token| matches!(token, Token::Word(name) if name.starts_with("_interop")),
            );
            if !wrapped {
                return None;
            }
            tokens.next();
            if tokens.take_mark('(') {
                tokens.take_require()
            } else {
                None
            }
        });
        if let Some(specifier) = specifier
            && self.required.len() < MAX_NAMES
        {
            self.required.push((variable, specifier));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> String {
        let found = export_names(source);
        format!("{}|{}", found.names.join(","), found.reexports.join(","))
    }

    #[test]
    fn finds_what_people_and_compilers_write() {
        let cases = [
            ("exports.a = 1; exports['b-c'] = 2; exports.d", "a,b-c|"),
            ("module.exports.a = exports.b = void 0", "a,b|"),
            (
                "module.exports = { a, b: f(x, {y: 1}), 'c': 3, get d() { return 1 }, async e() {}, ...require('./x') }",
                "a,b,c,d,e|./x",
            ),
            ("module.exports = require('./y')", "|./y"),
            (
                "if (a) { module.exports = require('./p') } else { module.exports = require('./d') }",
                "|./d",
            ),
            (
                "Object.defineProperty(exports, '__esModule', { value: true }); __exportStar(require('./z'), exports);",
                "__esModule|./z",
            ),
            ("tslib_1.__exportStar(require('q'), exports)", "|q"),
            (
                "var _k = _interopRequireWildcard(require('./k'));\nObject.keys(_k).forEach(function (key) { exports[key] = _k[key]; })",
                "|./k",
            ),
            (
                "var k = require('./k'); Object.keys(k).forEach(console.log)",
                "|",
            ),
            ("0 && (module.exports = { one, two })", "one,two|"),
            (
                "// exports.no = 1\n/* exports.no = 1 */ '`exports.no = 1'; `exports.no = 1 ${exports.yes = 1}`",
                "yes|",
            ),
            (
                "x = a / 2; exports.a = /exports.b = 1['\"]/; exports.c = 1",
                "a,c|",
            ),
            ("if (x) /'/.test(y); exports.a = 1", "a|"),
            (
                "(function (g, f) { typeof exports === 'object' ? f(exports) : 0 })(this, function (exports) { exports.u = 1 })",
                "u|",
            ),
            ("a.exports.b = 1; foo.module.exports = { c }", "|"),
            ("exports.a == 1; exports.b === 2; exports.c => 3", "|"),
        ];
        for (source, expected) in cases {
            assert_eq!(names(source), expected, "{source}");
        }
    }

    #[test]
    fn tells_modules_from_scripts() {
        for module in [
            "import 'a'",
            "import a from 'a'",
            "import * as a from 'a'",
            "import {a} from 'a'",
            "export default 1",
            "const a = 1; export { a }",
            "export * from 'a'",
            "x = import.meta.url",
            "const a = await b",
        ] {
            assert_eq!(syntax(module), Syntax::Module, "{module}");
        }
        for script in [
            "import('a')",
            "const a = { import: 1, export: 2 }; a.import.meta; a.export",
            "'import a from b'",
            "function f() { return import('x') } // import 'a'",
            "async function f() { await g() }",
            "exports.await = 1",
        ] {
            assert_eq!(syntax(script), Syntax::Script, "{script}");
        }
    }

    #[test]
    fn never_panics() {
        for text in [
            "'",
            "`${",
            "/",
            "exports.",
            "module.exports = {",
            "/*",
            "\\",
            "`${`${",
            "}}}}",
            "ü.exports.é = 1",
            "exports['\\u{110000}'] = 1",
        ] {
            export_names(text);
            syntax(text);
        }
    }
}
