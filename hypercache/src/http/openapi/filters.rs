//! Filters: those that stores keep of their keys, below `/api/filter`, and those that are values.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::http::openapi::items;
use crate::http::openapi::object;
use crate::http::openapi::parameter;
use crate::http::openapi::schemas::about;
use crate::http::openapi::stores::bodiless;
use crate::http::openapi::stores::path_parameters;
use crate::http::openapi::stores::read;
use crate::http::openapi::stores::remove;
use crate::http::openapi::stores::write;

/// The paths below `/api/filter`.
pub fn paths() -> Map<String, Value> {
    let mut asked = write("Tells of up to 1000 keys whether they may exist", "FilterKeys", "FilterAnswers");
    asked["responses"].as_object_mut().into_iter().for_each(|responses| drop(responses.remove("507")));
    let described = [
        (
            "/api/filter/{store}",
            json!({
                "get": read("How the filter of a store's keys stands; 404 with NOFILTER where it has none", &[], "StoreFilter"),
                "post": asked,
            }),
        ),
        (
            "/api/filter/{store}/{key}",
            json!({ "get": read("Tells whether a key may exist; `false` is certain", &[], "MayExist") }),
        ),
    ];
    let with_parameters = |(path, mut operations): (&str, Value)| {
        operations["parameters"] = path_parameters(path);
        (path.to_owned(), operations)
    };
    described.into_iter().map(with_parameters).collect()
}

/// Filters that are values: the end of each path below a store, and its operations.
pub fn of_keys() -> Vec<(&'static str, Value)> {
    let kind = parameter(
        "kind",
        "query",
        false,
        "string",
        "bloom or cuckoo: which kind is made where there is no filter; a cuckoo filter if none is named",
    );
    let with_kind = |mut operation: Value| {
        operation["parameters"] = json!([kind]);
        operation
    };
    vec![
        (
            "/filters/{key}",
            json!({
                "get": read("What a Bloom or cuckoo filter is like", &[], "Filter"),
                "post": with_kind(write("Adds items, to a cuckoo filter once more where they are there", "FilterItems", "FilterAdded")),
            }),
        ),
        (
            "/filters/{key}/items/{item}",
            json!({
                "get": read("Tells whether an item may be there; `false` is certain", &[], "MayContain"),
                "put": with_kind(bodiless("Adds an item unless it seems to be there", "FilterItemAdded")),
                "delete": remove("Takes one occurrence of an item out of a cuckoo filter"),
            }),
        ),
    ]
}

/// Schemas of requests and answers by name.
pub fn schemas() -> Value {
    let (text, count, truth) =
        (json!({ "type": "string" }), json!({ "type": "integer" }), json!({ "type": "boolean" }));
    let rate = json!({ "type": "number" });
    let kind = json!({ "type": "string", "enum": ["bloom", "cuckoo"] });
    let key = || json!({ "key": text, "key_base64": text, "may_exist": truth });
    let item = || object(&[], json!({ "item": text, "item_base64": text }));
    let standing = json!({
        "store": text, "items": count, "slots": count, "bytes": count, "fingerprint_bits": count,
        "negatives": count, "true_positives": count, "false_positives": count,
        "moves": count, "splits": count, "joins": count,
        "segments_built": count, "segments_unbuilt": count, "segments_overflown": count,
        "built": rate, "wanted_rate": rate, "expected_rate": rate,
        "measured_rate": { "type": ["number", "null"], "description": "Null before the first lookup of a key that was not there" },
    });
    let all: Vec<&str> = standing.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    json!({
        "StoreFilter": object(&all, standing.clone()),
        "MayExist": about(json!({ "may_exist": truth })),
        "FilterKeys": object(&["keys"], json!({ "keys": items(text.clone()) })),
        "FilterAnswers": object(
            &["store", "items"],
            json!({ "store": text, "items": items(object(&["may_exist"], key())) }),
        ),
        "Filter": object(
            &["store", "kind", "bytes", "tables", "items", "expansion"],
            json!({
                "key": text, "key_base64": text, "store": text, "kind": kind,
                "capacity": count, "bytes": count, "tables": count, "items": count, "items_deleted": count,
                "buckets": count, "bucket_size": count, "iterations_max": count,
                "expansion": { "type": ["integer", "null"], "description": "Null where the filter does not grow" },
            }),
        ),
        "FilterItems": object(&["items"], json!({ "items": items(item()) })),
        "FilterAdded": about(json!({ "kind": kind, "added": count, "refused": count })),
        "FilterItemAdded": about(json!({ "item": text, "item_base64": text, "added": truth })),
        "MayContain": about(json!({ "item": text, "item_base64": text, "may_exist": truth })),
    })
}
