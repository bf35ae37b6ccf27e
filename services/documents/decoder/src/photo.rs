//! Photos.

use crate::{
    PhotoType,
    answer::{Answer, Refusal, Variant},
    color::{self, Colors},
    exif::{self, Orientation},
    jpeg,
    picture::{Alpha, Picture, Pixel},
    png,
};

/// What pages show: in a list, in a feed, alone.
const SIZES: [usize; 3] = [320, 640, 1600];
pub const LARGEST: usize = SIZES[2];
const JPEG_MAGIC: &[u8] = b"\xff\xd8\xff";

/// A picture as it comes out of a codec.
pub struct Decoded {
    /// At least as large as the largest variant, or as large as the original.
    pub picture: Picture,
    pub colors: Colors,
}

/// Makes every size of a photo, each from the next larger one.
pub fn open(file: Vec<u8>, file_type: PhotoType, upright: bool) -> Result<Answer, Refusal> {
    let magic = match file_type {
        PhotoType::Jpeg => JPEG_MAGIC,
        PhotoType::Png => png::MAGIC,
    };
    if !file.starts_with(magic) {
        return Err(Refusal::TypeMismatch);
    }
    let metadata = exif::read(&file);
    let orientation = if upright {
        Orientation::Upright
    } else {
        metadata.orientation
    };
    let mut decoded = match file_type {
        PhotoType::Jpeg => jpeg::decode(file)?,
        PhotoType::Png => png::decode(&file)?,
    };
    if matches!(file_type, PhotoType::Png) {
        for pixel in &mut decoded.picture.pixels {
            *pixel = on_white(*pixel);
        }
    }
    let largest = decoded
        .picture
        .shrunk(LARGEST, LARGEST, Alpha::IsAnotherChannel);
    let mut picture = color::to_srgb(largest, &decoded.colors).turned(orientation);
    let mut variants: Vec<Variant> = Vec::with_capacity(SIZES.len());
    for size in SIZES.into_iter().rev() {
        picture = picture.shrunk(size, size, Alpha::IsAnotherChannel);
        let bytes = match variants.last() {
            Some(larger) if larger.width == picture.width && larger.height == picture.height => {
                larger.bytes.clone()
            }
            _ => picture.jpeg(),
        };
        variants.push(Variant::new(size, &picture, bytes));
    }
    variants.reverse();
    Ok(Answer::opened(variants, metadata.taken))
}

fn on_white([red, green, blue, alpha]: Pixel) -> Pixel {
    let mixed = |color: u8| {
        let sum = u16::from(color) * u16::from(alpha) + 255 * (255 - u16::from(alpha));
        u8::try_from((sum + 127) / 255).expect("a mean of two bytes is a byte")
    };
    [mixed(red), mixed(green), mixed(blue), 255]
}
