//! The portal's addresses, read from its own list of its routes.

use std::collections::{BTreeMap, BTreeSet};

/// Where an address stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// An organization's own host.
    Organization,
    /// The platform's.
    BaseDomain,
}

/// A method that the portal answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads.
    Get,
    /// Sends a form.
    Post,
}

/// One address that the portal answers with one method; its path has a name in braces for each id.
pub type Address = (Host, Method, String);

/// Every address of the portal.
///
/// A router does not tell its routes, so they are read from the text: each function of the file makes one router, and
/// `nest` puts one below a path.
pub fn addresses() -> BTreeSet<Address> {
    let source: String = include_str!("../../services/portal/src/routes.rs")
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let routers: BTreeMap<&str, &str> = source
        .split("\n}\n")
        .filter_map(|function| {
            let (_, function) = function.split_once("fn ")?;
            function.split_once('(')
        })
        .collect();
    let nested: BTreeMap<&str, &str> = routers
        .values()
        .flat_map(|body| calls(body, ".nest("))
        .map(|(path, router)| {
            let name = router.split('(').next().unwrap_or_default();
            (name.trim_matches([',', ' ', '\n']), path)
        })
        .collect();

    let mut addresses = BTreeSet::new();
    for (name, body) in &routers {
        let host = if *name == "base_domain" {
            Host::BaseDomain
        } else {
            Host::Organization
        };
        let prefix = nested.get(name).copied().unwrap_or_default();
        for (path, handlers) in calls(body, ".route(") {
            let full = match path {
                "/" if !prefix.is_empty() => prefix.to_owned(),
                path => format!("{prefix}{path}"),
            };
            let methods = methods(handlers);
            assert!(!methods.is_empty(), "no method of {full} was found");
            addresses.extend(
                methods
                    .into_iter()
                    .map(|method| (host, method, full.clone())),
            );
        }
    }
    assert!(addresses.len() > 90, "the routes were found");
    addresses
}

/// The path of an address with each name in braces replaced.
pub fn path_with(path: &str, value: impl Fn(&str) -> String) -> String {
    let mut full = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').expect("a brace is closed");
        full.push_str(before);
        full.push_str(&value(name));
        rest = after;
    }
    full + rest
}

/// The calls of a method in a text: the path that comes first, and the rest.
fn calls<'a>(text: &'a str, method: &str) -> Vec<(&'a str, &'a str)> {
    text.split(method)
        .skip(1)
        .filter_map(|rest| {
            let mut depth = 1;
            let end = rest.find(|letter| {
                match letter {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                depth == 0
            })?;
            let (_, arguments) = rest[..end].split_once('"')?;
            arguments.split_once('"')
        })
        .collect()
}

/// The methods that handlers such as `get(show).post(send)` are for.
fn methods(handlers: &str) -> Vec<Method> {
    let has = |method: &str| {
        handlers.match_indices(method).any(|(at, _)| {
            let before = handlers[..at].chars().next_back();
            before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_')
        })
    };
    let others = ["put(", "patch(", "delete(", "any("];
    assert!(
        !others.into_iter().any(has),
        "a method that has no rows: {handlers}"
    );
    [("get(", Method::Get), ("post(", Method::Post)]
        .into_iter()
        .filter(|(call, _)| has(call))
        .map(|(_, method)| method)
        .collect()
}
