//! What a client may send: a whole frame, as it would lie in a core's buffer.

use lockgate::kafka::frame::{self, RequestHeader};
use lockgate::kafka::messages;
use lockgate::kafka::refusal;

/// More than any real refusal of a request of this size needs: an error and a text for each element.
const REPLY_BYTES_PER_REQUEST_BYTE: usize = 400;

/// The header of a request that has one.
pub fn headed(frame: &[u8]) -> Option<RequestHeader> {
    frame::request_header(frame).ok()
}

/// The header alone.
pub fn header(data: &[u8]) {
    let _ = frame::frame_size(data, lockgate::limits::FRAME_BYTES_MAX);
    let Some(header) = headed(data) else { return };
    assert!(header.body <= data.len());
    if let Some(id) = &header.client_id {
        assert!(data.get(id.clone()).is_some());
    }
    let mut changed = data.to_vec();
    frame::set_request_correlation_id(&mut changed, 7);
    assert_eq!(
        frame::request_header(&changed).map(|h| h.correlation_id),
        Ok(7)
    );
}

/// Any request: what the bounds let by is a tree, and the tree is the request.
pub fn any(data: &[u8]) {
    let Some(header) = headed(data) else { return };
    let version = header.api_version;
    let Some(message) = messages::request(header.api_key, version) else {
        return;
    };
    let body = data.get(header.body..).unwrap_or_default();
    let Ok(checked) = messages::check(message, version, body) else {
        return;
    };
    let _ = messages::topic_ids(message, version, body, &mut |_| {});
    let Ok(tree) = messages::decode(message, version, body) else {
        return;
    };
    let written = messages::encode(message, version, &tree);
    assert!(checked.unknown_tags || written.len() <= body.len());
    // By bytes: a number may be no number, which is not even equal to itself.
    let again = messages::decode(message, version, &written);
    let again = again.map(|tree| messages::encode(message, version, &tree));
    assert_eq!(again, Ok(written), "what is written reads the same");
}

/// A refusal of whatever it is has a bounded size and answers the same request.
pub fn refusal(data: &[u8]) {
    let Some(header) = headed(data) else { return };
    if let Some(reply) = refusal::refuse(&header, data, 29, "no") {
        assert!(reply.len() <= 256 + REPLY_BYTES_PER_REQUEST_BYTE * data.len());
        assert_eq!(
            frame::response_correlation_id(&reply),
            Ok(header.correlation_id)
        );
        let size = frame::frame_size(&reply, usize::MAX);
        assert_eq!(size, Ok(Some(reply.len())));
    }
}
