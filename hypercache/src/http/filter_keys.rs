//! Filters that are values, Bloom and cuckoo: `/api/stores/{store}/filters/{key}` and their items.

use axum::Json;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::http::body;
use crate::http::item;
use crate::http::item::FilterItem;
use crate::http::item::Items;
use crate::http::item::Object;
use crate::http::item::bytes;
use crate::http::place;
use crate::http::place::AskedQuery;
use crate::http::place::NoQuery;
use crate::http::place::Place;
use crate::http::problem::Problem;
use crate::http::run::Runner;
use crate::resp::frame::Frame;

/// Which kind of filter is made where there is none; a cuckoo filter if none is named.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KindQuery {
    kind: Option<Kind>,
}

/// A kind of filter, and so a family of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Bloom,
    Cuckoo,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Bloom => "bloom",
            Self::Cuckoo => "cuckoo",
        }
    }

    /// That of a key; none where there is no such key.
    async fn of(runner: &mut Runner<'_>, key: &[u8]) -> Result<Option<Self>, Problem> {
        match bytes(&runner.run([b"TYPE", key]).await?) {
            Some(b"none") => Ok(None),
            Some(b"MBbloom--") => Ok(Some(Self::Bloom)),
            Some(b"MBbloomCF") => Ok(Some(Self::Cuckoo)),
            _ => Err(crate::command::error::WRONG_TYPE.into()),
        }
    }

    /// That of a key that has to be there.
    async fn present(runner: &mut Runner<'_>, key: &[u8]) -> Result<Self, Problem> {
        Self::of(runner, key).await?.ok_or_else(Problem::no_such_key)
    }

    /// What the fields of `INFO` are called here.
    fn fields(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Bloom => &[
                ("Capacity", "capacity"),
                ("Size", "bytes"),
                ("Number of filters", "tables"),
                ("Number of items inserted", "items"),
                ("Expansion rate", "expansion"),
            ],
            Self::Cuckoo => &[
                ("Size", "bytes"),
                ("Number of buckets", "buckets"),
                ("Number of filters", "tables"),
                ("Number of items inserted", "items"),
                ("Number of items deleted", "items_deleted"),
                ("Bucket size", "bucket_size"),
                ("Expansion rate", "expansion"),
                ("Max iterations", "iterations_max"),
            ],
        }
    }
}

/// What a filter is like.
pub async fn get(place: Place, asked: AskedQuery<NoQuery>) -> Result<Json<Object>, Problem> {
    let (key, NoQuery {}, store) = (place.key()?, place::query(asked)?, place.store(None)?);
    let mut runner = place.runner(store);
    let kind = Kind::present(&mut runner, &key).await?;
    let info: &[u8] = if kind == Kind::Bloom { b"BF.INFO" } else { b"CF.INFO" };
    let Frame::Map(told) = runner.run([info, &key]).await? else { return Err(item::unexpected()) };
    let mut answer = Object::about(&key, store).with("kind", kind.name());
    for (name, member) in kind.fields() {
        let found = told.iter().find(|(told, _)| bytes(told) == Some(name.as_bytes()));
        answer = match found {
            Some((_, Frame::Integer(number))) => answer.with(member, number),
            Some((_, Frame::Null)) => answer.with(member, ()),
            _ => return Err(item::unexpected()),
        };
    }
    Ok(Json(answer))
}

/// Adds items, to a cuckoo filter once more where they are there.
pub async fn add(
    place: Place,
    asked: AskedQuery<KindQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Object>, Problem> {
    let (key, KindQuery { kind }) = (place.key()?, place::query(asked)?);
    let Items::<FilterItem> { items } = body::declared_json(&headers, body, place.state.max_body).await?;
    let store = place.store(None)?;
    let mut runner = place.runner(store);
    let kind = match kind {
        Some(kind) => kind,
        None => Kind::of(&mut runner, &key).await?.unwrap_or(Kind::Cuckoo),
    };
    let insert: &[u8] = if kind == Kind::Bloom { b"BF.INSERT" } else { b"CF.INSERT" };
    let answers = runner.run(item::command(&[insert, &key, b"ITEMS"], &items)?).await?;
    let answers = item::elements(answers)?;
    let added = answers.iter().filter(|answer| **answer == Frame::Boolean(true)).count();
    // A filter that is full says so in place of an answer, or with no answer at all.
    let seen = |answer: &&Frame| kind == Kind::Bloom && **answer == Frame::Boolean(false);
    let refused = items.len() - added - answers.iter().filter(seen).count();
    let answer = Object::about(&key, store).with("kind", kind.name());
    Ok(Json(answer.with("added", added).with("refused", refused)))
}

/// Tells whether an item may be there.
pub async fn item(place: Place, asked: AskedQuery<NoQuery>) -> Result<Json<Object>, Problem> {
    let (key, item, NoQuery {}) = (place.key()?, place.part("item")?, place::query(asked)?);
    let store = place.store(None)?;
    let mut runner = place.runner(store);
    let kind = Kind::present(&mut runner, &key).await?;
    let exists: &[u8] = if kind == Kind::Bloom { b"BF.EXISTS" } else { b"CF.EXISTS" };
    let may_exist = item::truth(&runner.run([exists, &key, &item]).await?)?;
    Ok(Json(Object::about(&key, store).name("item", &item).with("may_exist", may_exist)))
}

/// Adds an item unless it seems to be there.
pub async fn put_item(place: Place, asked: AskedQuery<KindQuery>) -> Result<Json<Object>, Problem> {
    let (key, item) = (place.key()?, place.part("item")?);
    let (KindQuery { kind }, store) = (place::query(asked)?, place.store(None)?);
    let mut runner = place.runner(store);
    let kind = match kind {
        Some(kind) => kind,
        None => Kind::of(&mut runner, &key).await?.unwrap_or(Kind::Cuckoo),
    };
    let add: &[u8] = if kind == Kind::Bloom { b"BF.ADD" } else { b"CF.ADDNX" };
    let added = item::truth(&runner.run([add, &key, &item]).await?)?;
    Ok(Json(Object::about(&key, store).name("item", &item).with("added", added)))
}

/// Takes one occurrence of an item out of a cuckoo filter.
pub async fn delete_item(place: Place, asked: AskedQuery<NoQuery>) -> Result<StatusCode, Problem> {
    let (key, item, NoQuery {}) = (place.key()?, place.part("item")?, place::query(asked)?);
    let mut runner = place.runner(place.store(None)?);
    if Kind::present(&mut runner, &key).await? == Kind::Bloom {
        let detail = "nothing can be taken out of a Bloom filter; a cuckoo filter can do that";
        return Err(Problem::new(StatusCode::CONFLICT, "NOT_REMOVABLE", detail));
    }
    if item::truth(&runner.run([b"CF.DEL", &key[..], &item]).await?)? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = "the filter has no such item";
    Err(Problem::new(StatusCode::NOT_FOUND, "NO_SUCH_ITEM", detail))
}
