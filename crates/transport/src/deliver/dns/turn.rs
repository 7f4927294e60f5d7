//! Which name server is asked first after a repair: the next one that answers.
//!
//! Never here: what a name server says of a name that mail needs. Whether one answers at all is asked
//! with the root, which each of them knows.

use std::{future::Future, net::SocketAddr, pin::Pin, time::Duration};

use hickory_resolver::proto::rr::RecordType;

use super::{LookupError, builder, classify};

/// How long a name server may take to show that it answers.
const TRIAL_MAX: Duration = Duration::from_secs(2);

/// What came of a turn of the name servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turned {
    /// There is but one, or none was named.
    Only,
    /// The one that is asked first answers, and no other does.
    Stays(SocketAddr),
    /// This one is asked first from now on.
    To(SocketAddr),
}

/// A turn that is waited for.
pub(crate) type Turning<'a> = Pin<Box<dyn Future<Output = Turned> + Send + 'a>>;

/// Whether each name server answers; all are asked at one time.
pub(super) async fn trials(servers: &[SocketAddr]) -> Vec<bool> {
    let trials: Vec<_> = servers
        .iter()
        .map(|server| tokio::spawn(answers(*server)))
        .collect();
    let mut sound = Vec::with_capacity(trials.len());
    for trial in trials {
        sound.push(trial.await.unwrap_or(false));
    }
    sound
}

/// Whether a name server answers: with records, or that there are none.
async fn answers(server: SocketAddr) -> bool {
    let Ok(resolver) = builder([&server]).build() else {
        return false;
    };
    let asked = resolver.lookup(".", RecordType::NS);
    match tokio::time::timeout(TRIAL_MAX, asked).await {
        Ok(Err(error)) => !matches!(classify(error), LookupError::Temporary(_)),
        Ok(Ok(_)) => true,
        Err(_) => false,
    }
}

/// The name server that is to be asked first, where `first` is now: the next one that answers. Where
/// no other does it stays, and where none does at all it is the next one's turn. Pure.
pub(super) fn turn(first: usize, sound: &[bool]) -> usize {
    let count = sound.len().max(1);
    let answers = |at: usize| sound.get(at).copied().unwrap_or(false);
    let others = (1..count).map(|step| (first + step) % count);
    let next = others.clone().find(|at| answers(*at));
    match next {
        Some(at) => at,
        None if answers(first) => first,
        None => (first + 1) % count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_turn_of_the_next_one_that_answers() {
        let (yes, no) = (true, false);
        for (first, sound, expect) in [
            (0, &[no, yes, yes][..], 1),
            (0, &[no, no, yes], 2),
            (2, &[no, yes, no], 1),
            // What asks may not know yet that it was turned: it is not turned back.
            (1, &[no, yes], 1),
            (0, &[yes, yes], 1),
            (1, &[yes, yes], 0),
            (0, &[no, no, no], 1),
            (2, &[no, no, no], 0),
            (0, &[yes], 0),
        ] {
            assert_eq!(turn(first, sound), expect, "{first} of {sound:?}");
        }
    }
}
