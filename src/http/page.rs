//! The reviewers' page: one document, its script and style inside.
//!
//! Owns: the document and the policy that lets exactly its own script and style run, by their
//! hashes. Refuses: any other source. Stays true: the page has no rights of its own; it calls the
//! API with the token that the reviewer gives it.

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use data_encoding::BASE64;
use std::sync::LazyLock;

const PAGE: &str = include_str!("page.html");

static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        source(PAGE, "script"),
        source(PAGE, "style"),
    )
});

/// `GET /`
pub(super) async fn page() -> Response {
    (
        [(header::CONTENT_SECURITY_POLICY, POLICY.as_str())],
        Html(PAGE),
    )
        .into_response()
}

/// The hash source (CSP Level 3 §2.3.1) of the one inline element of this name.
fn source(page: &str, element: &str) -> String {
    let inside = page.split_once(&format!("<{element}>"));
    let inside = inside.and_then(|(_, rest)| rest.split_once(&format!("</{element}>")));
    match inside {
        Some((text, _)) => format!(
            "'sha256-{}'",
            BASE64.encode(digest(&SHA256, text.as_bytes()).as_ref())
        ),
        None => "'none'".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_source_is_that_of_the_text_between_the_tags() {
        // The value is that of `openssl dgst -sha256 -binary | base64`.
        let page = "<script>alert('Hello, world.');</script>";
        assert_eq!(
            source(page, "script"),
            "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
        );
        assert_eq!(source(page, "style"), "'none'");
    }

    #[test]
    fn the_page_has_one_script_and_one_style_and_writes_no_markup_from_data() {
        for element in ["script", "style"] {
            assert_eq!(PAGE.matches(&format!("<{element}")).count(), 1);
            assert_ne!(source(PAGE, element), "'none'");
        }
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            " style=",
        ] {
            assert!(!PAGE.contains(forbidden), "{forbidden}");
        }
        let handler = PAGE
            .split_whitespace()
            .find(|word| word.starts_with("on") && word.contains("=\""));
        assert_eq!(
            handler, None,
            "handlers are added by the script: the policy forbids inline ones"
        );
        assert!(
            !PAGE.contains("http://") && !PAGE.contains("https://"),
            "nothing from elsewhere"
        );
    }
}
