//! What the machine tells its driver: steps, and why a session ended.

#[cfg(doc)]
use super::{IDLE_COMMANDS_MAX, Session};

/// What a session wants of its driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'i> {
    /// All input is used: send the output, read more.
    Read,
    /// MAIL: may this sender ([`Session::envelope`]) begin a message? Answer it.
    Mail,
    /// RCPT: is this recipient ([`Session::candidate`]) taken? Answer it.
    Rcpt,
    /// DATA or the first BDAT: prepare to keep a message. Answer it.
    Begin,
    /// A piece of the message, to be kept.
    Content(&'i [u8]),
    /// The message is complete: make it durable, then answer, with
    /// [`Session::answer_each`] under LMTP.
    End,
    /// What was kept of the message since [`Step::Begin`] is to be thrown away: no [`Step::End`]
    /// will follow.
    Abandon,
    /// The peer gave reason for suspicion: send the output after a wait (the tarpit), then go on.
    Pause,
    /// STARTTLS: answer with [`Session::start_tls`], send the output, do the handshake, then call
    /// [`Session::tls_established`].
    StartTls,
    /// Send the output and close.
    Close,
}

/// Why the machine ended a session by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// QUIT.
    Quit,
    /// The client spoke before the greeting.
    EarlyTalker,
    /// More errors of protocol than allowed.
    TooManyErrors,
    /// More commands without a message than [`IDLE_COMMANDS_MAX`].
    TooManyCommands,
    /// Octets stood behind STARTTLS in plain text.
    InjectedCommands,
    /// A line ended in a bare LF or did not end, a chunk had no size, a message left its end in
    /// doubt, or HTTP was spoken: what follows cannot be trusted to be commands.
    Framing,
}
