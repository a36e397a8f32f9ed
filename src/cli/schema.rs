//! `octroi schema`: the JSON Schema of the YAML.

use super::{Exit, print};

/// Prints the schema.
pub(super) fn run() -> Exit {
    print(&crate::document::json_schema());
    Exit::Success
}
