//! Files that are made to hurt, or are not what they say.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use flate2::{Compress, Compression, FlushCompress, Status};

use crate::{
    pictures::{
        CANARIES, PNG_MAGIC, Picture, RED, RGB_8, RGBA_16, byte, chunk, deflated, png, png_header,
        segment, with_segments,
    },
    program::{Answer, photo},
};

/// Sets the sides in the frame header of a JPEG.
fn with_sides(mut jpeg: Vec<u8>, width: u16, height: u16) -> Vec<u8> {
    let frame = jpeg
        .windows(2)
        .position(|window| window == [0xff, 0xc0])
        .expect("a frame");
    jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    jpeg
}

/// Zlib data of zeros that inflates to `mebibytes`: one compressed block, again and again.
fn bomb(mebibytes: usize) -> Vec<u8> {
    let zeros = vec![0; 1 << 20];
    let mut compress = Compress::new(Compression::best(), false);
    let mut block = Vec::with_capacity(1 << 16);
    let status = compress.compress_vec(&zeros, &mut block, FlushCompress::Full);
    assert!(matches!(status, Ok(Status::Ok)), "a block");
    let mut zlib = vec![0x78, 0xda];
    zlib.write_all(&block.repeat(mebibytes)).expect("memory");
    zlib
}

#[test]
fn pixels_are_counted_before_they_are_decoded() {
    let header = |width, height| {
        [
            PNG_MAGIC,
            &png_header(width, height, RGB_8, false),
            &chunk(*b"IDAT", &deflated(&[0; 64])),
        ]
        .concat()
    };
    for (width, height) in [(60_000, 60_000), (12_001, 1), (1, 12_001), (12_000, 4_200)] {
        let refusal = photo("png", &header(width, height)).refusal();
        assert_eq!(refusal, "too_many_pixels", "{width} by {height}");
    }
    let jpeg = Picture::plain(RED).jpeg();
    for (width, height) in [(65_000, 65_000), (12_001, 8), (12_000, 4_200)] {
        let refusal = photo("jpeg", &with_sides(jpeg.clone(), width, height)).refusal();
        assert_eq!(refusal, "too_many_pixels", "{width} by {height}");
    }
}

#[test]
fn a_bomb_within_the_limits_is_contained() {
    let content = bomb(4096);
    let file = [
        PNG_MAGIC,
        &png_header(12_000, 4_100, RGBA_16, false),
        &chunk(*b"IDAT", &content),
        &chunk(*b"IEND", &[]),
    ]
    .concat();
    let start = Instant::now();
    let answer = photo("png", &file);
    assert!(
        start.elapsed() < Duration::from_mins(1),
        "{:?}",
        start.elapsed()
    );
    assert!(
        !matches!(&answer, Answer::Killed(signal) if *signal != libc::SIGXCPU),
        "{answer:?}"
    );
}

#[test]
fn a_bomb_in_a_color_profile_goes_nowhere() {
    let profile = [b"p\0\0".as_slice(), &bomb(1024)].concat();
    let file = png(
        (64, 48),
        RGB_8,
        false,
        &[chunk(*b"iCCP", &profile)],
        |_, _| RED.to_vec(),
    );
    assert_eq!(photo("png", &file).variants().len(), 3);
}

#[test]
fn a_file_that_is_cut_off_is_refused() {
    let jpeg = Picture::new(900, 700, |x, y| [x, y, x ^ y].map(byte));
    let png = png((90, 70), RGB_8, false, &[], |x, y| {
        vec![0, byte(x), byte(y)]
    });
    for (file_type, file) in [
        ("jpeg", jpeg.jpeg()),
        ("jpeg", jpeg.progressive()),
        ("png", png),
    ] {
        assert_eq!(photo(file_type, &file).variants().len(), 3);
        for part in [10, 30, 50, 70, 90, 98] {
            let cut = &file[..file.len() * part / 100];
            assert_eq!(
                photo(file_type, cut).refusal(),
                "unreadable",
                "{part} % of a {file_type}"
            );
        }
    }
}

#[test]
fn what_is_another_type_is_refused() {
    let gif =
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    let jpeg = Picture::plain(RED).jpeg();
    let png = png((8, 8), RGB_8, false, &[], |_, _| RED.to_vec());
    let behind = |text: &[u8]| [text, &jpeg].concat();
    for (what, file) in [
        ("nothing", Vec::new()),
        ("text", b"Dear homeowner, attached you find".to_vec()),
        ("GIF", gif.to_vec()),
        ("PDF", behind(b"%PDF-1.7\n1 0 obj\n")),
        ("HTML", behind(b"<!doctype html><script>alert(1)</script>")),
        ("ZIP", behind(b"PK\x03\x04")),
        ("an executable", behind(b"\x7fELF\x02\x01\x01")),
    ] {
        assert_eq!(
            photo("jpeg", &file).refusal(),
            "type_mismatch",
            "{what} as JPEG"
        );
        assert_eq!(
            photo("png", &file).refusal(),
            "type_mismatch",
            "{what} as PNG"
        );
    }
    assert_eq!(photo("png", &jpeg).refusal(), "type_mismatch");
    assert_eq!(photo("jpeg", &png).refusal(), "type_mismatch");
    assert_eq!(photo("jpeg", b"\xff\xd8\xff").refusal(), "unreadable");
    assert_eq!(photo("png", PNG_MAGIC).refusal(), "unreadable");
}

#[test]
fn what_hangs_behind_a_photo_is_cut_off() {
    for trailer in [
        b"PK\x03\x04 TRAILER-CANARY".as_slice(),
        b"<html><script>/* TRAILER-CANARY */</script>",
        b"%PDF-1.7 TRAILER-CANARY",
    ] {
        let jpeg = [Picture::plain(RED).jpeg().as_slice(), trailer].concat();
        let png = png((64, 48), RGB_8, false, &[], |_, _| RED.to_vec());
        let png = [png.as_slice(), trailer].concat();
        let mut variants = photo("jpeg", &jpeg).variants();
        variants.extend(photo("png", &png).variants());
        for variant in variants {
            let canary = CANARIES[3];
            assert!(!variant.windows(canary.len()).any(|window| window == canary));
        }
    }
}

#[test]
fn stray_bytes_do_no_harm() {
    let jpeg = Picture::plain(RED).jpeg();
    let stray = [segment(0xfe, b"a comment"), b"stray".to_vec()];
    assert_eq!(
        photo("jpeg", &with_segments(&jpeg, &stray))
            .variants()
            .len(),
        3
    );
    let (pixels, end) = jpeg.split_at(jpeg.len() - 2);
    let before_the_end = [pixels, &[0x11; 40], end].concat();
    assert_eq!(photo("jpeg", &before_the_end).variants().len(), 3);
}

/// Flips bytes all over small files; whatever comes of it must be an answer.
#[test]
fn damage_gives_an_answer() {
    let picture = Picture::new(80, 60, |x, y| [x, y, x + y].map(byte));
    let png = png((80, 60), RGB_8, true, &[], |x, y| vec![1, byte(x), byte(y)]);
    let mut files = 0;
    for (file_type, file) in [
        ("jpeg", picture.jpeg()),
        ("jpeg", picture.progressive()),
        ("png", png),
    ] {
        for at in (2..file.len()).step_by(file.len() / 60) {
            let mut damaged = file.clone();
            damaged[at] ^= 0xff;
            let answer = photo(file_type, &damaged);
            assert!(
                !matches!(answer, Answer::Killed(_)),
                "{file_type} at {at}: {answer:?}"
            );
            files += 1;
        }
    }
    testing::proved(
        "uploads.hostile",
        &format!("{files} damaged photos end no decoder"),
    )
    .expect("a note");
}
