//! Where `when` matches, field by field.

use super::*;
use crate::chunk::{Claims, Principal};

#[test]
fn when_asks_for_every_field_and_one_pattern_of_each() {
    let principal = Principal {
        name: "ann".into(),
        groups: vec!["staff".to_owned(), "team-a".to_owned()].into(),
        issuer: "".into(),
        claims: Default::default(),
    };
    let subject = Subject {
        principal: &principal,
        client_id: "app-7",
        listener: "main/a",
    };
    let one = |text: &str| Some(vec![Pattern::new("nobody"), Pattern::new(text)]);
    let on = Target::Topic("orders.eu");
    let asks = |when: When| when.matches(&subject, Operation::Produce, on);
    assert!(asks(When::default()));
    assert!(asks(When {
        topics: one("orders.*"),
        groups: one("team-*"),
        ..When::default()
    }));
    assert!(!asks(When {
        topics: one("orders.*"),
        groups: one("team-b"),
        ..When::default()
    }));
    assert!(!asks(When {
        topics: one("orders"),
        ..When::default()
    }));
    assert!(asks(When {
        principals: one("a*"),
        client_ids: one("app-*"),
        ..When::default()
    }));
    assert!(!asks(When {
        principals: one("staff"),
        ..When::default()
    }));
    assert!(!asks(When {
        client_ids: one("ann"),
        ..When::default()
    }));
    assert!(!asks(When {
        operations: Some(vec![Operation::Fetch]),
        ..When::default()
    }));
}

#[test]
fn claims_and_listeners() {
    let asked = vec![("dept".into(), Arc::from(["hr".to_owned(), "it".to_owned()]))];
    let principal = |claims| Principal {
        name: "x".into(),
        groups: Arc::from([]),
        issuer: "".into(),
        claims,
    };
    let (known, nobody) = (
        principal(Claims::of_token(asked)),
        principal(Claims::default()),
    );
    let on = Target::Topic("t");
    let asks = |principal: &Principal, when: &When| {
        let subject = Subject {
            principal,
            client_id: "",
            listener: "main/outside",
        };
        let (rule, exception) = (
            when.matches(&subject, Operation::Fetch, on),
            when.matches_all(&subject, Operation::Fetch, on),
        );
        (rule, exception)
    };
    let claim = |name: &str, text: &str| When {
        claims: Some(vec![(name.into(), vec![Pattern::new(text)])]),
        ..When::default()
    };
    assert_eq!(asks(&known, &claim("dept", "i*")), (true, true));
    assert_eq!(asks(&known, &claim("dept", "ops")), (false, false));
    assert_eq!(
        asks(&known, &claim("site", "*")),
        (true, false),
        "not asked at login"
    );
    assert_eq!(asks(&nobody, &claim("dept", "*")), (false, false));
    for (text, expected) in [
        ("outside", true),
        ("out*", true),
        ("main/*", true),
        ("main/outside", true),
        ("inside", false),
        ("other/outside", false),
    ] {
        let when = When {
            listeners: Some(vec![Pattern::new(text)]),
            ..When::default()
        };
        assert_eq!(asks(&nobody, &when).0, expected, "{text}");
    }
}

#[test]
fn no_group_matches_no_group_pattern() {
    let principal = Principal {
        name: "x".into(),
        groups: Arc::from([]),
        issuer: "".into(),
        claims: Default::default(),
    };
    let subject = Subject {
        principal: &principal,
        client_id: "",
        listener: "main/a",
    };
    let when = When {
        groups: Some(vec![Pattern::new("*")]),
        ..When::default()
    };
    assert!(!when.matches(&subject, Operation::Fetch, Target::Topic("t")));
}

#[test]
fn topics_match_what_names_one_and_are_lifted_where_all_are() {
    let principal = Principal {
        name: "x".into(),
        groups: Arc::from([]),
        issuer: "".into(),
        claims: Default::default(),
    };
    let subject = Subject {
        principal: &principal,
        client_id: "",
        listener: "main/a",
    };
    let of = |topics: Option<&str>| When {
        topics: topics.map(|text| vec![Pattern::new(text)]),
        ..When::default()
    };
    for (topics, on, matches, matches_all) in [
        (None, Target::Nothing, true, true),
        (None, Target::Everything, true, true),
        (Some("hr.*"), Target::Nothing, false, false),
        (Some("*"), Target::Nothing, false, false),
        (Some("hr.*"), Target::Everything, true, false),
        (Some("*"), Target::Everything, true, true),
        (Some("hr.*"), Target::Topic("hr.pay"), true, true),
        (Some("hr.*"), Target::Topic("it"), false, false),
    ] {
        let (when, operation) = (of(topics), Operation::DeleteTopics);
        let got = (
            when.matches(&subject, operation, on),
            when.matches_all(&subject, operation, on),
        );
        assert_eq!(got, (matches, matches_all), "{topics:?} {on:?}");
    }
}
