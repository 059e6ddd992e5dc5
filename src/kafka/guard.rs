//! Stands before kafka-protocol: a request is walked by the table of layouts first, and decoded only
//! when every count and length in it fits the bytes that are there.
//!
//! Owns: the order of the two. Refuses: a request without a table, bytes left over, more elements
//! than `limits::REFUSED_ELEMENTS_MAX`. Stays true: kafka-protocol 0.18 reserves memory for the
//! count an array claims, before it has seen one element (a body of 12 bytes can ask for 400 GB and
//! abort the process); no such count reaches it. It also ignores the claimed size of a tagged
//! field it knows; the walk has made sure that the content fills that size exactly, otherwise
//! decoder and walk would go on reading at different places.

use super::messages;
use super::reader::{Malformed, Reader};
use crate::limits::REFUSED_ELEMENTS_MAX;
use bytes::Bytes;
use kafka_protocol::protocol::{Decodable, Request};

/// Checks a request's body and decodes it. What comes back was bounded by the body's size.
pub fn decode<M: Request + Decodable>(version: i16, body: &[u8]) -> Result<M, Malformed> {
    check(M::KEY, version, body)?;
    let mut bytes = Bytes::copy_from_slice(body);
    let message = M::decode(&mut bytes, version);
    let at = body.len() - bytes.len();
    message.map_err(|_| Malformed {
        what: "request that does not decode",
        at,
    })
}

/// Walks a request's body by its table: every count and length must fit, and nothing be left.
pub fn check(api_key: i16, version: i16, body: &[u8]) -> Result<(), Malformed> {
    let Some(message) = messages::request(api_key, version) else {
        return Err(Reader::new(body).malformed("request without a table"));
    };
    messages::check_some(message, version, body, REFUSED_ELEMENTS_MAX).map(drop)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::kafka::messages::samples::sample_request;
    use crate::kafka::writer::Writer;
    use kafka_protocol::messages::*;
    use proptest::prelude::*;

    /// The bytes of a valid request with a count or length that claims everything, at every place.
    fn claims<M: Request + Decodable>(seed: u64) -> usize {
        let mut refused = 0;
        for version in M::VERSIONS.min..=M::VERSIONS.max {
            let bytes = sample_request(M::KEY, version, seed).unwrap();
            assert!(
                decode::<M>(version, &bytes).is_ok(),
                "{} v{version}",
                M::KEY
            );
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
        for version in M::VERSIONS.min..=M::VERSIONS.max {
            let _ = decode::<M>(version, bytes);
        }
    }

    /// One request of each form: arrays of structs, strings, numbers; nested; tagged; nullable.
    macro_rules! some_requests {
        ($call:ident, $argument:expr) => {
            [
                $call::<FetchRequest>($argument),
                $call::<MetadataRequest>($argument),
                $call::<OffsetFetchRequest>($argument),
                $call::<CreateTopicsRequest>($argument),
                $call::<DescribeConfigsRequest>($argument),
                $call::<AlterUserScramCredentialsRequest>($argument),
                $call::<DescribeTopicPartitionsRequest>($argument),
                $call::<ConsumerGroupHeartbeatRequest>($argument),
                $call::<ShareFetchRequest>($argument),
            ]
        };
    }

    #[test]
    fn claims_that_the_bytes_cannot_hold_are_refused() {
        for refused in some_requests!(claims, 7) {
            assert!(refused > 0);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_bytes_decode_or_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            some_requests!(anything, &bytes);
        }
    }

    #[test]
    fn elements_are_bounded_over_the_whole_message() {
        let mut body = Vec::new();
        let mut out = Writer::new(&mut body);
        let topics = REFUSED_ELEMENTS_MAX + 1;
        out.array_len(true, Some(topics));
        (0..topics).for_each(|_| out.raw(&[1, 0]));
        out.raw(&[0, 0, 0, 0, 0xff, 0]);
        let refused = check(DescribeTopicPartitionsRequest::KEY, 0, &body);
        assert_eq!(refused.unwrap_err().what, "too many elements");
    }
}
