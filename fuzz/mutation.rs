//! Changing a seed, so that what is read is nearly right.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// Numbers at which readers of lengths and counts go wrong.
const EDGES: [u32; 8] = [0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, u32::MAX];

/// One change.
#[derive(Clone, Debug)]
enum Change {
    /// Another byte.
    Byte(Index, u8),
    /// Four bytes that are a number, as lengths are written.
    Number(Index, usize),
    /// Nothing, where there was something.
    Cut(Index, usize),
    /// The same again, so often.
    Repeat(Index, usize, usize),
    /// A piece of another place.
    Splice(Index, Index, usize),
    /// The end.
    End(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<Index>;
    prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(at, byte)| Change::Byte(at, byte)),
        2 => (place(), 0..EDGES.len()).prop_map(|(at, edge)| Change::Number(at, edge)),
        2 => (place(), 1..64_usize).prop_map(|(at, length)| Change::Cut(at, length)),
        1 => (place(), 1..16_usize, 2..200_usize)
            .prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        2 => (place(), place(), 1..128_usize)
            .prop_map(|(to, from, length)| Change::Splice(to, from, length)),
        1 => place().prop_map(Change::End),
    ]
}

/// Any of `seeds`, changed.
pub(crate) fn changed(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(seeds), vec(change(), 1..8)).prop_map(|(mut bytes, changes)| {
        for change in &changes {
            make(change, &mut bytes);
        }
        bytes
    })
}

fn make(change: &Change, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    let end = |start: usize, wanted: usize| (start + wanted).min(length);
    match change {
        Change::Byte(at, byte) => bytes[at.index(length)] = *byte,
        Change::Number(at, edge) => {
            let start = at.index(length);
            let number = EDGES[*edge].to_le_bytes();
            let room = end(start, number.len()) - start;
            bytes[start..start + room].copy_from_slice(&number[..room]);
        }
        Change::Cut(at, wanted) => {
            let start = at.index(length);
            bytes.drain(start..end(start, *wanted));
        }
        Change::Repeat(at, wanted, times) => {
            let start = at.index(length);
            let piece = bytes[start..end(start, *wanted)].repeat(*times);
            bytes.splice(start..start, piece);
        }
        Change::Splice(to, from, wanted) => {
            let start = from.index(length);
            let piece = bytes[start..end(start, *wanted)].to_vec();
            let to = to.index(length);
            bytes.splice(to..to, piece);
        }
        Change::End(at) => bytes.truncate(at.index(length)),
    }
}

/// The seeds in a folder of `fuzz/`, by name so that runs are alike.
pub(crate) fn seeds(folder: &str) -> Vec<Vec<u8>> {
    let folder = std::path::Path::new("../../fuzz").join(folder);
    let mut paths: Vec<_> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
        .iter()
        .map(|path| fs_err::read(path).unwrap())
        .collect()
}
