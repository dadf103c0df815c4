//! Columns.

use unicode_width::UnicodeWidthChar as _;
use unicode_width::UnicodeWidthStr as _;

use super::Page;
use super::Style;
use super::untrusted;

const GAP: &str = "  ";
/// The last column is never cut shorter than this.
const LEAST_LAST_WIDTH: usize = 20;

/// Rows under a head. On a terminal the last column is cut where the line ends.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: impl IntoIterator<Item = String>) -> Self {
        let mut table = Self { rows: Vec::new() };
        table.row(head);
        table
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter();
        self.rows.push(
            cells
                .map(|cell| untrusted::line(&cell).into_owned())
                .collect(),
        );
    }

    pub(crate) fn add_to(&self, page: &mut Page) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.width()).max().unwrap_or_default()
            })
            .collect();
        let before: usize = widths
            .iter()
            .take(columns.saturating_sub(1))
            .map(|width| width + GAP.len())
            .sum();
        let last_width = page
            .look()
            .width
            .map(|width| width.saturating_sub(before).max(LEAST_LAST_WIDTH));

        for (index, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                if column + 1 == columns {
                    line.push_str(
                        &last_width.map_or_else(|| cell.clone(), |width| cut(cell, width)),
                    );
                } else {
                    line.push_str(cell);
                    line.extend(std::iter::repeat_n(' ', widths[column] - cell.width()));
                    line.push_str(GAP);
                }
            }
            let style = if index == 0 {
                Style::Strong
            } else {
                Style::Plain
            };
            page.styled(style, line.trim_end());
        }
    }
}

/// The text, or as much of its beginning as `width` columns hold with an ellipsis.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let mut short: String = text
        .chars()
        .take_while(|character| {
            used += character.width().unwrap_or_default();
            used <= width
        })
        .collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::super::Look;
    use super::*;

    fn rendered(width: Option<usize>) -> String {
        let mut table = Table::new(["NAME", "TEXT"].map(str::to_owned));
        table.row(["漢字", "wide characters take two columns, all of them"].map(str::to_owned));
        table.row(["hello-world", "short\nand one line"].map(str::to_owned));
        let mut page = Page::new(Look {
            width,
            ..Look::default()
        });
        table.add_to(&mut page);
        page.render()
    }

    #[test]
    fn columns_are_aligned_and_the_last_one_is_cut() {
        insta::assert_snapshot!(rendered(Some(40)), @r"
        NAME         TEXT
        漢字         wide characters take two c…
        hello-world  short␊and one line
        ");
    }

    #[test]
    fn nothing_is_cut_where_there_is_no_terminal() {
        assert!(rendered(None).contains("two columns, all of them"));
    }
}
