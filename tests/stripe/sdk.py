"""Asks the double everything the shop asks Stripe, with Stripe's own client."""

import sys

import stripe

base, key, body, signature, secret = sys.argv[1:]
stripe.api_base = base
stripe.api_key = key
stripe.max_network_retries = 0


def made(method="pm_card_visa", **more):
    return stripe.PaymentIntent.create(
        amount=1358,
        currency="usd",
        payment_method=method,
        payment_method_types=["card"],
        metadata={"order_id": "o", "payment_id": "p"},
        **more,
    )


def refused(kind, asked):
    try:
        asked()
    except kind as why:
        return why
    raise SystemExit(f"not refused as {kind}")


intent = made(capture_method="automatic", idempotency_key="a")
assert intent.status == "requires_confirmation" and intent.metadata["order_id"] == "o"
assert made(capture_method="automatic", idempotency_key="a").id == intent.id
refused(
    stripe.IdempotencyError,
    lambda: stripe.PaymentIntent.create(amount=1, currency="usd", idempotency_key="a"),
)
intent = intent.confirm()
assert intent.status == "succeeded" and intent.amount_received == 1358
assert intent.latest_charge.amount_refunded == 0
refused(stripe.InvalidRequestError, intent.confirm)
seen = stripe.PaymentIntent.retrieve(intent.id, expand=["latest_charge"])
assert seen.latest_charge.object == "charge" and seen.livemode is False

refund = stripe.Refund.create(payment_intent=intent.id, amount=358, metadata={"refund_id": "r"})
assert refund.status == "succeeded" and refund.metadata["refund_id"] == "r"
over = refused(
    stripe.InvalidRequestError,
    lambda: stripe.Refund.create(payment_intent=intent.id, amount=1001),
)
assert over.param == "amount"
assert [one.id for one in stripe.Refund.list(payment_intent=intent.id).data] == [refund.id]

held = made(capture_method="manual").confirm()
assert held.status == "requires_capture" and held.amount_capturable == 1358
assert held.capture(amount_to_capture=1000).amount_received == 1000
assert made().cancel().status == "canceled"

no = refused(stripe.CardError, made("pm_card_visa_chargeDeclinedInsufficientFunds").confirm)
assert no.code == "card_declined" and no.error.decline_code == "insufficient_funds"
asks = made("pm_card_authenticationRequired").confirm()
assert asks.status == "requires_action" and asks.next_action.type == "use_stripe_sdk"
assert asks.client_secret.startswith(asks.id)

card = stripe.PaymentMethod.retrieve("pm_card_visa").card
assert card.fingerprint == stripe.PaymentMethod.retrieve("pm_card_amex").card.fingerprint
other = stripe.PaymentMethod.retrieve("pm_card_chargeDeclined").card.fingerprint
assert other != card.fingerprint

page = stripe.checkout.Session.create(
    mode="payment",
    line_items=[
        {
            "quantity": 1,
            "price_data": {
                "currency": "usd",
                "unit_amount": 1358,
                "product_data": {"name": "Order"},
            },
        }
    ],
    success_url="https://shop.example/",
)
assert page.status == "open" and page.url.startswith("https://checkout.stripe.com/")
assert page.amount_total == 1358
assert stripe.checkout.Session.expire(page.id).status == "expired"

assert stripe.Event.list(created={"gte": 4_000_000_000}, delivery_success=False).data == []
events = stripe.Event.list(created={"gte": 1}, delivery_success=False, limit=100)
assert "payment_intent.succeeded" in [event.type for event in events.auto_paging_iter()]
assert len(stripe.PaymentIntent.list(limit=2).data) == 2

stripe.api_key = "sk_test_of_somebody_else"
refused(stripe.AuthenticationError, made)
event = stripe.Webhook.construct_event(body, signature, secret)
assert event.id == "evt_1"
print("understood")
