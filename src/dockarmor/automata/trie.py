# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
# cython: annotation_typing=False, freethreading_compatible=True
"""Patterns into one NFA, a trie with loops.

A pattern has no star around a group, so its NFA is a DAG plus self-loops. A node stands for one language of
prefixes: the same prefix leads to the same node, whoever asked for it, so a prefix of a thousand patterns is
stored once and alternations are never multiplied out. Edges go from lower to higher nodes: number order is
topological order, which `items.py` uses.

    pattern = alt ;  alt = seq { "|" seq } ;  seq = { term } ;  term = atom [ "*" ]
    atom = "(" alt ")" | class | "." | "\\xHH" | "\\" byte | byte        (no star after a group)
"""

from dockarmor.automata.charset import EVERY, hex_byte, only, parse_class
from dockarmor.automata.limits import DEFAULT, LimitExceeded, Limits, PatternError
from dockarmor.automata.vectors import grown, numbers

#: how deep groups may nest
MAX_DEPTH = 64

#: how far to look for an edge that is there already; one more of the same is harmless, a quadratic search
#: is not
MAX_SEARCH = 600


class Trie:
    """Collects patterns; each ends in an accept id of the caller's.

    >>> trie = Trie()
    >>> trie.add(b"/etc/(passwd|group)", 7)
    >>> trie.accepts
    [7]
    """

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self.limits = limits
        self.node_limit = limits.nodes
        self.nodes = 1
        self.loop = numbers(64)  # charset of a node's self-loop, -1 without
        self.loop[0] = -1
        self.first_edge = numbers(64)
        self.first_jump = numbers(64)
        self.edges = 1
        self.edge_charset = numbers(64)
        self.edge_target = numbers(64)
        self.edge_next = numbers(64)
        self.jumps = 1  # epsilon edges; a target below zero is accept index -1 - target
        self.jump_target = numbers(64)
        self.jump_next = numbers(64)
        self.charsets: list[int] = []
        self.charset_numbers: dict[int, int] = {}
        self.class_numbers: dict[bytes, int] = {}
        self.literals = numbers(256)  # charset number + 1 of a single byte
        self.stars: dict[int, int] = {}
        self.groups: dict[tuple[int, bytes], int] = {}
        self.accepts: list[int] = []
        self.accept_numbers: dict[int, int] = {}

    def root(self) -> int:
        """One more beginning beside 0: what is added there is apart from what is added elsewhere."""
        return self._node()

    def add(self, pattern: bytes, accept: int, root: int = 0) -> None:
        """Add a pattern. Raises PatternError (the trie stays as it was in meaning) and LimitExceeded."""
        if accept not in self.accept_numbers:
            self.accept_numbers[accept] = len(self.accepts)
            self.accepts.append(accept)
        index = self.accept_numbers[accept]
        end = self._alternatives(pattern, 0, len(pattern), root, 0)
        self._jump(end, -1 - index)

    def copy(self) -> "Trie":
        """A trie that can go its own way from here."""
        twin = Trie(self.limits)
        twin.nodes, twin.edges, twin.jumps = self.nodes, self.edges, self.jumps
        twin.loop = grown(self.loop, len(self.loop))
        twin.first_edge = grown(self.first_edge, len(self.first_edge))
        twin.first_jump = grown(self.first_jump, len(self.first_jump))
        twin.edge_charset = grown(self.edge_charset, len(self.edge_charset))
        twin.edge_target = grown(self.edge_target, len(self.edge_target))
        twin.edge_next = grown(self.edge_next, len(self.edge_next))
        twin.jump_target = grown(self.jump_target, len(self.jump_target))
        twin.jump_next = grown(self.jump_next, len(self.jump_next))
        twin.literals = grown(self.literals, 256)
        twin.charsets = list(self.charsets)
        twin.charset_numbers = dict(self.charset_numbers)
        twin.class_numbers = dict(self.class_numbers)
        twin.stars = dict(self.stars)
        twin.groups = dict(self.groups)
        twin.accepts = list(self.accepts)
        twin.accept_numbers = dict(self.accept_numbers)
        return twin

    # -- the parser: each function reads text[at:end] from `node` and gives the node it ends in -------------

    def _alternatives(self, text: bytes, at: int, end: int, node: int, depth: int) -> int:
        stop = self._bar(text, at, end)
        last = self._sequence(text, at, stop, node, depth)
        if stop == end:
            return last
        ends = [last]
        while stop < end:
            at = stop + 1
            stop = self._bar(text, at, end)
            ends.append(self._sequence(text, at, stop, node, depth))
        join = self._node()
        for last in ends:
            self._jump(last, join)
        return join

    def _sequence(self, text: bytes, at: int, end: int, node: int, depth: int) -> int:
        while at < end:
            byte = text[at]
            if byte == 40:
                close = self._close(text, at, end)
                node = self._group(text, at, close, node, depth)
                at = close + 1
                if at < end and text[at] == 42:
                    raise PatternError("a star after a group", at)
                continue
            if byte == 92:
                if at + 1 >= end:
                    raise PatternError("a backslash at the end", at)
                if text[at + 1] == 120:
                    if at + 4 > end:
                        raise PatternError("two hex digits must follow \\x", at)
                    charset = self._literal(hex_byte(text, at))
                    at += 4
                else:
                    charset = self._literal(text[at + 1])
                    at += 2
            elif byte == 91:
                close = self._class_end(text, at, end)
                charset = self._class(text, at, close)
                at = close + 1
            elif byte == 46:
                charset = self._charset(EVERY)
                at += 1
            elif byte == 42 or byte == 41:
                raise PatternError("nothing before `*`" if byte == 42 else "an unmatched `)`", at)
            else:
                charset = self._literal(byte)
                at += 1
            if at < end and text[at] == 42:
                node = self._star(node, charset)
                at += 1
                if at < end and text[at] == 42:
                    raise PatternError("a star after a star", at)
            else:
                node = self._child(node, charset)
        return node

    def _group(self, text: bytes, at: int, close: int, node: int, depth: int) -> int:
        if depth >= MAX_DEPTH:
            raise PatternError(f"groups nest deeper than {MAX_DEPTH}", at)
        key = (node, text[at:close])
        if key in self.groups:
            return self.groups[key]
        node = self._alternatives(text, at + 1, close, node, depth + 1)
        self.groups[key] = node
        return node

    def _bar(self, text: bytes, at: int, end: int) -> int:
        """Where the next `|` of this level stands, or `end`."""
        depth = 0
        while at < end:
            byte = text[at]
            if byte == 124 and depth == 0:
                return at
            if byte == 92:
                at += 1
            elif byte == 91:
                at = self._class_end(text, at, end)
            elif byte == 40:
                depth += 1
            elif byte == 41:
                depth -= 1
            at += 1
        return end

    def _close(self, text: bytes, start: int, end: int) -> int:
        """Where the group that opens at `start` closes."""
        depth = 0
        at = start
        while at < end:
            byte = text[at]
            if byte == 92:
                at += 1
            elif byte == 91:
                at = self._class_end(text, at, end)
            elif byte == 40:
                depth += 1
            elif byte == 41:
                depth -= 1
                if depth == 0:
                    return at
            at += 1
        raise PatternError("a group that does not close", start)

    def _class_end(self, text: bytes, start: int, end: int) -> int:
        """Where the class that opens at `start` closes."""
        at = start + 1
        while at < end:
            if text[at] == 93:
                return at
            at += 2 if text[at] == 92 else 1
        raise PatternError("a class that does not close", start)

    # -- charsets -----------------------------------------------------------------------------------------

    def _class(self, text: bytes, at: int, close: int) -> int:
        key = text[at : close + 1]
        if key not in self.class_numbers:
            self.class_numbers[key] = self._charset(parse_class(key, at))
        return self.class_numbers[key]

    def _charset(self, members: int) -> int:
        if members not in self.charset_numbers:
            self.charset_numbers[members] = len(self.charsets)
            self.charsets.append(members)
        return self.charset_numbers[members]

    def _literal(self, byte: int) -> int:
        if self.literals[byte] == 0:
            self.literals[byte] = self._charset(only(byte)) + 1
        return self.literals[byte] - 1

    # -- nodes --------------------------------------------------------------------------------------------

    def _node(self) -> int:
        number = self.nodes
        if number >= self.node_limit:
            raise LimitExceeded("nodes", self.node_limit)
        if number >= len(self.loop):
            self.loop = grown(self.loop, 2 * number)
            self.first_edge = grown(self.first_edge, 2 * number)
            self.first_jump = grown(self.first_jump, 2 * number)
        self.nodes = number + 1
        self.loop[number] = -1
        return number

    def _child(self, node: int, charset: int) -> int:
        edge = self.first_edge[node]
        hops = 0
        while edge != 0 and hops < MAX_SEARCH:
            if self.edge_charset[edge] == charset:
                return self.edge_target[edge]
            edge = self.edge_next[edge]
            hops += 1
        target = self._node()
        edge = self.edges
        if edge >= len(self.edge_charset):
            self.edge_charset = grown(self.edge_charset, 2 * edge)
            self.edge_target = grown(self.edge_target, 2 * edge)
            self.edge_next = grown(self.edge_next, 2 * edge)
        self.edges = edge + 1
        self.edge_charset[edge] = charset
        self.edge_target[edge] = target
        self.edge_next[edge] = self.first_edge[node]
        self.first_edge[node] = edge
        return target

    def _star(self, node: int, charset: int) -> int:
        if self.loop[node] == charset:
            return node
        key = (node << 32) + charset
        if key in self.stars:
            return self.stars[key]
        target = self._node()
        self.loop[target] = charset
        self._jump(node, target)
        self.stars[key] = target
        return target

    def _jump(self, node: int, target: int) -> None:
        jump = self.first_jump[node]
        hops = 0
        while jump != 0 and hops < MAX_SEARCH:
            if self.jump_target[jump] == target:
                return
            jump = self.jump_next[jump]
            hops += 1
        jump = self.jumps
        if jump >= len(self.jump_target):
            self.jump_target = grown(self.jump_target, 2 * jump)
            self.jump_next = grown(self.jump_next, 2 * jump)
        self.jumps = jump + 1
        self.jump_target[jump] = target
        self.jump_next[jump] = self.first_jump[node]
        self.first_jump[node] = jump
