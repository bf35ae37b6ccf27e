//! A button in an organization's color that everybody can read.

/// Where an organization chose no color.
const NEUTRAL: Color = Color(0x1f, 0x29, 0x37);
const WHITE: Color = Color(0xff, 0xff, 0xff);
const BLACK: Color = Color(0, 0, 0);
/// WCAG 2.2, 1.4.11: what must be seen to use a page stands out from what is around it.
const STANDS_OUT: f64 = 3.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Color(u8, u8, u8);

/// The colors of a button, as "#rrggbb".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Button {
    pub(crate) background: String,
    pub(crate) text: String,
    pub(crate) border: String,
}

impl Button {
    /// Derives a button from an organization's primary color; the neutral one where it is not "#rrggbb".
    pub(crate) fn of(primary: &str) -> Self {
        let background = Color::parse(primary).unwrap_or(NEUTRAL);
        let text = if contrast(background, WHITE) >= contrast(background, BLACK) {
            WHITE
        } else {
            BLACK
        };
        let border = if contrast(background, WHITE) < STANDS_OUT {
            BLACK
        } else {
            background
        };
        Self {
            background: background.hex(),
            text: text.hex(),
            border: border.hex(),
        }
    }
}

impl Color {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let channel = |range| u8::from_str_radix(digits.get(range)?, 16).ok();
        Some(Self(channel(0..2)?, channel(2..4)?, channel(4..6)?))
    }

    fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// Relative luminance as WCAG defines it: 0 for black, 1 for white.
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }
}

fn contrast(one: Color, other: Color) -> f64 {
    let (one, other) = (one.luminance(), other.luminance());
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dark_color_gets_white_text_and_no_border() {
        let button = Button::of("#1f5b4b");
        assert_eq!(button.text, "#ffffff");
        assert_eq!(button.border, "#1f5b4b");
    }

    #[test]
    fn a_light_color_gets_dark_text_and_a_border() {
        let button = Button::of("#ffe08a");
        assert_eq!(button.text, "#000000");
        assert_eq!(button.border, "#000000");
    }

    #[test]
    fn text_on_any_button_can_be_read() {
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(15) {
                for blue in (0..=255).step_by(15) {
                    let background = Color(red, green, blue);
                    let button = Button::of(&background.hex());
                    let text = Color::parse(&button.text).expect("a color");
                    assert!(contrast(background, text) >= 4.5, "{button:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_color_is_neutral() {
        for text in ["", "red", "#12345", "#12345g", "#é2345"] {
            assert_eq!(Button::of(text), Button::of(&NEUTRAL.hex()), "{text}");
        }
    }
}
