//! Pictures that the browser uploads; the script writes into them when and where they were taken.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// File, width and height: one as a phone takes it, with 12 megapixels, and one for where many are needed.
const FILES: [(&str, usize, usize); 2] = [("large.jpg", 4032, 3024), ("small.jpg", 640, 480)];
/// Bytes of a pixel.
const RGB: usize = 3;

/// Writes the pictures into a new folder.
pub(crate) fn write(folder: &Path) -> Result<()> {
    fs::create_dir(folder).context("make a folder for pictures")?;
    for (name, width, height) in FILES {
        fs::write(folder.join(name), jpeg(width, height)?)
            .with_context(|| format!("write {name}"))?;
    }
    Ok(())
}

/// Grain, so that the file is about as large as a photo, darker in its upper half, so that people see which way is up.
fn jpeg(width: usize, height: usize) -> Result<Vec<u8>> {
    let row = width * RGB;
    let mut seed = 1_u32;
    // rows begin at different places of it
    let grain: Vec<u8> = (0..2 * row)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [.., high] = seed.to_le_bytes();
            high % 24
        })
        .collect();
    let [dark, light] = [90, 190].map(|tone| grain.iter().map(|grain| tone + grain).collect());
    let halves: [Vec<u8>; 2] = [dark, light];
    let mut pixels = Vec::with_capacity(height * row);
    for y in 0..height {
        let begin = y * 7_919 % row;
        pixels.extend_from_slice(&halves[2 * y / height][begin..begin + row]);
    }
    let image = turbojpeg::Image {
        pixels: pixels.as_slice(),
        width,
        pitch: row,
        height,
        format: turbojpeg::PixelFormat::RGB,
    };
    let jpeg = turbojpeg::compress(image, 85, turbojpeg::Subsamp::Sub2x2)?;
    Ok(jpeg.to_vec())
}
