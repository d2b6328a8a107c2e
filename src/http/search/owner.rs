//! The owner's tools for search: words that mean the same, and what was looked for in vain.
//!
//! | Method | Path                | Does                                        | Who   |
//! |--------|---------------------|---------------------------------------------|-------|
//! | GET    | /v1/search/synonyms | shows which words mean the same             | staff |
//! | PUT    | /v1/search/synonyms | says which words mean the same              | staff |
//! | GET    | /v1/search/misses   | lists searches without results, by frequency | staff |
//! | DELETE | /v1/search/misses   | forgets them                                | staff |

use actix_web::http::Method;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    actors::settings::ChangeSynonyms,
    domain::{
        ids::ShopId,
        settings::{self, SYNONYM_GROUPS_MAX, SYNONYM_LETTERS_MAX, SYNONYMS_MAX},
    },
    http::{
        access::Staff,
        answer::{Answer, Page},
        call::Call,
        fields::{Body, Fields, list, text},
        limits::Class,
        table::{Operation, op},
        views::{MessageView, Time},
    },
    shop::Shop,
};

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    use Class::{Reads, Writes};
    let (synonyms, misses) = ("/v1/search/synonyms", "/v1/search/misses");
    vec![
        op(Method::GET, synonyms, Reads, "Show which words mean the same", show_synonyms),
        op(Method::PUT, synonyms, Writes, "Say which words mean the same", change_synonyms)
            .takes_bytes(BODY_BYTES_MAX),
        op(Method::GET, misses, Reads, "List searches without results", list_misses),
        op(Method::DELETE, misses, Writes, "Forget searches without results", forget_misses),
    ]
}

async fn show_synonyms(shop: Shop, _: Staff, _: Call) -> Answer<SynonymsView> {
    let settings = shop.reader.get::<settings::Shop>(ShopId::default())?.state;
    Ok(SynonymsView { groups: settings.synonyms.clone() })
}

async fn change_synonyms(shop: Shop, who: Staff, call: Call<SynonymsBody>) -> Answer<SynonymsView> {
    let change = ChangeSynonyms { synonyms: call.body.groups };
    let changed = shop.desks.settings.ask(change, shop.intent(who.as_cause())).await?;
    Ok(SynonymsView { groups: changed.synonyms.clone() })
}

async fn list_misses(shop: Shop, _: Staff, _: Call) -> Answer<Page<MissView>> {
    let misses = shop.misses.list().into_iter();
    let views = misses.map(|miss| MissView {
        text: miss.text,
        count: miss.times,
        last_day: Time(miss.day),
    });
    Ok(Page::whole(views.collect()))
}

async fn forget_misses(shop: Shop, _: Staff, _: Call) -> Answer<MessageView> {
    shop.misses.clear();
    Ok(MessageView { message: "Searches without results are forgotten" })
}

struct SynonymsBody {
    groups: Vec<Vec<String>>,
}

impl Body for SynonymsBody {
    fn read(fields: &mut Fields<'_>) -> SynonymsBody {
        let group = list(text(1, SYNONYM_LETTERS_MAX), 2, SYNONYMS_MAX);
        SynonymsBody { groups: fields.required("groups", list(group, 0, SYNONYM_GROUPS_MAX)) }
    }
}

/// Groups of words; those of one group mean the same.
#[derive(Serialize, JsonSchema)]
struct SynonymsView {
    groups: Vec<Vec<String>>,
}

/// Words that found nothing.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MissView {
    text: String,
    count: u64,
    /// The beginning of the day they were last looked for.
    last_day: Time,
}

/// All groups full of the longest words, each letter written as `\uXXXX`.
const BODY_BYTES_MAX: usize = 4 << 20;
