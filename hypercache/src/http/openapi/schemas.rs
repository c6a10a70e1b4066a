//! Schemas of what is below `/api/stores`, and of `/api/command`.

use serde_json::Value;
use serde_json::json;

use crate::config::Eviction;
use crate::config::Word;
use crate::http::batch::ITEMS_MAX;
use crate::http::openapi::items;
use crate::http::openapi::object;
use crate::http::openapi::ttl_forms;

/// Schemas of requests and answers by name.
pub fn about_stores() -> Value {
    let (text, count, truth) =
        (json!({ "type": "string" }), json!({ "type": "integer" }), json!({ "type": "boolean" }));
    let number = json!({ "type": ["number", "integer", "string"], "description": "The texts inf, -inf and nan where JSON has no number" });
    let cursor = json!({ "type": ["string", "null"], "description": "Where the next page begins; null: this was the last" });
    let ttl =
        json!({ "type": ["number", "null"], "description": "Seconds left; null where there is no end" });
    let side = json!({ "type": "string", "enum": ["left", "right"] });
    let member = || json!({ "member": text, "member_base64": text });
    let scored = || json!({ "member": text, "member_base64": text, "score": number });
    let field =
        || object(&[], json!({ "field": text, "field_base64": text, "value": {}, "value_base64": text }));
    let value = || object(&[], json!({ "value": {}, "value_base64": text }));
    let list_of = |item: Value| object(&["items"], json!({ "items": items(item) }));
    json!({
        "NewStore": new_store(),
        "Store": { "type": "object", "required": ["name"] },
        "StoreRules": store_rules(),
        "Added": about(json!({ "added": count })),
        "BareValue": object(&["value"], json!({ "value": {} })),
        "CommandAnswer": {
            "oneOf": [
                { "type": "object", "required": ["result"], "properties": { "result": {} } },
                { "type": "object", "required": ["results"], "properties": { "results": { "type": "array" } } },
            ],
        },
        "Counter": about(json!({ "value": number })),
        "FieldAdded": about(json!({ "field": text, "field_base64": text, "bytes": count, "added": truth })),
        "Fields": list_of(field()),
        "FieldValue": object(
            &["store"],
            json!({
                "key": text, "key_base64": text, "store": text,
                "field": text, "field_base64": text, "value": {}, "value_base64": text,
            }),
        ),
        "Hash": about(json!({ "length": count, "items": { "type": "array", "items": field() }, "cursor": cursor })),
        "Increment": object(&[], json!({ "by": number })),
        "Key": about(json!({ "type": text, "ttl_seconds": ttl })),
        "KeyPage": object(
            &["store", "items", "cursor"],
            json!({
                "store": text,
                "items": { "type": "array", "items": object(&[], json!({ "key": text, "key_base64": text })) },
                "cursor": cursor,
            }),
        ),
        "KeyTtl": about(json!({ "ttl_seconds": ttl })),
        "Life": life(),
        "List": about(json!({ "length": count, "items": items(value()) })),
        "Member": about(member()),
        "HotKeys": hot_keys(),
        "MissRatios": miss_ratios(),
        "MemberAdded": about(json!({ "member": text, "member_base64": text, "added": truth })),
        "Members": list_of(object(&[], member())),
        "Pop": object(&["side"], json!({ "side": side, "count": { "type": "integer", "minimum": 1, "maximum": ITEMS_MAX } })),
        "Popped": about(json!({ "items": items(value()) })),
        "Push": object(&["side", "items"], json!({ "side": side, "items": items(value()) })),
        "Pushed": about(json!({ "length": count })),
        "Ranked": about(json!({ "member": text, "member_base64": text, "score": number, "rank": count })),
        "Score": object(&["score"], json!({ "score": number })),
        "Scored": about(scored()),
        "ScoredMembers": list_of(object(&["score"], scored())),
        "ScoreIncrement": object(&["by"], json!({ "by": number })),
        "Set": about(json!({ "length": count, "items": { "type": "array", "items": object(&[], member()) }, "cursor": cursor })),
        "SortedSet": about(json!({ "length": count, "items": items(object(&["score"], scored())) })),
        "Ttl": object(&[], ttl_forms()),
    })
}

fn new_store() -> Value {
    let mut rules = store_rules();
    rules["properties"]["name"] =
        json!({ "type": "string", "description": "1 to 64 letters, digits, `-` or `_`, not all digits" });
    rules["required"] = json!(["name"]);
    rules
}

/// What may be said of a store, in the words of the configuration file.
fn store_rules() -> Value {
    let policies: Vec<&str> = Eviction::WORDS.iter().map(|(word, _)| *word).collect();
    let properties = json!({
        "max_memory": { "type": ["string", "integer"], "description": "Such as 512MB, or bytes; 0: no limit of its own" },
        "eviction": { "type": "string", "enum": policies },
        "default_ttl": { "type": ["string", "integer"], "description": "Such as 1h or 300s; 0: none" },
        "cuckoo_filter": {
            "description": "true, false, or an object",
            "type": ["boolean", "object"],
            "properties": {
                "enabled": { "type": "boolean" },
                "false_positive_rate": { "type": "number", "minimum": 0.001, "maximum": 0.1 },
            },
        },
        "miss_history": { "type": ["string", "integer"], "description": "Such as 1MB, or bytes, in which the store remembers which keys have left it; 0: it does not" },
        "key_journal": { "type": "integer", "minimum": 0, "maximum": 262_144, "description": "Facts about keys that the store keeps, such as who has written them" },
    });
    object(&[], properties)
}

/// Members of answers that stand for each other, or are left out.
const OPTIONAL: [&str; 8] =
    ["field", "field_base64", "item", "item_base64", "member", "member_base64", "value_base64", "key_base64"];

/// An answer about a key, with these members more.
pub(super) fn about(more: Value) -> Value {
    let text = json!({ "type": "string" });
    let mut properties = json!({ "key": text, "key_base64": text, "store": text });
    for (name, schema) in more.as_object().into_iter().flatten() {
        properties[name] = schema.clone();
    }
    let required: Vec<&str> = more
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .filter(|name| !OPTIONAL.contains(name))
        .chain(["store"])
        .collect();
    object(&required, properties)
}

/// What `WHY` answers; what is not known is null.
fn life() -> Value {
    let (text, count) = (json!({ "type": ["string", "null"] }), json!({ "type": ["integer", "null"] }));
    let mut author = object(
        &["via", "trace_id"],
        json!({
            "via": { "type": "string", "enum": ["resp", "http", "script"] },
            "trace_id": text, "client": count, "name": text, "address": text, "user": text,
        }),
    );
    author["type"] = json!(["object", "null"]);
    let events = ["created", "overwritten", "changed", "ttl_changed", "deleted", "expired", "evicted"];
    let event = object(
        &["event", "at", "by", "size_bytes", "ttl_ms"],
        json!({
            "event": { "type": "string", "enum": events },
            "at": count, "by": author, "size_bytes": count, "ttl_ms": count,
            "age_seconds": count, "idle_seconds": count, "hits": count,
        }),
    );
    let mut flushed = object(&["at", "by"], json!({ "at": count, "by": author }));
    flushed["type"] = json!(["object", "null"]);
    let states = ["present", "deleted", "expired", "evicted", "never_seen"];
    about(json!({
        "state": { "type": "string", "enum": states },
        "type": text, "encoding": text, "size_bytes": count, "ttl_ms": count, "age_seconds": count,
        "idle_seconds": count, "hits": count, "written_at": count, "written_by": author, "left_at": count,
        "policy": text, "limit_bytes": count, "flushed": flushed,
        "events": { "type": "array", "items": event },
    }))
}

fn miss_ratios() -> Value {
    let (text, count, number) =
        (json!({ "type": "string" }), json!({ "type": "integer" }), json!({ "type": ["number", "integer"] }));
    let names = [
        "store",
        "basis",
        "bytes",
        "lookups",
        "sampled_keys",
        "sampling_ratio",
        "seconds",
        "half_life_seconds",
        "hit_ratios",
        "curve",
    ];
    let ratio = json!({ "type": ["number", "integer", "null"], "description": "Null where nobody has looked anything up" });
    let point = object(&["bytes", "miss_ratio"], json!({ "bytes": count, "miss_ratio": number }));
    object(
        &names,
        json!({
            "store": text,
            "basis": { "type": "string", "enum": ["store_limit", "node_limit", "used_bytes"], "description": "What the present size is" },
            "bytes": { "type": "integer", "description": "The present size, in bytes of entries" },
            "lookups": count,
            "sampled_keys": count,
            "sampling_ratio": number,
            "seconds": { "type": "integer", "description": "Since the store was made" },
            "half_life_seconds": count,
            "hit_ratios": object(&["0.5", "1", "2", "4"], json!({ "0.5": ratio, "1": ratio, "2": ratio, "4": ratio })),
            "curve": { "type": "array", "items": point },
        }),
    )
}

fn hot_keys() -> Value {
    let (text, count) = (json!({ "type": "string" }), json!({ "type": "integer" }));
    let key = json!({ "type": ["string", "object"], "description": "A text, or `{\"base64\": …}` where it is no UTF-8" });
    let told = json!({ "key": key, "count": count, "bytes": count, "share": { "type": ["number", "integer"] }, "type": text, "size": count });
    object(
        &["store", "by", "keys"],
        json!({
            "store": text,
            "by": { "type": "string", "enum": ["count", "bytes", "size"] },
            "total": { "type": "integer", "description": "What was counted for all keys" },
            "half_life_seconds": count,
            "keys": { "type": "array", "items": object(&["key"], told) },
        }),
    )
}
