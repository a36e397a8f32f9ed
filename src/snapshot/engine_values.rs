//! Values and entities as the engine holds them inside, made without its parsers and without computing the closure of a
//! hierarchy that is known to be flat. The one place that knows the engine's inside.

use std::collections::HashSet;

use cedar_policy::{Entities, EntityId, EntityTypeName, EntityUid};
use cedar_policy_core::ast;
use cedar_policy_core::entities::{NoEntitiesSchema, TCComputation};
use cedar_policy_core::evaluator::RestrictedEvaluator;
use cedar_policy_core::extensions::Extensions;

use super::entities::{Refused, refused};
use crate::compile::expression;
use crate::value::Typed;

/// A value.
pub(super) type Value = ast::Value;

/// Attributes by name.
pub(super) type Attributes = Vec<(String, Value)>;

pub(super) fn text(text: &str) -> Value {
    Value::from(text)
}

pub(super) fn flag(flag: bool) -> Value {
    Value::from(flag)
}

/// A set of texts; one that comes twice is in it once.
pub(super) fn texts<'t>(items: impl IntoIterator<Item = &'t str>) -> Value {
    Value::set_of_lits(items.into_iter().map(ast::Literal::from), None)
}

pub(super) fn record(fields: Attributes) -> Value {
    Value::record(fields, None)
}

/// A value of a declared type.
pub(super) fn typed(value: &Typed) -> Result<Value, Refused> {
    Ok(match value {
        Typed::String(value) => text(value),
        Typed::Long(value) => Value::from(*value),
        Typed::Bool(value) => flag(*value),
        Typed::StringSet(items) => texts(items.iter().map(|item| &**item)),
        Typed::LongSet(items) => {
            Value::set_of_lits(items.iter().map(|item| ast::Literal::from(*item)), None)
        }
        // The engine knows how to read its extension types.
        Typed::Datetime(_) | Typed::Decimal(_) | Typed::Ipaddr(_) => {
            let expression = expression(value);
            let evaluator = RestrictedEvaluator::new(Extensions::all_available());
            let expression: &ast::RestrictedExpr = expression.as_ref();
            evaluator
                .interpret(expression.as_borrowed())
                .map_err(refused)?
        }
    })
}

pub(super) fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

/// An entity within some groups, none of which lies in another.
pub(super) fn entity(
    uid: EntityUid,
    attributes: Attributes,
    groups: Vec<EntityUid>,
) -> ast::Entity {
    let attributes = attributes.into_iter();
    ast::Entity::new_with_attr_partial_value(
        uid.into(),
        attributes.map(|(name, value)| (name.into(), value.into())),
        HashSet::new(),
        groups.into_iter().map(Into::into).collect(),
        [],
    )
}

/// The store that a question is evaluated over.
pub(super) fn entities(entities: Vec<ast::Entity>) -> Result<Entities, Refused> {
    let schema: Option<&NoEntitiesSchema> = None;
    cedar_policy_core::entities::Entities::from_entities(
        entities,
        schema,
        TCComputation::AssumeAlreadyComputed,
        Extensions::all_available(),
    )
    .map(Entities::from)
    .map_err(refused)
}
