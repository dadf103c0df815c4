//! What was probably meant by a word nobody knows.

/// Longer words are not compared: nobody mistypes one, and the comparison is quadratic.
const MAX_LEN: usize = 64;

/// The candidate most like `word`, if one is near enough to be a slip of the keyboard.
///
/// Near is a third of the word's characters, in insertions, deletions, substitutions and swaps of
/// neighbours (the optimal string alignment distance), letter case not counted; a word of three
/// characters or more also stands for the shortest candidate it begins.
///
/// ```
/// use mycelium_types::nearest;
///
/// assert_eq!(nearest("permisions", ["permissions", "exports"]), Some("permissions"));
/// assert_eq!(nearest("colour", ["permissions", "exports"]), None);
/// ```
#[must_use]
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let length = word.chars().count();
    if length == 0 || length > MAX_LEN {
        return None;
    }
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count() <= MAX_LEN)
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            let distance = strsim::osa_distance(&word, &lower);
            let near = distance <= (length / 3).max(1);
            let begun = length >= 3 && lower.starts_with(&word);
            (near || begun).then_some((!near, distance, candidate))
        })
        .min_by_key(|(begun, distance, _)| (*begun, *distance))
        .map(|(_, _, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_beginnings_but_nothing_far() {
        let known = ["memoryMB", "cpuSeconds", "wallSeconds", "hello-world"];
        for (word, expected) in [
            ("memoryMb", Some("memoryMB")),
            ("memroyMB", Some("memoryMB")),
            ("cpuSecond", Some("cpuSeconds")),
            ("hello", Some("hello-world")),
            ("x", None),
            ("", None),
            ("memory limit of the skill", None),
            (&"a".repeat(5000), None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }
}
