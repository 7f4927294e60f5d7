//! A view for people: headings, sentences, fields and tables, without any layout.
//!
//! Each face lays a [`Page`] out its own way: the command line as aligned text, a console as HTML.
//! Texts in it may come from peers and from mail: the face must clean them before it prints.

/// How a cell should be shown, where the face has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// As ordinary text.
    #[default]
    Plain,
    /// All is well.
    Good,
    /// Someone should look at it.
    Warn,
    /// It is broken.
    Bad,
    /// Of less weight.
    Faint,
}

/// A piece of text with its tone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// The text.
    pub text: String,
    /// The tone.
    pub tone: Tone,
}

impl Cell {
    /// A cell with a tone.
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Cell {
            text: text.into(),
            tone,
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Cell::toned(text, Tone::Plain)
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub heading: &'static str,
    /// True for numbers.
    pub right: bool,
}

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// The title of what follows.
    Heading(Cell),
    /// A sentence or a paragraph.
    Text(Cell),
    /// Sentences of equal weight.
    List(Vec<Cell>),
    /// Names and values.
    Fields(Vec<(String, Cell)>),
    /// Rows under headings.
    Table {
        /// The columns.
        columns: Vec<Column>,
        /// The rows, each with one cell per column.
        rows: Vec<Vec<Cell>>,
        /// The sentence to show where there is no row.
        empty: String,
    },
    /// Text to be shown exactly as it is.
    Verbatim(String),
}

/// A view for people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Its parts, in order.
    pub blocks: Vec<Block>,
}

impl Page {
    /// An empty page.
    pub fn new() -> Self {
        Page::default()
    }

    /// Adds a heading.
    #[must_use]
    pub fn heading(mut self, text: impl Into<Cell>) -> Self {
        self.blocks.push(Block::Heading(text.into()));
        self
    }

    /// Adds a paragraph; nothing where the text is empty.
    #[must_use]
    pub fn text(mut self, text: impl Into<Cell>) -> Self {
        let cell = text.into();
        if !cell.text.is_empty() {
            self.blocks.push(Block::Text(cell));
        }
        self
    }

    /// Adds sentences; nothing where there are none.
    #[must_use]
    pub fn list<T: Into<Cell>>(mut self, items: impl IntoIterator<Item = T>) -> Self {
        let items: Vec<Cell> = items.into_iter().map(Into::into).collect();
        if !items.is_empty() {
            self.blocks.push(Block::List(items));
        }
        self
    }

    /// Adds names and values. Pairs with an empty value are left out.
    #[must_use]
    pub fn fields<const N: usize>(mut self, fields: [(&str, Cell); N]) -> Self {
        let fields: Vec<_> = fields
            .into_iter()
            .filter(|(_, cell)| !cell.text.is_empty())
            .map(|(name, cell)| (name.to_owned(), cell))
            .collect();
        if !fields.is_empty() {
            self.blocks.push(Block::Fields(fields));
        }
        self
    }

    /// Adds a table. A heading that begins with `>` is that of a column of numbers.
    #[must_use]
    pub fn table<const N: usize>(
        mut self,
        headings: [&'static str; N],
        rows: impl IntoIterator<Item = [Cell; N]>,
        empty: &str,
    ) -> Self {
        let columns = headings
            .into_iter()
            .map(|heading| Column {
                heading: heading.trim_start_matches('>'),
                right: heading.starts_with('>'),
            })
            .collect();
        self.blocks.push(Block::Table {
            columns,
            rows: rows.into_iter().map(Vec::from).collect(),
            empty: empty.to_owned(),
        });
        self
    }

    /// Adds text to be shown as it is.
    #[must_use]
    pub fn verbatim(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Verbatim(text.into()));
        self
    }

    /// Adds all parts of another page.
    #[must_use]
    pub fn page(mut self, other: Page) -> Self {
        self.blocks.extend(other.blocks);
        self
    }
}

/// What can be shown to people.
pub trait ToPage {
    /// The page. `now_unix_ms` is for ages: `5m ago`.
    fn page(&self, now_unix_ms: u64) -> Page;
}

/// A moment as people read it: `2026-02-03 14:05:06 (5m ago)`, in the zone of this machine.
pub fn moment(unix_ms: u64, now_unix_ms: u64) -> String {
    let stamp = stamp(unix_ms);
    if unix_ms <= now_unix_ms {
        format!("{stamp} ({} ago)", span(now_unix_ms - unix_ms))
    } else {
        format!("{stamp} (in {})", span(unix_ms - now_unix_ms))
    }
}

/// A moment without its distance from now: `2026-02-03 14:05:06`.
pub fn stamp(unix_ms: u64) -> String {
    i64::try_from(unix_ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map_or_else(
            || format!("{unix_ms} ms"),
            |at| {
                at.to_zoned(jiff::tz::TimeZone::system())
                    .strftime("%Y-%m-%d %H:%M:%S")
                    .to_string()
            },
        )
}

/// How long ago, or how far ahead with `in`; a dash for no moment.
pub fn distance(unix_ms: Option<u64>, now_unix_ms: u64) -> String {
    match unix_ms {
        None => "-".to_owned(),
        Some(at) if at <= now_unix_ms => span(now_unix_ms - at),
        Some(at) => format!("in {}", span(at - now_unix_ms)),
    }
}

/// A length of time in its largest unit or two: `350ms`, `42s`, `5m10s`, `3h5m`, `2d4h`.
pub fn span(ms: u64) -> String {
    let parts = |big: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{big}{unit}"),
        _ => format!("{big}{unit}{small}{small_unit}"),
    };
    let secs = ms / 1000;
    match secs {
        0 => format!("{ms}ms"),
        1..60 => format!("{secs}s"),
        60..3_600 => parts(secs / 60, "m", secs % 60, "s"),
        3_600..86_400 => parts(secs / 3_600, "h", secs % 3_600 / 60, "m"),
        86_400..864_000 => parts(secs / 86_400, "d", secs % 86_400 / 3_600, "h"),
        // Beyond ten days the hours are of no interest.
        _ => format!("{}d", secs / 86_400),
    }
}

/// A number of octets in the largest unit that leaves at least one: `812 B`, `4.9 KB`, `36 MB`.
pub fn octets(count: u64) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("TB", 1 << 40),
        ("GB", 1 << 30),
        ("MB", 1 << 20),
        ("KB", 1 << 10),
    ];
    let Some((unit, factor)) = UNITS.into_iter().find(|(_, factor)| count >= *factor) else {
        return format!("{count} B");
    };
    let (whole, rest) = (count / factor, count % factor);
    let tenth = u128::from(rest) * 10 / u128::from(factor);
    match tenth {
        0 => format!("{whole} {unit}"),
        _ if whole < 100 => format!("{whole}.{tenth} {unit}"),
        _ => format!("{whole} {unit}"),
    }
}

/// `1 message`, `2 messages`, `no messages`.
pub fn count(number: u64, singular: &str, plural: &str) -> String {
    match number {
        0 => format!("no {plural}"),
        1 => format!("1 {singular}"),
        n => format!("{n} {plural}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_short() {
        for (ms, text) in [
            (0, "0ms"),
            (999, "999ms"),
            (1_500, "1s"),
            (60_000, "1m"),
            (310_000, "5m10s"),
            (11_100_000, "3h5m"),
            (187_200_000, "2d4h"),
            (2_678_400_000, "31d"),
        ] {
            assert_eq!(span(ms), text);
        }
    }

    #[test]
    fn octets_are_short() {
        for (n, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (5_018, "4.9 KB"),
            (36 << 20, "36 MB"),
            (u64::MAX, "16777215 TB"),
        ] {
            assert_eq!(octets(n), text);
        }
    }

    #[test]
    fn moments_beyond_the_calendar_do_not_fail() {
        assert!(moment(u64::MAX, 0).contains("ms"));
        assert_eq!(distance(None, 5), "-");
        assert_eq!(distance(Some(65_000), 5_000), "in 1m");
    }
}
