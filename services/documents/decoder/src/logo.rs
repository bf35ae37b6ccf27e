//! Logos: PNG and SVG in, PNG with alpha out.

use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{ImageHrefResolver, Options, Tree},
};

use crate::{
    answer::{Answer, Refusal, Variant},
    color,
    photo::Decoded,
    picture::{Alpha, Picture},
    png,
};

/// Twice what a page's head shows, for screens with two pixels in the place of one.
const WIDTH: u16 = 640;
const HEIGHT: u16 = 192;
/// The largest SVG that is read.
pub const MAX_SVG_BYTES: u64 = 1 << 20;

/// Shrinks a PNG into the box of a logo.
pub fn open_png(file: Vec<u8>) -> Result<Answer, Refusal> {
    if !file.starts_with(png::MAGIC) {
        return Err(Refusal::TypeMismatch);
    }
    let Decoded { picture, colors } = png::decode(&file)?;
    drop(file);
    let picture = picture.shrunk(WIDTH.into(), HEIGHT.into(), Alpha::Weighs);
    Ok(answer(&color::to_srgb(picture, &colors)))
}

/// Draws an SVG as large as the box of a logo allows. It has no fonts and no pictures inside, and nothing that it refers to
/// outside of itself is followed.
pub fn open_svg(file: &[u8]) -> Result<Answer, Refusal> {
    let text = str::from_utf8(file).map_err(|_| Refusal::TypeMismatch)?;
    let is_markup = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<');
    if !is_markup || !text.contains("<svg") {
        return Err(Refusal::TypeMismatch);
    }
    let options = Options {
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..Options::default()
    };
    let tree = Tree::from_str(text, &options).map_err(|_| Refusal::Unreadable)?;
    let size = tree.size();
    let scale = (f32::from(WIDTH) / size.width()).min(f32::from(HEIGHT) / size.height());
    let width = pixels(size.width() * scale, WIDTH);
    let height = pixels(size.height() * scale, HEIGHT);
    let mut canvas =
        Pixmap::new(width, height).expect("a box with sides above nothing can be drawn into");
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut canvas.as_mut(),
    );
    let picture = Picture {
        width: width as usize,
        height: height as usize,
        pixels: canvas
            .pixels()
            .iter()
            .map(|pixel| {
                let color = pixel.demultiply();
                [color.red(), color.green(), color.blue(), color.alpha()]
            })
            .collect(),
    };
    Ok(answer(&picture))
}

fn answer(picture: &Picture) -> Answer {
    let variant = Variant::new(WIDTH.into(), picture, picture.png());
    Answer::opened(vec![variant], None)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a conversion that saturates, and is clamped"
)]
fn pixels(side: f32, limit: u16) -> u32 {
    (side.round() as u32).clamp(1, limit.into())
}
