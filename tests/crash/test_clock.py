"""A wall clock that is set back an hour, and forth again."""

import random
import time

import pytest

from octavo.db.unit_of_work import run_once
from octavo.drivers.sandbox.outbox import read_outbox
from octavo.routes import service as routes
from tests.common.process import ServerProcess
from tests.crash.judge import judge, wait_settled
from tests.crash.load import Customer, Order, make_order, sending

HOUR = 3600


def wait_sent(server: ServerProcess, order: Order) -> None:
    def is_sent() -> bool:
        lines = read_outbox(server.data_dir)
        return sum(order.mark in line.text for line in lines) == len(order.texts)

    server.wait(is_sent, "what is new is not sent")


@pytest.mark.slow
def test_a_clock_that_jumps_holds_up_nothing(crash_server: ServerProcess) -> None:
    server = crash_server
    clock = server.data_dir.with_name("clock")
    clock.write_text("0")
    server.env["CRASH_CLOCK"] = str(clock)
    run_once(server.database, lambda c: routes.set_rate(c, "sandbox", 3_000.0))
    server.start()
    with sending(server.port, seed=3, size=4) as notes:
        for n, off in enumerate((0, -HOUR, 0, -HOUR)):
            clock.write_text(str(off))
            time.sleep(0.1)
            customer = Customer(server.port, notes)
            order = make_order(f"jump {n}", random.Random(3), size=50)
            assert customer.send(order).status == 201
            customer.close()
            wait_sent(server, order)
        server.kill9()
        server.start()
        for off in (0, HOUR):
            time.sleep(0.5)
            clock.write_text(str(off))
    wait_settled(server)
    assert server.sigterm() == 0, server.told("no clean end")
    judge(server, notes, kills=1)
