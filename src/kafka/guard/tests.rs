//! kafka-protocol is the oracle: what a table describes, it decodes to the last byte and encodes
//! back to the same bytes.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::kafka::writer::Writer;
use bytes::BytesMut;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::Encodable;
use proptest::prelude::*;

/// Calls a generic function for every request that has a table.
macro_rules! every_request {
    ($call:ident $(, $argument:expr)*) => {
        every_request!(@ $call ($($argument),*)
            FetchRequest ListOffsetsRequest MetadataRequest OffsetCommitRequest OffsetFetchRequest
            FindCoordinatorRequest AddPartitionsToTxnRequest TxnOffsetCommitRequest
            OffsetForLeaderEpochRequest DescribeGroupsRequest CreateTopicsRequest
            DeleteTopicsRequest DeleteRecordsRequest CreateAclsRequest DeleteAclsRequest
            DescribeConfigsRequest AlterConfigsRequest IncrementalAlterConfigsRequest
            AlterReplicaLogDirsRequest CreatePartitionsRequest DeleteGroupsRequest
            AlterClientQuotasRequest AlterUserScramCredentialsRequest DescribeProducersRequest
            DescribeTransactionsRequest ConsumerGroupDescribeRequest
            DescribeTopicPartitionsRequest)
    };
    (@ $call:ident $arguments:tt $($request:ident)*) => {
        [$(every_request!(@@ $call $request $arguments)),*]
    };
    (@@ $call:ident $request:ident ($($argument:expr),*)) => { $call::<$request>($($argument),*) };
}

/// Writes a message by its table; `seed` decides counts and lengths.
struct Sample<'a> {
    out: Writer<'a>,
    version: i16,
    flexible: bool,
    seed: u64,
}

impl Sample<'_> {
    fn next(&mut self, below: u64) -> usize {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((self.seed >> 33) % below) as usize
    }

    fn string(&mut self) {
        let text = "x".repeat(self.next(140));
        self.out.string(self.flexible, Some(&text));
    }

    fn count(&mut self) -> usize {
        let count = self.next(4);
        self.out.array_len(self.flexible, Some(count));
        count
    }

    fn fields(&mut self, fields: &'static [Field]) {
        for field in present(fields, self.version).filter(|f| f.tag.is_none()) {
            self.kind(&field.kind);
        }
        if self.flexible {
            self.tags(fields);
        }
    }

    /// Known tags in order (their defaults would not be encoded back), then an unknown one.
    fn tags(&mut self, fields: &'static [Field]) {
        let mut known: Vec<_> = present(fields, self.version)
            .filter(|f| f.tag.is_some())
            .collect();
        known.sort_by_key(|field| field.tag);
        self.out.uvarint(known.len() as u32 + 1);
        for field in known {
            let mut value = Vec::new();
            let out = Writer::new(&mut value);
            let mut inside = Sample {
                out,
                seed: self.seed | 1 << 40,
                ..*self
            };
            inside.kind(&field.kind);
            self.out.uvarint(field.tag.unwrap());
            self.out.uvarint(value.len() as u32);
            self.out.raw(&value);
        }
        let unknown = [99, 2, 7, 7];
        self.out.raw(&unknown);
    }

    fn kind(&mut self, kind: &'static Kind) {
        match kind {
            // A boolean is encoded back as 0 or 1.
            Kind::Fixed(bytes) => self.out.raw(&vec![1; *bytes]),
            Kind::String => self.string(),
            Kind::Bytes => self.out.bytes(self.flexible, Some(&[5; 9])),
            Kind::Numbers(bytes) => {
                let count = self.count();
                self.out.raw(&vec![1; count * bytes]);
            }
            Kind::Strings => (0..self.count()).for_each(|_| self.string()),
            Kind::Structs(fields) => (0..self.count()).for_each(|_| self.fields(fields)),
            Kind::Struct(fields) => self.fields(fields),
            Kind::Optional(fields) => {
                let there = self.next(2) == 1;
                self.out.i8(if there { 1 } else { -1 });
                if there {
                    self.fields(fields);
                }
            }
        }
    }
}

fn sample(message: &'static Message, version: i16, seed: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let flexible = version >= message.flexible;
    let mut sample = Sample {
        out: Writer::new(&mut bytes),
        version,
        flexible,
        seed,
    };
    sample.fields(message.fields);
    bytes
}

/// A request by its table, for the tests of the rooms that decode; `None` without a table.
pub(in crate::kafka) fn sample_request(key: i16, version: i16, seed: u64) -> Option<Vec<u8>> {
    Some(sample(find(key, version)?, version, seed))
}

fn table<M: Request>() -> &'static Message {
    let mut known = client::REQUESTS.iter().chain(admin::REQUESTS);
    known.find(|message| message.key == M::KEY).unwrap()
}

fn versions<M: Request>() -> std::ops::RangeInclusive<i16> {
    let (first, last) = table::<M>().versions;
    first..=last
}

fn round_trip<M: Request + Decodable + Encodable>(seed: u64) -> i16 {
    assert_eq!(table::<M>().versions, (M::VERSIONS.min, M::VERSIONS.max));
    for version in versions::<M>() {
        let bytes = sample(table::<M>(), version, seed);
        assert_eq!(
            check(M::KEY, version, &bytes),
            Ok(()),
            "{} v{version}",
            M::KEY
        );
        let mut rest = Bytes::copy_from_slice(&bytes);
        let message = M::decode(&mut rest, version);
        let message = message.unwrap_or_else(|e| panic!("{} v{version}: {e}", M::KEY));
        assert!(rest.is_empty(), "{} v{version} leaves bytes", M::KEY);
        let mut back = BytesMut::new();
        message.encode(&mut back, version).unwrap();
        assert_eq!(back, bytes, "{} v{version}", M::KEY);
    }
    M::KEY
}

/// The bytes of a valid message with a count or length that claims everything, at every place.
fn claims<M: Request + Decodable>(seed: u64) -> usize {
    let mut refused = 0;
    for version in versions::<M>() {
        let bytes = sample(table::<M>(), version, seed);
        for at in 0..bytes.len() {
            for claim in [
                &[0x7f, 0xff, 0xff, 0xff][..],
                &[0xff, 0xff, 0xff, 0xff, 0x0f],
            ] {
                let mut hostile = bytes[..at].to_vec();
                hostile.extend_from_slice(claim);
                hostile.extend_from_slice(&bytes[at..]);
                // Without the guard the decoder would abort the process here.
                refused += usize::from(decode::<M>(version, &hostile).is_err());
            }
        }
    }
    refused
}

fn anything<M: Request + Decodable>(bytes: &[u8]) {
    for version in versions::<M>() {
        let _ = decode::<M>(version, bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_table_is_what_kafka_protocol_reads(seed in any::<u64>()) {
        let keys = every_request!(round_trip, seed);
        let mut tables: Vec<_> =
            client::REQUESTS.iter().chain(admin::REQUESTS).map(|m| m.key).collect();
        tables.retain(|key| !keys.contains(key));
        prop_assert!(tables.is_empty(), "tables without a test: {:?}", tables);
    }

    #[test]
    fn any_bytes_decode_or_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        every_request!(anything, &bytes);
    }
}

#[test]
fn claims_that_the_bytes_cannot_hold_are_refused() {
    for refused in every_request!(claims, 7) {
        assert!(refused > 0);
    }
}

#[test]
fn a_known_tag_must_fill_its_size() {
    let mut body = vec![0; 4 + 4 + 4 + 4 + 1 + 4 + 4];
    body.extend_from_slice(&[1, 1, 1]); // no topics, nothing forgotten, empty rack
    let mut good = body.clone();
    good.extend_from_slice(&[1, 0, 3, 3, b'i', b'd']); // cluster id
    assert_eq!(check(FetchRequest::KEY, 12, &good), Ok(()));
    let mut bad = body;
    bad.extend_from_slice(&[1, 0, 4, 3, b'i', b'd', 0]);
    assert!(check(FetchRequest::KEY, 12, &bad).is_err());
}

#[test]
fn elements_are_bounded_over_the_whole_message() {
    let mut body = Vec::new();
    let mut out = Writer::new(&mut body);
    let topics = REFUSED_ELEMENTS_MAX + 1;
    out.array_len(true, Some(topics));
    (0..topics).for_each(|_| out.raw(&[1, 0]));
    out.raw(&[0, 0, 0, 0, 0, 0]);
    let refused = check(DescribeTopicPartitionsRequest::KEY, 0, &body);
    assert_eq!(refused.unwrap_err().what, "too many elements");
}
