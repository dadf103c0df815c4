//! What is told from a module's source.

use mycelium_loader::Surface;
use proptest::prelude::*;

use super::support::Fixture;

/// The functions of a module, one a line, and its hooks.
fn surface(source: &str) -> String {
    let surface = Surface::of_source(source);
    let functions = surface.functions.iter().map(ToString::to_string);
    let hooks = surface.hooks.iter().map(|hook| hook.to_string());
    functions.chain(hooks).collect::<Vec<_>>().join("\n")
}

/// The specification's own skill, as it writes it.
const HELLO_WORLD: &str = r"
const _ = require('lodash');

module.exports = {
  async onInit() {
    console.log('[hello-world] Initializing...');
    this.greetingCount = 0;
  },

  greet(name) {
    this.greetingCount++;
    const capitalized = _.capitalize(name);
    return `Hello, ${capitalized}! (Greeting #${this.greetingCount})`;
  },

  async farewellAsync(name) {
    // Simulate async operation
    await new Promise(resolve => setTimeout(resolve, 100));
    return `Goodbye, ${name}. Thanks for using the skill infrastructure!`;
  },

  async onUnload() {
    console.log(`[hello-world] Unloading. Total greetings: ${this.greetingCount}`);
  }
};
";

#[test]
fn the_specification_s_skill() {
    assert_eq!(
        surface(HELLO_WORLD),
        "greet(name): string\nfarewellAsync(name): Promise<string>\nonInit\nonUnload"
    );
}

#[test]
fn every_way_to_export() {
    for (source, expected) in [
        ("exports.x = function (a, b) { }", "x(a, b): void"),
        ("exports.x = (a) => a + 1", "x(a)"),
        (
            "exports.x = a => 'b' + a\nexports.y = 1",
            "x(a): string\ny(…)",
        ),
        (
            "module.exports.x = async (a) => { return 1 }",
            "x(a): Promise<number>",
        ),
        ("exports['x'] = function* (a) { yield 1 }", "x(a)"),
        ("exports = module.exports = { x() {} }", "x(): void"),
        ("module.exports = exports = { x() {} }", "x(): void"),
        ("export function x(a) { return a }", "x(a)"),
        (
            "export async function x() { return a }",
            "x(): Promise<unknown>",
        ),
        (
            "export const x = (a) => true, y = 5, z = async b => {}",
            "x(a): boolean\ny(…)\nz(b): Promise<void>",
        ),
        (
            "function x(a) {}\nexport { x, x as y }",
            "x(a): void\ny(a): void",
        ),
        ("export { x } from './x.js'\nexport * from 'y'", ""),
        ("export default { x(a) {} }", "x(a): void"),
        (
            "const skill = { x(a) {} }\nmodule.exports = skill",
            "x(a): void",
        ),
        (
            "function x(a) {}\nmodule.exports = { x, y: x, z: other.x }",
            "x(a): void\ny(a): void\nz(…)",
        ),
        ("module.exports = Object.freeze({ x(a) {} })", "x(a): void"),
        (
            "class A extends B { static s() {} #p() {} constructor(q) {} count = 0\n get g() {} async x(a) {} 'y'() {} }\nmodule.exports = new A()",
            "count(…)\nx(a): Promise<void>\ny(): void",
        ),
        (
            "module.exports = { get g() { return 1 }, [computed](a) {}, ...rest, async(b) {}, get: 1 }",
            "async(b): void\nget(…)",
        ),
        (
            "module.exports = { 'quoted': function named(a) {}, 3: x, onLoad: helper.load }",
            "quoted(a): void\nonLoad",
        ),
        (
            "import x from 'y'; other.exports = { no() {} }; if (a.module.exports) {}",
            "",
        ),
        (
            "#!/usr/bin/env node\nexports.x = () => ({ a: 1 })",
            "x(): object",
        ),
    ] {
        assert_eq!(surface(source), expected, "{source}");
    }
}

#[test]
fn parameters_of_every_kind() {
    assert_eq!(
        surface(
            "exports.x = (a, b = 1, { c, d } = {}, [e], f = `x${1}`, g = h(1, 2), ...rest) => a"
        ),
        "x(a, b?: number, argument3?: object, argument4, f?: string, g?, ...rest)"
    );
}

#[test]
fn results_are_told_only_where_every_way_out_shows_the_same() {
    for (body, expected) in [
        ("return 'a' + b + c.d(e)", ": string"),
        ("return 'a' + b ? 1 : 2", ""),
        ("return 'a' + b === c", ""),
        ("return 'a' + b - c", ""),
        ("return 'a' +\n b", ": string"),
        ("return 'a'.length", ""),
        ("return `a`\n[1]", ""),
        ("return 5", ": number"),
        ("return 5n", ": bigint"),
        ("return 5 + a", ""),
        ("return !a.b(c)", ": boolean"),
        ("return !a && b", ""),
        ("return typeof a", ": string"),
        ("return typeof a === 'x'", ""),
        ("return [1, 2]", ": unknown[]"),
        ("return [1].map(f)", ""),
        ("return { a }", ": object"),
        ("return null", ": null"),
        ("if (a) return 'x'; return 'y'", ": string"),
        ("if (a) { return 'x' } return 5", ""),
        ("if (a) return 'x'", ""),
        ("if (a) return 'x'; throw new Error(b)", ": string"),
        ("if (a) { return } b()", ": void"),
        ("for (const a of b) { return 'x' }", ""),
        ("return a", ""),
        ("", ": void"),
        ("a.return; b = { return: 1 }", ": void"),
        (
            "a(function () { return 1 }); b(() => { return 2 }); c({ d() { return 3 } })",
            ": void",
        ),
        ("return\n'x'", ": void"),
        ("return a / 'x' / 2", ""),
        ("return /'/.test(a) ? '`' : \"{\"", ""),
    ] {
        let source = format!("exports.x = function () {{ {body} }}; exports.last = () => 1");
        assert_eq!(
            surface(&source),
            format!("x(){expected}\nlast(): number"),
            "{body}"
        );
    }
}

#[test]
fn strings_comments_templates_and_expressions_hide_nothing() {
    let source = r#"
        // module.exports = { no() {} }
        /* exports.no = 1 */ const a = "exports.no = 1 \" }", b = 'it\'s {';
        const t = `${`${ { a: '}' } }`} } exports.no = 1`;
        const r = /[/'"`{]+\/(/g, s = 4 / 2 / 1;
        const u = `${/`/.test('x') ? `a` : 1}`;
        if (r) /"/.exec(s)
        exports.x = (a) => 1
    "#;
    assert_eq!(surface(source), "x(a): number");
}

#[test]
fn comments_give_types() {
    let source = "
        module.exports = {
          /**
           * Greets somebody,
           * warmly.
           *
           * @param {string} name - who it is
           * @param {{ loud: boolean }} [options={}] how
           * @param {boolean} options.loud whether to shout
           * @param {number=} times
           * @returns {Promise<string>} the greeting
           */
          async greet(name, { loud }, times) { return later(name); },
          /** @return {number} */
          async count() { return x; },
          /** @param {...number} values */
          sum() { return arguments.length; },
        };
    ";
    assert_eq!(
        surface(source),
        "greet(name: string, options?: { loud: boolean }, times?: number): Promise<string>\n\
         count(): Promise<number>\n\
         sum(values: ...number)"
    );
    let surface = Surface::of_source(source);
    assert_eq!(
        surface.functions[0].description.as_deref(),
        Some("Greets somebody, warmly.")
    );
    let parameters = surface.functions[0].parameters.as_ref().unwrap();
    assert_eq!(parameters[0].description.as_deref(), Some("who it is"));
}

#[test]
fn schemas_of_the_manifest_come_first() {
    let fixture = Fixture::empty();
    fixture.write(
        "skill.json",
        r#"{
            "name": "a", "version": "1.0.0", "description": "x", "entrypoint": "index.js",
            "hooks": ["onUnload"],
            "exports": [
                {"name": "named", "description": "Does it", "parameters": {"type": "object",
                    "properties": {"who": {"type": "string", "description": "Whom"}, "often": {"type": ["integer", "null"]}},
                    "required": ["who"]}, "returns": {"type": "string"}},
                {"name": "positional", "call": "positional", "parameters": {"type": "object",
                    "properties": {"b": {"type": "number"}}}},
                "absent"
            ]
        }"#,
    );
    fixture.write(
        "index.js",
        "exports.onInit = () => {}; exports.positional = (a, b) => {}; exports.named = o => o",
    );
    let surface = fixture.load().unwrap().surface().unwrap();
    let functions: Vec<_> = surface.functions.iter().map(ToString::to_string).collect();
    assert_eq!(
        functions,
        [
            "named({who: string, often?: integer | null}): string",
            "positional(a, b: number): void",
            "absent(…)",
        ]
    );
    assert_eq!(
        surface.hooks.iter().map(|h| h.as_str()).collect::<Vec<_>>(),
        ["onInit", "onUnload"]
    );
    assert_eq!(surface.functions[0].description.as_deref(), Some("Does it"));
}

#[test]
fn hostile_source_costs_linear_time() {
    // Each of these makes a careless scanner quadratic or worse; here they take a moment in all.
    for piece in [
        "(",
        ")",
        "{",
        "}",
        "[(",
        "`${",
        "`",
        "}/[",
        "(}",
        "`${(}",
        "/*",
        "/**",
        "//",
        "'",
        "a=>",
        "exports.a=",
        "const a=",
        "module.exports={",
        "export{",
        "function a(",
        "class A{",
        "async ",
        "...",
        "\\",
        "é",
        "/**@param {",
        "return ",
        "new A(",
        "a:a,",
    ] {
        let source = piece.repeat((1 << 17) / piece.len());
        assert!(
            Surface::of_source(&source).functions.len() <= 1_000,
            "{piece}"
        );
        let source = format!("module.exports = {{ x() {{ {source} }}, y: x }}");
        assert_eq!(
            Surface::of_source(&source).functions[0].name,
            "x",
            "{piece}"
        );
    }
    let references = "a: f, ".repeat(60_000);
    let body = "return 1;".repeat(30_000);
    let source = format!("function f() {{ {body} }} module.exports = {{ {references} }}");
    assert_eq!(Surface::of_source(&source).functions.len(), 1);
    assert_eq!(
        Surface::of_source(&"x".repeat((1 << 20) + 1)),
        Surface::default()
    );
}

proptest! {
    #[test]
    fn no_source_is_too_strange(source in ".{0,400}") {
        prop_assert!(Surface::of_source(&source).functions.len() <= source.len());
    }

    #[test]
    fn no_mixture_of_pieces_is_too_strange(pieces in prop::collection::vec(prop::sample::select(vec![
        "module", ".", "exports", "=", "{", "}", "(", ")", "[", "]", "`", "${", "async", "function", "*", "x", "=>",
        "return", "'s'", "1", ",", ";", ":", "...", "/", "//", "/*", "*/", "/** @param {a} b */", "\n", "class", "new",
        "static", "get", "export", "default", "const", "as", "from", "!", "+", "\\", "é", "#p", "?.", "typeof", "throw",
    ]), 0..80)) {
        for source in [pieces.concat(), pieces.join(" ")] {
            prop_assert!(Surface::of_source(&source).functions.len() <= source.len());
        }
    }
}
