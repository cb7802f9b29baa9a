"""Loads users and events with Python clients made from the documents by a generator of others, and exports them again.

Takes the emulator's address and credentials from the environment, and the clients from the module path.
"""

import collections
import csv
import datetime
import io
import os
import pkgutil
import sys
import uuid

import dfinery_export.api
import dfinery_export.api.export.export_events as export_events
import dfinery_export.api.export.export_user_profiles as export_user_profiles
import dfinery_export.client
import dfinery_export.models as export_models
import dfinery_import.api
import dfinery_import.api.event.load_events as load_events
import dfinery_import.api.identity.delete_identity as delete_identity
import dfinery_import.api.identity.upsert_identity as upsert_identity
import dfinery_import.api.profile.upsert_user_profile as upsert_user_profile
import dfinery_import.client
import dfinery_import.models as import_models

BASE_URL = os.environ["DFINERY_BASE_URL"]
SERVICE_ID = os.environ["DFINERY_SERVICE_ID"]
USERS = 7
EVENTS_PER_USER = 100
NOW = datetime.datetime.now(datetime.timezone.utc)


def main():
    every_operation_is_called()
    importer = dfinery_import.client.AuthenticatedClient(
        base_url=BASE_URL, token=os.environ["DFINERY_IMPORT_TOKEN"], auth_header_name="access_token", prefix=""
    )
    exporter = dfinery_export.client.AuthenticatedClient(base_url=BASE_URL, token=os.environ["DFINERY_EXPORT_TOKEN"])

    sent = collections.Counter()
    for number in range(USERS):
        sent.update(load_user(importer, f"python-{number}"))
    rows = exported_events(exporter)
    received = collections.Counter((row["event_name"], row["df_order_id"]) for row in rows)
    assert received == sent and sent.total() == USERS * EVENTS_PER_USER, f"sent {sent}, received {received}"

    profiles = exported_profiles(exporter)
    members = collections.Counter(row["df_external_id"] for row in profiles if row["df_membership"] == "골드")
    assert members == collections.Counter(f"python-{number}" for number in range(USERS)), members

    farewell = import_models.DeleteIdentityRequest(
        identity=import_models.ExternalIdentity(external_id="python-0"), request_datetime=NOW
    )
    succeeded(delete_identity.sync(client=importer, body=farewell, service_id=SERVICE_ID))
    assert len(exported_profiles(exporter)) == USERS - 1

    refusals(importer, exporter)
    print(f"{USERS} users and {sent.total()} events loaded, exported and equal; 2 refusals read")


def every_operation_is_called():
    """A new operation has a module of its own: import it, and call it."""
    for api in (dfinery_import.api, dfinery_export.api):
        modules = pkgutil.walk_packages(api.__path__, f"{api.__name__}.")
        operations = {module.name for module in modules if not module.ispkg}
        assert operations and operations <= sys.modules.keys(), f"never called: {operations - sys.modules.keys()}"


def load_user(client, external_id):
    """Creates a user with a membership and a hundred events, and counts the events by what an export tells of them."""
    identity = import_models.Identity(external_id=external_id, email=f"{external_id}@example.com")
    request = import_models.UpsertIdentityRequest(identity=identity, request_datetime=NOW)
    succeeded(upsert_identity.sync(client=client, body=request, service_id=SERVICE_ID))

    membership = import_models.Properties.from_dict({"df_membership": "골드", "df_push_ads_optin": True})
    request = import_models.UpsertUserProfileRequest(
        identity=identity, user_properties=membership, request_datetime=NOW
    )
    succeeded(upsert_user_profile.sync(client=client, body=request, service_id=SERVICE_ID))

    events = [purchase(external_id) if number % 5 == 0 else event("df_login") for number in range(EVENTS_PER_USER)]
    common = import_models.EventsCommon(identity=identity)
    request = import_models.LoadEventsRequest(common=common, events=events)
    succeeded(load_events.sync(client=client, body=request, service_id=SERVICE_ID))
    return [(event.event_name, event.event_properties["df_order_id"] if event.event_properties else "") for event in events]


def event(name, **fields):
    return import_models.Event(event_log_id=uuid.uuid4(), event_name=name, event_datetime=NOW, **fields)


def purchase(user):
    item = {"df_item_id": "P-7", "df_item_name": "머그컵", "df_price": 9900.5, "df_quantity": 1, "df_discount": 0.5}
    order = {
        "df_order_id": f"{user}, order 1",
        "df_payment_method": "CreditCard",
        "df_total_purchase_amount": 9900.5,
        "df_delivery_charge": 0.5,
    }
    return event(
        "df_purchase",
        event_items=[import_models.Properties.from_dict(item)],
        event_properties=import_models.Properties.from_dict(order),
    )


def exported_events(client):
    request = export_models.ExportEventsRequest(
        events_condition_type=export_models.ConditionType.ALL,
        # The run may pass midnight.
        from_date=NOW.date(),
        to_date=NOW.date() + datetime.timedelta(days=1),
    )
    return rows_of(export_events.sync(client=client, body=request, service_id=SERVICE_ID))


def exported_profiles(client):
    request = export_models.ExportUserProfilesRequest(properties_condition_type=export_models.ConditionType.ALL)
    return rows_of(export_user_profiles.sync(client=client, body=request, service_id=SERVICE_ID))


def refusals(importer, exporter):
    """What the servers refuse is read by the clients as well."""
    nobody = import_models.UpsertIdentityRequest(identity=import_models.Identity(), request_datetime=NOW)
    answer = upsert_identity.sync(client=importer, body=nobody, service_id=SERVICE_ID)
    assert answer.status is False and int(answer.code) == 40001, answer

    long_ago = datetime.date(2020, 1, 1)
    request = export_models.ExportEventsRequest(
        events_condition_type=export_models.ConditionType.ALL, from_date=long_ago, to_date=long_ago
    )
    answer = export_events.sync(client=exporter, body=request, service_id=SERVICE_ID)
    assert answer.message == "exceed_date_range_limit", answer


def succeeded(answer):
    assert answer.status is True and int(answer.code) == 20000, answer


def rows_of(answer):
    assert isinstance(answer, str), answer
    return list(csv.DictReader(io.StringIO(answer)))


main()
