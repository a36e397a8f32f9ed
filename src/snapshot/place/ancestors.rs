//! What a resource lies in: ancestors that the question names, and those that records name.

use crate::model::{Record, ResourceType};
use crate::snapshot::attributes::{Typing, text};
use crate::snapshot::question::Question;
use crate::snapshot::tenant::CompiledTenant;
use crate::value::{Json, Typed};

/// An ancestor that the question or a record names.
pub(super) struct Ancestor<'q> {
    pub(super) kind: &'q str,
    pub(super) id: &'q str,
    pub(super) record: Option<&'q Record>,
}

/// The ancestors: those that the question names first, nearest first, then those that records name.
pub(super) fn ancestors<'q>(
    question: &'q Question<'_>,
    typing: &'q Typing<'q>,
    tenant: &'q CompiledTenant,
    kind: &'q ResourceType,
) -> Vec<Ancestor<'q>> {
    if kind.ancestors.is_empty() {
        return Vec::new();
    }
    let types = &tenant.model.application.types;
    let named: Vec<(usize, &'q str)> = kind
        .ancestors
        .iter()
        .filter_map(|index| Some((*index, &**types.get_index(*index)?.0)))
        .collect();
    let find = |index: usize, name: &'q str, id: &'q str| Ancestor {
        kind: name,
        id,
        record: tenant
            .model
            .records
            .get(&index)
            .and_then(|records| records.get(id)),
    };
    let mut ancestors = Vec::new();
    let mut by_level: Vec<Option<&'q str>> = Vec::new();
    for (index, name) in &named {
        let said = question.property(name).and_then(Json::as_text);
        by_level.push(said);
        ancestors.extend(said.map(|id| find(*index, name, id)));
    }
    for level in 0..named.len() {
        if by_level.get(level).copied().flatten().is_some() {
            continue;
        }
        let Some((index, name)) = named.get(level).copied() else {
            continue;
        };
        let own = text(&typing.resource, name);
        let below = || {
            let lower = named.iter().zip(&by_level).take(level);
            let mut records =
                lower.filter_map(|((index, name), id)| find(*index, name, (*id)?).record);
            records.find_map(|record| match record.get(name) {
                Some(Typed::String(id)) => Some(&**id),
                _ => None,
            })
        };
        if let Some(id) = own.or_else(below) {
            if let Some(slot) = by_level.get_mut(level) {
                *slot = Some(id);
            }
            ancestors.push(find(index, name, id));
        }
    }
    ancestors
}
