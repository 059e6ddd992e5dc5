//! A keeper and a registry that is a small HTTP server in this process.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::schema::registered::{Form, Language};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use serde_json::{Value, json};
use std::sync::Mutex;

/// What the registry has, and what it was asked.
#[derive(Clone, Default)]
struct Held {
    ids: Arc<Mutex<HashMap<String, Value>>>,
    subjects: Arc<Mutex<HashMap<(String, String), Value>>>,
    asked: Arc<Mutex<Vec<String>>>,
    login: Arc<Mutex<Option<String>>>,
    down: Arc<Mutex<bool>>,
}

impl Held {
    fn answer(&self, asked: String, found: Option<Value>, headers: &HeaderMap) -> Response {
        self.asked.lock().unwrap().push(asked);
        let login = headers
            .get("authorization")
            .map(|v| v.to_str().unwrap().to_owned());
        *self.login.lock().unwrap() = login;
        match (*self.down.lock().unwrap(), found) {
            (true, _) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            (_, Some(found)) => axum::Json(found).into_response(),
            (_, None) => (StatusCode::NOT_FOUND, "{\"error_code\":40403}").into_response(),
        }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

struct Rig {
    held: Held,
    wishes: Wishes,
    schemas: Arc<ArcSwap<Schemas>>,
    health: Arc<ArcSwap<RegistryHealth>>,
    _run: tokio::task::JoinHandle<()>,
}

fn options() -> Options {
    Options {
        absent: Duration::from_millis(50),
        retry: (Duration::from_millis(20), Duration::from_millis(40)),
        ..Options::default()
    }
}

async fn rig(login: Login, options: Options) -> Rig {
    crate::control::keys::install_crypto_provider();
    let held = Held::default();
    type Params = Path<(String, String)>;
    let by_id = |State(held): State<Held>, headers: HeaderMap, Path((kind, id)): Params| async move {
        let found = held.ids.lock().unwrap().get(&id).cloned();
        held.answer(format!("{kind}/{id}"), found, &headers)
    };
    let by_subject = |State(held): State<Held>, headers: HeaderMap, Path(asked): Params| async move {
        let found = held.subjects.lock().unwrap().get(&asked).cloned();
        held.answer(format!("{}@{}", asked.0, asked.1), found, &headers)
    };
    let router = Router::new()
        .route("/api/schemas/{kind}/{id}", get(by_id))
        .route(
            "/api/subjects/{subject}/versions/{version}",
            get(by_subject),
        )
        .with_state(held.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let source = RegistrySource {
        url,
        login,
        roots_pem: None,
    };
    let (registry, wishes) = Registry::new(source, options).unwrap();
    let (schemas, health) = (registry.schemas(), registry.health());
    let _run = tokio::spawn(registry.run());
    Rig {
        held,
        wishes,
        schemas,
        health,
        _run,
    }
}

impl Rig {
    /// Asks until something is known of the id.
    async fn learn(&self, id: SchemaId) -> Known {
        self.until(id, |schemas| schemas.find(&id).cloned()).await
    }

    async fn until<T>(&self, id: SchemaId, what: impl Fn(&Schemas) -> Option<T>) -> T {
        let found = async {
            loop {
                self.wishes.ask(id);
                tokio::time::sleep(Duration::from_millis(2)).await;
                if let Some(found) = what(&self.schemas.load()) {
                    return found;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), found)
            .await
            .expect("the registry was not asked")
    }

    fn has(&self, id: &str, schema: Value) {
        self.held.ids.lock().unwrap().insert(id.to_owned(), schema);
    }
}

fn form(known: &Known) -> &Form {
    match known {
        Known::Schema(registered) => &registered.form,
        Known::Absent | Known::Refused => panic!("{known:?}"),
    }
}

const SEVEN: SchemaId = SchemaId::Number(7);

#[tokio::test]
async fn a_schema_that_a_record_names_is_fetched_once() {
    let rig = rig(Login::Basic("u".into(), "p".into()), options()).await;
    rig.has("7", json!({"schema": "\"long\""}));
    assert!(rig.schemas.load().find(&SEVEN).is_none());
    assert!(matches!(form(&rig.learn(SEVEN).await), Form::Avro(_)));
    for _ in 0..100 {
        rig.wishes.ask(SEVEN);
    }
    rig.has(
        "8",
        json!({"schema": "message M {}", "schemaType": "PROTOBUF"}),
    );
    assert!(matches!(
        form(&rig.learn(SchemaId::Number(8)).await),
        Form::Protobuf(_)
    ));
    assert_eq!(*rig.held.asked.lock().unwrap(), ["ids/7", "ids/8"]);
    assert_eq!(
        rig.held.login.lock().unwrap().as_deref(),
        Some("Basic dTpw")
    );
    assert_eq!(
        *rig.health.load_full(),
        RegistryHealth {
            schemas: 2,
            fault: None
        }
    );
}

#[tokio::test]
async fn a_guid_is_asked_for_by_its_own_path() {
    let rig = rig(Login::Bearer("t".into()), options()).await;
    rig.has(
        "01010101-0101-0101-0101-010101010101",
        json!({"schema": "{}", "schemaType": "JSON"}),
    );
    assert!(matches!(
        form(&rig.learn(SchemaId::Guid([1; 16])).await),
        Form::Json
    ));
    assert_eq!(rig.held.login.lock().unwrap().as_deref(), Some("Bearer t"));
}

#[tokio::test]
async fn what_a_schema_refers_to_comes_with_it() {
    let rig = rig(Login::None, options()).await;
    let reference =
        |name: &str, subject: &str| json!({"name": name, "subject": subject, "version": 3});
    let record = |name: &str, of: &str| {
        json!({"type": "record", "name": name, "fields": [{"name": "f", "type": of}]}).to_string()
    };
    rig.has(
        "7",
        json!({
            "schema": record("A", "B"),
            "references": [reference("B", "b/1"), reference("C", "c")],
        }),
    );
    let subject = |name: &str, answer: Value| {
        let mut subjects = rig.held.subjects.lock().unwrap();
        subjects.insert((name.to_owned(), "3".to_owned()), answer);
    };
    let b = json!({"schema": record("B", "C"), "references": [reference("C", "c")]});
    subject("b/1", b);
    subject("c", json!({"schema": record("C", "int")}));
    let known = rig.learn(SEVEN).await;
    assert!(matches!(form(&known), Form::Avro(_)), "{known:?}");
    assert_eq!(rig.held.asked(), 3, "each once");
}

#[tokio::test]
async fn references_in_a_circle_end() {
    let rig = rig(Login::None, options()).await;
    let to = |subject: &str| json!([{"name": "x", "subject": subject, "version": 1}]);
    rig.has(
        "7",
        json!({"schema": "message A {}", "schemaType": "PROTOBUF", "references": to("b")}),
    );
    let b = json!({"schema": "message B {}", "schemaType": "PROTOBUF", "references": to("b")});
    rig.held
        .subjects
        .lock()
        .unwrap()
        .insert(("b".into(), "1".into()), b);
    assert!(matches!(form(&rig.learn(SEVEN).await), Form::Protobuf(_)));
    assert_eq!(rig.held.asked(), 2);
}

#[tokio::test]
async fn an_absent_schema_is_asked_for_again_later() {
    let rig = rig(Login::None, options()).await;
    assert!(matches!(rig.learn(SEVEN).await, Known::Absent));
    rig.has("7", json!({"schema": "\"long\""}));
    let schema = |schemas: &Schemas| match schemas.find(&SEVEN) {
        Some(Known::Schema(registered)) => Some(registered.language),
        _ => None,
    };
    assert_eq!(rig.until(SEVEN, schema).await, Language::Avro);
}

#[tokio::test]
async fn a_schema_that_cannot_be_compiled_is_not_asked_for_again() {
    let rig = rig(Login::None, options()).await;
    rig.has("7", json!({"schema": "no schema"}));
    assert!(matches!(form(&rig.learn(SEVEN).await), Form::Unreadable(_)));
    rig.has("8", json!({"schema": "x", "schemaType": "XML"}));
    assert!(matches!(
        form(&rig.learn(SchemaId::Number(8)).await),
        Form::Unreadable(_)
    ));
    rig.wishes.ask(SEVEN);
    rig.has("9", json!({"schema": "\"int\""}));
    rig.learn(SchemaId::Number(9)).await;
    assert_eq!(rig.held.asked(), 3);
}

#[tokio::test]
async fn a_registry_that_is_down_is_asked_less_and_what_is_known_stays() {
    let rig = rig(Login::None, options()).await;
    rig.has("7", json!({"schema": "\"long\""}));
    rig.learn(SEVEN).await;
    *rig.held.down.lock().unwrap() = true;
    let health = Arc::clone(&rig.health);
    let fault = rig
        .until(SchemaId::Number(8), |_| health.load().fault.clone())
        .await;
    assert_eq!(fault, "the registry answers 500");
    assert!(rig.schemas.load().find(&SEVEN).is_some());
    *rig.held.down.lock().unwrap() = false;
    rig.has("8", json!({"schema": "\"int\""}));
    rig.learn(SchemaId::Number(8)).await;
    assert_eq!(rig.health.load().fault, None);
}

#[tokio::test]
async fn an_answer_that_is_none_says_nothing_of_other_schemas() {
    let rig = rig(Login::None, options()).await;
    let too_long = "x".repeat(crate::limits::REGISTRY_ANSWER_BYTES_MAX);
    let cases = [
        json!({"no": "schema"}),
        json!({"schema": too_long}),
        json!({"schema": "1", "references": [{"name": "n", "subject": "gone", "version": 1}]}),
    ];
    for (answer, id) in cases.into_iter().zip(7..) {
        rig.has(&id.to_string(), answer);
        let known = rig.learn(SchemaId::Number(id)).await;
        assert!(matches!(known, Known::Refused), "{known:?}");
    }
    assert!(rig.schemas.load().is_empty());
    assert_eq!(rig.health.load().fault, None, "the registry is there");
    rig.has("70", json!({"schema": "\"long\""}));
    let known = rig.learn(SchemaId::Number(70)).await;
    assert!(matches!(form(&known), Form::Avro(_)));
}

#[tokio::test]
async fn more_schemas_than_are_kept_stay_unknown() {
    let few = Options {
        schemas_max: 1,
        ..options()
    };
    let rig = rig(Login::None, few).await;
    rig.has("7", json!({"schema": "\"long\""}));
    rig.has("8", json!({"schema": "\"int\""}));
    rig.learn(SEVEN).await;
    let health = Arc::clone(&rig.health);
    let full = |_: &Schemas| {
        health
            .load()
            .fault
            .clone()
            .filter(|f| f.contains("more schemas than are kept"))
    };
    rig.until(SchemaId::Number(8), full).await;
    assert_eq!(rig.schemas.load().len(), 1);
}

#[test]
fn an_address_with_a_login_in_it_is_refused() {
    crate::control::keys::install_crypto_provider();
    for url in [
        "",
        "registry:8081",
        "ftp://r/",
        "http://u:p@r/",
        "https://u@r/",
    ] {
        let source = RegistrySource {
            url: url.to_owned(),
            login: Login::None,
            roots_pem: None,
        };
        let fault = Registry::new(source, Options::default())
            .map(|_| ())
            .unwrap_err();
        assert!(!fault.to_string().contains("u:p"), "{fault}");
    }
    let shown = format!("{:?}", Login::Basic("u".into(), "secret".into()));
    assert!(!shown.contains("secret"));
}
