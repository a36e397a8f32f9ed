//! What types and actions are called in Cedar: read once, when an application is compiled.

use std::collections::HashMap;

use cedar_policy::{EntityId, EntityTypeName, EntityUid};

use crate::model::{Application, Id, ResourceType};

/// The names of an application.
#[derive(Debug)]
pub(super) struct Names {
    account: EntityTypeName,
    kinds: Vec<KindNames>,
}

/// The names of a resource type.
#[derive(Debug)]
pub(super) struct KindNames {
    entity: EntityTypeName,
    group: EntityUid,
    actions: HashMap<Id, EntityUid>,
}

impl Names {
    /// The names of an application's types; nothing if one is no name, which the compiler sees to.
    pub(super) fn of(application: &Application) -> Option<Self> {
        let action: EntityTypeName = "Action".parse().ok()?;
        let kinds = application.types.values();
        Some(Self {
            account: "Account".parse().ok()?,
            kinds: kinds
                .map(|kind| KindNames::of(kind, &action))
                .collect::<Option<_>>()?,
        })
    }

    /// The type of accounts.
    pub(super) fn account(&self) -> &EntityTypeName {
        &self.account
    }

    /// The names of a type.
    pub(super) fn kind(&self, index: usize) -> Option<&KindNames> {
        self.kinds.get(index)
    }
}

impl KindNames {
    fn of(kind: &ResourceType, action: &EntityTypeName) -> Option<Self> {
        let uid = |id: &str| EntityUid::from_type_name_and_id(action.clone(), EntityId::new(id));
        let actions = kind.actions.iter();
        Some(Self {
            entity: kind.cedar_name.parse().ok()?,
            group: uid(&kind.name),
            actions: actions
                .map(|name| (name.clone(), uid(&format!("{}.{name}", kind.name))))
                .collect(),
        })
    }

    /// The type of its entities.
    pub(super) fn entity(&self) -> &EntityTypeName {
        &self.entity
    }

    /// The group of its actions.
    pub(super) fn group(&self) -> &EntityUid {
        &self.group
    }

    /// One of its actions.
    pub(super) fn action(&self, name: &str) -> Option<&EntityUid> {
        self.actions.get(name)
    }
}
