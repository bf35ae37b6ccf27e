//! HEIC: looked at here, decoded by libheif's own program.

use std::{os::unix::process::CommandExt as _, path::Path, process::Command};

use anyhow::Context as _;

use crate::{
    answer::{Answer, Refusal},
    check_size, exif, sandbox,
};

/// So good that what is lost in between is not seen in the end.
const QUALITY: &str = "95";
/// Brands of files that libheif's HEVC decoder opens; AVIF has others.
const BRANDS: [&[u8; 4]; 6] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"];

/// Reads size and date, which the conversion is not trusted with.
pub fn inspect(file: &[u8]) -> Result<Answer, Refusal> {
    if !is_heic(file) {
        return Err(Refusal::TypeMismatch);
    }
    let size = imagesize::blob_size(file).map_err(|_| Refusal::Unreadable)?;
    check_size(size.width, size.height)?;
    let taken = exif::read(file).taken;
    Ok(Answer::inspected(size.width, size.height, taken))
}

/// The first box says which brands of reader a file is for.
fn is_heic(file: &[u8]) -> bool {
    let Some((length, rest)) = file.split_first_chunk() else {
        return false;
    };
    let length = u32::from_be_bytes(*length) as usize;
    let Some(brands) = rest
        .strip_prefix(b"ftyp")
        .and_then(|_| file.get(8..length.min(file.len())))
    else {
        return false;
    };
    brands
        .as_chunks()
        .0
        .iter()
        .any(|brand| BRANDS.contains(&brand))
}

/// Becomes `program`, which writes `output`, turned upright.
pub fn convert(program: &Path, input: &Path, output: &Path) -> anyhow::Result<()> {
    let folder = output.parent().context("name the folder of the output")?;
    sandbox::convert(program, input, folder)?;
    let error = Command::new(program)
        .args(["--quality", QUALITY])
        .arg(input)
        .arg(output)
        .env_clear()
        // a thread's own arena would reserve 64 MiB of the address space
        .env("MALLOC_ARENA_MAX", "1")
        .exec();
    Err(error).with_context(|| format!("start {}", program.display()))
}
