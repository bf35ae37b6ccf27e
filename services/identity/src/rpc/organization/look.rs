//! What an organization looks like: its three colors, and what is derived from them.

use proto::identity::SetLogoRequest;
use service::{Error, Result, Violations, parse_id};

use crate::{
    brand::{Brand, Color},
    store::organization::{Logo, Look},
};

/// What a new organization looks like until it chooses.
const DEFAULT_COLORS: [&str; 3] = ["#1f5b4b", "#c9a77c", "#b8572f"];
const WRONG_COLOR: &str = "Enter a color such as #1f5b4b";

pub(super) fn read_brand(primary: &str, secondary: &str, accent: &str) -> Result<Brand> {
    let colors = [primary, secondary, accent].map(|text| Color::parse(text.trim()));
    let [has_primary, has_secondary, has_accent] = colors.map(|color| color.is_some());
    Violations::new()
        .check(has_primary, "primary", WRONG_COLOR)
        .check(has_secondary, "secondary", WRONG_COLOR)
        .check(has_accent, "accent", WRONG_COLOR)
        .finish()?;
    match colors {
        [Some(primary), Some(secondary), Some(accent)] => Ok(Brand {
            primary,
            secondary,
            accent,
        }),
        _ => Err(Error::invalid("primary", WRONG_COLOR)),
    }
}

pub(super) fn default_brand() -> Brand {
    let [primary, secondary, accent] =
        DEFAULT_COLORS.map(|text| Color::parse(text).expect("the default colors are colors"));
    Brand {
        primary,
        secondary,
        accent,
    }
}

pub(super) fn of(brand: &Brand) -> Look {
    let theme = brand.theme();
    Look {
        primary: brand.primary.to_string(),
        secondary: brand.secondary.to_string(),
        accent: brand.accent.to_string(),
        stylesheet: theme.stylesheet(),
        stylesheet_hash: theme.stylesheet_hash(),
    }
}

/// Reads a logo; none where the request names none.
pub(super) fn read_logo(request: &SetLogoRequest) -> Result<Option<Logo>> {
    if request.logo_id.is_empty() {
        return Ok(None);
    }
    Violations::new()
        .check(request.width > 0, "width", "Name the logo's pixels")
        .check(request.height > 0, "height", "Name the logo's pixels")
        .finish()?;
    Ok(Some(Logo {
        id: parse_id(&request.logo_id, "logo_id")?,
        width: request.width,
        height: request.height,
    }))
}
