//! A scheme: every color of a page, derived for a light or for a dark screen.

use super::Brand;
use super::color::{Color, EDGE_CONTRAST, LIGHTNESS_STEP, Lch, TEXT_CONTRAST};

/// What derived text aims at: a little more than it needs, so that rounding never takes it below.
const TEXT_GOAL: f64 = 4.6;
/// What derived edges aim at.
const EDGE_GOAL: f64 = 3.1;
/// The strongest text, and the strongest fill on a dark screen: more would flicker or glare.
const CALM_CHROMA: f64 = 0.19;

#[derive(Clone, Copy)]
pub(super) enum Mode {
    Light,
    Dark,
}

impl Mode {
    fn pick<T>(self, light: T, dark: T) -> T {
        match self {
            Self::Light => light,
            Self::Dark => dark,
        }
    }

    /// The direction in which lightness moves away from the backgrounds.
    fn away_from_background(self) -> f64 {
        self.pick(-LIGHTNESS_STEP, LIGHTNESS_STEP)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scheme {
    pub(super) neutrals: Neutrals,
    pub(super) brand: Accented,
    accent: Accented,
    secondary: Decoration,
}

impl Scheme {
    pub(super) fn derive(brand: &Brand, mode: Mode) -> Self {
        let primary = Lch::from(brand.primary);
        let neutrals = Neutrals::derive(primary, mode);
        Self {
            brand: Accented::derive(primary, &neutrals, mode),
            accent: Accented::derive(Lch::from(brand.accent), &neutrals, mode),
            secondary: Decoration::derive(brand.secondary, &neutrals, mode),
            neutrals,
        }
    }

    pub(super) fn declarations(&self) -> String {
        self.tokens()
            .map(|(name, color)| format!("--{name}:{color};"))
            .concat()
    }

    /// Every color under the name by which the portal's style sheet uses it.
    pub(super) fn tokens(&self) -> [(&'static str, Color); 31] {
        let Self {
            neutrals,
            brand,
            accent,
            secondary,
        } = self;
        [
            ("canvas", neutrals.canvas),
            ("surface", neutrals.surface),
            ("raised", neutrals.raised),
            ("sunken", neutrals.sunken),
            ("hover", neutrals.hover),
            ("line", neutrals.line),
            ("line-strong", neutrals.line_strong),
            ("field", neutrals.field),
            ("ink", neutrals.ink),
            ("muted", neutrals.muted),
            ("faint", neutrals.faint),
            ("brand", brand.fill),
            ("on-brand", brand.label),
            ("brand-hover", brand.fill_hover),
            ("brand-subtle", brand.subtle),
            ("brand-subtle-2", brand.subtle_strong),
            ("brand-line", brand.line),
            ("brand-edge", brand.edge),
            ("brand-text", brand.text),
            ("accent", accent.fill),
            ("on-accent", accent.label),
            ("accent-hover", accent.fill_hover),
            ("accent-subtle", accent.subtle),
            ("accent-subtle-2", accent.subtle_strong),
            ("accent-line", accent.line),
            ("accent-edge", accent.edge),
            ("accent-text", accent.text),
            ("secondary", secondary.fill),
            ("secondary-subtle", secondary.subtle),
            ("secondary-edge", secondary.edge),
            ("secondary-text", secondary.text),
        ]
    }
}

/// Grays that lean to the primary color's hue by a hair, so that a page looks of one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Neutrals {
    canvas: Color,
    pub(super) surface: Color,
    raised: Color,
    sunken: Color,
    hover: Color,
    line: Color,
    line_strong: Color,
    /// Borders of controls.
    field: Color,
    ink: Color,
    muted: Color,
    faint: Color,
}

impl Neutrals {
    fn derive(primary: Lch, mode: Mode) -> Self {
        let tint = (primary.chroma * 0.05).min(0.0042);
        let gray = |lightness: f64, strength: f64| Lch {
            lightness,
            chroma: tint * strength,
            hue: primary.hue,
        };
        let plain = |light, dark| gray(mode.pick(light, dark), 1.0).to_color();

        let canvas = plain(0.982, 0.175);
        let surface = mode.pick(Color::WHITE, plain(1.0, 0.212));
        let raised = mode.pick(Color::WHITE, plain(1.0, 0.245));
        let sunken = plain(0.965, 0.155);
        let hover = plain(0.968, 0.255);
        let backgrounds = [canvas, surface, raised, sunken, hover];
        let readable =
            |start: Lch, wanted| start.walk(mode.away_from_background(), wanted, &backgrounds);

        Self {
            canvas,
            surface,
            raised,
            sunken,
            hover,
            line: gray(mode.pick(0.915, 0.3), 1.2).to_color(),
            line_strong: gray(mode.pick(0.85, 0.4), 1.2).to_color(),
            field: readable(gray(mode.pick(0.68, 0.5), 1.0), EDGE_CONTRAST),
            ink: mode.pick(gray(0.21, 2.0), gray(0.955, 1.0)).to_color(),
            muted: readable(gray(mode.pick(0.5, 0.7), 1.5), TEXT_GOAL),
            faint: readable(gray(0.6, 1.5), TEXT_CONTRAST),
        }
    }

    /// Every background on which the portal sets text.
    fn backgrounds(&self) -> [Color; 5] {
        [
            self.canvas,
            self.surface,
            self.raised,
            self.sunken,
            self.hover,
        ]
    }
}

/// The versions of a color that carries meaning: the primary color and the accent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Accented {
    pub(super) fill: Color,
    /// Text on `fill` and `fill_hover`.
    pub(super) label: Color,
    fill_hover: Color,
    subtle: Color,
    subtle_strong: Color,
    line: Color,
    /// Progress bars, the current tab, borders of buttons.
    pub(super) edge: Color,
    /// Links and quiet buttons.
    pub(super) text: Color,
}

impl Accented {
    fn derive(chosen: Lch, neutrals: &Neutrals, mode: Mode) -> Self {
        let adapted = mode.pick(
            chosen,
            chosen
                .with_lightness(chosen.lightness.max(0.52))
                .with_chroma_at_most(CALM_CHROMA),
        );
        let away = mode.away_from_background();
        let backgrounds = neutrals.backgrounds();

        let (labeled, label) = adapted.with_label();
        let fill = labeled.to_color();
        // Away from the label, so that it can be read even better.
        let hover_shift = if label == Color::WHITE { -0.04 } else { 0.035 };
        let fill_hover = labeled
            .with_lightness(labeled.lightness + hover_shift)
            .to_color();

        let stands_out = [neutrals.surface, neutrals.canvas]
            .into_iter()
            .all(|background| fill.contrast(background) >= EDGE_CONTRAST);
        let edge = if stands_out {
            fill
        } else {
            adapted
                .with_chroma_at_most(0.13)
                .walk(away, EDGE_GOAL, &backgrounds)
        };

        let subtle = subtle(chosen, mode);
        let subtle_strong = chosen
            .with_lightness(mode.pick(0.93, 0.32))
            .with_chroma(mode.pick(
                (chosen.chroma * 0.28).min(0.04),
                (chosen.chroma * 0.4).min(0.06),
            ))
            .to_color();
        let [canvas, surface, raised, sunken, hover] = backgrounds;
        let text_backgrounds = [
            canvas,
            surface,
            raised,
            sunken,
            hover,
            subtle,
            subtle_strong,
        ];

        Self {
            fill,
            label,
            fill_hover,
            subtle,
            subtle_strong,
            line: chosen
                .with_lightness(mode.pick(0.86, 0.42))
                .with_chroma((chosen.chroma * 0.5).min(0.07))
                .to_color(),
            edge,
            text: adapted
                .with_chroma_at_most(CALM_CHROMA)
                .walk(away, TEXT_GOAL, &text_backgrounds),
        }
    }
}

/// The versions of the secondary color, which only decorates: text never stands on its fill.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decoration {
    fill: Color,
    subtle: Color,
    edge: Color,
    text: Color,
}

impl Decoration {
    fn derive(chosen: Color, neutrals: &Neutrals, mode: Mode) -> Self {
        let color = Lch::from(chosen);
        let calm = color.with_chroma_at_most(0.12);
        let away = mode.away_from_background();
        let [canvas, surface, raised, sunken, hover] = neutrals.backgrounds();
        let subtle = subtle(color, mode);
        Self {
            fill: chosen,
            subtle,
            edge: calm.walk(away, EDGE_GOAL, &neutrals.backgrounds()),
            text: calm.walk(
                away,
                TEXT_GOAL,
                &[canvas, surface, raised, sunken, hover, subtle],
            ),
        }
    }
}

/// The quiet background in a color's hue.
fn subtle(chosen: Lch, mode: Mode) -> Color {
    chosen
        .with_lightness(mode.pick(0.962, 0.27))
        .with_chroma(mode.pick(
            (chosen.chroma * 0.16).min(0.022),
            (chosen.chroma * 0.35).min(0.05),
        ))
        .to_color()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    /// Every pair of colors that the portal lays over each other, with the contrast it needs.
    fn pairs(scheme: &Scheme) -> Vec<(&'static str, Color, Color, f64)> {
        let Scheme {
            neutrals,
            brand,
            accent,
            secondary,
        } = scheme;
        let mut pairs = Vec::with_capacity(53);
        for background in neutrals.backgrounds() {
            pairs.extend([
                ("ink", neutrals.ink, background, 4.5),
                ("muted", neutrals.muted, background, 4.5),
                ("faint", neutrals.faint, background, 4.5),
                ("brand text", brand.text, background, 4.5),
                ("accent text", accent.text, background, 4.5),
                ("secondary text", secondary.text, background, 4.5),
                ("field", neutrals.field, background, 3.0),
            ]);
        }
        for background in [neutrals.canvas, neutrals.surface] {
            pairs.extend([
                ("brand edge", brand.edge, background, 3.0),
                ("accent edge", accent.edge, background, 3.0),
                ("secondary edge", secondary.edge, background, 3.0),
            ]);
        }
        for color in [brand, accent] {
            pairs.extend([
                ("label on fill", color.label, color.fill, 4.5),
                ("label on hovered fill", color.label, color.fill_hover, 4.5),
                ("text on subtle", color.text, color.subtle, 4.5),
                (
                    "text on strong subtle",
                    color.text,
                    color.subtle_strong,
                    4.5,
                ),
                ("ink on subtle", neutrals.ink, color.subtle, 4.5),
                ("muted on subtle", neutrals.muted, color.subtle, 4.5),
            ]);
        }
        pairs
    }

    fn unreadable(brand: &Brand) -> Vec<String> {
        let theme = brand.theme();
        [("light", &theme.light), ("dark", &theme.dark)]
            .into_iter()
            .flat_map(|(mode, scheme)| {
                pairs(scheme)
                    .into_iter()
                    .filter(|&(_, front, back, wanted)| front.contrast(back) < wanted)
                    .map(move |(name, front, back, wanted)| {
                        format!("{mode} {name}: {front} on {back} below {wanted}")
                    })
            })
            .collect()
    }

    #[test]
    fn fifty_three_pairs_are_checked_in_each_scheme() {
        let theme = brand("#1f5b4b", "#c9a77c", "#b8572f").theme();
        assert_eq!(pairs(&theme.light).len(), 53);
        assert_eq!(pairs(&theme.dark).len(), 53);
    }

    #[test]
    fn extreme_brands_are_readable() {
        let extremes = [
            "#ffffff", "#000000", "#ffff00", "#00ff00", "#0000ff", "#ff0000", "#777777", "#808080",
            "#ff00ff", "#00ffff",
        ];
        for primary in extremes {
            for accent in extremes {
                let brand = brand(primary, accent, accent);
                assert_eq!(unreadable(&brand), Vec::<String>::new(), "{brand:?}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 20_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn every_brand_is_readable(primary: [u8; 3], secondary: [u8; 3], accent: [u8; 3]) {
            let brand = Brand {
                primary: Color(primary),
                secondary: Color(secondary),
                accent: Color(accent),
            };
            prop_assert_eq!(unreadable(&brand), Vec::<String>::new());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn a_readable_color_is_kept_on_buttons(primary: [u8; 3]) {
            let primary = Color(primary);
            let brand = Brand { primary, secondary: primary, accent: primary };
            let fill = brand.theme().light.brand.fill;
            prop_assert_eq!(fill == primary, Lch::from(primary).label().is_some());
        }
    }
}
