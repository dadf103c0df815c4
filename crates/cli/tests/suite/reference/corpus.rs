//! Files that are valid, nearly valid, and not, always the same ones.

/// One `SKILL.md` and where it lies.
pub(crate) struct Case {
    /// The name of its folder.
    pub(crate) folder: String,
    /// Its own name.
    pub(crate) file: &'static str,
    pub(crate) content: Vec<u8>,
}

const FOLDERS: &[&str] = &[
    "pdf-tools",
    "a",
    "x1",
    "données",
    "数据",
    "a--b",
    "ﬁle",
    "file",
    "true",
    "1",
    "straße",
    "ας",
    "ⅷ",
    "viii",
    "²",
    "2",
    "Pdf",
    "a_b",
];
const NAMES: &[&str] = &[
    "pdf-tools",
    "-a",
    "a-",
    "a--b",
    "Pdf",
    "pdf_tools",
    "ΑΣ",
    "कि",
    "a b",
    "\"q\"",
    "'s'",
    "~",
    "a.b",
    "",
    "# c",
    "a # c",
    "a#b",
    "|\n  a",
    "<<",
    "[a]",
    "- a",
    "a\u{2028}",
    "a\u{85}b",
];
const DESCRIPTIONS: &[&str] = &[
    "Does: things",
    "Use when: a, b",
    "\"quoted: text\"",
    "'it''s'",
    "\"esc \\n \\u00e9 \\x41\"",
    "\"bad \\q\"",
    "[a, b]",
    "{a: b}",
    "*x",
    "&a b",
    "!t x",
    "!!str x",
    "|\n  literal\n  text",
    ">\n  folded\n  text",
    "|-\n  x",
    "|2\n  x",
    "plain\n  continued",
    "plain\n  continued: here",
    "",
    "~",
    "# only comment",
    "a # comment",
    "a --- b",
    "---",
    "@x",
    "`x",
    "%x",
    "- x",
    "? x",
    ": x",
    "a:b",
    "a\tb",
    "a\u{a0}b",
    "a\u{2028}b",
    "a\u{2029}b",
    "a\u{85}b",
    "a\u{2028}  b: c",
    "a\u{85}# c",
    "a # c\u{2028}license: MIT",
    "\"a\u{85}b\"",
    "'a\u{2029}  b'",
    "|\n  a\u{2028}b",
    ">\n  a\u{85}  b",
    "a\u{1}b",
    "\"multi\n  line\"",
    "\"open",
    "\"x\" y",
    ":x",
    "a]",
    ", a",
    "|",
    ">",
    "\"\"",
    "\"  \"",
    "=",
    "<<",
    "a\n# c\n  b",
    "\"a\\\n  b\"",
    "\"\\e\"",
    "\"\\ud83d\"",
    "\"multi\nline\"",
    "|\t\n  x",
    "|\n  a\tb",
    "|\n  \tx",
    "a\u{feff}b",
];
const FIELDS: &[&str] = &[
    "license: MIT",
    "license:",
    "compatibility: x",
    "compatibility:\n  a: b",
    "compatibility:\n  - a",
    "metadata:\n  a: b\n  c: 1",
    "metadata:\n  a:\n    x: y\n  b:\n    z: w",
    "metadata:\n  a:\n   x: y\n  b:\n     z: w",
    "metadata: x",
    "metadata:\n- a",
    "metadata:\n  - a\n  - b: c",
    "metadata:\n  a: b\n  a: c",
    "metadata: {a: b}",
    "metadata:\n  <<: x",
    "metadata:\n  <<:\n    a: b",
    "metadata:\n  ? a\n  : b",
    "allowed-tools: Read, Bash(git:*)",
    "allowed-tools: [Read]",
    "allowed-tools:\n  - Read\n  - Bash(x *)",
    "model: opus",
    "when_to_use: x",
    "name: again",
    "# comment",
    "",
    "\t",
    "version: 1.0",
    "\"license\": MIT",
    "license : MIT",
    "license:MIT",
    "license:\tMIT",
    " license: MIT",
    "- x",
    "...",
    "---",
    "%YAML 1.2",
    "metadata:\n  a: |\n    x\n  b: >\n    y",
    "metadata:\n a: b\n  c: d",
    "metadata:\n  a: &x 1\n  b: *x",
    "<<:\n  license: MIT",
    "license: a\n\tb",
    "metadata:\n  - - a\n    - b",
    "metadata:\n  # c\n  a: b",
    "license: \"a\tb\"",
    "\t# c",
    "metadata:\n  a: 2020-01-01\n  b: null\n  c: true",
];
const JUNK: &[&str] = &[
    "\n", " ", "\t", "-", "---", ":", "#", "\"", "'", "{", "}", "[", "]", "&", "*", "!", "|", ">",
    "%", "@", "`", "?", ",", "\\", "\r", "\u{feff}", "\0", "\u{7f}", "\u{85}", "\u{2028}",
    "\u{2029}", "é", "😀", "...", "<<", "- ", ": ",
];

/// A stream of numbers that is the same everywhere (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % most as u64).unwrap()
    }

    fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

pub(crate) fn generate(count: usize) -> Vec<Case> {
    let mut random = Random(20_261_122);
    (0..count).map(|_| case(&mut random)).collect()
}

fn case(random: &mut Random) -> Case {
    let folder = match random.percent(5) {
        true => "a".repeat(60 + random.below(10)),
        false => random.pick(FOLDERS).to_owned(),
    };
    let mut lines = Vec::new();
    if random.percent(96) {
        lines.push(match random.percent(85) {
            true => format!("name: {folder}"),
            false => format!("name: {}", random.pick(NAMES)),
        });
    }
    if random.percent(96) {
        lines.push(match random.below(10) {
            0 => format!("description: {}", "é".repeat(1_022 + random.below(5))),
            1..=4 => format!("description: {}", random.pick(DESCRIPTIONS)),
            _ => "description: Does things".to_owned(),
        });
    }
    for _ in 0..[0, 0, 1, 1, 2][random.below(5)] {
        lines.push(match random.percent(8) {
            true => format!("compatibility: {}", "c".repeat(498 + random.below(5))),
            false => random.pick(FIELDS).to_owned(),
        });
    }
    if random.percent(20) {
        lines.reverse();
    }
    let mut text = format!("---\n{}\n---\n", lines.join("\n"));
    text.push_str(random.pick(&["# Body\n", "", "body --- more\n", "é"]));
    match random.below(40) {
        0 => text = text.replacen("---\n", "---", 1),
        1 => text.insert(0, '\n'),
        2 => text.insert(0, '\u{feff}'),
        3 => text = text.replacen("---\n", "--- # c\n", 1),
        4 => text = text.replace('\n', "\r\n"),
        5 => text = text.replace('\n', "\r"),
        _ => {}
    }
    if random.percent(30) {
        text = damaged(&text, random);
    }
    let mut content = text.into_bytes();
    if random.percent(1) {
        content.push(0xff);
    }
    Case {
        folder,
        file: match random.percent(5) {
            true => "skill.md",
            false => "SKILL.md",
        },
        content,
    }
}

/// The text with one to three characters added, removed or replaced.
fn damaged(text: &str, random: &mut Random) -> String {
    let mut characters: Vec<String> = text.chars().map(String::from).collect();
    for _ in 0..=random.below(3) {
        let at = random.below(characters.len());
        match random.below(3) {
            0 => characters.insert(at, random.pick(JUNK).to_owned()),
            1 if characters.len() > 1 => drop(characters.remove(at)),
            _ => random.pick(JUNK).clone_into(&mut characters[at]),
        }
    }
    characters.concat()
}
