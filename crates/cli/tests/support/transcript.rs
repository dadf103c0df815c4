//! Commands with the output they should have.
//!
//! ```text
//! $ mycelium exec hello-world greet Claude
//! Result: "Hello, Claude! (Greeting #1)"
//! [...]
//! ? 0
//! ```
//!
//! A line that begins with `$ ` is a command, `? N` its status (0 if there is none), everything between is
//! what it writes to both streams. `[..]` stands for anything within a line, `[...]` for any number of
//! lines; lines between `[UNORDERED]` and `[END]` come in any order. `#` begins a comment.

/// A command and what it should do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) expected: Vec<String>,
    pub(crate) status: i32,
}

/// Reads a transcript.
pub(crate) fn parse(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step {
                command: command.to_owned(),
                expected: Vec::new(),
                status: 0,
            });
            continue;
        }
        let step = steps
            .last_mut()
            .expect("a transcript begins with a command");
        match line.strip_prefix("? ") {
            Some(status) => step.status = status.parse().unwrap(),
            None => step.expected.push(line.to_owned()),
        }
    }
    for step in &mut steps {
        while step.expected.last().is_some_and(String::is_empty) {
            step.expected.pop();
        }
    }
    steps
}

/// The first expected line that the actual ones do not have, if there is one.
pub(crate) fn mismatch(expected: &[String], actual: &str) -> Option<String> {
    let actual: Vec<&str> = actual.trim_end().lines().collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let mut furthest = 0;
    if matches(&expected, &actual, 0, &mut furthest) {
        return None;
    }
    let wanted = expected.get(furthest).copied().unwrap_or("the end");
    Some(format!("`{wanted}` is missing, or in the wrong place"))
}

fn matches(expected: &[&str], actual: &[&str], done: usize, furthest: &mut usize) -> bool {
    *furthest = (*furthest).max(done);
    match expected.split_first() {
        None => actual.is_empty(),
        Some((&"[...]", rest)) => {
            (0..=actual.len()).any(|skipped| matches(rest, &actual[skipped..], done + 1, furthest))
        }
        Some((&"[UNORDERED]", rest)) => {
            let Some(length) = rest.iter().position(|line| *line == "[END]") else {
                return false;
            };
            length <= actual.len()
                && all_in_any_order(&rest[..length], &actual[..length])
                && matches(
                    &rest[length + 1..],
                    &actual[length..],
                    done + length + 2,
                    furthest,
                )
        }
        Some((line, rest)) => match actual.split_first() {
            Some((first, others)) if line_matches(line, first) => {
                matches(rest, others, done + 1, furthest)
            }
            _ => false,
        },
    }
}

fn all_in_any_order(expected: &[&str], actual: &[&str]) -> bool {
    let mut left = actual.to_vec();
    expected.iter().all(|line| {
        let found = left
            .iter()
            .position(|candidate| line_matches(line, candidate));
        found.map(|index| left.remove(index)).is_some()
    })
}

fn line_matches(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split("[..]");
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(index) => rest = &rest[index + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn transcripts_are_read_and_compared() {
    let steps = parse("# about\n$ a b\nx[..]z\n[...]\n[UNORDERED]\n1\n2\n[END]\n\n? 3\n$ c\n");
    assert_eq!(steps.len(), 2);
    assert_eq!((steps[0].status, steps[1].status), (3, 0));
    let expected = &steps[0].expected;
    assert_eq!(mismatch(expected, "xyz\nany\nthing\n2\n1\n"), None);
    assert_eq!(mismatch(expected, "xz\n1\n2"), None);
    assert!(mismatch(expected, "xy\n1\n2").is_some());
    assert!(mismatch(expected, "xyz\n1\n1").is_some());
    assert!(mismatch(expected, "xyz\n1\n2\nmore").is_some());
    assert_eq!(mismatch(&steps[1].expected, ""), None);
    assert!(mismatch(&steps[1].expected, "x").is_some());
}
