//! The output: a table in Markdown, and the statistics that it states.

use std::fmt;
use std::time::Duration;

/// Everything that was measured.
#[derive(Debug, Default)]
pub struct Table {
    /// What holds for all rows.
    pub notes: Vec<String>,
    lines: Vec<Line>,
}

/// A row.
#[derive(Debug, Default)]
pub struct Line {
    /// What was measured.
    pub what: String,
    /// What must be reached.
    pub goal: String,
    /// The floor's figure.
    pub floor: String,
    /// The sidecar's.
    pub octroi: String,
    /// The figure that the goal is about.
    pub figure: String,
    /// Whether it is reached; none where there is no goal.
    pub met: Option<bool>,
}

impl Table {
    /// Adds a row, and shows it at once: a whole run takes minutes.
    pub fn add(&mut self, line: Line) {
        eprintln!("{line}");
        self.lines.push(line);
    }

    /// Adds what holds for all rows.
    pub fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        eprintln!("{note}");
        self.notes.push(note);
    }
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let met = match self.met {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        write!(
            out,
            "| {} | {} | {} | {} | {} | {met} |",
            self.what, self.goal, self.floor, self.octroi, self.figure
        )
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(out, "- {note}")?;
        }
        writeln!(
            out,
            "\n| what | must reach | floor | octroi | reached | met |"
        )?;
        writeln!(out, "|---|---|---|---|---|---|")?;
        self.lines
            .iter()
            .try_for_each(|line| writeln!(out, "{line}"))
    }
}

/// The middle of some figures.
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() % 2 {
        0 if middle == 0 => f64::NAN,
        0 => f64::midpoint(figures[middle - 1], figures[middle]),
        _ => figures[middle],
    }
}

/// The middle of some times.
pub fn median_time(times: impl IntoIterator<Item = Duration>) -> Duration {
    let seconds = median(times.into_iter().map(|time| time.as_secs_f64()));
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// A time with three digits and the unit that fits.
pub fn time(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    match us {
        _ if us < 1.0 => format!("{:.0} ns", us * 1e3),
        _ if us < 100.0 => format!("{us:.2} us"),
        _ if us < 1e3 => format!("{us:.0} us"),
        _ if us < 1e5 => format!("{:.2} ms", us / 1e3),
        _ if us < 1e6 => format!("{:.0} ms", us / 1e3),
        _ => format!("{:.2} s", us / 1e6),
    }
}

/// So many a second.
pub fn rate(per_second: f64) -> String {
    format!("{per_second:.0}/s")
}
