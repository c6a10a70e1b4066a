//! What is below `/api/stores`, and `/api/command`.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::http::batch::ITEMS_MAX;
use crate::http::openapi::described;
use crate::http::openapi::filters;
use crate::http::openapi::parameter;
use crate::http::openapi::problem;
use crate::http::openapi::schema;
use crate::http::openapi::simple;
use crate::http::openapi::store;
use crate::http::openapi::value_content;

/// The paths with what they take and answer; `strings` describes the operations on one string.
pub fn paths(strings: &Value) -> Map<String, Value> {
    let mut paths = Map::new();
    paths.insert("/api/command".to_owned(), json!({ "post": command() }));
    let mut why = json!({ "get": why(&[store()]) });
    why["parameters"] = path_parameters("{key}");
    paths.insert("/api/why/{key}".to_owned(), why);
    paths.insert("/api/hotkeys".to_owned(), json!({ "get": hot_keys() }));
    paths.insert(
        "/api/stores".to_owned(),
        json!({ "get": simple("The stores, with statistics of each"), "post": create() }),
    );
    for (path, mut operations) in
        of_keys(strings).into_iter().chain(of_collections()).chain(filters::of_keys())
    {
        let path = format!("/api/stores/{{store}}{path}");
        operations["parameters"] = path_parameters(&path);
        paths.insert(path, operations);
    }
    paths
}

/// Stores, keys, strings and hashes: the end of each path below a store, and its operations.
fn of_keys(strings: &Value) -> Vec<(&'static str, Value)> {
    vec![
        (
            "",
            json!({ "get": simple("Rules and statistics of a store"), "patch": alter(), "delete": drop_store() }),
        ),
        ("/keys", json!({ "get": read("A page of keys", &key_pages(), "KeyPage") })),
        (
            "/keys/{key}",
            json!({ "get": read("Type and time to live of a key", &[], "Key"), "delete": remove("Removes a key of any type") }),
        ),
        ("/keys/{key}/why", json!({ "get": why(&[]) })),
        (
            "/keys/{key}/ttl",
            json!({
                "put": write("Gives a key a time to live from now", "Ttl", "KeyTtl"),
                "delete": remove("Lets a key live for ever"),
            }),
        ),
        (
            "/mrc",
            json!({ "get": read("The miss-ratio curve: what hit ratio the store would have with more memory or less", &[], "MissRatios") }),
        ),
        ("/strings/{key}", strings.clone()),
        (
            "/counters/{key}",
            json!({
                "get": read("Reads a number", &[], "Counter"),
                "post": write("Adds to a number, 1 unless `by` says otherwise; a `by` with a point makes it a floating-point number", "Increment", "Counter"),
            }),
        ),
        (
            "/hashes/{key}",
            json!({
                "get": read("A page of fields and their values", &pages(), "Hash"),
                "patch": write("Writes fields; others stay", "Fields", "Added"),
            }),
        ),
        (
            "/hashes/{key}/fields/{field}",
            json!({
                "get": field(),
                "put": put_field(),
                "delete": remove("Removes a field"),
            }),
        ),
    ]
}

/// Lists, sets and sorted sets, likewise.
fn of_collections() -> Vec<(&'static str, Value)> {
    vec![
        (
            "/lists/{key}",
            json!({
                "get": read("A range of elements", &ranges(), "List"),
                "post": write("Adds elements at one end, each beyond the one before", "Push", "Pushed"),
            }),
        ),
        ("/lists/{key}/pop", json!({ "post": write("Takes elements from one end", "Pop", "Popped") })),
        (
            "/sets/{key}",
            json!({
                "get": read("A page of members", &pages(), "Set"),
                "post": write("Adds members", "Members", "Added"),
            }),
        ),
        (
            "/sets/{key}/members/{member}",
            json!({
                "get": read("Tells whether there is a member", &[], "Member"),
                "put": bodiless("Adds a member", "MemberAdded"),
                "delete": remove("Removes a member"),
            }),
        ),
        (
            "/zsets/{key}",
            json!({
                "get": read("A range of members in the order of their scores", &scores(), "SortedSet"),
                "post": write("Adds members, or gives those that are there another score", "ScoredMembers", "Added"),
            }),
        ),
        (
            "/zsets/{key}/members/{member}",
            json!({
                "get": read("Score of a member and its rank, 0 for the lowest score", &[], "Ranked"),
                "put": write("Adds a member with a score, or gives it another", "Score", "MemberAdded"),
                "post": write("Adds to the score of a member, which begins at 0", "ScoreIncrement", "Scored"),
                "delete": remove("Removes a member"),
            }),
        ),
    ]
}

fn create() -> Value {
    let mut operation = change("Makes a store, as STORE CREATE does", "NewStore");
    operation["responses"]["201"] = json!({
        "description": "It is there",
        "headers": { "Location": { "description": "Its path", "schema": { "type": "string" } } },
        "content": { "application/json": { "schema": schema("Store") } },
    });
    operation["responses"]["409"] =
        problem("A store has the name already, or there are as many stores as a node may have");
    operation
}

fn alter() -> Value {
    let mut operation = change("Changes rules of a store, all or none, as STORE ALTER does", "StoreRules");
    operation["responses"]["200"] = described("They hold", "Store");
    operation["responses"]["404"] = problem("There is no such store");
    operation["responses"]["409"] = problem("What is to change needs a store without keys");
    operation
}

fn drop_store() -> Value {
    json!({
        "summary": "Drops a store with all its keys, as STORE DROP does",
        "responses": {
            "204": { "description": "It is gone" },
            "403": problem("The user may not do this"),
            "404": problem("There is no such store"),
            "409": problem("The default store is always there"),
        },
    })
}

fn change(summary: &str, body: &str) -> Value {
    json!({
        "summary": summary,
        "requestBody": { "required": true, "content": { "application/json": { "schema": schema(body) } } },
        "responses": {
            "400": problem("The request is not as expected, or asks for what is not provided"),
            "403": problem("The user may not do this"),
            "413": problem("The body is too large"),
            "415": problem("The body is not declared as JSON"),
        },
    })
}

pub(super) fn path_parameters(path: &str) -> Value {
    let known = [
        ("{store}", "store", "Index or name of the store"),
        ("{key}", "key", "The key, percent-encoded; 1 to 8192 bytes"),
        ("{field}", "field", "The field, percent-encoded; 1 to 8192 bytes"),
        ("{member}", "member", "The member, percent-encoded; 1 to 8192 bytes"),
        ("{item}", "item", "The item, percent-encoded; 1 to 8192 bytes"),
    ];
    let named = known.iter().filter(|(place, ..)| path.contains(place));
    named.map(|(_, name, what)| parameter(name, "path", true, "string", what)).collect()
}

fn limit(name: &str) -> Value {
    let what = format!("Items at the most, 1 to {ITEMS_MAX}; 100 if none is given");
    parameter(name, "query", false, "integer", &what)
}

fn pages() -> Vec<Value> {
    vec![
        parameter("cursor", "query", false, "string", "The `cursor` of the page before; none for the first"),
        parameter(
            "count",
            "query",
            false,
            "integer",
            "About how many items to look at, 1 to 1000; 100 if none is given. A page may have more or fewer",
        ),
        parameter("match", "query", false, "string", "Only names that match this glob pattern"),
    ]
}

fn key_pages() -> Vec<Value> {
    let mut parameters = pages();
    parameters.push(parameter(
        "type",
        "query",
        false,
        "string",
        "Only keys of this type: string, hash, list, set, zset",
    ));
    parameters
}

fn ranges() -> Vec<Value> {
    vec![
        parameter(
            "offset",
            "query",
            false,
            "integer",
            "Index of the first element; from the end where it is negative",
        ),
        limit("limit"),
    ]
}

fn scores() -> Vec<Value> {
    vec![
        parameter(
            "min",
            "query",
            false,
            "string",
            "The lowest score; `(` in front of it leaves it out itself",
        ),
        parameter("max", "query", false, "string", "The highest score, likewise"),
        parameter("reverse", "query", false, "boolean", "The highest score first"),
        parameter("offset", "query", false, "integer", "Members to pass over"),
        limit("limit"),
    ]
}

pub(super) fn read(summary: &str, parameters: &[Value], answer: &str) -> Value {
    json!({
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": described("It is there", answer),
            "400": problem("The request is not as expected"),
            "404": problem("There is no such store, key or part of it"),
            "409": problem("The key holds another type"),
        },
    })
}

fn why(parameters: &[Value]) -> Value {
    json!({
        "summary": "Tells what is known of a key: whether it is there, and if not why it has left; who has written it",
        "description": "A key that nobody knows is `never_seen`, which is no problem. Times are Unix milliseconds. Who others are is \
                        shown to users without limits only.",
        "parameters": parameters,
        "responses": {
            "200": described("What is known", "Life"),
            "400": problem("The request is not as expected"),
            "403": problem("The user may not ask"),
            "404": problem("There is no such store"),
        },
    })
}

pub(super) fn bodiless(summary: &str, answer: &str) -> Value {
    let mut operation = read(summary, &[], answer);
    operation["responses"]["200"] = described("It is done", answer);
    operation["responses"]["507"] = problem("The store is at its memory limit");
    operation
}

pub(super) fn write(summary: &str, asked: &str, answer: &str) -> Value {
    let mut operation = bodiless(summary, answer);
    operation["requestBody"] = json!({ "required": true, "content": { "application/json": schema(asked) } });
    operation["responses"]["413"] = problem("The body is too large");
    operation["responses"]["415"] = problem("The body is not declared as JSON");
    operation
}

pub(super) fn remove(summary: &str) -> Value {
    let mut operation = read(summary, &[], "Problem");
    let responses = operation["responses"].as_object_mut().expect("made so above");
    responses.remove("200");
    responses.insert("204".to_owned(), json!({ "description": "It is done" }));
    operation
}

fn field() -> Value {
    let mut operation = read("Reads a field", &[], "Problem");
    operation["responses"]["200"] = value_content("FieldValue");
    operation
}

fn put_field() -> Value {
    let mut operation = write("Writes a field", "BareValue", "FieldAdded");
    operation["requestBody"]["content"]["*/*"] =
        json!({ "schema": { "type": "string", "format": "binary" } });
    operation["responses"].as_object_mut().expect("made so above").remove("415");
    operation
}

fn command() -> Value {
    json!({
        "summary": "Runs a command on data, or up to 1000 of them one after the other",
        "description": concat!(
            "`[\"SET\", \"k\", \"v\"]`, or an array of such arrays. An argument is a text, a number as it is written, or ",
            "`{\"base64\": …}`. In the answer a string is a text or `{\"base64\": …}`, a map whose keys are different texts is an object and ",
            "any other an array of pairs, and infinities are the texts `inf` and `-inf`. One command that fails is a problem; in a pipeline ",
            "it is `{\"error\": {\"code\", \"detail\"}}` in its place, and the rest runs. Commands that would block answer at once, as if their ",
            "time were over. Commands about a connection (MULTI, SUBSCRIBE, SELECT, …) or that change the node (CONFIG SET, SHUTDOWN, …), and scripts, are ",
            "refused with 403 and the code NOT_OVER_HTTP."
        ),
        "parameters": [store()],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": { "type": "array", "minItems": 1 } } },
        },
        "responses": {
            "200": described("It has run", "CommandAnswer"),
            "400": problem("The request is not as expected, or the command fails"),
            "403": problem("This command is not run over HTTP"),
            "404": problem("There is no such store, or no such key where there must be one"),
            "409": problem("The key holds another type"),
            "413": problem("The body is too large"),
            "415": problem("The body is not declared as JSON"),
            "422": problem("The command has run, and its reply is longer than 64 MiB"),
            "507": problem("The store is at its memory limit"),
        },
    })
}

fn hot_keys() -> Value {
    let parameters = [
        store(),
        parameter(
            "by",
            "query",
            false,
            "string",
            "count (accesses), bytes (moved) or size; count if none is given",
        ),
        parameter(
            "count",
            "query",
            false,
            "integer",
            "Keys at the most, of each type by size; 1 to 64, 10 if none is given",
        ),
    ];
    read(
        "The keys with most accesses or bytes moved in the last minutes, or the biggest keys of each type",
        &parameters,
        "HotKeys",
    )
}
