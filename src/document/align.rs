//! Where each character of a scalar stands in the file: through quotes, escapes, indentation and folding.

/// For each byte of `text` (and its end), the byte offset in `raw`, the scalar as it stands in the file.
///
/// YAML's folding turns line breaks into spaces and drops indentation; escapes turn several characters into one.
/// Walking both sides together finds each character again; where they part for good, the last place known stands.
pub fn offsets(raw: &str, text: &str) -> Vec<u32> {
    let mut cursor = Cursor::new(raw);
    let mut offsets = Vec::with_capacity(text.len() + 1);
    for wanted in text.chars() {
        let at = cursor.find(wanted);
        offsets.extend(std::iter::repeat_n(at, wanted.len_utf8()));
    }
    offsets.push(cursor.at as u32);
    offsets
}

struct Cursor<'r> {
    raw: &'r str,
    at: usize,
    double_quoted: bool,
    single_quoted: bool,
}

impl<'r> Cursor<'r> {
    fn new(raw: &'r str) -> Self {
        let mut cursor = Self {
            raw,
            at: 0,
            double_quoted: raw.starts_with('"'),
            single_quoted: raw.starts_with('\''),
        };
        if cursor.double_quoted || cursor.single_quoted {
            cursor.at = 1;
        } else if raw.starts_with(['|', '>']) {
            cursor.at = raw.find('\n').map_or(raw.len(), |at| at + 1);
        }
        cursor
    }

    fn rest(&self) -> &'r str {
        self.raw.get(self.at..).unwrap_or_default()
    }

    /// The offset of the next character that stands for `wanted`; moves behind it.
    fn find(&mut self, wanted: char) -> u32 {
        if wanted == '\n' || wanted == ' ' {
            return self.space(wanted);
        }
        self.skip_blanks(wanted);
        let at = self.at;
        let rest = self.rest();
        if self.double_quoted && rest.starts_with('\\') {
            self.at += escape_length(rest);
        } else if self.single_quoted && wanted == '\'' && rest.starts_with("''") {
            self.at += 2;
        } else if rest.starts_with(wanted) {
            self.at += wanted.len_utf8();
        }
        at as u32
    }

    /// A space or line break: itself, or whatever run of blanks was folded into it.
    fn space(&mut self, wanted: char) -> u32 {
        let at = self.at;
        let rest = self.rest();
        if rest.starts_with(wanted) && !folds(rest, wanted) {
            self.at += 1;
        } else if rest.starts_with([' ', '\n', '\r', '\t']) {
            let blanks = rest.trim_start_matches([' ', '\n', '\r', '\t']);
            self.at += rest.len() - blanks.len();
        } else if self.double_quoted && rest.starts_with('\\') {
            self.at += escape_length(rest);
        }
        at as u32
    }

    /// Skips indentation and folded breaks in front of a character that is no blank, and escaped line breaks.
    fn skip_blanks(&mut self, wanted: char) {
        loop {
            let rest = self.rest();
            if rest.starts_with(wanted) {
                return;
            }
            let blanks = rest.trim_start_matches([' ', '\n', '\r', '\t']);
            let mut skipped = rest.len() - blanks.len();
            if self.double_quoted {
                let breaks = ["\\\n", "\\\r\n"];
                let at = breaks
                    .iter()
                    .find(|line_break| blanks.starts_with(**line_break));
                skipped += at.map_or(0, |line_break| line_break.len());
            }
            if skipped == 0 {
                return;
            }
            self.at += skipped;
        }
    }
}

/// Whether a run of blanks that begins with a space goes on over a line break: then it was folded into one space.
fn folds(rest: &str, wanted: char) -> bool {
    let blanks = rest.len() - rest.trim_start_matches([' ', '\n', '\r', '\t']).len();
    wanted == ' ' && rest.get(..blanks).is_some_and(|run| run.contains('\n'))
}

fn escape_length(rest: &str) -> usize {
    match rest.as_bytes().get(1) {
        Some(b'x') => 4,
        Some(b'u') => 6,
        Some(b'U') => 10,
        Some(_) => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::offsets;

    /// Each case: the raw scalar, its text, and a word of the text that must be found where it stands in the raw.
    #[test]
    fn finds_characters_through_every_style() {
        for (raw, text, word) in [
            ("a == bad", "a == bad", "bad"),
            ("'x == ''bad'' '", "x == 'bad' ", "bad"),
            (r#""x == \"y\" && bad""#, r#"x == "y" && bad"#, "bad"),
            ("|\n    a &&\n    bad\n", "a &&\nbad\n", "bad"),
            (">-\n    a &&\n    bad", "a && bad", "bad"),
            ("a &&\n      bad", "a && bad", "bad"),
            ("\"a \\\n   bad\"", "a bad", "bad"),
            ("\"a\\\r\n   bad\"", "abad", "bad"),
            ("\"\\u0061 bad\"", "a bad", "bad"),
            ("|\n  a\n\n  bad\n", "a\n\nbad\n", "bad"),
        ] {
            let found = offsets(raw, text)[text.find(word).unwrap()] as usize;
            assert_eq!(raw.get(found..found + word.len()), Some(word), "{raw:?}");
        }
    }
}
