//! The miss-ratio curve over HTTP.

use super::*;

#[tokio::test]
async fn a_store_tells_its_miss_ratio_curve() {
    let bench = Bench::new();
    let (status, empty) = bench.ask("GET", "/mrc", Value::Null).await;
    assert_eq!(
        (status, &empty["basis"], &empty["curve"]),
        (StatusCode::OK, &json!("used_bytes"), &json!([]))
    );
    assert_eq!(empty["hit_ratios"], json!({"0.5": null, "1": null, "2": null, "4": null}));
    for n in 0..50 {
        bench.put(&format!("k{n}"), json!({"value": "x"})).await;
    }
    for n in 0..100 {
        bench.get(&format!("k{}", n % 50)).await;
    }
    let (_, told) = bench.ask("GET", "/mrc", Value::Null).await;
    assert_eq!(
        (&told["store"], &told["lookups"], &told["sampled_keys"]),
        (&json!("default"), &json!(100), &json!(50))
    );
    assert_eq!((&told["hit_ratios"]["0.5"], &told["hit_ratios"]["2"]), (&json!(0.0), &json!(1.0)));
    let curve = told["curve"].as_array().unwrap();
    assert_eq!(curve.last().unwrap()["miss_ratio"], json!(0.0));
    assert!(curve.iter().all(|point| point["bytes"].as_u64().unwrap() > 0), "{curve:?}");
    let (_, limited) = bench.call("GET", "/api/stores/small/mrc", Body::empty()).await;
    assert_eq!(limited["lookups"], json!(0), "stores are told apart");
    assert_eq!(bench.call("GET", "/api/stores/none/mrc", Body::empty()).await.0, StatusCode::NOT_FOUND);
    assert_eq!(bench.ask("GET", "/mrc?x=1", Value::Null).await.0, StatusCode::BAD_REQUEST);
}
