//! Pictures and files made for the tests.

use std::io::{Cursor, Write as _};

use exif::{Field, In, Rational, Tag, Value, experimental::Writer};
use flate2::{Compression, Crc, write::ZlibEncoder};
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

pub type Rgb = [u8; 3];

pub const RED: Rgb = [255, 0, 0];
pub const LIME: Rgb = [0, 255, 0];
pub const BLUE: Rgb = [0, 0, 255];
pub const WHITE: Rgb = [255, 255, 255];

/// Words that stand in metadata and must never come out.
pub const CANARIES: [&[u8]; 4] = [
    b"SERIAL-CANARY",
    b"MAKERNOTE-CANARY",
    b"COMMENT-CANARY",
    b"TRAILER-CANARY",
];

/// A picture of three bytes a pixel.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<Rgb>,
}

impl Picture {
    pub fn new(width: usize, height: usize, color: impl Fn(usize, usize) -> Rgb) -> Self {
        let pixels = (0..width * height).map(|at| color(at % width, at / width));
        Self {
            width,
            height,
            pixels: pixels.collect(),
        }
    }

    pub fn plain(color: Rgb) -> Self {
        Self::new(64, 48, |_, _| color)
    }

    /// Reads a JPEG.
    pub fn of_jpeg(file: &[u8]) -> Self {
        let image = turbojpeg::decompress(file, PixelFormat::RGB).expect("a JPEG");
        Self {
            width: image.width,
            height: image.height,
            pixels: image.pixels.as_chunks().0.to_vec(),
        }
    }

    pub fn jpeg(&self) -> Vec<u8> {
        self.encode(|_| Ok(()))
    }

    pub fn progressive(&self) -> Vec<u8> {
        self.encode(|compressor| compressor.set_progressive(true))
    }

    pub fn gray(&self) -> Vec<u8> {
        self.encode(|compressor| compressor.set_subsamp(Subsamp::Gray))
    }

    fn encode(&self, set: impl Fn(&mut Compressor) -> turbojpeg::Result<()>) -> Vec<u8> {
        let image = Image {
            pixels: self.pixels.as_flattened(),
            width: self.width,
            pitch: self.width * 3,
            height: self.height,
            format: PixelFormat::RGB,
        };
        let mut compressor = Compressor::new().expect("a compressor");
        compressor.set_quality(95).expect("a quality");
        set(&mut compressor).expect("a setting");
        compressor.compress_to_vec(image).expect("a JPEG")
    }

    /// The colors in the middle of the four quarters, in reading order.
    pub fn quarters(&self) -> [Rgb; 4] {
        let (left, right) = (self.width / 4, self.width * 3 / 4);
        let (top, bottom) = (self.height / 4, self.height * 3 / 4);
        [(left, top), (right, top), (left, bottom), (right, bottom)]
            .map(|(x, y)| self.pixels[y * self.width + x])
    }

    pub fn middle(&self) -> Rgb {
        self.pixels[self.height / 2 * self.width + self.width / 2]
    }
}

/// The last byte of a number, for patterns.
pub fn byte(number: usize) -> u8 {
    u8::try_from(number % 256).expect("a remainder of 256 is a byte")
}

/// Red, lime, blue and white, by quarters.
pub fn quarters(width: usize, height: usize, x: usize, y: usize) -> Rgb {
    match (x < width / 2, y < height / 2) {
        (true, true) => RED,
        (false, true) => LIME,
        (true, false) => BLUE,
        (false, false) => WHITE,
    }
}

pub fn assert_near(found: Rgb, wanted: Rgb, tolerance: u8, why: &str) {
    let near = found
        .iter()
        .zip(wanted)
        .all(|(found, wanted)| found.abs_diff(wanted) <= tolerance);
    assert!(near, "{why}: {found:?}, not {wanted:?}");
}

/// A JPEG of CMYK with one color, from red, green and blue without black.
pub fn cmyk([red, green, blue]: Rgb) -> Vec<u8> {
    // as Adobe's programs have it, 255 is no ink
    let pixels = [red, green, blue, 255].repeat(64 * 48);
    let image = Image {
        pixels: pixels.as_slice(),
        width: 64,
        pitch: 64 * 4,
        height: 48,
        format: PixelFormat::CMYK,
    };
    let mut compressor = Compressor::new().expect("a compressor");
    compressor.compress_to_vec(image).expect("a JPEG")
}

/// Puts segments behind the start of a JPEG.
pub fn with_segments(jpeg: &[u8], segments: &[Vec<u8>]) -> Vec<u8> {
    let (start, rest) = jpeg.split_at(2);
    [start, &segments.concat(), rest].concat()
}

pub fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).expect("a segment is short");
    [&[0xff, marker], length.to_be_bytes().as_slice(), content].concat()
}

/// What a camera tells, with where the photo was taken and by which camera.
pub fn exif(orientation: u16, taken: &str) -> Vec<u8> {
    let ascii = |text: &str| Value::Ascii(vec![text.as_bytes().to_vec()]);
    let degrees = [47, 7, 24].map(|num| Rational { num, denom: 1 }).to_vec();
    let fields = [
        (Tag::Orientation, Value::Short(vec![orientation])),
        (Tag::DateTimeOriginal, ascii(taken)),
        (Tag::BodySerialNumber, ascii("SERIAL-CANARY")),
        (
            Tag::MakerNote,
            Value::Undefined(b"MAKERNOTE-CANARY".to_vec(), 0),
        ),
        (Tag::GPSLatitudeRef, ascii("N")),
        (Tag::GPSLatitude, Value::Rational(degrees)),
    ]
    .map(|(tag, value)| Field {
        tag,
        ifd_num: In::PRIMARY,
        value,
    });
    let mut writer = Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    let mut tiff = Cursor::new(Vec::new());
    writer.write(&mut tiff, false).expect("a TIFF");
    tiff.into_inner()
}

pub fn exif_segment(orientation: u16, taken: &str) -> Vec<u8> {
    let content = [b"Exif\0\0", exif(orientation, taken).as_slice()].concat();
    segment(0xe1, &content)
}

/// A color profile in parts of 100 bytes, in wrong order.
pub fn profile_segments(profile: &[u8]) -> Vec<Vec<u8>> {
    let parts: Vec<_> = profile.chunks(100).collect();
    let total = u8::try_from(parts.len()).expect("a small profile");
    let numbered = (1..=total).zip(parts);
    let mut segments: Vec<_> = numbered
        .map(|(number, part)| {
            segment(
                0xe2,
                &[b"ICC_PROFILE\0", [number, total].as_slice(), part].concat(),
            )
        })
        .collect();
    segments.reverse();
    segments
}

/// How the samples of a PNG are stored.
#[derive(Clone, Copy)]
pub struct Samples {
    pub color: u8,
    pub depth: u8,
    pub bytes_a_pixel: usize,
}

pub const GRAY_8: Samples = Samples {
    color: 0,
    depth: 8,
    bytes_a_pixel: 1,
};
pub const RGB_8: Samples = Samples {
    color: 2,
    depth: 8,
    bytes_a_pixel: 3,
};
pub const RGB_16: Samples = Samples {
    color: 2,
    depth: 16,
    bytes_a_pixel: 6,
};
pub const RGBA_8: Samples = Samples {
    color: 6,
    depth: 8,
    bytes_a_pixel: 4,
};
pub const RGBA_16: Samples = Samples {
    color: 6,
    depth: 16,
    bytes_a_pixel: 8,
};

pub const PNG_MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";

pub fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut sum = Crc::new();
    sum.update(&name);
    sum.update(content);
    let length = u32::try_from(content.len()).expect("a chunk is short");
    [
        length.to_be_bytes().as_slice(),
        &name,
        content,
        &sum.sum().to_be_bytes(),
    ]
    .concat()
}

pub fn png_header(width: u32, height: u32, samples: Samples, interlaced: bool) -> Vec<u8> {
    let sides = [width, height].map(u32::to_be_bytes).concat();
    let content = [
        sides.as_slice(),
        &[samples.depth, samples.color, 0, 0, u8::from(interlaced)],
    ];
    chunk(*b"IHDR", &content.concat())
}

/// A PNG of `width` by `height` whose pixel at `(x, y)` is stored as `pixel` says, with other chunks before the pixels.
pub fn png(
    (width, height): (u32, u32),
    samples: Samples,
    interlaced: bool,
    chunks: &[Vec<u8>],
    pixel: impl Fn(usize, usize) -> Vec<u8>,
) -> Vec<u8> {
    // start and step in x and y of each pass (PNG, section 8.2)
    let passes: &[(usize, usize, usize, usize)] = if interlaced {
        &[
            (0, 8, 0, 8),
            (4, 8, 0, 8),
            (0, 4, 4, 8),
            (2, 4, 0, 4),
            (0, 2, 2, 4),
            (1, 2, 0, 2),
            (0, 1, 1, 2),
        ]
    } else {
        &[(0, 1, 0, 1)]
    };
    let mut rows = Vec::new();
    for (left, right_by, top, down_by) in passes {
        for y in (*top..height as usize).step_by(*down_by) {
            rows.push(0);
            for x in (*left..width as usize).step_by(*right_by) {
                let bytes = pixel(x, y);
                assert_eq!(bytes.len(), samples.bytes_a_pixel, "bytes a pixel");
                rows.extend(bytes);
            }
        }
    }
    [
        PNG_MAGIC,
        &png_header(width, height, samples, interlaced),
        &chunks.concat(),
        &chunk(*b"IDAT", &deflated(&rows)),
        &chunk(*b"IEND", &[]),
    ]
    .concat()
}

pub fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}
