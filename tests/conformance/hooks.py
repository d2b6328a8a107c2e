"""What a JSON schema cannot say of a request, for the run of schemathesis.

A case that is valid by its schema and breaks one of these rules is not sent, because its refusal
is right. Everything that is invalid by its schema is sent as it is.
"""

import re
from pathlib import Path
from urllib.parse import urlencode

import schemathesis
from schemathesis import GenerationMode

ROOT = Path(__file__).resolve().parents[2]
AMOUNT = r"[0-9]{1,12}(\.[0-9]{1,2})?"
AMOUNTS = frozenset({"price", "amount", "minPrice", "maxPrice"})
OPTIONS = r"[^:;|]+:[^:;|]+(\|[^:;|]+)*(;[^:;|]+:[^:;|]+(\|[^:;|]+)*)*"
BY_HAND = frozenset({"bank_transfer", "cash_on_delivery"})
# RFC 9110, 4.1: URIs of 8,000 octets should be supported. What is longer by far is no request to
# the server, and never reaches an operation.
URL_BYTES_MAX = 8_000
COMMON = frozenset((ROOT / "data/common_passwords.txt").read_text().split())


def has_strange_cursor(case):
    """A cursor is sealed: only one that the shop has given is one."""
    return "cursor" in (case.query or {})


def has_common_password(body):
    """A new password is none of those that everybody tries first."""
    return any(str(body.get(name)).lower() in COMMON for name in ("password", "newPassword"))


def names_two_variants(case, body):
    """Body and path or query name the same product and variant, if both do."""
    path, query = case.path_parameters or {}, case.query or {}
    named = [(body.get("productId"), path.get("productId"))]
    named.append((body.get("variantId"), query.get("variantId")))
    return any(one is not None and other is not None and one != other for one, other in named)


def has_strange_amount(values):
    """Amounts of USD have two decimals and no exponent, and fit into 64 bits."""
    for name, value in values.items():
        if name in AMOUNTS and value is not None and not re.fullmatch(AMOUNT, str(value)):
            return True
        if isinstance(value, dict) and has_strange_amount(value):
            return True
        if isinstance(value, list):
            if any(isinstance(entry, dict) and has_strange_amount(entry) for entry in value):
                return True
    return False


def has_strange_charge(body):
    """A shop charges in its own currency, and test cards have published numbers."""
    charge = body.get("charge")
    return isinstance(charge, dict) and charge.get("currency") not in (None, "USD")


def has_strange_options(query):
    """Options are names with their values."""
    return "options" in query and not re.fullmatch(OPTIONS, str(query["options"]))


def changes_email_alone(case, body):
    """An email is changed only by who says the password."""
    return case.path == "/v1/users/updateuser" and "email" in body and "password" not in body


def pays_in_two_ways(body):
    """A charge is paid by card, and nothing else."""
    return body.get("charge") is not None and body.get("paymentMethod") in BY_HAND


def is_too_long(case):
    """See URL_BYTES_MAX."""
    return len(urlencode(case.query or {}, doseq=True)) > URL_BYTES_MAX


def has_ended(body):
    """A key that has expired before it is made is of no use; this side of 2100 may be past."""
    return str(body.get("expiresAt", "2100")) < "2100"


def has_card_twice(body):
    """A card is a number with its date, or a token; a charge names one method."""
    charge = body.get("charge")
    card = charge.get("card") if isinstance(charge, dict) else None
    return isinstance(card, dict) and "token" in card and len(card) > 1 or (
        isinstance(charge, dict) and "card" in charge and "paymentMethodId" in charge
    )


def has_loose_variants(body):
    """Variants follow from the options, and have SKU, price and stock of their own."""
    return "variants" in body or "options" in body


def is_trimmed_to_valid(case):
    """White space around a header's value is no part of it (RFC 9110)."""
    key = (case.headers or {}).get("Idempotency-Key")
    return isinstance(key, str) and key != key.strip() and re.fullmatch("[ -~]+", key)


@schemathesis.hook
def before_call(context, case, kwargs):
    """What is sent by webhook stays on this machine, whatever address was thought up."""
    if is_positive(case) and case.path.startswith("/v1/webhook-endpoints"):
        if isinstance(case.body, dict) and "url" in case.body:
            case.body["url"] = "http://127.0.0.1:9/hook"


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE


@schemathesis.hook
def filter_case(context, case):
    if is_too_long(case):
        return False
    if case.meta is None:
        return True
    if case.meta.generation.mode is not GenerationMode.POSITIVE:
        return not is_trimmed_to_valid(case)
    body = case.body if isinstance(case.body, dict) else {}
    return not (
        has_strange_cursor(case)
        or has_common_password(body)
        or names_two_variants(case, body)
        or has_strange_amount(body)
        or has_strange_amount(case.query or {})
        or has_strange_charge(body)
        or has_strange_options(case.query or {})
        or changes_email_alone(case, body)
        or pays_in_two_ways(body)
        or has_ended(body)
        or has_card_twice(body)
        or has_loose_variants(body)
    )
