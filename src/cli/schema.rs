//! `octroi schema`: the JSON Schema of the YAML.

use super::{Exit, print};

/// Arguments of `octroi schema`.
#[derive(Debug, clap::Args)]
pub(super) struct SchemaArgs {
    /// Taken as every verb takes it; the schema is the same for all policies
    #[arg(long, value_name = "DIR", env = "OCTROI_POLICIES", hide = true)]
    policies: Option<std::path::PathBuf>,
}

/// Prints the schema.
pub(super) fn run() -> Exit {
    print(&crate::document::json_schema());
    Exit::Success
}
