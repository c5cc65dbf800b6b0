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


def is_sent(server: ServerProcess, order: Order) -> bool:
    lines = read_outbox(server.data_dir)
    return sum(order.mark in line.text for line in lines) == len(order.texts)


@pytest.mark.slow
def test_a_clock_that_jumps_holds_up_nothing(crash_server: ServerProcess) -> None:
    server = crash_server
    clock = server.data_dir.with_name("clock")
    clock.write_text("0")
    server.env["CRASH_CLOCK"] = str(clock)
    run_once(server.database, lambda c: routes.set_rate(c, "sandbox", 3_000.0))
    server.start()
    with sending(server.port, seed=3, size=4) as notes:
        for n, off in enumerate((0, -HOUR, 0, HOUR, 0)):
            clock.write_text(str(off))
            time.sleep(0.1)
            customer = Customer(server.port, notes)
            order = make_order(f"jump {n}", random.Random(3), size=50)
            assert customer.send(order).status == 201
            customer.close()
            server.wait(lambda order=order: is_sent(server, order), "what is new is not sent")
        server.kill9()
        clock.write_text(str(-HOUR))
        server.start()
        time.sleep(0.5)
        clock.write_text("0")
    wait_settled(server)
    assert server.sigterm() == 0, server.told("no clean end")
    judge(server, notes, kills=1)
