//! A naive model of the policy language: each rule is written down as the language page says it,
//! with no regard for speed, to be compared with the real compiler on random questions.
//!
//! [`World::random`] and [`Question::random`] make policies and questions from a seed,
//! [`render::render`] writes the policies as YAML and Cedar, [`Question::to_json`] the question as an AuthZEN
//! request, and [`decide`] says what the answer must be.
#![expect(
    elided_lifetimes_in_paths,
    reason = "plain reading matters more here than lifetimes"
)]

pub mod cond;
pub mod conditions;
pub mod decide;
pub mod delegation_type;
pub mod delegations;
pub mod generate;
pub mod generate_app;
pub mod generate_built_in;
pub mod generate_cond;
pub mod generate_delegations;
pub mod generate_fit;
pub mod generate_question;
pub mod generate_raw;
pub mod generate_request;
pub mod generate_tenant;
pub mod generate_values;
pub mod members;
pub mod membership;
pub mod perturb;
pub mod perturb_request;
pub mod places;
pub mod question;
pub mod raw;
pub mod render;
pub mod render_raw;
pub mod request;
pub mod role_assign;
pub mod rules;
pub mod scopes;
pub mod typing;
pub mod value;
pub mod which_tenant;
pub mod world;
pub mod yaml;

pub use decide::{Decision, decide};
pub use question::Question;
pub use render::render;
pub use world::World;
