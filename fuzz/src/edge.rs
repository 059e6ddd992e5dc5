//! What a load balancer may send before the first byte of a connection.

use lockgate::data_plane::proxy_header;

/// A header's parts stand inside it, and nothing behind it matters.
pub fn proxy_header(data: &[u8]) {
    let parsed = proxy_header::parse(data);
    let Ok(Some((source, whole))) = parsed else {
        return;
    };
    assert!(whole <= data.len());
    assert_eq!(proxy_header::length(data), Ok(Some(whole)));
    let (header, _) = data.split_at(whole);
    assert_eq!(proxy_header::parse(header), Ok(Some((source, whole))));
    for cut in 0..whole {
        assert_eq!(
            proxy_header::parse(&header[..cut]),
            Ok(None),
            "cut at {cut}"
        );
    }
}
