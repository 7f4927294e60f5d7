//! Certificates for people.

use super::decision;
use crate::{
    page::{Cell, Page, Tone, span, stamp},
    view::{CertificateChoice, CertificateList, CertificateView},
};

/// Days before its end from which a certificate is shown as a warning.
const SOON_DAYS: i64 = 30;

pub(in crate::operation) fn list(view: &CertificateList, now: u64) -> Page {
    let page = Page::new().table(
        ["file", "names", "issuer", "expires", "used by", "remarks"],
        view.certificates.iter().map(|one| row(one, now)),
        &format!("No certificate in {}.", view.folder),
    );
    if view.set_aside.is_empty() {
        return page;
    }
    page.heading("Files set aside").table(
        ["file", "why", "what to do"],
        view.set_aside.iter().map(|file| {
            [
                file.file.as_str().into(),
                Cell::toned(file.reason.as_str(), Tone::Warn),
                file.mend.as_str().into(),
            ]
        }),
        "",
    )
}

fn row(view: &CertificateView, now: u64) -> [Cell; 6] {
    let left = view
        .not_after_unix_ms
        .saturating_sub(i64::try_from(now).unwrap_or(i64::MAX));
    let end = stamp(u64::try_from(view.not_after_unix_ms).unwrap_or(0));
    let expires = match u64::try_from(left) {
        Ok(ms) => Cell::toned(
            format!("{end} (in {})", span(ms)),
            if left < SOON_DAYS * 86_400_000 {
                Tone::Warn
            } else {
                Tone::Plain
            },
        ),
        Err(_) => Cell::toned(
            format!("{end} (expired {} ago)", span(left.unsigned_abs())),
            Tone::Bad,
        ),
    };
    let issuer = if view.self_signed {
        "itself"
    } else {
        view.issuer.as_str()
    };
    [
        view.file.as_str().into(),
        view.names.join(", ").into(),
        issuer.into(),
        expires,
        view.used_by.join(", ").into(),
        Cell::toned(view.warnings.join("; "), Tone::Warn),
    ]
}

pub(in crate::operation) fn choice(view: &CertificateChoice, _: u64) -> Page {
    let (which, without) = match view.send {
        false => ("Receive", "No certificate: STARTTLS is not offered"),
        true => (
            "Send",
            "No certificate: a peer that asks for one is shown none",
        ),
    };
    Page::new()
        .text(format!(
            "{which} connector {}, name {}",
            view.connector, view.fqdn
        ))
        .page(decision("Certificate", without, &view.decision))
}
