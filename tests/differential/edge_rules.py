"""Rules of every kind whose words may be edges of the language: the rules of `edge_grammar`."""

from random import Random

import edge_words as at
from edge_words import choices


class EdgeRules:
    """`oddness` is how often a word is one that may be wrong where it stands."""

    def __init__(self, random: Random, oddness: float = 0.03) -> None:
        self.random = random
        self.oddness = oddness

    # -- chance -------------------------------------------------------------------------------------------

    def one(self, table: str) -> str:
        return self.random.choice(choices(table))

    def word(self, right: str, wrong: str, times: float = 2) -> str:
        return self.one(wrong if self.odd(times) else right)

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def odd(self, times: float = 1) -> bool:
        return self.random.random() < self.oddness * times

    def joined(self, words: list[str], end: str = "") -> str:
        """The words with something between each two, nearly always a blank."""
        text = words[0]
        for word in words[1:]:
            text += (self.one(at.BETWEEN) if self.odd(0.7) else " ") + word
        return text + (self.one(at.BETWEEN) if self.odd(0.5) else "") + end

    def end(self) -> str:
        return self.word(",", "~ | ,, | ; |  , | , , | ,x | ,#c\n | {}", 0.7)

    def many(self, right: str, wrong: str, most: int = 2, times: float = 1) -> list[str]:
        return [self.word(right, wrong, times) for _ in range(self.random.randint(1, most))]

    # -- what rules share ---------------------------------------------------------------------------------

    def qualifiers(self, subject: float = 0.15, chance: float = 0.2) -> list[str]:
        words = []
        if self.maybe(chance / 2):
            odd = '1001 | -1001 | ~ | 1.5 | x | 1x | 0x1 | --1 | 99999999999 | "1" | (1) | -'
            number = self.word("0 | 1 | -1 | +5 | 1000 | -1000 | 010 | 00", odd, 3)
            words.append(self.word("priority=", "priority =  | priority  | priority=  | priority:=", 1) + number)
        words += ["audit"] * self.maybe(chance)
        words += [self.one("allow | deny | deny | prompt")] * self.maybe(chance * 1.5)
        words += [self.one("owner | other | user")] * self.maybe(subject)
        if self.odd():
            words.append(self.one("audit | deny | owner | quiet | complain | Deny | not | priority=1 | safe"))
            self.random.shuffle(words)
        return words

    def classed(self, words: list[str], *odd: str) -> str:
        """A class rule: qualifiers without owner, the words, now and then one that is `odd`, the comma."""
        more = [self.one(odd[0])] if odd and self.odd(2) else []
        return self.joined([*self.qualifiers(self.oddness), *[word for word in words if word], *more], self.end())

    def permitted(self, right: str, chance: float = 0.5, wrong: str = at.NO_PERMISSION) -> str:
        """Permissions: bare, or in parentheses."""
        if not self.maybe(chance):
            return ""
        words = self.many(right, wrong, 3)
        return words[0] if len(words) == 1 and self.maybe(0.5) else self.listed(words)

    def listed(self, words: list[str]) -> str:
        odd = "( @) | (,@,) | (\n@\n) | (@ | @) | (#\n@) | ((@)) | (\r\n@\r\n) | (\t@\t)"
        before, _, behind = self.word("(@)", odd, 1).partition("@")
        return before + self.random.choice((" ", ",", ", ", ",,", " , ", "\n")).join(words) + behind

    def condition(self, name: str, value: str) -> str:
        """`name=value`, or what comes near it."""
        value = self.word(value, at.ODD_CONDITION)
        equals = self.word(
            "= | = | = | =  |  =  |  =", " in | := | == | += | =\n | \n= | =\r\n | =\t | ~ |   | != | <=", 1
        )
        if equals == " in":
            value = f" ({value})"
        odd = 'foo | Peer | "bus" | peer | label | priority | flags | identities | xattrs | \xe9 | a-b | 1a'
        return self.word(name, odd, 0.5) + equals + value

    def peer(self, *members: str) -> str:
        chosen = list(self.random.sample(members, self.random.randint(int(not self.odd(2)), min(2, len(members)))))
        if self.odd(2):
            chosen.append(
                self.one(
                    "foo=x | label:=x | label= | label | =x | (a) | label=(a b) | label=(a) | name==x | a b=c"
                    ' | label=a,b | label="a b" | label in (a) | # | @{V}=a | peer=(label=x)'
                )
            )
        name = self.word("peer", "xattrs | Peer | flags | label", 0.5)
        return name + self.one("= | = |  =  | = ") + self.listed(chosen)

    # -- files --------------------------------------------------------------------------------------------

    def path(self) -> str:
        return self.word(at.PATH, at.ODD_PATH, 3)

    def target(self) -> str:
        return self.word(at.TARGET, at.ODD_TARGET)

    def file(self) -> str:
        words = [*self.qualifiers(), *["file"] * self.maybe(0.15)]
        if words and words[-1] == "file" and self.maybe(0.2):
            return self.joined(words, self.end())
        permissions = self.word(at.PERMISSIONS, at.ODD_PERMISSIONS)
        if "deny" in words and self.maybe(0.8):
            permissions = self.one(at.DENIED)
        words += [self.one("safe | unsafe")] * self.maybe(0.05)
        prefix = [permissions, *["subset"] * self.maybe(0.1), self.path()]
        words += prefix if self.maybe(0.2) else [self.path(), permissions]
        words += ["->", self.target()] if self.maybe(0.2) else []
        return self.joined(words, self.end())

    def link(self) -> str:
        words = [*self.qualifiers(), "link", *["subset"] * self.maybe(0.3), self.path(), "->", self.path()]
        if self.odd(2):
            del words[self.random.randrange(len(words))]
        return self.joined(words, self.end())

    def change_profile(self) -> str:
        words = ["change_profile", *[self.one("safe | unsafe")] * self.maybe(0.2)]
        words += [self.word(at.PROGRAM, at.ODD_PROGRAM, 3)] * self.maybe(0.4)
        words += ["->", self.target()] if self.maybe(0.7) else []
        return self.classed(words)

    # -- the other kinds ----------------------------------------------------------------------------------

    def capability(self) -> str:
        right = "chown | kill | bpf | perfmon | checkpoint_restore | sys_admin | audit_read"
        odd = 'CHOWN | cap_chown | x | "chown" | /chown | r | kill,chown | (kill) | all | @{V} | set | deny | #c\n'
        return self.classed(["capability", *self.many(right, odd)[self.random.randrange(2) :]], odd)

    def network(self) -> str:
        words = ["network", self.permitted(at.NET, 0.25)]
        inet = self.maybe(0.35)
        if self.maybe(0.7):
            words.append(self.word("inet | inet6 | inet | unix" if inet else at.FAMILIES, at.ODD_FAMILIES))
        words += [self.one(at.TYPES)] * self.maybe(0.4)
        if not inet:
            return self.classed(words)
        ip = self.condition("ip", at.ODD_IP if self.odd(3) else at.IP)
        port = self.condition("port", at.ODD_PORT if self.odd(3) else at.PORT)
        words += [ip] * self.maybe(0.5) + [port] * self.maybe(0.5)
        words += [self.condition("label", "a | /x/**")] * self.odd(2) + [
            self.condition("interface", "eth0")
        ] * self.odd(2)
        odd = ("label=a", "interface=eth0") if self.odd(3) else ()
        return self.classed([*words, *[self.peer(ip, port, *odd)] * self.maybe(0.3)])

    def unix(self) -> str:
        address = self.condition("addr", at.ODD_ADDRESS if self.odd(3) else at.ADDRESS)
        kind = "x | STREAM | (stream dgram) | tcp" if self.odd(5) else at.SOCKETS
        words = ["unix", self.permitted(at.NET, 0.4), *[self.condition("type", kind)] * self.maybe(0.4)]
        words += [address] * self.maybe(0.4)
        odd = ("type=stream", "protocol=0") if self.odd(3) else ()
        label = self.condition("label", at.LABEL)
        words += [self.peer(self.condition("addr", at.ADDRESS), label, *odd)] * self.maybe(0.4)
        more = (
            "protocol=0 | label=x | attr=x | opt=y | path=/x | other=1 | addr=@a addr=@b | type=stream type=dgram | x"
        )
        return self.classed(words, more + " | stream | peer=x")

    def mount_conditions(self) -> list[str]:
        types = 'ext4 | * | (a, b) | (a b) | "x y" | @{V} | {a,b} | fuse.*'
        words = [self.condition(self.one("fstype | vfstype"), types)] * self.maybe(0.3)
        for _ in range(self.random.choice((0, 1, 1, 2))):
            options = self.many(at.OPTIONS, at.ODD_OPTIONS)
            name, listed = self.one("options | options | option"), self.listed(options)
            inner = name + " in " + self.listed(options)
            words.append(inner if self.maybe(0.25) else self.condition(name, f"{listed} | {options[0] or '~'}"))
        return words

    def place(self) -> str:
        return self.word(at.PLACE, at.ODD_PLACE, 3)

    def mount(self) -> str:
        words = ["mount", *self.mount_conditions(), *[self.place()] * self.maybe(0.5)]
        words += ["->", self.place()] if self.maybe(0.4) else []
        return self.classed(words, "options=ro | fstype=x | foo=bar | -> /x | /y | options= | options=() | ->")

    def umount(self) -> str:
        words = [self.one("umount | remount | unmount"), *(self.mount_conditions() if self.maybe(0.3) else [])]
        return self.classed([*words, *[self.place()] * self.maybe(0.6)], "-> /x | /y | options=ro | foo=x")

    def pivot_root(self) -> str:
        words = ["pivot_root", *[self.condition("oldroot", '/old/ | @{V} | "/o p" | (/a)')] * self.maybe(0.5)]
        words += [self.path()] * self.maybe(0.5)
        words += ["->", self.target()] if self.maybe(0.3) else []
        return self.classed(words, "/y | foo=x | oldroot=/z | ->")

    def signal(self) -> str:
        words = ["signal", self.permitted("send | receive | read | write | r | w | rw | wr")]
        signals = self.many(at.SIGNALS, at.ODD_SIGNALS, times=2)
        words += [self.condition("set", f"{self.listed(signals)} | {signals[0] or '~'}")] * self.maybe(0.5)
        words += [self.condition("peer", at.LABEL)] * self.maybe(0.5)
        odd = "set in (hup) | foo=x | peer=a peer=b | peer=(label=x) | set=hup set=int | hup | set"
        return self.classed(words, odd)

    def ptrace(self) -> str:
        words = ["ptrace", self.permitted("read | trace | readby | tracedby | r | w | rw | wr | write")]
        words += [self.condition("peer", at.LABEL)] * self.maybe(0.5)
        return self.classed(words, "set=hup | foo=x | peer=a | peer=(label=x) | x")

    def dbus(self) -> str:
        permissions = self.permitted("send | receive | read | write | r | w | rw | bind | eavesdrop")
        found = [self.condition("bus", "system | session | * | {a,b}")] * self.maybe(0.5)
        if self.maybe(0.25):
            found += [self.condition("name", "org.x | org.*")] * self.maybe(0.7)
        else:
            found += [self.condition("path", "/a | /a/** | /{x,y} | a | @{V}")] * self.maybe(0.4)
            found += [self.condition("interface", "org.x.* | @{V}")] * self.maybe(0.4)
            found += [self.condition("member", "{A,B} | X")] * self.maybe(0.3)
        found += [self.one("label=x | foo=x | bus=a | name=y | path=/z | member in (a) | x | peer=x")] * self.odd(2)
        self.random.shuffle(found)
        odd = ("path=/a", "bus=x") if self.odd(3) else ()
        group = self.peer(self.condition("name", "org.y | *"), self.condition("label", at.LABEL), *odd)
        return self.classed(["dbus", permissions, *found, *[group] * self.maybe(0.3)])

    def userns(self) -> str:
        odd = '(create) | x | create create | x=y | Create | "create" | all | r'
        return self.classed(["userns", *[self.word("create", odd, 3)] * self.maybe(0.6)])

    def io_uring(self) -> str:
        words = ["io_uring", self.permitted("sqpoll | override_creds", wrong="x | SQPOLL | r | ~ | all")]
        words += [self.condition("label", at.LABEL)] * self.maybe(0.4)
        return self.classed(words, "foo=x | label=a label=b | peer=(label=a) | x")

    def mqueue(self) -> str:
        words = [
            "mqueue",
            self.permitted("create | open | delete | read | write | getattr | setattr | r | w | rw | wr"),
        ]
        kind = "x | POSIX | (posix) | (posix sysv)" if self.odd(5) else "posix | sysv"
        words += [self.condition("type", kind)] * self.maybe(0.4)
        words += [self.condition("label", at.LABEL)] * self.maybe(0.2)
        words += [self.word(at.QUEUE, at.ODD_QUEUE, 4)] * self.maybe(0.5)
        return self.classed(words, "type=posix | foo=x | peer=(label=a)")

    def all(self) -> str:
        return self.classed(["all"], "x | r | all | file | =1")

    def limit(self) -> str:
        tables = (
            ("fsize | data | stack | core | rss | as | memlock | msgqueue", at.SIZES, at.ODD_SIZES),
            ("nofile | ofile | nproc | locks | sigpending | rtprio", at.COUNTS, at.ODD_COUNTS),
            ("cpu | rttime", at.TIMES, at.ODD_TIMES),
            ("nice", at.NICE, at.ODD_NICE),
        )
        names, right, wrong = self.random.choice(tables)
        name = self.word(names, 'x | CPU | ~ | 0 | "cpu" | infinity', 1)
        less = self.word("<=", "= | < | < = | == | ~", 1)
        return self.joined(["set", "rlimit", name, less, self.word(right, wrong, 4)], self.end())
