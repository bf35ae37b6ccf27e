//! The decoder from outside: a file in, an answer out.
//!
//! Pictures are made here. `fixtures/corners.heic` is the exception, as nothing at hand writes HEIC: four squares of red, lime,
//! blue and white in a file of 128 by 64 pixels, written by libheif's `heif-enc`, with date, place and serial number added.

mod heic;
mod hostile;
mod logo;
mod photo;
mod pictures;
mod program;
mod sandbox;
