//! A notice: what one channel is told at one moment, about one alert or several. As a document for
//! programs, as text for people. Pure.

use std::fmt::Write as _;

use mailward_api::page::{count, span, stamp};
use serde::Serialize;

use super::{
    Alert, AlertKind,
    notify::{Entry, News, Told},
};

/// Octets of the subject.
const SUBJECT_OCTETS_MAX: usize = 160;

/// One alert in a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticeItem {
    /// What is new about it.
    pub news: News,
    /// How often it was told before.
    pub times: u32,
    /// Who has acknowledged it, and what they said.
    pub acknowledged: Option<String>,
    /// The alert.
    #[serde(flatten)]
    pub alert: Alert,
    /// The first notice about it in this channel.
    #[serde(skip)]
    pub first: Option<String>,
}

impl NoticeItem {
    /// What is to be said of an alert.
    pub fn of(entry: &Entry, news: News, told: Option<&Told>) -> Self {
        let kind = NoticeItem::kind(entry, news);
        NoticeItem {
            news,
            times: told.map_or(0, |told| told.times),
            acknowledged: entry
                .acknowledged
                .as_ref()
                .map(|ack| match ack.note.as_str() {
                    "" => ack.by.clone(),
                    note => format!("{}: {note}", ack.by),
                }),
            alert: Alert {
                kind,
                // What is over is not to be mended any more.
                todo: if news == News::Solved {
                    Vec::new()
                } else {
                    entry.alert.todo.clone()
                },
                ..entry.alert.clone()
            },
            first: told.map(|told| told.first.clone()),
        }
    }

    /// How bad news of an alert are.
    pub(super) fn kind(entry: &Entry, news: News) -> AlertKind {
        match news {
            News::Solved => AlertKind::Solved,
            _ => entry.level,
        }
    }

    fn headline(&self) -> String {
        let component = &self.alert.component;
        match (self.news, self.alert.kind) {
            (News::Solved, _) => format!("Solved: {component}"),
            (News::Repeat, AlertKind::Offline) => format!("Still no mail is taken: {component}"),
            (_, AlertKind::Offline) => format!("No mail is taken: {component}"),
            (News::Repeat, _) => format!("Still needs a person: {component}"),
            _ => format!("Needs a person: {component}"),
        }
    }
}

/// What one channel is told at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Its id: the same news to the same channel always has the same.
    #[serde(rename = "notice")]
    pub id: String,
    /// The channel.
    pub channel: String,
    /// True for a test: nothing is wrong.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
    /// When it was made.
    #[serde(skip)]
    pub unix_ms: u64,
    /// The alerts, the worst first; never none.
    #[serde(skip)]
    pub items: Vec<NoticeItem>,
}

impl Notice {
    /// A notice with these items; `None` where there are none.
    pub fn of(channel: &str, items: Vec<NoticeItem>, now_unix_ms: u64) -> Option<Notice> {
        let first = items.first()?;
        let mut sum = crc32fast::Hasher::new();
        for item in &items {
            let said = (item.news, item.times, item.alert.kind);
            sum.update(format!("{channel}\0{}\0{said:?}\0", item.alert.case).as_bytes());
        }
        let id = format!("{}.{:08x}", first.alert.case, sum.finalize());
        Some(Notice {
            id,
            channel: channel.to_owned(),
            test: false,
            unix_ms: now_unix_ms,
            items,
        })
    }

    /// A test: says that nothing is wrong.
    pub fn test(channel: &str, node: &str, by: &str, now_unix_ms: u64) -> Notice {
        let alert = Alert {
            drill: None,
            kind: AlertKind::Solved,
            node: node.to_owned(),
            case: format!("test-{now_unix_ms:x}"),
            component: format!("alerting/{channel}"),
            set: "Alerting".to_owned(),
            monitors: Vec::new(),
            unix_ms: now_unix_ms,
            since_unix_ms: now_unix_ms,
            effect: "Nothing is wrong.".to_owned(),
            text: format!("{by} tests the alert channel {channel}"),
            cause: None,
            seen: String::new(),
            tried: Vec::new(),
            todo: Vec::new(),
            explain: "mailward alert list".to_owned(),
        };
        Notice {
            id: alert.case.clone(),
            channel: channel.to_owned(),
            test: true,
            unix_ms: now_unix_ms,
            items: vec![NoticeItem {
                news: News::Raised,
                times: 0,
                acknowledged: None,
                alert,
                first: None,
            }],
        }
    }

    /// The node's name.
    pub fn node(&self) -> &str {
        self.items.first().map_or("", |item| &item.alert.node)
    }

    /// The worst of its alerts.
    pub fn kind(&self) -> AlertKind {
        let kinds = self.items.iter().map(|item| item.alert.kind);
        kinds.max().unwrap_or(AlertKind::Solved)
    }

    /// The document for programs: the worst alert's fields beside the notice's, the other alerts as
    /// a list `others`.
    ///
    /// # Errors
    /// None that a document of texts and numbers could have.
    pub fn json(&self) -> Result<Vec<u8>, serde_json::Error> {
        #[derive(Serialize)]
        struct Document<'a> {
            #[serde(flatten)]
            notice: &'a Notice,
            #[serde(flatten)]
            worst: Option<&'a NoticeItem>,
            others: &'a [NoticeItem],
        }
        serde_json::to_vec(&Document {
            notice: self,
            worst: self.items.first(),
            others: self.items.get(1..).unwrap_or_default(),
        })
    }

    /// One line: what it is about.
    pub fn subject(&self) -> String {
        let Some(first) = self.items.first() else {
            return String::new();
        };
        let mut subject = if self.test {
            format!(
                "[Mailward {}] Test of the alert channel {}",
                self.node(),
                self.channel
            )
        } else {
            format!("[Mailward {}] {}", self.node(), first.headline())
        };
        if self.items.len() > 1 {
            // Writing to a String does not fail.
            let _ = write!(subject, " (and {} more)", self.items.len() - 1);
        }
        subject.truncate(subject.floor_char_boundary(SUBJECT_OCTETS_MAX));
        subject
    }

    /// Everything, for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (at, item) in self.items.iter().enumerate() {
            if at > 0 {
                text.push_str("\n----\n\n");
            }
            self.tell(item, &mut text);
        }
        text
    }

    fn tell(&self, item: &NoticeItem, text: &mut String) {
        let alert = &item.alert;
        let mut line = |name: &str, value: &str| {
            if !value.is_empty() {
                let _ = writeln!(text, "{name:<14}{value}");
            }
        };
        if self.test {
            line("What", "This is a test.");
        } else {
            line("What", &item.headline());
        }
        line(
            "Where",
            &format!("{} (health set {})", alert.node, alert.set),
        );
        line(
            "Effect",
            if item.news == News::Solved {
                ""
            } else {
                &alert.effect
            },
        );
        line("Why", &alert.text);
        line("Seen last", &alert.seen);
        line("Cause", alert.cause.as_deref().unwrap_or_default());
        let lasts = span(self.unix_ms.saturating_sub(alert.since_unix_ms));
        line(
            "Since",
            &format!("{} ({lasts})", stamp(alert.since_unix_ms)),
        );
        if item.times > 0 {
            line(
                "Told before",
                &count(u64::from(item.times), "time", "times"),
            );
        }
        line(
            "Acknowledged",
            item.acknowledged.as_deref().unwrap_or_default(),
        );
        let mut list = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                let _ = writeln!(text, "\n{title}");
                for one in lines {
                    let _ = writeln!(text, "  - {one}");
                }
            }
        };
        let tried = alert.tried.iter();
        let tried = tried.map(|t| format!("{} {}: {}", stamp(t.unix_ms), t.act, t.outcome));
        list("What was tried", tried.collect());
        let mut todo = alert.todo.clone();
        todo.push(format!("Everything about it: `{}`", alert.explain));
        if item.news != News::Solved && !self.test {
            todo.push(format!(
                "To say that you are on it: `mailward alert ack {}`",
                alert.case
            ));
        }
        list("What to do", todo);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Tried, tests::alert};

    fn item(case: &str, kind: AlertKind, news: News) -> NoticeItem {
        let alert = Alert {
            kind,
            tried: vec![Tried {
                unix_ms: 1_000,
                act: "restart the component receive/Internet".into(),
                outcome: "it did not help: no greeting".into(),
            }],
            ..alert(case)
        };
        NoticeItem {
            news,
            times: 0,
            acknowledged: None,
            alert,
            first: None,
        }
    }

    #[test]
    fn people_read_what_broke_what_was_tried_and_what_to_do() {
        let items = vec![
            item("case-1", AlertKind::Offline, News::Raised),
            item("case-2", AlertKind::NeedsPerson, News::Repeat),
        ];
        let notice = Notice::of("oncall", items, 61_000).unwrap();
        assert_eq!(
            notice.subject(),
            "[Mailward mx.example.org] No mail is taken: receive/Internet (and 1 more)"
        );
        let text = notice.text();
        for part in [
            "Nobody can hand in mail",
            "no greeting",
            "(1m)",
            "restart the component receive/Internet: it did not help",
            "mailward explain case-1",
            "mailward alert ack case-2",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn programs_read_the_worst_one_first_and_the_others_in_a_list() {
        let items = vec![
            item("case-1", AlertKind::Offline, News::Raised),
            item("case-2", AlertKind::NeedsPerson, News::Repeat),
        ];
        let notice = Notice::of("oncall", items, 61_000).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&notice.json().unwrap()).unwrap();
        assert_eq!(json["kind"], "offline");
        assert_eq!(json["case"], "case-1");
        assert_eq!(json["notice"], notice.id.as_str());
        assert_eq!(json["others"][0]["case"], "case-2");
        assert_eq!(json["tried"][0]["outcome"], "it did not help: no greeting");
        assert_eq!(json.get("test"), None);
    }

    #[test]
    fn the_same_news_has_the_same_id_and_other_news_another() {
        let id = |channel: &str, news, kind| {
            let items = vec![item("case-1", kind, news)];
            Notice::of(channel, items, 1).unwrap().id
        };
        let one = id("a", News::Raised, AlertKind::NeedsPerson);
        assert_eq!(one, id("a", News::Raised, AlertKind::NeedsPerson));
        assert_ne!(one, id("b", News::Raised, AlertKind::NeedsPerson));
        assert_ne!(one, id("a", News::Worse, AlertKind::Offline));
    }

    #[test]
    fn a_test_says_that_it_is_one() {
        let notice = Notice::test("oncall", "mx.example.org", "anna", 5);
        assert!(
            notice
                .subject()
                .contains("Test of the alert channel oncall")
        );
        assert!(notice.text().contains("This is a test."));
        let json: serde_json::Value = serde_json::from_slice(&notice.json().unwrap()).unwrap();
        assert_eq!(json["test"], true);
    }
}
