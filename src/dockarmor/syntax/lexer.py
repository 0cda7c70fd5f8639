"""Where words end: the patterns of upstream's lexer (parser_lex.l), which has a mode for each place of the language.

What a mode takes for a word decides what is policy: `peer=a,b` is one word and `(a,b)` are two, a comma belongs to
the word when something follows it, and behind a variable `=` is a new word while `)` is not. So the patterns keep to
upstream's even where they are odd; a carriage return, for one, ends a path and is part of a condition's word.

All quantifiers are possessive: nothing is ever given back, so a line of megabytes needs no memory for it. No word
holds a NUL: upstream's texts end there, so it is a mistake for us.
"""

import re

from dockarmor.text.regex import regex

#: A generic id: no blank, line end, quote, `!`, unless a backslash stands before it; a comma when more follows.
ID_TEXT = r'(?:[^ \t\r\n"!,\\\x00]++|\\[ \t"!,]?|,[^ \t\r\n"!,\x00])'
ID = regex(ID_TEXT + "++")

#: In quotes: up to the first quote without a backslash before it; where there is none, up to the last one with.
QUOTED = regex(r'(?>"(?:[^"\\\x00]++|\\"?+)*+"|"(?:[^"\x00]*+")++)')

_NAME = r"(?:\{[A-Za-z][A-Za-z0-9_]*\}|[A-Za-z][A-Za-z0-9_]*)"
# What goes on behind a variable: anything but the beginning of an assignment.
_BEHIND = r'(?:[^ \t\n"!,=+\\\x00]\?|[^ \t\n"!,=+?\\\x00]|,[^ \t\n"!,=+?\x00]|\\[ \t"!,()]?)'
LABEL_TEXT = rf"(?:/|&|:[^=\x00]|@{_NAME}{_BEHIND}){ID_TEXT}*+"
#: A path or label: begins with `/`, `&`, `:`, or with a variable that has more behind it.
LABEL = regex(LABEL_TEXT)
SET_VARIABLE = regex("@" + _NAME)
BOOL_VARIABLE = regex(r"\$" + _NAME)

_FIRST = r'(?:\\=|[^ \t\n"!,=()+&:\x00]|:[^ \t\n"!,=()+&\x00])'
# `\=` is a word's, as upstream's own tests want it; its lexer does not read it so yet.
_MORE = r'(?:[^ \t\n"!,=:)\\\x00]++|:?\\=?|:[^ \t\n"!,=)\x00]|,[^ \t\n"!,=:)\x00])*+'
_UP_TO_RETURN = r'(?:[^ \t\n"!,=:)\r\x00]++|:[^ \t\n"!,=)\r\x00]|,[^ \t\n"!,=:)\r\x00])*+[:,]?\r'
_RETURNED = rf"{_FIRST}{_UP_TO_RETURN}{_MORE}"
#: The name of a condition, or of an xattr.
CONDITION_TEXT = rf"{_RETURNED}|{_FIRST}{_MORE}"
WORD_TEXT = rf"(?![/&:@]){_FIRST}{_MORE}|{_RETURNED}|{LABEL_TEXT}|{_FIRST}{_MORE}"
#: A word of a class rule or a condition: as a label, or up to `=`, `)`, and `:` before these. The longer one counts,
#: and that is the one that goes on behind a carriage return.
WORD = regex(WORD_TEXT)

#: A word in a list in parentheses.
LISTED = regex(r'(?:[^ \t\n"!,()\\\x00]++|\\[ \t"!,()]?)++')


def at_label(text: str, at: int, end: int) -> re.Match[str] | None:
    """The label or path here, None where a variable stands alone and may be assigned to."""
    label, variable = LABEL.match(text, at, end), SET_VARIABLE.match(text, at, end)
    return None if label is None or (variable is not None and variable.end() >= label.end()) else label


#: Permissions of a file rule: before white space or a comma, and never a path; `all` is a keyword.
MODE = regex(r"(?!all(?![A-Za-z0-9_]))(?:[pPcC]?[iIuU][xX]|[pPcC][xX]|[rwalkmxRWLMX])++(?=[ \t\r\n,]|\Z)")

#: Words that begin rules or qualify them: never a bare path (upstream's keyword table).
KEYWORDS = frozenset(
    (
        *("network", "unix", "capability", "if", "else", "not", "defined", "change_profile", "unsafe", "safe"),
        *("link", "owner", "user", "other", "subset", "audit", "deny", "allow", "prompt", "set", "rlimit"),
        *("alias", "rewrite", "ptrace", "file", "mount", "remount", "umount", "unmount", "pivot_root", "in"),
        *("dbus", "signal", "send", "receive", "bind", "read", "write", "eavesdrop", "peer", "trace"),
        *("tracedby", "readby", "abi", "userns", "mqueue", "delete", "open", "io_uring", "override_creds"),
        *("sqpoll", "all", "priority", "and", "or", "profile", "hat"),
    )
)
