//! A table for a spreadsheet (RFC 4180, with plain line feeds so that it can be checked in). A cell that a spreadsheet
//! would take for a formula begins with an apostrophe.

use crate::rights::{Table, in_words};

pub(super) fn write(tables: &[Table]) -> String {
    let mut text = String::new();
    for table in tables {
        if !text.is_empty() {
            text.push('\n');
        }
        let mut head = vec!["application".to_owned()];
        let tenant = table.tenant.as_ref().map(|tenant| tenant.to_string());
        head.extend(tenant.as_ref().map(|_| "tenant".to_owned()));
        head.extend(["type".to_owned(), "action".to_owned()]);
        head.extend(table.columns.iter().map(|column| column.name.to_string()));
        line(&head, &mut text);
        for row in &table.rows {
            let mut cells = vec![table.application.to_string()];
            cells.extend(tenant.clone());
            cells.extend([row.0.to_string(), row.1.to_string()]);
            let columns = table.columns.iter();
            cells.extend(columns.map(|column| in_words(table.cell(row, column).rows)));
            line(&cells, &mut text);
        }
    }
    text
}

fn line(cells: &[String], text: &mut String) {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    text.push_str(&cells.join(","));
    text.push('\n');
}

fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%']);
    let cell = match is_formula {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    };
    match cell.contains([',', '"', '\n', '\r', ';', '\t', '\'']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, written) in [
            ("marc", "marc"),
            ("a, b", "\"a, b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-2", "\"'-2\""),
            ("+33612345678", "\"'+33612345678\""),
            ("http:route", "http:route"),
        ] {
            assert_eq!(quoted(cell), written);
        }
    }
}
