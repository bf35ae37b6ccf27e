//! Targets that are wrong: the path, or what is asked behind it.

use rand::{Rng, RngExt as _};

use super::request::Request;
use crate::values::{self, one_of};

impl Request {
    /// Writes the path in another way, or puts something else there.
    pub(crate) fn change_target(&mut self, random: &mut impl Rng) {
        let path = String::from_utf8_lossy(&self.target).into_owned();
        let place = random.random_range(0..=path.len());
        let (before, after) = path.split_at(place);
        let pieces: [&[u8]; 24] = [
            b"%2e%2e/",
            b"..%2f",
            b"../",
            b"..;/",
            b"%252e%252e%252f",
            b"%c0%ae%c0%ae/",
            b"%00",
            b"%",
            b"%zz",
            b"%ff",
            b"//",
            b"/./",
            b"\\",
            b"%5c",
            b";zq7x=1",
            b"?",
            b"#",
            b"%0d%0ax-zq7x:%201",
            b"%20",
            b"%e2%80%ae",
            b"{project}",
            b"*",
            b"+",
            b"\xff",
        ];
        self.target = match random.random_range(0..12) {
            0..7 => {
                let piece = one_of(random, &pieces);
                // neither a byte that is no ASCII nor a fragment belongs into a target
                self.may_go_unanswered = matches!(piece, b"\xff" | b"\\" | b"#");
                [before.as_bytes(), piece, after.as_bytes()].concat()
            }
            7 => format!(
                "http://{}{path}",
                one_of(
                    random,
                    &["alder.localhost", "elsewhere.example", "", "[::1"]
                )
            )
            .into_bytes(),
            8 => format!(
                "{path}/{}",
                "z".repeat(one_of(random, &[1_000, 60_000, 500_000]))
            )
            .into_bytes(),
            9 => format!("/{}", "a/".repeat(random.random_range(1..5_000))).into_bytes(),
            10 => one_of(
                random,
                &[
                    "*",
                    "",
                    "/",
                    "//",
                    "?",
                    "alder.localhost:80",
                    "http:",
                    "/.git/config",
                    "/.env",
                ],
            )
            .as_bytes()
            .to_vec(),
            _ => {
                let text = values::text(random);
                self.may_go_unanswered = true;
                [b"/", text.as_slice()].concat()
            }
        };
        self.may_go_unanswered |= !self.target.starts_with(b"/") || self.target.len() > 60_000;
    }

    /// Puts wrong values into the query.
    pub(crate) fn change_query(&mut self, random: &mut impl Rng) {
        // of the portal's own, and others
        let names = [
            "q",
            "status",
            "tag",
            "after",
            "before",
            "about",
            "show",
            "mail",
            "client",
            "edit",
            "audience",
            "phase",
            "trash",
            "next",
            "name",
            "size",
            "request_id",
            "primary",
            "secondary",
            "accent",
            "zq7x",
            "a[b][c]",
            "",
        ];
        let pairs: Vec<String> = (0..random.random_range(1..4))
            .map(|_| {
                let value = values::text(random);
                // a target may have no more
                let value = &value[..value.len().min(10_000)];
                format!("{}={}", one_of(random, &names), percent_encoded(value))
            })
            .collect();
        let mark = if self.target.contains(&b'?') {
            "&"
        } else {
            "?"
        };
        self.target.extend_from_slice(mark.as_bytes());
        self.target.extend_from_slice(pairs.join("&").as_bytes());
        self.may_go_unanswered = self.target.len() > 60_000;
    }
}

/// A value as it stands in a query or a form.
pub(crate) fn percent_encoded(value: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in value {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(*byte));
        } else {
            write!(text, "%{byte:02x}").expect("writing to a string cannot fail");
        }
    }
    text
}
