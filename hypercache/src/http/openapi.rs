//! The description of the API for programs and people (OpenAPI 3.1).

mod filters;
mod schemas;
mod stores;

use axum::Json;
use serde_json::Value;
use serde_json::json;

use crate::engine::version::VERSION;
use crate::http::batch::ITEMS_MAX;

/// The document.
pub async fn document() -> Json<Value> {
    Json(description())
}

/// The description; a test holds it to the routes.
pub fn description() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "HyperCache",
            "version": VERSION,
            "license": { "name": "MIT", "identifier": "MIT" },
            "description": concat!(
                "Data, health and statistics of a node. A JSON value is stored as its text, a JSON string as the bare text ",
                "unless that text is JSON itself; stored bytes that are JSON are shown as that JSON, other text as a string, ",
                "and what is no UTF-8 as value_base64. Elements of lists and values of fields are such values; keys, fields and members are ",
                "texts, told as `key_base64` and so on where they are no UTF-8, and percent-encoded in paths. A key written over RESP reads here, and the other way round. Errors ",
                "are problem documents (RFC 9457) with the Redis error prefix in `code`. Every answer carries its trace id ",
                "in `x-hypercache-trace-id`; `traceparent` is taken. Where the node has a password, all but the health paths ask ",
                "for it. The key `stats`, whose path has another meaning, is written `%73tats`."
            ),
        },
        "security": [{}, { "basic": [] }, { "bearer": [] }],
        "paths": with_refusals(paths()),
        "components": { "securitySchemes": schemes(), "schemas": schemas() },
    })
}

/// Adds what every operation may answer: that it wants a password, where it does, and that something else went wrong.
fn with_refusals(mut paths: Value) -> Value {
    let operations = paths.as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    let operations = operations.flat_map(|item| item.as_object_mut()).flat_map(|item| item.values_mut());
    for operation in operations.filter(|operation| operation["responses"].is_object()) {
        let open = operation.get("security").is_some();
        let responses = &mut operation["responses"];
        if !open {
            responses["401"] = problem("The node has a password and it was not given");
        }
        responses["default"] = problem("Anything else that went wrong");
    }
    paths
}

fn paths() -> Value {
    let mut cached = string(&[store()]);
    cached["parameters"] =
        json!([parameter("key", "path", true, "string", "The key, percent-encoded; 1 to 8192 bytes")]);
    let mut paths = json!({
        "/": { "get": simple("Links to what there is") },
        "/api/cache/{key}": cached,
        "/api/cache/batch/get": { "post": batch("Reads up to 1000 keys one after the other", "BatchGet", "BatchFound") },
        "/api/cache/batch/put": {
            "post": batch("Writes up to 1000 keys one after the other; all are checked before the first is written", "BatchPut", "BatchWritten"),
        },
        "/api/cache/stats": { "get": simple("Hits, misses and sizes of the stores") },
        "/api/openapi.json": { "get": simple("This document") },
        "/health": { "get": health("How the node does") },
        "/health/live": { "get": health("Whether the process answers") },
        "/health/ready": { "get": health("Whether the node serves clients") },
        "/metrics": {
            "get": {
                "summary": "Metrics for Prometheus",
                "responses": { "200": { "description": "Text format 0.0.4", "content": { "text/plain": {} } } },
            },
        },
        "/stats": { "get": simple("Statistics of the node") },
    });
    for (path, operations) in stores::paths(&string(&[])).into_iter().chain(filters::paths()) {
        paths[path] = operations;
    }
    paths
}

/// The operations on one string, with parameters that they all have.
fn string(parameters: &[Value]) -> Value {
    json!({
        "put": put(parameters),
        "get": {
            "summary": "Reads a key",
            "parameters": parameters,
            "responses": {
                "200": value_content("Value"),
                "400": problem("The request is not as expected"),
                "404": problem("There is no such key, or no such store"),
                "409": problem("The key holds another type"),
            },
        },
        "head": {
            "summary": "Tells whether there is a key, in headers only",
            "parameters": parameters,
            "responses": {
                "200": { "description": "There is", "headers": ttl_header() },
                "404": { "description": "There is not" },
                "409": { "description": "There is, and it holds another type" },
            },
        },
        "delete": {
            "summary": "Removes a key",
            "parameters": parameters,
            "responses": {
                "204": { "description": "It is gone" },
                "400": problem("The request is not as expected"),
                "404": problem("There was no such key, or no such store"),
            },
        },
    })
}

fn put(shared: &[Value]) -> Value {
    let mut parameters = shared.to_vec();
    parameters.extend([
        parameter("nx", "query", false, "boolean", "Only if the key does not exist"),
        parameter("xx", "query", false, "boolean", "Only if the key exists"),
        parameter(
            "ttl",
            "query",
            false,
            "string",
            "Time to live, such as 90s or 1h; one of the three forms at the most",
        ),
        parameter("ttl_seconds", "query", false, "number", "Time to live in seconds"),
        parameter("ttl_hours", "query", false, "number", "Time to live in hours"),
    ]);
    json!({
        "summary": "Writes a key",
        "parameters": parameters,
        "requestBody": {
            "required": true,
            "content": {
                "application/json": schema("Put"),
                "*/*": { "schema": { "type": "string", "format": "binary" } },
            },
        },
        "responses": {
            "200": described("It is written", "Written"),
            "400": problem("The request is not as expected"),
            "404": problem("There is no such store"),
            "412": problem("The condition nx or xx is not met"),
            "413": problem("The body is too large"),
            "507": problem("The store is at its memory limit"),
        },
    })
}

fn schemes() -> Value {
    json!({
        "basic": { "type": "http", "scheme": "basic", "description": "User `default` and the node's password" },
        "bearer": { "type": "http", "scheme": "bearer", "description": "The node's password" },
    })
}

/// Schemas of requests and answers.
fn schemas() -> Value {
    let mut schemas = requests();
    for more in [answers(), schemas::about_stores(), filters::schemas()] {
        for (name, schema) in more.as_object().into_iter().flatten() {
            schemas[name] = schema.clone();
        }
    }
    schemas
}

fn requests() -> Value {
    let ttl = ttl_forms();
    let with_ttl = |mut properties: Value| {
        for (name, schema) in ttl.as_object().into_iter().flatten() {
            properties[name] = schema.clone();
        }
        properties
    };
    let item = object(&["key", "value"], with_ttl(json!({ "key": { "type": "string" }, "value": {} })));
    json!({
        "Put": object(&["value"], with_ttl(json!({ "value": {} }))),
        "BatchGet": object(&["keys"], json!({ "keys": items(json!({ "type": "string" })) })),
        "BatchPut": object(&["items"], json!({ "items": items(item) })),
    })
}

/// The forms of a time to live; one at the most.
fn ttl_forms() -> Value {
    json!({ "ttl": { "type": "string" }, "ttl_seconds": { "type": "number" }, "ttl_hours": { "type": "number" } })
}

fn answers() -> Value {
    let (text, count, truth) =
        (json!({ "type": "string" }), json!({ "type": "integer" }), json!({ "type": "boolean" }));
    let ttl =
        json!({ "type": ["number", "null"], "description": "Seconds left; null where there is no end" });
    let found = json!({ "key": text, "found": truth, "value": {}, "value_base64": text, "ttl_seconds": ttl });
    let written = json!({ "key": text, "stored": truth, "error": text });
    let problem = json!({
        "type": text,
        "title": text,
        "status": count,
        "detail": text,
        "instance": text,
        "code": text,
        "trace_id": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
    });
    let held = json!({
        "key": text, "key_base64": text, "value": {}, "value_base64": text, "store": text, "ttl_seconds": ttl,
    });
    json!({
        "Value": object(&["store", "ttl_seconds"], held),
        "Written": object(
            &["store", "bytes", "ttl_seconds"],
            json!({ "key": text, "key_base64": text, "store": text, "bytes": count, "ttl_seconds": ttl }),
        ),
        "BatchFound": object(
            &["items", "hits", "misses"],
            json!({ "items": items(object(&["key", "found", "ttl_seconds"], found)), "hits": count, "misses": count }),
        ),
        "BatchWritten": object(
            &["items", "stored", "failed"],
            json!({ "items": items(object(&["key", "stored"], written)), "stored": count, "failed": count }),
        ),
        "Problem": object(&["type", "title", "status", "detail", "instance", "code", "trace_id"], problem),
    })
}

/// Up to as many items as a batch takes.
fn items(item: Value) -> Value {
    json!({ "type": "array", "maxItems": ITEMS_MAX, "items": item })
}

fn object(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "required": required, "additionalProperties": false, "properties": properties })
}

fn parameter(name: &str, place: &str, required: bool, kind: &str, description: &str) -> Value {
    json!({ "name": name, "in": place, "required": required, "description": description, "schema": { "type": kind } })
}

fn store() -> Value {
    parameter(
        "store",
        "query",
        false,
        "string",
        "Index or name of the store; the default store where none is named",
    )
}

fn problem(description: &str) -> Value {
    json!({
        "description": description,
        "content": { "application/problem+json": schema("Problem") },
    })
}

fn json_content(description: &str) -> Value {
    json!({ "description": description, "content": { "application/json": {} } })
}

/// A value as a member of an answer of this schema, or by itself.
fn value_content(name: &str) -> Value {
    json!({
        "description": "The value and what it belongs to; the bare value where Accept asks for it",
        "headers": ttl_header(),
        "content": { "application/json": schema(name), "application/octet-stream": {}, "text/plain": {} },
    })
}

fn ttl_header() -> Value {
    json!({ "x-hypercache-ttl-seconds": { "description": "Seconds left to a key that has an end", "schema": { "type": "number" } } })
}

fn described(description: &str, name: &str) -> Value {
    json!({ "description": description, "content": { "application/json": schema(name) } })
}

fn schema(name: &str) -> Value {
    json!({ "schema": { "$ref": format!("#/components/schemas/{name}") } })
}

fn simple(summary: &str) -> Value {
    json!({ "summary": summary, "responses": { "200": json_content("The answer") } })
}

fn health(summary: &str) -> Value {
    json!({
        "summary": summary,
        "security": [{}],
        "responses": { "200": json_content("It does"), "503": json_content("It does not") },
    })
}

fn batch(summary: &str, asked: &str, answer: &str) -> Value {
    json!({
        "summary": summary,
        "parameters": [store()],
        "requestBody": {
            "required": true,
            "content": { "application/json": schema(asked) },
        },
        "responses": {
            "200": described("One answer for each item", answer),
            "400": problem("The request is not as expected; nothing is done then"),
            "404": problem("There is no such store"),
            "413": problem("The body is too large"),
            "415": problem("The body is not declared as JSON"),
        },
    })
}
