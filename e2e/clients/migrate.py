"""A whole migration with the Python client that openapi-python-client makes of openapi/openapi.json.

MAILFERRY_URL=… MAILFERRY_API_KEY=… MIGRATION='{"host": …}' python migrate.py main
…                                                           python migrate.py delta ORDER
"""

import json
import os
import sys
import time
import uuid

from mailferry_client import AuthenticatedClient
from mailferry_client.api.accounts import create_account, list_accounts
from mailferry_client.api.checks import read_check, start_check
from mailferry_client.api.orders import create_order, redeem_voucher, start_order
from mailferry_client.api.runs import read_progress, read_protocol, start_delta
from mailferry_client.api.service import get_service
from mailferry_client.api.vouchers import create_vouchers
from mailferry_client.models import (
    AccountCreate,
    CheckCreate,
    DeltaCreate,
    Endpoint,
    LoginState,
    OrderCreate,
    OrderOptions,
    OrderStart,
    Problem,
    ProviderChoice,
    SideInput,
    StartKind,
    TlsMode,
    VoucherCreate,
    VoucherRedeem,
)
from mailferry_client.types import UNSET

migration = json.loads(os.environ["MIGRATION"])
client = AuthenticatedClient(
    base_url=os.environ["MAILFERRY_URL"],
    token=os.environ["MAILFERRY_API_KEY"],
    raise_on_unexpected_status=True,
)


def good(answer):
    """What was answered, or an error with the problem's own words."""
    if isinstance(answer.parsed, Problem):
        raise SystemExit(f"{answer.parsed.status} {answer.parsed.code}: {answer.parsed.detail}")
    if answer.parsed is None:
        raise SystemExit(f"{answer.status_code} without a body")
    return answer.parsed


def provider(port):
    return ProviderChoice(endpoint=Endpoint(host=migration["host"], port=port, tls=TlsMode.IMPLICIT))


def create():
    order = OrderCreate(
        accepted_terms=good(get_service.sync_detailed(client=client)).terms_version,
        source=provider(migration["source_port"]),
        destination=provider(migration["destination_port"]),
        options=OrderOptions(include_trash=True, include_junk=True),
    )
    # The key makes it safe to send again, whatever became of the first time.
    key = str(uuid.uuid4())
    first, second = (
        good(create_order.sync_detailed(client=client, body=order, idempotency_key=key)) for _ in range(2)
    )
    if first.id != second.id:
        raise SystemExit("the same request has made two orders")
    return first.id


def add_account(order):
    sides = {
        side: SideInput(user=migration[f"{side}_user"], password=migration["password"])
        for side in ("source", "destination")
    }
    good(create_account.sync_detailed(order, client=client, body=AccountCreate(**sides)))


def check(order):
    found = good(start_check.sync_detailed(order, client=client, body=CheckCreate()))
    while not found.finished:
        time.sleep(0.3)
        found = good(read_check.sync_detailed(order, found.id, client=client))
    bad = [item.to_dict() for item in found.items if item.login != LoginState.PASSED]
    if bad:
        raise SystemExit(f"checks failed: {bad}")


def pay(order):
    batch = good(create_vouchers.sync_detailed(client=client, body=VoucherCreate(pairs=1)))
    redeem = VoucherRedeem(code=batch.items[0].code)
    good(redeem_voucher.sync_detailed(order, client=client, body=redeem))


def watch(order):
    """Polls until the order rests."""
    while True:
        progress = good(read_progress.sync_detailed(order, client=client))
        if progress.state not in ("scheduled", "active"):
            return progress
        time.sleep(min(progress.poll_after_ms, 500) / 1000)


def accounts(order):
    """Every account pair, page by page."""
    cursor = UNSET
    while True:
        page = good(list_accounts.sync_detailed(order, client=client, limit=1, cursor=cursor))
        yield from page.items
        if not page.next_cursor:
            return
        cursor = page.next_cursor


def report(order, progress):
    runs = []
    for pair in accounts(order):
        for run in pair.runs:
            protocol = good(read_protocol.sync_detailed(order, pair.id, run.id, client=client))
            runs.append({"kind": run.kind, "state": run.state, "folders": len(protocol.folders)})
    counts = progress.counts.to_dict()
    print(json.dumps({"order_id": str(order), "state": progress.state, "counts": counts, "runs": runs}))


if sys.argv[1] == "main":
    new = create()
    add_account(new)
    check(new)
    pay(new)
    good(start_order.sync_detailed(new, client=client, body=OrderStart(kind=StartKind.MAIN)))
    report(new, watch(new))
else:
    known = uuid.UUID(sys.argv[2])
    good(start_delta.sync_detailed(known, client=client, body=DeltaCreate()))
    report(known, watch(known))
