//! Whether the sender of a message is who it claims to be: SPF (RFC 7208), DKIM (RFC 6376) and DMARC
//! (RFC 7489), verified by the library mail-auth.
//!
//! Nothing is refused here: the results are kept with the message, and what is risky to send on
//! follows from them. What cannot be found out in time is `temperror`.
//!
//! Never here: a policy, a header field, a signature of our own.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, MessageAuthenticator, SpfOutput,
    SpfResult, dmarc::verify::DmarcParameters, spf::verify::SpfParameters,
};
use mailward_model::{AuthenticationResult, ReversePath, SenderAuthentication};
use mailward_proto::header;
use parking_lot::Mutex;

/// How long all of it may take: the client waits for its reply.
const VERIFY_MAX: Duration = Duration::from_secs(20);
/// Octets of a message whose signatures are verified; a larger one is not kept in memory for it.
pub(super) const VERIFIED_OCTETS_MAX: usize = 10 << 20;
/// Signatures of one message that are verified. Each costs a DNS question and a pass over the body.
const SIGNATURES_MAX: usize = 10;

/// Verifies senders. The resolver is made when the first connector asks for it.
pub struct Authenticator {
    servers: Vec<SocketAddr>,
    made: Mutex<Option<Arc<MessageAuthenticator>>>,
}

/// What is known of a sender.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender<'a> {
    pub(super) client: IpAddr,
    pub(super) helo: &'a str,
    /// This host.
    pub(super) host: &'a str,
    pub(super) mail_from: &'a ReversePath,
    /// The message as it came; none where it is too large.
    pub(super) message: Option<&'a [u8]>,
}

impl Authenticator {
    /// Asks these name servers; those of the system where there are none.
    pub fn new(servers: &[SocketAddr]) -> Self {
        Authenticator {
            servers: servers.to_vec(),
            made: Mutex::new(None),
        }
    }

    fn authenticator(&self) -> Option<Arc<MessageAuthenticator>> {
        let mut made = self.made.lock();
        if made.is_none() {
            // Without a resolver it is asked for again with the next message.
            *made = self.make().map(Arc::new);
        }
        made.clone()
    }

    fn make(&self) -> Option<MessageAuthenticator> {
        if self.servers.is_empty() {
            return MessageAuthenticator::new_system_conf().ok();
        }
        let servers = self.servers.iter().map(|server| {
            let mut config = NameServerConfig::udp_and_tcp(server.ip());
            for connection in &mut config.connections {
                connection.port = server.port();
            }
            config
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        MessageAuthenticator::new(config, ResolverOpts::default()).ok()
    }

    /// Verifies a sender.
    pub(super) async fn verify(&self, sender: Sender<'_>) -> SenderAuthentication {
        let unknown = SenderAuthentication {
            spf: AuthenticationResult::TempError,
            dkim: AuthenticationResult::TempError,
            dmarc: AuthenticationResult::TempError,
            from: None,
        };
        let Some(authenticator) = self.authenticator() else {
            return unknown;
        };
        match tokio::time::timeout(VERIFY_MAX, verify(&authenticator, sender)).await {
            Ok(found) => found,
            Err(_) => unknown,
        }
    }
}

async fn verify(by: &MessageAuthenticator, sender: Sender<'_>) -> SenderAuthentication {
    let Sender {
        client,
        helo,
        host,
        mail_from,
        message,
    } = sender;
    let address = mail_from.address().map(ToString::to_string);
    let spf = match &address {
        Some(address) => SpfParameters::verify_mail_from(client, helo, host, address),
        // RFC 7208 §2.4: the null sender is asked about as postmaster of what stands in HELO.
        None => SpfParameters::verify_ehlo(client, helo, host),
    };
    let spf = by.verify_spf(spf).await;
    let mut found = SenderAuthentication {
        spf: spf_word(spf.result()),
        dkim: AuthenticationResult::TempError,
        dmarc: AuthenticationResult::TempError,
        from: None,
    };
    let Some(message) = message else {
        return found;
    };
    let signatures = header::fields(header::section(message))
        .filter(|field| field.is("DKIM-Signature"))
        .count();
    let Some(parsed) = AuthenticatedMessage::parse(message) else {
        found.dkim = AuthenticationResult::None;
        found.dmarc = AuthenticationResult::None;
        return found;
    };
    let dkim: Vec<DkimOutput<'_>> = if signatures > SIGNATURES_MAX {
        Vec::new()
    } else {
        by.verify_dkim(&parsed).await
    };
    found.dkim = match signatures > SIGNATURES_MAX {
        true => AuthenticationResult::PermError,
        false => best(dkim.iter().map(|one| dkim_word(one.result()))),
    };
    let domain = mail_from
        .address()
        .map_or(helo, |address| address.domain().as_str());
    dmarc(by, &parsed, &dkim, domain, &spf, &mut found).await;
    found
}

async fn dmarc(
    by: &MessageAuthenticator,
    message: &AuthenticatedMessage<'_>,
    dkim: &[DkimOutput<'_>],
    domain: &str,
    spf: &SpfOutput,
    found: &mut SenderAuthentication,
) {
    let asked = DmarcParameters::new(message, dkim, domain, spf);
    let output = by.verify_dmarc(asked).await;
    found.dmarc = match output.result() {
        DmarcResult::Pass => AuthenticationResult::Pass,
        DmarcResult::Fail(_) => AuthenticationResult::Fail,
        DmarcResult::TempError(_) => AuthenticationResult::TempError,
        DmarcResult::PermError(_) => AuthenticationResult::PermError,
        DmarcResult::None => AuthenticationResult::None,
    };
    found.from = Some(output.domain().to_owned()).filter(|domain| !domain.is_empty());
}

fn spf_word(result: SpfResult) -> AuthenticationResult {
    match result {
        SpfResult::Pass => AuthenticationResult::Pass,
        SpfResult::Fail => AuthenticationResult::Fail,
        SpfResult::SoftFail => AuthenticationResult::SoftFail,
        SpfResult::Neutral => AuthenticationResult::Neutral,
        SpfResult::TempError => AuthenticationResult::TempError,
        SpfResult::PermError => AuthenticationResult::PermError,
        SpfResult::None => AuthenticationResult::None,
    }
}

fn dkim_word(result: &DkimResult) -> AuthenticationResult {
    match result {
        DkimResult::Pass => AuthenticationResult::Pass,
        DkimResult::Neutral(_) => AuthenticationResult::Neutral,
        DkimResult::Fail(_) => AuthenticationResult::Fail,
        DkimResult::PermError(_) => AuthenticationResult::PermError,
        DkimResult::TempError(_) => AuthenticationResult::TempError,
        DkimResult::None => AuthenticationResult::None,
    }
}

/// The result of several signatures: one that holds is enough, and one that may hold later is better
/// than one that does not.
fn best(results: impl Iterator<Item = AuthenticationResult>) -> AuthenticationResult {
    use AuthenticationResult::{Fail, Neutral, None, Pass, PermError, SoftFail, TempError};
    let weight = |result: &AuthenticationResult| match result {
        Pass => 0,
        TempError => 1,
        Fail | SoftFail => 2,
        PermError => 3,
        Neutral => 4,
        None => 5,
    };
    results.min_by_key(weight).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_signature_that_holds_is_enough() {
        use AuthenticationResult::{Fail, None, Pass, TempError};
        assert_eq!(best([Fail, Pass, TempError].into_iter()), Pass);
        assert_eq!(best([Fail, TempError].into_iter()), TempError);
        assert_eq!(best([None, Fail].into_iter()), Fail);
        assert_eq!(best([].into_iter()), None);
    }
}
