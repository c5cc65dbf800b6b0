"""A carrier on smpp.twisted3. It prints its port, then a line of JSON for each submit.

Its answers give ids in hexadecimal digits, its receipts the same ids in decimal ones, in their
text alone. Argument: as of smsc.js.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from smpp.pdu import operations
from smpp.pdu.pdu_types import AddrTon, CommandStatus, EsmClass, EsmClassMode, EsmClassType
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.protocol import DataHandlerResponse
from smpp.twisted.server import SMPPServerFactory
from twisted.cred.error import UnauthorizedLogin
from twisted.internet import defer, reactor, stdio
from twisted.protocols.basic import LineReceiver

SCENARIO = json.loads(sys.argv[1])
STATUSES = {0x08: "ESME_RSYSERR", 0x0B: "ESME_RINVDSTADR", 0x58: "ESME_RTHROTTLED"}
STATUSES |= {0x64: "ESME_RX_T_APPN"}
later: Callable[..., Any] = reactor.callLater


def say(line: object) -> None:
    """Prints one line of JSON at once."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class Portal:
    """Lets one account in."""

    def login(self, credentials: Any, _: object, interface: Any) -> Any:
        if credentials.password != "secret":
            return defer.fail(UnauthorizedLogin())
        return defer.succeed((interface, "octavo", lambda: None))


class Carrier:
    """Does with a number what the scenario says."""

    def __init__(self) -> None:
        self.last = 0

    def handle(self, _: str, line: Any, pdu: Any) -> Any:
        self.last += 1
        to = pdu.params["destination_addr"].decode()
        say(
            {
                "to": to,
                "from": pdu.params["source_addr"].decode(),
                "ton": pdu.params["source_addr_ton"].name,
                "body": pdu.params["short_message"].hex(),
                "esm_class": sorted(each.name for each in pdu.params["esm_class"].gsmFeatures),
                "receipt": pdu.params["registered_delivery"].receipt.name,
            }
        )
        does = SCENARIO["numbers"].get(to[-4:], SCENARIO["usual"])
        for receipt in does["receipts"]:
            said = f"id:{self.last:010d} stat:{receipt['stat']} err:{receipt['err']} text:"
            later(receipt["delay"], self.back, line, pdu, said, EsmClassType.SMSC_DELIVERY_RECEIPT)
        for reply in does["replies"]:
            later(reply["delay"], self.back, line, pdu, reply["text"], EsmClassType.DEFAULT)
        return self.answer(does, f"{self.last:08X}")

    def answer(self, does: Any, id_: str) -> Any:
        answered: defer.Deferred[object] = defer.Deferred()
        if does["status"]:
            status = CommandStatus[STATUSES[does["status"]]]
            later(does["delay"], answered.callback, status)
        elif does["status"] == 0:
            response = DataHandlerResponse(CommandStatus.ESME_ROK, message_id=id_.encode())
            later(does["delay"], answered.callback, response)
        return answered

    def back(self, line: Any, pdu: Any, text: str, kind: EsmClassType) -> None:
        deliver = operations.DeliverSM(
            source_addr_ton=AddrTon.INTERNATIONAL,
            source_addr=pdu.params["destination_addr"],
            dest_addr_ton=pdu.params["source_addr_ton"],
            destination_addr=pdu.params["source_addr"],
            esm_class=EsmClass(EsmClassMode.DEFAULT, kind),
            short_message=text.encode("ascii"),
        )
        line.sendDataRequest(deliver).addErrback(lambda _: None)


class UntilClosed(LineReceiver):  # type: ignore[misc]
    """Ends with its parent."""

    def connectionLost(self, reason: object = None) -> None:  # noqa: N802 - Twisted's name
        reactor.stop()


def main() -> None:
    """Listens until standard input ends."""
    systems = {"octavo": {"max_bindings": 100}}
    config = SMPPServerConfig(
        host="127.0.0.1",
        port=0,
        username="octavo",
        password="secret",
        systems=systems,
        msgHandler=Carrier().handle,
    )
    port = reactor.listenTCP(
        0, SMPPServerFactory(config, auth_portal=Portal()), interface="127.0.0.1"
    )
    stdio.StandardIO(UntilClosed())
    say({"port": port.getHost().port})
    reactor.run()


if __name__ == "__main__":
    main()
