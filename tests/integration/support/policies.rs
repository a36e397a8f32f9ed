//! A small policy folder: `ana` may read orders of `north`; `ben` may while he is admitted.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

const APPLICATION: &str = "\
application: shop
resources:
  order: {actions: [read]}
roles:
  clerk:
    allow:
      - {resources: [tenant], actions: [enter, update]}
      - {resources: [order], actions: [read]}
";
const ACCOUNTS: &str = "\
accounts_of: shop
accounts:
  ana: {email: ana@shop.example, first_name: Ana, last_name: Abel}
  ben: {email: ben@shop.example, first_name: Ben, last_name: Berg}
";
const TENANT: &str = "\
tenant: north
application: shop
members:
  - {account: ana, role: clerk}
";
const BEN: &str = "  - {account: ben, role: clerk}\n";

pub(crate) struct Policies {
    parent: TempDir,
}

impl Policies {
    pub(crate) fn new() -> Self {
        let parent = TempDir::new().unwrap();
        fs::create_dir(parent.path().join("policies")).unwrap();
        let policies = Self { parent };
        policies.write("application.yaml", APPLICATION);
        policies.write("accounts.yaml", ACCOUNTS);
        policies.write("tenants/north.yaml", TENANT);
        policies
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.parent.path().join("policies")
    }

    /// A place beside the folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.parent.path().join(name)
    }

    /// Writes a file whole, as a careful editor does: beside, then renamed.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let beside = self.beside(".being-written");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, path).unwrap();
    }

    /// Writes a file in place.
    pub(crate) fn overwrite(&self, path: &str, text: &str) {
        fs::write(self.folder().join(path), text).unwrap();
    }

    pub(crate) fn admit_ben(&self, admitted: bool) {
        self.write("tenants/north.yaml", &Self::tenant(admitted));
    }

    pub(crate) fn tenant(ben: bool) -> String {
        format!("{TENANT}{}", if ben { BEN } else { "" })
    }

    /// Another tenant with the same members.
    pub(crate) fn tenant_called(name: &str, ben: bool) -> String {
        Self::tenant(ben).replace("north", name)
    }

    /// A mistake in the tenant's file: an unknown key, on line 3.
    pub(crate) fn break_tenant(&self) {
        let broken = TENANT.replace("members:", "membres:");
        self.write("tenants/north.yaml", &broken);
    }

    pub(crate) fn copy_to(&self, folder: &Path) {
        copy(&self.folder(), folder);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
