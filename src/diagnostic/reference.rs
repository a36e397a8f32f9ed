//! The paragraph and the example of each code, as `octroi check --explain` prints them.

use super::Code;

/// The reference of all codes: a section each, in Markdown.
const PAGE: &str = include_str!("codes.md");

impl Code {
    /// The code of a name in output.
    pub fn of_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|code| code.as_str() == name)
    }

    /// What the code means, what to do, and an example: a section of Markdown without its heading.
    pub fn section(self) -> &'static str {
        let mut sections = PAGE.split("\n## ").skip(1);
        let of_code = |section: &&str| section.lines().next() == Some(self.as_str());
        let section = sections.find(of_code).unwrap_or_default();
        section.split_once('\n').map_or("", |(_, text)| text).trim()
    }

    /// The section as text for a terminal: the example is indented, its fences are gone.
    pub fn reference(self) -> String {
        let mut text = format!("{} ({})\n\n", self.as_str(), self.severity().as_str());
        let mut is_example = false;
        for line in self.section().lines() {
            if line.starts_with("```") {
                is_example = !is_example;
                continue;
            }
            let indent = if is_example && !line.is_empty() {
                "    "
            } else {
                ""
            };
            text.push_str(indent);
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}
