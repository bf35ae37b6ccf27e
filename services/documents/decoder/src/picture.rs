//! Pixels: resizing, turning, encoding.

use fast_image_resize::{
    PixelType, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use turbojpeg::{Compressor, PixelFormat, Subsamp};

use crate::exif::Orientation;

const QUALITY: i32 = 80;
/// Pixels a side of the tiles by which a picture is transposed, so that both rows and columns stay in the cache.
const TILE: usize = 16;

/// Four bytes a pixel: red, green, blue and alpha, or four inks.
pub type Pixel = [u8; 4];

/// A decoded picture.
#[derive(Clone, Debug)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<Pixel>,
}

/// Whether the fourth byte of a pixel weighs the other three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpha {
    Weighs,
    IsAnotherChannel,
}

impl Picture {
    /// Black.
    pub fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            pixels: vec![Pixel::default(); width * height],
        }
    }

    /// Shrinks it into a box; one that fits already is returned as it is.
    pub fn shrunk(self, width: usize, height: usize, alpha: Alpha) -> Self {
        let (width, height) = shrink((self.width, self.height), (width, height));
        if (width, height) == (self.width, self.height) {
            return self;
        }
        let mut shrunk = Self::new(width, height);
        let source = ImageRef::new(
            to_u32(self.width),
            to_u32(self.height),
            self.pixels.as_flattened(),
            PixelType::U8x4,
        )
        .expect("there are as many pixels as the sides say");
        let mut target = Image::from_slice_u8(
            to_u32(width),
            to_u32(height),
            shrunk.pixels.as_flattened_mut(),
            PixelType::U8x4,
        )
        .expect("there are as many pixels as the sides say");
        let options = ResizeOptions::new().use_alpha(alpha == Alpha::Weighs);
        Resizer::new()
            .resize(&source, &mut target, &options)
            .expect("both pictures have the same kind of pixels");
        shrunk
    }

    /// Turns it upright.
    pub fn turned(self, orientation: Orientation) -> Self {
        match orientation {
            Orientation::Upright => self,
            Orientation::Mirrored => self.rows_reversed(),
            Orientation::UpsideDown => self.reversed(),
            Orientation::UpsideDownMirrored => self.reversed().rows_reversed(),
            Orientation::Transposed => self.transposed(),
            Orientation::TopOnRight => self.transposed().rows_reversed(),
            Orientation::Transversed => self.transposed().reversed(),
            Orientation::TopOnLeft => self.transposed().reversed().rows_reversed(),
        }
    }

    fn reversed(mut self) -> Self {
        self.pixels.reverse();
        self
    }

    fn rows_reversed(mut self) -> Self {
        for row in self.pixels.chunks_exact_mut(self.width) {
            row.reverse();
        }
        self
    }

    fn transposed(self) -> Self {
        let (width, height) = (self.width, self.height);
        let mut transposed = Self::new(height, width);
        for top in (0..height).step_by(TILE) {
            for left in (0..width).step_by(TILE) {
                for x in left..width.min(left + TILE) {
                    for y in top..height.min(top + TILE) {
                        transposed.pixels[x * height + y] = self.pixels[y * width + x];
                    }
                }
            }
        }
        transposed
    }

    /// Encodes it as JPEG without any metadata; alpha is left out.
    pub fn jpeg(&self) -> Vec<u8> {
        let mut compressor = Compressor::new().expect("there is memory for a compressor");
        let image = turbojpeg::Image {
            pixels: self.pixels.as_flattened(),
            width: self.width,
            pitch: self.width * size_of::<Pixel>(),
            height: self.height,
            format: PixelFormat::RGBX,
        };
        compressor
            .set_quality(QUALITY)
            .and_then(|()| compressor.set_subsamp(Subsamp::Sub2x2))
            .and_then(|()| compressor.compress_to_vec(image))
            .expect("a picture of valid size can be encoded")
    }

    /// Encodes it as PNG with alpha and without any metadata.
    pub fn png(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, to_u32(self.width), to_u32(self.height));
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        encoder
            .write_header()
            .and_then(|mut writer| writer.write_image_data(self.pixels.as_flattened()))
            .expect("a picture of valid size can be encoded");
        bytes
    }
}

/// The sides of a picture once it fits into a box, never enlarged, never nothing.
fn shrink(
    (width, height): (usize, usize),
    (box_width, box_height): (usize, usize),
) -> (usize, usize) {
    if width <= box_width && height <= box_height {
        return (width, height);
    }
    let rounded =
        |side: usize, box_side: usize, of: usize| ((side * box_side + of / 2) / of).max(1);
    // compares box_width / width with box_height / height without fractions
    if box_width * height <= box_height * width {
        (box_width, rounded(height, box_width, width))
    } else {
        (rounded(width, box_height, height), box_height)
    }
}

fn to_u32(side: usize) -> u32 {
    u32::try_from(side).expect("sides are checked when a file is opened")
}

#[cfg(test)]
mod tests {
    use super::shrink;

    #[test]
    fn a_picture_shrinks_to_the_longer_side_and_never_grows() {
        assert_eq!(shrink((4000, 3000), (1600, 1600)), (1600, 1200));
        assert_eq!(shrink((3000, 4000), (640, 640)), (480, 640));
        assert_eq!(shrink((500, 300), (640, 640)), (500, 300));
        assert_eq!(shrink((12_000, 1), (320, 320)), (320, 1));
        assert_eq!(shrink((1000, 1000), (640, 192)), (192, 192));
        assert_eq!(shrink((1000, 100), (640, 192)), (640, 64));
    }
}
