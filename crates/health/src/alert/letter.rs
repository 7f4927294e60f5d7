//! The message that an email channel hands to its relay (RFC 5322). Pure.

use std::fmt::Write as _;

use base64::{Engine, prelude::BASE64_STANDARD};
use mailward_model::{EmailAddress, kind::AlertEmail};
use mailward_proto::mime::unstructured;

/// Characters of base 64 on a line (RFC 2045 §6.8).
const LINE_CHARS: usize = 76;
/// Octets of a line of text that is sent as it is (RFC 5322 §2.1.1).
const LINE_OCTETS_MAX: usize = 998;
/// Messages that one message answers to.
const ANSWERS_MAX: usize = 10;

/// What a person reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    /// Names the news: the same news makes the same Message-ID.
    pub(super) id: String,
    /// Earlier ones about the same.
    pub(super) answers: Vec<String>,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) urgent: bool,
    pub(super) unix_ms: u64,
    pub(super) node: String,
    pub(super) channel: String,
}

impl Letter {
    fn message_id(&self, id: &str) -> String {
        let mut local: String = format!("{id}.{}", self.channel)
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '-' {
                    c
                } else {
                    '.'
                }
            })
            .collect();
        // RFC 5322 §3.2.3: no dot at an end or beside another one.
        while local.contains("..") {
            local = local.replace("..", ".");
        }
        let host: String = self
            .node
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
            .collect();
        format!("<{}@{host}>", local.trim_matches('.'))
    }

    /// The whole message, lines ended by CRLF.
    pub(super) fn compose(&self, email: &AlertEmail) -> Vec<u8> {
        let to: Vec<String> = email.to.iter().map(EmailAddress::to_string).collect();
        let mut head = String::new();
        let mut field = |name: &str, value: &str| {
            // Writing to a String does not fail.
            let _ = write!(head, "{name}: {value}\r\n");
        };
        field("From", &email.from.to_string());
        field("To", &to.join(",\r\n "));
        field("Date", &date(self.unix_ms));
        field("Message-ID", &self.message_id(&self.id));
        let answers = self.answers.iter().take(ANSWERS_MAX);
        let answers: Vec<String> = answers.map(|id| self.message_id(id)).collect();
        if !answers.is_empty() {
            field("In-Reply-To", &answers.join("\r\n "));
            field("References", &answers.join("\r\n "));
        }
        if self.urgent {
            field("Importance", "high");
        }
        // RFC 3834 §5: nobody's holiday notice is to answer it.
        field("Auto-Submitted", "auto-generated");
        field("MIME-Version", "1.0");
        field("Content-Type", "text/plain; charset=utf-8");
        head.push_str(&unstructured("Subject", &self.subject));
        let lines = || self.text.lines();
        let plain = self.text.is_ascii() && lines().all(|line| line.len() <= LINE_OCTETS_MAX);
        let text: String = lines().flat_map(|line| [line, "\r\n"]).collect();
        if plain {
            head.push_str("Content-Transfer-Encoding: 7bit\r\n\r\n");
            head.push_str(&text);
            return head.into_bytes();
        }
        head.push_str("Content-Transfer-Encoding: base64\r\n\r\n");
        let mut message = head.into_bytes();
        let code = BASE64_STANDARD.encode(text);
        for line in code.as_bytes().chunks(LINE_CHARS) {
            message.extend_from_slice(line);
            message.extend_from_slice(b"\r\n");
        }
        message
    }
}

/// RFC 5322 §3.3.
fn date(unix_ms: u64) -> String {
    i64::try_from(unix_ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .unwrap_or_default()
        .strftime("%a, %d %b %Y %H:%M:%S +0000")
        .to_string()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn letter() -> Letter {
        Letter {
            id: "case-1.0badcafe".into(),
            answers: Vec::new(),
            subject: "[Mailward mx.example.org] Needs a person: store".into(),
            text: "What  it is down\n.hidden\n".into(),
            urgent: true,
            unix_ms: 1_790_000_000_000,
            node: "mx.example.org".into(),
            channel: "on call".into(),
        }
    }

    fn email() -> AlertEmail {
        AlertEmail {
            relay: "127.0.0.1:25".parse().unwrap(),
            tls: Default::default(),
            user: None,
            password_file: None,
            from: "alerts@example.org".parse().unwrap(),
            to: vec![
                "a@example.net".parse().unwrap(),
                "b@example.net".parse().unwrap(),
            ],
        }
    }

    #[test]
    fn a_letter_is_a_message_that_threads() {
        let mut one = letter();
        let text = String::from_utf8(one.compose(&email())).unwrap();
        for part in [
            "From: alerts@example.org\r\n",
            "To: a@example.net,\r\n b@example.net\r\n",
            "Date: Mon, 21 Sep 2026 14:13:20 +0000\r\n",
            "Message-ID: <case-1.0badcafe.on.call@mx.example.org>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "\r\n\r\nWhat  it is down\r\n.hidden\r\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("In-Reply-To"));
        one.answers = vec!["case-1.00000001".into()];
        one.text = "größer\n".into();
        one.subject = "größer".into();
        let text = String::from_utf8(one.compose(&email())).unwrap();
        for part in [
            "In-Reply-To: <case-1.00000001.on.call@mx.example.org>\r\n",
            "Subject: =?UTF-8?B?",
            "base64\r\n\r\nZ3LDtsOfZXINCg==\r\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.is_ascii());
    }
}
