//! The look of a deployment: five colours and a font become the stylesheet `/theme-….css`.
//!
//! `static/nhsuk-10.6.1.css` reads every colour from a custom property `--app-…` (see `ui/README.md`). Here they get
//! their values. Focus stays yellow and black.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::assets;

/// What a deployment may change about its look.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Brand {
    pub(crate) colours: Colours,
    /// Names of fonts, best first. They are taken from the reader's own device.
    pub(crate) font: Vec<String>,
    pub(crate) header: Header,
}

/// The shades for pointing at and pressing things are made from these.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Colours {
    /// The header, borders, secondary buttons.
    pub(crate) brand: Colour,
    pub(crate) link: Colour,
    pub(crate) link_hover: Colour,
    pub(crate) link_visited: Colour,
    pub(crate) button: Colour,
}

/// The band at the top of a page: in the brand colour, or white.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Header {
    #[default]
    Blue,
    White,
}

/// Red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Colour([u8; 3]);

/// The finished stylesheet and its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Theme {
    path: String,
    css: String,
}

/// Why a brand cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("`{0}` is not a colour. Write it like #005eb8.")]
    NotAColour(String),
    #[error(
        "The {name} colour {colour} is too pale: its contrast with {beside} is {contrast}, \
         and it must be at least 4.5."
    )]
    TooPale {
        name: &'static str,
        colour: Colour,
        beside: &'static str,
        contrast: String,
    },
    #[error("The font `{0}` cannot be used. A name of a font has letters, digits, spaces and hyphens only.")]
    NotAFont(String),
}

const WHITE: Colour = Colour([0xff; 3]);
const BLACK: Colour = Colour([0; 3]);
/// Behind the text of a page.
const PAGE: Colour = Colour([0xf0, 0xf4, 0xf5]);
/// WCAG 2.2 AA for text.
const LEAST_CONTRAST: f64 = 4.5;

impl Default for Brand {
    fn default() -> Self {
        let font = ["Arial", "Helvetica", "sans-serif"].map(str::to_owned).to_vec();
        Self {
            colours: Colours::default(),
            font,
            header: Header::default(),
        }
    }
}

impl Default for Colours {
    fn default() -> Self {
        Self {
            brand: Colour([0x00, 0x5e, 0xb8]),
            link: Colour([0x00, 0x5e, 0xb8]),
            link_hover: Colour([0x7c, 0x28, 0x55]),
            link_visited: Colour([0x33, 0x00, 0x72]),
            button: Colour([0x00, 0x7f, 0x3b]),
        }
    }
}

impl Default for Theme {
    /// The usual look.
    fn default() -> Self {
        Self::of(written(&Brand::default()))
    }
}

impl Theme {
    /// The stylesheet for a brand, or everything that is wrong with it.
    pub(crate) fn new(brand: &Brand) -> Result<Self, Vec<Refusal>> {
        css(brand).map(Self::of)
    }

    fn of(css: String) -> Self {
        let path = format!("/theme-{}.css", assets::fingerprint(css.as_bytes()));
        Self { path, css }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Answers `GET` for [`path`](Self::path).
    pub(crate) fn answer(&self) -> Response {
        assets::stylesheet(&self.css)
    }
}

/// Text of the stylesheet for a brand, or everything that is wrong with it.
pub(crate) fn css(brand: &Brand) -> Result<String, Vec<Refusal>> {
    let fonts = brand.font.iter().filter_map(|name| font_refusal(name));
    let refusals: Vec<_> = brand.colours.refusals().chain(fonts).collect();
    if refusals.is_empty() {
        Ok(written(brand))
    } else {
        Err(refusals)
    }
}

fn written(brand: &Brand) -> String {
    let colours = brand
        .colours
        .properties()
        .map(|(name, colour)| format!("--app-{name}:{colour}"))
        .join(";");
    let font = brand
        .font
        .iter()
        .map(|name| quoted(name))
        .collect::<Vec<_>>()
        .join(",");
    let font = if font.is_empty() {
        font
    } else {
        format!(";--app-font:{font}")
    };
    format!(":root{{{colours}{font}}}\n")
}

impl Colours {
    fn refusals(&self) -> impl Iterator<Item = Refusal> {
        let pale = self.pairs().into_iter();
        let pale = pale.filter(|(_, colour, other, _)| colour.contrast(*other) < LEAST_CONTRAST);
        pale.map(|(name, colour, other, beside)| Refusal::TooPale {
            name,
            colour,
            beside,
            contrast: colour.ratio(other),
        })
    }

    /// Each colour with what it is read on or with.
    fn pairs(&self) -> [(&'static str, Colour, Colour, &'static str); 5] {
        [
            ("brand", self.brand, PAGE, "the page behind it"),
            ("link", self.link, PAGE, "the page behind it"),
            ("link hover", self.link_hover, PAGE, "the page behind it"),
            ("visited link", self.link_visited, PAGE, "the page behind it"),
            ("button", self.button, WHITE, "the white words on it"),
        ]
    }

    /// What each of the colours that a team may choose is called, and its contrast: "5.7".
    pub(crate) fn contrasts(&self) -> Vec<(&'static str, String)> {
        let chosen = self.pairs().into_iter();
        chosen
            .filter(|(name, ..)| ["brand", "link", "button"].contains(name))
            .map(|(name, colour, other, _)| (name, colour.ratio(other)))
            .collect()
    }

    /// Every property of the library's stylesheet, with the library's own shades and tints.
    fn properties(&self) -> [(&'static str, Colour); 22] {
        let Self {
            brand,
            link,
            link_hover,
            link_visited,
            button,
        } = *self;
        [
            ("brand-colour", brand),
            ("reverse-secondary-text-colour", brand.readable_tint(22)),
            ("reverse-border-colour", brand.mixed(80, WHITE)),
            ("reverse-hover-colour", brand.mixed(80, BLACK)),
            ("reverse-target-hover-colour", brand.mixed(90, BLACK)),
            ("link-colour", link),
            ("link-hover-colour", link_hover),
            ("link-visited-colour", link_visited),
            ("link-active-colour", link.mixed(50, BLACK)),
            ("button-colour", button),
            ("button-hover-colour", button.mixed(80, BLACK)),
            ("button-active-colour", button.mixed(50, BLACK)),
            ("button-shadow-colour", button.mixed(50, BLACK)),
            ("secondary-button-border-colour", brand),
            ("secondary-button-text-colour", brand),
            ("secondary-button-hover-colour", brand.readable_tint(15)),
            ("secondary-button-active-colour", brand.readable_tint(22)),
            ("secondary-button-shadow-colour", brand),
            ("login-button-colour", brand),
            ("login-button-hover-colour", brand.mixed(80, BLACK)),
            ("login-button-active-colour", brand.mixed(50, BLACK)),
            ("login-button-shadow-colour", brand.mixed(50, BLACK)),
        ]
    }
}

impl Colour {
    /// So many parts of a hundred of this colour, the rest of the other.
    fn mixed(self, percent: u16, other: Self) -> Self {
        let channel = |ours: u8, theirs: u8| {
            let sum = u16::from(ours) * percent + u16::from(theirs) * (100 - percent);
            u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX)
        };
        let ([red, green, blue], [r, g, b]) = (self.0, other.0);
        Self([channel(red, r), channel(green, g), channel(blue, b)])
    }

    /// The tint of this strength, or as strong as it can be with this colour still readable on it.
    fn readable_tint(self, percent: u16) -> Self {
        let weaker = (0..=percent).rev().map(|it| self.mixed(it, WHITE));
        weaker
            .into_iter()
            .find(|it| self.contrast(*it) >= LEAST_CONTRAST)
            .unwrap_or(WHITE)
    }

    /// The contrast ratio of WCAG 2.2.
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// The ratio in words, rounded down: 4.49 must not read as 4.5.
    fn ratio(self, other: Self) -> String {
        format!("{:.1}", (self.contrast(other) * 10.0).floor() / 10.0)
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl FromStr for Colour {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || Refusal::NotAColour(text.to_owned());
        let digits = text
            .strip_prefix('#')
            .filter(|it| it.len() == 6)
            .ok_or_else(wrong)?;
        let bytes = data_encoding::HEXLOWER_PERMISSIVE
            .decode(digits.as_bytes())
            .map_err(|_| wrong())?;
        bytes.try_into().map(Self).map_err(|_| wrong())
    }
}

impl TryFrom<String> for Colour {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl Display for Colour {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

fn font_refusal(name: &str) -> Option<Refusal> {
    let allowed = |it: char| it.is_ascii_alphanumeric() || it == ' ' || it == '-';
    (name.trim().is_empty() || !name.chars().all(allowed)).then(|| Refusal::NotAFont(name.to_owned()))
}

/// The general names stand alone in CSS, all others in quotes.
fn quoted(font: &str) -> String {
    match font {
        "sans-serif" | "serif" | "monospace" | "system-ui" => font.to_owned(),
        name => format!("\"{name}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        text.parse().unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    fn with_brand(text: &str) -> Brand {
        Brand {
            colours: Colours {
                brand: colour(text),
                ..Colours::default()
            },
            ..Brand::default()
        }
    }

    fn refusals(brand: &Brand) -> Vec<String> {
        css(brand)
            .err()
            .unwrap_or_default()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_default_brand_is_what_the_library_looks_like() {
        let library = include_str!("../static/nhsuk-10.6.1.css");
        let root = library
            .split_once(":root{")
            .and_then(|(_, rest)| rest.split_once('}'))
            .unwrap_or_default()
            .0;
        let ours = css(&Brand::default()).unwrap_or_default();
        assert_eq!(
            ours,
            format!(":root{{{root};--app-font:\"Arial\",\"Helvetica\",sans-serif}}\n")
        );
    }

    #[test]
    fn every_property_of_the_library_gets_a_value() {
        let library = include_str!("../static/nhsuk-10.6.1.css");
        let ours = css(&with_brand("#4b2e83")).unwrap_or_default();
        for used in library.split("var(--app-").skip(1) {
            let name = used.split([')', ',']).next().unwrap_or_default();
            assert!(ours.contains(&format!("--app-{name}:")), "{name}");
        }
    }

    #[test]
    fn a_pale_colour_is_refused_by_name() {
        let pale = [
            "The brand colour #41b6e6 is too pale: its contrast with the page behind it is 2.0, and it must be at least 4.5.",
        ];
        assert_eq!(refusals(&with_brand("#41b6e6")), pale);

        let colours = Colours {
            link: colour("#777777"),
            button: colour("#ffeb3b"),
            ..Colours::default()
        };
        let both = [
            "The link colour #777777 is too pale: its contrast with the page behind it is 4.0, and it must be at least 4.5.",
            "The button colour #ffeb3b is too pale: its contrast with the white words on it is 1.2, and it must be at least 4.5.",
        ];
        assert_eq!(
            refusals(&Brand {
                colours,
                ..Brand::default()
            }),
            both
        );
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 1e-9);
        assert!((colour("#767676").contrast(WHITE) - 4.54).abs() < 0.005);
        assert!((colour("#005eb8").contrast(PAGE) - 5.79).abs() < 0.05);
    }

    #[test]
    fn shades_stay_readable_for_a_brand_that_only_just_passes() {
        let brand = colour("#6b6b6b");
        let ours = css(&with_brand("#6b6b6b")).unwrap_or_default();
        for name in [
            "secondary-button-hover-colour",
            "secondary-button-active-colour",
            "reverse-secondary-text-colour",
        ] {
            let value = ours
                .split_once(&format!("--app-{name}:"))
                .map(|(_, rest)| &rest[..7])
                .unwrap_or_default();
            assert!(brand.contrast(colour(value)) >= LEAST_CONTRAST, "{name} {value}");
        }
    }

    #[test]
    fn what_is_not_a_colour_is_refused() {
        for text in ["", "blue", "005eb8", "#05b", "#005eb8;}", "#00５b8", "#gg5eb8"] {
            assert_eq!(text.parse::<Colour>(), Err(Refusal::NotAColour(text.to_owned())));
        }
        assert_eq!(colour("#005EB8").to_string(), "#005eb8");
    }

    #[test]
    fn a_font_name_cannot_close_the_rule() {
        for name in ["x\";}body{display:none", "", "a,b", "url(x)"] {
            let brand = Brand {
                font: vec![name.to_owned()],
                ..Brand::default()
            };
            assert_eq!(css(&brand), Err(vec![Refusal::NotAFont(name.to_owned())]));
        }
        let brand = Brand {
            font: vec!["Source Sans 3".to_owned(), "sans-serif".to_owned()],
            ..Brand::default()
        };
        assert!(
            css(&brand)
                .unwrap_or_default()
                .ends_with(";--app-font:\"Source Sans 3\",sans-serif}\n")
        );
    }

    #[test]
    fn the_address_changes_with_the_look() {
        let path = |brand: &Brand| Theme::new(brand).map(|theme| theme.path).unwrap_or_default();
        let (usual, violet) = (path(&Brand::default()), path(&with_brand("#4b2e83")));
        assert_ne!(usual, violet);
        assert_eq!(usual, Theme::default().path);
        assert!(
            usual.starts_with("/theme-") && usual.len() == "/theme-0123456789abcdef.css".len(),
            "{usual}"
        );
    }
}
