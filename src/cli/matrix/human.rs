//! A table for a terminal: as many columns side by side as fit, the conditions below.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::IsTerminal as _;

use indexmap::{IndexMap, IndexSet};

use super::title;
use crate::model::Id;
use crate::rights::{Column, Table, roles_in_words};

/// Where no terminal says how wide it is.
const WIDTH: usize = 100;

/// How many characters a line has room for.
pub(super) fn width() -> usize {
    let is_terminal = std::io::stdout().is_terminal();
    let width = is_terminal.then(terminal_width).flatten();
    width.unwrap_or(WIDTH).max(40)
}

fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

pub(super) fn write(tables: &[Table], width: usize) -> String {
    let mut text = String::new();
    for table in tables {
        if !text.is_empty() {
            text.push('\n');
        }
        one(table, width, &mut text);
    }
    text
}

fn one(table: &Table, width: usize, text: &mut String) {
    let _ = writeln!(text, "{}", title(table));
    if table.columns.is_empty() {
        text.push_str("  nobody\n");
        return;
    }
    let names: Vec<String> = table
        .rows
        .iter()
        .map(|(kind, action)| format!("{kind} {action}"))
        .collect();
    let first = names
        .iter()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    let marks = |column: &Column| -> Vec<String> {
        let marks = table.rows.iter().map(|row| table.cell(row, column).mark());
        marks
            .map(|mark| {
                if mark.is_empty() {
                    ".".to_owned()
                } else {
                    mark
                }
            })
            .collect()
    };
    let columns: Vec<(usize, Vec<String>, &Column)> = table
        .columns
        .iter()
        .map(|column| {
            let marks = marks(column);
            let widest = marks
                .iter()
                .map(|mark| mark.chars().count())
                .max()
                .unwrap_or(0);
            (widest.max(column.name.chars().count()), marks, column)
        })
        .collect();
    let mut left = columns.as_slice();
    while !left.is_empty() {
        let mut room = width.saturating_sub(first);
        let fitting = left.iter().take_while(|(wide, _, _)| {
            let fits = room >= wide + 2;
            room = room.saturating_sub(wide + 2);
            fits
        });
        let (shown, rest) = left.split_at(fitting.count().max(1).min(left.len()));
        left = rest;
        let mut line = format!("{:first$}", "");
        for (wide, _, column) in shown {
            let _ = write!(line, "  {:wide$}", column.name);
        }
        let _ = writeln!(text, "{}", line.trim_end());
        for (index, name) in names.iter().enumerate() {
            let mut line = format!("{name:first$}");
            for (wide, marks, _) in shown {
                let mark = marks.get(index).map_or(".", String::as_str);
                let _ = write!(line, "  {mark:wide$}");
            }
            let _ = writeln!(text, "{}", line.trim_end());
        }
        if !left.is_empty() {
            text.push('\n');
        }
    }
    conditions(table, text);
    gives(table, text);
}

/// Which roles those in the columns may give and take, and by which actions.
fn gives(table: &Table, text: &mut String) {
    let mut lines = Vec::new();
    for column in &table.columns {
        let mut by_roles: IndexMap<String, Vec<String>> = IndexMap::new();
        for row in &table.rows {
            let mut roles: Option<BTreeSet<Id>> = None;
            for given in table
                .cell(row, column)
                .rows
                .iter()
                .filter_map(|row| row.assigns.as_ref())
            {
                roles.get_or_insert_default().extend(given.iter().cloned());
            }
            if let Some(roles) = roles {
                let action = format!("{} {}", row.0, row.1);
                by_roles
                    .entry(roles_in_words(&roles))
                    .or_default()
                    .push(action);
            }
        }
        for (roles, actions) in by_roles {
            lines.push(format!(
                "  {}: {roles} ({})",
                column.name,
                actions.join(", ")
            ));
        }
    }
    if !lines.is_empty() {
        text.push_str("which roles they may give and take:\n");
    }
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
}

/// What the stars stand for.
fn conditions(table: &Table, text: &mut String) {
    let mut lines = IndexSet::new();
    for (kind, action) in &table.rows {
        for column in &table.columns {
            let cell = table.cell(&(kind.clone(), action.clone()), column);
            for clause in cell.rows.iter().flat_map(|row| &row.clauses) {
                let word = if clause.denies { "unless" } else { "when" };
                lines.insert(format!("{kind} {action}: {word} {}", clause.words.written));
            }
        }
    }
    if !lines.is_empty() {
        text.push_str("* on conditions:\n");
    }
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}
