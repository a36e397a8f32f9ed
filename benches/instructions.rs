//! Instructions of one decision, counted by valgrind's callgrind, against a budget: `cargo bench --bench instructions`.
//!
//! Time on a shared machine says little about a change of a few percent; a count of instructions is nearly the same
//! each time. This program runs itself under callgrind twice, deciding the same questions once and several times, and
//! takes the difference: starting up and compiling the policies cancel out. It ends with an error if a count is above
//! what `benches/budget.txt` allows by more than its tolerance; a count far below should become the new budget.
//!
//! `.ci/run` counts with the profile of the tests, this crate optimised (see there): the release profile would compile
//! the engine once more, for minutes. Counts depend on the profile and a little on the compiler, so compare like with
//! like, and note the compiler in the budget.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench says what it measured"
)]

mod support;

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};

use octroi::authzen::read_evaluation;
use octroi::pipeline;
use octroi::snapshot::{Question, Snapshot};
use octroi::source::Sources;
use support::questions::{Distinct, Mix};
use support::world::World;
use tempfile::TempDir;

const WORLD: World = World {
    tenants: 10,
    members: 50,
    sub_accounts: 5,
};
const NOW: i64 = 1_796_083_200_000;
const QUESTIONS: usize = 250;
const PASSES: usize = 2;
/// The argument that makes this program decide instead of count.
const ROLE: &str = "decide";

/// What is counted.
const COUNTED: [&str; 3] = ["parse", "warm", "cold"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, what, passes] = arguments.as_slice()
        && role == ROLE
    {
        run(what, passes.parse().expect("a number"));
        return ExitCode::SUCCESS;
    }
    let budget = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/budget.txt");
    let budget = fs::read_to_string(budget).expect("the budget");
    let tolerance = read(&budget, "tolerance_percent");
    let mut within = true;
    for what in COUNTED {
        let each = count(what);
        let allowed = read(&budget, what);
        let change = (each / allowed - 1.0) * 100.0;
        let verdict = match change {
            _ if change > tolerance => "TOO MANY",
            _ if change < -tolerance => "fine; lower the budget",
            _ => "fine",
        };
        within &= change <= tolerance;
        println!(
            "{what:>6}: {each:8.0} instructions, budget {allowed:8.0}, {change:+6.1} %: {verdict}"
        );
    }
    match within {
        true => ExitCode::SUCCESS,
        false => {
            eprintln!("a question costs more than benches/budget.txt allows");
            ExitCode::FAILURE
        }
    }
}

/// A figure of the budget: lines of `name = figure`, `#` begins a comment.
fn read(budget: &str, name: &str) -> f64 {
    let lines = budget.lines().filter_map(|line| line.split_once('='));
    let mut named = lines.filter(|(key, _)| key.trim() == name);
    let (_, figure) = named.next().expect("a figure for everything counted");
    figure.trim().parse().expect("a number")
}

/// The instructions of one question: the difference between two runs, by the questions that it comes from.
fn count(what: &str) -> f64 {
    let [once, more] = [1, 1 + PASSES].map(|passes| collected(what, passes));
    (more - once) / (PASSES * QUESTIONS) as f64
}

fn collected(what: &str, passes: usize) -> f64 {
    let folder = TempDir::new().expect("a folder");
    let out = folder.path().join("callgrind.out");
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().expect("this program"))
        .args([ROLE, what, &passes.to_string()])
        .output()
        .expect("valgrind (Debian's package of that name)");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let out = fs::read_to_string(out).expect("callgrind's output");
    let mut totals = out.lines().filter_map(|line| {
        line.strip_prefix("totals: ")
            .or(line.strip_prefix("summary: "))
    });
    let total = totals.next().expect("a total");
    total.trim().parse().expect("a number")
}

/// Asks the questions some times: parses them only, or decides them as the same each time or as ones never asked before.
fn run(what: &str, passes: usize) {
    let compile = || {
        let outcome = pipeline::compile(Sources::from_texts(WORLD.files()), NOW, 1);
        outcome.snapshot.expect("the folder compiles")
    };
    // The snapshot that knows the answers has decided everything once; a cold one has decided nothing.
    let [drawing, snapshot] = [compile(), compile()];
    // As many questions whatever the number of passes, so that drawing them cancels out.
    let (count, distinct) = match what {
        "cold" => (QUESTIONS * (PASSES + 1), Distinct::InWhatDecides),
        _ => (QUESTIONS, Distinct::Naturally),
    };
    let mix = Mix::draw(WORLD, &drawing, NOW, count, distinct, 1);
    eprintln!("{mix}");
    let questions: Vec<Question<'_>> = mix
        .questions
        .iter()
        .map(|asked| read_evaluation(asked.body.as_bytes()).expect("well-formed"))
        .collect();
    if what == "warm" {
        decide(&snapshot, &questions);
    }
    for pass in 0..passes {
        let from = if what == "cold" { pass * QUESTIONS } else { 0 };
        match what {
            "parse" => {
                for asked in &mix.questions {
                    black_box(read_evaluation(black_box(asked.body.as_bytes()))).ok();
                }
            }
            _ => decide(
                &snapshot,
                questions.get(from..from + QUESTIONS).expect("enough"),
            ),
        }
    }
}

fn decide(snapshot: &Snapshot, questions: &[Question<'_>]) {
    for question in questions {
        black_box(snapshot.decide(black_box(question), NOW));
    }
}
