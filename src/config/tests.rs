//! Settings: which layer wins, what is refused, and how all of it is told at once.

use std::{ffi::OsString, fs, os::unix::ffi::OsStringExt};

use super::*;

/// Runs a script of `file:`, `env:` and `flag:` lines; compares the settings named after `=>`
/// with what the listing shows of them, or all faults. `..` goes on with the line before.
#[track_caller]
fn check(script: &str) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("bodega.toml");
    let (mut file, mut variables) = (String::new(), Vec::new());
    let mut flags = Flags { config: Some(path.clone()), ..Flags::default() };
    let mut expected = Vec::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (kind, rest) = line.split_once(' ').expect("a kind and the rest");
        let pair = || rest.split_once('=').expect("a name and a value");
        match kind {
            "file:" => file += &format!("{rest}\n"),
            "env:" => variables.push((OsString::from(pair().0), OsString::from(pair().1))),
            "flag:" if pair().0 == "--listen" => flags.listen = Some(pair().1.to_owned()),
            "flag:" if pair().0 == "--data-dir" => flags.data_dir = Some(pair().1.to_owned()),
            "=>" => expected.push(rest.to_owned()),
            ".." => *expected.last_mut().expect("a line to go on with") += &format!(" {rest}"),
            _ => panic!("unknown line `{line}`"),
        }
    }
    fs::write(&path, file).expect("a settings file");
    let layers = Layers::gather(&flags, variables, Purpose::Shop);
    let told: Vec<String> = match Settings::from_layers(&layers) {
        Err(ConfigFaults(faults)) => faults.iter().map(Fault::to_string).collect(),
        Ok(_) => {
            let wanted = |line: &&str| {
                let key = |line: &str| line.split(' ').next().map(str::to_owned);
                expected.iter().any(|expected| key(expected) == key(line))
            };
            layers.listing().lines().filter(wanted).map(str::to_owned).collect()
        }
    };
    let file = format!("{}", path.display());
    let told: Vec<String> = told.iter().map(|line| line.replace(&file, "bodega.toml")).collect();
    assert_eq!(told, expected);
}

fn settings(file: &str, variables: &[(&str, &str)], purpose: Purpose) -> Settings {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("shop.toml");
    fs::write(&path, file).expect("a settings file");
    let flags = Flags { config: Some(path), ..Flags::default() };
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    Settings::from_layers(&Layers::gather(&flags, variables, purpose)).expect("sound settings")
}

#[test]
fn the_later_layer_wins() {
    check(
        r#"file: listen = "127.0.0.1:1"
           file: [payments]
           file: gateway = "demo"
           file: hold_minutes = 20
           env: BODEGA_LISTEN=127.0.0.1:2
           env: BODEGA_PAYMENTS__HOLD_MINUTES=30
           flag: --listen=127.0.0.1:3
           => listen = "127.0.0.1:3"  (--listen)
           => payments.gateway = "demo"  (bodega.toml)
           => payments.hold_minutes = "30"  (BODEGA_PAYMENTS__HOLD_MINUTES)
           => auth.refresh_days = "30"  (default)"#,
    );
}

#[test]
fn without_any_layer_the_shop_takes_no_test_money() {
    let shop = settings("", &[], Purpose::Shop);
    assert_eq!(shop.payments.gateway, Gateway::Manual);
    assert_eq!(shop.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(shop.shop.tax_rate.parts_per_million(), 75_000);
    assert_eq!(shop.shop.shipping_flat.to_string(), "10.00");
    assert_eq!(shop.http.workers, None);
    assert_eq!(shop.log.level, tracing::Level::INFO);
    assert!(shop.limits.enabled);
}

#[test]
fn only_the_demo_takes_test_money_unless_told_to() {
    assert_eq!(settings("", &[], Purpose::Demo).payments.gateway, Gateway::Demo);
    let told = [("BODEGA_PAYMENTS__GATEWAY", "manual")];
    assert_eq!(settings("", &told, Purpose::Demo).payments.gateway, Gateway::Manual);
    let told = [("BODEGA_PAYMENTS__GATEWAY", "demo")];
    assert_eq!(settings("", &told, Purpose::Shop).payments.gateway, Gateway::Demo);
}

#[test]
fn all_faults_are_told_at_once() {
    check(
        r#"file: [shop]
           file: currency = "XYZ"
           file: nmae = "Tea"
           file: [limits]
           file: reads_burst = 0
           env: BODEGA_PAYMENTS__GATEWAY=paypal
           env: BODEGA_SHOP_NAME=Tea
           env: BODEGA_AUTH__PASSWORD_MIN=many
           flag: --listen=localhost
           => shop.nmae (bodega.toml): no such setting; did you mean `shop.name`?
           => BODEGA_SHOP_NAME (environment): no such setting; did you mean `BODEGA_SHOP__NAME`?
           => listen = "localhost" (--listen):
           .. must be an IP address and a port, as `127.0.0.1:3000`
           => shop.currency = "XYZ" (bodega.toml):
           .. must be an ISO 4217 code, as `USD`, `JPY` or `KWD`
           => payments.gateway = "paypal" (BODEGA_PAYMENTS__GATEWAY):
           .. must be `stripe`, `manual` or `demo`
           => auth.password_min = "many" (BODEGA_AUTH__PASSWORD_MIN):
           .. must be a whole number from 8 to 128
           => limits.reads_burst = "0" (bodega.toml): must be a whole number from 1 to 1000000"#,
    );
}

#[test]
fn a_forgotten_or_misspelt_section_is_pointed_out() {
    check(
        r#"file: tax_rate = "0.19"
           file: [payment]
           file: gateway = "demo"
           file: [mailing]
           file: [shop.name]
           file: first = "Tea"
           => mailing (bodega.toml): no such setting
           => payment.gateway (bodega.toml): no such setting; did you mean `payments.gateway`?
           => shop.name.first (bodega.toml): no such setting
           => tax_rate (bodega.toml): no such setting; did you mean `shop.tax_rate`?"#,
    );
}

#[test]
fn an_empty_section_is_no_fault() {
    check("file: [shop]\n=> shop.name = \"Bodega\"  (default)");
}

#[test]
fn variables_of_others_are_none_of_ours() {
    check(
        "env: BODEGAS=1
         env: PATH=/bin
         env: BODEGA_CONFIG=elsewhere.toml
         env: BODEGA_=
         env: BODEGA_shop__name=Tea
         => BODEGA_ (environment): no such setting
         => BODEGA_shop__name (environment): no such setting; did you mean `BODEGA_SHOP__NAME`?",
    );
}

#[test]
fn numbers_may_be_written_as_numbers_or_as_text() {
    let shop = settings(
        "[shop]\ntax_rate = 0.19\nshipping_flat = 4.5\n[limits]\nenabled = false\n\
         [http]\nworkers = \"2\"",
        &[("BODEGA_HTTP__TRUSTED_HOPS", "1")],
        Purpose::Shop,
    );
    assert_eq!(shop.shop.tax_rate.parts_per_million(), 190_000);
    assert_eq!(shop.shop.shipping_flat.to_string(), "4.50");
    assert!(!shop.limits.enabled);
    assert_eq!(shop.http.workers.map(NonZeroUsize::get), Some(2));
    assert_eq!(shop.http.trusted_hops, 1);
}

#[test]
fn shipping_has_the_decimals_of_the_currency() {
    check(
        r#"file: shop.currency = "JPY"
           file: shop.shipping_flat = "4.50"
           => shop.shipping_flat = "4.50" (bodega.toml):
           .. must be an amount of JPY, not negative, with at most its decimals"#,
    );
    check(
        r#"file: shop.shipping_flat = "-1"
           file: shop.tax_rate = "1.5"
           => shop.tax_rate = "1.5" (bodega.toml): must be a fraction from 0 to 1, as `0.075`
           => shop.shipping_flat = "-1" (bodega.toml):
           .. must be an amount of USD, not negative, with at most its decimals"#,
    );
}

#[test]
fn a_list_is_an_array_in_the_file_and_json_in_the_environment() {
    let origins = ["https://a.example".to_owned(), "http://[::1]:8080".to_owned()];
    let file = r#"http.cors_origins = ["https://A.example:443/", "http://[::1]:8080"]"#;
    assert_eq!(settings(file, &[], Purpose::Shop).http.cors_origins, origins);
    let json = r#"["https://a.example", "http://[::1]:8080"]"#;
    let variables = [("BODEGA_HTTP__CORS_ORIGINS", json)];
    assert_eq!(settings("", &variables, Purpose::Shop).http.cors_origins, origins);
}

#[test]
fn a_list_with_one_wrong_entry_is_wrong() {
    for wrong in ["https://a.example", r#"["*"]"#, r#"["https://a.example/path"]"#, "[1]"] {
        let variable = ("BODEGA_HTTP__CORS_ORIGINS".into(), wrong.into());
        let layers = Layers::gather(&Flags::default(), [variable], Purpose::Shop);
        let faults = Settings::from_layers(&layers).expect_err("a wrong list");
        assert_eq!(faults.0.len(), 1, "{wrong}: {faults}");
    }
}

#[test]
fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
    for (text, expected) in [
        ("https://Shop.Example/", Some("https://shop.example")),
        ("http://shop.example:80", Some("http://shop.example")),
        ("http://shop.example:8080", Some("http://shop.example:8080")),
        ("http://[::1]", Some("http://[::1]")),
        ("http://[::1]:3000", Some("http://[::1]:3000")),
        ("http://[shop]", None),
        ("https://", None),
        ("https://shop.example/path", None),
        ("https://shop.example?x", None),
        ("https://ada@shop.example", None),
        ("https://shop..example", None),
        ("https://shop.example:0", None),
        ("https://shop.example:", None),
        ("ftp://shop.example", None),
        ("shop.example", None),
        ("*", None),
    ] {
        assert_eq!(origin(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn the_public_url_is_where_the_shop_listens_unless_chosen() {
    let bound: SocketAddr = "127.0.0.1:4711".parse().expect("an address");
    assert_eq!(settings("", &[], Purpose::Shop).public_url(bound), "http://127.0.0.1:4711");
    let chosen = settings("shop.public_url = \"https://tea.example/\"", &[], Purpose::Shop);
    assert_eq!(chosen.public_url(bound), "https://tea.example");
}

#[test]
fn no_link_leads_to_everywhere() {
    let unchosen = settings("", &[], Purpose::Shop);
    for everywhere in ["0.0.0.0:4711", "[::]:4711", "[::ffff:0.0.0.0]:4711"] {
        let bound: SocketAddr = everywhere.parse().expect("an address");
        assert_eq!(unchosen.public_url(bound), "http://localhost:4711", "{everywhere}");
    }
    let bound: SocketAddr = "[::1]:4711".parse().expect("an address");
    assert_eq!(unchosen.public_url(bound), "http://[::1]:4711");
}

#[test]
fn a_named_file_must_exist() {
    let flags = Flags { config: Some("missing/shop.toml".into()), ..Flags::default() };
    let listen = ("BODEGA_LISTEN".into(), "here".into());
    let layers = Layers::gather(&flags, [listen], Purpose::Shop);
    let faults = Settings::from_layers(&layers).expect_err("no such file").to_string();
    assert!(faults.contains("missing/shop.toml: No such file"), "{faults}");
    assert!(faults.contains("\n  listen = \"here\""), "the other faults are told too: {faults}");
}

#[test]
fn a_file_that_is_no_toml_is_told_with_its_place_but_not_its_text() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("shop.toml");
    fs::write(&path, "[shop]\nname = hunter2 hunter2").expect("a settings file");
    let flags = Flags { config: Some(path), ..Flags::default() };
    let layers = Layers::gather(&flags, [], Purpose::Shop);
    let faults = Settings::from_layers(&layers).expect_err("no TOML").to_string();
    assert!(faults.contains("line 2") && !faults.contains("hunter2"), "{faults}");
}

#[test]
fn a_file_longer_than_any_settings_is_refused() {
    let flags = Flags { config: Some("/dev/zero".into()), ..Flags::default() };
    let layers = Layers::gather(&flags, [], Purpose::Shop);
    let faults = Settings::from_layers(&layers).expect_err("too long").to_string();
    assert!(faults.contains("/dev/zero: longer than 1 MiB"), "{faults}");
}

#[test]
fn a_variable_that_is_no_text_is_a_fault() {
    let variable = ("BODEGA_SHOP__NAME".into(), OsString::from_vec(vec![0xff]));
    let layers = Layers::gather(&Flags::default(), [variable], Purpose::Shop);
    let faults = Settings::from_layers(&layers).expect_err("no text").to_string();
    assert!(faults.contains("shop.name = (not shown) (BODEGA_SHOP__NAME)"), "{faults}");
}

#[test]
fn no_secret_is_ever_shown() {
    for (key, value, expected) in [
        ("payments.stripe.secret_key", "sk_live", "(not shown)"),
        ("payments.stripe.webhook_secrets", "[whsec]", "(not shown)"),
        ("mail.smtp.password", "hunter2", "(not shown)"),
        ("shop.public_url", "https://ada:hunter2@shop.example", "(not shown)"),
        ("auth.password_min", "4", "\"4\""),
        ("shop.name", "Tea\n\u{1b}[0m", "\"Tea\\n\\u{1b}[0m\""),
    ] {
        assert_eq!(faults::shown(key, value), expected);
    }
    let long = faults::shown("shop.name", &"é".repeat(200));
    assert_eq!(long.chars().count(), 83, "80 characters, two quotes and an ellipsis");
}

#[test]
fn the_value_of_an_unknown_setting_is_never_shown() {
    let variable = ("BODEGA_STRIPE_KEY".into(), "sk_live_hunter2".into());
    let layers = Layers::gather(&Flags::default(), [variable], Purpose::Shop);
    let faults = Settings::from_layers(&layers).expect_err("an unknown setting").to_string();
    assert!(!faults.contains("hunter2"), "{faults}");
}

#[test]
fn a_shop_that_takes_money_by_stripe_has_a_key() {
    check(
        r#"env: BODEGA_PAYMENTS__GATEWAY=stripe
           => payments.stripe.secret_key = (not set) (default):
           .. must be a secret key, `sk_…` or `rk_…`, when the gateway is `stripe`"#,
    );
    check(
        r#"env: BODEGA_PAYMENTS__GATEWAY=stripe
           env: BODEGA_PAYMENTS__STRIPE__SECRET_KEY=pk_test_hunter2
           env: BODEGA_PAYMENTS__STRIPE__WEBHOOK_SECRETS=["hunter2"]
           env: BODEGA_PAYMENTS__STRIPE__BASE_URL=http://stripe.example
           => payments.stripe.secret_key = (not shown) (BODEGA_PAYMENTS__STRIPE__SECRET_KEY):
           .. must be a secret key, `sk_…` or `rk_…`, when the gateway is `stripe`
           => payments.stripe.webhook_secrets = (not shown)
           .. (BODEGA_PAYMENTS__STRIPE__WEBHOOK_SECRETS):
           .. must be a list of at most 8, each `whsec_…`
           => payments.stripe.base_url = "http://stripe.example"
           .. (BODEGA_PAYMENTS__STRIPE__BASE_URL):
           .. must be an origin with https, or on this machine, as `https://api.stripe.com`"#,
    );
}
