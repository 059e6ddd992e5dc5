//! Reads the audit of all chains as one story, in the order of time.
//!
//! Owns: the merge over chains and which principal a session belongs to. Refuses: to write, and
//! to hide damage: what cannot be read is counted and told. Stays true: streaming; memory is one
//! window per chain and the open sessions, up to `limits::AUDIT_QUERY_SESSIONS_MAX`. Within a
//! chain the order is the chain's own, also where the clock went back.

use super::AuditFault;
use super::entry::{Body, Form, Root, SessionClosed, SessionOpened, Started};
use super::reader::{Reader, Step};
use super::recover::segments_in;
use super::segment::{FrameHead, SegmentName};
use crate::chunk::UnixMillis;
use crate::limits::AUDIT_QUERY_SESSIONS_MAX;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod filter;
pub use filter::Filter;

/// An entry that passed the filter.
#[derive(Debug)]
pub struct Found<'a> {
    /// Its chain's name.
    pub chain: &'a str,
    /// Its sequence number there.
    pub seq: u64,
    /// When.
    pub at: UnixMillis,
    /// What.
    pub body: &'a Body,
    /// Whose session it belongs to, where the entry itself gives only its number.
    pub principal: Option<&'a str>,
}

/// What a query could not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Damaged stretches; `verify` says where.
    pub damaged: u64,
    /// Entries of kinds or versions that are not known here, or that are no value.
    pub unreadable: u64,
}

/// Why a query ended early.
#[derive(Debug, thiserror::Error)]
pub enum QueryFault {
    /// The audit cannot be read.
    #[error(transparent)]
    Audit(#[from] AuditFault),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
}

/// Gives `visit` every entry that passes, oldest first.
pub fn query(
    dir: &Path,
    filter: &Filter,
    visit: &mut dyn FnMut(&Found) -> io::Result<()>,
) -> Result<Skipped, QueryFault> {
    let mut chains = open_chains(dir)?;
    let mut sessions = Sessions::default();
    let mut skipped = Skipped::default();
    while let Some((index, chain)) = earliest(&mut chains) {
        if chain.new_run {
            sessions.forget_chain(index);
            chain.new_run = false;
        }
        if let Some(head) = chain.next.take() {
            let wanted = filter.passes_time(head.at);
            if wanted || is_session(head.form) {
                match chain.body(&head)? {
                    Ok(body) => {
                        let principal = sessions.principal(index, &body);
                        if wanted && filter.passes(&body, principal.as_deref()) {
                            let principal = principal.as_deref();
                            let found = Found {
                                chain: &chain.name,
                                seq: head.seq,
                                at: head.at,
                                body: &body,
                                principal,
                            };
                            visit(&found).map_err(QueryFault::Output)?;
                        }
                        sessions.note(index, &body);
                    }
                    Err(_) => skipped.unreadable += 1,
                }
            }
        }
        chain.advance()?;
    }
    skipped.damaged = chains.iter().map(|c| c.damaged).sum();
    Ok(skipped)
}

fn is_session(form: Form) -> bool {
    form == SessionOpened::default().form() || form == SessionClosed::default().form()
}

fn open_chains(dir: &Path) -> Result<Vec<ChainReader>, AuditFault> {
    let mut chains: Vec<ChainReader> = Vec::new();
    for name in segments_in(dir)? {
        if chains.last().is_none_or(|c| c.name != name.chain) {
            chains.push(ChainReader::new(dir, &name.chain));
        }
        if let Some(chain) = chains.last_mut() {
            chain.segments.push_back(name);
        }
    }
    if chains.is_empty() {
        return Err(AuditFault::NoSegments(dir.into()));
    }
    for chain in &mut chains {
        chain.advance()?;
    }
    Ok(chains)
}

/// The chain whose next entry is the oldest; a `started` goes before what else has its time.
fn earliest(chains: &mut [ChainReader]) -> Option<(usize, &mut ChainReader)> {
    let key = |c: &ChainReader| {
        c.next
            .as_ref()
            .map(|head| (head.at, head.form != Started::default().form()))
    };
    let open = chains
        .iter_mut()
        .enumerate()
        .filter(|(_, c)| c.next.is_some());
    open.min_by_key(|(_, c)| key(c))
}

/// One chain, segment after segment.
struct ChainReader {
    dir: PathBuf,
    name: String,
    segments: VecDeque<SegmentName>,
    reader: Option<Reader>,
    epoch: Option<u64>,
    /// The next frame; its payload is still with the reader.
    next: Option<FrameHead>,
    /// The next frame is the first of another run: session numbers begin anew.
    new_run: bool,
    damaged: u64,
}

impl ChainReader {
    fn new(dir: &Path, name: &str) -> ChainReader {
        ChainReader {
            dir: dir.into(),
            name: name.into(),
            segments: VecDeque::new(),
            reader: None,
            epoch: None,
            next: None,
            new_run: false,
            damaged: 0,
        }
    }

    fn advance(&mut self) -> Result<(), AuditFault> {
        loop {
            let Some(reader) = &mut self.reader else {
                let Some(name) = self.segments.pop_front() else {
                    return Ok(());
                };
                self.new_run |= self.epoch.is_some_and(|epoch| epoch != name.epoch);
                self.epoch = Some(name.epoch);
                let reader = Reader::open(&self.dir.join(name.to_string()))?;
                self.damaged += u64::from(reader.header().is_err());
                self.reader = Some(reader);
                continue;
            };
            match reader.step()? {
                Step::Frame(head) => {
                    self.next = Some(head);
                    return Ok(());
                }
                Step::Damaged(_) => self.damaged += 1,
                Step::End => self.reader = None,
            }
        }
    }

    fn body(&mut self, head: &FrameHead) -> Result<Result<Body, ()>, AuditFault> {
        match &mut self.reader {
            Some(reader) => Ok(reader.body(head)?.map_err(|_| ())),
            None => Ok(Err(())),
        }
    }
}

/// Who opened the sessions that are open where the query stands.
#[derive(Default)]
struct Sessions {
    by_number: HashMap<(usize, u64), Arc<str>>,
}

impl Sessions {
    fn principal(&self, chain: usize, body: &Body) -> Option<Arc<str>> {
        let session = match body {
            Body::Traffic(traffic) => traffic.session(),
            Body::SessionClosed(closed) => closed.session,
            _ => return None,
        };
        self.by_number.get(&(chain, session)).cloned()
    }

    fn note(&mut self, chain: usize, body: &Body) {
        match body {
            Body::SessionOpened(e) if self.by_number.len() < AUDIT_QUERY_SESSIONS_MAX => {
                self.by_number
                    .insert((chain, e.session), e.principal.as_str().into());
            }
            Body::SessionClosed(e) => {
                self.by_number.remove(&(chain, e.session));
            }
            _ => {}
        }
    }

    fn forget_chain(&mut self, chain: usize) {
        self.by_number.retain(|(of, _), _| *of != chain);
    }
}

#[cfg(test)]
mod tests;
