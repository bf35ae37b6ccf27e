//! Bodies of forms: the fields of a page, with wrong values or in a wrong shape.

use integration_tests::form::{Field, Form};
use rand::{Rng, RngExt as _};

use super::target::percent_encoded;
use crate::values::{self, one_of};

const BOUNDARY: &str = "between-two-fields";

/// What is sent, and what it is called.
pub(crate) struct Body {
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

impl Body {
    /// A form, as it is sent as a rule: text, or with files.
    pub(crate) fn of(random: &mut impl Rng, form: &Form) -> Self {
        // which way it goes is the page's to say, but nobody is bound to that
        let is_other_way = random.random_ratio(1, 12);
        if form.has_files ^ is_other_way {
            Self::with_files(random, form)
        } else {
            Self::of_text(random, form)
        }
    }

    /// A file by itself, as a script sends it.
    pub(crate) fn file(random: &mut impl Rng) -> Self {
        let size = one_of(random, &[0, 1, 1_000, 100_000, 3 << 20]);
        let kinds = [
            "image/jpeg",
            "image/svg+xml",
            "application/x-www-form-urlencoded",
            "zq7x",
        ];
        Self {
            content_type: Some(one_of(random, &kinds).to_owned()),
            bytes: values::bytes(random, size),
        }
    }

    fn of_text(random: &mut impl Rng, form: &Form) -> Self {
        let fields = dented(random, &form.fields);
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| {
                format!(
                    "{}={}",
                    percent_encoded(name.as_bytes()),
                    percent_encoded(value)
                )
            })
            .collect();
        let mut bytes = pairs.join("&").into_bytes();
        match random.random_range(0..40) {
            0 => bytes.extend_from_slice(&b"&zq7x=1".repeat(5_000)),
            1 => bytes.extend_from_slice(format!("&zq7x={}", "z".repeat(1 << 20)).as_bytes()),
            2 => bytes.extend_from_slice(format!("&a{}=1", "[b]".repeat(10_000)).as_bytes()),
            3 => bytes.extend_from_slice(b"&%&=&%zz=%&&+=+&\xff\xc0\x80=\0"),
            4 => {
                let place = random.random_range(0..=bytes.len());
                bytes.truncate(place);
            }
            5 => bytes = [bytes.as_slice(), b"&", bytes.as_slice()].concat(),
            _ => {}
        }
        let kinds = [
            "application/x-www-form-urlencoded; charset=utf-16",
            "application/json",
            "text/plain",
            "zq7x/\"",
            "",
        ];
        let content_type = if random.random_ratio(1, 20) {
            one_of(random, &kinds)
        } else {
            "application/x-www-form-urlencoded"
        };
        Self {
            content_type: Some(content_type.to_owned()),
            bytes,
        }
    }

    fn with_files(random: &mut impl Rng, form: &Form) -> Self {
        let mut bytes = Vec::new();
        for (name, value) in dented(random, &form.fields) {
            let is_file = form
                .fields
                .iter()
                .any(|field| field.name == name && field.kind == "file");
            part(&mut bytes, &name, is_file.then_some("site.jpg"), &value);
        }
        let mut boundary = format!("boundary={BOUNDARY}");
        match random.random_range(0..16) {
            0 => {
                for number in 0..5_000 {
                    part(&mut bytes, &format!("zq7x{number}"), None, b"z");
                }
            }
            1 => {
                for number in 0..200 {
                    part(&mut bytes, "photos", Some(&format!("{number}.jpg")), b"zq7x");
                }
            }
            2 => part(&mut bytes, "logo", Some("../../zq7x\0.svg"), &values::bytes(random, 3 << 20)),
            3 => part(&mut bytes, &"z".repeat(100_000), Some(&"z".repeat(100_000)), b"z"),
            4 => {
                let inner = format!("content-type: multipart/mixed; boundary={BOUNDARY}\r\n\r\n--{BOUNDARY}\r\n");
                bytes.extend_from_slice(format!("--{BOUNDARY}\r\n{}", inner.repeat(500)).as_bytes());
            }
            5 => bytes.extend_from_slice(format!("--{BOUNDARY}\r\nx-zq7x: {}", "z".repeat(200_000)).as_bytes()),
            6 => bytes.extend_from_slice(format!("--{BOUNDARY}\r\n{}\r\nz\r\n", "x-zq7x: 1\r\n".repeat(5_000)).as_bytes()),
            7 => bytes.extend_from_slice(format!("--{BOUNDARY}\r\ncontent-disposition: form-data\r\n\r\nz\r\n").as_bytes()),
            8 => bytes.extend_from_slice(
                format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=photos; filename*=utf-8''%ff%00\r\ncontent-transfer-encoding: base64\r\ncontent-type: \"\r\n\r\nz\r\n").as_bytes(),
            ),
            9 => bytes = bytes.iter().copied().filter(|byte| *byte != b'\r').collect(),
            10 => {
                let half = bytes.len() / 2;
                bytes.rotate_left(half);
            }
            11 => {
                let wrong = ["", "boundary=", "boundary=\"", "boundary=\0", "zq7x=1"];
                one_of(random, &wrong).clone_into(&mut boundary);
            }
            12 => boundary = format!("boundary={}", "z".repeat(5_000)),
            13 => bytes.clear(),
            _ => {}
        }
        if random.random_ratio(5, 6) {
            bytes.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        }
        Self {
            content_type: Some(format!(
                "multipart/form-data; {}",
                boundary.replace('\0', "%00")
            )),
            bytes,
        }
    }
}

/// The fields with wrong values in one to three of them; the token stays right as a rule, or the form is not read at all.
fn dented(random: &mut impl Rng, fields: &[Field]) -> Vec<(String, Vec<u8>)> {
    let mut filled: Vec<(String, Vec<u8>)> = fields
        .iter()
        .map(|field| (field.name.clone(), usual_value(random, field)))
        .collect();
    if filled.is_empty() {
        return filled;
    }
    for _ in 0..one_of(random, &[0, 1, 1, 1, 2, 3]) {
        let place = random.random_range(0..filled.len());
        let (name, value) = &mut filled[place];
        if name == "csrf" && random.random_ratio(9, 10) {
            continue;
        }
        *value = values::text(random);
    }
    if random.random_ratio(1, 10) {
        filled.remove(random.random_range(0..filled.len()));
    }
    filled
}

fn usual_value(random: &mut impl Rng, field: &Field) -> Vec<u8> {
    match field.kind.as_str() {
        // a form that creates something creates another thing each time
        _ if field.name == "request_id" && random.random_bool(0.8) => {
            service::new_id().to_string().into_bytes()
        }
        // nobody signs in anew, and nobody's password changes: the sessions must live on
        "password" => b"five hammers and no level".to_vec(),
        "email" => format!(
            "person-{}@hostile.example",
            random.random_range(0..1_000_000)
        )
        .into_bytes(),
        "file" => integration_tests::jpeg(),
        "text" | "textarea" if field.value.is_empty() => {
            format!("Words for {}", field.name).into_bytes()
        }
        "number" if field.value.is_empty() => b"60".to_vec(),
        "date" if field.value.is_empty() => b"2026-11-30".to_vec(),
        _ => field.value.clone().into_bytes(),
    }
}

fn part(bytes: &mut Vec<u8>, name: &str, file: Option<&str>, value: &[u8]) {
    bytes.extend_from_slice(
        format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"").as_bytes(),
    );
    if let Some(file) = file {
        bytes.extend_from_slice(
            format!("; filename=\"{file}\"\r\ncontent-type: image/jpeg").as_bytes(),
        );
    }
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes.extend_from_slice(value);
    bytes.extend_from_slice(b"\r\n");
}
