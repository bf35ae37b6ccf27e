//! Decoding PNG.

use std::{borrow::Cow, io::Cursor};

use png::{ColorType, Decoder, DecodingError, InterlaceInfo, Transformations};

use crate::{
    answer::Refusal,
    check_size,
    color::{Colors, Model},
    photo::Decoded,
    picture::{Picture, Pixel},
};

/// The first bytes of every PNG.
pub const MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Decodes the picture, of an animation its first frame, with alpha.
pub fn decode(file: &[u8]) -> Result<Decoded, Refusal> {
    let unreadable = |_: DecodingError| Refusal::Unreadable;
    let mut decoder = Decoder::new(Cursor::new(file));
    decoder.set_transformations(
        Transformations::EXPAND | Transformations::ALPHA | Transformations::STRIP_16,
    );
    decoder.set_ignore_text_chunk(true);
    let header = decoder.read_header_info().map_err(unreadable)?;
    let (width, height) = (header.width as usize, header.height as usize);
    check_size(width, height)?;

    let mut reader = decoder.read_info().map_err(unreadable)?;
    let profile = reader.info().icc_profile.clone().map(Cow::into_owned);
    let is_gray = reader.output_color_type().0 == ColorType::GrayscaleAlpha;
    let mut picture = Picture::new(width, height);
    let mut pixels: Vec<Pixel> = Vec::with_capacity(width);
    let mut lines = 0..;
    while let Some(row) = reader.next_interlaced_row().map_err(unreadable)? {
        pixels.clear();
        if is_gray {
            let (gray, _) = row.data().as_chunks();
            pixels.extend(
                gray.iter()
                    .map(|[gray, alpha]| [*gray, *gray, *gray, *alpha]),
            );
        } else {
            pixels.extend_from_slice(row.data().as_chunks().0);
        }
        match row.interlace() {
            InterlaceInfo::Null(_) => {
                let start = lines.next().unwrap_or_default() * width;
                picture.pixels[start..start + width].copy_from_slice(&pixels);
            }
            InterlaceInfo::Adam7(pass) => png::expand_interlaced_row(
                picture.pixels.as_flattened_mut(),
                width * size_of::<Pixel>(),
                pixels.as_flattened(),
                pass,
                32,
            ),
        }
    }
    Ok(Decoded {
        picture,
        colors: Colors {
            model: Model::Rgb,
            profile,
        },
    })
}
