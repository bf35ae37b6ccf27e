//! Logos.

use std::{fmt::Write as _, io::Cursor, net::TcpListener};

use crate::{
    pictures::{PNG_MAGIC, RGB_8, RGBA_8, chunk, deflated, png, png_header},
    program::{Answer, logo},
};

/// Width, height and pixels of red, green, blue and alpha.
fn read(file: &[u8]) -> (u32, u32, Vec<[u8; 4]>) {
    let mut reader = png::Decoder::new(Cursor::new(file))
        .read_info()
        .expect("a PNG");
    let mut bytes = vec![0; reader.output_buffer_size().expect("a small picture")];
    let info = reader.next_frame(&mut bytes).expect("a picture");
    assert_eq!(info.color_type, png::ColorType::Rgba);
    (info.width, info.height, bytes.as_chunks().0.to_vec())
}

fn drawn(svg: &str) -> (u32, u32, Vec<[u8; 4]>) {
    let variants = logo("svg", svg.as_bytes()).variants();
    assert_eq!(variants.len(), 1);
    read(&variants[0])
}

const NAMESPACES: &str =
    r#"xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink""#;

#[test]
fn a_png_shrinks_into_the_box_and_keeps_its_alpha() {
    let see_through = |_, _| vec![255, 0, 0, 100];
    for (sides, wanted) in [
        ((1280, 300), (640, 150)),
        ((400, 400), (192, 192)),
        ((300, 90), (300, 90)),
    ] {
        let file = png(sides, RGBA_8, false, &[], see_through);
        let answer = logo("png", &file);
        let (width, height, pixels) = read(&answer.variants()[0]);
        assert_eq!((width, height), wanted);
        assert!(
            pixels.iter().all(|pixel| *pixel == [255, 0, 0, 100]),
            "of {sides:?}"
        );
    }
    let header = logo("png", &png((300, 90), RGBA_8, false, &[], see_through)).header();
    assert_eq!(header["variants"][0]["size"], 640);
    assert_eq!(header["variants"][0]["width"], 300);
}

#[test]
fn nothing_of_a_png_but_its_pixels_comes_through() {
    let chunks = [chunk(*b"tEXt", b"Author\0COMMENT-CANARY")];
    let file = png((30, 20), RGB_8, false, &chunks, |_, _| vec![1, 2, 3]);
    let variant = &logo("png", &file).variants()[0];
    assert!(!variant.windows(6).any(|window| window == b"CANARY"));
}

#[test]
fn an_svg_fills_the_box() {
    let svg = format!(
        r##"<?xml version="1.0"?><svg {NAMESPACES} width="20" height="10">
            <rect width="10" height="10" fill="#00ff00"/></svg>"##
    );
    let (width, height, pixels) = drawn(&svg);
    assert_eq!((width, height), (384, 192));
    assert_eq!(pixels[100 * 384 + 50], [0, 255, 0, 255]);
    assert_eq!(pixels[100 * 384 + 300], [0, 0, 0, 0]);
}

#[test]
fn scripts_are_not_run_and_fonts_not_looked_for() {
    let svg = format!(
        r#"<svg {NAMESPACES} viewBox="0 0 640 192" onload="alert(1)"><script>alert(1)</script>
            <foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><iframe src="http://127.0.0.1/"/></body></foreignObject>
            <text x="10" y="50" font-family="Times">Alder Construction</text><rect width="9" height="9" fill="red"/></svg>"#
    );
    let (_, _, pixels) = drawn(&svg);
    assert_eq!(pixels[0], [255, 0, 0, 255]);
}

#[test]
fn nothing_outside_is_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a setting");
    let port = listener.local_addr().expect("an address").port();
    let picture = png((8, 8), RGB_8, false, &[], |_, _| vec![0, 0, 255]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret.png");
    std::fs::write(&path, &picture).expect("room on the disk");
    let path = path.display();
    for reference in [
        format!("http://127.0.0.1:{port}/a.png"),
        format!("file://{path}"),
        path.to_string(),
        "/etc/passwd".to_owned(),
        "data:image/png;base64,iVBORw0KGgo=".to_owned(),
        "data:image/svg+xml;utf8,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E".to_owned(),
    ] {
        let svg = format!(
            r#"<?xml-stylesheet href="{reference}"?><svg {NAMESPACES} viewBox="0 0 640 192">
                <style>@import url("{reference}");</style>
                <filter id="f"><feImage xlink:href="{reference}"/></filter>
                <image xlink:href="{reference}" width="640" height="192"/>
                <use xlink:href="{reference}#x"/><rect width="9" height="9" filter="url({reference}#f)"/></svg>"#
        );
        let (_, _, pixels) = drawn(&svg);
        // of all that is asked for, blue alone could be drawn
        assert!(
            pixels.iter().all(|[_, _, blue, _]| *blue == 0),
            "{reference} was drawn"
        );
    }
    assert!(listener.accept().is_err(), "somebody called");
}

#[test]
fn entities_do_not_explode_and_name_no_files() {
    let mut laughs = String::from(r#"<!DOCTYPE svg [<!ENTITY a0 "ha">"#);
    for level in 1..30 {
        let below = format!("&a{};", level - 1).repeat(10);
        write!(laughs, r#"<!ENTITY a{level} "{below}">"#).expect("memory");
    }
    write!(laughs, "]><svg {NAMESPACES}><g>&a29;</g></svg>").expect("memory");
    assert_eq!(logo("svg", laughs.as_bytes()).refusal(), "unreadable");

    let file = format!(
        r#"<!DOCTYPE svg [<!ENTITY secret SYSTEM "file:///etc/passwd">]><svg {NAMESPACES}><text>&secret;</text></svg>"#
    );
    assert!(!matches!(logo("svg", file.as_bytes()), Answer::Killed(_)));
}

#[test]
fn what_would_take_too_much_is_stopped() {
    let deep = format!("<svg {NAMESPACES}>{}</svg>", "<g>".repeat(100_000));
    let nested = format!(
        "<svg {NAMESPACES}>{}{}</svg>",
        "<g opacity='.5'>".repeat(60_000),
        "</g>".repeat(60_000)
    );
    let circle = format!(
        r##"<svg {NAMESPACES}><g id="a"><use xlink:href="#b"/></g><g id="b"><use xlink:href="#a"/></g></svg>"##
    );
    let mut doubling = format!(r#"<svg {NAMESPACES}><rect id="u0" width="9" height="9"/>"#);
    for level in 1..40 {
        let below = format!(r##"<use xlink:href="#u{}"/>"##, level - 1).repeat(2);
        write!(doubling, r#"<g id="u{level}">{below}</g>"#).expect("memory");
    }
    doubling.push_str("</svg>");
    let long = format!("<svg {NAMESPACES}>{}</svg>", " ".repeat(1 << 20));
    for (what, svg) in [
        ("deep", deep),
        ("nested", nested),
        ("circle", circle),
        ("doubling", doubling),
    ] {
        // ending is what counts: by an answer, or by a limit
        let answer = logo("svg", svg.as_bytes());
        if let Answer::Killed(signal) = answer {
            let limits = [libc::SIGXCPU, libc::SIGABRT, libc::SIGSEGV];
            assert!(limits.contains(&signal), "{what}: signal {signal}");
        }
    }
    assert_eq!(logo("svg", long.as_bytes()).refusal(), "unreadable");
}

#[test]
fn what_is_no_logo_is_refused() {
    for (file_type, file, reason) in [
        ("svg", b"".as_slice(), "type_mismatch"),
        ("svg", b"\x1f\x8b\x08\0\0\0\0\0", "type_mismatch"),
        ("svg", b"<!doctype html><p>hello</p>", "type_mismatch"),
        ("svg", b"<svg", "unreadable"),
        (
            "png",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "type_mismatch",
        ),
    ] {
        assert_eq!(logo(file_type, file).refusal(), reason);
    }
    let bomb = [
        PNG_MAGIC,
        &png_header(60_000, 60_000, RGBA_8, false),
        &chunk(*b"IDAT", &deflated(&[0; 64])),
    ]
    .concat();
    assert_eq!(logo("png", &bomb).refusal(), "too_many_pixels");
}
