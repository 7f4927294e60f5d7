//! MAIL and RCPT commands with the parameters a peer understands.

use std::fmt::Write as _;

use mailward_model::{BodyType, EnvelopeRecipient, Notify, Ret};

use super::{Capabilities, machine::Transaction};

/// Appends the MAIL command (RFC 5321 §4.1.1.2) for a transaction.
pub(super) fn push_mail(out: &mut Vec<u8>, tx: &Transaction<'_>, peer: &Capabilities) {
    let mut line = String::with_capacity(128);
    line.push_str("MAIL FROM:<");
    if let Some(address) = tx.mail_from.address() {
        // Writing to a String cannot fail.
        let _ = write!(line, "{address}");
    }
    line.push('>');
    if peer.size.is_some() {
        let _ = write!(line, " SIZE={}", tx.size);
    }
    match tx.body {
        BodyType::SevenBit => {}
        BodyType::EightBitMime => line.push_str(" BODY=8BITMIME"),
        BodyType::BinaryMime => line.push_str(" BODY=BINARYMIME"),
    }
    if tx.smtputf8 && peer.smtputf8 {
        line.push_str(" SMTPUTF8");
    }
    if peer.dsn {
        match tx.ret {
            Some(Ret::Full) => line.push_str(" RET=FULL"),
            Some(Ret::Headers) => line.push_str(" RET=HDRS"),
            None => {}
        }
        if let Some(envid) = tx.envid {
            line.push_str(" ENVID=");
            push_xtext(&mut line, envid);
        }
    }
    if let Some(organization) = tx.xoorg.filter(|_| peer.xoorg) {
        line.push_str(" XOORG=");
        push_xtext(&mut line, organization);
    }
    line.push_str("\r\n");
    out.extend_from_slice(line.as_bytes());
}

/// Appends the RCPT command (RFC 5321 §4.1.1.3) for a recipient.
pub(super) fn push_rcpt(out: &mut Vec<u8>, rcpt: &EnvelopeRecipient, peer: &Capabilities) {
    let mut line = String::with_capacity(96);
    // Writing to a String cannot fail.
    let _ = write!(line, "RCPT TO:<{}>", rcpt.address);
    if peer.dsn {
        push_notify(&mut line, rcpt.notify);
        if let Some(orcpt) = &rcpt.orcpt {
            line.push_str(" ORCPT=");
            push_orcpt(&mut line, orcpt);
        }
    }
    line.push_str("\r\n");
    out.extend_from_slice(line.as_bytes());
}

/// NOTIFY (RFC 3461 §4.1), where the sender gave one.
fn push_notify(line: &mut String, notify: Notify) {
    if !notify.given {
        return;
    }
    line.push_str(" NOTIFY=");
    let words = [
        (notify.success, "SUCCESS"),
        (notify.failure, "FAILURE"),
        (notify.delay, "DELAY"),
    ];
    let mut first = true;
    for (_, word) in words.into_iter().filter(|(wanted, _)| *wanted) {
        if !std::mem::take(&mut first) {
            line.push(',');
        }
        line.push_str(word);
    }
    if first {
        line.push_str("NEVER");
    }
}

/// ORCPT (RFC 3461 §4.2); beyond ASCII in the form every server may be given (RFC 6533 §3).
fn push_orcpt(line: &mut String, orcpt: &str) {
    let (kind, address) = orcpt.split_once(';').unwrap_or(("rfc822", orcpt));
    if address.is_ascii() && !kind.eq_ignore_ascii_case("utf-8") {
        line.extend(
            kind.chars()
                .filter(|c| c.is_ascii_alphanumeric() || *c == '-'),
        );
        line.push(';');
        push_xtext(line, address);
        return;
    }
    line.push_str("utf-8;");
    // An address that came in the escaped form keeps its escapes.
    let escaped = address.is_ascii() && address.contains("\\x{");
    for c in address.chars() {
        match c {
            '\\' if escaped => line.push(c),
            '\\' | '+' | '=' => push_unicode(line, c),
            c if c.is_ascii_graphic() => line.push(c),
            c => push_unicode(line, c),
        }
    }
}

/// EmbeddedUnicodeChar of RFC 6533 §3.
pub(crate) fn push_unicode(line: &mut String, c: char) {
    // Writing to a String cannot fail.
    let _ = write!(line, "\\x{{{:02X}}}", u32::from(c));
}

/// xtext (RFC 3461 §4).
pub(crate) fn push_xtext(line: &mut String, text: &str) {
    for octet in text.bytes() {
        match octet {
            b'+' | b'=' => {
                let _ = write!(line, "+{octet:02X}");
            }
            33..=126 => line.push(char::from(octet)),
            _ => {
                let _ = write!(line, "+{octet:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mailward_model::ReversePath;

    use super::*;

    fn all() -> Capabilities {
        Capabilities {
            size: Some(0),
            eight_bit_mime: true,
            chunking: true,
            binary_mime: true,
            smtputf8: true,
            dsn: true,
            ..Default::default()
        }
    }

    #[test]
    fn mail_commands() {
        let from: ReversePath = "a@example.org".parse().unwrap();
        let tx = Transaction {
            mail_from: &from,
            size: 77,
            body: BodyType::EightBitMime,
            smtputf8: true,
            ret: Some(Ret::Headers),
            envid: Some("Q 1=2"),
            xoorg: Some("contoso.example"),
        };
        let text = |tx: &Transaction<'_>, peer: &Capabilities| {
            let mut out = Vec::new();
            push_mail(&mut out, tx, peer);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            text(&tx, &all()),
            "MAIL FROM:<a@example.org> SIZE=77 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=Q+201+3D2\r\n"
        );
        let exchange = Capabilities {
            xoorg: true,
            ..Default::default()
        };
        assert_eq!(
            text(&tx, &exchange),
            "MAIL FROM:<a@example.org> BODY=8BITMIME XOORG=contoso.example\r\n"
        );
        let null = Transaction {
            mail_from: &ReversePath::Null,
            body: BodyType::SevenBit,
            ..tx
        };
        assert_eq!(text(&null, &Capabilities::default()), "MAIL FROM:<>\r\n");
    }

    #[test]
    fn rcpt_commands() {
        let text = |rcpt: &EnvelopeRecipient, peer: &Capabilities| {
            let mut out = Vec::new();
            push_rcpt(&mut out, rcpt, peer);
            String::from_utf8(out).unwrap()
        };
        let mut rcpt = EnvelopeRecipient::new("\"b c\"@example.org".parse().unwrap());
        assert_eq!(text(&rcpt, &all()), "RCPT TO:<\"b c\"@example.org>\r\n");
        rcpt.notify = Notify::NEVER;
        rcpt.orcpt = Some("rfc822;b+c@example.org".into());
        assert_eq!(
            text(&rcpt, &all()),
            "RCPT TO:<\"b c\"@example.org> NOTIFY=NEVER ORCPT=rfc822;b+2Bc@example.org\r\n"
        );
        rcpt.notify = Notify {
            success: true,
            failure: false,
            delay: true,
            given: true,
        };
        rcpt.orcpt = Some("utf-8;grå+x@example.org".into());
        assert_eq!(
            text(&rcpt, &all()),
            "RCPT TO:<\"b c\"@example.org> NOTIFY=SUCCESS,DELAY ORCPT=utf-8;gr\\x{E5}\\x{2B}x@example.org\r\n"
        );
        assert_eq!(
            text(&rcpt, &Capabilities::default()),
            "RCPT TO:<\"b c\"@example.org>\r\n"
        );
    }
}
