//! Links: whatever a page leads to is there, for a visitor, a customer, and staff.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::support::{
    Bodega, Person,
    wares::{VISA, order},
};

/// The paths a page leads to or loads, as a browser reads them; not what is elsewhere.
fn led_to_by(page: &str) -> BTreeSet<String> {
    ["href=\"", "src=\""]
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(|target| target.starts_with('/') || target.starts_with('?'))
        .filter_map(|target| target.split('#').next())
        .map(|target| target.replace("&amp;", "&"))
        .collect()
}

/// Follows every link from here on, and tells how many there were. One page of each kind is
/// enough: what differs in a query or an id alone is asked for a few times.
async fn follows_all(who: &Person, start: &str) -> usize {
    let mut ahead = VecDeque::from([(String::new(), start.to_owned())]);
    let (mut seen, mut of_a_kind) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
    while let Some((from, path)) = ahead.pop_front() {
        let page = who.opens(&path).header("accept", "text/html").await;
        assert!(page.status < 400, "{from} leads to {path}: {} {}", page.status, page.text());
        if !page.header("content-type").starts_with("text/html") {
            continue;
        }
        let here = path.split('?').next().unwrap_or_default();
        for target in led_to_by(page.text()) {
            let target = if target.starts_with('?') { format!("{here}{target}") } else { target };
            let kind = target.split('?').next().unwrap_or_default();
            let kind: String = kind.split_inclusive('/').take(KIND_PARTS).collect();
            let count = of_a_kind.entry(kind).or_default();
            if *count < OF_A_KIND_MAX && seen.insert(target.clone()) {
                *count += 1;
                ahead.push_back((path.clone(), target));
            }
        }
    }
    seen.len()
}

#[actix_web::test]
async fn every_link_leads_somewhere() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = bodega.manager().await.adds_product("Green tea", "3.99", 10).await;
    let home = ada.has_address().await;
    ada.post("/v1/orders", order(&home, &tea, 1, VISA)).await.data();
    ada.puts_in_cart(&tea, 2).await.data();
    for (who, start, links_min) in [
        (&bodega.visitor(), "/", 12),
        (&ada, "/", 12),
        (&ada, "/account", 12),
        (&ada, "/cart", 12),
        (&owner, "/admin", 30),
    ] {
        let links = follows_all(who, start).await;
        assert!(links >= links_min, "only {links} links from {start}");
    }
}

/// Parts of a path that tell what kind of page it is: `/`, `admin/`, `orders/`, and what is shown.
const KIND_PARTS: usize = 4;
const OF_A_KIND_MAX: usize = 12;
