//! What the policies say that their author probably did not mean.

use super::Model;
use crate::diagnostic::Diagnostics;

/// Reports every warning; `now` is in milliseconds since 1970.
pub fn warn(_model: &Model, _now: i64, _diagnostics: &mut Diagnostics) {}
