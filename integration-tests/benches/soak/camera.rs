//! Photos as a phone takes them: 12 megapixels, a few megabytes, and the time in each.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use jiff::{ToSpan as _, Zoned, civil::DateTime};
use turbojpeg::{Image, PixelFormat, Subsamp};

const WIDTH: usize = 4000;
const HEIGHT: usize = 3000;
const QUALITY: i32 = 90;

/// What a photo is called, the first taken first.
pub(crate) fn name(index: usize) -> String {
    format!("photo-{:03}.jpg", index + 1)
}

/// Writes so many photos, taken yesterday, one a minute.
pub(crate) fn take(folder: &Path, photos: usize) -> Result<()> {
    fs::create_dir_all(folder).context("make a folder for photos")?;
    let picture = picture()?;
    let (start, rest) = picture.split_at(2);
    // far from the hour at which clocks change
    let begin = Zoned::now().date().yesterday()?.at(8, 0, 0, 0);
    for index in 0..photos {
        let time = begin.checked_add(i64::try_from(index)?.minutes())?;
        fs::write(
            folder.join(name(index)),
            [start, &taken(time)?, rest].concat(),
        )
        .context("write a photo")?;
    }
    Ok(())
}

/// A slope of light with grain, which takes as much room as a photograph.
fn picture() -> Result<Vec<u8>> {
    let mut pixels: Vec<u8> = vec![0; 3 * WIDTH * HEIGHT];
    rand::fill(pixels.as_mut_slice());
    for (row, line) in pixels.chunks_exact_mut(3 * WIDTH).enumerate() {
        let light = u8::try_from(row * 200 / HEIGHT)?;
        for value in line {
            *value = light + *value % 24;
        }
    }
    let image = Image {
        pixels: pixels.as_slice(),
        width: WIDTH,
        pitch: 3 * WIDTH,
        height: HEIGHT,
        format: PixelFormat::RGB,
    };
    let jpeg = turbojpeg::compress(image, QUALITY, Subsamp::Sub2x2).context("write a picture")?;
    Ok(jpeg.to_vec())
}

/// The segment of a JPEG that says when it was taken, and nothing else (Exif 2.3, `DateTimeOriginal`).
fn taken(time: DateTime) -> Result<Vec<u8>> {
    let text = time.strftime("%Y:%m:%d %H:%M:%S").to_string();
    let exif = [
        b"Exif\0\0II*\0\x08\0\0\0".as_slice(),
        // one entry: the other directory stands at 26
        b"\x01\0\x69\x87\x04\0\x01\0\0\0\x1a\0\0\0\0\0\0\0",
        // one entry: 20 characters stand at 44
        b"\x01\0\x03\x90\x02\0\x14\0\0\0\x2c\0\0\0\0\0\0\0",
        text.as_bytes(),
        b"\0",
    ]
    .concat();
    let length = u16::try_from(exif.len() + 2)?.to_be_bytes();
    Ok([b"\xff\xe1".as_slice(), &length, &exif].concat())
}
