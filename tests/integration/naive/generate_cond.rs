//! Random conditions that Cedar's strict validator accepts.

use fastrand::Rng;
use serde_json::json;

use super::cond::{Cond, Literal, Order, Path, Piece, Root, Term};
use super::generate_values::{
    ACCOUNTS, PERSONS, RECORDS, SUB_ACCOUNTS, TEAMS, TEXTS, count_of, literal, percent, pick,
    pick_text,
};
use super::value::Type;
use super::world::Application;

/// An attribute that a condition may read, with its type.
type Readable = (Path, Type);

/// A condition that may be written on a rule about these types.
pub fn condition(rng: &mut Rng, app: &Application, kinds: &[&str]) -> Cond {
    let mut maker = Maker {
        rng,
        readable: readable(app, kinds),
        free: Vec::new(),
        tested: Vec::new(),
    };
    maker.any(2)
}

/// What all of these types have, and the principal and the context.
fn readable(app: &Application, kinds: &[&str]) -> Vec<Readable> {
    let mut all: Vec<Readable> = Vec::new();
    let first = kinds.first().copied().unwrap_or_default();
    for attribute in app.attributes(first) {
        let is_common = kinds.iter().all(|kind| {
            app.attributes(kind)
                .iter()
                .any(|other| other.name == attribute.name)
        });
        if is_common {
            // More than once, so that declared attributes are what conditions read most.
            all.extend(std::iter::repeat_n(
                (Path::new(Root::Resource, &attribute.name), attribute.kind),
                3,
            ));
        }
    }
    for ancestor in app.ancestors(first) {
        if kinds
            .iter()
            .all(|kind| app.ancestors(kind).contains(&ancestor))
        {
            all.push((Path::new(Root::Resource, ancestor), Type::String));
        }
    }
    for name in ["owner", "sub_account", "team", "id"] {
        all.push((Path::new(Root::Resource, name), Type::String));
    }
    for name in ["sub_accounts", "teams"] {
        all.push((Path::new(Root::Resource, name), Type::Strings));
    }
    for name in ["id", "email", "person", "first_name"] {
        all.push((Path::new(Root::Principal, name), Type::String));
    }
    all.push((Path::new(Root::Context, "now"), Type::Datetime));
    let declared = [
        (Root::Principal, &app.account_attributes),
        (Root::Context, &app.context),
        (Root::Action, &app.action_context),
    ];
    for (root, attributes) in declared {
        for attribute in attributes {
            all.push((Path::new(root, &attribute.name), attribute.kind));
        }
    }
    all
}

struct Maker<'a> {
    rng: &'a mut Rng,
    readable: Vec<Readable>,
    /// Read without a `has` test.
    free: Vec<Path>,
    /// Tested with `has`, once, and read only where the test holds.
    tested: Vec<Path>,
}

impl Maker<'_> {
    fn any(&mut self, depth: u32) -> Cond {
        if depth == 0 || percent(self.rng, 45) {
            return self.simple();
        }
        match self.rng.u32(0..10) {
            0..4 => Cond::And(self.boxed(depth), self.boxed(depth)),
            4..7 => Cond::Or(self.boxed(depth), self.boxed(depth)),
            7..9 => Cond::Not(self.boxed(depth)),
            _ => Cond::If(self.boxed(depth), self.boxed(depth), self.boxed(depth)),
        }
    }

    fn boxed(&mut self, depth: u32) -> Box<Cond> {
        Box::new(self.any(depth - 1))
    }

    /// An attribute that may be read without a test.
    fn free_path(&mut self, kind: Option<Type>) -> Option<Readable> {
        let tested = &self.tested;
        let fitting: Vec<Readable> = self
            .readable
            .iter()
            .filter(|(path, of)| !tested.contains(path) && kind.is_none_or(|kind| kind == *of))
            .cloned()
            .collect();
        let found = pick(self.rng, &fitting).cloned()?;
        self.free.push(found.0.clone());
        Some(found)
    }

    /// An attribute that may be missing and that the condition does not name yet.
    fn fresh_path(&mut self) -> Option<Readable> {
        let fitting: Vec<Readable> = self
            .readable
            .iter()
            .filter(|(path, _)| {
                let always = path.name == "id" || path.name == "now";
                let of_file = path.name == "email" || path.name == "first_name";
                !always && !of_file && !self.free.contains(path) && !self.tested.contains(path)
            })
            .cloned()
            .collect();
        let found = pick(self.rng, &fitting).cloned()?;
        self.tested.push(found.0.clone());
        Some(found)
    }

    fn simple(&mut self) -> Cond {
        if percent(self.rng, 25)
            && let Some((path, kind)) = self.fresh_path()
        {
            return self.with_has(path, kind);
        }
        match self.free_path(None) {
            Some((path, kind)) => self.atom(path, kind),
            None => Cond::Same(
                Term::Read(Path::new(Root::Principal, "id")),
                self.lit(Type::String, "id", Root::Principal),
            ),
        }
    }

    fn with_has(&mut self, path: Path, kind: Type) -> Cond {
        let has = Box::new(Cond::Has(path.clone()));
        match self.rng.u32(0..10) {
            0 => *has,
            1 => Cond::Not(has),
            2..6 => Cond::And(has, Box::new(self.atom(path, kind))),
            6..8 => Cond::Not(Box::new(Cond::And(has, Box::new(self.atom(path, kind))))),
            _ => {
                let yes = Box::new(self.atom(path, kind));
                match self.free_path(None) {
                    Some((other, kind)) => Cond::If(has, yes, Box::new(self.atom(other, kind))),
                    None => Cond::And(has, yes),
                }
            }
        }
    }

    /// A comparison of the attribute with a literal or another attribute.
    fn atom(&mut self, path: Path, kind: Type) -> Cond {
        let (root, name) = (path.root, path.name.clone());
        let read = Term::Read(path.clone());
        match kind {
            Type::Bool if percent(self.rng, 60) => Cond::Flag(path),
            Type::Bool => self.equality(read, kind, &name, root),
            Type::String => self.of_string(read, &name, root),
            Type::Long => {
                let left = self.sum(read);
                let right = self.other(kind, &name, root);
                match self.rng.u32(0..10) {
                    0..2 => Cond::Same(left, right),
                    2 => Cond::Different(left, right),
                    _ => Cond::Compare(self.order(), left, right),
                }
            }
            Type::Datetime => {
                let right = self.other(kind, &name, root);
                if percent(self.rng, 15) {
                    Cond::Same(read, right)
                } else {
                    Cond::Compare(self.order(), read, right)
                }
            }
            Type::Decimal => {
                let right = self.other(kind, &name, root);
                if percent(self.rng, 25) {
                    Cond::Same(read, right)
                } else {
                    Cond::Decimals(self.order(), read, right)
                }
            }
            Type::Ipaddr => match self.rng.u32(0..10) {
                0..2 => Cond::IsIpv4(read),
                2..4 => self.equality(read, kind, &name, root),
                _ => Cond::InRange(read, self.other(kind, &name, root)),
            },
            Type::Strings => self.of_set(read, kind, Type::String, &name, root),
            Type::Longs => self.of_set(read, kind, Type::Long, &name, root),
        }
    }

    fn of_string(&mut self, read: Term, name: &str, root: Root) -> Cond {
        match self.rng.u32(0..10) {
            0..2 => Cond::Like(read, self.pattern()),
            2..4 => Cond::Contains(self.lit(Type::Strings, name, root), read),
            _ => self.equality(read, Type::String, name, root),
        }
    }

    fn of_set(&mut self, read: Term, kind: Type, of: Type, name: &str, root: Root) -> Cond {
        match self.rng.u32(0..10) {
            0..5 => Cond::Contains(read, self.other(of, name, root)),
            5..7 => Cond::ContainsAny(read, self.other(kind, name, root)),
            7..9 => Cond::ContainsAll(read, self.other(kind, name, root)),
            _ => self.equality(read, kind, name, root),
        }
    }

    fn equality(&mut self, read: Term, kind: Type, name: &str, root: Root) -> Cond {
        let right = self.other(kind, name, root);
        if percent(self.rng, 70) {
            Cond::Same(read, right)
        } else {
            Cond::Different(read, right)
        }
    }

    /// The Long, or an arithmetic expression of it that overflows now and then.
    fn sum(&mut self, read: Term) -> Term {
        let left = Box::new(read);
        let number = if percent(self.rng, 25) {
            i64::MAX
        } else {
            self.rng.i64(-3..5)
        };
        let right = Box::new(Term::Lit(Literal {
            kind: Type::Long,
            json: json!(number),
        }));
        match self.rng.u32(0..10) {
            0..3 => Term::Add(left, right),
            3 => Term::Sub(left, right),
            4 => Term::Mul(left, right),
            _ => *left,
        }
    }

    fn order(&mut self) -> Order {
        *pick(self.rng, &[Order::Lt, Order::Le, Order::Gt, Order::Ge]).unwrap_or(&Order::Lt)
    }

    fn pattern(&mut self) -> Vec<Piece> {
        let patterns = [
            vec![Piece::Text("a".to_owned()), Piece::Star],
            vec![Piece::Star, Piece::Text("r".to_owned()), Piece::Star],
            vec![Piece::Text("a*b".to_owned())],
            vec![Piece::Star],
            vec![
                Piece::Star,
                Piece::Text("É".to_owned()),
                Piece::Star,
                Piece::Text("é".to_owned()),
            ],
            vec![Piece::Star, Piece::Text("\"\\".to_owned())],
        ];
        pick(self.rng, &patterns).cloned().unwrap_or_default()
    }

    /// A literal, or at times another attribute of the type.
    fn other(&mut self, kind: Type, name: &str, root: Root) -> Term {
        if percent(self.rng, 25)
            && let Some((path, _)) = self.free_path(Some(kind))
            && (path.name != name || path.root != root)
        {
            return Term::Read(path);
        }
        self.lit(kind, name, root)
    }

    /// A literal such as the attribute might have.
    fn lit(&mut self, kind: Type, name: &str, root: Root) -> Term {
        let names: &[&str] = match (root, name) {
            (Root::Resource, "owner") | (Root::Principal, "id") => &ACCOUNTS,
            (_, "sub_account" | "sub_accounts") => &SUB_ACCOUNTS,
            (_, "team" | "teams") => &TEAMS,
            (Root::Principal, "person") => &PERSONS,
            (Root::Resource, name) if !is_declared_name(name) => &RECORDS,
            _ => &TEXTS,
        };
        let json = match kind {
            Type::String => json!(pick_text(self.rng, names)),
            Type::Strings => {
                let count = self.rng.usize(1..4);
                json!(count_of(self.rng, names, count))
            }
            Type::Long => json!(self.rng.i64(-2..9)),
            other => literal(self.rng, other),
        };
        Term::Lit(Literal { kind, json })
    }
}

fn is_declared_name(name: &str) -> bool {
    super::generate_values::OF_RESOURCES
        .iter()
        .any(|(declared, _)| *declared == name)
}
