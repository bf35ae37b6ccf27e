//! Values that a program may choke on.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{Rng, RngExt as _, seq::IndexedRandom as _};

/// Stands in many texts, so that one that comes back where it must not is known.
pub(crate) const MARK: &str = "zq7x";
/// An element of that name on a page is one that somebody else wrote.
pub(crate) const ELEMENT: &str = "<zq7x";
/// A header of that name is one that somebody else wrote.
pub(crate) const HEADER: &str = "x-zq7x";

/// Longer than any text may be, and less than a request may hold.
const LONG: usize = 100_000;

const TEXTS: &[&str] = &[
    "",
    " ",
    "\0",
    "zq7x\0zq7x",
    "\u{202e}zq7x\u{202c}\u{2066}",
    "z\u{200b}q\u{200d}7\u{feff}x",
    "\u{1}\u{7}\u{8}\u{1b}[31mzq7x\u{7f}\u{85}\u{2028}",
    "\u{fffd}\u{fffe}\u{ffff}\u{10ffff}",
    "ﷺ𝕫𝕢𝟟𝕩ẞİı",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "zq7x\r\nx-zq7x: 1\r\n\r\n<zq7x>",
    "\"><zq7x onload=1>",
    "'; drop table zq7x; --",
    "' or '1'='1",
    "{{7*7}}${7*7}<%=7*7%>#{7*7}",
    "%00%0d%0a%c0%ae%n%s",
    "../../../../../etc/passwd",
    "..\\..\\zq7x",
    "file:///etc/passwd",
    "javascript:zq7x()",
    "null",
    "undefined",
    "NaN",
    "-1",
    "0",
    "00",
    "1e309",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "0x7fffffff",
    "1,000.00",
    "٣٤",
    "true",
    "[]",
    "{\"zq7x\":[{}]}",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "{0192f3a4-0000-7000-8000-000000000000}",
    "urn:uuid:0192f3a4-0000-7000-8000-000000000000",
    "0192F3A400007000800000000000000",
    "2026-02-30",
    "0000-01-01",
    "-9999-01-01",
    "9999-12-31",
    "99999-12-31",
    "2026-11-25T10:00:00+25:00",
    "UTC",
    "Etc/GMT+12",
    "posix/UTC",
    "../UTC",
    "<+14>-14",
    "a@b",
    "\"zq7x zq7x\"@example.com",
    "zq7x@example.com\nbcc: zq7x@example.com",
    "zq7x@xn--zq7x-.example",
    "zq7x@münchen.example",
    "USD\0",
    "usd",
    "#1f5b4",
    "#GGGGGG",
    "#1f5b4b;}",
    "127.0.0.1",
    "::ffff:198.51.100.7",
    "fe80::1%eth0",
    "198.51.100.0/24",
    "alder.localhost",
    "xn--zq7x",
    "con.jpg",
    "zq7x.jpg\0.svg",
    "image/svg+xml; zq7x=\"",
    "eyJhIjoxfQ",
    "bnVsbA",
];

/// Not UTF-8: a byte that never is, a NUL in two bytes, half a pair of UTF-16, a sign cut off, a sign beyond the last.
const NO_TEXTS: &[&[u8]] = &[
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"zq7x\xe2\x82",
    b"\xf4\x90\x80\x80",
];

const NUMBERS: &[i64] = &[
    0,
    1,
    -1,
    2,
    7,
    99,
    100,
    101,
    255,
    256,
    320,
    640,
    999,
    1_000,
    1_001,
    65_535,
    65_536,
    1 << 20,
    (1 << 20) + 1,
    40 << 20,
    (40 << 20) + 1,
    2_147_483_647,
    2_147_483_648,
    -2_147_483_648,
    -2_147_483_649,
    4_294_967_295,
    253_402_300_799,
    253_402_300_800,
    -62_135_596_801,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
];

/// A text, or bytes in the place of one.
pub(crate) fn text(random: &mut impl Rng) -> Vec<u8> {
    match random.random_range(0..20) {
        0..12 => one_of(random, TEXTS).as_bytes().to_vec(),
        12 => one_of(random, NO_TEXTS).to_vec(),
        13 => {
            let size = random.random_range(0..40);
            bytes(random, size)
        }
        14 => signs(random, 40).into_bytes(),
        15 => long(random).into_bytes(),
        // around the lengths that rules speak of
        16 => {
            let most = one_of(
                random,
                &[40, 50, 100, 128, 200, 254, 500, 1_000, 2_000, 5_000],
            );
            let length = random.random_range(most - 1..=most + 1);
            one_of(random, &["z", "ß", "𝕫"]).repeat(length).into_bytes()
        }
        17 => format!("z{}", "\u{301}".repeat(random.random_range(1..2_000))).into_bytes(),
        18 => random.random::<i64>().to_string().into_bytes(),
        _ => URL_SAFE_NO_PAD.encode(one_of(random, TEXTS)).into_bytes(),
    }
}

/// A number.
pub(crate) fn number(random: &mut impl Rng) -> i64 {
    if random.random_ratio(4, 5) {
        one_of(random, NUMBERS)
    } else {
        random.random()
    }
}

/// Bytes without any sense.
pub(crate) fn bytes(random: &mut impl Rng, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    random.fill_bytes(&mut bytes);
    bytes
}

/// A very long text.
pub(crate) fn long(random: &mut impl Rng) -> String {
    let piece = one_of(
        random,
        &[
            "z",
            "zq7x ",
            "<zq7x>",
            "\u{202e}",
            "\0",
            "👩‍👧",
            "a@",
            "/",
            "[",
            "%",
        ],
    );
    piece.repeat(random.random_range(LONG / 10..LONG) / piece.len())
}

/// What a list goes on with, in the place of what it gave: the keys of a row, with one of them replaced.
pub(crate) fn page_token(random: &mut impl Rng, known: &[String]) -> Vec<u8> {
    let keys = known
        .choose(random)
        .and_then(|token| URL_SAFE_NO_PAD.decode(token).ok())
        .and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok());
    let Some(mut keys) = keys else {
        return text(random);
    };
    let mut leaves = Vec::new();
    collect_leaves(&mut keys, &mut leaves);
    if !leaves.is_empty() {
        let place = random.random_range(0..leaves.len());
        *leaves[place] = if random.random_bool(0.5) {
            number(random).into()
        } else {
            String::from_utf8_lossy(&text(random)).into()
        };
    }
    URL_SAFE_NO_PAD.encode(keys.to_string()).into_bytes()
}

fn collect_leaves<'a>(
    value: &'a mut serde_json::Value,
    leaves: &mut Vec<&'a mut serde_json::Value>,
) {
    match value {
        serde_json::Value::Array(items) => {
            for item in items {
                collect_leaves(item, leaves);
            }
        }
        serde_json::Value::Object(items) => {
            for item in items.values_mut() {
                collect_leaves(item, leaves);
            }
        }
        leaf => leaves.push(leaf),
    }
}

/// Signs from everywhere in Unicode.
fn signs(random: &mut impl Rng, most: usize) -> String {
    let length = random.random_range(0..=most);
    (0..length).map(|_| random.random::<char>()).collect()
}

/// One of several.
pub(crate) fn one_of<T: Copy>(random: &mut impl Rng, values: &[T]) -> T {
    *values.choose(random).expect("there are values")
}
