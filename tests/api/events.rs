//! Events: listed, and told as they happen to whoever may see them.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    Bodega, Person,
    listener::Heard,
    wares::{VISA, id, text},
};

/// Every page of a list of events.
async fn all_events(admin: &Person, query: &str) -> Vec<Value> {
    let (mut events, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/v1/events?limit=7{query}{cursor}")).await.json();
        let items = page["data"].as_array().expect("a list").clone();
        assert!(items.len() <= 7);
        events.extend(items);
        match page["page"]["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return events,
        }
    }
}

fn types_of(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| text(&event["type"])).collect()
}

fn ids_of<'a>(events: impl IntoIterator<Item = &'a Value>) -> Vec<&'a str> {
    events.into_iter().map(id).collect()
}

fn datas(heard: &[Heard]) -> Vec<&Value> {
    heard.iter().map(|heard| &heard.data).collect()
}

#[actix_web::test]
async fn everything_that_happened_is_listed_in_its_order() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "3.99", 10).await;
    ada.puts_in_cart(&tea, 2).await.data();
    let order = ada.buys(&tea, 1).await;
    let events = all_events(&owner, "").await;
    let types = types_of(&events);
    let begun = ["shop.opened", "customer.registered", "customer.registered"];
    assert_eq!(types[..3], begun);
    let placed = types.iter().position(|name| *name == "order.placed").expect("placed");
    let paid = types.iter().position(|name| *name == "order.paid").expect("paid");
    let sold = events.iter().position(|event| event["data"]["movement"] == "sold");
    assert!(placed < sold.expect("sold") && placed < paid, "{types:?}");
    let positions: Vec<u64> =
        events.iter().map(|event| event["position"].as_u64().expect("a position")).collect();
    assert!(positions.is_sorted(), "{positions:?}");
    let distinct: BTreeSet<&str> = ids_of(&events).into_iter().collect();
    assert_eq!(distinct.len(), events.len(), "each has an id of its own");

    let paid = &events[paid];
    assert_eq!(paid["data"]["orderId"], order["id"]);
    assert_eq!(paid["data"]["number"], order["number"]);
    assert_eq!(paid["data"]["userId"], json!(ada.id));
    assert_eq!(paid["data"]["amountCaptured"].to_string(), order["totalPrice"].to_string());
    let orders = all_events(&owner, "&types=order.*,cart.item_changed").await;
    let wanted: Vec<&Value> = events
        .iter()
        .filter(|event| {
            let name = text(&event["type"]);
            name.starts_with("order.") || name == "cart.item_changed"
        })
        .collect();
    assert_eq!(orders.iter().collect::<Vec<_>>(), wanted);
    let behind = positions[positions.len() / 2];
    let later = all_events(&owner, &format!("&after={behind}")).await;
    let wanted: Vec<&Value> =
        events.iter().filter(|event| event["position"].as_u64() > Some(behind)).collect();
    assert_eq!(later.iter().collect::<Vec<_>>(), wanted);

    let bodega = bodega.reopened();
    let owner = Person { address: bodega.address, ..owner };
    let again = all_events(&owner, "").await;
    assert_eq!(again[..events.len()], events, "they are the same after a restart");
}

#[actix_web::test]
async fn what_is_asked_for_in_a_wrong_way_is_refused_by_name() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let faults = owner.get("/v1/events?types=order.eaten").await.faults();
    assert_eq!(faults, [("/types/0".to_owned(), "not_a_choice".to_owned())]);
    let faults = owner.get("/v1/events?after=-1").await.faults();
    assert_eq!(faults, [("/after".to_owned(), "too_small".to_owned())]);
    owner.get("/v1/events?cursor=AAAA").await.refused(400, "invalid_cursor");
    let end = owner.get("/v1/events?after=9223372036854775807").await.json();
    assert_eq!((&end["data"], &end["page"]["hasMore"]), (&json!([]), &json!(false)));
    let stream = owner.get("/v1/events/stream").header("last-event-id", "yesterday");
    stream.await.refused(400, "invalid_last_event_id");
    let nothing = bodega.visitor().get("/v1/events/stream").await;
    nothing.refused(401, "authentication_required");
}

#[actix_web::test]
async fn customers_see_their_own_cart_and_orders_on_every_device_and_nothing_foreign() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let (ada, bob) = (bodega.customer("ada").await, bodega.customer("bob").await);
    let tea = owner.adds_product("Tea", "3.99", 10).await;
    let (mut phone, mut desktop) = (ada.listens("").await, ada.listens("").await);
    let mut bobs = bob.listens("").await;
    let mut staff = owner.listens("?types=order.*,cart.*").await;
    ada.puts_in_cart(&tea, 2).await.data();
    let order = ada.buys(&tea, 1).await;
    bob.puts_in_cart(&tea, 3).await.data();

    let on_phone = phone.hears_until("order.paid").await;
    assert_eq!(on_phone[0].event, "cart.item_changed");
    assert_eq!(on_phone[0].data["data"]["quantity"], 2);
    assert_eq!(on_phone[0].data["data"]["productId"], tea["id"]);
    let names: Vec<&str> = on_phone.iter().map(|heard| heard.event.as_str()).collect();
    assert_eq!(names, ["cart.item_changed", "order.placed", "order.paid"]);
    assert_eq!(on_phone[2].data["data"]["orderId"], order["id"]);
    assert_eq!(desktop.hears_until("order.paid").await, on_phone);
    let first_of_bob = bobs.hears().await;
    assert_eq!(first_of_bob.data["data"]["userId"], json!(bob.id), "nothing before was his");
    let heard = staff.hears_until("order.paid").await;
    let next = staff.hears().await;
    assert_eq!(datas(&heard), datas(&on_phone));
    assert_eq!(next.data, first_of_bob.data);
    let listed = all_events(&owner, "&types=order.*,cart.*").await;
    let told: Vec<&Value> = datas(&heard).into_iter().chain([&next.data]).collect();
    assert_eq!(listed.iter().collect::<Vec<_>>(), told, "the list and the stream say the same");
}

#[actix_web::test]
async fn anybody_sees_how_much_is_left_of_what_they_name_and_not_why() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "3.99", 10).await;
    let coffee = owner.adds_product("Coffee", "4.99", 10).await;
    let mut visitor = bodega.visitor().listens(&format!("?products={}", id(&tea))).await;
    ada.buys(&coffee, 1).await;
    ada.buys(&tea, 4).await;
    let mut seen = Vec::new();
    while seen.last() != Some(&json!(6)) {
        let heard = visitor.hears().await;
        assert_eq!(heard.event, "stock.changed");
        let data = heard.data["data"].as_object().expect("an object");
        let fields: Vec<&str> = data.keys().map(String::as_str).collect();
        assert_eq!(fields, ["available", "productId", "sku", "variantId"]);
        assert_eq!(data["productId"], tea["id"], "coffee was not asked for");
        seen.push(data["available"].clone());
    }
}

#[actix_web::test]
async fn whoever_comes_back_misses_nothing_and_is_told_nothing_twice() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "3.99", 100).await;
    let to = ada.has_address().await;
    let mut told = Vec::new();
    let mut last_id = None;
    for round in 0..6 {
        // In turn before and after the connection breaks.
        let mut listener = ada.listens_after("", last_id.as_deref()).await;
        ada.orders(&to, &tea, 1, VISA).await.data();
        if round % 2 == 0 {
            told.extend(listener.hears_until("order.paid").await);
        }
        last_id = Some(listener.last_id.clone());
    }
    let mut listener = ada.listens_after("", last_id.as_deref()).await;
    ada.delete("/v1/cart/clearcart").await.data();
    ada.puts_in_cart(&tea, 1).await.data();
    told.extend(listener.hears_until("cart.item_changed").await);
    let listed = all_events(&owner, "&types=order.*,cart.*").await;
    assert_eq!(ids_of(datas(&told)), ids_of(&listed));

    // From the very beginning, for somebody who sees everything.
    let mut staff = owner.listens_after("", Some("0")).await;
    let all = all_events(&owner, "").await;
    for event in &all {
        assert_eq!(&staff.hears().await.data, event);
    }
    // A position that is not there yet: from now on.
    let mut ahead = ada.listens_after("", Some("999999999")).await;
    ada.puts_in_cart(&tea, 1).await.data();
    assert_eq!(ahead.hears().await.data["data"]["quantity"], 2);
}

#[actix_web::test]
async fn a_stream_ends_with_the_right_to_it() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "3.99", 100).await;
    let mut adas = ada.listens("").await;
    ada.puts_in_cart(&tea, 1).await.data();
    ada.post("/v1/auth/signout", json!({})).await.data();
    assert_eq!(adas.hears().await.event, "cart.item_changed");
    assert_eq!(adas.hears_or_ends().await, None, "signed out");

    let manager = bodega.manager().await;
    let mut managers = manager.listens("?types=customer.*").await;
    let role = format!("/v1/users/{}/role", manager.id);
    owner.patch(&role, json!({ "role": "CUSTOMER" })).await.data();
    assert_eq!(managers.hears_or_ends().await, None, "staff no more");

    let wish = json!({ "name": "follower", "scopes": ["events:read"] });
    let key = owner.post("/v1/api-keys", wish).await.data();
    let program = Person { access: key["secret"].as_str().map(str::to_owned), ..bodega.visitor() };
    let mut programs = program.listens("?types=api_key.*,product.*").await;
    owner.adds_product("Coffee", "4.99", 1).await;
    assert_eq!(programs.hears().await.event, "product.added");
    owner.delete(&format!("/v1/api-keys/{}", id(&key))).await.data();
    assert_eq!(programs.hears_or_ends().await, None, "the key was revoked");
    program.get("/v1/events/stream").await.refused(401, "authentication_required");
}

#[actix_web::test]
async fn a_stream_ends_when_the_time_of_its_key_is_over() {
    let bodega = Bodega::with_stopped_clock();
    let owner = bodega.owner().await;
    let soon = bodega.shop.clock.now().millis() + 60_000;
    let soon = jiff::Timestamp::from_millisecond(soon).expect("a moment").to_string();
    let wish = json!({ "name": "short", "scopes": ["events:read"], "expiresAt": soon });
    let key = owner.post("/v1/api-keys", wish).await.data();
    let program = Person { access: key["secret"].as_str().map(str::to_owned), ..bodega.visitor() };
    let mut programs = program.listens("?types=product.*").await;
    bodega.shop.clock.advance(Duration::from_secs(61));
    // No event tells of it: it is noticed when the stream would say that nothing happened.
    assert_eq!(programs.hears_or_ends().await, None);
}

#[actix_web::test]
async fn a_stream_that_is_never_quiet_ends_when_the_time_of_its_key_is_over() {
    let bodega = Bodega::with_stopped_clock();
    let owner = bodega.owner().await;
    let soon = bodega.shop.clock.now().millis() + 60_000;
    let soon = jiff::Timestamp::from_millisecond(soon).expect("a moment").to_string();
    let wish = json!({ "name": "short", "scopes": ["events:read"], "expiresAt": soon });
    let key = owner.post("/v1/api-keys", wish).await.data();
    let program = Person { access: key["secret"].as_str().map(str::to_owned), ..bodega.visitor() };
    let mut programs = program.listens("?types=product.*").await;
    owner.adds_product("Tea", "3.99", 1).await;
    assert_eq!(programs.hears().await.event, "product.added");
    bodega.shop.clock.advance(Duration::from_secs(61));
    owner.adds_product("Coffee", "4.99", 1).await;
    assert_eq!(programs.hears_or_ends().await, None, "what happened later is not theirs");
}

#[actix_web::test]
async fn a_thousand_listen_and_each_hears_what_is_theirs() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "3.99", 100).await;
    let coffee = owner.adds_product("Coffee", "4.99", 100).await;
    let client = reqwest::Client::builder().build().expect("a client");
    let mut listeners = Vec::new();
    for number in 0..LISTENERS {
        let product = if number % 2 == 0 { &tea } else { &coffee };
        let query = format!("?products={}", id(product));
        listeners.push(bodega.visitor().listens_with(&client, &query, None).await);
    }
    assert_eq!(bodega.shop.live.listening(), LISTENERS);
    ada.buys(&tea, 1).await;
    ada.buys(&coffee, 2).await;
    for (number, listener) in listeners.iter_mut().enumerate() {
        let (product, left) = if number % 2 == 0 { (&tea, 99) } else { (&coffee, 98) };
        loop {
            let heard = listener.hears().await;
            assert_eq!(heard.data["data"]["productId"], product["id"]);
            if heard.data["data"]["available"] == left {
                break;
            }
        }
    }
    let numbers = owner.get("/metrics").await;
    let told = format!("bodega_event_stream_clients {LISTENERS}");
    assert!(numbers.text().contains(&told), "{}", numbers.text());
}

#[actix_web::test]
async fn a_thousand_come_back_and_miss_nothing_and_see_nothing_foreign() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let tea = owner.adds_product("Tea", "3.99", 100_000).await;
    let client = reqwest::Client::builder().build().expect("a client");
    let mut homes = Vec::new();
    for number in 0..CUSTOMERS {
        let customer = bodega.customer(&format!("customer{number}")).await;
        let mut devices = Vec::new();
        for _ in 0..DEVICES {
            devices.push((Some(customer.listens_with(&client, "", None).await), Vec::new()));
        }
        homes.push((customer, devices));
    }
    assert_eq!(bodega.shop.live.listening(), LISTENERS);
    for round in 0..ROUNDS {
        // A third of all devices is away while something happens, in each round another one.
        let is_away = |device: usize| device % 3 == round % 3;
        let mut last_ids = Vec::new();
        for (customer, devices) in &mut homes {
            for (device, (listener, _)) in devices.iter_mut().enumerate() {
                let gone = if is_away(device) { listener.take() } else { None };
                last_ids.extend(gone.map(|listener| listener.last_id));
            }
            customer.puts_in_cart(&tea, 1).await.data();
        }
        let mut last_ids = last_ids.into_iter();
        for (customer, devices) in &mut homes {
            for (listener, heard) in devices.iter_mut() {
                if listener.is_none() {
                    let last_id = last_ids.next();
                    let back = customer.listens_with(&client, "", last_id.as_deref()).await;
                    *listener = Some(back);
                }
                heard.push(listener.as_mut().expect("one who listens").hears().await.data);
            }
        }
    }
    let all = all_events(&owner, "&types=cart.*").await;
    for (customer, devices) in &homes {
        let is_theirs = |event: &&Value| event["data"]["userId"] == json!(customer.id);
        let theirs: Vec<&Value> = all.iter().filter(is_theirs).collect();
        assert_eq!(theirs.len(), ROUNDS);
        for (_, heard) in devices {
            assert_eq!(heard.iter().collect::<Vec<_>>(), theirs);
        }
    }
}

#[actix_web::test]
async fn a_client_that_stops_reading_harms_nobody_and_loses_its_place() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "3.99", 1_000).await;
    let stalled = stalling(&owner);
    let mut healthy = owner.listens("?types=cart.*").await;
    assert_eq!(bodega.shop.live.listening(), 2);
    let gone = async {
        while bodega.shop.live.listening() == 2 {
            ada.puts_in_cart(&tea, 1).await.data();
            assert_eq!(healthy.hears().await.event, "cart.item_changed");
            ada.delete("/v1/cart/clearcart").await.data();
            assert_eq!(healthy.hears().await.event, "cart.cleared");
        }
    };
    tokio::time::timeout(PATIENT, gone).await.expect("let go in time");
    drop(stalled);
}

/// A connection of somebody who follows everything, and reads nothing of it.
fn stalling(who: &Person) -> std::net::TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
    let socket = socket.expect("a socket");
    // Little lies in the system's hands on its behalf.
    socket.set_recv_buffer_size(RECEIVED_BYTES_MAX).expect("a socket");
    socket.connect(&who.address.into()).expect("the shop listens");
    let mut stream = std::net::TcpStream::from(socket);
    let token = who.access.as_deref().expect("a token");
    let asked = format!(
        "GET /v1/events/stream?after=0 HTTP/1.1\r\nhost: shop\r\n\
         authorization: Bearer {token}\r\n\r\n"
    );
    std::io::Write::write_all(&mut stream, asked.as_bytes()).expect("the shop listens");
    let mut first = [0; 12];
    std::io::Read::read_exact(&mut stream, &mut first).expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    stream
}

const LISTENERS: usize = 1_000;
const CUSTOMERS: usize = 100;
const DEVICES: usize = LISTENERS / CUSTOMERS;
/// So often something happens to each customer.
const ROUNDS: usize = 4;
const RECEIVED_BYTES_MAX: usize = 4_096;
/// A test that waits for longer has failed.
const PATIENT: Duration = Duration::from_secs(60);
