"""File, link and change_profile rules at random, and the paths in them."""

from chance import Chance

_MODES = [
    "r",
    "w",
    "a",
    "l",
    "k",
    "m",
    "ix",
    "ux",
    "Ux",
    "px",
    "Px",
    "cx",
    "Cx",
    "pix",
    "Pix",
    "cix",
    "Cix",
    "pux",
    "PUx",
    "cux",
    "CUx",
    "rw",
    "rwk",
    "mr",
    "rix",
    "rPx",
    "mrwlk",
    "ra",
    "R",
    "W",
    "x",
    "rx",
]


class FileRules(Chance):
    def plain_path(self) -> str:
        return self.one(
            "/a", "/usr/bin/x", "/b/c", "/etc//d", "//e", '"/f g"', "/h/", self.wrong("/i", "j", '"k"', "")
        )

    def path(self) -> str:
        return self.one(
            "/a",
            "/b/*",
            "/c/**",
            "/d/{e,f}",
            "/g[0-9]h",
            "/i?",
            "@{V}/j",
            "@{HOME}/k",
            '"/l m"',
            "/n\\ o",
            "/p,q",
            "/r//s",
            "/t/\\052",
            "/u/\\x2a\\d65",
            "@{PROC}/@{PIDS}/v",
            "word",
            ":ns:w",
            "/x{,y}",
            "/**",
            "/{,z/}*",
            "/[^a]b",
            "/a{b,{c,d}}e",
            "/@{profile_name}/f",
            "/é",
            "/a#b",
            "/a+b|c(d)",
            '"@{V}/g h"',
            "/[a-c]x",
            "/i/[\\]j]",
            "@{V}",
            "/k=l",
            "/***",
            "/a/{*,b}",
            "/@{V}@{N}",
            "/",
            "//",
            "/^$.",
            self.bad_path() if self.maybe(self.mistakes * 2) else "/y",
        )

    def bad_path(self) -> str:
        return self.one(
            "/a{b}",
            "/a{b,c",
            "/a}b",
            "/a[b",
            "/a]b",
            "/[]",
            "/[^]",
            "/[a-]",
            "/[[:alpha:]]",
            "/a\\",
            '"a/b"',
            '""',
            "/a!b",
            '/a"b"',
            "@{NONE}/a",
            "@{B}",
            "@{}",
            "@{a,b}",
            "/{" * 50 + "a,b" + "}" * 50,
            "/[*]",
            "/[?a]",
            "/[a-c-e]",
            "/a{,}",
            "/{}",
            "/[b-a]",
            "/\\x00a",
            "@{V",
            "/@{1}",
            "@V/x",
            "/@V",
            "@{attach_path}",
            "/a{b, c}",
            "/{a,b}c}",
            "/[\\^a]",
        )

    def target(self) -> str:
        return self.one(
            "t",
            "/usr/bin/t",
            ":ns:t",
            ":ns://t",
            "a//b",
            '"t u"',
            "&t",
            "a//&b",
            "@{V}",
            "t*",
            self.wrong("t", "", ":ns:", '""'),
        )

    def file(self) -> str:
        if self.maybe(0.04):
            return self.qualifiers() + "file"
        qualifiers = self.qualifiers()
        mode = (
            self.one(*_MODES)
            if not self.maybe(self.mistakes)
            else self.one("z", "A", "K", "iux", "rr", "aw", "pxix", "xix", "pxx", "rwz", "")
        )
        if "deny " not in qualifiers and mode in ("x", "rx") and self.maybe(0.9):
            mode = "r"
        if "deny " in qualifiers and mode not in ("x", "rx") and "x" in mode.lower() and self.maybe(0.9):
            mode = "rwx"
        executes = "x" in mode.lower() and "deny " not in qualifiers
        before = self.some("file ", 0.2) + (
            self.some(lambda: self.one("safe ", "unsafe "), 0.15 if executes else self.mistakes)
        )
        target = self.some(lambda: " -> " + self.target(), 0.3 if executes else 0.03)
        subset = self.some(lambda: "subset ", 0.5 if mode == "l" else self.mistakes)
        if self.maybe(0.25) or subset:
            return f"{qualifiers}{before}{mode} {subset}{self.path()}{target}"
        return f"{qualifiers}{before}{self.path()} {mode}{target}"

    def link(self) -> str:
        return f"{self.qualifiers()}link {self.some('subset ', 0.3)}{self.path()} -> {self.path()}"

    def change_profile(self) -> str:
        qualifiers = self.class_qualifiers()
        program = self.some(
            lambda: " " + self.one("/bin/x", "/**", "@{V}", '"/a b"', self.wrong("/c", "c", "{/a,/b}")), 0.4
        )
        mode = self.some(lambda: self.one(" safe", " unsafe"), 0.2 if program else self.mistakes)
        return f"{qualifiers}change_profile{mode}{program}{self.some(lambda: ' -> ' + self.target(), 0.6)}"
