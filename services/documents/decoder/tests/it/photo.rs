//! Photos that are accepted, and what becomes of them.

use moxcms::ColorProfile;

use crate::{
    pictures::{
        BLUE, CANARIES, GRAY_8, LIME, PNG_MAGIC, Picture, RED, RGB_8, RGB_16, RGBA_8, RGBA_16, Rgb,
        WHITE, assert_near, chunk, cmyk, deflated, exif, exif_segment, png, png_header,
        profile_segments, quarters, segment, with_segments,
    },
    program::{open, photo},
};

const WIDTH: usize = 800;
const HEIGHT: usize = 600;
const TAKEN: &str = "2026:11:17 14:05:00";

/// What stands in the file so that an upright picture of quarters comes out (Exif 2.32, 4.6.4: where row 0 and column 0 belong).
fn stored(orientation: u16) -> Picture {
    let (right, bottom) = (WIDTH - 1, HEIGHT - 1);
    let upright = |x, y| quarters(WIDTH, HEIGHT, x, y);
    let lying = |color: &dyn Fn(usize, usize) -> Rgb| Picture::new(WIDTH, HEIGHT, color);
    let standing = |color: &dyn Fn(usize, usize) -> Rgb| Picture::new(HEIGHT, WIDTH, color);
    match orientation {
        1 => lying(&upright),
        2 => lying(&|x, y| upright(right - x, y)),
        3 => lying(&|x, y| upright(right - x, bottom - y)),
        4 => lying(&|x, y| upright(x, bottom - y)),
        5 => standing(&|x, y| upright(y, x)),
        6 => standing(&|x, y| upright(right - y, x)),
        7 => standing(&|x, y| upright(right - y, bottom - x)),
        8 => standing(&|x, y| upright(y, bottom - x)),
        _ => panic!("there are eight orientations"),
    }
}

fn assert_quarters(file: &[u8], why: &str) {
    for (found, wanted) in Picture::of_jpeg(file)
        .quarters()
        .into_iter()
        .zip([RED, LIME, BLUE, WHITE])
    {
        assert_near(found, wanted, 6, why);
    }
}

fn assert_clean(file: &[u8]) {
    let words: [&[u8]; 4] = [b"Exif", b"ICC_PROFILE", b"http://ns.adobe.com", b"GPS"];
    for word in CANARIES.into_iter().chain(words) {
        let found = file.windows(word.len()).any(|window| window == word);
        assert!(!found, "{} came through", String::from_utf8_lossy(word));
    }
}

#[test]
fn every_orientation_comes_out_upright() {
    for orientation in 1..=8 {
        let file = with_segments(
            &stored(orientation).jpeg(),
            &[exif_segment(orientation, TAKEN)],
        );
        let answer = photo("jpeg", &file);
        let variants = answer.variants();
        assert_eq!(variants.len(), 3);
        for variant in &variants {
            assert_quarters(variant, &format!("orientation {orientation}"));
        }
        let header = photo("jpeg", &file).header();
        assert_eq!(header["width"], WIDTH);
        assert_eq!(header["height"], HEIGHT);
    }
}

#[test]
fn orientation_can_be_left_alone() {
    let file = with_segments(&stored(1).jpeg(), &[exif_segment(6, TAKEN)]);
    let variants = open(&["photo", "--type", "jpeg", "--upright"], &file).variants();
    assert_quarters(&variants[0], "upright");
}

#[test]
fn sizes_shrink_and_never_grow() {
    for (sides, wanted) in [
        ((2000, 1500), [(320, 240), (640, 480), (1600, 1200)]),
        ((1500, 4000), [(120, 320), (240, 640), (600, 1600)]),
        ((500, 400), [(320, 256), (500, 400), (500, 400)]),
        ((1, 1), [(1, 1), (1, 1), (1, 1)]),
        ((9000, 2), [(320, 1), (640, 1), (1600, 1)]),
    ] {
        let file = Picture::new(sides.0, sides.1, |_, _| BLUE).jpeg();
        let variants = photo("jpeg", &file).variants();
        let found: Vec<_> = variants
            .iter()
            .map(|variant| Picture::of_jpeg(variant))
            .map(|picture| (picture.width, picture.height))
            .collect();
        assert_eq!(found, wanted, "of {sides:?}");
    }
}

#[test]
fn the_header_tells_sizes_and_time() {
    let file = Picture::new(2000, 1000, |_, _| LIME).jpeg();
    let file = with_segments(&file, &[exif_segment(1, TAKEN)]);
    let header = photo("jpeg", &file).header();
    assert_eq!(header["width"], 1600);
    assert_eq!(header["height"], 800);
    assert_eq!(header["taken"], "2026-11-17T14:05:00");
    let sizes: Vec<_> = header["variants"]
        .as_array()
        .expect("variants")
        .iter()
        .map(|variant| (&variant["size"], &variant["width"], &variant["height"]))
        .map(|sides| format!("{sides:?}"))
        .collect();
    assert_eq!(sizes.len(), 3);
    assert!(
        sizes[2].contains("1600") && sizes[2].contains("800"),
        "{sizes:?}"
    );
}

#[test]
fn a_time_that_cannot_be_is_no_time() {
    for text in [
        "0000:00:00 00:00:00",
        "1970:01:01 00:00:00",
        "2026:13:01 10:00:00",
        "2026:02:30 10:00:00",
        "2026:02:20 24:00:00",
        "yesterday",
        "    :  :     :  :  ",
        "9999:01:01 00:00:00",
    ] {
        let file = with_segments(&Picture::plain(RED).jpeg(), &[exif_segment(1, text)]);
        assert!(photo("jpeg", &file).header()["taken"].is_null(), "{text}");
    }
}

#[test]
fn nothing_that_the_camera_knew_comes_through() {
    let comment = segment(0xfe, b"COMMENT-CANARY");
    let xmp = segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x>SERIAL-CANARY</x>");
    let segments = [exif_segment(3, TAKEN), xmp, comment];
    let file = with_segments(&stored(3).jpeg(), &segments);
    for canary in &CANARIES[..3] {
        let is_there = file.windows(canary.len()).any(|window| window == *canary);
        assert!(is_there, "the file holds what is looked for");
    }
    photo("jpeg", &file)
        .variants()
        .iter()
        .for_each(|variant| assert_clean(variant));

    let text = chunk(*b"tEXt", b"Comment\0COMMENT-CANARY");
    let chunks = [text, chunk(*b"eXIf", &exif(3, TAKEN))];
    let right = WIDTH - 1;
    let bottom = HEIGHT - 1;
    let file = png((800, 600), RGB_8, false, &chunks, |x, y| {
        quarters(WIDTH, HEIGHT, right - x, bottom - y).to_vec()
    });
    let variants = photo("png", &file).variants();
    for variant in &variants {
        assert_clean(variant);
        assert_quarters(variant, "a PNG with an orientation");
    }
}

#[test]
fn damaged_metadata_is_no_metadata() {
    let mut damaged = exif_segment(6, TAKEN);
    damaged[12..].fill(0xee);
    let file = with_segments(&stored(1).jpeg(), &[damaged]);
    assert_quarters(&photo("jpeg", &file).variants()[0], "damaged metadata");
}

#[test]
fn every_kind_of_jpeg_is_read() {
    let picture = stored(1);
    assert_quarters(
        &photo("jpeg", &picture.progressive()).variants()[2],
        "progressive",
    );

    let gray = Picture::new(700, 500, |_, _| [120; 3]).gray();
    let variant = &photo("jpeg", &gray).variants()[0];
    assert_near(Picture::of_jpeg(variant).middle(), [120; 3], 3, "gray");

    for color in [RED, LIME, BLUE, WHITE, [200, 100, 50]] {
        let variant = &photo("jpeg", &cmyk(color)).variants()[0];
        assert_near(Picture::of_jpeg(variant).middle(), color, 6, "CMYK");
    }
}

#[test]
fn every_kind_of_png_is_read() {
    let sides = (800, 600);
    let color = |x, y| quarters(WIDTH, HEIGHT, x, y);
    let files = [
        (
            "8 bits",
            png(sides, RGB_8, false, &[], |x, y| color(x, y).to_vec()),
        ),
        (
            "interlaced",
            png(sides, RGB_8, true, &[], |x, y| color(x, y).to_vec()),
        ),
        (
            "16 bits",
            png(sides, RGB_16, false, &[], |x, y| {
                color(x, y).iter().flat_map(|byte| [*byte, 0x77]).collect()
            }),
        ),
        (
            "16 bits with alpha, interlaced",
            png(sides, RGBA_16, true, &[], |x, y| {
                let [red, green, blue] = color(x, y);
                [red, 0, green, 0, blue, 0, 255, 255].to_vec()
            }),
        ),
    ];
    for (kind, file) in files {
        for variant in photo("png", &file).variants() {
            assert_quarters(&variant, kind);
        }
    }
    let gray = png((80, 60), GRAY_8, false, &[], |_, _| vec![77]);
    let variant = &photo("png", &gray).variants()[0];
    assert_near(Picture::of_jpeg(variant).middle(), [77; 3], 3, "gray");
}

#[test]
fn what_is_transparent_is_white() {
    // transparent red above half-transparent blue
    let file = png((64, 48), RGBA_8, false, &[], |_, y| {
        if y < 24 {
            vec![255, 0, 0, 0]
        } else {
            vec![0, 0, 255, 128]
        }
    });
    let found = Picture::of_jpeg(&photo("png", &file).variants()[0]).quarters();
    assert_near(found[0], WHITE, 3, "transparent");
    assert_near(found[2], [127, 127, 255], 6, "half transparent");
}

#[test]
fn an_animation_shows_its_first_frame() {
    let frame = |number: u32| {
        let sides = [number, 64, 48, 0, 0].map(u32::to_be_bytes).concat();
        chunk(*b"fcTL", &[sides.as_slice(), &[0, 1, 0, 10, 0, 0]].concat())
    };
    let pixels = |color: Rgb| {
        let row = [vec![0], color.repeat(64)].concat();
        deflated(&row.repeat(48))
    };
    let file = [
        PNG_MAGIC,
        &png_header(64, 48, RGB_8, false),
        &chunk(*b"acTL", &[2, 0].map(u32::to_be_bytes).concat()),
        &frame(0),
        &chunk(*b"IDAT", &pixels(BLUE)),
        &frame(1),
        &chunk(
            *b"fdAT",
            &[2_u32.to_be_bytes().as_slice(), &pixels(RED)].concat(),
        ),
        &chunk(*b"IEND", &[]),
    ]
    .concat();
    let variant = &photo("png", &file).variants()[0];
    assert_near(Picture::of_jpeg(variant).middle(), BLUE, 4, "first frame");
}

#[test]
fn a_wide_gamut_becomes_srgb() {
    let profile = ColorProfile::new_display_p3().encode().expect("a profile");
    let (wide, srgb): (Rgb, Rgb) = ([200, 100, 60], [215, 93, 47]);
    let plain = Picture::plain(wide).jpeg();
    let found = |file: &[u8]| Picture::of_jpeg(&photo("jpeg", file).variants()[0]).middle();

    assert_near(found(&plain), wide, 4, "without a profile");
    let file = with_segments(&plain, &profile_segments(&profile));
    assert_near(found(&file), srgb, 4, "Display P3");
    let file = with_segments(&plain, &profile_segments(&[0x5a; 300]));
    assert_near(found(&file), wide, 4, "with a broken profile");

    let compressed = [b"p3\0\0", deflated(&profile).as_slice()].concat();
    let file = png(
        (64, 48),
        RGB_8,
        false,
        &[chunk(*b"iCCP", &compressed)],
        |_, _| wide.to_vec(),
    );
    let variant = &photo("png", &file).variants()[0];
    assert_near(
        Picture::of_jpeg(variant).middle(),
        srgb,
        4,
        "Display P3 in a PNG",
    );
}
