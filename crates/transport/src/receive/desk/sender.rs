//! What a session's client is known by, and what was found out about the sender of a message: asked
//! at MAIL and at the end of the message, told to the tracking log and the events.

use mailward_events::{
    Event,
    tracking::{Entry, EventId, Source},
};
use mailward_model::{Arrival, Bulk, Envelope, Reply, kind::Factor, plan::DeliveryContent};

use super::Desk;
use crate::{
    categorize::{self, Risk, is_outside},
    receive::{
        authenticate::Sender,
        factors::{self, Claims, Finding, Presented},
        incoming::Incoming,
    },
    snapshot::Snapshot,
};

impl Desk {
    /// The handshake is done: looks at what the client has shown, where the connector wants to know.
    pub(in crate::receive) fn look_at_certificate(&mut self) {
        if !self.spec().asks_for_certificate() {
            return;
        }
        let now = self.shared.clock.unix_ms();
        self.presented = match self.peer.certificates() {
            [] => Presented::Nothing,
            chain => match self.shared.client_tls.check_client(chain, now) {
                Ok(facts) => Presented::Verified(Box::new(facts)),
                Err(why) => Presented::Unverified(why),
            },
        };
        if let Some(tls) = &mut self.tls {
            tls.peer_name = factors::peer_name(&self.presented);
        }
    }

    /// The session goes on under TLS: offers what the client's certificate entitles it to.
    pub(in crate::receive) fn offer_by_certificate(&mut self) {
        let may = factors::may_say_xoorg(self.spec(), &self.presented);
        self.session.offer_xoorg(may);
    }

    /// The factors that are known before a message comes.
    fn early_findings(&self) -> Vec<Finding> {
        let spec = self.spec();
        let mut findings = Vec::new();
        if spec.range_factor != Factor::Off {
            let snapshot = self.shared.snapshot.load();
            let ranges = snapshot.sender_ranges_of(&self.connector.name);
            findings
                .extend(ranges.and_then(|ranges| factors::range(spec, ranges, self.client.ip())));
        }
        findings.extend(factors::certificate(spec, &self.presented));
        findings
    }

    /// At MAIL: why this client may not send here.
    ///
    /// A client on this host may be a health probe, which has no certificate and is known by its
    /// marker: it is judged when its message is complete.
    pub(super) fn refuses_client(&mut self) -> Option<Reply> {
        self.findings = self.early_findings();
        if self.ends().is_this_host() {
            return None;
        }
        let sender = self
            .session
            .envelope()
            .map(|e| e.mail_from.to_string())
            .unwrap_or_default();
        self.judge_findings(&sender)
    }

    /// At the end of a message that is no health probe: why it is not taken.
    pub(super) fn refuses_message(&mut self, header: &[u8], envelope: &Envelope) -> Option<Reply> {
        let earlier = std::mem::take(&mut self.findings);
        if self.spec().tenant_factor != Factor::Off {
            let claims = Claims::of(header, self.session.organization().cloned());
            self.findings.extend(factors::tenant(self.spec(), &claims));
        }
        if self.ends().is_this_host() {
            self.findings.splice(0..0, earlier);
            return self.judge_findings(&envelope.mail_from.to_string());
        }
        let reply = self.judge_findings(&envelope.mail_from.to_string());
        self.findings.splice(0..0, earlier);
        reply
    }

    /// Tells of what is missing; the reply where it is required.
    fn judge_findings(&self, sender: &str) -> Option<Reply> {
        let client = self.client.ip();
        let connector = || self.connector.name.clone();
        for finding in self.findings.iter().filter(|finding| !finding.met) {
            let (factor, reason) = (finding.which.word().to_owned(), finding.reason.clone());
            let Some(reply) = &finding.refusal else {
                self.shared.events.emit(Event::SenderFactorMissed {
                    connector: connector(),
                    factor,
                    client,
                    reason,
                });
                continue;
            };
            self.shared.events.emit(Event::SenderFactorRefused {
                connector: connector(),
                factor,
                client,
                reason,
                reply: reply.to_string(),
            });
            self.shared.counters.factor_refusals.add(1);
            self.track_refusal(finding, reply, sender);
            return Some(reply.clone());
        }
        None
    }

    fn track_refusal(&self, finding: &Finding, reply: &Reply, sender: &str) {
        let marks = self.marks();
        let words = factors::words(&self.findings);
        let apart = if marks.is_empty() { "" } else { ";" };
        self.shared.tracking.write(Entry {
            unix_ms: self.shared.clock.unix_ms(),
            client_ip: Some(self.client.ip()),
            client_hostname: self.session.helo().into(),
            server_ip: Some(self.server.ip()),
            server_hostname: self.config.hostname.as_str().into(),
            source_context: format!(
                "refused by the {} factor: {}",
                finding.which.word(),
                finding.reason
            )
            .into(),
            connector_id: self.connector.name.as_str().into(),
            source: Source::Smtp,
            event_id: EventId::Fail,
            recipient_status: vec![reply.to_string().into()],
            sender: sender.into(),
            return_path: sender.into(),
            original_client_ip: Some(self.client.ip()),
            custom_data: format!("Factors={words}{apart}{marks}").into(),
            ..Entry::default()
        });
    }

    /// Verifies the sender of the message that is complete, where the connector wants it. Mail for
    /// health mailboxes is known by its marker.
    pub(in crate::receive) async fn authenticate(&mut self) {
        self.authentication = None;
        let Some(incoming) = &mut self.message else {
            return;
        };
        if !self.connector.spec.verify_sender || self.monitoring > 0 {
            return;
        }
        let whole = incoming.take_whole();
        let Some(envelope) = self.session.envelope() else {
            return;
        };
        let sender = Sender {
            client: self.client.ip().to_canonical(),
            helo: self.session.helo(),
            host: self.config.hostname.as_str(),
            mail_from: &envelope.mail_from,
            message: whole.as_deref(),
        };
        self.authentication = Some(self.shared.authenticator.verify(sender).await);
    }

    /// What was found out about the sender of a message that is taken.
    pub(super) fn arrival(&mut self, snapshot: &Snapshot, envelope: &Envelope) -> Arrival {
        Arrival {
            authentication: self.authentication.take(),
            bulk: self.bulk(snapshot, envelope),
            originating_organization: self.session.organization().map(ToString::to_string),
            internal: false,
        }
    }

    /// Counts the recipients outside, and says whether the sender is above its bound.
    fn bulk(&self, snapshot: &Snapshot, envelope: &Envelope) -> Option<Bulk> {
        let settings = &snapshot.settings;
        let sender = envelope.mail_from.address()?;
        if settings.bulk_recipients_max == 0 {
            return None;
        }
        let outside = envelope
            .recipients
            .iter()
            .filter(|r| is_outside(&snapshot.directory, r.address.domain()))
            .count();
        let window = settings.bulk_window.get();
        let now = self.shared.clock.monotonic();
        let key = sender.key();
        let count = u32::try_from(outside).unwrap_or(u32::MAX);
        let recipients = self.shared.bulk.count(&key, count, window, now);
        if outside == 0 || recipients <= settings.bulk_recipients_max {
            return None;
        }
        self.shared.events.emit(Event::BulkSenderFound {
            sender: sender.to_string(),
            recipients: recipients.into(),
            allowed: settings.bulk_recipients_max.into(),
            window: settings.bulk_window.to_string(),
        });
        Some(Bulk {
            recipients,
            allowed: settings.bulk_recipients_max,
            window_secs: u32::try_from(window.as_secs()).unwrap_or(u32::MAX),
        })
    }

    /// For the tracking log: what was found out about the sender, and what was taken out.
    pub(super) fn found(
        &self,
        envelope: &Envelope,
        origin: &mailward_model::Origin,
        incoming: &Incoming,
    ) -> String {
        let mut found = Vec::new();
        if !self.findings.is_empty() {
            found.push(format!("Factors={}", factors::words(&self.findings)));
        }
        if let Some(name) = origin.tls.as_ref().and_then(|tls| tls.peer_name.as_deref()) {
            // A name that a certificate carries may be anything but what ends a part here.
            found.push(format!("PeerName={}", name.replace(';', "%3B")));
        }
        if let Some(arrival) = &origin.arrival {
            if let Some(authentication) = &arrival.authentication {
                found.push(format!("SenderAuthentication={}", authentication.words()));
            }
            if let Some(organization) = &arrival.originating_organization {
                found.push(format!("Xoorg={organization}"));
            }
            if arrival.internal {
                found.push("AuthAs=Internal".to_owned());
            }
        }
        let risks = categorize::risks(&envelope.mail_from, origin, &DeliveryContent::Message);
        if !risks.is_empty() {
            let words: Vec<_> = risks.iter().map(Risk::word).collect();
            found.push(format!("Risk={}", words.join(",")));
        }
        let (stripped, promoted) = (incoming.stripped().total(), incoming.converted());
        if stripped > 0 {
            found.push(format!("HeadersStripped={stripped}"));
        }
        if promoted > 0 {
            found.push(format!("HeadersPromoted={promoted}"));
        }
        found.join(";")
    }
}
