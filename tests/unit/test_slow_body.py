"""A body that does not come ends with an answer in words, and with the connection."""

import asyncio
import json
from types import SimpleNamespace
from typing import cast

from starlette.types import Message

from octavo.api.app import PREFIX, make_app
from octavo.api.context import Services
from octavo.api.health import Health
from octavo.api.lenient.body import Patience
from octavo.metrics.metrics import Metrics


class Anybody:
    """Lets everybody in."""

    async def authenticate(self, login: str, key: str, client: str) -> SimpleNamespace:
        """The account of whoever asks."""
        return SimpleNamespace(id=1)


def test_a_body_that_does_not_come_is_408_and_ends_the_connection() -> None:
    services = SimpleNamespace(
        authenticator=Anybody(), body_limit=100, body_patience=Patience(seconds=0.01)
    )
    sent: list[Message] = []

    async def main() -> None:
        scope = {
            "type": "http",
            "method": "POST",
            "path": f"{PREFIX}/sms-campaign/send",
            "query_string": b"",
            "headers": [(b"api-login", b"a"), (b"api-key", b"b"), (b"accept-language", b"fr")],
        }
        nothing = asyncio.Event()

        async def receive() -> Message:
            await nothing.wait()
            raise AssertionError

        async def send(message: Message) -> None:
            sent.append(message)

        await make_app(cast("Services", services), Health(), Metrics().requests)(
            scope, receive, send
        )

    asyncio.run(main())
    start, body = sent
    assert start["status"] == 408
    assert (b"connection", b"close") in start["headers"]
    told = json.loads(body["body"])
    assert told["code"] == 408
    assert told["message"].startswith("La requ\u00eate")
