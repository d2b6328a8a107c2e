//! Pages: what a browser is given, what it may send, and what becomes of a form that comes too
//! late, twice, or from elsewhere.

use actix_web::http::Method;
use bodega::{
    config::Gateway,
    http::{call::Form, table::Operation, wiring},
    shop::Shop,
};

use crate::support::{
    Bodega,
    people::PASSWORD,
    wares::{id, text},
    wire::NOBODYS,
};

#[actix_web::test]
async fn a_page_is_html_under_a_strict_policy_and_a_problem_is_one_too() {
    let bodega = Bodega::open();
    bodega.manager().await.adds_product("Green tea", "3.99", 10).await;
    let visitor = bodega.visitor();
    for (path, status) in [("/", 200), ("/product/green-tea", 200), ("/product/none", 404)] {
        let page = visitor.opens(path).await;
        assert_eq!(page.status, status, "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("cache-control"), "private, no-cache", "{path}");
        assert_eq!(page.header("set-cookie"), "", "{path}: nobody is given a cookie for looking");
    }
    let nothing = visitor.opens("/nothing-here").header("accept", "text/html").await;
    assert_eq!(nothing.status, 404);
    assert!(nothing.text().contains("We cannot find that page"));
    let program = visitor.get("/nothing-here").await;
    program.refused(404, "not_found");
}

#[actix_web::test]
async fn assets_are_kept_for_ever_under_an_address_of_their_content() {
    let bodega = Bodega::open();
    let page = bodega.visitor().opens("/").await;
    let addresses = page.text().split("href=\"").filter_map(|rest| rest.split('"').next());
    let assets: Vec<&str> = addresses.filter(|path| path.starts_with("/assets/")).collect();
    let path = assets.iter().find(|path| path.ends_with("/shop.css")).expect("a style");
    let small = assets.iter().find(|path| path.ends_with(".svg")).expect("a drawing");
    let small = bodega.visitor().get(small).header("accept-encoding", "br").await;
    assert_eq!(small.header("content-encoding"), "br", "however small it is");
    for (accepts, coding) in [("br, gzip", "br"), ("gzip", "gzip"), ("identity", "")] {
        let asset = bodega.visitor().get(path).header("accept-encoding", accepts).await;
        assert_eq!(asset.status, 200, "{path}");
        assert_eq!(asset.header("content-encoding"), coding);
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
    }
    let old = bodega.visitor().get("/assets/0123456789abcdef/shop.css").await;
    assert_eq!((old.status, old.header("cache-control")), (200, "no-cache"));
    bodega.visitor().get("/assets/0123456789abcdef/none.css").await.refused(404, "not_found");
}

#[actix_web::test]
async fn signing_in_on_a_page_opens_a_session_of_the_api_and_signing_out_ends_it() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let form = [("email", ada.email.as_str()), ("password", PASSWORD), ("then", "/product/x?a=b")];
    let signed_in = bodega.visitor().sends("/sign-in", &form).await;
    assert_eq!((signed_in.status, signed_in.header("location")), (303, "/product/x?a=b"));
    let cookie = signed_in.header("set-cookie");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000"), "{cookie}");
    let (_, rest) = cookie.split_once('=').expect("a cookie");
    let (value, _) = rest.split_once(';').expect("a cookie");
    let mut browser = bodega.visitor();
    browser.cookie = Some(value.to_owned());
    assert!(browser.opens("/").await.text().contains("Account</span>"));
    assert_eq!(ada.get("/v1/auth/sessions").await.data().as_array().expect("a list").len(), 2);

    let gone = browser.sends("/sign-out", &[]).await;
    assert_eq!((gone.status, gone.header("location")), (303, "/"));
    assert!(gone.header("set-cookie").contains("Max-Age=0"));
    assert!(browser.opens("/").await.text().contains("Sign in</span>"));
    assert_eq!(ada.get("/v1/auth/sessions").await.data().as_array().expect("a list").len(), 1);
}

#[actix_web::test]
async fn a_wrong_password_is_said_beside_the_email_that_was_typed() {
    let bodega = Bodega::open();
    let form = [("email", "ada@example.com"), ("password", "wrong horse")];
    let refused = bodega.visitor().sends("/sign-in", &form).await;
    assert_eq!(refused.status, 401);
    assert!(refused.text().contains("value=\"ada@example.com\""));
    assert!(!refused.text().contains("wrong horse"), "a password is never shown again");
    let faulty = bodega.visitor().sends("/sign-in", &[("email", "no-email")]).await;
    assert_eq!(faulty.status, 400);
    assert!(faulty.text().contains("Is not an email address."));
    assert!(faulty.text().contains("aria-describedby=\"password-error\""));
}

#[actix_web::test]
async fn a_form_from_elsewhere_changes_nothing() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let cookie = format!("bodega-session={}", ada.cookie.as_deref().expect("a cookie"));
    let token_of_bob = {
        let bob = bodega.customer("bob").await;
        let sent = bob.sends("/sign-out", &[]).body.expect("a form");
        String::from_utf8(sent.to_vec()).expect("text")
    };
    for form in ["", "csrf=", "csrf=AAAA", &token_of_bob] {
        let mut ask = ada.opens("/sign-out");
        ask.method = Method::POST;
        let ask = ask.bytes("application/x-www-form-urlencoded", form.to_owned());
        let refused = ask.await;
        assert_eq!(refused.status, 403, "{form}");
        assert!(refused.text().contains("nothing was changed") || form.is_empty(), "{form}");
    }
    let forged = ada.sends("/sign-out", &[]).header("origin", "https://evil.example").await;
    assert_eq!(forged.status, 403);
    assert!(!forged.text().contains("Send it again"), "a stranger's form is not offered");
    let own = ada.sends("/sign-out", &[]).header("sec-fetch-site", "cross-site").await;
    assert_eq!(own.status, 403);
    let profile = ada.get("/v1/auth/getprofile").await.data();
    assert_eq!(text(&profile["username"]), "ada", "she is signed in as before: {cookie}");
    let json = ada.sends("/sign-out", &[]).header("content-type", "application/json");
    let mut json = json;
    json.headers.retain(|(_, value)| value != "application/x-www-form-urlencoded");
    assert_eq!(json.await.status, 415);
}

#[actix_web::test]
async fn a_cookie_opens_no_door_of_the_api() {
    let bodega = Bodega::open();
    let ada = bodega.customer("ada").await;
    let refused = ada.opens("/v1/auth/getprofile").await;
    refused.refused(401, "authentication_required");
    let tampered = {
        let mut other = ada.clone();
        other.cookie = Some("AAAA".into());
        other
    };
    assert!(tampered.opens("/").await.text().contains("Sign in</span>"));
}

#[actix_web::test]
async fn somebody_elses_order_and_address_are_pages_that_are_not_there() {
    let bodega = Bodega::open();
    let (manager, ada, bob) =
        (bodega.manager().await, bodega.customer("ada").await, bodega.customer("bob").await);
    let tea = manager.adds_product("Tea", "3.99", 10).await;
    let order = ada.buys(&tea, 1).await;
    let (order, address) = (id(&order).to_owned(), text(&order["shippingAddressId"]).to_owned());
    assert_eq!(ada.opens(&format!("/orders/{order}")).await.status, 200);
    for who in [&bob, &bodega.owner().await] {
        for path in [format!("/orders/{order}"), format!("/orders/{order}/pay")] {
            assert_eq!(who.opens(&path).await.status, 404, "{path}");
        }
        for path in [
            format!("/orders/{order}/cancel"),
            format!("/orders/{order}/pay"),
            format!("/orders/{order}/again"),
            format!("/account/addresses/{address}/remove"),
            format!("/account/sessions/{}/end", ada.session),
        ] {
            assert_eq!(who.sends(&path, &[]).await.status, 404, "{path}");
        }
    }
    assert_eq!(ada.get(&format!("/v1/orders/{order}")).await.data()["status"], "PAID");
}

/// The form of a checkout, with what a test wants otherwise.
fn checkout<'a>(with: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![
        ("address", "new"),
        ("fullName", "Ada Lovelace"),
        ("phone", "1"),
        ("street", "Street 1"),
        ("city", "Town"),
        ("state", "State"),
        ("country", "Country"),
        ("postalCode", "1"),
        ("method", "card"),
        ("cardNumber", "4242 4242 4242 4242"),
        ("cardExpiry", "12/40"),
        ("cardCode", "123"),
        ("key", "one-form"),
    ];
    form.retain(|(name, _)| with.iter().all(|(other, _)| other != name));
    form.extend_from_slice(with);
    form
}

#[actix_web::test]
async fn a_checkout_that_is_sent_twice_is_one_order_and_one_charge() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.00", 10).await;
    ada.puts_in_cart(&tea, 2).await.data();
    let page = ada.opens("/checkout").await;
    assert!(page.text().contains("Order and pay $16.45"), "goods, tax and shipping to the cent");
    let form = checkout(&[("total", "1645")]);
    let (one, other) = tokio::join!(ada.sends("/checkout", &form), ada.sends("/checkout", &form));
    assert_eq!((one.status, other.status), (303, 303), "{} {}", one.text(), other.text());
    assert_eq!(one.header("location"), other.header("location"));
    let orders = ada.get("/v1/orders").await.data();
    let orders = orders.as_array().expect("a list");
    assert_eq!(orders.len(), 1);
    assert_eq!((&orders[0]["status"], &orders[0]["totalPrice"]), (&"PAID".into(), &16.45.into()));
    assert_eq!(manager.stock_of(&tea).await, (8, 0, 8));
    let placed = ada.opens(one.header("location")).await;
    assert!(placed.text().contains("Thank you"));
    let changed = checkout(&[("total", "1645"), ("city", "Elsewhere")]);
    assert_eq!(ada.sends("/checkout", &changed).await.status, 422, "the form was used already");
}

#[actix_web::test]
async fn a_declined_card_loses_nothing_that_was_typed_but_the_card() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.00", 10).await;
    ada.puts_in_cart(&tea, 2).await.data();
    let form = checkout(&[("total", "1645"), ("cardNumber", "4000 0000 0000 9995")]);
    let declined = ada.sends("/checkout", &form).await;
    assert_eq!(declined.status, 402);
    let page = declined.text();
    assert!(page.contains("role=\"alert\"") && page.contains("Nothing was charged."), "{page}");
    assert!(page.contains("Ada Lovelace") && !page.contains("9995\""));
    assert_eq!(ada.opens("/cart").await.text().matches("cart-line ").count(), 0);
    assert!(ada.opens("/cart").await.text().contains("$6.00"), "the cart is as it was");
    let addresses = ada.get("/v1/users-address/getuseraddresses").await.data();
    assert_eq!(addresses.as_array().expect("a list").len(), 1, "the address is kept once");

    let faulty = [("total", "1645"), ("cardExpiry", "soon"), ("cardCode", ""), ("key", "two")];
    let faulty = checkout(&faulty);
    let faulty = ada.sends("/checkout", &faulty).await;
    assert_eq!(faulty.status, 400);
    for field in ["cardExpiry-error", "cardCode-error"] {
        assert!(faulty.text().contains(field), "{field}");
    }
    let unwritten = [("total", "1645"), ("fullName", ""), ("city", " "), ("key", "three")];
    let unwritten = checkout(&unwritten);
    let unwritten = ada.sends("/checkout", &unwritten).await;
    assert_eq!(unwritten.status, 400);
    assert!(unwritten.text().contains("fullName-error"));
    let cheaper = checkout(&[("total", "1"), ("key", "four")]);
    let cheaper = ada.sends("/checkout", &cheaper).await;
    assert_eq!(cheaper.status, 409, "the shop's own price counts: {}", cheaper.text());
    assert_eq!(manager.stock_of(&tea).await, (10, 0, 10));
}

#[actix_web::test]
async fn a_form_whose_session_has_ended_is_kept_and_sent_again_after_signing_in() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let tea = manager.adds_product("Tea", "3.00", 10).await;
    ada.asks(Method::POST, "/v1/auth/signout").await.data();
    let form = [("productId", id(&tea)), ("quantity", "3"), ("password", "secret words")];
    let kept = ada.sends("/cart/add", &form).await;
    assert_eq!(kept.status, 401);
    assert!(kept.text().contains("name=\"again\" value=\"/cart/add\""));
    assert!(kept.text().contains("name=\"kept.quantity\" value=\"3\""));
    assert!(!kept.text().contains("secret words"), "a password is not kept");

    let form = [
        ("email", ada.email.as_str()),
        ("password", PASSWORD),
        ("again", "/cart/add"),
        ("kept.productId", id(&tea)),
        ("kept.quantity", "3"),
    ];
    let signed_in = bodega.visitor().sends("/sign-in", &form).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text());
    let page = signed_in.text();
    assert!(
        page.contains("action=\"/cart/add\"") && page.contains("name=\"quantity\" value=\"3\"")
    );
    let stranger = ada.sends("/cart/add", &[]).header("origin", "https://evil.example").await;
    assert!(!stranger.text().contains("kept."), "a stranger's form is not kept");
}

#[actix_web::test]
async fn a_script_in_any_field_is_shown_and_never_runs() {
    let bodega = Bodega::open();
    let (manager, ada) = (bodega.manager().await, bodega.customer("ada").await);
    let script = "\"'><script>alert(1)</script>";
    let tea = manager.adds_product(script, "3.00", 10).await;
    ada.puts_in_cart(&tea, 1).await.data();
    let lines: Vec<(&str, &str)> = ["fullName", "phone", "street", "city", "state", "country"]
        .iter()
        .map(|name| (*name, script))
        .chain([("postalCode", script)])
        .collect();
    assert_eq!(ada.sends("/account/addresses", &lines).await.status, 303);
    let address = ada.get("/v1/users-address/getuseraddresses").await.data()[0].clone();
    let form = checkout(&[("total", "1323"), ("address", id(&address))]);
    let order = ada.sends("/checkout", &form).await;
    assert_eq!(order.status, 303, "{}", order.text());
    let paths = [
        "/",
        &format!("/product/{}", text(&tea["slug"])),
        "/search?q=%3Cscript%3Ealert(1)%3C/script%3E&brand=%22%3E%3Cscript%3Ealert(1)",
        "/cart",
        "/cart/lines",
        "/account",
        "/account/addresses",
        &format!("/account/addresses?edit={}", id(&address)),
        order.header("location"),
    ]
    .map(str::to_owned);
    for path in paths {
        let page = ada.opens(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.text().contains("<script>alert"), "{path}");
    }
    let typed = bodega.visitor().sends("/register", &[("email", script), ("username", script)]);
    let typed = typed.await;
    assert!(typed.status == 400 && !typed.text().contains("<script>alert"));
}

#[actix_web::test]
async fn search_engines_find_every_page_that_is_for_them() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let tea = manager.adds_product("Green tea", "3.99", 10).await;
    bodega.shop.search.knows(bodega.shop.store().health().seq).await;
    let map = bodega.visitor().get("/sitemap.xml").await;
    assert_eq!(map.header("content-type"), "application/xml; charset=utf-8");
    assert!(map.text().contains("/sitemaps/products-1.xml</loc>"), "{}", map.text());
    assert!(bodega.visitor().get("/robots.txt").await.text().contains("/sitemap.xml"));
    let body = serde_json::json!({ "id": id(&tea), "name": "Sencha" });
    manager.patch("/v1/product/updateproduct", body).await.data();
    let moved = bodega.visitor().opens("/product/green-tea").await;
    assert_eq!((moved.status, moved.header("location")), (301, "/product/sencha"));
    let page = bodega.visitor().opens("/product/sencha?utm_source=a").await;
    assert!(
        page.text().contains("\"@type\": \"Product\"")
            || page.text().contains("\"@type\":\"Product\"")
    );
    assert!(page.text().contains("rel=\"canonical\""));
    let about = page.text().split_once("application/ld+json\">").expect("what engines read").1;
    let about = about.split("</script>").next().expect("its end");
    let about: serde_json::Value = serde_json::from_str(about).expect("JSON");
    let way = about[1]["itemListElement"].as_array().expect("a way");
    let names: Vec<&str> = way.iter().map(|step| text(&step["name"])).collect();
    assert_eq!(names, ["Home", "Sencha"]);
    assert!(text(&way[1]["item"]).ends_with("/product/sencha"), "{about}");
}

#[actix_web::test]
async fn an_account_is_made_used_and_deleted_on_pages() {
    let bodega = Bodega::open();
    let visitor = bodega.visitor();
    let form = [("username", "adalove"), ("email", "ada@example.com"), ("password", PASSWORD)];
    let made = visitor.sends("/register", &form).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let again = visitor.sends("/register", &form).await;
    assert_eq!(again.status, 409);
    assert!(again.text().contains("email-error"));
    let cookie = made.header("set-cookie").split(['=', ';']).nth(1).expect("a cookie").to_owned();
    let mut ada = bodega.visitor();
    ada.cookie = Some(cookie);
    for path in ["/account", "/account/orders", "/account/addresses", "/account/profile"] {
        assert_eq!(ada.opens(path).await.status, 200, "{path}");
    }
    let wrong = [("oldPassword", "not mine at all"), ("newPassword", "another long one")];
    let wrong = ada.sends("/account/password", &wrong).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains("oldPassword-error"), "{}", wrong.text());
    let unsure = ada.sends("/account/delete", &[]).await;
    assert_eq!(unsure.status, 400);
    assert_eq!(ada.sends("/account/delete", &[("sure", "true")]).await.status, 303);
    assert_eq!(ada.opens("/account").await.header("location"), "/sign-in?then=/account");
}

#[actix_web::test]
async fn a_visitor_who_chooses_something_finds_it_in_the_cart_of_the_account_they_make() {
    let bodega = Bodega::open();
    let manager = bodega.manager().await;
    let shirt = manager.adds_shirt("shirt").await;
    let variant = text(&shirt["variants"][1]["id"]);
    let visitor = bodega.visitor();
    let chosen = [("productId", id(&shirt)), ("variantId", variant), ("quantity", "3")];
    let asked = visitor.sends("/cart/add", &chosen).await;
    assert_eq!(asked.status, 401);
    assert!(asked.text().contains("formaction=\"/register\""), "{}", asked.text());
    let mut kept = vec![("again", "/cart/add"), ("kept.productId", id(&shirt))];
    kept.extend([("kept.variantId", variant), ("kept.quantity", "3")]);
    let with = |more: &[(&'static str, &'static str)]| {
        kept.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>()
    };
    let typed = [("email", "ada@example.com"), ("password", PASSWORD), ("step", "ask")];
    for (path, way_back) in [("/register", "/sign-in"), ("/sign-in", "/register")] {
        let page = visitor.sends(path, &with(&typed)).await;
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(page.text().contains("value=\"ada@example.com\""), "{path}");
        assert!(page.text().contains(&format!("formaction=\"{way_back}\"")), "{path}");
        assert!(!page.text().contains(PASSWORD) && !page.text().contains("role=\"alert\""));
        for (name, value) in &kept {
            let field = format!("name=\"{name}\" value=\"{value}\"");
            assert!(page.text().contains(&field), "{path}: {field}");
        }
    }
    let made = [("username", "adalove"), ("email", "ada@example.com"), ("password", PASSWORD)];
    let made = visitor.sends("/register", &with(&made)).await;
    assert_eq!(made.status, 200, "{}", made.text());
    assert!(made.text().contains("action=\"/cart/add\" method=\"post\" data-go-on"));
    let cookie = made.header("set-cookie").split(['=', ';']).nth(1).expect("a cookie").to_owned();
    let mut ada = bodega.visitor();
    ada.cookie = Some(cookie);
    assert_eq!(ada.sends("/cart/add", &chosen).await.header("location"), "/cart");
    let cart = ada.opens("/cart").await;
    assert!(cart.text().contains("value=\"3\""), "{}", cart.text());
}

#[actix_web::test]
async fn no_form_is_carried_out_with_the_token_of_another_page() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let before = bodega.shop.store().health().seq;
    let forms = wiring::operations(Gateway::Demo).into_iter();
    let forms: Vec<_> = forms.filter(|operation| operation.form == Form::Page).collect();
    assert!(forms.len() > 40, "{}", forms.len());
    for form in forms {
        let parts = form.path.split('/');
        let parts = parts.map(|part| if part.starts_with('{') { NOBODYS } else { part });
        let mut ask = owner.sends(&parts.collect::<Vec<_>>().join("/"), &[]);
        ask.body = Some("csrf=AAAA&name=x&act=save&sure=true&step=confirm".into());
        let refused = ask.await;
        assert_eq!(refused.status, 403, "{}: {}", form.path, refused.text());
        assert!(
            refused.text().contains("nothing was changed"),
            "{}: {}",
            form.path,
            refused.text()
        );
    }
    assert_eq!(bodega.shop.store().health().seq, before, "nothing was written");
}

#[actix_web::test]
async fn what_is_not_there_has_a_page_that_says_so_for_staff_and_customers() {
    let bodega = Bodega::open();
    let owner = bodega.owner().await;
    let before = bodega.shop.store().health().seq;
    let of_one = |operation: &Operation<Shop>| operation.is_page && operation.path.contains('{');
    for page in wiring::operations(Gateway::Demo).into_iter().filter(of_one) {
        let parts = page.path.split('/');
        let parts = parts.map(|part| if part.starts_with('{') { NOBODYS } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        let answer = match page.method {
            Method::GET => owner.opens(&path).await,
            _ => owner.sends(&path, &[("reason", "x"), ("name", "x"), ("status", "PAID")]).await,
        };
        // Taking away what is gone is granted.
        let is_granted = answer.status == 303 && page.path.contains("remove");
        assert!(is_granted || answer.status == 404, "{path}: {} {}", answer.status, answer.text());
    }
    assert_eq!(bodega.shop.store().health().seq, before, "nothing was written");
}

#[actix_web::test]
async fn times_on_pages_are_those_of_where_the_shop_is() {
    let bodega = Bodega::with(&[("shop.time_zone", "Pacific/Auckland")]);
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "3.00", 10).await;
    let order = ada.buys(&tea, 1).await;
    let placed: jiff::Timestamp = text(&order["createdAt"]).parse().expect("a moment");
    let there = placed.to_zoned(jiff::tz::TimeZone::get("Pacific/Auckland").expect("a zone"));
    let says = |as_what: &str| there.strftime(as_what).to_string();
    let own = ada.opens(&format!("/orders/{}", id(&order))).await;
    assert!(own.text().contains(&says("%-d %B %Y, %H:%M NZ")), "{}", own.text());
    let list = owner.opens("/admin/orders").await;
    assert!(list.text().contains(&says(">%-d %b %Y, %H:%M<")), "{}", list.text());
}

#[actix_web::test]
async fn what_the_shop_wrote_is_in_its_language_and_the_rest_of_a_page_in_english() {
    for language in ["ar", "en"] {
        let bodega = Bodega::with(&[("shop.language", language)]);
        let tea = bodega.manager().await.adds_product("Tea", "3.00", 10).await;
        let page = bodega.visitor().get(&format!("/product/{}", text(&tea["slug"]))).await;
        assert!(page.text().contains("<html lang=\"en\">"), "{}", page.text());
        let name = format!("<h1 lang=\"{language}\" dir=\"auto\">Tea</h1>");
        assert!(page.text().contains(&name), "{}", page.text());
    }
}

#[actix_web::test]
async fn what_has_gone_back_and_who_brings_it_stand_on_the_page_of_an_order() {
    let bodega = Bodega::open();
    let (owner, ada) = (bodega.owner().await, bodega.customer("ada").await);
    let tea = owner.adds_product("Tea", "3.00", 10).await;
    let order = ada.buys(&tea, 2).await;
    let path = format!("/orders/{}", id(&order));
    let before = ada.opens(&path).await;
    assert!(!before.text().contains("Gone back to you") && !before.text().contains("Parcel:"));
    let part = serde_json::json!({ "amount": "1.25", "reason": "a dent" });
    owner.post(&format!("/v1/orders/{}/refunds", id(&order)), part).await.data();
    let sent = serde_json::json!({
        "status": "SHIPPED", "carrier": "Parcel Post", "trackingNumber": "T-1",
    });
    owner.patch(&format!("/v1/orders/{}/status", id(&order)), sent).await.data();
    let page = ada.opens(&path).await;
    assert!(page.text().contains("Gone back to you: $1.25"), "{}", page.text());
    assert!(page.text().contains("Parcel: Parcel Post, T-1"), "{}", page.text());
    let staff = owner.opens(&format!("/admin/orders/{}", id(&order))).await;
    assert!(staff.text().contains("Parcel Post, T-1"), "{}", staff.text());
}
