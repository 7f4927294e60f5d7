//! One mail transaction: from MAIL to the reply behind its last octet.

use mailward_model::{Domain, Envelope, EnvelopeRecipient, Reply};

use crate::data::{Content, Decoder};

/// How the message comes. DATA and BDAT are never mixed (RFC 3030 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Transfer {
    /// Neither has been said.
    #[default]
    None,
    Data,
    Bdat,
}

#[derive(Debug, Default)]
pub(super) struct Transaction {
    pub(super) envelope: Envelope,
    pub(super) declared_size: Option<u64>,
    /// XOORG of MAIL.
    pub(super) organization: Option<Domain>,
    /// The RCPT that the driver is asked about.
    pub(super) candidate: Option<EnvelopeRecipient>,
    /// A RCPT was refused.
    pub(super) recipient_refused: bool,
    /// Recipients accepted; the envelope may have been taken out.
    pub(super) accepted: usize,
    pub(super) transfer: Transfer,
    /// The driver keeps the message.
    pub(super) begun: bool,
    pub(super) decoder: Decoder,
    pub(super) content: Content,
    /// Why the message will be refused at its end, where its octets give no reason. What comes of
    /// it is not handed on.
    pub(super) verdict: Option<Reply>,
    /// A chunk has been refused; the transaction only waits for its end.
    pub(super) failed: bool,
    /// Octets read and thrown away.
    pub(super) discarded: u64,
}

impl Transaction {
    /// True where the driver holds a part of the message and expects its end.
    pub(super) fn is_kept(&self) -> bool {
        self.begun && self.verdict.is_none()
    }
}
