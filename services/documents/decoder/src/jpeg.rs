//! Decoding JPEG, shrunk by the codec itself as far as that goes.

use turbojpeg::{Colorspace, Decompressor, Error, Image, PixelFormat, ScalingFactor};

use crate::{
    answer::Refusal,
    check_size,
    color::{Colors, Model},
    photo::{Decoded, LARGEST},
    picture::{Picture, Pixel},
};

/// More scans than this are an attack on the processor: each costs a pass over the whole picture.
const MAX_SCANS: u32 = 100;
/// What libjpeg-turbo is fast at, smallest first.
const SCALES: [ScalingFactor; 4] = [
    ScalingFactor::ONE_EIGHTH,
    ScalingFactor::ONE_QUARTER,
    ScalingFactor::ONE_HALF,
    ScalingFactor::ONE,
];
const PROFILE: &[u8] = b"ICC_PROFILE\0";

/// Lets the codec look at the processor, which on ARM means opening a file, while that is still allowed.
pub fn warm_up() {
    Picture::new(1, 1).jpeg();
}

/// Decodes to the smallest size that the codec offers and the largest variant can be made from.
pub fn decode(file: Vec<u8>) -> Result<Decoded, Refusal> {
    let (file, profile) = tidied(file).ok_or(Refusal::Unreadable)?;
    let unreadable = |_: Error| Refusal::Unreadable;
    let mut decompressor = Decompressor::new().map_err(unreadable)?;
    let header = decompressor.read_header(&file).map_err(unreadable)?;
    check_size(header.width, header.height)?;

    let longer = header.width.max(header.height);
    let scale = SCALES
        .into_iter()
        .find(|scale| !header.is_lossless && scale.scale(longer) >= LARGEST)
        .unwrap_or(ScalingFactor::ONE);
    let scaled = header.scaled(scale);
    let (model, format) = match header.colorspace {
        Colorspace::CMYK | Colorspace::YCCK => (Model::InvertedCmyk, PixelFormat::CMYK),
        Colorspace::RGB | Colorspace::YCbCr | Colorspace::Gray => (Model::Rgb, PixelFormat::RGBX),
    };
    let mut picture = Picture::new(scaled.width, scaled.height);
    let output = Image {
        pixels: picture.pixels.as_flattened_mut(),
        width: scaled.width,
        pitch: scaled.width * size_of::<Pixel>(),
        height: scaled.height,
        format,
    };
    decompressor
        .set_scaling_factor(scale)
        .and_then(|()| decompressor.set_scan_limit(MAX_SCANS))
        .and_then(|()| decompressor.decompress(&file, output))
        .or_else(|error| {
            if is_harmless(&error) {
                Ok(())
            } else {
                Err(error)
            }
        })
        .map_err(unreadable)?;
    Ok(Decoded {
        picture,
        colors: Colors { model, profile },
    })
}

/// Some cameras leave bytes between the parts of a file; the picture is whole all the same.
fn is_harmless(warning: &Error) -> bool {
    matches!(warning, Error::TurboJpegError(text) if text.contains("extraneous bytes before marker"))
}

/// Leaves out what stands before the pixels and says nothing about them; gives the color profile apart.
///
/// The codec takes stray bytes there for an error, and what it never sees cannot hurt it.
fn tidied(file: Vec<u8>) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let mut tidy = Vec::with_capacity(file.len());
    tidy.extend_from_slice(file.get(..2)?);
    let mut chunks = Vec::new();
    let mut position = 2;
    loop {
        let start = position
            + file
                .get(position..)?
                .iter()
                .position(|byte| *byte == 0xff)?;
        let fill = file[start..].iter().position(|byte| *byte != 0xff)?;
        let marker = file[start + fill];
        position = start + fill + 1;
        // stuffing, restarts and the start of the file have no content
        if matches!(marker, 0x00 | 0x01 | 0xd0..=0xd8) {
            continue;
        }
        let length = file.get(position..position + 2)?;
        let end = position + usize::from(u16::from_be_bytes([length[0], length[1]]));
        let content = file.get(position + 2..end)?;
        match marker {
            // the first scan: from here on all of it is pixels
            0xda => {
                tidy.extend_from_slice(&file[start + fill - 1..]);
                break;
            }
            // frames, tables, the restart interval, and the two that tell the color model: JFIF and Adobe
            0xc0..=0xcf | 0xdb | 0xdd | 0xe0 | 0xee => {
                tidy.extend_from_slice(&file[start + fill - 1..end]);
            }
            // one of several parts: its number, how many there are, and its bytes
            0xe2 => {
                if let Some([number, _, bytes @ ..]) = content.strip_prefix(PROFILE) {
                    chunks.push((*number, bytes));
                }
            }
            _ => {}
        }
        position = end;
    }
    chunks.sort_by_key(|(number, _)| *number);
    let profile: Vec<u8> = chunks
        .into_iter()
        .flat_map(|(_, bytes)| bytes)
        .copied()
        .collect();
    Some((tidy, (!profile.is_empty()).then_some(profile)))
}
