//! Colors become sRGB, so that a photo looks the same without its color profile.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use crate::picture::{Picture, Pixel};

/// What the bytes of a pixel mean.
#[derive(Clone, Debug)]
pub struct Colors {
    pub model: Model,
    /// The profile that the file carries.
    pub profile: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    Rgb,
    /// Cyan, magenta, yellow, black; 255 is no ink at all, as Adobe's programs write it and as browsers read it.
    InvertedCmyk,
}

/// Converts to sRGB. A profile that is broken or of another model is as good as none.
pub fn to_srgb(mut picture: Picture, colors: &Colors) -> Picture {
    if colors.model == Model::InvertedCmyk {
        for ink in picture.pixels.as_flattened_mut() {
            *ink = 255 - *ink;
        }
    }
    if let Some(converted) = colors
        .profile
        .as_deref()
        .and_then(|profile| convert(&picture, profile, colors.model))
    {
        return converted;
    }
    if colors.model == Model::InvertedCmyk {
        for pixel in &mut picture.pixels {
            *pixel = without_profile(*pixel);
        }
    }
    picture
}

fn convert(picture: &Picture, profile: &[u8], model: Model) -> Option<Picture> {
    let profile = ColorProfile::new_from_slice(profile).ok()?;
    let of_profile = match model {
        Model::Rgb => DataColorSpace::Rgb,
        Model::InvertedCmyk => DataColorSpace::Cmyk,
    };
    if profile.color_space != of_profile {
        return None;
    }
    let mut converted = Picture::new(picture.width, picture.height);
    profile
        .create_transform_8bit(
            Layout::Rgba,
            &ColorProfile::new_srgb(),
            Layout::Rgba,
            TransformOptions::default(),
        )
        .and_then(|transform| {
            transform.transform(
                picture.pixels.as_flattened(),
                converted.pixels.as_flattened_mut(),
            )
        })
        .ok()?;
    Some(converted)
}

fn without_profile([cyan, magenta, yellow, black]: Pixel) -> Pixel {
    let light = |ink: u8| {
        let product = u16::from(255 - ink) * u16::from(255 - black);
        u8::try_from((product + 127) / 255).expect("a product of two fractions is a fraction")
    };
    [light(cyan), light(magenta), light(yellow), 255]
}
