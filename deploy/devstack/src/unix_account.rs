//! The account a child runs as: PostgreSQL refuses to run as root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// An entry of the machine's list of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

/// Preferred first: a machine with PostgreSQL installed has an account meant for it.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// The number of the user we run as.
pub fn uid() -> u32 {
    rustix::process::getuid().as_raw()
}

pub fn is_root() -> bool {
    uid() == 0
}

impl Account {
    /// The account PostgreSQL runs as, or none when it can run as ourselves.
    pub fn for_postgres() -> Result<Option<Self>> {
        if !is_root() {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").context("read /etc/passwd")?;
        UNPRIVILEGED
            .iter()
            .find_map(|name| Self::find(&users, name))
            .map(Some)
            .context(
                "PostgreSQL refuses to run as root, and this machine has neither the user \
                 `postgres` nor `nobody`; run devstack as a normal user",
            )
    }

    fn find(users: &str, name: &str) -> Option<Self> {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == name).then_some(())?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self {
                name: name.to_owned(),
                uid,
                gid,
            })
        })
    }

    /// Fails, naming the folder, when this account may not walk to `path`.
    pub fn must_reach(&self, path: &Path) -> Result<()> {
        for folder in path.ancestors().skip(1) {
            let mode = fs::metadata(folder)
                .with_context(|| format!("look at {}", folder.display()))?
                .permissions()
                .mode();
            if mode & 0o001 == 0 {
                bail!(
                    "PostgreSQL runs as the user `{}`, who may not enter {}; choose a data \
                     folder elsewhere, or allow entering with: chmod o+x {}",
                    self.name,
                    folder.display(),
                    folder.display()
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0:root:/root:/bin/bash\n\
                         nobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n";

    #[test]
    fn finds_a_user_by_its_whole_name() {
        let nobody = Account::find(USERS, "nobody").expect("nobody is listed");
        assert_eq!((nobody.uid, nobody.gid), (65534, 65533));
        assert_eq!(Account::find(USERS, "no"), None);
    }
}
