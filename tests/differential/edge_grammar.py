"""A second grammar: short policies of few rules, in which every word may be an edge of the language.

`policy_grammar` writes what people write. This one puts keywords where names stand, quotes and escapes where they
need not be, comments, line ends and nothing at all between words, numbers at their limits and bytes beyond ASCII. Its
pieces are lists of words; `joined` chooses what stands between them. apparmor.d(5) has the productions.
"""

import edge_words as at
from edge_rules import EdgeRules


class EdgeGrammar(EdgeRules):
    """Writes policies."""

    def policy(self) -> str:
        parts = ["@{V}=/v /w/\n", "@{S}=/only\n", "@{N}=3\n", "$B=true\n"]
        parts += [self.preamble() for _ in range(self.random.choice((0, 0, 1, 1, 2)))]
        parts += [self.profile() for _ in range(self.random.choice((1, 1, 1, 2)))]
        parts += [self.preamble()] * self.odd(0.5)
        return "".join(parts) + self.word("\n", "~ | \r\n | # end | # end\n |  ", 5)

    # -- preamble -----------------------------------------------------------------------------------------

    def preamble(self) -> str:
        kinds = (self.set_variable, self.set_variable, self.bool_variable, self.alias, self.include, self.abi)
        return self.random.choice(kinds)() + self.word("\n", "  | ~ | \r\n |  # c\n", 5)

    def set_variable(self) -> str:
        right = "@{A} | @{A} | @A | @{V} | @{A_1} | @{B} | @{profile_name} | @{attach_path}"
        name = self.word(right, "@{} | @{1a} | @{a-b} | @{ A} | @{\xe9} | @a.b | @{a,b} | @ | @AB", 1)
        between = self.word("~ | ~ |   | \t", "\n |  # c\n | \r\n | \\\n", 1)
        operator = self.word("= | = | += | ?= | :=", "== | = = | + = | <= | ~", 1)
        values = [self.word(at.VALUE, at.ODD_VALUE) for _ in range(self.random.choice((1, 1, 2, 3)))]
        joint = self.random.choice((" ", "\t", " \\\n", "\\\n ", " \\\n\t")) if self.maybe(0.2) else " "
        end = self.word("~", " # c | # |  # | , |  , | \\ |  \\ | \r |  #include <x>", 1)
        return name + between + operator + self.one("~ |  ") + joint.join(values) + end

    def bool_variable(self) -> str:
        name = self.word("$A | ${A} | $B | $V", "$ | ${} | $1 | ${ A} | $A.b", 1)
        operator = self.word("= | = |  =  | := |  :=  | ?= |  ?= ", "+= | == | ~", 1)
        end = self.word("~", " # c | , |  , | \\ | \r | \n and true |  \\\n or true", 1)
        return name + operator + self.one("~ |  ") + self.expression() + end

    def alias(self) -> str:
        source = self.path() if self.odd() else self.one('/a | /a/ | "/a b" | :n:a | @{V}/a')
        target = self.path() if self.odd() else self.one('/b | b | "c d" | @{V} | &a')
        arrow = self.word("->", "=> | ~ | - | - >", 1)
        return self.joined([self.one("alias | alias | rewrite"), source, arrow, target], self.end())

    def abi(self) -> str:
        right = '<abi/now> | <kernel> | <default> | "abi/now" | abi/now | <"abi/now"> | < abi/now >'
        odd = '<> | <none> | "" | ~ | <abi/now | abi/now> | <abi\\/now> | <abi /now> | /dev/null'
        return self.joined(["abi", self.word(right, odd, 1)], self.end())

    def include(self, inner: bool = False) -> str:
        name = self.one("abstractions/few | abstractions/rules.d" if inner else "tunables/global | tunables/more.d")
        right = f'<{name}> | <{name}> | "{name}" | {name} | <"{name}"> | < {name} > | <{name} >'
        odd = f'<> | <none> | "none" | none | "" | ~ | <{name} | {name}> | <{name}>, | <{name}> # c | <{name}\t>'
        odd += f' | <\t{name}> | "{name}" "x" | <{name}>x | .'
        word = self.one("include | include | #include | include if exists | #include if exists")
        blank = self.word(" ", "~ | \t |    | \n | \r\n |  \n |  # c\n", 1)
        return word + blank + self.word(right, odd) + self.random.choice(("\n", "\n", " ", "\r\n"))

    # -- profiles -----------------------------------------------------------------------------------------

    def profile(self) -> str:
        return self.headed(["profile", self.name()] if self.maybe(0.85) else [self.one(at.BARE_NAME)])

    def name(self) -> str:
        return self.word(at.NAME, at.ODD_NAME)

    def headed(self, words: list[str], depth: int = 0) -> str:
        words = [*words, *[self.word(at.ATTACHMENT, at.ODD_ATTACHMENT)] * self.maybe(0.25)]
        if self.maybe(0.06):
            group = self.word(at.XATTRS, at.ODD_XATTRS, 3)
            words += ["xattrs", "=", f"({group})"] if self.odd(2) else [f"xattrs=({group})"]
        if self.maybe(0.04):
            group = self.word(at.IDENTITIES, at.ODD_IDENTITIES)
            words.append(self.word("+identities=(", "+ identities = ( | identities=(", 5) + group + ")")
        if self.maybe(0.25):
            flags = self.many(at.FLAGS, at.ODD_FLAGS)
            text = self.one("flags= | flags= | ~ | flags = ")
            text += f"({self.random.choice((' ', ',', ', ', ',,')).join(flags)})"
            odd = "flags=() | () | flags=complain | flags(audit) | flags=(audit | peer=(a=b)"
            words.append(self.one(odd) if self.odd() else text)
        opened = self.joined([*words, "{"]) + self.random.choice(("\n", "\n", " ", "", "\r\n"))
        return opened + self.rules(depth) + "}" + self.random.choice(("\n", "\n", " ", ""))

    def rules(self, depth: int) -> str:
        text = ""
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 3))):
            text += self.statement(depth) + self.word("\n | \n | \n |  ", "~ | \r\n | # c\n |  # c\n", 4)
        return text

    def statement(self, depth: int) -> str:
        if depth < 3 and self.maybe(0.2):
            match self.random.randrange(5):
                case 0:
                    return self.joined([*self.qualifiers(0.3), "{"]) + "\n" + self.rules(depth + 1) + "}"
                case 1:
                    return self.headed(["profile", self.name()], depth + 1)
                case 2:
                    odd = "^ h | hat | ^ | hat\nh | ^\th | ^{ | ^h{ | hat h{ | ^# | hat  h | hat h/x"
                    return self.headed([self.word('^h | hat h | ^h2 | ^"h i" | hat "h"', odd)], depth + 1)
                case _:
                    return self.conditional(depth + 1)
        if self.maybe(0.08):
            if self.odd(5):
                return self.random.choice((self.set_variable, self.alias))()
            return self.random.choice((lambda: self.include(True), self.abi, self.limit, self.limit))()
        return self.rule()

    def rule(self) -> str:
        kinds = (
            *(self.file, self.file, self.file, self.file, self.file, self.link, self.capability, self.network),
            *(self.network, self.unix, self.unix, self.mount, self.mount, self.umount, self.pivot_root, self.signal),
            *(self.signal, self.ptrace, self.dbus, self.dbus, self.change_profile, self.change_profile, self.userns),
            *(self.io_uring, self.mqueue, self.mqueue, self.all),
        )
        return self.random.choice(kinds)()

    # -- conditionals -------------------------------------------------------------------------------------

    def conditional(self, depth: int) -> str:
        text = self.joined(["if", self.expression(), "{"]) + " " + self.rules(depth) + "}"
        if self.maybe(0.2):
            text += self.joined(["", "else", "if", self.expression(), "{"]) + " " + self.rules(depth) + "}"
        if self.maybe(0.4):
            text += self.joined(["", "else", "{"]) + " " + self.rules(depth) + "}"
        return text + " else { }" * self.odd()

    def expression(self, depth: int = 0) -> str:
        if depth > 2 or self.maybe(0.6):
            return self.factor()
        match self.random.randrange(4):
            case 0:
                return f"({self.expression(depth + 1)} )" if self.maybe(0.8) else f"({self.expression(depth + 1)})"
            case 1:
                return self.joined(["not", self.expression(depth + 1)])
            case _:
                return self.joined([self.expression(depth + 1), self.one("and | or"), self.expression(depth + 1)])

    def factor(self) -> str:
        if self.maybe(0.5):
            return self.word(at.FACTOR, at.ODD_FACTOR)
        comparison = self.word("== | != | in | < | <= | > | >=", "= | <> | =< | === | not in | IN", 1)
        left, right = (self.word(at.OPERAND, at.ODD_OPERAND) for _ in range(2))
        return self.joined([left, comparison, right])
