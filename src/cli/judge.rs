//! What the policy says of one request that somebody describes, for `check --cases` and `explain`.
//!
//! Owns: the way from a description to a verdict and the masked text, by the gateway's own engine and decision.
//! Refuses: record batches and codecs; a payload is one record's value. Stays true: what is said here is
//! what the gateway does with such a record.

use crate::chunk::{Claims, Field, Finding, Operation, Part, Principal, TopicShape, UnixMillis};
use crate::config::Config;
use crate::data_plane::inspect::cause_of_value;
use crate::limits::CASE_FILE_BYTES_MAX;
use crate::policy::{
    Cause, Evidence, Gate, Places, Policy, Scope, Subject, Target, Unreadable, Verdict,
};
use crate::scan::mask::{Edits, MaskKeys, Masker, Order, splice};
use crate::scan::{Engine, Scratch};
use crate::walk::{Lexicon, Located, Plan, Walker};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;

/// A request as somebody describes it.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who.
    pub principal: String,
    /// Their groups.
    pub groups: Vec<String>,
    /// Their claims; one that is not here is one that the token does not have.
    pub claims: BTreeMap<String, Vec<String>>,
    /// What they do.
    pub operation: Operation,
    /// To which topic; none for what names none.
    pub topic: Option<String>,
    /// Their client's own name.
    pub client_id: String,
    /// The listener they came through, or cluster and listener with a `/` between.
    pub listener: String,
    /// The record's value.
    pub payload: Vec<u8>,
    /// Why it cannot be read, if it is to count as such.
    pub unreadable: Option<Cause>,
    /// What is asked for the topic, where it is made or changed.
    pub shape: Option<TopicShape>,
}

impl Default for Request {
    /// Nobody in particular writes an empty record.
    fn default() -> Request {
        Request {
            principal: "anonymous".to_owned(),
            groups: Vec::new(),
            claims: BTreeMap::new(),
            operation: Operation::Produce,
            topic: None,
            client_id: String::new(),
            listener: String::new(),
            payload: Vec::new(),
            unreadable: None,
            shape: None,
        }
    }
}

impl Request {
    /// Who, as rules see them.
    pub fn subject<'a>(&'a self, principal: &'a Principal) -> Subject<'a> {
        Subject {
            principal,
            client_id: &self.client_id,
            listener: &self.listener,
        }
    }

    /// What it is about.
    pub fn target(&self) -> Target<'_> {
        let topic = self.topic.as_deref();
        topic.map_or(Target::Nothing, Target::Topic)
    }
}

/// Reads a payload, or a file of cases, whole.
///
/// # Errors
/// It cannot be read, or is larger than there is room for.
pub fn whole_of(from: impl Read) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(CASE_FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    let fits = bytes.len() as u64 <= CASE_FILE_BYTES_MAX;
    anyhow::ensure!(fits, "more than {CASE_FILE_BYTES_MAX} bytes");
    Ok(bytes)
}

/// What came of it.
pub struct Judged {
    /// Who it was.
    pub principal: Principal,
    /// Everything that the policy says.
    pub verdict: Verdict,
    /// The rules that can match here.
    pub scope: Scope,
    /// What detectors found.
    pub findings: Vec<Finding>,
    /// The payload as it goes on, masks applied.
    pub masked: Vec<u8>,
}

impl Judged {
    /// `block`, `hold`, `mask`, `observe` or `allow`: the strongest thing that happens.
    pub fn word(&self) -> &'static str {
        match &self.verdict.gate {
            Gate::Block { .. } => "block",
            Gate::Hold { .. } => "hold",
            Gate::Allow if !self.verdict.masks.is_empty() => "mask",
            Gate::Allow if !self.verdict.observed.is_empty() => "observe",
            Gate::Allow => "allow",
        }
    }

    /// Every rule that matched and was not lifted, by name; behind a block only those that say what is told.
    pub fn matched(&self) -> Vec<String> {
        let acting = self.rules().into_iter();
        let all = acting.chain(self.verdict.observed.iter().cloned());
        let names: BTreeSet<String> = all.map(|name| name.to_string()).collect();
        names.into_iter().collect()
    }

    /// The rules behind the word and the masks, by name; where none acts, those that observe.
    pub fn rules(&self) -> Vec<Arc<str>> {
        let verdict = &self.verdict;
        let mut names: Vec<_> = verdict.masks.iter().map(|m| m.rule.clone()).collect();
        match &verdict.gate {
            Gate::Block { rule, .. } => names.push(rule.clone()),
            Gate::Hold { rules, .. } => names.extend(rules.iter().map(|r| r.rule.clone())),
            Gate::Allow => {}
        }
        if names.is_empty() {
            names = verdict.observed.clone();
        }
        names.sort();
        names
    }
}

/// A policy with the scanner that goes with it.
pub struct Judge<'c> {
    config: &'c Config,
    engine: Engine,
    keys: Option<&'c MaskKeys>,
}

impl<'c> Judge<'c> {
    /// Makes one.
    pub fn new(config: &'c Config) -> Judge<'c> {
        let own = Arc::clone(&config.detectors);
        Judge {
            config,
            engine: Engine::with(own, config.policy.detectors()),
            keys: config.mask_keys.as_deref(),
        }
    }

    /// The scanner.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Says what happens to a request, now.
    pub fn judge(&self, request: &Request, now: UnixMillis) -> Judged {
        let principal = principal(request, &self.config.policy);
        let (subject, on) = (request.subject(&principal), request.target());
        let policy = &self.config.policy;
        let scope = policy.scope_on(&subject, request.operation, on, now);
        let (mut scratch, mut findings) = (Scratch::new(), Vec::new());
        let (mut walker, mut places) = (Walker::default(), Places::default());
        let (mut seen, mut raw) = (None, 0);
        if scope.looks() && request.operation.carries_records() {
            let scanned = walker.scan(
                &self.engine,
                &request.payload,
                std::iter::once(whole(&request.payload)),
                &Lexicon::new(None, None),
                &mut scratch,
                &mut findings,
            );
            raw = scanned.raw;
            let found = scanned.unreadable;
            seen = found.map(|found| (cause_of_value(found.fault), found.fault.to_string()));
            let located = Located {
                body: &request.payload,
                findings: &findings,
                raw,
                wanted: scope.located(),
            };
            let fields = std::iter::once(whole(&request.payload));
            walker.locate(&located, fields, &mut |at, path| {
                places.note(&scope, at, &findings[at], path);
            });
            places.finish();
        }
        let told = request
            .unreadable
            .map(|cause| (cause, "as described".to_owned()));
        let unreadable = told.or(seen);
        let evidence = Evidence {
            findings: &findings,
            places: Some(&places),
            topic: request.topic.as_deref().zip(request.shape.as_ref()),
            unreadable: unreadable
                .as_ref()
                .map(|(cause, why)| Unreadable { cause: *cause, why }),
            // Nothing was granted: what is said holds for a gateway that just started.
            ..Evidence::NONE
        };
        let verdict = policy.decide(&scope, &evidence, now);
        let masked = self.masked(request, (&findings, raw), &walker, &verdict, &mut scratch);
        Judged {
            principal,
            verdict,
            scope,
            findings,
            masked,
        }
    }

    /// The payload, masked; empty where the gateway would refuse it, since it cannot be.
    fn masked(
        &self,
        request: &Request,
        (findings, raw): (&[Finding], usize),
        walker: &Walker,
        verdict: &Verdict,
        scratch: &mut Scratch,
    ) -> Vec<u8> {
        let lying = findings.iter().take(raw).enumerate();
        let orders = lying.filter_map(|(at, finding)| {
            Some(Order {
                finding: *finding,
                mask: verdict.mask_of(at, finding)?,
            })
        });
        let mut orders: Vec<Order> = orders.collect();
        let plan = Plan {
            masker: &Masker {
                engine: &self.engine,
                keys: self.keys,
                upto: usize::MAX,
            },
            lexicon: &Lexicon::new(None, None),
            body: &request.payload,
        };
        let fields = std::iter::once(whole(&request.payload));
        let mask = |at: usize, finding: &Finding| verdict.mask_of(raw + at, finding);
        let (mut edits, mut out) = (Edits::new(), Vec::new());
        let planned = walker.plan(&plan, fields, &mut orders, mask, scratch, &mut edits);
        if planned.is_ok() {
            let all = 0..request.payload.len();
            splice(&request.payload, all, edits.iter(), &mut out);
        }
        out
    }
}

/// Whom a description is about.
fn principal(request: &Request, policy: &Policy) -> Principal {
    let answer = |name: Arc<str>| {
        let values = request.claims.get(name.as_ref()).cloned();
        (name, values.unwrap_or_default().into())
    };
    let asked = policy.claims().into_iter().map(answer).collect();
    Principal {
        name: request.principal.as_str().into(),
        groups: request.groups.clone().into(),
        issuer: "".into(),
        claims: Claims::of_token(asked),
    }
}

fn whole(payload: &[u8]) -> Field {
    Field {
        record: 0,
        part: Part::Value,
        start: 0,
        end: u32::try_from(payload.len()).unwrap_or(u32::MAX),
    }
}
