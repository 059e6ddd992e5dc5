//! A request taken apart: what it is about, and what is left of it when some of that is denied.
//!
//! Owns: finding every topic that a request names, and taking the denied ones out. Refuses: to
//! decide; it asks once about each thing. Stays true: what goes on names nothing that was denied;
//! what was denied is answered, alone where the API allows it.

use super::answer::{No, refuse_all};
use super::patch::Patch;
use super::row::{Denial, Names, RESOURCE_TOPIC, Row};
use super::rows;
use super::split::{Split, others, resource, topic_names};
use crate::chunk::TopicShape;
use crate::kafka::api::METADATA;
use crate::kafka::error;
use crate::kafka::frame::{RequestHeader, SIZE_BYTES};
use crate::kafka::messages::value::Struct;
use crate::kafka::messages::{self, Message};
use crate::kafka::reader::{Malformed, Reader};
use crate::kafka::topic::TopicId;

/// Metadata's wish to create what is not there, and the first version that says it.
const CREATION: &str = "AllowAutoTopicCreation";
const CREATION_SAID_SINCE: i16 = 4;

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    /// A topic.
    Topic(&'a str),
    /// A topic that is made or changed, and what is asked for it.
    Shaped(&'a str, &'a TopicShape),
    /// A topic, by its id.
    Id(TopicId),
    /// No topic.
    Nothing,
    /// Every topic there is, to be changed at once.
    Everything,
}

/// Why something is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The code, where it is not the API's own for a rule's block.
    pub code: Option<i16>,
    /// For the client, where the reply has a place for it.
    pub text: String,
}

/// Asked once about each thing; `None` lets it pass.
pub type Judge<'j> = dyn FnMut(Named<'_>) -> Option<Denied> + 'j;

/// What becomes of a request.
#[derive(Debug)]
pub enum Parted {
    /// It goes on as it is; its reply may tell more than the client may know.
    All(Option<Patch>),
    /// This frame goes on in its place, and the patch, if any, completes the reply.
    Part(Vec<u8>, Option<Patch>),
    /// Nothing goes on, and this frame answers.
    Refused(Vec<u8>),
    /// Nothing goes on, and there is no reply that could say so.
    Unanswerable,
}

/// A request, decoded.
#[derive(Debug)]
pub struct Ask {
    row: &'static Row,
    messages: (&'static Message, &'static Message),
    version: i16,
    correlation_id: i32,
    /// The frame up to the body.
    head: Vec<u8>,
    body: Struct,
    /// Whether the body is no longer what the frame says.
    changed: bool,
}

impl Ask {
    /// Decodes a request of an API that rules can name; `Ok(None)` for any other.
    pub fn read(header: &RequestHeader, frame: &[u8]) -> Result<Option<Ask>, Malformed> {
        let (key, version) = (header.api_key, header.api_version);
        let known = rows::row(key).zip(messages::request(key, version));
        let Some(((row, request), response)) = known.zip(messages::response(key, version)) else {
            return Ok(None);
        };
        let malformed = || Reader::new(frame).malformed("a header without a body");
        let (head, body) = frame.split_at_checked(header.body).ok_or_else(malformed)?;
        Ok(Some(Ask {
            row,
            messages: (request, response),
            version,
            correlation_id: header.correlation_id,
            head: head.to_vec(),
            body: messages::decode(request, version, body)?,
            changed: false,
        }))
    }

    /// Whether the request would create topics that are not there, as Metadata may: always up to
    /// version 3, and when it says so since 4. `may` is asked about each; where one may not be
    /// created, none is. Returns whether that could be done.
    pub fn without_creating(&mut self, may: &mut dyn FnMut(&str) -> bool) -> bool {
        if self.row.key != METADATA {
            return true;
        }
        let asked = self.body.structs("Topics");
        if asked.filter_map(|it| it.text("Name")).all(may) {
            return true;
        }
        if self.version < CREATION_SAID_SINCE {
            return false;
        }
        self.changed |= self.body.bool(CREATION);
        self.body.set(CREATION, false);
        true
    }

    /// What the request is about beside topics, in words for the audit.
    pub fn others(&self) -> Vec<String> {
        let mut found = Vec::new();
        for other in self.row.others {
            others(other, other.path, &self.body, &mut found);
        }
        let resources = self
            .row
            .items
            .iter()
            .filter(|it| it.names == Names::Resource);
        for element in resources.flat_map(|each| self.body.structs(each.asked)) {
            if element.int("ResourceType") != RESOURCE_TOPIC {
                found.push(resource(element));
            }
        }
        found
    }

    /// Asks about everything that the request names, and takes out what is denied.
    pub fn part(mut self, judge: &mut Judge<'_>) -> Parted {
        let parted = match self.row.denial {
            Denial::Alone => self.alone(judge),
            Denial::Together => self.together(judge),
            Denial::Whole => self.whole(judge),
        };
        parted.unwrap_or(Parted::Unanswerable)
    }

    fn alone(&mut self, judge: &mut Judge<'_>) -> Option<Parted> {
        let (split, reply) = Split::of(
            self.row,
            self.version,
            &mut self.body,
            self.messages.1,
            judge,
        )?;
        if split.kept + split.denied == 0 {
            return self.about_nothing(judge, split.all);
        }
        if split.denied == 0 {
            let patch = self.filter(split.all);
            return Some(match self.changed {
                true => Parted::Part(self.request(), patch),
                false => Parted::All(patch),
            });
        }
        let nothing_left = split.kept == 0 && !split.nested && !split.all;
        if nothing_left && !self.row.goes_on_empty {
            return Some(Parted::Refused(self.reply(&reply)));
        }
        let patch = Patch {
            row: self.row,
            version: self.version,
            denied: messages::encode(self.messages.1, self.version, &reply),
            only_denied: nothing_left && self.version <= self.row.empty_is_all_until,
            filters: split.all,
        };
        Some(Parted::Part(self.request(), Some(patch)))
    }

    /// A request without a topic of its own, or for all there are.
    fn about_nothing(&mut self, judge: &mut Judge<'_>, all: bool) -> Option<Parted> {
        let told = !self.row.tells.is_empty();
        let named = match all && !told {
            true => Named::Everything,
            false => Named::Nothing,
        };
        match judge(named) {
            None => Some(Parted::All(self.filter(told))),
            Some(denied) => self.refused(self.row.code.of(&self.body), &denied),
        }
    }

    fn together(&mut self, judge: &mut Judge<'_>) -> Option<Parted> {
        let mut answers = Vec::new();
        let mut ask = |named: Named<'_>| {
            answers.push(judge(named));
            None
        };
        Split::of(
            self.row,
            self.version,
            &mut self.body,
            self.messages.1,
            &mut ask,
        )?;
        if answers.is_empty() {
            return self.about_nothing(judge, false);
        }
        if answers.iter().all(Option::is_none) {
            return Some(Parted::All(None));
        }
        let mut answers = answers.into_iter();
        let mut say = |_: Named<'_>| {
            let answer = answers.next().flatten();
            Some(answer.unwrap_or(Denied {
                code: Some(error::OPERATION_NOT_ATTEMPTED),
                text: String::new(),
            }))
        };
        let (_, reply) = Split::of(
            self.row,
            self.version,
            &mut self.body,
            self.messages.1,
            &mut say,
        )?;
        Some(Parted::Refused(self.reply(&reply)))
    }

    fn whole(&mut self, judge: &mut Judge<'_>) -> Option<Parted> {
        let (mut any, mut first) = (false, None);
        topic_names(&self.body, &mut |name| {
            any = true;
            let denied = judge(Named::Topic(name));
            first = first.take().or(denied);
        });
        match first {
            Some(denied) => self.refused(self.row.topic_code, &denied),
            None if any => Some(Parted::All(None)),
            None => self.about_nothing(judge, false),
        }
    }

    fn refused(&self, code: i16, denied: &Denied) -> Option<Parted> {
        let no = No {
            code: denied.code.unwrap_or(code),
            text: &denied.text,
        };
        let request = || Some(self.body.clone());
        let reply = refuse_all(
            Some(self.row),
            (self.messages.1, self.version),
            request,
            &no,
        )?;
        Some(Parted::Refused(self.reply(&reply)))
    }

    fn filter(&self, filters: bool) -> Option<Patch> {
        (filters && !self.row.tells.is_empty()).then(|| Patch::filter(self.row, self.version))
    }

    fn reply(&self, reply: &Struct) -> Vec<u8> {
        super::frame(self.messages.1, self.version, self.correlation_id, reply)
    }

    /// The frame of what is left.
    fn request(&self) -> Vec<u8> {
        let mut frame = self.head.clone();
        frame.extend(messages::encode(self.messages.0, self.version, &self.body));
        let size = (frame.len().saturating_sub(SIZE_BYTES)) as u32;
        if let Some(field) = frame.get_mut(..SIZE_BYTES) {
            field.copy_from_slice(&size.to_be_bytes());
        }
        frame
    }
}
