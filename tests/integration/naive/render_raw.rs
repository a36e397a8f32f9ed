//! Where the files of raw Cedar lie, and what is in them.

use fastrand::Rng;

use super::raw::RawPolicy;
use super::world::{Application, Tenant, World};

/// True where all documents may lie in one file, whatever raw Cedar there is.
///
/// "an application beside its own tenants: the application's; two applications, or two tenants
/// alone: an error"
pub fn may_be_one_file(world: &World) -> bool {
    let of_tenants = world.tenants.iter().any(|tenant| !tenant.raw.is_empty());
    let of_applications = world.applications.iter().any(|app| !app.raw.is_empty());
    !of_tenants && (!of_applications || world.applications.len() == 1)
}

/// The file that the tenant's document lies in: where raw Cedar belongs to the tenant, in a folder
/// that holds only that tenant's document.
pub fn home_of(tenant: &Tenant, is_flat: bool) -> String {
    let (app, id) = (&tenant.application, &tenant.id);
    if !tenant.raw.is_empty() {
        format!("{app}/tenants/{id}/tenant.yaml")
    } else if is_flat {
        format!("{app}/{id}.yaml")
    } else {
        format!("{app}/tenants/{id}.yaml")
    }
}

/// The `*.cedar` files.
///
/// "It belongs to the application or tenant whose document lies in the same folder or the nearest
/// above"
pub fn files(world: &World, in_one_file: bool, rng: &mut Rng) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for app in &world.applications {
        let folder = if in_one_file {
            String::new()
        } else {
            format!("{}/", app.id)
        };
        add(&mut files, app, &app.raw, &folder, rng);
    }
    for tenant in &world.tenants {
        let folder = format!("{}/tenants/{}/", tenant.application, tenant.id);
        if let Some(app) = world.application(&tenant.application) {
            add(&mut files, app, &tenant.raw, &folder, rng);
        }
    }
    files
}

fn add(
    files: &mut Vec<(String, String)>,
    app: &Application,
    policies: &[RawPolicy],
    folder: &str,
    rng: &mut Rng,
) {
    for policy in policies {
        let name = *rng
            .choice(&["rules.cedar", "rules.cedar", "more.cedar", "raw/deep.cedar"])
            .unwrap_or(&"rules.cedar");
        let name = format!("{folder}{name}");
        let text = policy.cedar(app);
        match files.iter_mut().find(|(other, _)| *other == name) {
            Some((_, whole)) => whole.push_str(&text),
            None => files.push((name, format!("// Made at random.\n{text}"))),
        }
    }
}
