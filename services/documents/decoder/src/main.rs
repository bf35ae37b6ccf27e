//! Opens one file that somebody uploaded, and writes pictures that are safe to serve.
//!
//! Decoders of pictures are where attackers look first. So they run here and nowhere else: in a process a file, which gives up
//! nearly everything that a process may do ([`sandbox`]) before it reads the first byte. The file comes on standard input; the
//! answer goes to standard output: one line of JSON ([`answer::Header`]), then the bytes of the pictures that the line names.
//! What cannot be accepted is an answer too, with exit code 0. Exit code 126 says that no sandbox could be built or a program
//! not be started, which is no fault of the file.

mod answer;
mod color;
mod exif;
mod heic;
mod jpeg;
mod logo;
mod photo;
mod picture;
mod png;
mod sandbox;

use std::{
    io::{self, Read as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};

use crate::answer::{Answer, Refusal};

/// The longest side of a picture that is decoded, in pixels.
const MAX_SIDE: usize = 12_000;
/// The most pixels of a picture that is decoded.
const MAX_PIXELS: usize = 50_000_000;
/// The largest photo that is read.
const MAX_PHOTO_BYTES: u64 = 64 << 20;
const CANNOT_RUN: u8 = 126;

#[derive(Parser)]
#[command(about = "Opens an uploaded picture in a sandbox")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Photo on standard input to JPEG of 320, 640 and 1600 pixels
    Photo {
        #[arg(long = "type")]
        file_type: PhotoType,
        /// The pixels stand upright already, whatever the metadata says
        #[arg(long)]
        upright: bool,
    },
    /// HEIC on standard input: how large it is and when it was taken
    Inspect,
    /// HEIC to JPEG by libheif's own program, in a sandbox around it
    Heic {
        #[arg(long)]
        program: PathBuf,
        #[arg(long)]
        input: PathBuf,
        /// A file that does not exist yet, in a folder of its own
        #[arg(long)]
        output: PathBuf,
    },
    /// Logo on standard input to one PNG of at most 640 by 192 pixels
    Logo {
        #[arg(long = "type")]
        file_type: LogoType,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum PhotoType {
    Jpeg,
    Png,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogoType {
    Png,
    Svg,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(CANNOT_RUN)
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    let answer = match command {
        Command::Photo { file_type, upright } => {
            jpeg::warm_up();
            sandbox::decode()?;
            read(MAX_PHOTO_BYTES)?.and_then(|file| photo::open(file, file_type, upright))
        }
        Command::Inspect => {
            sandbox::decode()?;
            read(MAX_PHOTO_BYTES)?.and_then(|file| heic::inspect(&file))
        }
        Command::Heic {
            program,
            input,
            output,
        } => return heic::convert(&program, &input, &output),
        Command::Logo { file_type } => {
            sandbox::decode()?;
            match file_type {
                LogoType::Png => read(MAX_PHOTO_BYTES)?.and_then(logo::open_png),
                LogoType::Svg => read(logo::MAX_SVG_BYTES)?.and_then(|file| logo::open_svg(&file)),
            }
        }
    };
    answer.unwrap_or_else(Answer::refused).write()
}

/// Reads the file; one that is larger than `limit` is refused.
fn read(limit: u64) -> anyhow::Result<Result<Vec<u8>, Refusal>> {
    let mut file = Vec::new();
    let length = io::stdin()
        .lock()
        .take(limit + 1)
        .read_to_end(&mut file)
        .context("read the file")?;
    Ok(if length as u64 > limit {
        Err(Refusal::Unreadable)
    } else {
        Ok(file)
    })
}

/// Refuses a picture that would take too much to decode, from what its header says of its size.
fn check_size(width: usize, height: usize) -> Result<(), Refusal> {
    if width == 0 || height == 0 {
        return Err(Refusal::Unreadable);
    }
    if width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS {
        return Err(Refusal::TooManyPixels);
    }
    Ok(())
}
