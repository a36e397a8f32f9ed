//! A difference in words: for a terminal, for a pull request, for programs.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use indexmap::IndexMap;
use serde_json::{Value, json as value};

use super::{Diff, Effect, Fact, MemberChange, Presence, RoleChange, Turned};
use crate::document::to_text;
use crate::model::Id;
use crate::rights::{Atom, Item, Reach, Row, in_words};

/// Holders of a role that are named one by one; of more a number is said.
const NAMES_MAX: usize = 8;
/// Rows of a Markdown table that are not folded.
const ROWS_OPEN: usize = 12;

/// Items of one kind on one line.
struct Line {
    mark: char,
    types: String,
    actions: String,
    before: String,
    after: String,
    keys: Vec<(Id, Id)>,
}

/// A mark, actions, and what was and is.
type Change = (char, String, String, String);

impl Line {
    fn change(&self) -> String {
        match self.mark {
            '+' => self.after.clone(),
            '-' => format!("was {}", self.before),
            _ => format!("{} -> {}", self.before, self.after),
        }
    }

    fn word(&self) -> &'static str {
        word(self.mark)
    }
}

fn word(mark: char) -> &'static str {
    match mark {
        '+' => "gains",
        '-' => "loses",
        '>' => "wider",
        '<' => "narrower",
        _ => "changed",
    }
}

fn mark(item: &Item) -> char {
    match (
        item.before.is_empty(),
        item.after.is_empty(),
        item.gained,
        item.lost,
    ) {
        (true, _, _, _) => '+',
        (_, true, _, _) => '-',
        (_, _, true, false) => '>',
        (_, _, false, true) => '<',
        _ => '~',
    }
}

/// What was and what is. Where the entry names the same places and these reach elsewhere, that is told.
fn words(item: &Item) -> (String, String) {
    let (before, mut after) = (in_words(&item.before), in_words(&item.after));
    if before == after {
        let (old, new) = (atoms(&item.before), atoms(&item.after));
        let changes = [
            ("with", new.difference(&old)),
            ("without", old.difference(&new)),
        ];
        for (word, atoms) in changes {
            let names: Vec<String> = atoms.map(|atom| name_of(atom)).collect();
            if !names.is_empty() {
                let _ = write!(after, " ({word} {})", names.join(", "));
            }
        }
    }
    (before, after)
}

fn atoms(rows: &[Row]) -> BTreeSet<&Atom> {
    let atoms = rows.iter().filter_map(|row| match &row.reach {
        Reach::Every(atoms) | Reach::Any(atoms) => Some(atoms),
        Reach::Tenant | Reach::Entry(_) => None,
    });
    atoms.flatten().collect()
}

fn name_of(atom: &Atom) -> String {
    match atom {
        Atom::SubAccount(id) => id.to_string(),
        Atom::Team(id) => format!("the team {id}"),
        Atom::Owner(id) => format!("what {id} owns"),
        Atom::Record(kind, id) => format!("{kind} {id}"),
    }
}

/// Members for whom something changes one way.
#[derive(Default)]
struct Counted<'d> {
    surely: BTreeSet<(&'d Id, &'d Id)>,
    all: BTreeSet<(&'d Id, &'d Id)>,
}

impl<'d> Counted<'d> {
    fn add(&mut self, surely: bool, tenant: &'d Id, account: &'d Id) {
        if surely {
            self.surely.insert((tenant, account));
        }
        self.all.insert((tenant, account));
    }

    /// Those of whom only conditions know.
    fn possibly(&self) -> usize {
        self.all.len() - self.surely.len()
    }
}

/// How many members gain, lose, and may: where a condition is written otherwise, only that knows.
struct Affected {
    gain: usize,
    may_gain: usize,
    lose: usize,
    may_lose: usize,
}

impl Diff {
    /// Items with the same change on one line: actions of a type, then types with the same actions.
    fn lines(&self, application: &Id, items: &[Item]) -> Vec<Line> {
        let mut by_type: IndexMap<(Id, char, String, String), Vec<Id>> = IndexMap::new();
        for item in items {
            let (before, after) = words(item);
            let key = (item.kind.clone(), mark(item), before, after);
            by_type.entry(key).or_default().push(item.action.clone());
        }
        let mut lines: IndexMap<Change, Vec<(Id, Vec<Id>)>> = IndexMap::new();
        for ((kind, mark, before, after), actions) in by_type {
            let known = self.vocabulary.get(&(application.clone(), kind.clone()));
            let names = match known.is_some_and(|known| known.len() == actions.len()) {
                true => "every action".to_owned(),
                false => join(&actions),
            };
            let key = (mark, names, before, after);
            lines.entry(key).or_default().push((kind, actions));
        }
        let all = self
            .vocabulary
            .keys()
            .filter(|(of, _)| of == application)
            .count();
        let line = |((mark, actions, before, after), kinds): (_, Vec<(Id, Vec<Id>)>)| {
            let names: Vec<Id> = kinds.iter().map(|(kind, _)| kind.clone()).collect();
            let keys = kinds.iter().flat_map(|(kind, actions)| {
                actions.iter().map(|action| (kind.clone(), action.clone()))
            });
            Line {
                mark,
                types: match names.len() == all {
                    true => "every type".to_owned(),
                    false => join(&names),
                },
                actions,
                before,
                after,
                keys: keys.collect(),
            }
        };
        let mut lines: Vec<Line> = lines.into_iter().map(line).collect();
        let order = |line: &Line| "+>~<-".find(line.mark);
        lines.sort_by_key(order);
        lines
    }

    /// How many members gain and lose something.
    fn affected(&self) -> Affected {
        let (mut gain, mut lose) = (Counted::default(), Counted::default());
        let mut count = |items: &[Item], tenant, account| {
            for item in items {
                if item.gained {
                    gain.add(item.surely_gains(), tenant, account);
                }
                if item.lost {
                    lose.add(item.surely_loses(), tenant, account);
                }
            }
        };
        for role in &self.roles {
            for (tenant, account) in &role.holders {
                count(&role.items, tenant, account);
            }
        }
        for member in &self.members {
            count(&member.items, &member.tenant, &member.account);
        }
        for reached in &self.reached {
            let side = if reached.allowed {
                &mut gain
            } else {
                &mut lose
            };
            side.add(true, &reached.tenant, &reached.account);
        }
        Affected {
            gain: gain.surely.len(),
            may_gain: gain.possibly(),
            lose: lose.surely.len(),
            may_lose: lose.possibly(),
        }
    }

    /// One line that says it all.
    pub fn summary(&self) -> String {
        if self.is_empty() {
            return "no difference: everybody may do what they could".to_owned();
        }
        let affected = self.affected();
        let number = |count: usize, one: &str, many: &str| {
            format!("{count} {}", if count == 1 { one } else { many })
        };
        let mut parts = Vec::new();
        for (surely, possibly, one, many, word) in [
            (
                affected.gain,
                affected.may_gain,
                "member gains",
                "members gain",
                "gain",
            ),
            (
                affected.lose,
                affected.may_lose,
                "member loses",
                "members lose",
                "lose",
            ),
        ] {
            if surely > 0 || possibly == 0 {
                parts.push(number(surely, one, many));
            }
            if possibly > 0 {
                let member = if possibly == 1 { "member" } else { "members" };
                parts.push(match surely {
                    0 => format!("{possibly} {member} may {word}"),
                    _ => format!("{possibly} more may {word}"),
                });
            }
        }
        if !self.roles.is_empty() {
            parts.push(number(
                self.roles.len(),
                "role is different",
                "roles are different",
            ));
        }
        if !self.facts.is_empty() {
            parts.push(number(
                self.facts.len(),
                "declaration is different",
                "declarations are different",
            ));
        }
        if !self.cases.is_empty() {
            parts.push(number(
                self.cases.len(),
                "test case turns",
                "test cases turn",
            ));
        }
        let word = if self.widens() {
            "widening"
        } else {
            "no widening"
        };
        format!("{word}: {}", parts.join(", "))
    }

    /// How many holders of a role have what changes by it listed by member, because more changes for them.
    fn listed_below(&self, change: &RoleChange) -> usize {
        let is_said_there = |member: &MemberChange| {
            let mut roles = self.roles.iter();
            change.tenant.is_none()
                && roles.any(|other| {
                    other.tenant.as_ref() == Some(&member.tenant) && other.role == change.role
                })
        };
        let changes_so = |member: &MemberChange| {
            let mut items = member.items.iter();
            items.any(|item| {
                let mut by_role = change.items.iter();
                by_role.any(|by_role| {
                    (&by_role.kind, &by_role.action) == (&item.kind, &item.action)
                        && (by_role.gained && item.gained || by_role.lost && item.lost)
                })
            })
        };
        let members = self.members.iter().filter(|member| {
            member.application == change.application
                && change
                    .tenant
                    .as_ref()
                    .is_none_or(|tenant| *tenant == member.tenant)
                && member.roles.contains(&change.role)
                && !is_said_there(member)
                && changes_so(member)
        });
        members.count()
    }

    fn cases_of(&self, lines: &[Line]) -> Vec<&Turned> {
        let keys: BTreeSet<&(Id, Id)> = lines
            .iter()
            .filter(|line| line.mark == '~')
            .flat_map(|line| &line.keys)
            .collect();
        let is_of = |case: &&Turned| keys.contains(&(case.kind.clone(), case.action.clone()));
        self.cases.iter().filter(is_of).collect()
    }
}

fn join(ids: &[Id]) -> String {
    let names: Vec<&str> = ids.iter().map(|id| &**id).collect();
    names.join(", ")
}

fn title(change: &RoleChange) -> String {
    let whose = match &change.tenant {
        Some(tenant) => format!("{tenant} ({})", change.application),
        None => change.application.to_string(),
    };
    let state = match change.presence {
        Presence::Added => ", which is new",
        Presence::Removed => ", which is gone",
        Presence::Kept => "",
    };
    format!("{whose}: role {}{state}", change.role)
}

/// `for 3 members: boutiques-durand marc, nina; ...`.
fn holders(diff: &Diff, change: &RoleChange) -> String {
    let count = change.holders.len();
    let below = diff.listed_below(change);
    let members = |count: usize| if count == 1 { "member" } else { "members" };
    if count == 0 {
        return match below {
            0 => "nobody's rights change by it now".to_owned(),
            _ => format!("for {below} {}, listed by member below", members(below)),
        };
    }
    let mut by_tenant: IndexMap<&Id, Vec<&str>> = IndexMap::new();
    for (tenant, account) in change.holders.iter().take(NAMES_MAX) {
        by_tenant.entry(tenant).or_default().push(account);
    }
    let named = by_tenant
        .into_iter()
        .map(|(tenant, accounts)| format!("{tenant} {}", accounts.join(", ")));
    let named: Vec<String> = named.collect();
    let more = match count.saturating_sub(NAMES_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let below = match below {
        0 => String::new(),
        _ => format!("; and for {below} listed by member below"),
    };
    let word = members(count);
    format!("for {count} {word}: {}{more}{below}", named.join("; "))
}

fn entries(change: &MemberChange) -> String {
    let words = |entries: &[String]| match entries {
        [] => "no member".to_owned(),
        entries => entries.join(" + "),
    };
    match change.before == change.after {
        true => words(&change.after),
        false => format!("{} -> {}", words(&change.before), words(&change.after)),
    }
}

/// Members of a tenant with the same entries before and after, and the same changes, together.
fn grouped(diff: &Diff) -> Vec<(Vec<&MemberChange>, Vec<Line>)> {
    let mut groups: IndexMap<(Id, String, Vec<String>), Vec<&MemberChange>> = IndexMap::new();
    let mut lines_of = Vec::new();
    for change in &diff.members {
        let lines = diff.lines(&change.application, &change.items);
        let shown = lines.iter().map(|line| {
            let change = line.change();
            format!("{} {} {} {change}", line.mark, line.types, line.actions)
        });
        let key = (change.tenant.clone(), entries(change), shown.collect());
        let group = groups.entry(key).or_default();
        if group.is_empty() {
            lines_of.push(lines);
        }
        group.push(change);
    }
    groups.into_values().zip(lines_of).collect()
}

fn names(changes: &[&MemberChange]) -> String {
    let accounts: Vec<Id> = changes
        .iter()
        .take(NAMES_MAX)
        .map(|change| change.account.clone())
        .collect();
    match changes.len().saturating_sub(NAMES_MAX) {
        0 => join(&accounts),
        more => format!("{} and {more} more", join(&accounts)),
    }
}

fn fact(fact: &Fact) -> String {
    let whose = match &fact.tenant {
        Some(tenant) => tenant,
        None => &fact.application,
    };
    format!("{whose}: {}", fact.text)
}

fn fact_mark(effect: Effect) -> char {
    match effect {
        Effect::Gain => '+',
        Effect::Loss => '-',
        Effect::Either => '~',
        Effect::Neutral => ' ',
    }
}

/// A case by its title and its question; one without a title by its question.
fn asked(case: &Turned) -> String {
    match case.is_named {
        true => format!("\"{}\" ({})", case.name, case.question),
        false => case.question.clone(),
    }
}

fn place_and_question(case: &Turned) -> String {
    match case.is_named || case.question != case.name {
        true => format!("{}: {}", case.place, case.question),
        false => case.place.clone(),
    }
}

fn turn(case: &Turned) -> String {
    let word = |allowed| if allowed { "allow" } else { "deny" };
    format!(
        "{} ({}) -> {} ({})",
        word(!case.allowed),
        case.before,
        word(case.allowed),
        case.after
    )
}

/// For people at a terminal.
pub fn human(diff: &Diff) -> String {
    let mut text = diff.summary() + "\n";
    for fact in &diff.facts {
        let _ = write!(text, "\n{} {}", fact_mark(fact.effect), self::fact(fact));
    }
    if !diff.facts.is_empty() {
        text.push('\n');
    }
    for change in &diff.roles {
        let _ = writeln!(text, "\n{}\n  {}", title(change), holders(diff, change));
        human_lines(
            diff,
            &diff.lines(&change.application, &change.items),
            &mut text,
        );
    }
    for (changes, lines) in grouped(diff) {
        let Some(first) = changes.first() else {
            continue;
        };
        let (tenant, names) = (&first.tenant, names(&changes));
        let _ = writeln!(text, "\n{tenant}: {names}\n  {}", entries(first));
        if lines.is_empty() {
            text.push_str("  may do what it could\n");
        }
        human_lines(diff, &lines, &mut text);
    }
    if !diff.reached.is_empty() {
        text.push_str("\nwhat stands elsewhere now, and who reaches it\n");
        for reached in &diff.reached {
            let mark = if reached.allowed { '+' } else { '-' };
            let _ = writeln!(
                text,
                "  {mark} {}: {} {} {} {}",
                reached.tenant, reached.account, reached.action, reached.kind, reached.id
            );
        }
    }
    if !diff.cases.is_empty() {
        text.push_str("\ntest cases that turn\n");
        for case in &diff.cases {
            let _ = writeln!(
                text,
                "  {} - {}: {}\n    {}",
                case.suite,
                case.name,
                turn(case),
                place_and_question(case)
            );
        }
    }
    text
}

fn human_lines(diff: &Diff, lines: &[Line], text: &mut String) {
    for line in lines {
        let _ = writeln!(
            text,
            "  {} {}: {}  [{}]",
            line.mark,
            line.types,
            line.actions,
            line.change()
        );
    }
    for case in diff.cases_of(lines) {
        let _ = writeln!(text, "    turns the case {}: {}", asked(case), turn(case));
    }
}

/// A code span: what stands in it is no Markdown, mentions nobody, and does not end a table's cell.
pub(crate) fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    let text = text.replace('|', "\\|").replace(['\n', '\r'], " ");
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A table; a long one is folded.
fn table(title: &str, head: &[&str], rows: &[Vec<String>], text: &mut String) {
    if rows.is_empty() {
        return;
    }
    let folded = rows.len() > ROWS_OPEN;
    let _ = match folded {
        true => writeln!(
            text,
            "\n<details><summary>{title}: {} rows</summary>\n",
            rows.len()
        ),
        false => writeln!(text, "\n#### {title}\n"),
    };
    let _ = writeln!(text, "| {} |", head.join(" | "));
    let _ = writeln!(text, "|{}", "---|".repeat(head.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    if folded {
        text.push_str("\n</details>\n");
    }
}

/// To be posted on a pull request.
pub fn markdown(diff: &Diff) -> String {
    let sign = if diff.widens() {
        ":warning:"
    } else {
        ":white_check_mark:"
    };
    let mut text = format!("{sign} **octroi diff** {}\n", diff.summary());
    let line_rows = |lead: [String; 2], lines: Vec<Line>| -> Vec<Vec<String>> {
        let row = |line: Line| {
            let mut row = lead.to_vec();
            row.extend([
                format!("**{}**", line.word()),
                code(&line.types),
                code(&line.actions),
                code(&line.before),
                code(&line.after),
            ]);
            row
        };
        lines.into_iter().map(row).collect()
    };
    let mut roles = Vec::new();
    for change in &diff.roles {
        let lead = [code(&title(change)), code(&holders(diff, change))];
        let lines = diff.lines(&change.application, &change.items);
        match lines.is_empty() {
            true => {
                let empty = std::iter::repeat_n(String::new(), 5);
                roles.push(lead.into_iter().chain(empty).collect());
            }
            false => roles.extend(line_rows(lead, lines)),
        }
    }
    let columns = ["", "type", "actions", "before", "after"];
    let head = |lead: [&'static str; 2]| -> Vec<&str> { lead.into_iter().chain(columns).collect() };
    table("By role", &head(["role", "members"]), &roles, &mut text);
    let mut members = Vec::new();
    for (changes, lines) in grouped(diff) {
        let Some(first) = changes.first() else {
            continue;
        };
        let lead = [
            format!("{} {}", code(&first.tenant), code(&names(&changes))),
            code(&entries(first)),
        ];
        match lines.is_empty() {
            true => {
                let empty = std::iter::repeat_n(String::new(), 4);
                let row = lead.into_iter().chain(["the same".to_owned()]).chain(empty);
                members.push(row.collect());
            }
            false => members.extend(line_rows(lead, lines)),
        }
    }
    table(
        "By member",
        &head(["member", "entries"]),
        &members,
        &mut text,
    );
    let reached = diff.reached.iter().map(|reached| {
        let word = if reached.allowed { "gains" } else { "loses" };
        vec![
            format!("{} {}", code(&reached.tenant), code(&reached.account)),
            format!("**{word}**"),
            code(&format!(
                "{} {} {}",
                reached.action, reached.kind, reached.id
            )),
        ]
    });
    let reached: Vec<Vec<String>> = reached.collect();
    table(
        "What stands elsewhere now, and who reaches it",
        &["member", "", "what"],
        &reached,
        &mut text,
    );
    let facts = diff.facts.iter().map(|fact| {
        let word = match fact.effect {
            Effect::Gain => "**widens**",
            Effect::Loss => "narrows",
            Effect::Either => "**may widen**",
            Effect::Neutral => "",
        };
        vec![word.to_owned(), code(&self::fact(fact))]
    });
    let facts: Vec<Vec<String>> = facts.collect();
    table("What is declared", &["", "what"], &facts, &mut text);
    let cases = diff.cases.iter().map(|case| {
        let name = format!("{} - {}", case.suite, case.name);
        vec![
            code(&name),
            code(&case.question),
            turn(case),
            code(&case.place),
        ]
    });
    let cases: Vec<Vec<String>> = cases.collect();
    table(
        "Test cases that turn",
        &["case", "question", "answer", "where"],
        &cases,
        &mut text,
    );
    text
}

fn row_json(row: &Row) -> Value {
    let clauses = |denies: bool| -> Vec<Value> {
        let clauses = row.clauses.iter().filter(|clause| clause.denies == denies);
        let one = |clause: &crate::rights::Clause| match &clause.principal {
            Some(principal) => {
                value!({"condition": &*clause.words.written, "principal": &**principal})
            }
            None => value!({"condition": &*clause.words.written}),
        };
        clauses.map(one).collect()
    };
    let mut json = value!({"role": &*row.role, "reach": &*row.label});
    let mut set = |key: &str, value: Value| {
        if let Some(object) = json.as_object_mut() {
            object.insert(key.to_owned(), value);
        }
    };
    for (key, denies) in [("when", false), ("unless", true)] {
        let clauses = clauses(denies);
        if !clauses.is_empty() {
            set(key, clauses.into());
        }
    }
    if let Some(assigns) = &row.assigns {
        set("assigns", assigns.iter().map(|name| &**name).collect());
    }
    if let Some(end) = row.until.and_then(to_text) {
        set("until", end.into());
    }
    if let Some(from) = &row.from {
        set("delegated_by", Value::from(&**from));
    }
    json
}

/// Rows as JSON, for other verbs too.
pub(crate) fn rows_json(rows: &[Row]) -> Value {
    rows.iter().map(row_json).collect()
}

fn items_json(items: &[Item]) -> Value {
    let item = |item: &Item| {
        value!({
            "change": word(mark(item)),
            "widening": item.gained,
            "type": &*item.kind,
            "action": &*item.action,
            "before": rows_json(&item.before),
            "after": rows_json(&item.after),
        })
    };
    items.iter().map(item).collect()
}

/// For programs: everything, members one by one.
pub fn json(diff: &Diff) -> String {
    let effect = |effect| match effect {
        Effect::Gain => "gain",
        Effect::Loss => "loss",
        Effect::Either => "either",
        Effect::Neutral => "none",
    };
    let facts = diff.facts.iter().map(|fact| {
        value!({
            "application": &*fact.application,
            "tenant": fact.tenant.as_deref(),
            "effect": effect(fact.effect),
            "text": fact.text,
        })
    });
    let roles = diff.roles.iter().map(|role| {
        let holders = role.holders.iter();
        let holders =
            holders.map(|(tenant, account)| value!({"tenant": &**tenant, "account": &**account}));
        value!({
            "application": &*role.application,
            "tenant": role.tenant.as_deref(),
            "role": &*role.role,
            "state": match role.presence {
                Presence::Added => "new",
                Presence::Removed => "gone",
                Presence::Kept => "kept",
            },
            "changes": items_json(&role.items),
            "members": holders.collect::<Value>(),
        })
    });
    let members = diff.members.iter().map(|member| {
        value!({
            "application": &*member.application,
            "tenant": &*member.tenant,
            "account": &*member.account,
            "before": member.before,
            "after": member.after,
            "changes": items_json(&member.items),
        })
    });
    let reached = diff.reached.iter().map(|reached| {
        value!({
            "tenant": &*reached.tenant,
            "account": &*reached.account,
            "action": &*reached.action,
            "type": &*reached.kind,
            "id": &*reached.id,
            "allowed": reached.allowed,
        })
    });
    let cases = diff.cases.iter().map(|case| {
        value!({
            "suite": &*case.suite,
            "case": case.name,
            "question": case.question,
            "place": case.place,
            "before": case.before,
            "after": case.after,
            "allowed": case.allowed,
        })
    });
    let affected = diff.affected();
    let [before, after] = &diff.revisions;
    let whole = value!({
        "equal": diff.is_empty(),
        "widening": diff.widens(),
        "summary": {
            "text": diff.summary(),
            "members_gain": affected.gain,
            "members_may_gain": affected.may_gain,
            "members_lose": affected.lose,
            "members_may_lose": affected.may_lose,
        },
        "at": to_text(diff.at),
        "before": {"revision": before},
        "after": {"revision": after},
        "declared": facts.collect::<Value>(),
        "roles": roles.collect::<Value>(),
        "members": members.collect::<Value>(),
        "reached": reached.collect::<Value>(),
        "cases": cases.collect::<Value>(),
    });
    format!("{whole:#}\n")
}
