//! What a server's EHLO reply offers (RFC 5321 §4.1.1.1).

use mailward_model::Reply;

/// The extensions a client can make use of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// The name the server goes by: first word of the reply. Empty where it gave none.
    pub name: String,
    /// STARTTLS (RFC 3207).
    pub starttls: bool,
    /// PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// SIZE (RFC 1870): the largest message in octets, 0 where the server names none.
    pub size: Option<u64>,
    /// 8BITMIME (RFC 6152).
    pub eight_bit_mime: bool,
    /// CHUNKING (RFC 3030).
    pub chunking: bool,
    /// BINARYMIME (RFC 3030).
    pub binary_mime: bool,
    /// SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
    /// DSN (RFC 3461).
    pub dsn: bool,
    /// XOORG: Exchange's name of the originating organisation in MAIL.
    pub xoorg: bool,
    /// LIMITS MAILMAX (RFC 9422): transactions the server takes over one connection.
    pub mail_max: Option<u64>,
    /// LIMITS RCPTMAX (RFC 9422): recipients it takes in one transaction.
    pub rcpt_max: Option<u64>,
}

impl Capabilities {
    /// Reads a positive EHLO or LHLO reply.
    pub(super) fn read(reply: &Reply) -> Self {
        let mut lines = reply.text.lines();
        let mut read = Capabilities {
            name: first_word(lines.next().unwrap_or_default()),
            ..Capabilities::default()
        };
        for line in lines {
            let mut words = line.split_ascii_whitespace();
            let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
            match keyword.as_str() {
                "STARTTLS" => read.starttls = true,
                "PIPELINING" => read.pipelining = true,
                "SIZE" => {
                    // RFC 1870 §4: a number that cannot be read is no limit.
                    read.size = Some(words.next().and_then(|n| n.parse().ok()).unwrap_or(0));
                }
                "8BITMIME" => read.eight_bit_mime = true,
                "CHUNKING" => read.chunking = true,
                "BINARYMIME" => read.binary_mime = true,
                "SMTPUTF8" => read.smtputf8 = true,
                "DSN" => read.dsn = true,
                "XOORG" => read.xoorg = true,
                "LIMITS" => {
                    for limit in words {
                        let limit = limit.to_ascii_uppercase();
                        let number = |name: &str| {
                            limit
                                .strip_prefix(name)?
                                .parse()
                                .ok()
                                .filter(|number: &u64| *number > 0)
                        };
                        read.mail_max = number("MAILMAX=").or(read.mail_max);
                        read.rcpt_max = number("RCPTMAX=").or(read.rcpt_max);
                    }
                }
                _ => {}
            }
        }
        read
    }

    /// What holds where the server knows HELO only: nothing but a name.
    pub(super) fn of_helo(reply: &Reply) -> Self {
        Capabilities {
            name: first_word(reply.text.lines().next().unwrap_or_default()),
            ..Capabilities::default()
        }
    }
}

/// The first word, 255 octets at most: a name has no more.
pub(super) fn first_word(line: &str) -> String {
    line.split_ascii_whitespace()
        .next()
        .unwrap_or_default()
        .chars()
        .take(255)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_in_any_case() {
        let reply = Reply::bare(
            250,
            "mx.example.org at your service\npipelining\nSIZE 1000\nSTARTTLS\nX-ELSE a b\n8bitmime\nLIMITS RCPTMAX=10 MAILMAX=0 X=1",
        );
        let read = Capabilities::read(&reply);
        assert_eq!(
            read,
            Capabilities {
                name: "mx.example.org".into(),
                starttls: true,
                pipelining: true,
                size: Some(1000),
                eight_bit_mime: true,
                rcpt_max: Some(10),
                ..Default::default()
            }
        );
    }

    #[test]
    fn what_follows_the_name_on_the_first_line_is_no_extension() {
        let read = Capabilities::read(&Reply::bare(250, "PIPELINING STARTTLS"));
        assert!(!read.pipelining && !read.starttls);
        assert_eq!(
            Capabilities::read(&Reply::bare(250, "a\nSIZE x")).size,
            Some(0)
        );
    }
}
