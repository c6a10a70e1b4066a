//! The description of the API is true.

use std::collections::BTreeSet;

use axum::http::Method;

use super::*;

/// A path with something in each of its places.
fn filled(path: &str) -> String {
    [("{store}", "default"), ("{key}", "k"), ("{field}", "f"), ("{member}", "m"), ("{item}", "i")]
        .iter()
        .fold(path.to_owned(), |path, (place, name)| path.replace(place, name))
}

#[test]
fn the_description_has_each_route_and_nothing_else() {
    let described: BTreeSet<(String, String)> = openapi::description()["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(|method| (path.clone(), method.to_uppercase()))
        })
        .filter(|(_, method)| method != "PARAMETERS")
        .collect();
    let served: BTreeSet<(String, String)> = routes::all()
        .iter()
        .flat_map(|(path, methods, _)| {
            methods.iter().map(|method| ((*path).to_owned(), (*method).to_owned()))
        })
        .collect();
    assert_eq!(described, served);
}

#[tokio::test]
async fn each_route_takes_the_methods_it_lists_and_no_other() {
    let bench = Bench::new();
    for (path, methods, _) in routes::all() {
        for method in ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"] {
            let request =
                Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(filled(path));
            let status = bench.send(request.body(Body::empty()).unwrap()).await.status();
            // HEAD goes with every GET.
            let taken = methods.contains(&method) || (method == "HEAD" && methods.contains(&"GET"));
            assert_eq!(status != StatusCode::METHOD_NOT_ALLOWED, taken, "{method} {path}: {status}");
        }
    }
}

/// Whether `value` has the members that `schema` asks for and no other, at all depths.
fn fits(value: &Value, schema: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.strip_prefix("#/components/schemas/").unwrap();
        return fits(
            value,
            &openapi::description()["components"]["schemas"][name],
            &format!("{place}:{name}"),
        );
    }
    if let Some(properties) = schema["properties"].as_object() {
        let members = value.as_object().unwrap_or_else(|| panic!("{place}: {value} is no object"));
        for name in schema["required"].as_array().unwrap() {
            assert!(members.contains_key(name.as_str().unwrap()), "{place}: {value} has no {name}");
        }
        for (name, member) in members {
            let described =
                properties.get(name).unwrap_or_else(|| panic!("{place}: {name} is not described"));
            fits(member, described, &format!("{place}.{name}"));
        }
    }
    for item in value.as_array().filter(|_| schema["items"].is_object()).into_iter().flatten() {
        fits(item, &schema["items"], &format!("{place}[]"));
    }
    let kinds = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(kinds.contains(&kind), "{place}: {value} is {kind}, not {kinds:?}");
}

#[tokio::test]
async fn answers_are_as_described() {
    let bench = Bench::new();
    let items = json!({"items": [{"key": "b", "value": [1], "ttl": "1h"}, {"key": "c", "value": "x"}]});
    let raw = Request::put("/api/cache/%FF").body(Body::from(vec![0xfe])).unwrap();
    let raw: Value = serde_json::from_slice(&bytes(bench.send(raw).await).await).unwrap();
    let answers = [
        ("Written", bench.put("a", json!({"value": 1})).await.1),
        ("Written", raw),
        ("Value", bench.get("a").await.1),
        ("Value", bench.get("%FF").await.1),
        ("BatchWritten", bench.call("POST", "/api/cache/batch/put", items.to_string()).await.1),
        ("BatchFound", bench.call("POST", "/api/cache/batch/get", r#"{"keys":["a","b","c","d"]}"#).await.1),
        ("Problem", bench.get("nothing").await.1),
    ];
    for (name, answer) in answers.into_iter().chain(answers_about_stores(&bench).await) {
        fits(&answer, &json!({"$ref": format!("#/components/schemas/{name}")}), "answer");
    }
}

async fn answers_about_stores(bench: &Bench) -> Vec<(&'static str, Value)> {
    let field =
        json!({"items": [{"field": "f", "value": 1}, {"field_base64": "/w==", "value_base64": "/w=="}]});
    let values = json!({"side": "left", "items": [{"value": null}, {"value_base64": "/w=="}]});
    let members = json!({"items": [{"member": "m"}, {"member_base64": "/w=="}]});
    let scored = json!({"items": [{"member": "m", "score": 1}, {"member": "n", "score": "inf"}]});
    let mut answers = Vec::new();
    for (name, method, path, body) in [
        ("Counter", "POST", "/counters/n", json!({"by": 1.5})),
        ("Counter", "GET", "/counters/n", Value::Null),
        ("Added", "PATCH", "/hashes/h", field),
        ("Hash", "GET", "/hashes/h", Value::Null),
        ("FieldAdded", "PUT", "/hashes/h/fields/%FF", json!({"value": 1})),
        ("FieldValue", "GET", "/hashes/h/fields/f", Value::Null),
        ("Pushed", "POST", "/lists/l", values),
        ("List", "GET", "/lists/l", Value::Null),
        ("Popped", "POST", "/lists/l/pop", json!({"side": "right"})),
        ("Added", "POST", "/sets/s", members),
        ("Set", "GET", "/sets/s", Value::Null),
        ("Member", "GET", "/sets/s/members/m", Value::Null),
        ("MemberAdded", "PUT", "/sets/s/members/%FE", Value::Null),
        ("Added", "POST", "/zsets/z", scored),
        ("SortedSet", "GET", "/zsets/z", Value::Null),
        ("Ranked", "GET", "/zsets/z/members/n", Value::Null),
        ("MemberAdded", "PUT", "/zsets/z/members/o", json!({"score": 2})),
        ("Scored", "POST", "/zsets/z/members/o", json!({"by": -1})),
        ("KeyTtl", "PUT", "/keys/z/ttl", json!({"ttl": "1h"})),
        ("Key", "GET", "/keys/z", Value::Null),
        ("KeyPage", "GET", "/keys?count=2", Value::Null),
        ("MissRatios", "GET", "/mrc", Value::Null),
    ] {
        let (status, answer) = bench.ask(method, path, body).await;
        assert_eq!(status, StatusCode::OK, "{method} {path}: {answer}");
        answers.push((name, answer));
    }
    bench.put("big", json!({"value": "x".repeat(5000)})).await;
    for (name, method, path, body) in [
        ("HotKeys", "GET", "/api/hotkeys", String::new()),
        ("HotKeys", "GET", "/api/hotkeys?by=size&store=default&count=3", String::new()),
    ] {
        let (status, answer) = bench.call(method, path, body).await;
        assert_eq!(status, StatusCode::OK, "{method} {path}: {answer}");
        answers.push((name, answer));
    }
    answers
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value, found: &mut BTreeSet<String>) {
        if let Some(name) = value.get("$ref").and_then(Value::as_str) {
            found.insert(name.to_owned());
        }
        let members = value.as_object().into_iter().flat_map(|members| members.values());
        members.chain(value.as_array().into_iter().flatten()).for_each(|member| walk(member, found));
    }
    let description = openapi::description();
    let mut found = BTreeSet::new();
    walk(&description, &mut found);
    let defined: BTreeSet<_> = description["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .map(|name| format!("#/components/schemas/{name}"))
        .collect();
    assert_eq!(found, defined, "used and defined");
}

#[tokio::test]
async fn what_needs_a_password_says_so_and_what_does_not_answers_without() {
    let bench = Bench::with(Setup { password: Some("secret"), ..Setup::default() });
    let description = openapi::description();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters")
        {
            let request = Request::builder()
                .method(method.to_uppercase().as_str())
                .uri(filled(path))
                .body(Body::empty())
                .unwrap();
            let refused = bench.send(request).await.status() == StatusCode::UNAUTHORIZED;
            assert_eq!(refused, operation["responses"].get("401").is_some(), "{method} {path}");
        }
    }
}
