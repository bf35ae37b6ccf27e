//! Free TCP ports on this machine, and who holds the others.

use std::collections::HashSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

use anyhow::{Context, Result};

/// Below the range from which the kernel takes ports for outgoing connections, so that none of
/// those can be in the way when a port is used a moment after it was chosen.
const CHOICE: std::ops::Range<u16> = 15_000..32_000;

/// A port that nobody uses, never the same twice.
pub fn free() -> Result<u16> {
    static GIVEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    (0..1_000)
        .map(|_| random_port())
        // in this order: to look whether a port is free takes it for a moment from who was given it
        .find(|port| given.insert(*port) && is_free(*port))
        .context("find a free port: 1,000 tries were all taken")
}

/// The port written in `file` if it is free, else another one, which is written there: so
/// addresses stay the same from one start to the next.
pub fn kept(file: &Path) -> Result<u16> {
    let known = fs::read_to_string(file)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .filter(|port| is_free(*port));
    if let Some(port) = known {
        return Ok(port);
    }
    let port = free()?;
    fs::write(file, port.to_string()).with_context(|| format!("write {}", file.display()))?;
    Ok(port)
}

/// `port` if it is free, else the next one that is, and who holds the wanted one.
pub fn at_or_after(port: u16) -> Result<(u16, Option<String>)> {
    if is_free(port) {
        return Ok((port, None));
    }
    let next = (port..=u16::MAX)
        .skip(1)
        .find(|port| is_free(*port))
        .with_context(|| format!("find a free port above {port}"))?;
    Ok((next, Some(holder(port))))
}

/// Who listens on `port`, in words: `java, process 4711`.
pub fn holder(port: u16) -> String {
    find_holder(port).unwrap_or_else(|| "another process, of another user".to_owned())
}

fn find_holder(port: u16) -> Option<String> {
    let sockets = listening_sockets(port);
    let processes = fs::read_dir("/proc").ok()?;
    processes.flatten().find_map(|process| {
        let pid: u32 = process.file_name().to_str()?.parse().ok()?;
        let open_files = fs::read_dir(process.path().join("fd")).ok()?;
        let holds = open_files
            .flatten()
            .filter_map(|file| fs::read_link(file.path()).ok())
            .any(|target| sockets.contains(target.to_string_lossy().as_ref()));
        let name = fs::read_to_string(process.path().join("comm")).ok()?;
        holds.then(|| format!("{}, process {pid}", name.trim()))
    })
}

/// The sockets that listen on `port`, named as links in /proc name them: `socket:[4711]`.
fn listening_sockets(port: u16) -> HashSet<String> {
    const LISTENING: &str = "0A";
    let local_port = format!(":{port:04X}");
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| {
            table
                .lines()
                .skip(1)
                .filter_map(|line| {
                    let fields: Vec<&str> = line.split_whitespace().collect();
                    let listens =
                        fields.get(1)?.ends_with(&local_port) && *fields.get(3)? == LISTENING;
                    let inode = fields.get(9)?;
                    listens.then(|| format!("socket:[{inode}]"))
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn random_port() -> u16 {
    let mut bytes = [0; 2];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    CHOICE.start + u16::from_be_bytes(bytes) % (CHOICE.end - CHOICE.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_its_holder_and_gives_the_next() -> Result<()> {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let wanted = taken.local_addr()?.port();
        let (port, holder) = at_or_after(wanted)?;
        assert!(port > wanted);
        let holder = holder.context("the port is taken")?;
        assert!(
            holder.ends_with(&format!("process {}", std::process::id())),
            "{holder}"
        );
        Ok(())
    }

    #[test]
    fn a_kept_port_stays_while_it_is_free() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("port");
        let first = kept(&file)?;
        assert_eq!(kept(&file)?, first);
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first))?;
        assert_ne!(kept(&file)?, first);
        Ok(())
    }
}
