//! Stack traces as people see them: the program's own frames, where V8 would have them.

use std::collections::HashMap;
use std::path::Path;

use super::source;

const FRAME: &str = "    at ";

/// A stack without the frames of the builtins and of the engine, its columns as V8 counts them.
pub(super) fn of_program(stack: &str) -> String {
    let mut sources = Sources::default();
    let lines: Vec<String> = stack
        .lines()
        .filter(|line| !is_ours(line))
        .map(|line| sources.place(line).unwrap_or_else(|| line.to_owned()))
        .collect();
    lines.join("\n")
}

fn is_ours(line: &str) -> bool {
    line.strip_prefix(FRAME).is_some_and(|frame| {
        frame.starts_with("node:")
            || frame.contains("(node:")
            || frame.contains("(<anonymous>)")
            || frame == "<anonymous>"
    })
}

/// Names the receiver of the exported function in the outermost frame, as V8 does: `Object.greet` for `greet`. The engine
/// does not know receivers; this one we do.
pub(super) fn name_receiver(stack: &mut String, method: &str, receiver: &str) {
    let start = stack.rfind('\n').map_or(0, |at| at + 1);
    if stack[start..].starts_with(&format!("{FRAME}{method} (")) {
        stack.insert_str(start + FRAME.len(), &format!("{receiver}."));
    }
}

/// Whether an error comes from the parser: then the innermost frame is a place in a file, in no function.
pub(super) fn is_of_parser(stack: &str) -> bool {
    let innermost = stack.lines().find_map(|line| line.strip_prefix(FRAME));
    innermost.is_some_and(|frame| frame.starts_with('/') && !frame.ends_with(')'))
}

/// The texts of the files that a stack names.
#[derive(Default)]
struct Sources(HashMap<String, Option<String>>);

impl Sources {
    /// Moves the column of a constructor call to `new`: the engine has it at the class.
    fn place(&mut self, line: &str) -> Option<String> {
        let start = line.strip_prefix(FRAME)?.find('/')? + FRAME.len();
        let place = line[start..].trim_end_matches(')');
        let end = &line[start + place.len()..];
        let (place, column) = place.rsplit_once(':')?;
        let (file, row) = place.rsplit_once(':')?;
        let column: usize = column.parse().ok()?;
        let row: usize = row.parse().ok()?;

        let text = self
            .0
            .entry(file.to_owned())
            .or_insert_with(|| source::read_quietly(Path::new(file)).ok());
        let text = text.as_deref()?.lines().nth(row.checked_sub(1)?)?;
        let before: String = text.chars().take(column.checked_sub(1)?).collect();
        let before = before.trim_end().strip_suffix("new")?;
        if before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.')) {
            return None;
        }
        let column = before.chars().count() + 1;
        Some(format!("{}{file}:{row}:{column}{end}", &line[..start]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_programs_frames_where_v8_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.js");
        fs_err::write(&file, "throw new Error('x');\nrenew Error\n").unwrap();
        let file = file.display();
        let stack = format!(
            "Error: x (node:fake)\n    at {file}:1:11\n    at f ({file}:1:11)\n    at g ({file}:2:7)\n    at h ({file}:9:9)\n    at map (<anonymous>)\n    at node:internal/x:1:1\n    at call (node:internal/y:1:1)\n    at outer ({file}:1:1)"
        );
        let mut shown = of_program(&stack);
        name_receiver(&mut shown, "outer", "Thing");
        assert_eq!(
            shown,
            format!(
                "Error: x (node:fake)\n    at {file}:1:7\n    at f ({file}:1:7)\n    at g ({file}:2:7)\n    at h ({file}:9:9)\n    at Thing.outer ({file}:1:1)"
            )
        );
    }
}
