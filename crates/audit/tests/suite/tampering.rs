//! Whatever is done to a log, the first place is named.

use fs_err as fs;
use mycelium_audit::Anchor;
use mycelium_audit::Finding;
use mycelium_audit::verify;
use proptest::prelude::*;

use super::scene::Scene;

/// A log in several files: the number of each file's first entry, and its lines.
struct Lines {
    scene: Scene,
    files: Vec<Vec<String>>,
}

impl Lines {
    fn new() -> Self {
        let scene = Scene::new();
        scene.written(24);
        let folder = scene.folder();
        let read = |number| {
            let text = fs::read_to_string(folder.file(number)).unwrap();
            text.lines().map(str::to_owned).collect()
        };
        let files = folder.numbers().unwrap().into_iter().map(read).collect();
        Self { scene, files }
    }

    fn entries(&self) -> usize {
        self.files.iter().map(Vec::len).sum()
    }

    /// File and line of an entry, all from 0.
    fn place(&self, entry: usize) -> (usize, usize) {
        let mut rest = entry;
        for (file, lines) in self.files.iter().enumerate() {
            if rest < lines.len() {
                return (file, rest);
            }
            rest -= lines.len();
        }
        panic!("there are not so many entries");
    }

    fn store(&self) {
        for (file, lines) in self.files.iter().enumerate() {
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            fs::write(self.scene.folder().file(file as u64 + 1), text).unwrap();
        }
    }

    /// What is found first: the file and line, from 1, the entry's number, and what it is.
    fn found(&self) -> ((u64, u64), u64, Finding) {
        self.store();
        let (place, finding) = self.scene.verify().problem.expect("it is found");
        let file = place.file.file_stem().and_then(|name| name.to_str());
        let file = file.and_then(|name| name.parse().ok()).unwrap_or(0);
        ((file, place.line), place.sequence, finding)
    }
}

fn at((file, line): (usize, usize)) -> (u64, u64) {
    (file as u64 + 1, line as u64 + 1)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn an_edited_entry_is_named(entry in 0_usize..24, byte in 0_usize..10_000, to in 32_u8..127) {
        let mut log = Lines::new();
        let (file, line) = log.place(entry);
        let text = &mut log.files[file][line];
        let byte = byte % text.len();
        if text.as_bytes()[byte] != to {
            text.replace_range(byte..=byte, &char::from(to).to_string());
            let (place, sequence, finding) = log.found();
            prop_assert_eq!(place, at((file, line)));
            prop_assert_eq!(sequence, entry as u64 + 1);
            prop_assert!(matches!(finding, Finding::Edited | Finding::Malformed), "{:?}", finding);
        }
    }

    #[test]
    fn a_removed_entry_is_named(entry in 0_usize..24) {
        let mut log = Lines::new();
        let (file, line) = log.place(entry);
        log.files[file].remove(line);
        let (_, sequence, finding) = log.found();
        prop_assert_eq!(sequence, entry as u64 + 1);
        prop_assert_eq!(finding, Finding::Removed { found: entry as u64 + 2 });
    }

    #[test]
    fn a_moved_entry_is_named(one in 0_usize..24, two in 0_usize..24) {
        let mut log = Lines::new();
        let (first, second) = (one.min(two), one.max(two));
        let ((file, line), (other_file, other_line)) = (log.place(first), log.place(second));
        if first != second {
            let moved = std::mem::take(&mut log.files[file][line]);
            let there = std::mem::replace(&mut log.files[other_file][other_line], moved);
            log.files[file][line] = there;
            let (place, sequence, finding) = log.found();
            prop_assert_eq!(place, at((file, line)));
            prop_assert_eq!(sequence, first as u64 + 1);
            let found = second as u64 + 1;
            prop_assert_eq!(finding, match file == other_file {
                true => Finding::Reordered { found },
                false => Finding::Removed { found },
            });
        }
    }

    #[test]
    fn an_inserted_entry_is_named(entry in 0_usize..24, copied in 0_usize..24) {
        let mut log = Lines::new();
        let ((file, line), (from, copied_line)) = (log.place(entry), log.place(copied));
        let copy = log.files[from][copied_line].clone();
        log.files[file].insert(line, copy);
        let (place, sequence, _) = log.found();
        // The copy of an entry before that very entry is as good as it, and the entry then is one too many.
        let wrong = if entry == copied { line + 1 } else { line };
        prop_assert_eq!(place, at((file, wrong)));
        prop_assert_eq!(sequence, if entry == copied { entry as u64 + 2 } else { entry as u64 + 1 });
    }

    #[test]
    fn a_log_cut_off_anywhere_is_named(keep in 1_usize..24) {
        let mut log = Lines::new();
        let all = log.entries() as u64;
        let (file, line) = log.place(keep);
        for later in file + 1..log.files.len() {
            fs::remove_file(log.scene.folder().file(later as u64 + 1)).unwrap();
        }
        log.files.truncate(file + 1);
        log.files[file].truncate(line);
        let (_, sequence, finding) = log.found();
        prop_assert_eq!(sequence, keep as u64 + 1);
        prop_assert_eq!(finding, Finding::Truncated { last: all });
    }

    #[test]
    fn a_removed_file_is_named(file in 0_usize..4) {
        let log = Lines::new();
        let before: usize = log.files[..file].iter().map(Vec::len).sum();
        fs::remove_file(log.scene.folder().file(file as u64 + 1)).unwrap();
        let (sequence, finding) = log.scene.problem().unwrap();
        prop_assert_eq!(sequence, before as u64 + 1);
        let is_last = file + 1 == log.files.len();
        prop_assert_eq!(finding == Finding::FileMissing, !is_last);
    }
}

/// The lines from `entry` on as somebody writes them who knows how, but has no key.
fn forge(log: &mut Lines, entry: usize, edit: (&str, &str)) {
    use mycelium_types::Digest;

    let mut previous: Option<String> = None;
    for number in entry..log.entries() {
        let (file, line) = log.place(number);
        let text = &log.files[file][line];
        let mut content = text[..text.len() - 75].to_owned();
        match previous {
            None => content = content.replacen(edit.0, edit.1, 1),
            Some(hash) => {
                let start = content.rfind("\"previous\":\"").unwrap() + 12;
                content.replace_range(start.., &format!("{hash}\""));
                if line == 0 {
                    let key = "\"hash\":\"";
                    let start = content.find(key).unwrap() + key.len();
                    content.replace_range(start..start + 64, &hash);
                }
            }
        }
        let hash = Digest::of(content.as_bytes()).to_string();
        log.files[file][line] = format!("{content},\"hash\":\"{hash}\"}}");
        previous = Some(hash);
    }
}

#[test]
fn one_rewritten_entry_breaks_the_link_and_is_named() {
    let mut log = Lines::new();
    let (file, line) = log.place(3);
    let kept: Vec<_> = log.files.clone();
    forge(&mut log, 3, ("m2", "m9"));
    let forged = log.files[file][line].clone();
    log.files = kept;
    log.files[file][line] = forged;
    assert_eq!(log.found(), (at((file, line)), 4, Finding::Replaced));
}

#[test]
fn rewriting_all_that_follows_is_found_by_the_next_checkpoint_or_the_head() {
    let calls: Vec<_> = {
        let log = Lines::new();
        let lines = log.files.into_iter().flatten().enumerate();
        let calls = lines.filter(|(_, line)| line.contains("Claude"));
        calls.map(|(entry, _)| entry).collect()
    };
    assert_eq!(calls.len(), 24);
    for entry in calls.into_iter().step_by(5) {
        let mut log = Lines::new();
        forge(&mut log, entry, ("Claude", "Claudia"));
        let (_, sequence, finding) = log.found();
        assert!(sequence > entry as u64 + 1);
        assert!(
            matches!(finding, Finding::Forged | Finding::Replaced),
            "{finding:?}"
        );
    }
}

#[test]
fn the_head_record_is_looked_for_and_at() {
    let scene = Scene::new();
    scene.written(5);
    let head = scene.folder().head();
    let text = fs::read_to_string(&head).unwrap();
    fs::write(&head, text.replace("\"sequence\":", "\"sequence\":1")).unwrap();
    assert_eq!(scene.problem().map(|it| it.1), Some(Finding::HeadForged));
    fs::write(&head, "{").unwrap();
    assert_eq!(scene.problem().map(|it| it.1), Some(Finding::HeadForged));
    fs::remove_file(&head).unwrap();
    assert_eq!(scene.problem().map(|it| it.1), Some(Finding::HeadMissing));
}

#[test]
fn a_log_signed_with_another_key_is_not_this_one() {
    let scene = Scene::new();
    scene.written(10);
    let other = Scene::new();
    other.written(10);
    fs::copy(other.folder().key(), scene.folder().key()).unwrap();
    assert_eq!(scene.problem().map(|it| it.1), Some(Finding::Forged));
    let keys = {
        fs::remove_file(scene.folder().key()).unwrap();
        let entry = &scene.entries()[0];
        vec![entry.detail["key"].as_str().unwrap().parse().unwrap()]
    };
    // A copy elsewhere is verified with the public key alone.
    assert_eq!(verify(&scene.folder(), &keys, None).unwrap().problem, None);
    assert_eq!(scene.problem().map(|it| it.1), Some(Finding::Forged));
}

#[test]
fn an_entry_noted_elsewhere_shows_that_a_whole_log_was_replaced() {
    let scene = Scene::new();
    scene.written(10);
    let anchor = scene.verify().last.unwrap();
    assert_eq!(anchor.to_string().parse::<Anchor>(), Ok(anchor));
    scene.written(10);
    let found = |anchor| verify(&scene.folder(), &[], Some(anchor)).unwrap().problem;
    assert_eq!(found(anchor), None);
    // Somebody with the key wrote another log.
    fs::remove_dir_all(scene.folder().path()).unwrap();
    scene.written(30);
    assert_eq!(scene.problem(), None);
    let (place, finding) = found(anchor).unwrap();
    assert_eq!(
        (place.sequence, finding),
        (anchor.sequence, Finding::Replaced)
    );
    fs::remove_dir_all(scene.folder().path()).unwrap();
    scene.written(1);
    assert_eq!(found(anchor).unwrap().1, Finding::AnchorMissing);
    fs::remove_dir_all(scene.folder().path()).unwrap();
    assert!(found(anchor).is_some());
}

#[test]
fn garbage_is_named_and_nothing_panics() {
    let scene = Scene::new();
    scene.written(3);
    let first = scene.folder().file(1);
    let good = fs::read(&first).unwrap();
    for garbage in [
        vec![0; 1 << 20],
        vec![b'\n'; 10],
        vec![b'{'; 1 << 17],
        b"\xff\xfe\n".to_vec(),
        b"{\"sequence\":18446744073709551615}\n".to_vec(),
    ] {
        let text = [good.clone(), garbage, good.clone()].concat();
        fs::write(&first, text).unwrap();
        assert_eq!(scene.problem().unwrap().1, Finding::Malformed);
    }
}
