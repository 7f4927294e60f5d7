//! The journal, asked of transport.

use std::time::Duration;

use mailward_api::{
    control::{ControlRequest, Role, SimulatedMessage},
    fault::Fault,
    operation::request,
    view::{
        Changed, JournalReplay, JournalSimulation, JournalVerification,
        journal::{JournalReplayAsk, JournalVerifyAsk},
    },
};

use super::{Access, expect_reply};
use crate::peer::Peer;

/// How long transport may read a ledger and a store of reports, and send some of them again: within the
/// two minutes that a caller waits.
const LONG: Duration = Duration::from_secs(110);

impl Access {
    pub(super) async fn journal_pause(
        &self,
        r: request::JournalTarget,
        pause: bool,
        peer: Peer,
    ) -> Result<Changed, Fault> {
        let operation = match pause {
            true => "journal pause",
            false => "journal resume",
        };
        let request = ControlRequest::JournalPause {
            target: r.target.clone(),
            pause,
        };
        self.act(peer, operation, r.target, request).await
    }

    pub(super) async fn journal_replay(
        &self,
        r: request::JournalReplay,
        peer: Peer,
    ) -> Result<JournalReplay, Fault> {
        let now = self.now();
        let subject = match &r.target {
            Some(target) => format!("{target} since {}", r.since),
            None => format!("since {}", r.since),
        };
        let ask = JournalReplayAsk {
            since_unix_ms: r.since.unix_ms(now),
            until_unix_ms: r.to.map_or(now, |to| to.unix_ms(now)),
            target: r.target,
            dry_run: r.dry_run,
        };
        let request = ControlRequest::JournalReplay(ask);
        let reply = self.ask_within(Role::Transport, request, LONG).await;
        let done = expect_reply!(reply, JournalReplay)?;
        if !done.dry_run {
            self.audit(&peer, "journal replay", subject, &done.changes)
                .await;
        }
        Ok(done)
    }

    pub(super) async fn journal_verify(
        &self,
        r: request::JournalVerify,
    ) -> Result<JournalVerification, Fault> {
        let now = self.now();
        let ask = JournalVerifyAsk {
            against: r.against,
            target: r.target,
            since_unix_ms: r.since.map(|since| since.unix_ms(now)),
        };
        let request = ControlRequest::JournalVerify(ask);
        let reply = self.ask_within(Role::Transport, request, LONG).await;
        expect_reply!(reply, JournalVerification)
    }

    pub(super) async fn journal_simulate(
        &self,
        r: request::JournalSimulate,
    ) -> Result<JournalSimulation, Fault> {
        let message = SimulatedMessage {
            mail_from: r.from,
            recipients: r.to,
            header: r.message.header,
            size: r.message.size,
            remote: None,
            helo: None,
            account: r.account,
            certificate: None,
            unauthenticated: false,
        };
        let request = ControlRequest::JournalSimulate(message);
        let reply = self.ask(Role::Transport, request).await;
        expect_reply!(reply, JournalSimulation)
    }
}
