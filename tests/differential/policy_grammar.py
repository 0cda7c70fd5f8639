"""Policies at random that use every production of the language, nearly all of them right and some not quite.

A seed gives the same policies for ever. The words are the field's; apparmor.d(5) has the grammar.
"""

from collections.abc import Callable

from class_rules import ClassRules
from file_rules import FileRules

#: files that generated policies include, beneath the base folder
BASE = {
    "tunables/global": "@{HOME}=/home/*/ /root/\n@{PROC}=/proc/\n@{PIDS}=[0-9]*\n"
    "include if exists <tunables/more.d>\n",
    "tunables/more.d/10": "@{HOME}+=/srv/home\n",
    "tunables/more.d/20.rpmnew": "this is never read\n",
    "abstractions/few": "  /etc/ld.so.cache r,\n  @{PROC}/version r,\n  network unix stream,\n",
    "abstractions/rules.d/10": "/one r,\n",
    "abstractions/rules.d/20": "/two rw,\ncapability chown,\n",
    "abstractions/rules.d/README": "not a rule\n",
    "abstractions/rules.d/old~": "not a rule\n",
    "abstractions/broken": "  /etc/passwd r\n",
}

_FLAGS = [
    "enforce",
    "complain",
    "kill",
    "unconfined",
    "prompt",
    "default_allow",
    "audit",
    "debug",
    "chroot_relative",
    "namespace_relative",
    "mediate_deleted",
    "delegate_deleted",
    "attach_disconnected",
    "no_attach_disconnected",
    "chroot_attach",
    "chroot_no_attach",
    "attach_disconnected.path=/x",
    "attach_disconnected.ipc",
    "attach_disconnected.ipc=/y",
    "kill.signal=term",
    "kill.signal=rtmin+3",
    "error=EACCES",
    "error=eperm",
    "interruptible",
]


class Grammar(FileRules, ClassRules):
    """Writes policies."""

    # -- a file -------------------------------------------------------------------------------------------

    def policy(self) -> str:
        parts = [self.preamble() for _ in range(self.random.randint(0, 3))]
        parts.insert(0, self.one("@{V}=/v /w\n", '@{V} = a b/ "c d"\n', "@{V}=/only\n") + "$B = true\n@{N}=3\n")
        parts += [self.profile() for _ in range(self.random.choice((1, 1, 1, 2)))]
        parts += [self.wrong("", self.preamble())]
        return "\n".join(parts) + "\n"

    def preamble(self) -> str:
        return self.random.choice(
            (self.assignment, self.assignment, self.boolean, self.alias, self.include, self.abi, self.comment)
        )()

    def comment(self) -> str:
        return self.one("# vim:syntax=apparmor\n", '# a, b { } "\n', "#\n", "## x\n")

    def abi(self) -> str:
        return (
            self.one(
                "abi <kernel>,",
                "abi <abi/now>,",
                self.wrong("abi <kernel>,", "abi <kernel>", "abi <abi/none>,", "abi,"),
            )
            + "\n"
        )

    def alias(self) -> str:
        return (
            f"{self.one('alias', 'rewrite')} {self.plain_path()} {self.wrong('->', '=>', '')} "
            f"{self.plain_path()}{self.wrong(',', '')}\n"
        )

    def name(self) -> str:
        return self.one("A", "bar", "x_1", "Z9") if not self.maybe(self.mistakes) else self.one("1a", "a-b", "", "é")

    def assignment(self) -> str:
        operator = self.one("=", "=", " = ", " += ", " ?= ", " := ", "+=", "?=")
        name = self.one("@{%s}", "@{%s}", "@%s") % (self.name() if self.maybe(0.8) else "V")
        values = " ".join(self.value() for _ in range(self.random.randint(1, 3)))
        return f"{name}{operator}{values}{self.some(' # why', 0.1)}{self.wrong('', ',', ' ,')}\n"

    def value(self) -> str:
        return self.one(
            "/a",
            "b/",
            '"with blank"',
            "a,b",
            "{x,y}",
            "@{V}/c",
            "*",
            '""',
            "/p/@{HOME}",
            "a\\ b",
            "[0-9]*",
            "3",
            "a=b",
            self.wrong("ok", "@{NONE}", "@{A}", "a!b", '"', "a\\"),
        )

    def boolean(self) -> str:
        return (
            f"${self.name()}{self.one('=', ' = ', ' ?= ', ' := ')}"
            f"{self.one('true', 'false', 'TRUE', self.expression(), self.wrong('false', 'yes', '1'))}\n"
        )

    def include(self) -> str:
        hash = self.some("#", 0.3)
        return (
            hash
            + "include "
            + self.some("if exists ", 0.2)
            + self.one(
                "<tunables/global>",
                "<tunables/more.d>",
                self.wrong("<tunables/global>", "<none>", "tunables/none", "<>", ""),
            )
            + "\n"
        )

    # -- profiles -----------------------------------------------------------------------------------------

    def profile_name(self) -> str:
        return self.one(
            "one",
            "/usr/bin/two",
            "a-b",
            "x.y",
            '"with blank"',
            ":ns:three",
            ":ns://four",
            "/usr/bin/{a,b}",
            "/opt/**",
            "n1",
            "n2",
            "n3",
            "@{V}",
            "/bin/@{V}",
            self.wrong("five", "&six", ":ns:", "::x", '""', ":ns", "a,b", "a b", "{"),
        )

    def header(self, child: bool = False) -> str:
        attachment = self.some(
            lambda: (
                " " + self.one("/usr/bin/x", "/**", "@{V}", '"/a b"', "/{a,b}*", self.wrong("/x", "x", "[a]", "/["))
            ),
            0.3,
        )
        xattrs = self.some(
            lambda: (
                " xattrs=("
                + self.one(
                    "user.a", "user.a=x*", 'user.a="v 1" user.b', "user.a=(w) security.b=*", "", "user.a=x,user.b=y"
                )
                + ")"
            ),
            0.05,
        )
        identities = self.some(
            lambda: " +identities=(" + self.one("a", "a b", "a,b", '"/x y"', self.wrong("z", '"a b"', "")) + ")", 0.03
        )
        flags = self.some(
            lambda: (
                " "
                + self.some("flags=", 0.7)
                + self.list_of(
                    _FLAGS
                    if not self.maybe(self.mistakes)
                    else ["hat", "x", "Complain", "error=5", "error=ENO", "kill.signal=x", "kill.signal=TERM"],
                    2,
                )
            ),
            0.3,
        )
        return attachment + xattrs + identities + flags

    def profile(self) -> str:
        head = self.one(
            "profile " + self.profile_name(),
            "profile " + self.profile_name(),
            self.one("/usr/sbin/d", ":ns:/x", '"/p q"', "/a/{b,c}"),
            "hat h",
            "^g",
        )
        return head + self.header() + self.one(" {\n", " {\n", "\n{\n", " { ") + self.rules() + "}\n"

    def rules(self, most: int = 4) -> str:
        self.depth += 1
        body = "".join(
            "  " + self.statement() + self.one("\n", "\n", " ", "\n\n") for _ in range(self.random.randint(0, most))
        )
        self.depth -= 1
        return body

    def statement(self) -> str:
        if self.depth < 4 and self.maybe(0.12):
            return self.random.choice((self.block, self.child, self.hat, self.conditional, self.conditional))()
        if self.maybe(0.06):
            return self.random.choice(
                (self.inner_include, self.inner_include, self.comment, self.limit, self.limit, self.abi)
            )()
        return self.rule()

    def inner_include(self) -> str:
        return (
            self.one("include ", "#include ", "include if exists ")
            + self.one(
                "<abstractions/few>",
                "<abstractions/rules.d>",
                "<abstractions/none>" if self.maybe(0.1) else "<abstractions/few>",
                self.wrong(
                    "<abstractions/few>",
                    "<abstractions/broken>",
                    "<abstractions/few>,",
                    "<tunables/global>",
                    '"none"',
                ),
            )
            + "\n"
        )

    def block(self) -> str:
        return self.qualifiers(0.2, 0.02) + "{\n" + self.rules(3) + "}"

    def child(self) -> str:
        return (
            f"profile {self.one('c1', 'c2', '/usr/bin/c3', self.profile_name())}{self.header()} {{\n{self.rules(2)}}}"
        )

    def hat(self) -> str:
        return (
            f"{self.one('^h1', '^h2', 'hat h3', self.wrong('hat h4', '^ h5', 'hat'))}"
            f"{self.some(' flags=(complain)', 0.2)}{self.wrong('', ' xattrs=(user.a)')} {{\n{self.rules(2)}}}"
        )

    def conditional(self) -> str:
        text = f"if {self.expression()} {{\n{self.rules(2)}}}"
        text += self.some(lambda: f" else if {self.expression()} {{\n{self.rules(2)}}}", 0.2)
        return text + self.some(lambda: f" else {{\n{self.rules(2)}}}", 0.4)

    def expression(self, depth: int = 0) -> str:
        if depth > 2 or self.maybe(0.6):
            return self.one(
                "$B",
                "true",
                "false",
                "not $B",
                "defined @{V}",
                "defined @{NONE}",
                "defined $NONE",
                "@{V} == a",
                "@{N} > 2",
                "a in @{V}",
                "@{N} <= 3",
                "@{V} != @{N}",
                "not defined @{V}",
                "${B}",
                '"x" == x',
                "0x10 >= 16",
                "TRUE",
                self.wrong(
                    "$B", "$NONE", "@{V} > 1", "x", "defined", "@{NONE} == a", "$V", "@{B} == x", "not", "a =="
                ),
            )
        return self.random.choice(
            (
                lambda: f"({self.expression(depth + 1)})",
                lambda: f"{self.expression(depth + 1)} and {self.expression(depth + 1)}",
                lambda: f"{self.expression(depth + 1)} or {self.expression(depth + 1)}",
                lambda: f"not {self.expression(depth + 1)}",
            )
        )()

    # -- rules --------------------------------------------------------------------------------------------

    def rule(self) -> str:
        kinds: tuple[Callable[[], str], ...] = (
            self.file,
            self.file,
            self.file,
            self.file,
            self.file,
            self.file,
            self.link,
            self.capability,
            self.network,
            self.network,
            self.unix,
            self.unix,
            self.mount,
            self.mount,
            self.remount,
            self.pivot_root,
            self.signal,
            self.ptrace,
            self.dbus,
            self.dbus,
            self.change_profile,
            self.userns,
            self.io_uring,
            self.mqueue,
            self.all_rule,
        )
        return self.random.choice(kinds)() + self.wrong(",", "", ",,", ", # end\n", ";")
