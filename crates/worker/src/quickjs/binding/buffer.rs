//! Searches and comparisons over bytes, for `Buffer`.

use rquickjs::Ctx;
use rquickjs::Function;
use rquickjs::Object;
use rquickjs::Result;

use super::bytes::View;

fn compare(left: View<'_>, right: View<'_>) -> i32 {
    left.to_vec().cmp(&right.to_vec()) as i32
}

/// Where `needle` first is in `haystack` at `start` or behind it, at a multiple of `step`; -1 if nowhere.
fn find(haystack: View<'_>, needle: View<'_>, start: usize, step: usize) -> i64 {
    let (haystack, needle) = (haystack.to_vec(), needle.to_vec());
    position(find_from(&haystack, &needle, start, step.max(1)))
}

/// As [`find`], but the last place at `start` or before it.
fn find_last(haystack: View<'_>, needle: View<'_>, start: usize, step: usize) -> i64 {
    let (haystack, needle) = (haystack.to_vec(), needle.to_vec());
    position(rfind_from(&haystack, &needle, start, step.max(1)))
}

fn position(found: Option<usize>) -> i64 {
    found
        .and_then(|index| i64::try_from(index).ok())
        .unwrap_or(-1)
}

fn find_from(haystack: &[u8], needle: &[u8], start: usize, step: usize) -> Option<usize> {
    let last = haystack.len().checked_sub(needle.len())?;
    let first = *needle.first()?;
    let mut index = start.next_multiple_of(step);
    while index <= last {
        // Skip to where the first byte is; most places are ruled out by it.
        let offset = haystack[index..=last]
            .iter()
            .position(|byte| *byte == first)?;
        index += offset;
        if index.is_multiple_of(step) && haystack[index..].starts_with(needle) {
            return Some(index);
        }
        index += 1;
    }
    None
}

fn rfind_from(haystack: &[u8], needle: &[u8], start: usize, step: usize) -> Option<usize> {
    let last = haystack.len().checked_sub(needle.len())?.min(start);
    if needle.is_empty() {
        return None;
    }
    (0..=last)
        .rev()
        .find(|index| index.is_multiple_of(step) && haystack[*index..].starts_with(needle))
}

/// Reverses the order of the bytes of every group of `size`.
fn swap(view: View<'_>, size: usize) {
    let mut bytes = view.to_vec();
    for group in bytes.chunks_exact_mut(size.max(1)) {
        group.reverse();
    }
    view.fill_from(&bytes);
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, target: &Object<'js>) -> Result<()> {
    target.set("compare", Function::new(ctx.clone(), compare)?)?;
    target.set("find", Function::new(ctx.clone(), find)?)?;
    target.set("findLast", Function::new(ctx.clone(), find_last)?)?;
    target.set("swap", Function::new(ctx.clone(), swap)?)?;
    target.set(
        "isUtf8",
        Function::new(ctx.clone(), |view: View<'js>| {
            std::str::from_utf8(&view.to_vec()).is_ok()
        })?,
    )?;
    target.set(
        "isAscii",
        Function::new(ctx.clone(), |view: View<'js>| view.to_vec().is_ascii())?,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::find_from;
    use super::rfind_from;

    #[test]
    fn finds_forwards() {
        assert_eq!(find_from(b"abcabc", b"bc", 0, 1), Some(1));
        assert_eq!(find_from(b"abcabc", b"bc", 2, 1), Some(4));
        assert_eq!(find_from(b"abcabc", b"cd", 0, 1), None);
        assert_eq!(find_from(b"ab", b"abc", 0, 1), None);
        assert_eq!(find_from(b"ab", b"b", 9, 1), None);
    }

    #[test]
    fn wide_characters_are_found_at_even_places_only() {
        assert_eq!(find_from(&[0, 1, 0, 1, 1, 0], &[1, 0], 0, 2), Some(4));
        assert_eq!(rfind_from(&[1, 0, 1, 0, 0, 1, 0], &[1, 0], 9, 2), Some(2));
    }

    #[test]
    fn finds_backwards() {
        assert_eq!(rfind_from(b"abcabc", b"bc", 9, 1), Some(4));
        assert_eq!(rfind_from(b"abcabc", b"bc", 3, 1), Some(1));
        assert_eq!(rfind_from(b"abcabc", b"x", 9, 1), None);
    }
}
