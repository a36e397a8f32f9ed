//! The page for those who come from something else: its policies check and pass their tests, its outputs are the program's.

use std::path::Path;

use super::support::{Workplace, fenced};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/migrating.md");
    std::fs::read_to_string(path).unwrap()
}

/// A section of the page as a folder: blocks of YAML that begin with the name of a file.
fn folder(section: &str) -> Workplace {
    let place = Workplace::new(&[]);
    let mut written = 0;
    for block in fenced(section, "yaml") {
        let (first, text) = block.split_once('\n').unwrap();
        if let Some(path) = first.strip_prefix("# policies/") {
            place.write(path, text);
            written += 1;
        }
    }
    assert_eq!(written, 2, "{section}");
    place
}

#[test]
fn every_way_in_works_as_shown() {
    let page = page();
    let sections: Vec<&str> = page.split("\n## From ").skip(1).collect();
    assert_eq!(sections.len(), 3);
    for section in sections {
        let title = section.lines().next().unwrap();
        let place = folder(section);
        let check = place.octroi(&["check", "--deny-warnings"]);
        assert_eq!(check.code, Some(0), "{title}: {}", check.out);
        let test = place.octroi(&["test", "--min-coverage", "100", "--mutate"]);
        assert_eq!(test.code, Some(0), "{title}: {test:?}");
        let console = fenced(section, "console");
        assert!(!console.is_empty(), "{title}");
        for block in console {
            let (command, shown) = block.split_once('\n').unwrap();
            let command = command.strip_prefix("$ octroi ").unwrap();
            let arguments = words(command);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let said = place.octroi(&arguments);
            assert_eq!(format!("{}{}", said.out, said.err), shown, "{command}");
        }
    }
}

/// The words of a command line, double quotes taken off.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in command.chars() {
        match character {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words
}
