//! Finding words of a condition in its text, past the strings in it.

use super::Read;

/// The range of a template's slot.
pub(super) fn find_slot(text: &str) -> Option<(usize, usize)> {
    let masked = without_strings(text);
    let start = masked.find('?')?;
    let rest = masked.get(start + 1..)?;
    let length = rest
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(rest.len());
    Some((start, start + 1 + length))
}

/// The text with the contents of its strings blanked, but for those that name an attribute (`x["name"]`, `has "name"`),
/// so that a search finds code and no data; comments are blanked too, lest a quote in one hides code. Lengths stay.
pub(super) fn without_strings(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '/' && characters.as_str().starts_with('/') {
            let rest = characters.as_str();
            let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
            masked.extend(std::iter::repeat_n(' ', 1 + length));
            characters = rest.get(length..).unwrap_or_default().chars();
            continue;
        }
        masked.push(character);
        if character != '"' {
            continue;
        }
        let before = masked.trim_end_matches('"').trim_end();
        let names = before.ends_with('[') || before.ends_with("has");
        while let Some(inner) = characters.next() {
            let escaped = (inner == '\\').then(|| characters.next()).flatten();
            for part in [Some(inner), escaped].into_iter().flatten() {
                match names || inner == '"' {
                    true => masked.push(part),
                    false => masked.extend(std::iter::repeat_n(' ', part.len_utf8())),
                }
            }
            if inner == '"' {
                break;
            }
        }
    }
    masked
}

/// How deep brackets and `if`s are nested at most; the engine's work doubles with each `if` in an `if`.
pub(in crate::compile) fn nesting(text: &str) -> usize {
    let code = without_strings(text);
    let mut words = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ifs = words.by_ref().filter(|word| *word == "if").count();
    let brackets = brackets(&code);
    match ifs > super::IFS_MAX {
        true => usize::MAX,
        false => brackets,
    }
}

fn brackets(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The range of `root.name`, `root["name"]` or `root has name` in a condition's text.
pub(super) fn find_read(text: &str, read: &Read) -> Option<(usize, usize)> {
    let text = &without_strings(text);
    let mut from = 0;
    while let Some((start, end)) = find_word(text, &read.name, from) {
        let before = text
            .get(..start)?
            .trim_end_matches(['"', '[', ' ', '\n', '\t', '\r']);
        let before = before.strip_suffix("has").unwrap_or(before);
        let before = before.trim_end_matches(['.', ' ', '\n', '\t', '\r']);
        let root = read.root.as_cedar();
        if before.ends_with(root) {
            return Some((before.len() - root.len(), end));
        }
        from = end;
    }
    None
}

/// The range of a word that is no part of a longer one, from an offset on.
pub(super) fn find_word(text: &str, word: &str, from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    while let Some(found) = text.get(at..)?.find(word) {
        let start = at + found;
        let end = start + word.len();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let before = text.get(..start)?.chars().next_back();
        let after = text.get(end..)?.chars().next();
        if !before.is_some_and(is_part) && !after.is_some_and(is_part) {
            return Some((start, end));
        }
        at = end;
    }
    None
}
