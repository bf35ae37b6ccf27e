//! Headers that are wrong, too many or repeated.

use rand::{Rng, RngExt as _};

use super::request::Request;
use crate::values::{self, HEADER, one_of};

impl Request {
    /// Adds, repeats and floods headers.
    pub(crate) fn change_headers(&mut self, random: &mut impl Rng) {
        match random.random_range(0..14) {
            0 => {
                let many = one_of(random, &[50, 99, 101, 5_000]);
                for number in 0..many {
                    self.set(&format!("x-filler-{number}"), "z");
                }
            }
            1 => self.set(
                "x-filler",
                &"z".repeat(one_of(random, &[10_000, 17_000, 500_000])),
            ),
            2 => self.add("host", b"elsewhere.example"),
            3 => self.headers.retain(|(name, _)| name != "host"),
            4 => {
                let long = "z".repeat(300);
                let hosts: [&[u8]; 18] = [
                    b"",
                    b" ",
                    b"alder.localhost:99999",
                    b"alder.localhost.",
                    b"ALDER.LOCALHOST:",
                    b"zq7x@alder.localhost",
                    b"alder.localhost/zq7x",
                    b"[::1]:80",
                    b"127.0.0.1",
                    b"localhost.elsewhere.example",
                    b"a..localhost",
                    b".localhost",
                    b"-.localhost",
                    b"xn--zq7x.localhost",
                    b"\xff.localhost",
                    b"alder.localhost:zq7x",
                    b"nobody.localhost",
                    long.as_bytes(),
                ];
                let host = one_of(random, &hosts).to_vec();
                self.replace("host", host);
            }
            5 => {
                let cookies: [&[u8]; 10] = [
                    b"session=",
                    b"session=\xff\xfe; theme=dark",
                    b"session=zq7x; session=zq7x; session=zq7x",
                    b"session=%00; browser=%zz",
                    b"browser=; session",
                    b"=;=;=",
                    b"flash=zq7x.zq7x",
                    b"flash=eyJ0b25lIjoib2siLCJ0ZXh0IjoienE3eCJ9.AAAA",
                    b"theme=\"><zq7x>",
                    b"device=zq7x; csrf=zq7x",
                ];
                let cookie = one_of(random, &cookies).to_vec();
                self.replace("cookie", cookie);
            }
            6 => {
                let many: Vec<String> = (0..random.random_range(100..3_000))
                    .map(|number| format!("c{number}=z"))
                    .collect();
                self.add("cookie", many.join("; ").as_bytes());
            }
            7 => {
                let text = values::text(random);
                let line: Vec<u8> = text
                    .into_iter()
                    .filter(|byte| !matches!(byte, b'\r' | b'\n'))
                    .take(5_000)
                    .collect();
                let names = [
                    "user-agent",
                    "referer",
                    "origin",
                    "sec-fetch-site",
                    "accept-language",
                    "accept",
                    "x-forwarded-for",
                    "forwarded",
                    "if-none-match",
                    "traceparent",
                    "tracestate",
                    "baggage",
                    "x-csrf-token",
                    "range",
                    "if-modified-since",
                    "accept-encoding",
                ];
                self.may_go_unanswered = true;
                self.add(one_of(random, &names), &line);
            }
            8 => self.set("expect", one_of(random, &["100-continue", "zq7x"])),
            9 => {
                self.set("upgrade", one_of(random, &["h2c", "websocket", "zq7x"]));
                self.replace("connection", b"upgrade, close".to_vec());
                self.set("http2-settings", "AAMAAABkAAQAAP__");
            }
            10 => self.set(
                "accept-encoding",
                one_of(
                    random,
                    &["gzip;q=zq7x", "*;q=0", "br,zstd,zq7x", "identity;q=0"],
                ),
            ),
            11 => {
                self.set("x-http-method-override", "DELETE");
                self.set("x-original-url", "/office/settings/team");
                self.set("x-forwarded-host", "elsewhere.example");
                self.set("x-forwarded-proto", "zq7x");
            }
            // a line that goes on, a name with a space, a name that is none, a value with a NUL
            12 => {
                let lines: [(&str, &[u8]); 4] = [
                    (HEADER, b"1\r\n 2"),
                    ("x bad", b"1"),
                    ("", b"1"),
                    ("x-nul", b"a\0b"),
                ];
                let (name, value) = one_of(random, &lines);
                self.may_go_unanswered = true;
                self.add(name, value);
            }
            _ => self.set(
                "content-type",
                one_of(
                    random,
                    &[
                        "application/json",
                        "text/plain",
                        "multipart/form-data",
                        "zq7x",
                        "multipart/form-data; boundary=",
                    ],
                ),
            ),
        }
        let size: usize = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        self.may_go_unanswered |= size > 60_000 || self.headers.len() > 99;
    }

    /// Asks for parts of a file.
    pub(crate) fn ask_for_ranges(&mut self, random: &mut impl Rng) {
        let many = "0-,".repeat(2_000);
        let ranges = [
            "bytes=0-0",
            "bytes=0-,0-,0-,0-,0-",
            "bytes=-1",
            "bytes=--1",
            "bytes=9-3",
            "bytes=-0",
            "bytes=0-18446744073709551615",
            "bytes=99999999999999999999-",
            "bytes=",
            "bytes",
            "zq7x=0-1",
            "bytes=0-1,zq7x",
            "bytes= 0 - 1 ",
            &format!("bytes={many}"),
        ];
        self.set("range", one_of(random, &ranges));
        if random.random_bool(0.3) {
            self.set(
                "if-range",
                one_of(random, &["\"zq7x\"", "W/\"zq7x\"", "zq7x"]),
            );
        }
    }
}
