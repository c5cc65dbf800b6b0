"""Which route group serves what, and what operators do to routes."""

from pathlib import Path

import pytest

from octavo.kit.fresh import LIFE
from octavo.routes import service
from octavo.routes.schemas import BadRoute, NoSuchRoute, RouteGroup
from octavo.routes.service import Routing, route_table
from tests.common.database import Clock, DirectStore, connection, seeded


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return seeded(tmp_path)


def test_a_new_database_sends_all_sms_over_the_sandbox(path: Path) -> None:
    with connection(path) as c:
        table = route_table(c)
        assert table.group("sms_premium", "FR") == RouteGroup(1, "sms", "sms_premium", 500, "30101")
        low_cost = table.group("sms_low_cost", "ES")
        assert low_cost
        assert low_cost.id == 1
        assert table.group("email", "FR") is None
        [route] = service.list_routes(c)
        assert route == (1, "sandbox", "sandbox", {}, None, 1000, 1, False, "30101")
        assert service.places(c, 1) == [("sms", 0)]


def test_the_rule_of_a_country_wins_even_when_its_group_is_empty(path: Path) -> None:
    with connection(path) as c:
        for sql in (
            "INSERT INTO route (id, name, driver, short_code) VALUES (2, 'es', 'sandbox', '')",
            "INSERT INTO route_group (id, name) VALUES (2, 'spain'), (3, 'empty')",
            "INSERT INTO route_group_route (group_id, route_id, tier) VALUES (2, 2, 0), (2, 1, 1)",
            "INSERT INTO route_rule VALUES ('sms_premium', 'ES', 2), ('sms_premium', 'PT', 3)",
        ):
            c.raw.execute(sql)
        table = route_table(c)
    found = [table.group("sms_premium", country) for country in ("ES", "FR", "PT")]
    assert [group and group.name for group in found] == ["spain", "sms", None]
    assert found[0]
    assert found[0].short_code == "30101"


@pytest.mark.parametrize(
    ("rate", "size"), [(None, 500), (1001, 500), (1000, 500), (50, 25), (16, 10), (0.01, 10)]
)
def test_a_slice_is_half_a_second_of_the_slowest_route(
    path: Path, rate: float | None, size: int
) -> None:
    with connection(path) as c:
        service.set_rate(c, "sandbox", rate)
        group = route_table(c).group("sms_premium", "FR")
        assert group
        assert group.slice_size == size


def test_routes_are_tuned_and_paused_by_name(path: Path) -> None:
    with connection(path) as c:
        service.set_rate(c, "sandbox", 2.5)
        service.set_window(c, "sandbox", 10)
        service.pause(c, "sandbox")
        found = service.find(c, "sandbox")
        assert (found.rate, found.window, found.paused) == (2.5, 10, True)
        service.set_rate(c, "sandbox", None)
        service.resume(c, "sandbox")
        found = service.find(c, "sandbox")
        assert (found.rate, found.paused) == (None, False)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_an_impossible_rate_is_refused(path: Path, rate: float) -> None:
    with connection(path) as c, pytest.raises(BadRoute):
        service.set_rate(c, "sandbox", rate)


@pytest.mark.parametrize("window", [0, -1, 1001])
def test_an_impossible_window_is_refused(path: Path, window: int) -> None:
    with connection(path) as c, pytest.raises(BadRoute):
        service.set_window(c, "sandbox", window)


def test_an_unknown_route_is_told(path: Path) -> None:
    with connection(path) as c:
        for change in (service.pause, service.resume, service.find):
            with pytest.raises(NoSuchRoute):
                change(c, "nowhere")
        with pytest.raises(NoSuchRoute):
            service.set_rate(c, "nowhere", 1)


@pytest.mark.asyncio
async def test_the_table_is_read_again_after_two_seconds(path: Path) -> None:
    clock = Clock()
    store = DirectStore(path)
    routing = Routing(store, clock)
    before = await routing.table()
    assert await routing.table() is before
    clock.go(LIFE)
    assert await routing.table() is not before
    routing.forget()
    await routing.table()
    assert store.reads == 3
