//! Requests of which a part is denied, and the replies to them: one whole request frame, and behind it,
//! where there is one, a whole reply.

use lockgate::kafka::frame::{self, RequestHeader};
use lockgate::kafka::messages;
use lockgate::kafka::refusal::{Ask, Denied, Named, Parted, Patch};

/// Denies every second topic, by name or id, and nothing else.
fn judge(named: Named<'_>) -> Option<Denied> {
    let denied = match named {
        Named::Topic(name) => name.len() % 2 == 1,
        Named::Shaped(name, _) => name.len() % 2 == 1,
        Named::Id(id) => id.0[15] % 2 == 1,
        Named::Nothing | Named::Everything => false,
    };
    denied.then(|| Denied {
        code: None,
        text: "no".to_owned(),
    })
}

/// What goes on names nothing that was denied; a reply is always a whole one.
pub fn parts(data: &[u8]) {
    let Some((header, request, reply)) = split(data) else {
        return;
    };
    let Ok(Some(ask)) = Ask::read(&header, request) else {
        return;
    };
    let mut reply_to = |patch: &Patch| {
        if let Ok(out) = patch.apply(reply, &mut judge) {
            whole_reply(&header, &out);
        }
    };
    match ask.part(&mut judge) {
        Parted::All(patch) => patch.iter().for_each(&mut reply_to),
        Parted::Part(part, patch) => {
            nothing_denied_is_left(&header, &part);
            patch.iter().for_each(&mut reply_to);
        }
        Parted::Refused(reply) => {
            assert_eq!(
                frame::response_correlation_id(&reply),
                Ok(header.correlation_id)
            );
            whole_reply(&header, &reply);
        }
        Parted::Unanswerable => {}
    }
}

fn split(data: &[u8]) -> Option<(RequestHeader, &[u8], &[u8])> {
    let size = frame::frame_size(data, data.len()).ok().flatten()?;
    let (request, reply) = data.split_at_checked(size)?;
    Some((frame::request_header(request).ok()?, request, reply))
}

fn nothing_denied_is_left(header: &RequestHeader, part: &[u8]) {
    assert_eq!(frame::frame_size(part, usize::MAX), Ok(Some(part.len())));
    assert_eq!(
        frame::request_header(part).as_ref(),
        Ok(header),
        "another request"
    );
    let ask = Ask::read(header, part);
    let Ok(Some(ask)) = ask else {
        panic!("what goes on cannot be read: {ask:?}")
    };
    let mut again = |named: Named<'_>| {
        assert_eq!(judge(named), None, "{named:?} goes on");
        None
    };
    assert!(!matches!(ask.part(&mut again), Parted::Part(..)));
}

fn whole_reply(header: &RequestHeader, reply: &[u8]) {
    let (key, version) = (header.api_key, header.api_version);
    assert_eq!(frame::frame_size(reply, usize::MAX), Ok(Some(reply.len())));
    let message = messages::response(key, version);
    let at = frame::response_body(reply, key, version);
    let (Some(message), Ok(at)) = (message, at) else {
        panic!("no reply: {at:?}")
    };
    let checked = messages::check(message, version, reply.get(at..).unwrap_or_default());
    assert!(checked.is_ok(), "{checked:?}");
}
