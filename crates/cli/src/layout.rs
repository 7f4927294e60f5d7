//! Pages laid out as text: aligned tables, wrapped paragraphs, colours where they are wanted.
//!
//! Pure: from a [`Page`] and a [`Style`] to a `String`. All text of the page is made safe for a
//! terminal on the way.

use std::fmt::Write as _;

use mailward_api::page::{Block, Cell, Column, Page, Tone};
use unicode_width::UnicodeWidthStr;

use crate::terminal::clean;

/// Columns beyond which a paragraph is hard to read, however wide the terminal is.
const PARAGRAPH_WIDTH_MAX: usize = 100;
/// Columns below which wrapping does more harm than good.
const PARAGRAPH_WIDTH_MIN: usize = 40;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether tones become colours.
    pub color: bool,
    /// Columns of the terminal; paragraphs are wrapped to it. 0: nothing is wrapped.
    pub width: usize,
}

impl Style {
    /// No colours, no wrapping: for files and pipes.
    pub const PLAIN: Style = Style {
        color: false,
        width: 0,
    };
}

/// The page as text, ending with a line break where there is anything.
pub(crate) fn lay_out(page: &Page, style: Style) -> String {
    let mut out = String::new();
    let mut before: Option<&Block> = None;
    for block in &page.blocks {
        let apart = match (before, block) {
            (None, _) => false,
            (Some(Block::Heading(_)), Block::Heading(_)) => true,
            // What belongs to a heading follows it at once; so do sentences and their lists.
            (Some(Block::Heading(_)), _)
            | (Some(Block::Text(_)), Block::List(_) | Block::Text(_)) => false,
            (Some(Block::List(_)), Block::Text(_)) => false,
            _ => true,
        };
        if apart {
            out.push('\n');
        }
        match block {
            Block::Heading(cell) => {
                let text = clean(&cell.text, false);
                if style.color {
                    let _ = writeln!(out, "\u{1b}[1m{}{text}\u{1b}[0m", color(cell.tone));
                } else {
                    let _ = writeln!(out, "{text}");
                }
            }
            Block::Text(cell) => paragraph(&mut out, cell, "", 0, style),
            Block::List(items) => {
                for item in items {
                    paragraph(&mut out, item, "  - ", 4, style);
                }
            }
            Block::Fields(fields) => self::fields(&mut out, fields, style),
            Block::Table {
                columns,
                rows,
                empty,
            } => table(&mut out, columns, rows, empty, style),
            Block::Verbatim(text) => {
                out.push_str(&clean(text, true));
                if !text.ends_with('\n') {
                    out.push('\n');
                }
            }
        }
        before = Some(block);
    }
    out
}

fn color(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => "\u{1b}[32m",
        Tone::Warn => "\u{1b}[33m",
        Tone::Bad => "\u{1b}[31m",
        Tone::Faint => "\u{1b}[2m",
    }
}

fn push(out: &mut String, text: &str, tone: Tone, style: Style) {
    if style.color && tone != Tone::Plain && !text.is_empty() {
        out.push_str(color(tone));
        out.push_str(text);
        out.push_str("\u{1b}[0m");
    } else {
        out.push_str(text);
    }
}

/// Text behind `lead`, wrapped, following lines indented by `indent`.
fn paragraph(out: &mut String, cell: &Cell, lead: &str, indent: usize, style: Style) {
    let text = clean(&cell.text, true);
    let mut lead = lead;
    let blank = " ".repeat(indent);
    for line in text.lines() {
        for piece in wrap(line, room(style, indent)) {
            out.push_str(lead);
            push(out, piece, cell.tone, style);
            out.push('\n');
            lead = &blank;
        }
    }
}

/// Columns left for text behind an indent; `usize::MAX` where nothing is wrapped.
fn room(style: Style, indent: usize) -> usize {
    match style.width {
        0 => usize::MAX,
        width => width
            .min(PARAGRAPH_WIDTH_MAX)
            .saturating_sub(indent)
            .max(PARAGRAPH_WIDTH_MIN),
    }
}

/// A line in pieces that fit, broken at blanks; a word that is too long stays whole.
fn wrap(line: &str, room: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = line.trim_end();
    while rest.width() > room {
        let mut columns = 0;
        let mut at = None;
        for (i, word) in rest.split_inclusive(' ').scan(0, |start, word| {
            let here = *start;
            *start += word.len();
            Some((here, word))
        }) {
            if columns + word.trim_end().width() > room && i > 0 {
                at = Some(i);
                break;
            }
            columns += word.width();
        }
        let Some((head, tail)) = at.and_then(|at| rest.split_at_checked(at)) else {
            break;
        };
        pieces.push(head.trim_end());
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

fn fields(out: &mut String, fields: &[(String, Cell)], style: Style) {
    let width = fields
        .iter()
        .map(|(name, _)| name.width())
        .max()
        .unwrap_or(0);
    for (name, cell) in fields {
        let mut lead = String::from("  ");
        push(&mut lead, name, Tone::Faint, style);
        lead.extend(std::iter::repeat_n(' ', width - name.width() + 2));
        if cell.text.is_empty() {
            out.push_str(lead.trim_end());
            out.push('\n');
        } else {
            paragraph(out, cell, &lead, width + 4, style);
        }
    }
}

fn table(out: &mut String, columns: &[Column], rows: &[Vec<Cell>], empty: &str, style: Style) {
    if rows.is_empty() {
        if !empty.is_empty() {
            let _ = writeln!(out, "{empty}");
        }
        return;
    }
    // A column in which nothing stands is left out.
    let kept: Vec<usize> = (0..columns.len())
        .filter(|at| {
            rows.iter()
                .any(|row| row.get(*at).is_some_and(|cell| !cell.text.is_empty()))
        })
        .collect();
    let rows: Vec<Vec<(std::borrow::Cow<'_, str>, Tone)>> = rows
        .iter()
        .map(|row| {
            kept.iter()
                .filter_map(|at| row.get(*at))
                .map(|cell| (clean(&cell.text, false), cell.tone))
                .collect()
        })
        .collect();
    let columns: Vec<Column> = kept
        .iter()
        .filter_map(|at| columns.get(*at))
        .copied()
        .collect();
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            rows.iter()
                .filter_map(|row| row.get(at))
                .map(|(text, _)| text.width())
                .chain([column.heading.width()])
                .max()
                .unwrap_or(0)
        })
        .collect();
    let headings = columns
        .iter()
        .map(|column| (std::borrow::Cow::Borrowed(column.heading), Tone::Faint))
        .collect();
    for row in std::iter::once(headings).chain(rows) {
        line(out, &row, &columns, &widths, style);
    }
}

fn line(
    out: &mut String,
    row: &[(std::borrow::Cow<'_, str>, Tone)],
    columns: &[Column],
    widths: &[usize],
    style: Style,
) {
    let last = row.len().saturating_sub(1);
    for (at, ((text, tone), (column, width))) in
        row.iter().zip(columns.iter().zip(widths)).enumerate()
    {
        let pad = width.saturating_sub(text.width());
        if column.right {
            out.extend(std::iter::repeat_n(' ', pad));
        }
        push(out, text, *tone, style);
        if at < last {
            let pad = if column.right { 0 } else { pad };
            out.extend(std::iter::repeat_n(' ', pad + 2));
        }
    }
    let end = out.trim_end_matches(' ').len();
    out.truncate(end);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page() -> Page {
        Page::new()
            .heading(Cell::toned("Queue", Tone::Good))
            .table(
                ["name", ">count", "note", "error"],
                [
                    [
                        "a".into(),
                        "5".into(),
                        "".into(),
                        Cell::toned("bad\u{1b}[31m", Tone::Bad),
                    ],
                    ["longer名".into(), "1200".into(), "".into(), "".into()],
                ],
                "empty",
            )
            .fields([
                ("from", "x".into()),
                ("gone", "".into()),
                ("size", "5 KB".into()),
            ])
            .text("done")
    }

    #[test]
    fn tables_are_aligned_and_safe() {
        assert_eq!(
            lay_out(&page(), Style::PLAIN),
            "Queue\n\
             name      count  error\n\
             a             5  bad\\u{1b}[31m\n\
             longer名   1200\n\
             \n  from  x\n  size  5 KB\n\ndone\n"
        );
    }

    #[test]
    fn colours_change_nothing_but_colour() {
        let style = Style {
            color: true,
            width: 0,
        };
        let colored = lay_out(&page(), style);
        assert!(colored.contains("\u{1b}[31mbad\\u{1b}[31m\u{1b}[0m"));
        let mut bare = colored;
        for code in [
            "\u{1b}[0m",
            "\u{1b}[1m",
            "\u{1b}[2m",
            "\u{1b}[31m",
            "\u{1b}[32m",
        ] {
            bare = bare.replace(code, "");
        }
        assert_eq!(bare, lay_out(&page(), Style::PLAIN));
    }

    #[test]
    fn paragraphs_are_wrapped_at_blanks() {
        let style = Style {
            color: false,
            width: 44,
        };
        let page = Page::new()
            .text("one two three four five six seven eight nine ten eleven")
            .list(["https://example.org/a/very/long/word/that/cannot/be/broken/anywhere and more"]);
        assert_eq!(
            lay_out(&page, style),
            "one two three four five six seven eight nine\nten eleven\n  - \
             https://example.org/a/very/long/word/that/cannot/be/broken/anywhere\n    and more\n"
        );
    }

    #[test]
    fn an_empty_table_says_so() {
        let page = Page::new().table(["a"], [], "Nothing waits.");
        assert_eq!(lay_out(&page, Style::PLAIN), "Nothing waits.\n");
    }

    proptest! {
        #[test]
        fn no_text_gets_through_raw(text: String, width in 0usize..120) {
            let page = Page::new()
                .heading(text.as_str())
                .text(text.as_str())
                .list([text.as_str()])
                .fields([("x", text.as_str().into())])
                .table(["h"], [[text.as_str().into()]], "")
                .verbatim(text.as_str());
            let out = lay_out(&page, Style { color: false, width });
            prop_assert!(!out.contains(|c: char| c.is_control() && c != '\n'), "{out:?}");
        }
    }
}
