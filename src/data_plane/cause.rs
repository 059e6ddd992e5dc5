//! Why connections end.
//!
//! Owns: the causes, and their words for log, metric and audit. Refuses: a text from outside. Stays
//! true: every cause says whose doing it was.

/// Why a connection ended; the text goes to the log and the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The client closed.
    ClientClosed,
    /// The client broke the protocol or its connection broke.
    ClientFault(&'static str),
    /// The broker closed.
    BrokerClosed,
    /// The broker broke the protocol or its connection broke.
    BrokerFault(&'static str),
    /// No broker could be reached.
    NoBroker,
    /// Login was refused.
    LoginRefused,
    /// It had not logged in, and others needed its place.
    Crowded,
    /// A deadline passed.
    TimedOut(&'static str),
    /// The policy does not let the bytes go on and there is no reply to say it in.
    Policy,
    /// The session goes on under another number, with a new token.
    Renewed,
    /// Somebody ended the session.
    Cut,
    /// The gateway is stopping.
    Stopping,
    /// A fault of the gateway's own.
    OwnFault,
}

impl Cause {
    /// Whether connections end like this every day.
    pub fn is_usual(self) -> bool {
        matches!(
            self,
            Cause::ClientClosed
                | Cause::Renewed
                | Cause::Stopping
                | Cause::Cut
                | Cause::TimedOut("idle")
        )
    }

    /// A short word for log, metric and audit.
    pub fn text(self) -> &'static str {
        match self {
            Cause::ClientClosed => "client closed",
            Cause::BrokerClosed => "broker closed",
            Cause::ClientFault(what) | Cause::BrokerFault(what) | Cause::TimedOut(what) => what,
            Cause::NoBroker => "no broker reachable",
            Cause::LoginRefused => "login refused",
            Cause::Crowded => "too many connections without login",
            Cause::Policy => "blocked by policy",
            Cause::Renewed => "the token was renewed",
            Cause::Cut => "session cut",
            Cause::Stopping => "gateway stopping",
            Cause::OwnFault => "internal fault",
        }
    }
}
