//! Values and entities, made without the engine's parsers and without computing the closure of a hierarchy that is known
//! to be flat.

use std::collections::HashSet;
use std::sync::LazyLock;

use cedar_policy::{Entities, EntityId, EntityTypeName, EntityUid};
use cedar_policy_core::ast::{self, ExtensionFunction, PartialValue};
use cedar_policy_core::entities::{NoEntitiesSchema, TCComputation};
use cedar_policy_core::extensions::Extensions;

use super::{Refused, refused};
use crate::document::to_text;
use crate::value::Typed;

/// A value.
pub type Value = ast::Value;

/// Attributes by name.
pub type Attributes = Vec<(String, Value)>;

/// A text.
pub fn text(text: &str) -> Value {
    Value::from(text)
}

/// True or false.
pub fn flag(flag: bool) -> Value {
    Value::from(flag)
}

/// A set of texts; one that comes twice is in it once.
pub fn texts<'t>(items: impl IntoIterator<Item = &'t str>) -> Value {
    Value::set_of_lits(items.into_iter().map(ast::Literal::from), None)
}

/// A record.
pub fn record(fields: Attributes) -> Value {
    Value::record(fields, None)
}

/// A value of a declared type.
pub fn typed<S: AsRef<str>>(value: &Typed<S>) -> Result<Value, Refused> {
    match value {
        Typed::String(value) => Ok(text(value.as_ref())),
        Typed::Long(value) => Ok(Value::from(*value)),
        Typed::Bool(value) => Ok(flag(*value)),
        Typed::StringSet(items) => Ok(texts(items.iter().map(AsRef::as_ref))),
        Typed::LongSet(items) => {
            let items = items.iter().map(|item| ast::Literal::from(*item));
            Ok(Value::set_of_lits(items, None))
        }
        Typed::Datetime(value) => datetime(*value),
        Typed::Decimal(value) => constructed(&DECIMAL, value.as_ref()),
        Typed::Ipaddr(value) => constructed(&IP, value.as_ref()),
    }
}

/// A moment, in milliseconds since 1970.
pub fn datetime(millis: i64) -> Result<Value, Refused> {
    let text = to_text(millis).ok_or_else(|| refused("a moment is out of range"))?;
    constructed(&DATETIME, &text)
}

/// A constructor of an extension type; nothing if the engine does not know it.
type Constructor = LazyLock<Option<&'static ExtensionFunction>>;

static DATETIME: Constructor = LazyLock::new(|| constructor("datetime"));
static DECIMAL: Constructor = LazyLock::new(|| constructor("decimal"));
static IP: Constructor = LazyLock::new(|| constructor("ip"));

fn constructor(name: &str) -> Option<&'static ExtensionFunction> {
    Extensions::all_available().func(&name.parse().ok()?).ok()
}

/// A value of an extension type, which the engine knows how to read.
fn constructed(constructor: &Constructor, written: &str) -> Result<Value, Refused> {
    let constructor = constructor.ok_or_else(|| refused("the engine lacks an extension type"))?;
    match constructor.call(&[text(written)]).map_err(refused)? {
        PartialValue::Value(value) => Ok(value),
        PartialValue::Residual(_) => Err(refused("a value that is not known yet")),
    }
}

/// The name of an entity.
pub fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

/// An entity within some groups, none of which lies in another.
pub fn entity(uid: EntityUid, attributes: Attributes, groups: Vec<EntityUid>) -> ast::Entity {
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
pub fn entities(entities: Vec<ast::Entity>) -> Result<Entities, Refused> {
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
