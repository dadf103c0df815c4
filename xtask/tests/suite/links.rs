//! Links between the repository's texts.

use std::path::Path;
use std::path::PathBuf;

use super::repository::FOREIGN;
use super::repository::root;

/// All Markdown files below `folder`.
fn texts(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !path.is_symlink() && !FOREIGN.contains(&name) {
            found.extend(texts(&path));
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
    found
}

/// The targets of inline links: what stands between `](` and `)`.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        let ends = line.split("](").skip(1);
        found.extend(ends.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    found
}

/// The anchors of a text's headings, made as common renderers make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

/// What is wrong with the links of one file.
fn broken(path: &Path) -> Vec<String> {
    let text = fs_err::read_to_string(path).unwrap();
    let mut broken = Vec::new();
    for link in links(&text) {
        if link.contains("://") {
            continue;
        }
        let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
        let target = if file.is_empty() {
            path.to_owned()
        } else {
            path.parent().unwrap().join(file)
        };
        if !target.exists() {
            broken.push(format!("{}: {link} does not exist", path.display()));
        } else if !anchor.is_empty() {
            let headings = anchors(&fs_err::read_to_string(&target).unwrap());
            if !headings.iter().any(|heading| heading == anchor) {
                broken.push(format!("{}: {link} has no such heading", path.display()));
            }
        }
    }
    broken
}

#[test]
fn all_links_inside_the_repository_lead_somewhere() {
    let texts = texts(&root());
    assert!(texts.contains(&root().join("README.md")));
    let broken: Vec<_> = texts.iter().flat_map(|path| broken(path)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn broken_links_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.md");
    let text = "# One two\n[good](#one-two) [good](a.md) [bad](#three) [bad](b.md)\n\
                ```\n[code](c.md)\n```\n[elsewhere](https://example.com/)\n";
    fs_err::write(&path, text).unwrap();
    let broken = broken(&path);
    assert_eq!(broken.len(), 2, "{broken:?}");
    assert!(broken[0].contains("#three") && broken[1].contains("b.md"));
}
