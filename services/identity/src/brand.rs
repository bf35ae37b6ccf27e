//! Brand colors: three colors in, a light and a dark scheme out, in which every text can be read.
//!
//! A contractor may choose any color; none is refused. A color stays as it is where it works; where it
//! does not, its lightness moves until it does, and its hue stays. The computation runs in OKLCH (Björn
//! Ottosson, "A perceptual color space for image processing"), where the one can change without the other.
//! The judge is the contrast ratio of WCAG 2: 4.5 to 1 for text, 3 to 1 for edges. The result is plain hex,
//! because older tablets do not know `oklch()`.

mod adjustment;
mod color;
mod scheme;

use sha2::{Digest, Sha256};

pub(crate) use color::Color;
use scheme::{Mode, Scheme};

/// The three colors that a contractor chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Brand {
    /// Buttons, progress and the current tab.
    pub(crate) primary: Color,
    /// Initials and quiet backgrounds.
    pub(crate) secondary: Color,
    /// Highlights.
    pub(crate) accent: Color,
}

impl Brand {
    /// Derives both schemes. The same three colors always give the same theme.
    pub(crate) fn theme(&self) -> Theme {
        Theme {
            light: Scheme::derive(self, Mode::Light),
            dark: Scheme::derive(self, Mode::Dark),
        }
    }
}

/// What became of the primary color in one place, told to the contractor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Adjustment {
    /// Whether the color is used as it was chosen.
    pub(crate) kept: bool,
    /// A whole sentence.
    pub(crate) text: String,
    /// The contrast ratio reached, in hundredths: 459 is 4.59 to 1.
    pub(crate) contrast_hundredths: i32,
}

/// The two schemes derived from a brand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Theme {
    light: Scheme,
    dark: Scheme,
}

impl Theme {
    /// The style sheet that sets every token: by the device's preference, by the person's own choice, and
    /// always light on paper.
    pub(crate) fn stylesheet(&self) -> String {
        let light = self.light_tokens();
        let dark = self.dark_tokens();
        format!(
            "/* derived from the organization's three colors */\n\
             :root{{color-scheme:light;{light}}}\n\
             @media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n\
             :root[data-theme=dark]{{color-scheme:dark;{dark}}}\n\
             @media print{{:root,:root[data-theme]{{color-scheme:light;{light}}}}}\n"
        )
    }

    /// Sixteen hex digits that name the style sheet's exact content, so that it can be cached forever.
    pub(crate) fn stylesheet_hash(&self) -> String {
        let digest = Sha256::digest(self.stylesheet());
        hex::encode(&digest[..8])
    }

    /// The light scheme as declarations, such as "--canvas:#fcfcfb;--surface:#ffffff;".
    pub(crate) fn light_tokens(&self) -> String {
        self.light.declarations()
    }

    /// The dark scheme as declarations.
    pub(crate) fn dark_tokens(&self) -> String {
        self.dark.declarations()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn color(text: &str) -> Color {
        Color::parse(text).expect("the test names a color")
    }

    fn brand(primary: &str, secondary: &str, accent: &str) -> Brand {
        Brand {
            primary: color(primary),
            secondary: color(secondary),
            accent: color(accent),
        }
    }

    /// The recorded schemes were derived by an independent implementation in JavaScript.
    #[test]
    fn schemes_equal_the_recorded_ones() {
        let recorded: Vec<Value> = serde_json::from_str(include_str!("brand/recorded.json"))
            .expect("the recording is JSON");
        assert_eq!(recorded.len(), 50);
        for triple in &recorded {
            let text = |key: &str| triple[key].as_str().expect("the recording holds texts");
            let brand = brand(text("primary"), text("secondary"), text("accent"));
            let theme = brand.theme();
            for (mode, scheme) in [("light", &theme.light), ("dark", &theme.dark)] {
                let derived: serde_json::Map<String, Value> = scheme
                    .tokens()
                    .into_iter()
                    .map(|(name, color)| (name.to_owned(), color.to_string().into()))
                    .collect();
                assert_eq!(
                    Value::Object(derived),
                    triple[mode],
                    "{mode} scheme of {brand:?}"
                );
            }
        }
    }

    #[test]
    fn the_style_sheet_follows_the_device_the_person_and_paper() {
        let theme = brand("#fff1a8", "#d8e2dc", "#f4a9a8").theme();
        let (light, dark) = (theme.light_tokens(), theme.dark_tokens());
        assert!(light.starts_with("--canvas:#faf9f6;--surface:#ffffff;"));
        assert!(light.ends_with("--secondary-text:#666f6a;"));
        assert!(dark.starts_with("--canvas:#11110e;--surface:#191917;"));

        let stylesheet = theme.stylesheet();
        let rules: Vec<&str> = stylesheet.lines().skip(1).collect();
        assert_eq!(
            rules,
            [
                format!(":root{{color-scheme:light;{light}}}"),
                format!(
                    "@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
                ),
                format!(":root[data-theme=dark]{{color-scheme:dark;{dark}}}"),
                format!("@media print{{:root,:root[data-theme]{{color-scheme:light;{light}}}}}"),
            ]
        );
    }

    #[test]
    fn the_hash_names_the_content() {
        let theme = brand("#fff1a8", "#d8e2dc", "#f4a9a8").theme();
        let hash = theme.stylesheet_hash();
        assert_eq!(hash.len(), 16);
        assert!(hash.chars().all(|digit| digit.is_ascii_hexdigit()));
        assert_eq!(
            hash,
            brand("#FFF1A8", "#D8E2DC", "#F4A9A8")
                .theme()
                .stylesheet_hash()
        );
        assert_ne!(
            hash,
            brand("#fff1a9", "#d8e2dc", "#f4a9a8")
                .theme()
                .stylesheet_hash()
        );
    }
}
