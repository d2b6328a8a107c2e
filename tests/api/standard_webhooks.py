"""Says of each letter whether it is genuine, by the independent Standard Webhooks library.

Reads {"secret": …, "letters": [{"headers": …, "body": …}, …]}; writes a line a letter.
"""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

asked = json.load(sys.stdin)
webhook = Webhook(asked["secret"])
for letter in asked["letters"]:
    try:
        webhook.verify(letter["body"], letter["headers"])
        print("genuine")
    except WebhookVerificationError:
        print("forged")
