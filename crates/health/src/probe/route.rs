//! The probe of a send connector: a signed message to an address beyond it, handed to transport as
//! any mail is routed. What the next hop answers is the result; where the address sends probes back,
//! the arrival too.
//!
//! Without `probe_recipient` nothing is sent, and the probe says so.

use std::time::Duration;

use mailward_api::control::{self, ControlReply, ControlRequest, ProbeLetter, Role, RouteProbed};
use mailward_model::kind::SendConnector;

use super::{Context, Found, NOT_APPLICABLE, Steps, Verdict, letter, mailflow};
use crate::Cause;

/// Time kept back so that transport's answer comes before the probe's time is over.
const RESERVE: Duration = Duration::from_millis(500);

pub(super) async fn look(
    context: &Context,
    name: &str,
    spec: &SendConnector,
    limit: Duration,
    steps: &mut Steps,
) -> Found {
    let Some(recipient) = &spec.probe_recipient else {
        return not_applicable(
            "it is not probed: its probe_recipient is not set, so no address beyond it is known",
        );
    };
    let mailbox = match mailflow::mailbox(context).await {
        Ok(mailbox) => mailbox,
        Err(found) => return found,
    };
    let path = mailward_proto::probe::sent_path(name);
    let letter = match letter::compose(context, &path, &mailbox.address, recipient).await {
        Ok(letter) => letter,
        Err(found) => return found,
    };
    steps.next("submit");
    let wait = limit.saturating_sub(RESERVE);
    let request = ControlRequest::ProbeRoute(ProbeLetter {
        connector: name.to_owned(),
        recipient: recipient.clone(),
        content: letter.text,
        wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
    });
    let socket = Role::Transport.socket(&context.run_dir);
    let reply = match control::call(&socket, &request, limit).await {
        Ok(ControlReply::RouteProbed(reply)) => reply,
        Ok(_) => return Found::error("transport answered something else"),
        // That transport does not answer is the transport probe's to say.
        Err(error) => return Found::skipped(error.into_fault(Role::Transport.name()).error),
    };
    let found = judge(&reply, name, recipient.to_string(), steps);
    if found.verdict != Verdict::Pass || !spec.probe_returns {
        return found;
    }
    steps.next("returned");
    mailflow::arrival(context, &path, letter.slot).await;
    Found {
        text: format!("{}; it came back", found.text),
        ..found
    }
}

fn not_applicable(why: impl Into<String>) -> Found {
    let mut found = Found::skipped(why);
    found.cause = Some(NOT_APPLICABLE.to_owned());
    found
}

/// What the answer says about the route.
fn judge(reply: &RouteProbed, name: &str, recipient: String, steps: &mut Steps) -> Found {
    match reply {
        RouteProbed::Elsewhere { way } => not_applicable(format!(
            "mail to {recipient} {way}, and not through {name}: nothing was sent"
        )),
        RouteProbed::Refused { reply } => mailflow::not_taken(reply),
        RouteProbed::Silent { accepted_ms } => {
            steps.hops(&[("accepted", *accepted_ms)]);
            Found::new(Verdict::Timeout, "the next hop has not answered")
        }
        RouteProbed::Answered {
            delivered,
            reply,
            remote,
            accepted_ms,
            answered_ms,
        } => {
            steps.hops(&[("accepted", *accepted_ms), ("answered", *answered_ms)]);
            let host = remote.as_deref().unwrap_or("the route");
            let text = format!("{host} answered {reply}");
            if *delivered {
                return Found::pass(text).measured("answered_ms", *answered_ms);
            }
            // RFC 3463 §3.5: X.4.3, the directory server; here DNS.
            let cause = if reply.contains(" 4.4.3 ") {
                Cause::Dns
            } else {
                Cause::Upstream
            };
            Found::fail(text).of(cause)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(reply: RouteProbed) -> Found {
        judge(
            &reply,
            "Out",
            "probe@example.net".to_owned(),
            &mut Steps::new(),
        )
    }

    #[test]
    fn the_next_hops_answer_is_the_judgement() {
        let answered = |delivered, reply: &str| RouteProbed::Answered {
            delivered,
            reply: reply.to_owned(),
            remote: Some("mx.example.net".to_owned()),
            accepted_ms: 2,
            answered_ms: 30,
        };
        let taken = judged(answered(true, "250 2.0.0 Ok"));
        assert_eq!(taken.verdict, Verdict::Pass);
        for (reply, cause) in [
            ("550 5.1.1 No such user", Cause::Upstream),
            ("451 4.4.1 connect: refused", Cause::Upstream),
            ("451 4.4.3 no MX is known", Cause::Dns),
        ] {
            let found = judged(answered(false, reply));
            assert_eq!(found.verdict, Verdict::Fail, "{reply}");
            assert_eq!(found.cause.as_deref(), Some(cause.as_str()), "{reply}");
        }
        let silent = judged(RouteProbed::Silent { accepted_ms: 2 });
        assert_eq!(silent.verdict, Verdict::Timeout);
        let elsewhere = judged(RouteProbed::Elsewhere {
            way: "goes to connector/Other".to_owned(),
        });
        assert_eq!(elsewhere.cause.as_deref(), Some(NOT_APPLICABLE));
        let refused = |reply: &str| {
            judged(RouteProbed::Refused {
                reply: reply.to_owned(),
            })
        };
        assert_eq!(refused("451 4.4.5 enough").verdict, Verdict::ProbeError);
        assert_eq!(refused("452 4.3.1 full").verdict, Verdict::Skipped);
    }
}
