//! Where a checked-in table says something else: lines, below the title and the column heads of the table that each
//! belongs to.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::Format;

/// The lines that differ, those checked in with `-`, those of now with `+`, each table's below its head, with a space.
pub(super) fn of(before: &str, after: &str, format: Format) -> String {
    let (old, new) = (lines(before, format), lines(after, format));
    let known = |lines: &[Line<'_>]| -> HashSet<String> {
        lines.iter().map(|line| line.text.to_owned()).collect()
    };
    let (in_old, in_new) = (known(&old), known(&new));
    let mut tables: IndexMap<&str, Vec<(char, &Line<'_>)>> = IndexMap::new();
    for (sign, lines, others) in [('-', &old, &in_new), ('+', &new, &in_old)] {
        for line in lines.iter().filter(|line| !others.contains(line.text)) {
            let title = line.head.first().copied().unwrap_or_default();
            tables.entry(title).or_default().push((sign, line));
        }
    }
    if tables.is_empty() {
        return "only the order or the number of lines differs\n".to_owned();
    }
    let mut text = String::new();
    let mut say = |sign: char, line: &str| {
        text.push(sign);
        text.push_str(line);
        text.push('\n');
    };
    for differing in tables.into_values() {
        let heads = differing.iter().flat_map(|(_, line)| &line.head);
        let mut said = HashSet::new();
        for head in heads {
            // One that differs itself is among the lines.
            if in_old.contains(*head) && in_new.contains(*head) && said.insert(*head) {
                say(' ', head);
            }
        }
        for (sign, line) in differing {
            say(sign, line.text);
        }
    }
    text
}

/// A line, and the title and column heads of the table that it stands in.
struct Line<'t> {
    text: &'t str,
    head: Vec<&'t str>,
}

fn lines(text: &str, format: Format) -> Vec<Line<'_>> {
    let mut head: Vec<&str> = Vec::new();
    let mut begins = true;
    let lines = text.lines().map(|line| {
        let (is_title, is_head) = match format {
            Format::Markdown => (
                line.starts_with("## "),
                line.starts_with("| type | action |"),
            ),
            Format::Html => (line.starts_with("<h1>"), line.starts_with("<thead>")),
            Format::Csv => (begins, false),
            // A wide table goes on below a blank line, with other columns.
            Format::Human => (begins && !line.starts_with(' '), line.starts_with("   ")),
        };
        begins = line.is_empty();
        let of_line = match is_title {
            true => Vec::new(),
            false => head.clone(),
        };
        if is_title {
            head = vec![line];
        } else if is_head {
            head.truncate(1);
            head.push(line);
        }
        Line {
            text: line,
            head: of_line,
        }
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::{Format, of};

    #[test]
    fn shows_the_lines_that_differ_below_their_heads() {
        for (format, before, after, shown) in [
            (
                Format::Csv,
                "application,type,admin\na,b,x\nc,d,e\n\napplication,type,root\ng,h,i\n",
                "application,type,admin\na,b,y\nc,d,e\n\napplication,type,root\ng,h,j\n",
                " application,type,admin\n-a,b,x\n+a,b,y\n application,type,root\n-g,h,i\n+g,h,j\n",
            ),
            (
                Format::Markdown,
                "## `chat`\n\n| type | action | `admin` |\n|---|---|---|\n| a | b | x |\n",
                "## `chat`\n\n| type | action | `admin` |\n|---|---|---|\n| a | b | y |\n",
                " ## `chat`\n | type | action | `admin` |\n-| a | b | x |\n+| a | b | y |\n",
            ),
            (
                Format::Markdown,
                "## `chat`\n\n| type | action | `admin` |\n",
                "## `chat`\n\n| type | action | `root` |\n",
                " ## `chat`\n-| type | action | `admin` |\n+| type | action | `root` |\n",
            ),
            (
                Format::Human,
                "chat\n     admin\na b  tenant\n",
                "chat\n     admin\na b  .\n",
                " chat\n      admin\n-a b  tenant\n+a b  .\n",
            ),
            (
                Format::Csv,
                "h\na\nb\n",
                "h\nb\na\n",
                "only the order or the number of lines differs\n",
            ),
        ] {
            assert_eq!(of(before, after, format), shown);
        }
    }
}
