//! "Did you mean": the known name nearest to the one that was written.

/// The known names that one can have meant.
#[derive(Debug, PartialEq, Eq)]
pub enum Near<'a> {
    /// None is near.
    None,
    /// This one is nearer than all others.
    One(&'a str),
    /// These are equally near.
    Several(Vec<&'a str>),
}

/// The nearest known names, if they are near enough to be a slip of the finger: at most a third of the longer name's
/// characters apart (swapped neighbours count once), or the same but for case.
pub fn near<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Near<'a> {
    let written_length = written.chars().count();
    let mut nearest: Option<(usize, Vec<&str>)> = None;
    for name in known.into_iter().filter(|name| *name != written) {
        let limit = (written_length.max(name.chars().count()) / 3).max(1);
        let distance = if name.eq_ignore_ascii_case(written) {
            0
        } else {
            strsim::osa_distance(written, name)
        };
        if distance > limit {
            continue;
        }
        match &mut nearest {
            Some((known, names)) if *known == distance => names.push(name),
            Some((known, _)) if *known < distance => {}
            _ => nearest = Some((distance, vec![name])),
        }
    }
    match nearest.map(|(_, names)| names).as_deref() {
        None | Some([]) => Near::None,
        Some([name]) => Near::One(name),
        Some(names) => Near::Several(names.to_vec()),
    }
}

/// Whether a name can only be a slip of the finger for another: ids that differ in a digit (`shop-1`, `shop-2`), or in a
/// part of fewer than four characters (`team-a`, `team-b`), are as a rule two.
pub fn is_slip(written: &str, meant: &str) -> bool {
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    if digits(written) != digits(meant) {
        return false;
    }
    let parts = |text: &str| -> Vec<String> {
        let parts = text.split(|each: char| !each.is_alphanumeric());
        parts.map(str::to_lowercase).collect()
    };
    let is_long = |text: &str| text.chars().count() >= PART_MIN;
    let (own, other) = (parts(written), parts(meant));
    match own.len() == other.len() {
        false => is_long(written) && is_long(meant),
        true => {
            let mut pairs = own.iter().zip(&other);
            pairs.all(|(own, other)| own == other || is_long(own) && is_long(other))
        }
    }
}

/// Fewest characters of a part of a name in which one is likelier to be a slip than meant.
const PART_MIN: usize = 4;

/// The nearest known name; of several the first by its letters.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    match near(written, known) {
        Near::None => None,
        Near::One(name) => Some(name),
        Near::Several(names) => names.into_iter().min(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Near, is_slip, near, nearest};

    #[test]
    fn tells_slips_from_other_names() {
        for (written, meant, expected) in [
            ("clrek", "clerk", true),
            ("wset", "west", true),
            ("Admin", "admin", true),
            ("S1", "s1", true),
            ("shop-1-pairs", "shop-1-paris", true),
            ("thequay", "the-quay", true),
            ("shop-2", "shop-1", false),
            ("shop-12", "shop-1", false),
            ("paris2", "paris", false),
            ("s2", "s1", false),
            ("fr", "fs", false),
            ("team-a", "team-b", false),
            ("a", "a-b", false),
        ] {
            assert_eq!(is_slip(written, meant), expected, "{written} {meant}");
        }
    }

    #[test]
    fn finds_slips_and_no_more() {
        let known = ["manager", "admin", "member"];
        for (written, expected) in [
            ("manger", Some("manager")),
            ("Admin", Some("admin")),
            ("mebmer", Some("member")),
            ("owner", None),
            ("x", None),
        ] {
            assert_eq!(nearest(written, known), expected, "{written}");
        }
    }

    #[test]
    fn says_when_several_are_as_near() {
        for (written, known, expected) in [
            (
                "cat",
                vec!["car", "cut", "dog"],
                Near::Several(vec!["car", "cut"]),
            ),
            ("cat", vec!["Cat", "cut"], Near::One("Cat")),
            ("cat", vec!["cats", "horse"], Near::One("cats")),
            ("cat", vec!["horse"], Near::None),
        ] {
            assert_eq!(near(written, known), expected, "{written}");
        }
    }
}
