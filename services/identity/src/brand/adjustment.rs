//! What the derivation made of a contractor's primary color, in words.

use super::color::{Color, EDGE_CONTRAST, LIGHTNESS_STEP, Lch, TEXT_CONTRAST};
use super::scheme::Scheme;
use super::{Adjustment, Brand};

const EVERYTHING: &str = "buttons, progress bars, and links";

/// A place where people meet the primary color.
struct Part {
    name: &'static str,
    color: Color,
    contrast_hundredths: i32,
}

fn parts(scheme: &Scheme) -> [Part; 3] {
    let surface = scheme.neutrals.surface;
    let brand = &scheme.brand;
    [
        Part {
            name: "buttons",
            color: brand.fill,
            contrast_hundredths: brand.label.contrast_hundredths(brand.fill),
        },
        Part {
            name: "progress bars",
            color: brand.edge,
            contrast_hundredths: brand.edge.contrast_hundredths(surface),
        },
        Part {
            name: "links",
            color: brand.text,
            contrast_hundredths: brand.text.contrast_hundredths(surface),
        },
    ]
}

fn lowest_contrast(parts: &[&Part]) -> i32 {
    parts
        .iter()
        .map(|part| part.contrast_hundredths)
        .min()
        .expect("only parts that exist are told of")
}

impl Brand {
    /// Tells the contractor, in whole sentences, where the primary color was kept and where it gave way.
    pub(crate) fn adjustments(&self) -> Vec<Adjustment> {
        let theme = self.theme();
        let mut adjustments = self.light_adjustments(&theme.light);
        adjustments.push(self.dark_adjustment(&theme.dark));
        adjustments
    }

    fn light_adjustments(&self, scheme: &Scheme) -> Vec<Adjustment> {
        let [buttons, edges, links] = parts(scheme);
        if [&buttons, &edges, &links]
            .iter()
            .all(|part| self.keeps(part))
        {
            return vec![Adjustment {
                kept: true,
                text: format!(
                    "Nothing had to change in the light theme: {EVERYTHING} keep your {}.",
                    self.primary.name()
                ),
                contrast_hundredths: lowest_contrast(&[&buttons, &edges, &links]),
            }];
        }
        vec![
            self.adjustment(&buttons, self.about_buttons(scheme)),
            self.adjustment(&edges, self.about_edges(scheme)),
            self.adjustment(&links, self.about_links(scheme)),
        ]
    }

    /// One sentence for the dark scheme, where most colors have to change and details would tire.
    fn dark_adjustment(&self, scheme: &Scheme) -> Adjustment {
        let parts = parts(scheme);
        let (kept, changed): (Vec<&Part>, Vec<&Part>) =
            parts.iter().partition(|part| self.keeps(part));
        let yours = self.primary.name();
        let names = match changed[..] {
            [] => {
                return Adjustment {
                    kept: true,
                    text: format!("In the dark theme, {EVERYTHING} keep your {yours}."),
                    contrast_hundredths: lowest_contrast(&kept),
                };
            }
            [part] => part.name.to_owned(),
            [first, second] => format!("{} and {}", first.name, second.name),
            _ => EVERYTHING.to_owned(),
        };
        Adjustment {
            kept: false,
            text: format!(
                "In the dark theme, {names} use other shades of your {yours}, so that they stand out on a dark background."
            ),
            contrast_hundredths: lowest_contrast(&changed),
        }
    }

    fn keeps(&self, part: &Part) -> bool {
        part.color == self.primary
    }

    fn adjustment(&self, part: &Part, text: String) -> Adjustment {
        Adjustment {
            kept: self.keeps(part),
            text,
            contrast_hundredths: part.contrast_hundredths,
        }
    }

    fn about_buttons(&self, scheme: &Scheme) -> String {
        let fill = scheme.brand.fill;
        let label = if scheme.brand.label == Color::WHITE {
            "white"
        } else {
            "dark"
        };
        if fill == self.primary {
            format!("Buttons keep your {}, with {label} text.", fill.name())
        } else {
            format!(
                "Buttons use {}, so that their {label} text can be read.",
                self.shade(fill)
            )
        }
    }

    fn about_edges(&self, scheme: &Scheme) -> String {
        let edge = scheme.brand.edge;
        if edge == self.primary {
            format!("Button edges and progress bars keep your {}.", edge.name())
        } else if edge == scheme.brand.fill {
            "Button edges and progress bars have the color of the buttons.".to_owned()
        } else {
            format!(
                "Button edges and progress bars use {}, so that they stand out on white.",
                self.shade(edge)
            )
        }
    }

    fn about_links(&self, scheme: &Scheme) -> String {
        let text = scheme.brand.text;
        let yours = self.primary.name();
        if text == self.primary {
            return format!("Links keep your {yours}.");
        }
        let contrast = self.primary.contrast(scheme.neutrals.surface);
        let reason = if contrast < EDGE_CONTRAST {
            format!("because {yours} text cannot be read on white")
        } else if contrast < TEXT_CONTRAST {
            format!("because {yours} text is hard to read on white")
        } else if self.change_to(text) == "softer" {
            "because text in a strong color is tiring to read".to_owned()
        } else {
            "so that they can be read on tinted backgrounds too".to_owned()
        };
        format!("Links use {}, {reason}.", self.shade(text))
    }

    /// Names a derived color beside the primary color, such as "a darker olive".
    fn shade(&self, derived: Color) -> String {
        format!("a {} {}", self.change_to(derived), derived.name())
    }

    fn change_to(&self, derived: Color) -> &'static str {
        let difference = Lch::from(derived).lightness - Lch::from(self.primary).lightness;
        if difference < -LIGHTNESS_STEP / 2.0 {
            "darker"
        } else if difference > LIGHTNESS_STEP / 2.0 {
            "lighter"
        } else {
            "softer"
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn brand(primary: Color) -> Brand {
        Brand {
            primary,
            secondary: primary,
            accent: primary,
        }
    }

    fn told(primary: &str) -> Vec<(bool, String, i32)> {
        brand(Color::parse(primary).expect("the test names a color"))
            .adjustments()
            .into_iter()
            .map(|adjustment| {
                (
                    adjustment.kept,
                    adjustment.text,
                    adjustment.contrast_hundredths,
                )
            })
            .collect()
    }

    fn kept(text: &str, contrast_hundredths: i32) -> (bool, String, i32) {
        (true, text.to_owned(), contrast_hundredths)
    }

    fn changed(text: &str, contrast_hundredths: i32) -> (bool, String, i32) {
        (false, text.to_owned(), contrast_hundredths)
    }

    #[test]
    fn pale_yellow_is_kept_on_buttons_and_darkened_elsewhere() {
        assert_eq!(
            told("#fff1a8"),
            [
                kept("Buttons keep your yellow, with dark text.", 1587),
                changed(
                    "Button edges and progress bars use a darker olive, so that they stand out on white.",
                    351
                ),
                changed(
                    "Links use a darker olive, because yellow text cannot be read on white.",
                    565
                ),
                kept(
                    "In the dark theme, buttons, progress bars, and links keep your yellow.",
                    1542
                ),
            ]
        );
    }

    #[test]
    fn deep_green_needs_no_change_in_the_light_theme() {
        assert_eq!(
            told("#1f5b4b"),
            [
                kept(
                    "Nothing had to change in the light theme: buttons, progress bars, and links keep your green.",
                    790
                ),
                changed(
                    "In the dark theme, buttons, progress bars, and links use other shades of your green, so that they stand out on a dark background.",
                    333
                ),
            ]
        );
    }

    #[test]
    fn middle_gray_carries_neither_white_nor_dark_text() {
        assert_eq!(
            told("#777777")[..3],
            [
                changed(
                    "Buttons use a darker gray, so that their white text can be read.",
                    454
                ),
                changed(
                    "Button edges and progress bars have the color of the buttons.",
                    454
                ),
                changed(
                    "Links use a darker gray, because gray text is hard to read on white.",
                    565
                ),
            ]
        );
    }

    #[test]
    fn readable_colors_give_way_in_links_only() {
        assert_eq!(
            told("#1971c2")[2..],
            [
                changed(
                    "Links use a darker blue, so that they can be read on tinted backgrounds too.",
                    570
                ),
                changed(
                    "In the dark theme, links use other shades of your blue, so that they stand out on a dark background.",
                    644
                ),
            ]
        );
        assert_eq!(
            told("#0000ff")[2],
            changed(
                "Links use a softer blue, because text in a strong color is tiring to read.",
                775
            )
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_color_is_told_in_sentences_with_sufficient_contrast(primary: [u8; 3]) {
            let adjustments = brand(Color(primary)).adjustments();
            prop_assert!(matches!(adjustments.len(), 2 | 4));
            for adjustment in adjustments {
                prop_assert!(adjustment.text.ends_with('.'));
                prop_assert!((300..=2100).contains(&adjustment.contrast_hundredths));
            }
        }
    }
}
