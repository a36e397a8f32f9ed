//! A table for a browser: one file that loads nothing, with a box to filter by, and that prints.

use std::fmt::Write as _;

use super::title;
use crate::rights::{Table, in_words};

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Who may do what</title>
<style>
:root { color-scheme: light dark; }
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; }
label { position: sticky; left: 1.5rem; }
input { font: inherit; padding: .3rem .5rem; width: 20rem; max-width: 60vw; }
table { border-collapse: collapse; margin: .5rem 0 2rem; }
th, td { border: 1px solid #8886; padding: .2rem .5rem; text-align: left; vertical-align: top; }
thead th { position: sticky; top: 0; background: Canvas; }
tbody th { font-weight: normal; white-space: nowrap; }
td.yes { background: #2a75; }
td.some { background: #c905; }
td.no { color: #8888; }
td small { display: block; max-width: 24rem; }
tr[hidden], section[hidden] { display: none; }
@media print {
  label { display: none; }
  body { margin: 0; font-size: 9pt; }
  thead th { position: static; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  td { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
</style>
<label>Show rows with <input id="filter" type="search" placeholder="type, action, role, scope ..." autofocus></label>
"#;

const FOOT: &str = r#"<script>
"use strict";
const filter = document.getElementById("filter");
const rows = [...document.querySelectorAll("tbody tr")];
const texts = rows.map(row => row.dataset.text);
function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  rows.forEach((row, at) => { row.hidden = !words.every(word => texts[at].includes(word)); });
  for (const section of document.querySelectorAll("section"))
    section.hidden = !section.querySelector("tbody tr:not([hidden])");
}
filter.addEventListener("input", show);
if (location.hash.length > 1) {
  try { filter.value = decodeURIComponent(location.hash.slice(1)); } catch { filter.value = ""; }
}
show();
</script>
</html>
"#;

pub(super) fn write(tables: &[Table]) -> String {
    let mut text = HEAD.to_owned();
    for table in tables {
        one(table, &mut text);
    }
    text.push_str(FOOT);
    text
}

fn one(table: &Table, text: &mut String) {
    let _ = write!(
        text,
        "<section>\n<h1>{}</h1>\n<table>\n<thead><tr><th>type<th>action",
        escaped(&title(table))
    );
    for column in &table.columns {
        let _ = write!(text, "<th>{}", escaped(&column.name));
    }
    text.push_str("</thead>\n<tbody>\n");
    for row in &table.rows {
        let mut cells = String::new();
        let mut words = format!("{} {} {}", table.application, row.0, row.1);
        for column in &table.columns {
            let cell = table.cell(row, column);
            let mark = cell.mark();
            let _ = match cell.rows.is_empty() {
                true => write!(cells, "<td class=no>·"),
                false => {
                    let how = in_words(cell.rows);
                    let _ = write!(words, " {} {how}", column.name);
                    let class = if mark.contains('*') { "some" } else { "yes" };
                    let more = match how == mark {
                        true => String::new(),
                        false => format!("<small>{}</small>", escaped(&how)),
                    };
                    write!(cells, "<td class={class}>{}{more}", escaped(&mark))
                }
            };
        }
        let _ = writeln!(
            text,
            "<tr data-text=\"{}\"><th>{}<th>{}{cells}",
            escaped(&words.to_lowercase()),
            escaped(&row.0),
            escaped(&row.1)
        );
    }
    text.push_str("</tbody>\n</table>\n</section>\n");
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
