//! Independent peers: the double answers Stripe's own client as Stripe would, and the shop buys
//! from localstripe. Both are installed by `.ci/venv`; without them these tests say so and end.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use serde_json::json;

use crate::{
    double::{SECRET_KEY, Stripe, signature_of},
    support::{
        python::{file, program},
        wares::id,
    },
    world::World,
};

#[actix_web::test]
async fn stripes_own_client_understands_the_double() {
    let Some(python) = program("python") else { return };
    let stripe = Stripe::open();
    let body = r#"{"id":"evt_1","object":"event","type":"x","data":{"object":{"id":"y"}}}"#;
    let signature = signature_of(body, crate::double::ledger::now());
    let script = file("stripe/sdk.py");
    let ran = tokio::task::spawn_blocking({
        let (base, body) = (stripe.base_url(), body.to_owned());
        move || {
            Command::new(python)
                .args([&script, &base, SECRET_KEY, &body, &signature])
                .args([crate::double::WEBHOOK_SECRET])
                .output()
        }
    });
    let ran = ran.await.expect("no panic").expect("a program that runs");
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}");
    assert_eq!(String::from_utf8_lossy(&ran.stdout).trim(), "understood");
}

/// localstripe, stopped when dropped.
struct Local {
    child: Child,
    _home: tempfile::TempDir,
    port: u16,
}

impl Drop for Local {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_waited = self.child.wait();
    }
}

impl Local {
    /// Starts it and waits until it listens. It listens on all interfaces and keeps its state in
    /// a file beside the temporary ones, so it gets a folder of its own for those.
    async fn start(program: PathBuf) -> Local {
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr();
        let port = port.expect("an address").port();
        let home = tempfile::tempdir().expect("a folder");
        let child = Command::new(program)
            .args(["--port", &port.to_string(), "--from-scratch"])
            .env("TMPDIR", home.path())
            .env("HOME", home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a program that starts");
        let local = Local { child, _home: home, port };
        let mut every = tokio::time::interval(std::time::Duration::from_millis(50));
        for _ in 0..1200 {
            every.tick().await;
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return local;
            }
        }
        panic!("localstripe does not listen");
    }
}

#[actix_web::test]
async fn the_shop_buys_and_gives_back_at_localstripe() {
    let Some(program) = program("localstripe") else { return };
    let local = Local::start(program).await;
    let at = ([127, 0, 0, 1], local.port).into();
    let world = World::at(Stripe::open(), Some(at), "8000").await;
    let order = world.buys("pm_card_visa").await.data();
    assert_eq!(order["status"], "PAID", "{order}");
    let path = format!("/v1/orders/{}/refunds", id(&order));
    let refunded = world.owner.post(&path, json!({ "amount": "1.50" })).await.data();
    assert_eq!(refunded["payment"]["amountRefunded"].to_string(), "1.5");
    let cancelled = world.ada.cancels(&order).await.data();
    assert_eq!(cancelled["payment"]["amountRefunded"], cancelled["totalAmount"]);
    let declined = world.buys("pm_card_chargeCustomerFail").await;
    declined.refused(402, "payment_declined");
    world.is_sound();
}
