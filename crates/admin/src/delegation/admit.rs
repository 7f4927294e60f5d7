//! A command that arrives from another node: its header fields are read, those it names are looked up
//! as they are now, and the decision is made, told and recorded.

use std::sync::Arc;

use axum::http::HeaderMap;
use mailward_api::{
    fault::{Fault, FaultKind},
    operation::{Call, remote},
    view::{ActedAs, AuditResult},
};
use mailward_events::{Event, Items};
use mailward_model::{
    Decision, FieldError,
    kind::{Administrator, Node},
    object::SpecOf,
};
use mailward_store::{ReadError, Store};

use super::{
    Machine, Remote,
    decide::{AS_MACHINE, Asked, Refusal, Verdict, decide},
};
use crate::{
    answer::{Access, audit::Act, blocking, failed},
    peer::{Delegate, Peer},
};

/// What a request says of the command.
struct Said {
    user: String,
    request: String,
    given_unix_ms: u64,
    place: String,
    would_go_on: bool,
}

impl Said {
    /// Reads the header fields.
    fn of(headers: &HeaderMap) -> Result<Said, Fault> {
        let user = field(headers, remote::ON_BEHALF_OF)?;
        if !remote::is_user_name(user) {
            return Err(unreadable(remote::ON_BEHALF_OF));
        }
        let request = field(headers, remote::REQUEST)?;
        let is_number = request.len() == remote::REQUEST_DIGITS
            && request.bytes().all(|octet| octet.is_ascii_hexdigit());
        if !is_number {
            return Err(unreadable(remote::REQUEST));
        }
        let given_unix_ms = field(headers, remote::TIME)?
            .parse()
            .map_err(|_| unreadable(remote::TIME))?;
        let place = headers.get(remote::PLACE);
        let place = place
            .and_then(|place| place.to_str().ok())
            .unwrap_or_default();
        let on_failure = headers.get(remote::ON_FAILURE);
        Ok(Said {
            user: user.to_owned(),
            request: request.to_ascii_lowercase(),
            given_unix_ms,
            place: remote::header_text(place, remote::PLACE_OCTETS_MAX),
            would_go_on: on_failure.is_some_and(|value| value == ActedAs::Machine.as_str()),
        })
    }
}

/// The one value of a field. Two would be read differently by different programs.
fn field<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Fault> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| unreadable(name)),
        (None, _) => Err(Fault::invalid(
            format!("the command does not say {name}"),
            "give it with `mailward --node NAME …` on the other node",
        )),
        (Some(_), Some(_)) => Err(Fault::invalid(
            format!("the command says {name} twice"),
            "give it with `mailward --node NAME …` on the other node",
        )),
    }
}

fn unreadable(name: &str) -> Fault {
    Fault::invalid(
        format!("what the command says as {name} cannot be read"),
        "run the same version on all nodes",
    )
}

/// An object's spec, as it is in force now: policies may say who belongs to a role group.
pub(super) fn spec<T: SpecOf + Clone>(store: &Store, name: &str) -> Result<Option<T>, ReadError> {
    let object = store.get_in_force(T::KIND, name)?;
    Ok(object.and_then(|object| T::of(&object.spec).cloned()))
}

/// What is known of those that a command names.
struct Known {
    node: Option<Node>,
    administrator: Option<Administrator>,
    listed: Vec<String>,
}

impl Access {
    /// Admits a command of another node, or refuses it; either is recorded where it must be.
    pub(crate) async fn admit(
        &self,
        remote: &Remote,
        machine: &Machine,
        headers: &HeaderMap,
        call: &Call,
    ) -> Result<Peer, Fault> {
        if headers.contains_key(remote::NODE) {
            return Err(Fault::new(
                FaultKind::Refused,
                "a command goes one hop, from the node it is given on to the one it is for",
                "give it on a node that knows the other one",
            ));
        }
        let said = Said::of(headers)?;
        let known = self.known(&machine.name, &said.user).await?;
        let operation = call.command();
        let asked = Asked {
            machine: &machine.name,
            node: known.node.as_ref(),
            user: &said.user,
            administrator: known.administrator.as_ref(),
            needs: call.right(),
            may_go_on: call.op().may_go_on_as_machine(),
            is_listed: known.listed.contains(&operation),
            is_wanted: said.would_go_on,
        };
        let mut decision = decide(&asked);
        let is_admitted = !matches!(decision.chosen, Verdict::Refused(_));
        if is_admitted {
            let now = self.clock.unix_ms();
            let taken =
                remote
                    .seen
                    .lock()
                    .take(&machine.name, &said.request, said.given_unix_ms, now);
            if let Err(stale) = taken {
                decision.chosen = Verdict::Refused(Refusal::NotTrusted);
                decision.because = stale.to_string();
                decision.passed_over.clear();
                return Err(self
                    .turn_away(machine, &said, call, decision, String::new())
                    .await);
            }
        }
        let acts_as = match decision.chosen {
            Verdict::AsUser => ActedAs::User,
            Verdict::AsMachine => ActedAs::Machine,
            Verdict::Refused(refusal) => {
                let mend = format!("on {}, {}", self.node, refusal.mend(&asked));
                return Err(self.turn_away(machine, &said, call, decision, mend).await);
            }
        };
        let because = match acts_as {
            ActedAs::User => String::new(),
            ActedAs::Machine => decision.because,
        };
        if acts_as == ActedAs::Machine {
            self.events.emit(Event::ActedAsMachine {
                machine: machine.name.clone(),
                user: said.user.clone(),
                operation,
                because: because.clone(),
            });
        }
        Ok(Peer::from(Arc::new(Delegate {
            machine: machine.name.clone(),
            user: said.user,
            place: said.place,
            acts_as,
            because,
        })))
    }

    async fn known(&self, machine: &str, user: &str) -> Result<Known, Fault> {
        let store = self.store.clone();
        let (machine, user) = (machine.to_owned(), user.to_owned());
        blocking(move || {
            let read = || -> Result<Known, ReadError> {
                Ok(Known {
                    node: spec(&store, &machine)?,
                    administrator: spec(&store, &user)?,
                    listed: super::ignored_failures(&store)?,
                })
            };
            read().map_err(|error| failed(&error))
        })
        .await
    }

    /// Tells and records that a command was refused; the fault that answers it.
    async fn turn_away(
        &self,
        machine: &Machine,
        said: &Said,
        call: &Call,
        decision: Decision<Verdict>,
        mend: String,
    ) -> Fault {
        let operation = call.command();
        let chain: Items = decision
            .passed_over
            .iter()
            .map(|one| format!("{}: {}", one.candidate, one.reason))
            .collect();
        self.events.emit(Event::DelegationRefused {
            machine: machine.name.clone(),
            user: said.user.clone(),
            operation: operation.clone(),
            because: decision.because.clone(),
            chain,
        });
        let mut act = Act::of(call);
        act.on_behalf_of = said.user.clone();
        act.machine = Some(machine.name.clone());
        act.from = format!("{}, {}", machine.address, said.place);
        act.result = AuditResult::Refused;
        act.because = decision.because.clone();
        self.record(act).await;
        let mut error = format!("{} refuses {operation}: {}", self.node, decision.because);
        let mut fault = Fault::new(FaultKind::DelegationRefused, "", mend.clone());
        // What speaks against the machine is of interest where the machine was all that was wrong.
        let machine = decision.passed_over.into_iter().find(|one| {
            one.candidate == AS_MACHINE && decision.chosen == Verdict::Refused(Refusal::NotTrusted)
        });
        if let Some(machine) = machine {
            error.push_str(&format!("; nor as the machine: {}", machine.reason));
            let field = format!("{}, {AS_MACHINE}", self.node);
            fault.details = vec![FieldError::new(field, machine.reason, mend)];
        }
        fault.error = error;
        fault
    }
}
