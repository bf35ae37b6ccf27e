//! What can be wrong with a request around its message.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, header};
use rand::{Rng, RngExt as _};

use super::request::{Draft, framed};
use crate::values::{self, one_of};

impl Draft {
    /// Damages the frame around the message.
    pub(super) fn damage_frame(&mut self, random: &mut impl Rng, message: &[u8]) {
        let length = message.len() as u64;
        self.body = match random.random_range(0..12) {
            0 => framed(1, length, message),
            1 => framed(one_of(random, &[2, 7, 128, 255]), length, message),
            2 => framed(0, length.saturating_sub(1), message),
            3 => framed(0, length + 1, message),
            4 => framed(
                0,
                one_of(random, &[1 << 20, 4 << 20, 5 << 20, u32::MAX.into()]),
                message,
            ),
            5 => framed(0, length, message)[..random.random_range(0..5)].to_vec(),
            6 => Vec::new(),
            7 => framed(0, length, message).repeat(2),
            8 => {
                self.breaks_off = true;
                let whole = framed(0, length, message);
                whole[..random.random_range(0..whole.len())].to_vec()
            }
            9 => {
                self.header("grpc-encoding", b"gzip");
                framed(1, 4, b"zq7x")
            }
            10 => {
                let encoding = one_of(random, &["gzip", "deflate", "zstd", "zq7x", "gzip,gzip"]);
                self.header("grpc-encoding", encoding.as_bytes());
                framed(0, length, message)
            }
            _ => {
                let size = random.random_range(0..50);
                values::bytes(random, size)
            }
        };
    }

    /// Changes method, path or headers.
    pub(super) fn make_odd(&mut self, random: &mut impl Rng) {
        match random.random_range(0..7) {
            0 => {
                let method = one_of(
                    random,
                    &[
                        "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "ZQ7X",
                    ],
                );
                *self.parts.method_mut() = Method::from_bytes(method.as_bytes()).expect("a token");
            }
            1 => self.change_path(random),
            2 => {
                let kinds = [
                    "",
                    "text/html",
                    "application/json",
                    "application/grpc+json",
                    "application/grpc-web",
                    "application/grpc; charset=utf-8",
                    "APPLICATION/GRPC",
                    "multipart/form-data; boundary=zq7x",
                ];
                self.parts.headers_mut().remove(header::CONTENT_TYPE);
                self.header("content-type", one_of(random, &kinds).as_bytes());
            }
            3 => self.change_authorization(random),
            4 => {
                let times = [
                    "",
                    "1n",
                    "1u",
                    "1m",
                    "20m",
                    "0S",
                    "0n",
                    "99999999H",
                    "100000000H",
                    "-1S",
                    "1",
                    "S",
                    "1s",
                    "1.5S",
                    " 1S",
                ];
                self.header("grpc-timeout", one_of(random, &times).as_bytes());
            }
            5 => self.add_metadata(random),
            _ => {
                let many = one_of(random, &[50, 200, 2_000]);
                let long = "z".repeat(one_of(random, &[10, 60, 100]));
                for number in 0..many {
                    self.header(&format!("x-filler-{number}"), long.as_bytes());
                }
            }
        }
    }

    fn change_path(&mut self, random: &mut impl Rng) {
        let path = self.parts.uri().path().to_owned();
        let changed = match random.random_range(0..9) {
            0 => format!("{path}x"),
            1 => format!("{path}/"),
            2 => format!("/{path}"),
            3 => path.to_uppercase(),
            4 => "/".to_owned(),
            5 => path.replace('.', "%2e"),
            6 => format!("{path}?zq7x=1"),
            7 => format!("{path}/{}", "z".repeat(10_000)),
            _ => "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo".to_owned(),
        };
        *self.parts.uri_mut() = changed.parse().expect("a path");
    }

    fn change_authorization(&mut self, random: &mut impl Rng) {
        // beside the one that is there, or in its place
        if random.random_bool(0.7) {
            self.parts.headers_mut().remove(header::AUTHORIZATION);
        }
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let claims = r#"{"iss":"identity","iat":0,"exp":99999999999,"tenant":null,"service":"portal","person":null}"#;
        let value = match random.random_range(0..10) {
            0 => String::new(),
            1 => "Bearer".to_owned(),
            2 => "Bearer ".to_owned(),
            3 => format!("Basic {}", part("zq7x:zq7x")),
            4 => format!("Bearer {}", "A".repeat(12_000)),
            5 => format!(
                "Bearer {}.{}.",
                part(r#"{"alg":"none","kid":"zq7x"}"#),
                part(claims)
            ),
            6 => format!(
                "Bearer {}.{}.AA",
                part(r#"{"alg":"HS256","kid":"../zq7x"}"#),
                part(claims)
            ),
            7 => format!(
                "Bearer {}.{}.AA",
                part(r#"{"alg":"EdDSA","kid":null}"#),
                part("[]")
            ),
            8 => format!("Bearer {}", "[".repeat(5_000)),
            _ => {
                self.header("authorization", b"Bearer \xff\xfe");
                return;
            }
        };
        self.header("authorization", value.as_bytes());
    }

    fn add_metadata(&mut self, random: &mut impl Rng) {
        let all: [(&str, &[u8]); 12] = [
            ("grpc-status", b"0"),
            ("grpc-message", b"%zz%00"),
            ("grpc-status-details-bin", b"!!!"),
            ("zq7x-bin", b"not base64"),
            ("tenant", b"00000000-0000-0000-0000-000000000000"),
            ("traceparent", b"00-zq7x-zq7x-zz"),
            (
                "traceparent",
                b"00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-ff",
            ),
            ("tracestate", b"=,=,=;zq7x"),
            ("baggage", b"zq7x=%00"),
            ("grpc-accept-encoding", b"zq7x,,gzip"),
            ("x-forwarded-for", b"198.51.100.7, zq7x"),
            ("content-length", b"7"),
        ];
        let (name, value) = one_of(random, &all);
        self.header(name, value);
        let (name, value) = one_of(random, &all);
        self.header(name, value);
    }
}
