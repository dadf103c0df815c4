//! `docs/errors.md` against the codes there are.

use mycelium_types::ErrorCode;

use super::repository::rows;
use super::repository::text;

#[test]
fn every_code_has_a_row_that_is_true() {
    let yes = |is: bool| if is { "yes" } else { "" }.to_owned();
    let mut expected: Vec<_> = ErrorCode::ALL
        .iter()
        .map(|code| {
            vec![
                format!("`{code}`"),
                (code.exit_status() as u8).to_string(),
                yes(code.counts_as_failure()),
                yes(code.is_transient()),
            ]
        })
        .collect();
    expected.sort();
    let written = rows(&text("docs/errors.md"));
    let mut written: Vec<_> = written
        .into_iter()
        .filter(|row| row.len() == 5)
        .map(|row| row[..4].to_vec())
        .collect();
    written.sort();
    assert_eq!(written, expected);
}
