//! The description of the API for programs and people (OpenAPI 3.1).

use axum::Json;
use serde_json::Value;
use serde_json::json;

use crate::engine::version::VERSION;

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
                "and what is no UTF-8 as value_base64. A key written over RESP reads here, and the other way round. Errors ",
                "are problem documents (RFC 9457) with the Redis error prefix in `code`. Every answer carries its trace id ",
                "in `x-hypercache-trace-id`; `traceparent` is taken."
            ),
        },
        "security": [{}, { "basic": [] }, { "bearer": [] }],
        "paths": paths(),
        "components": components(),
    })
}

fn paths() -> Value {
    json!({
        "/": { "get": simple("Links to what there is") },
        "/api/cache/{key}": {
            "parameters": [parameter("key", "path", true, "string", "The key, percent-encoded; 1 to 8192 bytes")],
            "put": put(),
            "get": {
                "summary": "Reads a key",
                "parameters": [store()],
                "responses": {
                    "200": value_content(),
                    "404": problem("There is no such key, or no such store"),
                    "409": problem("The key holds another type"),
                },
            },
            "head": {
                "summary": "Tells whether there is a key, in headers only",
                "parameters": [store()],
                "responses": { "200": { "description": "There is" }, "404": { "description": "There is not" } },
            },
            "delete": {
                "summary": "Removes a key",
                "parameters": [store()],
                "responses": { "204": { "description": "It is gone" }, "404": problem("There was no such key") },
            },
        },
        "/api/cache/batch/get": { "post": batch("Reads up to 1000 keys at one moment", "BatchGet") },
        "/api/cache/batch/put": {
            "post": batch("Writes up to 1000 keys one after the other; all are checked before the first is written", "BatchPut"),
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
    })
}

fn put() -> Value {
    json!({
        "summary": "Writes a key",
        "parameters": [
            store(),
            parameter("nx", "query", false, "boolean", "Only if the key does not exist"),
            parameter("xx", "query", false, "boolean", "Only if the key exists"),
            parameter("ttl", "query", false, "string", "Time to live, such as 90s or 1h; one of the three forms at the most"),
            parameter("ttl_seconds", "query", false, "number", "Time to live in seconds"),
            parameter("ttl_hours", "query", false, "number", "Time to live in hours"),
        ],
        "requestBody": {
            "required": true,
            "content": {
                "application/json": { "schema": { "$ref": "#/components/schemas/Put" } },
                "*/*": { "schema": { "type": "string", "format": "binary" } },
            },
        },
        "responses": {
            "200": json_content("It is written"),
            "400": problem("The request is not as expected"),
            "412": problem("The condition nx or xx is not met"),
            "413": problem("The body is too large"),
            "507": problem("The store is at its memory limit"),
        },
    })
}

fn components() -> Value {
    let ttl = json!({ "ttl": { "type": "string" }, "ttl_seconds": { "type": "number" }, "ttl_hours": { "type": "number" } });
    let with_ttl = |mut properties: Value| {
        for (name, schema) in ttl.as_object().into_iter().flatten() {
            properties[name] = schema.clone();
        }
        properties
    };
    json!({
        "securitySchemes": {
            "basic": { "type": "http", "scheme": "basic" },
            "bearer": { "type": "http", "scheme": "bearer" },
        },
        "schemas": {
            "Put": object(&["value"], with_ttl(json!({ "value": {} }))),
            "BatchGet": object(&["keys"], json!({ "keys": { "type": "array", "maxItems": 1000, "items": { "type": "string" } } })),
            "BatchPut": object(&["items"], json!({
                "items": {
                    "type": "array",
                    "maxItems": 1000,
                    "items": object(&["key", "value"], with_ttl(json!({ "key": { "type": "string" }, "value": {} }))),
                },
            })),
            "Problem": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "instance", "code", "trace_id"],
                "properties": {
                    "type": { "type": "string" },
                    "title": { "type": "string" },
                    "status": { "type": "integer" },
                    "detail": { "type": "string" },
                    "instance": { "type": "string" },
                    "code": { "type": "string" },
                    "trace_id": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
                },
            },
        },
    })
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
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

fn json_content(description: &str) -> Value {
    json!({ "description": description, "content": { "application/json": {} } })
}

fn value_content() -> Value {
    json!({
        "description": "Key, value, store and ttl_seconds; the bare value where Accept asks for it",
        "content": { "application/json": {}, "application/octet-stream": {}, "text/plain": {} },
    })
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

fn batch(summary: &str, schema: &str) -> Value {
    json!({
        "summary": summary,
        "parameters": [store()],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } },
        },
        "responses": { "200": json_content("One answer for each item"), "400": problem("The request is not as expected") },
    })
}
