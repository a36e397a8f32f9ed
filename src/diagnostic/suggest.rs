//! "Did you mean": the known name nearest to the one that was written.

/// The nearest known name, if it is near enough to be a slip of the finger: at most a third of the longer name's
/// characters apart (swapped neighbours count once), or the same but for case.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written_length = written.chars().count();
    known
        .into_iter()
        .filter(|name| *name != written)
        .filter_map(|name| {
            let limit = (written_length.max(name.chars().count()) / 3).max(1);
            let distance = if name.eq_ignore_ascii_case(written) {
                0
            } else {
                strsim::osa_distance(written, name)
            };
            (distance <= limit).then_some((distance, name))
        })
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

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
}
