"""Makes a link's drivers, one a connection."""

from collections.abc import Callable, Mapping
from random import Random

from octavo.drivers.smpp.config import Plain, read_settings
from octavo.drivers.smpp.driver import SmppDriver
from octavo.drivers.smpp.memory import LinkMemory
from octavo.kit.clock import Clock


def maker(
    values: Mapping[str, Plain], window: int, clock: Clock, randomness: Random
) -> Callable[[], SmppDriver]:
    """To be asked once a link; what it gives raises BadSmppSetting.

    Settings are read for each connection: a password that was changed is felt at the next.
    """
    memory = LinkMemory(randomness)
    return lambda: SmppDriver(read_settings(values, window=window), memory, clock)
