//! A tenant's colour → the accents of both themes, made readable where the colour itself is not.

/// A colour, as parts of 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colour([f64; 3]);

/// Contrast that text needs (WCAG 2.2, 1.4.3).
const READABLE: f64 = 4.5;
/// The darkest ground of the light theme, the lightest of the dark one: what is readable there is readable everywhere.
const LIGHT_GROUND: Colour = Colour([243.0, 246.0, 249.0]);
const DARK_GROUND: Colour = Colour([26.0, 41.0, 52.0]);
const WHITE: Colour = Colour([255.0; 3]);
const BLACK: Colour = Colour([0.0; 3]);

/// The variables of the style sheet that carry the accent, each with its value in both themes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accents {
    /// `(name, value)`; a value is `light-dark(…)`.
    pub variables: [(&'static str, String); 4],
}

impl Colour {
    /// Reads `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok().map(f64::from);
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    /// `#rrggbb`.
    pub fn hex(self) -> String {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "parts are 0 to 255")]
        let [red, green, blue] = self.0.map(|part| part.round().clamp(0.0, 255.0) as u8);
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// `share` (0 to 1) of the way to `other`.
    fn towards(self, other: Self, share: f64) -> Self {
        Self(std::array::from_fn(|at| self.0[at] + (other.0[at] - self.0[at]) * share))
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = part / 255.0;
            if part <= 0.04045 { part / 12.92 } else { power((part + 0.055) / 1.055, 2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Contrast ratio with `other`, 1 to 21 (WCAG 2.2).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The colour nearest to this one, on its way to `end`, that can be read on `ground`.
    fn readable_on(self, ground: Self, end: Self) -> Self {
        let steps = (0..=50_u8).map(|step| self.towards(end, f64::from(step) / 50.0));
        steps.into_iter().find(|colour| colour.contrast(ground) >= READABLE).unwrap_or(end)
    }
}

/// The accents that follow from a tenant's colour.
pub fn accents(colour: Colour) -> Accents {
    let light = colour.readable_on(LIGHT_GROUND, BLACK);
    let dark = colour.readable_on(DARK_GROUND, WHITE);
    let on = |accent: Colour| if accent.contrast(WHITE) >= READABLE { WHITE } else { BLACK };
    let both = |light: Colour, dark: Colour| format!("light-dark({}, {})", light.hex(), dark.hex());
    Accents {
        variables: [
            ("--accent", both(light, dark)),
            ("--accent-strong", both(light.towards(BLACK, 0.25), dark.towards(WHITE, 0.3))),
            ("--accent-soft", both(light.towards(WHITE, 0.9), dark.towards(DARK_GROUND, 0.8))),
            ("--on-accent", both(on(light), on(dark))),
        ],
    }
}

/// In the browser by the browser: what a module of its own would need for it is heavy.
#[cfg(target_arch = "wasm32")]
fn power(base: f64, exponent: f64) -> f64 {
    js_sys::Math::pow(base, exponent)
}

#[cfg(not(target_arch = "wasm32"))]
fn power(base: f64, exponent: f64) -> f64 {
    base.powf(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(value: &str) -> (Colour, Colour) {
        let inner = value.strip_prefix("light-dark(").and_then(|rest| rest.strip_suffix(')')).expect("both themes");
        let (light, dark) = inner.split_once(", ").expect("two colours");
        (Colour::parse(light).expect("a colour"), Colour::parse(dark).expect("a colour"))
    }

    #[test]
    fn a_colour_is_six_hex_digits() {
        assert_eq!(Colour::parse("#1A4fc4").map(Colour::hex).as_deref(), Some("#1a4fc4"));
        for wrong in ["", "1a4fc4", "#fff", "#ggg000", "#12345é", "red;}"] {
            assert_eq!(Colour::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn whatever_the_colour_is_text_stays_readable_in_both_themes() {
        for colour in
            ["#000000", "#ffffff", "#ffff00", "#ff0000", "#00ff00", "#0000ff", "#7f7f7f", "#f3f6f9", "#13202a"]
        {
            let accents = accents(Colour::parse(colour).expect("a colour")).variables;
            let [accent, strong, soft, on] = accents.map(|(_, value)| pair(&value));
            // Half a step of rounding to whole parts is allowed.
            let readable = READABLE - 0.05;
            assert!(accent.0.contrast(LIGHT_GROUND) >= readable, "{colour} in light");
            assert!(accent.1.contrast(DARK_GROUND) >= readable, "{colour} in dark");
            assert!(on.0.contrast(accent.0) >= readable && on.1.contrast(accent.1) >= readable, "{colour} below text");
            assert!(on.0.contrast(strong.0) >= readable && on.1.contrast(strong.1) >= readable, "{colour} hovered");
            assert!(strong.0.contrast(soft.0) >= readable && strong.1.contrast(soft.1) >= readable, "{colour} soft");
        }
    }

    #[test]
    fn a_readable_colour_stays_as_it_is() {
        let accents = accents(Colour::parse("#1a4fc4").expect("a colour")).variables;
        assert!(accents[0].1.starts_with("light-dark(#1a4fc4, "));
    }
}
