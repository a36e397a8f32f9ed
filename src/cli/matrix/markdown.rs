//! A table for a review: what changes of a role is a line of it.

use std::fmt::Write as _;

use super::title;
use crate::diff::code;
use crate::rights::{Table, in_words};

pub(super) fn write(tables: &[Table]) -> String {
    let mut text = String::new();
    for table in tables {
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "## {}\n", code(&title(table)));
        let _ = write!(text, "| type | action |");
        for column in &table.columns {
            let _ = write!(text, " {} |", code(&column.name));
        }
        let _ = writeln!(text, "\n|---|---|{}", "---|".repeat(table.columns.len()));
        for row in &table.rows {
            let _ = write!(text, "| {} | {} |", code(&row.0), code(&row.1));
            for column in &table.columns {
                let words = in_words(table.cell(row, column).rows);
                let _ = match words.is_empty() {
                    true => write!(text, " |"),
                    false => write!(text, " {} |", code(&words)),
                };
            }
            text.push('\n');
        }
    }
    text
}
