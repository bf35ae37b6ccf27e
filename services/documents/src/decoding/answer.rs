//! The decoder's answer: a line of JSON, then the pictures. Whoever broke in there could write it.

use anyhow::Context as _;
use jiff::civil::DateTime;
use serde::Deserialize;

use super::{Decoded, Refusal, Variant};

/// What the decoder has to answer with for one kind of file.
pub(super) struct Expected {
    /// The sizes, and the box that each fits into.
    variants: &'static [(u16, (u32, u32))],
    magic: &'static [u8],
}

pub(super) const PHOTO: Expected = Expected {
    variants: &[(320, (320, 320)), (640, (640, 640)), (1600, (1600, 1600))],
    magic: b"\xff\xd8\xff",
};
pub(super) const INSPECTED: Expected = Expected {
    variants: &[],
    magic: b"",
};
pub(super) const LOGO: Expected = Expected {
    variants: &[(640, (640, 192))],
    magic: b"\x89PNG\r\n\x1a\n",
};

/// The first line of an answer.
#[derive(Deserialize)]
#[serde(untagged)]
enum Header {
    Refused {
        refused: Refusal,
    },
    Opened {
        width: u32,
        height: u32,
        taken: Option<DateTime>,
        variants: Vec<VariantHeader>,
    },
}

#[derive(Deserialize)]
struct VariantHeader {
    size: u16,
    width: u32,
    height: u32,
    bytes: usize,
}

/// Reads an answer that is exactly what was asked for.
pub(super) fn read(answer: &[u8], expected: &Expected) -> anyhow::Result<Decoded> {
    let line_end = answer
        .iter()
        .position(|byte| *byte == b'\n')
        .context("find the header")?;
    let (line, mut rest) = (&answer[..line_end], &answer[line_end + 1..]);
    let (width, height, taken, headers) =
        match serde_json::from_slice(line).context("read the header")? {
            Header::Refused { refused } => {
                anyhow::ensure!(rest.is_empty(), "something follows a refusal");
                return Ok(Decoded::Refused(refused));
            }
            Header::Opened {
                width,
                height,
                taken,
                variants,
            } => (width, height, taken, variants),
        };
    anyhow::ensure!(
        headers.len() == expected.variants.len(),
        "{} sizes came",
        headers.len()
    );
    let mut variants = Vec::with_capacity(headers.len());
    for (header, (size, (box_width, box_height))) in headers.iter().zip(expected.variants) {
        anyhow::ensure!(header.size == *size, "size {} came", header.size);
        anyhow::ensure!(
            (1..=*box_width).contains(&header.width) && (1..=*box_height).contains(&header.height),
            "size {size} measures {} by {}",
            header.width,
            header.height
        );
        let (bytes, following) = rest
            .split_at_checked(header.bytes)
            .with_context(|| format!("find size {size}"))?;
        anyhow::ensure!(
            bytes.starts_with(expected.magic),
            "size {size} is of another type"
        );
        rest = following;
        variants.push(Variant {
            size: *size,
            width: header.width,
            height: header.height,
            bytes: bytes.to_vec(),
        });
    }
    anyhow::ensure!(rest.is_empty(), "something follows the last size");
    anyhow::ensure!(
        variants
            .last()
            .is_none_or(|largest| (largest.width, largest.height) == (width, height)),
        "{width} by {height} are not the sides of the largest size"
    );
    Ok(Decoded::Image {
        width,
        height,
        taken,
        variants,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(header: &str, pictures: &[&[u8]]) -> Vec<u8> {
        let mut answer = format!("{header}\n").into_bytes();
        answer.extend(pictures.concat());
        answer
    }

    const JPEG: &[u8] = b"\xff\xd8\xff\xd9";
    const GOOD: &str = r#"{"width":1200,"height":1600,"taken":"2026-11-17T14:05:00","variants":[
        {"size":320,"width":240,"height":320,"bytes":4},{"size":640,"width":480,"height":640,"bytes":4},
        {"size":1600,"width":1200,"height":1600,"bytes":4}]}"#;

    fn good() -> String {
        GOOD.replace('\n', "")
    }

    #[test]
    fn an_answer_gives_the_sizes_in_order() {
        let Decoded::Image {
            width,
            height,
            taken,
            variants,
        } = read(&answer(&good(), &[JPEG; 3]), &PHOTO).expect("a good answer")
        else {
            panic!("refused");
        };
        assert_eq!((width, height), (1200, 1600));
        assert_eq!(
            taken,
            Some(jiff::civil::datetime(2026, 11, 17, 14, 5, 0, 0))
        );
        let sizes: Vec<_> = variants.iter().map(|variant| variant.size).collect();
        assert_eq!(sizes, [320, 640, 1600]);
        assert!(variants.iter().all(|variant| variant.bytes == JPEG));
    }

    #[test]
    fn a_refusal_says_why() {
        for (text, refusal) in [
            ("type_mismatch", Refusal::TypeMismatch),
            ("too_many_pixels", Refusal::TooManyPixels),
            ("unreadable", Refusal::Unreadable),
        ] {
            let line = answer(&format!(r#"{{"refused":"{text}"}}"#), &[]);
            assert_eq!(
                read(&line, &PHOTO).expect("a refusal"),
                Decoded::Refused(refusal)
            );
        }
    }

    #[test]
    fn nonsense_is_not_believed() {
        let changed = |from: &str, to: &str| answer(&good().replace(from, to), &[JPEG; 3]);
        let html: &[u8] = b"<htm";
        for (why, answer) in [
            ("nothing", Vec::new()),
            ("no line", b"{}".to_vec()),
            ("no JSON", answer("hello", &[])),
            ("unknown refusal", answer(r#"{"refused":"too_hard"}"#, &[])),
            (
                "a picture after a refusal",
                answer(r#"{"refused":"unreadable"}"#, &[JPEG]),
            ),
            ("too few bytes", answer(&good(), &[JPEG; 2])),
            ("too many bytes", answer(&good(), &[JPEG; 4])),
            ("another type", answer(&good(), &[JPEG, html, JPEG])),
            ("an unknown size", changed(r#""size":640"#, r#""size":641"#)),
            (
                "larger than its box",
                changed(r#""width":240"#, r#""width":321"#),
            ),
            ("no width", changed(r#""width":240"#, r#""width":0"#)),
            (
                "a length that overflows",
                changed(
                    r#""bytes":4},{"size":640"#,
                    r#""bytes":18446744073709551615},{"size":640"#,
                ),
            ),
            (
                "other sides than the largest has",
                changed(
                    r#"{"width":1200,"height":1600,"taken""#,
                    r#"{"width":1600,"height":1200,"taken""#,
                ),
            ),
            ("a time that never was", changed("2026-11-17", "2026-13-17")),
        ] {
            assert!(read(&answer, &PHOTO).is_err(), "{why}");
        }
        assert!(read(&answer(&good(), &[JPEG; 3]), &LOGO).is_err());
    }
}
