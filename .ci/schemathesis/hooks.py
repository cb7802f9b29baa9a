"""What schemathesis cannot read in the spec: the credentials that the emulator knows, and the rules that no schema can say.

Only what was meant to be valid is touched. What was made wrong on purpose goes out as it is.
"""

import datetime
import os

import schemathesis
from schemathesis.core.parameters import ParameterLocation

INVALID_TOKEN = 40201


@schemathesis.hook
def before_call(context, case, kwargs):
    if not case.meta.is_negative_at(ParameterLocation.QUERY):
        case.query["service_id"] = os.environ["DFINERY_SERVICE_ID"]
    if not case.meta.is_negative_at(ParameterLocation.BODY):
        keep_the_rules(case.body)


def keep_the_rules(body):
    if not isinstance(body, dict):
        return
    if "events" in body and "common" in body:
        keep_total_items(body["events"])
    if "from_date" in body:
        keep_dates(body)
    # The emulator knows no audience: these are made in the console.
    if "properties_condition_type" in body:
        body.pop("audience", None)
    # A property needs a name; OpenAPI 3.0 has no words for the names of properties.
    for properties in [body.get("user_properties")] + bags(body.get("events")):
        if isinstance(properties, dict):
            properties.pop("", None)


def keep_total_items(events):
    """x-max-total-items: at most 100 items over all events."""
    left = 100
    for event in events:
        if "event_items" in event:
            event["event_items"] = event["event_items"][:left]
            left -= len(event["event_items"])


def keep_dates(body):
    """x-max-age-days and x-not-before: a start within the last 30 days, and no end before it."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    days = [datetime.date.fromisoformat(body[name]).toordinal() % 30 for name in ("from_date", "to_date")]
    for name, age in zip(("from_date", "to_date"), sorted(days, reverse=True)):
        body[name] = str(today - datetime.timedelta(days=age))


def bags(events):
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        return []
    return [bag for event in events for bag in [event.get("event_properties"), *event.get("event_items", [])]]


@schemathesis.check
def import_token_is_enforced(context, response, case):
    """Stands in for `ignored_auth` on the Import API, which answers a wrong token with a code and never with HTTP 401."""
    if not case.path.startswith("/api/v1/export/") and response.status_code == 200:
        for token in ("", "wrong"):
            answer = case.call(headers={"access_token": token}).json()
            assert answer["code"] == INVALID_TOKEN, f"a wrong token is answered with {answer}"
