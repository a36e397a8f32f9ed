//! A picture of curves: both axes logarithmic, nothing but lines and text.

use std::fmt::Write as _;

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 112.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 44.0;
const COLOURS: [&str; 4] = ["#1f5fbf", "#c2410c", "#8fb3e6", "#e6b08f"];

/// Points that belong together.
#[derive(Debug)]
pub struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
}

/// Curves between the same axes.
#[derive(Debug)]
pub struct Panel {
    /// Above it.
    pub title: String,
    /// Below the horizontal axis.
    pub across: &'static str,
    /// Beside the vertical one.
    pub up: &'static str,
    /// What it shows.
    pub curves: Vec<Curve>,
}

impl Curve {
    /// A curve without points.
    pub fn new(name: String) -> Self {
        Self {
            name,
            points: Vec::new(),
        }
    }

    /// Adds a point.
    pub fn add(&mut self, x: f64, y: f64) {
        self.points.push((x, y));
    }
}

/// An axis: whole powers of ten around what is shown.
struct Axis {
    from: f64,
    until: f64,
    start: f64,
    end: f64,
}

impl Axis {
    fn around(figures: impl Iterator<Item = f64> + Clone, start: f64, end: f64) -> Self {
        let logs = figures.map(f64::log10);
        let from = logs.clone().fold(f64::INFINITY, f64::min).floor();
        let until = logs.fold(f64::NEG_INFINITY, f64::max).ceil();
        Self {
            from,
            until: until.max(from + 1.0),
            start,
            end,
        }
    }

    fn at(&self, figure: f64) -> f64 {
        let part = (figure.log10() - self.from) / (self.until - self.from);
        self.start + part * (self.end - self.start)
    }

    fn powers(&self) -> impl Iterator<Item = f64> {
        let count = self.until - self.from;
        let from = self.from;
        (0_i32..)
            .map(f64::from)
            .take_while(move |power| *power <= count)
            .map(move |power| 10_f64.powf(from + power))
    }
}

/// The panels side by side, as SVG.
pub fn picture(panels: &[Panel]) -> String {
    let count = u32::try_from(panels.len()).map_or(0.0, f64::from);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{HEIGHT}\" viewBox=\"0 0 {0} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
        WIDTH * count
    );
    for (panel, at) in panels.iter().zip(0_u32..) {
        let _ = writeln!(
            svg,
            "<g transform=\"translate({} 0)\">",
            WIDTH * f64::from(at)
        );
        draw(panel, &mut svg);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw(panel: &Panel, svg: &mut String) {
    let points = || panel.curves.iter().flat_map(|curve| &curve.points);
    let (left, right, top, bottom) = (LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM);
    let across = Axis::around(points().map(|(x, _)| *x), left, right);
    let up = Axis::around(points().map(|(_, y)| *y), bottom, top);
    let _ = writeln!(
        svg,
        "<text x=\"{left}\" y=\"20\" font-weight=\"bold\">{}</text>",
        panel.title
    );
    for x in across.powers() {
        let at = across.at(x);
        let _ = writeln!(
            svg,
            "<path d=\"M{at:.1} {top}V{bottom}\" stroke=\"#ddd\"/><text x=\"{at:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{x}</text>",
            bottom + 16.0
        );
    }
    for y in up.powers() {
        let at = up.at(y);
        let _ = writeln!(
            svg,
            "<path d=\"M{left} {at:.1}H{right}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"end\">{y}</text>",
            left - 6.0,
            at + 4.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n\
         <text transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
        f64::midpoint(left, right),
        HEIGHT - 8.0,
        panel.across,
        f64::midpoint(top, bottom),
        panel.up
    );
    // Names beside the last points, moved apart where they would cover one another.
    let mut taken: Vec<f64> = Vec::new();
    for (curve, colour) in panel.curves.iter().zip(COLOURS.iter().cycle()) {
        let place = |(x, y): &(f64, f64)| (across.at(*x), up.at(*y));
        let line: Vec<String> = curve
            .points
            .iter()
            .map(|point| {
                let (x, y) = place(point);
                format!("{x:.1},{y:.1}")
            })
            .collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            line.join(" ")
        );
        for point in &line {
            let (x, y) = point.split_once(',').unwrap_or_default();
            let _ = writeln!(
                svg,
                "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{colour}\"/>"
            );
        }
        if let Some(last) = curve.points.last() {
            let mut y = place(last).1 + 4.0;
            while taken.iter().any(|other| (other - y).abs() < 13.0) {
                y += 1.0;
            }
            taken.push(y);
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{y:.1}\" fill=\"{colour}\">{}</text>",
                right + 8.0,
                curve.name
            );
        }
    }
}
