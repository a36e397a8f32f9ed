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
    use super::{Near, near, nearest};

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
