//! Instructions of one decision, counted by valgrind's callgrind, against a budget: `cargo bench --bench instructions`.
//!
//! Time on a shared machine says little about a change of a few percent; a count of instructions is nearly the same
//! each time. This program runs itself under callgrind, which counts inside [`counted`] alone: neither starting up, nor
//! compiling the policies, nor drawing the questions. It ends with an error if a count is above
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
use octroi::snapshot::Question;
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
const QUESTIONS: usize = 500;
/// The argument that makes this program decide instead of count.
const ROLE: &str = "decide";

/// What is counted.
const COUNTED: [&str; 3] = ["parse", "warm", "cold"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, what] = arguments.as_slice()
        && role == ROLE
    {
        run(what);
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

/// The instructions of one question.
fn count(what: &str) -> f64 {
    let folder = TempDir::new().expect("a folder");
    let out = folder.path().join("callgrind.out");
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg("--toggle-collect=*counted*")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().expect("this program"))
        .args([ROLE, what])
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
    let total: f64 = total.trim().parse().expect("a number");
    assert!(total > 0.0, "callgrind did not find the function");
    total / QUESTIONS as f64
}

/// Parses questions, or decides them for the first time and remembers them, or recalls them.
fn run(what: &str) {
    let sources = Sources::from_texts(WORLD.files());
    let compile = || support::served(pipeline::compile(sources.clone(), NOW, 1));
    // The snapshot that knows the answers has decided everything once; a cold one has decided nothing.
    let [drawing, snapshot] = [compile(), compile()];
    let distinct = match what {
        "cold" => Distinct::InWhatDecides,
        _ => Distinct::Naturally,
    };
    let mix = Mix::draw(WORLD, &drawing, NOW, QUESTIONS, distinct, 1);
    eprintln!("{mix}");
    let bodies = || mix.questions.iter().map(|asked| asked.body.as_bytes());
    let questions: Vec<Question<'_>> = bodies()
        .map(|body| read_evaluation(body).expect("well-formed"))
        .collect();
    let decide = || {
        for (words, question) in bodies().zip(&questions) {
            if let Err(words) = snapshot.recall(words, NOW) {
                black_box(snapshot.decide_and_remember(words, black_box(question), NOW));
            }
        }
    };
    let recall = || {
        for words in bodies() {
            assert!(black_box(snapshot.recall(black_box(words), NOW)).is_ok());
        }
    };
    match what {
        "parse" => counted(|| {
            for body in bodies() {
                black_box(read_evaluation(black_box(body))).ok();
            }
        }),
        "cold" => counted(decide),
        _ => {
            // The first time they are noted, the second time kept; once more for those that were forgotten meanwhile.
            (0..4).for_each(|_| decide());
            counted(recall);
        }
    }
}

/// What callgrind counts, found by its name.
#[inline(never)]
fn counted(work: impl FnOnce()) {
    work();
    // Keeps the call from becoming a jump, after which it would never be seen to return.
    black_box(());
}
