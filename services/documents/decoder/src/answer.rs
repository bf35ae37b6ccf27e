//! What is written to standard output.

use std::io::{self, Write as _};

use anyhow::Context as _;
use jiff::civil::DateTime;
use serde::Serialize;

use crate::picture::Picture;

/// Why a file is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The first bytes are of another type than was declared.
    TypeMismatch,
    TooManyPixels,
    /// Cut off, damaged, or not understood.
    Unreadable,
}

/// The first line.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Header {
    Refused {
        refused: Refusal,
    },
    Opened {
        /// Of the largest variant; of the picture itself where there is none.
        width: usize,
        height: usize,
        /// What the clock on the camera's wall said.
        taken: Option<DateTime>,
        variants: Vec<VariantHeader>,
    },
}

#[derive(Debug, Serialize)]
struct VariantHeader {
    size: usize,
    width: usize,
    height: usize,
    bytes: usize,
}

/// One size of a picture, encoded.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What it is asked for by; the longer side is never above it.
    pub size: usize,
    pub width: usize,
    pub height: usize,
    pub bytes: Vec<u8>,
}

impl Variant {
    pub fn new(size: usize, picture: &Picture, bytes: Vec<u8>) -> Self {
        Self {
            size,
            width: picture.width,
            height: picture.height,
            bytes,
        }
    }
}

/// The line and what follows it.
#[derive(Debug)]
pub struct Answer {
    header: Header,
    variants: Vec<Variant>,
}

impl Answer {
    /// A picture that was only looked at.
    pub fn inspected(width: usize, height: usize, taken: Option<DateTime>) -> Self {
        let header = Header::Opened {
            width,
            height,
            taken,
            variants: Vec::new(),
        };
        Self {
            header,
            variants: Vec::new(),
        }
    }

    /// A picture in at least one size, smallest first.
    pub fn opened(variants: Vec<Variant>, taken: Option<DateTime>) -> Self {
        let largest = variants.last().expect("there is at least one size");
        let (width, height) = (largest.width, largest.height);
        let header = Header::Opened {
            width,
            height,
            taken,
            variants: variants
                .iter()
                .map(|variant| VariantHeader {
                    size: variant.size,
                    width: variant.width,
                    height: variant.height,
                    bytes: variant.bytes.len(),
                })
                .collect(),
        };
        Self { header, variants }
    }

    pub fn refused(refused: Refusal) -> Self {
        Self {
            header: Header::Refused { refused },
            variants: Vec::new(),
        }
    }

    pub fn write(&self) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(&self.header).context("write the header")?;
        line.push(b'\n');
        let mut output = io::stdout().lock();
        output.write_all(&line).context("write the header")?;
        for variant in &self.variants {
            output
                .write_all(&variant.bytes)
                .context("write a picture")?;
        }
        output.flush().context("write the answer")
    }
}
