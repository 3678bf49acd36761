from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.entrypoints import erasing, queue_privacy
from tests.browser.site import InProcess, Site, opened
from tests.entrypoints.conftest import functions_environment, lambdas, shop
from tests.entrypoints.service import Invocation, Lambdas, Shop, unique

__all__ = ["functions_environment", "lambdas", "shop"]

PLACES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Chromium without a window; the variable CHROMIUM names one where none of the usual names is found."""
    from playwright.sync_api import sync_playwright

    place = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PLACES)), None)
    assert place, "Chromium is not installed (Debian: apt-get install chromium), or say where by CHROMIUM=…"
    with sync_playwright() as playwright:
        # Its sandbox needs rights that a container's root has not; what is opened here is our own page alone.
        browser = playwright.chromium.launch(executable_path=place, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def in_process(lambdas: Lambdas, shop: Shop) -> Iterator[Site]:
    """This process over moto."""

    def work() -> None:
        lambdas.ingest()

    server = InProcess(lambdas, work)

    def ask(method: str, path: str, body: Any) -> Any:
        headers = {"X-Forwarded-Host": f"127.0.0.1:{server.server_port}"}
        return opened(lambdas.http(method, path, body, headers, token=shop.admin_token))

    def erase() -> None:
        url, sqs = lambdas.operator.environ["QUEUE_PRIVACY_URL"], lambdas.operator.api("sqs")
        while messages := sqs.call("ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 1}).get("Messages"):
            records = [{"messageId": one["MessageId"], "body": one["Body"]} for one in messages]
            queue_privacy.erase_people({"Records": records}, Invocation())  # type: ignore[operator]
            sqs.call("DeleteMessage", {"QueueUrl": url, "ReceiptHandle": messages[0]["ReceiptHandle"]})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(erasing, "_LAG_MS", 0)
        yield Site("in process", ask, lambda path, body: _sent(shop, path, body), work, erase)
    server.close()


def _sent(shop: Shop, path: str, body: Any) -> None:
    assert shop.send(path, body).status == 200


@pytest.fixture(scope="module")
def local_cloud() -> Site:
    """The local cloud, brought up where it is not."""
    from tests.journeys.live import Live

    live = Live.fresh(unique("people"))
    url, sent = live.cloud.url.rstrip("/"), set[str]()

    def ask(method: str, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {live.tenant.admin_token}"}
        return live.session.request(method, url + path, json=body, headers=headers, timeout=30).json()

    def send(path: str, body: Any) -> None:
        answer = live.session.post(url + path, json=body, auth=(live.tenant.shop.write_key, ""), timeout=30)
        assert answer.status_code == 200
        sent.add(body["messageId"])

    # A second after it was asked for a person is gone; what the index lagged with is swept later.
    return Site("local cloud", ask, send, lambda: _settled(live, len(sent)), lambda: time.sleep(3))


def _settled(live: Any, distinct: int) -> None:
    live.settle(distinct)


@pytest.fixture(params=["in_process", pytest.param("local_cloud", marks=pytest.mark.deployed)])
def site(request: pytest.FixtureRequest) -> Site:
    """Each place in turn."""
    found: Site = request.getfixturevalue(request.param)
    return found
