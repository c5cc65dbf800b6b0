"""Contacts, lists and tags against a simple model of them, whatever is asked in whatever order."""

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from octavo.contacts import removal
from octavo.kit.errors import Refusal
from tests.common.contacts import Book, person, strays
from tests.common.ledger import World

PEOPLE = [person(n) for n in range(12)]
LISTS = ["a", "b", "c"]
TAGS = ["s", "t"]

some = st.sets(st.integers(0, len(PEOPLE) - 1), min_size=1)
names = st.sets(st.sampled_from(LISTS))
tags = st.sets(st.sampled_from(TAGS))
name = st.sampled_from(LISTS)
flag = st.booleans()


class Contacts(RuleBasedStateMachine):
    """Who is kept, and who is on what."""

    def __init__(self) -> None:
        super().__init__()
        # Removals take many steps here, and meet everything else.
        self._sizes = removal.MEMBERS_A_STEP, removal.CONTACTS_A_STEP
        removal.MEMBERS_A_STEP, removal.CONTACTS_A_STEP = 2, 1
        self.world = World()
        self.book = Book(self.world)
        self.kept: set[int] = set()
        self.lists: dict[str, set[int]] = {}
        self.tags: dict[str, set[int]] = {}

    def teardown(self) -> None:
        self.book.settle()
        numbers = sorted(str(PEOPLE[n].phone_number) for n in self.kept)
        assert self.book.everybody() == numbers
        for one, members in self.lists.items():
            assert self.book.on(one) == self._numbers(members)
        for one in TAGS:
            assert self.book.on(one, "tag") == self._numbers(self.tags.get(one, set()))
        assert self.world.number("SELECT count(*) FROM list_removal") == 0
        self.world.close()
        removal.MEMBERS_A_STEP, removal.CONTACTS_A_STEP = self._sizes

    @initialize()
    def begin(self) -> None:
        everybody = set(range(len(PEOPLE)))
        self.file(everybody, set(LISTS), set(TAGS), overwrite=True, un_list=False, un_tag=False)

    @rule(who=some, lists=names, tags=tags, overwrite=flag, un_list=flag, un_tag=flag)
    def file(
        self,
        who: set[int],
        lists: set[str],
        tags: set[str],
        *,
        overwrite: bool,
        un_list: bool,
        un_tag: bool,
    ) -> None:
        people = [PEOPLE[n] for n in who]
        self.book.file(
            *people, lists=lists, tags=tags, overwrite=overwrite, un_list=un_list, un_tag=un_tag
        )
        self.kept |= who
        for off, of, on in ((un_list, self.lists, lists), (un_tag, self.tags, tags)):
            for members in of.values() if off else ():
                members.difference_update(who)
            for one in on:
                of.setdefault(one, set()).update(who)

    @rule(who=some)
    def delete(self, who: set[int]) -> None:
        self.book.delete(*(str(PEOPLE[n].phone_number) for n in who))
        self._forget(who)

    @rule(who=some, name=name)
    def take_off(self, who: set[int], name: str) -> None:
        self._tried(name, lambda: self.book.delete(*self._numbers(who), from_list=name))
        self.lists.get(name, set()).difference_update(who)

    @rule(name=name)
    def create(self, name: str) -> None:
        assert self._code(lambda: self.book.create(name)) == (302 if name in self.lists else 0)
        self.lists.setdefault(name, set())

    @rule(name=name, contacts=flag)
    def empty(self, name: str, *, contacts: bool) -> None:
        self._tried(name, lambda: self.book.empty(name, contacts=contacts))
        if name in self.lists:
            members, self.lists[name] = self.lists[name], set()
            if contacts:
                self._forget(members)

    @rule(name=name)
    def remove(self, name: str) -> None:
        self._tried(name, lambda: self.book.remove(name))
        self.lists.pop(name, None)

    @rule()
    def step(self) -> None:
        self.book.step()

    @invariant()
    def nobody_strays(self) -> None:
        assert strays(self.world) == 0
        assert self.book.names() == sorted(self.lists)

    @invariant()
    def who_is_kept_is_where_they_were_put(self) -> None:
        """And who is to be deleted with a list may still be on another one."""
        for one, members in self.lists.items():
            found = set(self.book.on(one))
            assert set(self._numbers(members)) <= found

    def _tried(self, name: str, act: Callable[[], object]) -> None:
        assert self._code(act) == (0 if name in self.lists else 303)

    def _code(self, act: Callable[[], object]) -> int:
        """What it is refused with, 0 when it is not."""
        try:
            act()
        except Refusal as refused:
            return refused.code
        return 0

    def _forget(self, who: set[int]) -> None:
        self.kept -= who
        for of in (self.lists, self.tags):
            for members in of.values():
                members.difference_update(who)

    def _numbers(self, who: set[int]) -> list[str]:
        return sorted(str(PEOPLE[n].phone_number) for n in who)


Contacts.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestContacts = Contacts.TestCase
