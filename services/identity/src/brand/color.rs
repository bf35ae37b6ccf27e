//! One color: its notation, its contrast and its name, and how its lightness moves.

use std::fmt;

/// The least contrast of text that WCAG 2 level AA accepts.
pub(super) const TEXT_CONTRAST: f64 = 4.5;
/// The least contrast of edges, bars and control borders that WCAG 2 level AA accepts.
pub(super) const EDGE_CONTRAST: f64 = 3.0;
/// How far lightness moves at a time while a color is made readable; too small a step to be seen.
pub(super) const LIGHTNESS_STEP: f64 = 0.005;

/// An sRGB color with eight bits a channel; displays as "#rrggbb" in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Color(pub(super) [u8; 3]);

impl Color {
    pub(super) const WHITE: Self = Self([255; 3]);

    /// Reads "#rrggbb" in either case; nothing else is a color here, neither "#rgb" nor a name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        let mut channels = [0; 3];
        hex::decode_to_slice(digits, &mut channels).ok()?;
        Some(Self(channels))
    }

    fn from_linear([red, green, blue]: [f64; 3]) -> Self {
        Self([to_channel(red), to_channel(green), to_channel(blue)])
    }

    /// The contrast ratio of WCAG 2, from 1 (the same color) to 21 (black and white).
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The contrast ratio in hundredths, rounded down so that it never promises more than there is.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a contrast ratio is at most 21"
    )]
    pub(super) fn contrast_hundredths(self, other: Self) -> i32 {
        (self.contrast(other) * 100.0).floor() as i32
    }

    fn luminance(self) -> f64 {
        let Self([red, green, blue]) = self;
        0.2126 * to_linear(red) + 0.7152 * to_linear(green) + 0.0722 * to_linear(blue)
    }

    /// The word a person would use for the color.
    pub(super) fn name(self) -> &'static str {
        let Lch {
            lightness,
            chroma,
            hue,
        } = Lch::from(self);
        if chroma < 0.025 {
            return match lightness {
                0.95.. => "white",
                0.25.. => "gray",
                _ => "black",
            };
        }
        // Pure red stands at 29 degrees, yellow at 110, green at 142, cyan at 195, blue at 264, magenta at 328.
        match hue.degrees() {
            12.0..40.0 if lightness >= 0.75 => "pink",
            12.0..40.0 if lightness < 0.42 => "maroon",
            12.0..40.0 => "red",
            40.0..78.0 if lightness >= 0.65 && chroma < 0.09 => "tan",
            40.0..78.0 if lightness >= 0.6 && chroma >= 0.14 => "orange",
            40.0..78.0 if lightness >= 0.5 && chroma >= 0.1 => "rust",
            40.0..88.0 if lightness < 0.7 => "brown",
            78.0..115.0 if lightness < 0.7 => "olive",
            78.0..115.0 if lightness >= 0.93 && chroma < 0.06 => "cream",
            78.0..115.0 if chroma < 0.09 => "beige",
            78.0..115.0 => "yellow",
            115.0..178.0 => "green",
            178.0..215.0 if lightness >= 0.75 => "turquoise",
            178.0..215.0 => "teal",
            215.0..280.0 if lightness < 0.35 => "navy",
            215.0..280.0 => "blue",
            280.0..318.0 if lightness >= 0.8 => "lavender",
            280.0..318.0 => "purple",
            _ if lightness >= 0.75 => "pink",
            _ if lightness < 0.45 => "plum",
            _ => "magenta",
        }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{}", hex::encode(self.0))
    }
}

/// Undoes the sRGB transfer curve: from a stored channel to an amount of light, 0 to 1.
fn to_linear(channel: u8) -> f64 {
    let encoded = f64::from(channel) / 255.0;
    if encoded <= 0.04045 {
        encoded / 12.92
    } else {
        ((encoded + 0.055) / 1.055).powf(2.4)
    }
}

/// Applies the sRGB transfer curve: from an amount of light to a stored channel.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to 0 to 255"
)]
fn to_channel(linear: f64) -> u8 {
    let linear = linear.clamp(0.0, 1.0);
    let encoded = if linear <= 0.003_130_8 {
        12.92 * linear
    } else {
        1.055 * linear.powf(1.0 / 2.4) - 0.055
    };
    (encoded.clamp(0.0, 1.0) * 255.0 + 0.5).floor() as u8
}

/// A color as people see it: how light, how strong, and which hue.
#[derive(Clone, Copy)]
pub(super) struct Lch {
    pub(super) lightness: f64,
    pub(super) chroma: f64,
    pub(super) hue: Hue,
}

/// A direction on the color wheel, kept as cosine and sine because the computation needs nothing else.
#[derive(Clone, Copy)]
pub(super) struct Hue {
    cosine: f64,
    sine: f64,
}

impl Hue {
    fn degrees(self) -> f64 {
        self.sine.atan2(self.cosine).to_degrees().rem_euclid(360.0)
    }
}

impl From<Color> for Lch {
    fn from(color: Color) -> Self {
        let [red, green, blue] = color.0.map(to_linear);
        let long =
            (0.412_221_470_8 * red + 0.536_332_536_3 * green + 0.051_445_992_9 * blue).cbrt();
        let medium =
            (0.211_903_498_2 * red + 0.680_699_545_1 * green + 0.107_396_956_6 * blue).cbrt();
        let short =
            (0.088_302_461_9 * red + 0.281_718_837_6 * green + 0.629_978_700_5 * blue).cbrt();
        let lightness = 0.210_454_255_3 * long + 0.793_617_785 * medium - 0.004_072_046_8 * short;
        let green_red = 1.977_998_495_1 * long - 2.428_592_205 * medium + 0.450_593_709_9 * short;
        let blue_yellow = 0.025_904_037_1 * long + 0.782_771_766_2 * medium - 0.808_675_766 * short;
        let chroma = green_red.hypot(blue_yellow);
        let hue = if chroma == 0.0 {
            Hue {
                cosine: 1.0,
                sine: 0.0,
            }
        } else {
            Hue {
                cosine: green_red / chroma,
                sine: blue_yellow / chroma,
            }
        };
        Self {
            lightness,
            chroma,
            hue,
        }
    }
}

impl Lch {
    /// The nearest color that a screen can show. Only chroma gives way: lightness carries the contrast, and
    /// hue the brand.
    pub(super) fn to_color(self) -> Color {
        let wanted = Self {
            lightness: self.lightness.clamp(0.0, 1.0),
            ..self
        };
        let linear = wanted.to_linear();
        if is_displayable(linear) {
            return Color::from_linear(linear);
        }
        let (mut displayable, mut excessive) = (0.0, wanted.chroma);
        for _ in 0..24 {
            let middle = f64::midpoint(displayable, excessive);
            if is_displayable(wanted.with_chroma(middle).to_linear()) {
                displayable = middle;
            } else {
                excessive = middle;
            }
        }
        Color::from_linear(wanted.with_chroma(displayable).to_linear())
    }

    fn to_linear(self) -> [f64; 3] {
        let green_red = self.chroma * self.hue.cosine;
        let blue_yellow = self.chroma * self.hue.sine;
        let long =
            (self.lightness + 0.396_337_777_4 * green_red + 0.215_803_757_3 * blue_yellow).powi(3);
        let medium =
            (self.lightness - 0.105_561_345_8 * green_red - 0.063_854_172_8 * blue_yellow).powi(3);
        let short =
            (self.lightness - 0.089_484_177_5 * green_red - 1.291_485_548 * blue_yellow).powi(3);
        [
            4.076_741_662_1 * long - 3.307_711_591_3 * medium + 0.230_969_929_2 * short,
            -1.268_438_004_6 * long + 2.609_757_401_1 * medium - 0.341_319_396_5 * short,
            -0.004_196_086_3 * long - 0.703_418_614_7 * medium + 1.707_614_701 * short,
        ]
    }

    pub(super) fn with_lightness(self, lightness: f64) -> Self {
        Self { lightness, ..self }
    }

    pub(super) fn with_chroma(self, chroma: f64) -> Self {
        Self { chroma, ..self }
    }

    pub(super) fn with_chroma_at_most(self, limit: f64) -> Self {
        self.with_chroma(self.chroma.min(limit))
    }

    /// Moves lightness in steps until the color reaches the wanted contrast on every background, or until
    /// black or white ends the way.
    pub(super) fn walk(mut self, step: f64, wanted: f64, backgrounds: &[Color]) -> Color {
        let mut color = self.to_color();
        while backgrounds
            .iter()
            .any(|&background| color.contrast(background) < wanted)
        {
            self.lightness += step;
            if !(0.0..=1.0).contains(&self.lightness) {
                break;
            }
            color = self.to_color();
        }
        color
    }

    /// White, or else near-black of the same hue, if that can be read on this color.
    pub(super) fn label(self) -> Option<Color> {
        let near_black = Self {
            lightness: 0.2,
            chroma: 0.02,
            hue: self.hue,
        };
        let background = self.to_color();
        [Color::WHITE, near_black.to_color()]
            .into_iter()
            .find(|label| label.contrast(background) >= TEXT_CONTRAST)
    }

    /// The lightest version of this color, itself if possible, on which a label can be read, and that label.
    pub(super) fn with_label(mut self) -> (Self, Color) {
        // White can be read on black, so the way down always ends.
        loop {
            if let Some(label) = self.label() {
                return (self, label);
            }
            self.lightness -= LIGHTNESS_STEP;
        }
    }
}

/// Whether a screen can show the light; the slack forgives rounding at the edge of the gamut.
fn is_displayable(linear: [f64; 3]) -> bool {
    linear
        .iter()
        .all(|amount| (-0.0005..=1.0005).contains(amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn color(text: &str) -> Color {
        Color::parse(text).expect("the test names a color")
    }

    #[test]
    fn a_color_is_a_hash_and_six_hex_digits() {
        assert_eq!(color("#FFf1a8").to_string(), "#fff1a8");
        assert_eq!(color("#000a0B").to_string(), "#000a0b");
        for text in [
            "", "#", "fff1a8", "#fff", "#fff1a", "#fff1a8f", "#fff1ag", " #fff1a8", "##ff1a8",
            "#é1a8", "yellow",
        ] {
            assert_eq!(Color::parse(text), None, "{text:?} is not a color");
        }
    }

    #[test]
    fn contrast_is_the_ratio_of_wcag() {
        let (black, white) = (color("#000000"), Color::WHITE);
        assert_eq!(black.contrast_hundredths(white), 2100);
        assert_eq!(white.contrast_hundredths(white), 100);
        assert_eq!(color("#777777").contrast_hundredths(white), 447);
        assert_eq!(color("#767676").contrast_hundredths(white), 454);
    }

    #[test]
    fn a_color_survives_the_way_through_lightness_chroma_and_hue() {
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(15) {
                for blue in (0..=255).step_by(15) {
                    let color = Color([red, green, blue]);
                    assert_eq!(Lch::from(color).to_color(), color);
                }
            }
        }
    }

    #[test]
    fn a_color_has_the_name_a_person_would_use() {
        for (text, name) in [
            ("#ffffff", "white"),
            ("#808080", "gray"),
            ("#111111", "black"),
            ("#fdf6e3", "cream"),
            ("#f5f5dc", "cream"),
            ("#d2b48c", "tan"),
            ("#fff1a8", "yellow"),
            ("#ffd700", "yellow"),
            ("#75671d", "olive"),
            ("#8b4513", "brown"),
            ("#b8572f", "rust"),
            ("#e8590c", "orange"),
            ("#ffa500", "orange"),
            ("#ff0000", "red"),
            ("#7a1f1f", "maroon"),
            ("#f4a9a8", "pink"),
            ("#ffc0cb", "pink"),
            ("#ff00ff", "magenta"),
            ("#800080", "plum"),
            ("#6d28d9", "purple"),
            ("#e6ccff", "lavender"),
            ("#2f5bea", "blue"),
            ("#0f1f3d", "navy"),
            ("#008080", "teal"),
            ("#00ffff", "turquoise"),
            ("#1f5b4b", "green"),
            ("#00ff00", "green"),
        ] {
            assert_eq!(color(text).name(), name, "{text}");
        }
    }
}
