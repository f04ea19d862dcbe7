"""What a disk may hold after its power was cut: images made from a record of file operations.

The model is harsher than any file system in use. What a file holds is certain only up to its last fsync: of the writes
since then any may be missing, in any order, the last one cut at a sector. A name in a folder is certain once that
folder was forced to the disk; of the later changes of names either all up to a moment are there, as a journal keeps
them, or any selection. A rename is one change: it is there as a whole or not at all.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.control import Entry

SECTOR = 512
UNRECORDED = "-shm"
"""The end of names of files that are memory, not storage; no image has them."""


@dataclass(slots=True)
class Node:
    """A file or folder as far as it is certain, with the writes to it that are not."""

    names: dict[str, int] | None = None
    content: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Writes as offset and bytes; None for the bytes sets the size."""


@dataclass(frozen=True, slots=True)
class Naming:
    """A change of names that is not certain: what leaves and what comes, each as folder, name and node."""

    leaves: tuple[int, str] | None
    comes: tuple[int, str, int] | None

    @property
    def folders(self) -> set[int]:
        """The folders of which any, forced to the disk, makes it certain."""
        return {one[0] for one in (self.leaves, self.comes) if one is not None}

    @property
    def places(self) -> set[tuple[int, str]]:
        """The names it changes."""
        return {one[:2] for one in (self.leaves, self.comes) if one is not None}


class Disk:
    """A disk that follows a record of operations on a folder, which is empty and certain at first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._nodes: dict[int, Node] = {0: Node(names={})}
        self._live: dict[int, dict[str, int]] = {0: {}}
        self._pending: list[Naming] = []
        self._by_file: dict[int, int] = {}
        self.told = 0

    def follow(self, entry: Entry) -> None:
        """Let one recorded operation happen."""
        if entry.kind == "a":
            self.told += 1
            return
        if entry.first.endswith(UNRECORDED):
            return
        if entry.kind in "cm":
            node = len(self._nodes)
            self._nodes[node] = Node(names={} if entry.kind == "m" else None)
            self._by_file[entry.file] = node
            if entry.kind == "m":
                self._live[node] = {}
            self._rename(None, (*self._place(entry.first), node))
        elif entry.kind == "u":
            self._rename(self._place(entry.first), None)
        elif entry.kind == "r":
            source, target = self._place(entry.first), self._place(entry.second)
            self._rename(source, (*target, self._live[source[0]][source[1]]))
        elif entry.kind in "wt":
            data = entry.data if entry.kind == "w" else None
            self._nodes[self._by_file[entry.file]].pending.append((entry.offset, data))
        elif entry.kind == "s":
            self._force(entry)
        else:
            raise AssertionError(f"an operation that is not modelled: {entry.kind} {entry.first}")

    def _place(self, path: str) -> tuple[int, str]:
        *folders, name = Path(path).relative_to(self._folder).parts
        at = 0
        for one in folders:
            at = self._live[at][one]
        return at, name

    def _rename(self, leaves: tuple[int, str] | None, comes: tuple[int, str, int] | None) -> None:
        if leaves is not None:
            del self._live[leaves[0]][leaves[1]]
        if comes is not None:
            self._live[comes[0]][comes[1]] = comes[2]
        self._pending.append(Naming(leaves, comes))

    def _force(self, entry: Entry) -> None:
        if Path(entry.first) == self._folder:
            node = 0
        else:
            folder, name = self._place(entry.first)
            node = self._live[folder][name]
        if self._nodes[node].names is None:
            self._nodes[node].content = _written(self._nodes[node], self._nodes[node].pending)
            self._nodes[node].pending = []
            return
        certain: list[Naming] = []
        for one in self._pending:
            if node in one.folders:
                _apply(self._nodes, one)
                certain.append(one)
        over = {place for one in certain for place in one.places}
        last = {place: max(self._pending.index(one) for one in certain if place in one.places) for place in over}
        self._pending = [
            one
            for index, one in enumerate(self._pending)
            if one not in certain and not any(last.get(place, -1) > index for place in one.places)
        ]

    def image(self, chance: random.Random, target: Path) -> None:
        """Write what the disk may hold now into an empty folder."""
        nodes = {
            number: Node(dict(node.names) if node.names is not None else None, node.content)
            for number, node in self._nodes.items()
        }
        for one in _surviving(chance, self._pending):
            _apply(nodes, one)
        for number, node in self._nodes.items():
            nodes[number].content = _written(node, _surviving_writes(chance, node.pending))
        _make(nodes, 0, target)


def _surviving(chance: random.Random, pending: list[Naming]) -> list[Naming]:
    way = chance.randrange(4)
    if way == 0:
        return []
    if way == 1:
        return list(pending)
    if way == 2:
        return pending[: chance.randrange(len(pending) + 1)]
    return [one for one in pending if chance.random() < 0.5]


def _surviving_writes(chance: random.Random, pending: list[tuple[int, bytes | None]]) -> list[tuple[int, bytes | None]]:
    way = chance.randrange(4)
    if way == 0 or not pending:
        return []
    if way == 1:
        return pending
    kept = (
        pending[: chance.randrange(len(pending) + 1)] if way == 2 else [one for one in pending if chance.random() < 0.5]
    )
    if kept and kept[-1][1] is not None:
        offset, data = kept[-1]
        assert data is not None
        return [*kept[:-1], (offset, data[: SECTOR * chance.randrange(len(data) // SECTOR + 2)])]
    return kept


def _apply(nodes: dict[int, Node], one: Naming) -> None:
    if one.leaves is not None:
        names = nodes[one.leaves[0]].names
        assert names is not None
        if one.comes is None or names.get(one.leaves[1]) == one.comes[2]:
            names.pop(one.leaves[1], None)
    if one.comes is not None:
        names = nodes[one.comes[0]].names
        assert names is not None
        names[one.comes[1]] = one.comes[2]


def _written(node: Node, writes: Iterable[tuple[int, bytes | None]]) -> bytes:
    content = bytearray(node.content)
    for offset, data in writes:
        if data is None:
            del content[offset:]
            content.extend(bytes(offset - len(content)))
        else:
            content.extend(bytes(max(0, offset - len(content))))
            content[offset : offset + len(data)] = data
    return bytes(content)


def _make(nodes: dict[int, Node], number: int, place: Path) -> None:
    names = nodes[number].names
    assert names is not None
    for name, inner in names.items():
        path = place / name
        if nodes[inner].names is None:
            path.write_bytes(nodes[inner].content)
        else:
            path.mkdir()
            _make(nodes, inner, path)


def disks(folder: Path, record: Iterable[Entry]) -> Iterator[Disk]:
    """The disk after each operation of a record: the same one, which goes on."""
    disk = Disk(folder)
    for entry in record:
        disk.follow(entry)
        yield disk
