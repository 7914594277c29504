//! A certificate as a file: a tagged PDF that screen readers read in order (PDF/UA-1), the same bytes
//! each time. Where the fonts lack a letter there is no file, and the page to print stands in.

use std::num::NonZeroU16;
use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use krilla::color::rgb;
use krilla::configure::{Accessibility, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, Node, SpanTag, Tag, TagGroup, TagTree,
};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

use super::Sheet;

/// What the page to print is asked with when there is no file.
pub(crate) const NONE: &str = "none";

/// A4, in points.
const PAGE: (f32, f32) = (595.28, 841.89);
/// Where lines begin, and how long they may be.
const LEFT: f32 = 72.0;
const WIDTH: f32 = PAGE.0 - 2.0 * LEFT;

static REGULAR: LazyLock<Option<Face>> =
    LazyLock::new(|| Face::of(include_bytes!("../../fonts/DejaVuSans.ttf")));
static BOLD: LazyLock<Option<Face>> =
    LazyLock::new(|| Face::of(include_bytes!("../../fonts/DejaVuSans-Bold.ttf")));

/// The file as an answer, if it can be made.
pub(crate) fn answer(sheet: &Sheet) -> Option<Response> {
    let headers = [
        (header::CONTENT_TYPE, "application/pdf"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"certificate.pdf\"",
        ),
    ];
    Some((headers, file(sheet)?).into_response())
}

/// The bytes of the file; nothing where a line has letters that these fonts cannot show side by side.
pub(crate) fn file(sheet: &Sheet) -> Option<Vec<u8>> {
    let lines = laid_out(sheet)?;
    let configuration = ConfigurationBuilder::new()
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .ok()?;
    let mut document = Document::new_with(SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    });
    let mut page = document.start_page_with(PageSettings::from_wh(PAGE.0, PAGE.1)?);
    let mut surface = page.surface();
    draw_frame(&mut surface)?;
    let tree = draw(&mut surface, &lines);
    surface.finish();
    page.finish();
    let mut outline = Outline::new();
    let top = XyzDestination::new(0, Point::from_xy(0.0, 0.0));
    outline.push_child(OutlineNode::new(sheet.heading.to_owned(), top));
    document.set_outline(outline);
    document.set_tag_tree(tree);
    let metadata = Metadata::new()
        .title(format!("{}: {}", sheet.heading, sheet.name))
        .language("en-GB".to_owned())
        .authors(vec![sheet.organisation.clone()])
        .document_id(sheet.number.clone());
    document.set_metadata(metadata);
    // What breaks a rule of accessibility is no file: the page to print stands in.
    let made = document.finish();
    if let Err(error) = &made {
        tracing::info!(event = "certificate", error = ?error, "no file");
    }
    made.ok()
}

/// A font as it is measured and as it is drawn.
struct Face {
    measured: FontRef<'static>,
    drawn: Font,
}

impl Face {
    fn of(bytes: &'static [u8]) -> Option<Self> {
        Some(Self {
            measured: FontRef::new(bytes).ok()?,
            drawn: Font::new(bytes.into(), 0)?,
        })
    }

    /// Whether it has a shape for each letter of a line.
    fn covers(&self, text: &str) -> bool {
        let letters = self.measured.charmap();
        text.chars()
            .all(|it| stands_alone(it) && letters.map(it).is_some())
    }

    /// The shapes of a line, one for each letter.
    fn glyphs(&self, line: &str) -> Vec<KrillaGlyph> {
        let letters = self.measured.charmap();
        let metrics = self
            .measured
            .glyph_metrics(Size::new(1.0), LocationRef::default());
        let shape = |(at, it): (usize, char)| {
            let id = letters.map(it)?;
            Some(KrillaGlyph {
                glyph_id: GlyphId::new(id.to_u32()),
                text_range: at..at + it.len_utf8(),
                x_advance: metrics.advance_width(id)?,
                x_offset: 0.0,
                y_offset: 0.0,
                y_advance: 0.0,
                location: None,
            })
        };
        line.char_indices().filter_map(shape).collect()
    }

    /// How long a line is.
    fn width(&self, text: &str, size: f32) -> f32 {
        let (letters, location) = (self.measured.charmap(), LocationRef::default());
        let metrics = self.measured.glyph_metrics(Size::new(size), location);
        let width = |it| metrics.advance_width(letters.map(it)?);
        text.chars().filter_map(width).sum()
    }

    /// A text in lines that fit: broken between words, and inside a word only if it is too long itself.
    fn wrapped(&self, text: &str, size: f32) -> Vec<String> {
        let fits = |line: &str| self.width(line, size) <= WIDTH;
        let (mut lines, mut line) = (Vec::new(), String::new());
        for word in text.split_whitespace() {
            let longer = format!("{line} {word}");
            if !line.is_empty() && fits(&longer) {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                // What was broken between words is read as words.
                lines.push(std::mem::take(&mut line) + " ");
            }
            for letter in word.chars() {
                if !line.is_empty() && !fits(&format!("{line}{letter}")) {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(letter);
            }
        }
        lines.push(line);
        lines
    }
}

/// What a piece of text is to somebody who hears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Heading(u16),
    Paragraph,
    /// One of a list; what follows of the same kind is in the same list.
    Item,
}

/// From one line of a piece to the next, in sizes of its letters.
const LEADING: f32 = 1.3;

/// A piece of text, in the lines in which it is drawn.
struct Piece {
    is: Is,
    lines: Vec<String>,
    face: &'static Face,
    size: f32,
    /// From the piece before to the first line.
    above: f32,
}

impl Piece {
    /// From the end of the piece before to the end of this one.
    fn height(&self) -> f32 {
        let more = self.lines.iter().skip(1).map(|_| self.size * LEADING);
        self.above + more.sum::<f32>()
    }
}

fn piece(is: Is, text: &str, size: f32, above: f32, bold: bool) -> Option<Piece> {
    let (regular, bold_face) = (REGULAR.as_ref()?, BOLD.as_ref()?);
    let face = if bold && bold_face.covers(text) {
        bold_face
    } else {
        regular
    };
    face.covers(text).then(|| Piece {
        is,
        lines: face.wrapped(text, size),
        face,
        size,
        above,
    })
}

/// Whether letters are drawn right when they stand side by side: Latin, Greek, Cyrillic, Armenian and what goes
/// between them. Letters that join, stack or run the other way are left to the browser.
fn stands_alone(it: char) -> bool {
    matches!(u32::from(it), 0x20..=0x02FF | 0x0370..=0x0482 | 0x048A..=0x058F | 0x1E00..=0x1FFF | 0x2010..=0x2027 | 0x20A0..=0x214F)
}

fn laid_out(sheet: &Sheet) -> Option<Vec<Piece>> {
    let confirms = format!("{} confirms that", sheet.organisation);
    let check = format!("Anybody can check this certificate at {}", sheet.check_at);
    let mut pieces = vec![
        piece(Is::Heading(1), sheet.heading, 30.0, 70.0, true)?,
        piece(Is::Paragraph, &confirms, 14.0, 56.0, false)?,
        piece(Is::Paragraph, &sheet.name, 26.0, 40.0, true)?,
        piece(Is::Paragraph, "attended the course", 14.0, 36.0, false)?,
        piece(Is::Paragraph, &sheet.course, 20.0, 36.0, true)?,
        piece(Is::Heading(2), "Dates attended", 14.0, 56.0, true)?,
    ];
    for day in &sheet.days {
        pieces.push(piece(Is::Item, day, 14.0, 24.0, false)?);
    }
    pieces.push(piece(Is::Paragraph, &sheet.issued, 14.0, 56.0, false)?);
    let number = format!("Number {}", sheet.number);
    pieces.push(piece(Is::Paragraph, &number, 11.0, 40.0, false)?);
    pieces.push(piece(Is::Paragraph, &check, 11.0, 20.0, false)?);
    let end = LEFT + pieces.iter().map(Piece::height).sum::<f32>();
    (end < PAGE.1 - LEFT).then_some(pieces)
}

/// Draws the pieces below each other; what they are, in the order in which they are read.
fn draw(surface: &mut Surface<'_>, pieces: &[Piece]) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some("en-GB".to_owned()));
    let (mut y, mut items) = (LEFT, Vec::new());
    for it in pieces {
        if it.is != Is::Item && !items.is_empty() {
            tree.push(list(std::mem::take(&mut items)));
        }
        y += it.above;
        let mut drawn = Vec::new();
        for (at, line) in it.lines.iter().enumerate() {
            if at > 0 {
                y += it.size * LEADING;
            }
            drawn.push(draw_line(surface, it, line, y));
        }
        let nodes = drawn.into_iter().map(Node::from).collect();
        match it.is {
            Is::Heading(level) => {
                let level = NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN);
                let title = it.lines.join(" ");
                tree.push(TagGroup::with_children(Tag::Hn(level, Some(title)), nodes));
            }
            Is::Paragraph => tree.push(TagGroup::with_children(Tag::P, nodes)),
            Is::Item => {
                let body = TagGroup::with_children(Tag::LBody, nodes);
                items.push(TagGroup::with_children(Tag::LI, vec![body.into()]));
            }
        }
    }
    if !items.is_empty() {
        tree.push(list(items));
    }
    tree
}

fn list(items: Vec<TagGroup>) -> TagGroup {
    let items = items.into_iter().map(Node::from).collect();
    TagGroup::with_children(Tag::L(ListNumbering::None), items)
}

fn draw_line(surface: &mut Surface<'_>, it: &Piece, line: &str, y: f32) -> Identifier {
    let ink = rgb::Color::new(0x21, 0x2b, 0x32);
    surface.set_stroke(None);
    surface.set_fill(Some(Fill {
        paint: ink.into(),
        ..Fill::default()
    }));
    let id = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
    let (start, font) = (Point::from_xy(LEFT, y), it.face.drawn.clone());
    surface.draw_glyphs(start, &it.face.glyphs(line), font, line, it.size, false);
    surface.end_tagged();
    id
}

/// A frame round the page; nothing that anybody hears.
fn draw_frame(surface: &mut Surface<'_>) -> Option<()> {
    let blue = rgb::Color::new(0, 0x5e, 0xb8);
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: blue.into(),
        width: 3.0,
        opacity: NormalizedF32::ONE,
        ..Stroke::default()
    }));
    surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
    surface.draw_path(&frame()?);
    surface.end_tagged();
    Some(())
}

fn frame() -> Option<Path> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_ltrb(36.0, 36.0, PAGE.0 - 36.0, PAGE.1 - 36.0)?);
    path.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::sample;
    use crate::public::manage::tests::idle_app;
    use booking::certificate::Certificate;

    fn named(name: &str) -> Option<Vec<u8>> {
        let it = Certificate {
            name: name.to_owned(),
            ..sample()
        };
        file(&Sheet::of(&idle_app(), &it))
    }

    /// Names as people have them, and longer ones.
    fn names() -> Vec<String> {
        let (words, letters) = ("Wolfe ".repeat(14), "W".repeat(80));
        let names = [
            "Sam",
            "Zoë O’Brien-Nuñez",
            "Þóra Łukasz Ω Жанна",
            &words,
            &letters,
        ];
        names.map(|it| it.trim().to_owned()).to_vec()
    }

    #[test]
    fn a_file_is_made_for_names_of_all_kinds_and_is_the_same_each_time() {
        for name in names() {
            let file = named(&name);
            assert!(file.as_ref().is_some_and(|it| it.starts_with(b"%PDF-")), "{name}");
            assert_eq!(file, named(&name), "{name}");
        }
    }

    /// With the tags, the title and the order of the text that a stranger's reader finds.
    #[test]
    fn somebody_elses_reader_finds_no_fault() {
        let python = std::env::var_os("TEST_PYTHON");
        let python = python.expect("TEST_PYTHON names a Python with the tests' libraries: run tests/run");
        let reader = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/certificate/check.py");
        let folder = tempfile::tempdir().unwrap();
        let mut files = Vec::new();
        for (at, name) in names().iter().enumerate() {
            files.push(folder.path().join(format!("{at}.pdf")));
            std::fs::write(&files[at], named(name).unwrap()).unwrap();
        }
        let read = std::process::Command::new(python)
            .arg(reader)
            .args(files)
            .output();
        let read = read.unwrap();
        let (said, errors) = (
            String::from_utf8_lossy(&read.stdout),
            String::from_utf8_lossy(&read.stderr),
        );
        assert!(read.status.success(), "{said}\n{errors}");
        assert!(said.contains("Certificate of attendance: Sam\""), "{said}");
    }

    #[test]
    fn letters_that_the_fonts_lack_are_left_to_the_page() {
        for name in [
            "山田 花子",
            "Sam 😀",
            "Sam سارة",
            "سارة العلي",
            "שרה לוי",
            "प्रिया",
            "Noe\u{308}l\u{200d}",
        ] {
            assert_eq!(named(name), None, "{name}");
        }
    }

    #[test]
    fn long_names_stay_on_the_page() {
        let face = BOLD.as_ref().unwrap();
        for name in [&"W".repeat(120), &"Wolfe ".repeat(20)] {
            let lines = face.wrapped(name, 26.0);
            assert!(
                lines.iter().all(|it| face.width(it.trim_end(), 26.0) <= WIDTH),
                "{lines:?}"
            );
            assert!(lines.len() <= 8, "{lines:?}");
        }
    }
}
