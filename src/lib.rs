//! Octroi: the authorization sidecar for accounts inside accounts.
//!
//! A policy folder of YAML declares applications, tenants, sub-accounts, teams, roles, members and guests. It is
//! compiled into Cedar policies, held as one immutable [`Snapshot`](snapshot::Snapshot), and asked over HTTP in the
//! OpenID AuthZEN protocol. Data flows one way, and every arrow is a module:
//!
//! ```text
//! files -> source -> document -> model -> compile -> snapshot -> decision
//!          text      what was    what it  Cedar      slices,     explain: why
//!          and       written,    means,   policies   members     suite: the authors' tests
//!          spans     with spans  resolved and schema             server: HTTP
//! ```
//!
//! # The map
//!
//! | module | what it does | what it must not know |
//! |---|---|---|
//! | [`clock`] | what time it is | |
//! | [`maps`] | maps of names, with a quick hash | |
//! | [`parallel`] | the same work on every core, results in order | |
//! | [`source`] | reads a folder, or a git revision, within limits; places ([`Span`](source::Span)) and the revision | YAML |
//! | [`diagnostic`] | findings, their codes and what these mean; text, JSON and SARIF for them | where they come from |
//! | [`document`] | what one YAML document says: shapes checked, names as written | other documents |
//! | [`value`] | JSON as it arrives, and values of declared types | rules |
//! | [`model`] | what the documents mean: every name resolved, or it does not exist | Cedar |
//! | [`engine`] | the engine's inside: values without its parsers, conditions without its entities | questions |
//! | [`compile`] | what is asked for each rule and type, and its Cedar policy; strict validation, places for errors | questions |
//! | [`snapshot`] | the compiled whole: which policies a question needs, where things stand, the decision | YAML, HTTP |
//! | [`explain`] | the reason in a sentence, the rules with `file:line` | HTTP |
//! | [`search`] | who may, what one may, on what: every candidate asked as a question | HTTP |
//! | [`rights`] | what a role or a member may do, taken apart into rows that compare | YAML, HTTP |
//! | [`diff`] | who gains and who loses what between two snapshots | where they come from |
//! | [`authzen`] | what the bodies of AuthZEN requests ask | how it is decided |
//! | [`suite`] | runs `tests` documents; which rules they exercise, and whether they notice another rule | output formats |
//! | [`pipeline`] | the one way from files to a snapshot | who asked for it |
//! | [`changes`] | what a reload changed, in brief | what is decided |
//! | [`metrics`] | every metric, resolved to handles once | requests |
//! | [`reload`] | watches the folder; the only writer of the published snapshot | HTTP |
//! | [`server`] | decision and admin listeners | YAML, Cedar |
//! | [`cli`] | one file a verb | |
//!
//! # Invariants
//!
//! 1. Only [`source`] reads policy files; everything from [`document`] to [`explain`] is pure and synchronous. The
//!    engine's types stay in [`engine`], [`compile`] and [`snapshot`].
//! 2. A snapshot answers the same question about the same instant the same way, always.
//! 3. Cedar skips a policy whose evaluation errors, so an erroring `forbid` would fail open: any error in a condition
//!    that is evaluated, any unknown name and any ill-typed value denies, with its reason. A condition is evaluated
//!    only where type, action, role and scope of its rule fit already. Principal and resource are always given to the
//!    engine: a `forbid` that looks at a missing one would silently not apply.
//! 4. Every policy has its place in the YAML. What authors wrote passes strict validation at level 1, or there is no
//!    snapshot; what the compiler puts around it is validated by `octroi check`, and by the tests on everything they compile.
//! 5. Slicing changes nothing: a slice decides as all policies do. A test compares them, and both with a naive model
//!    of the language that shares no code with the compiler.
//! 6. Nothing that a question contains grows memory without bound.
//! 7. A remembered decision is what deciding again would say: it is kept by the whole question, compared byte by byte,
//!    for the tenant as it was compiled, between the instants that it was compared with.
//!
//! # How a question is decided
//!
//! Each entry of a member is asked about on its own, since a question is allowed by one entry alone: the principal
//! entity bears what that entry gives (`octroi.entry`), the resource entity where it stands (`octroi.place`), and the
//! policies compare the two. Deny rules look at the roles of all entries. When nothing allows, companion policies
//! without the condition, or without what may be assigned, say how near the nearest grant came.
//!
//! Much of a policy is settled when it is looked up: its type and actions, whose role it is, whom it hits, how far it
//! reaches. Of what is left, an author's condition is evaluated by the engine over the attributes that it reads, as one
//! record; only rules about assigning, and raw Cedar, are asked whole, over entities. That looking up and asking agree
//! is what `decide_unsliced` is for: the engine's word on every policy as a whole, compared in tests.
pub mod authzen;
pub mod changes;
pub mod cli;
pub mod clock;
pub mod compile;
pub mod diagnostic;
pub mod diff;
pub mod document;
pub mod engine;
pub mod explain;
pub mod maps;
pub mod metrics;
pub mod model;
pub mod parallel;
pub mod pipeline;
pub mod reload;
pub mod rights;
pub mod search;
pub mod server;
pub mod snapshot;
pub mod source;
pub mod suite;
pub mod value;
