//! HEIC, by way of libheif's own program.

use std::{fs, path::Path, process::Command};

use crate::{
    pictures::{BLUE, CANARIES, LIME, Picture, RED, WHITE, assert_near},
    program::{PROGRAM, open},
};

const CORNERS: &[u8] = include_bytes!("../fixtures/corners.heic");

fn convert(input: &Path, output: &Path) -> std::process::Output {
    Command::new(PROGRAM)
        .args(["heic", "--program", "heif-convert", "--input"])
        .arg(input)
        .arg("--output")
        .arg(output)
        .env_clear()
        .output()
        .expect("the decoder starts")
}

#[test]
fn a_heic_becomes_a_photo() {
    let header = open(&["inspect"], CORNERS).header();
    assert_eq!(
        (&header["width"], &header["height"]),
        (&128.into(), &64.into())
    );
    assert_eq!(header["taken"], "2026-11-17T14:05:00");
    assert_eq!(header["variants"], serde_json::json!([]));

    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("in");
    let output = folder.path().join("out.jpg");
    fs::write(&input, CORNERS).expect("room on the disk");
    let converted = convert(&input, &output);
    assert!(converted.status.success(), "{converted:?}");

    let converted = fs::read(&output).expect("a JPEG");
    let variants = open(&["photo", "--type", "jpeg", "--upright"], &converted).variants();
    for variant in &variants {
        let found = Picture::of_jpeg(variant).quarters();
        for (found, wanted) in found.into_iter().zip([RED, LIME, BLUE, WHITE]) {
            assert_near(found, wanted, 12, "a corner");
        }
        for canary in CANARIES {
            assert!(!variant.windows(canary.len()).any(|window| window == canary));
        }
    }
}

#[test]
fn what_is_no_heic_is_refused() {
    let avif = [
        b"\0\0\0\x18ftypavif\0\0\0\0avifmif1".as_slice(),
        &CORNERS[24..],
    ]
    .concat();
    for (what, file) in [
        ("nothing", b"".as_slice()),
        ("a JPEG", &Picture::plain(RED).jpeg()),
        ("AVIF", &avif),
        ("text", b"a letter that is long enough to hold a box"),
    ] {
        assert_eq!(
            open(&["inspect"], file).refusal(),
            "type_mismatch",
            "{what}"
        );
    }
    assert_eq!(open(&["inspect"], &CORNERS[..60]).refusal(), "unreadable");

    let mut huge = CORNERS.to_vec();
    let sides = huge.windows(4).position(|window| window == b"ispe");
    let sides = sides.expect("a size") + 8;
    huge[sides..sides + 4].copy_from_slice(&60_000_u32.to_be_bytes());
    assert_eq!(open(&["inspect"], &huge).refusal(), "too_many_pixels");
}

#[test]
fn a_damaged_heic_is_refused_by_its_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("in");
    fs::write(&input, &CORNERS[..CORNERS.len() / 2]).expect("room on the disk");
    let converted = convert(&input, &folder.path().join("out.jpg"));
    assert_eq!(converted.status.code(), Some(1), "{converted:?}");
}
