//! Search: finds products by words, and suggests what a half-typed text may become.
//!
//! | Method | Path                        | Does                                 | Who    |
//! |--------|-----------------------------|--------------------------------------|--------|
//! | GET    | /v1/product/searchproducts  | finds products by words and filters  | public |
//! | GET    | /v1/product/suggest         | suggests up to ten things to look at | public |

mod asked;
mod owner;
mod shown;

use std::{sync::Arc, time::Duration};

use actix_web::http::Method;

use self::{
    asked::{SearchQuery, SuggestQuery},
    shown::{FoundProducts, SuggestionView},
};
use super::{
    access::Public,
    answer::{Answer, Page},
    call::CallAsking,
    limits::Class,
    problem::Problem,
    table::{Operation, op},
};
use crate::{
    search::{Filters, SearchAnswer, SearchFault, SearchRequest},
    shop::Shop,
};

pub use asked::SearchFields;
pub use shown::Positioned;

/// The operations of this page.
pub fn operations() -> Vec<Operation<Shop>> {
    let get = Method::GET;
    let mut all = vec![
        op(
            get.clone(),
            "/v1/product/searchproducts",
            Class::Reads,
            "Find products by words",
            search_products,
        ),
        op(get, "/v1/product/suggest", Class::Reads, "Suggest what to look for", suggest_products),
    ];
    all.extend(owner::operations());
    all
}

async fn search_products(
    shop: Shop,
    _: Public,
    call: CallAsking<SearchQuery>,
) -> Answer<Positioned<FoundProducts>> {
    let query = call.query;
    keep_up(&shop, query.since).await;
    let request = query.fields.request(&shop, query.text, &query.paging, query.facets)?;
    // What is known now is in the answer, and perhaps more.
    let position = shop.search.position();
    let found = find(&shop, &request)?;
    let answer = FoundProducts::of(&shop, &found, &request, query.paging.limit)?;
    Ok(Positioned { position, answer })
}

/// Finds products, and notes what somebody looks for in vain.
///
/// # Errors
/// 503, while the index cannot be read.
pub fn find(shop: &Shop, request: &SearchRequest) -> Answer<Arc<SearchAnswer>> {
    let found = shop.search.query(request).map_err(unreadable)?;
    let is_miss = found.total == 0 && request.after.is_none();
    if is_miss && request.filters == Filters::default() {
        shop.misses.note(&request.text, shop.clock.now());
    }
    Ok(found)
}

async fn suggest_products(
    shop: Shop,
    _: Public,
    call: CallAsking<SuggestQuery>,
) -> Answer<Page<SuggestionView>> {
    let suggested = shop.search.suggest(&call.query.text).map_err(unreadable)?;
    shown::suggestions(&shop, &suggested).map(Page::whole)
}

/// Waits until search knows what a client has just written, but not for ever: the answer says
/// in `X-Position` how far it came.
async fn keep_up(shop: &Shop, since: Option<u64>) {
    let Some(since) = since else { return };
    // What nobody has written yet is not waited for.
    let position = since.min(shop.store().health().seq);
    if position <= shop.search.position() {
        return;
    }
    let known = async {
        shop.search.knows_most(position).await;
        let whole = shop.search.knows(position);
        let _may_be_too_large = tokio::time::timeout(LARGE_WAIT_MAX, whole).await;
    };
    let _may_be_too_slow = tokio::time::timeout(WAIT_MAX, known).await;
}

/// The index cannot be read; meanwhile it is made again.
pub fn unreadable(fault: SearchFault) -> Problem {
    tracing::error!(%fault, "a search failed");
    Problem::busy("search is being made ready; try again soon")
}

/// How long a search waits for `?since=`.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// How long, of that, for the products of a large category that changed.
const LARGE_WAIT_MAX: Duration = Duration::from_millis(200);
