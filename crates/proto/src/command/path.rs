//! The paths of MAIL and RCPT: `<anna@example.org>`, `<>`, `<Postmaster>`.
//!
//! A source route (`<@a,@b:anna@example.org>`) is read and thrown away, as RFC 5321 §3.6.1 asks:
//! mail never goes by a route its sender wrote. RFC 5321 §4.1.2, RFC 6531 §3.3.

use mailward_model::{AddressError, EmailAddress};

/// What stands between the angle brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// `<>`.
    Null,
    /// A mailbox.
    Mailbox(EmailAddress),
    /// `<Postmaster>` in any case, without a domain (RFC 5321 §4.1.1.3).
    Postmaster,
}

/// Why an argument has no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The keyword, `FROM:` or `TO:`, is missing.
    #[error("the argument does not begin with {0}")]
    Keyword(&'static str),
    /// There is no `<`, or no `>` that ends it.
    #[error("the address is not in angle brackets")]
    Brackets,
    /// Something other than a blank follows the `>`.
    #[error("behind the address stands {0:?} instead of a blank")]
    Behind(char),
    /// The source route has no end, or something in it is no domain.
    #[error("the source route is not valid")]
    Route,
    /// What stands between the brackets is no address.
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// A path, and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument<'a> {
    /// The path.
    pub path: Path,
    /// True where the path was written with characters beyond ASCII (RFC 6531 §3.3: only with
    /// SMTPUTF8).
    pub is_utf8: bool,
    /// The parameters, not yet read.
    pub parameters: &'a str,
}

/// Reads `FROM:<path> parameters` or `TO:<path> parameters`.
///
/// # Errors
/// [`PathError`] names the part that is wrong.
pub fn argument<'a>(text: &'a str, keyword: &'static str) -> Result<Argument<'a>, PathError> {
    let rest = text
        .get(..keyword.len())
        .filter(|head| head.eq_ignore_ascii_case(keyword))
        .and_then(|_| text.get(keyword.len()..))
        .ok_or(PathError::Keyword(keyword))?;
    // RFC 5321 §3.3 allows no blank behind the colon; many clients send one.
    let rest = rest
        .trim_start_matches(' ')
        .strip_prefix('<')
        .ok_or(PathError::Brackets)?;
    let end = closing(rest).ok_or(PathError::Brackets)?;
    let (inner, behind) = rest.split_at(end);
    let behind = behind.strip_prefix('>').unwrap_or(behind);
    match behind.chars().next() {
        None | Some(' ') => {}
        Some(other) => return Err(PathError::Behind(other)),
    }
    Ok(Argument {
        path: path(inner)?,
        is_utf8: !inner.is_ascii(),
        parameters: behind.trim_matches(' '),
    })
}

/// Where the `>` stands that is not part of a quoted string.
fn closing(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, octet) in text.bytes().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at),
            b'<' if !quoted => return None,
            _ => {}
        }
    }
    None
}

fn path(inner: &str) -> Result<Path, PathError> {
    if inner.is_empty() {
        return Ok(Path::Null);
    }
    if inner.eq_ignore_ascii_case("postmaster") {
        return Ok(Path::Postmaster);
    }
    let mailbox = if inner.starts_with('@') {
        // RFC 5321 §4.1.2: A-d-l = At-domain *( "," At-domain ); no address literal has a comma,
        // but an IPv6 literal has colons, so the colon looked for is the one outside brackets.
        let colon = outside_brackets(inner, b':').ok_or(PathError::Route)?;
        let (route, mailbox) = inner.split_at(colon);
        for hop in route.split(',') {
            let domain = hop.trim().strip_prefix('@').ok_or(PathError::Route)?;
            domain
                .parse::<mailward_model::Domain>()
                .map_err(|_| PathError::Route)?;
        }
        mailbox.get(1..).unwrap_or_default()
    } else {
        inner
    };
    Ok(Path::Mailbox(mailbox.parse()?))
}

fn outside_brackets(text: &str, wanted: u8) -> Option<usize> {
    let mut bracketed = false;
    text.bytes().position(|octet| {
        match octet {
            b'[' => bracketed = true,
            b']' => bracketed = false,
            _ => {}
        }
        !bracketed && octet == wanted
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(input: &str, expect: Result<(&str, &str), &str>) {
        let got = argument(input, "FROM:").map(|argument| {
            let path = match argument.path {
                Path::Null => "<>".to_owned(),
                Path::Postmaster => "postmaster".to_owned(),
                Path::Mailbox(address) => address.to_string(),
            };
            (path, argument.parameters.to_owned())
        });
        match (got, expect) {
            (Ok((path, rest)), Ok((p, r))) => assert_eq!((path.as_str(), rest.as_str()), (p, r)),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (got, expect) => panic!("{input:?}: got {got:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn paths() {
        check("FROM:<>", Ok(("<>", "")));
        check(
            "from: <a@example.org> SIZE=1 ",
            Ok(("a@example.org", "SIZE=1")),
        );
        check("FROM:<postMASTER>", Ok(("postmaster", "")));
        check(
            r#"FROM:<"a>b\"<c"@example.org> X"#,
            Ok((r#""a>b\"<c"@example.org"#, "X")),
        );
        check(
            "FROM:<@a.example,@b.example:c@d.example>",
            Ok(("c@d.example", "")),
        );
        check("FROM:<@[IPv6:::1]:c@d.example>", Ok(("c@d.example", "")));
        check("FROM:<a@[IPv6:::1]>", Ok(("a@[IPv6:::1]", "")));
        check("TO:<a@example.org>", Err("begin with FROM:"));
        check("FROM", Err("begin with FROM:"));
        check("FROM:a@example.org", Err("angle brackets"));
        check("FROM:<a@example.org", Err("angle brackets"));
        check("FROM:<a<b@example.org>", Err("angle brackets"));
        check("FROM:<a@example.org>SIZE=1", Err("instead of a blank"));
        check("FROM:<@a.example:>", Err("empty"));
        check("FROM:<@a.example c@d.example>", Err("source route"));
        check("FROM:<@-:c@d.example>", Err("source route"));
        check("FROM:<anna>", Err("no @"));
        check("FROM:<a b@example.org>", Err("must be quoted"));
        check(r#"FROM:<"a@example.org>"#, Err("angle brackets"));
    }

    proptest! {
        #[test]
        fn an_address_written_in_brackets_is_read_back(local in "[ -~]{1,40}") {
            let domain = "example.org".parse().unwrap();
            let address = EmailAddress::new(&local, domain).unwrap();
            let line = format!("TO:<{address}> NOTIFY=NEVER");
            let read = argument(&line, "TO:").unwrap();
            prop_assert_eq!(read.path, Path::Mailbox(address));
            prop_assert_eq!(read.parameters, "NOTIFY=NEVER");
        }

        #[test]
        fn anything_else_is_an_error_not_a_panic(text in "\\PC{0,60}") {
            let _ = argument(&text, "TO:");
        }
    }
}
