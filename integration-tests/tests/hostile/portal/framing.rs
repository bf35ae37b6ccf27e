//! Bodies whose end is not where the headers say.

use rand::{Rng, RngExt as _};

use super::request::Request;
use crate::values::one_of;

impl Request {
    /// Says of its body what is not so, or gives it two ends.
    pub(crate) fn change_framing(&mut self, random: &mut impl Rng) {
        let body = self.body.clone();
        let length = body.len();
        let chunk =
            |body: &[u8]| [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat();
        let with = |lines: String, body: &[u8]| [lines.as_bytes(), b"\r\n", body].concat();
        let chunked = "transfer-encoding: chunked\r\n".to_owned();
        let smuggled = b"0\r\n\r\nGET /zq7x HTTP/1.1\r\nhost: alder.localhost\r\n\r\n";
        let framing = match random.random_range(0..18) {
            0 => with(format!("content-length: {}\r\n", length + 10), &body),
            1 => with(format!("content-length: {}\r\n", length / 2), &body),
            2 => with(
                format!(
                    "content-length: {length}\r\ncontent-length: {}\r\n",
                    length + 1
                ),
                &body,
            ),
            3 => with(
                format!(
                    "content-length: {}\r\n",
                    one_of(
                        random,
                        &[
                            "-1",
                            "zq7x",
                            "",
                            "+5",
                            "0x10",
                            "1e3",
                            "99999999999999999999",
                            "5, 5"
                        ]
                    )
                ),
                &body,
            ),
            4 => with(chunked, &[chunk(&body), b"0\r\n\r\n".to_vec()].concat()),
            5 => with(chunked, &chunk(&body)),
            6 => with(chunked, format!("{:x}\r\nzq7x", length + 100).as_bytes()),
            7 => with(
                chunked,
                one_of(
                    random,
                    &[
                        &b"zq7x\r\n"[..],
                        b"-1\r\n",
                        b"ffffffffffffffffff\r\n",
                        b"\r\n",
                        b"0x1\r\nz\r\n",
                        b"5;zq7x=\"\r\n",
                    ],
                ),
            ),
            8 => with(
                chunked,
                &[
                    b"1;".as_slice(),
                    &vec![b'z'; 100_000],
                    b"\r\nz\r\n0\r\n\r\n",
                ]
                .concat(),
            ),
            9 => with(
                chunked,
                &[
                    chunk(&body),
                    b"0\r\n".to_vec(),
                    b"x-trailer: z\r\n".repeat(5_000),
                    b"\r\n".to_vec(),
                ]
                .concat(),
            ),
            10 => with(
                format!("content-length: {length}\r\n{chunked}"),
                &[chunk(&body), smuggled.to_vec()].concat(),
            ),
            11 => with(format!("{chunked}content-length: 4\r\n"), smuggled),
            12 => with(
                "transfer-encoding: zq7x, chunked\r\n".to_owned(),
                &chunk(&body),
            ),
            13 => with(
                "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n".to_owned(),
                smuggled,
            ),
            14 => with(
                "transfer-encoding:\tchunked\r\ntransfer-encoding : chunked\r\n".to_owned(),
                smuggled,
            ),
            // no end of the headers, nothing but line feeds, nothing at all
            15 => b"x-cut: zq".to_vec(),
            16 => [b"\n".as_slice(), &body].concat(),
            _ => with(String::new(), &body),
        };
        self.version = one_of(
            random,
            &[
                "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9",
                "zq7x", "",
            ],
        );
        self.framing = Some(framing);
        self.may_go_unanswered = true;
        self.ends = true;
    }
}
