"""Near misses of a policy: one or two small changes where words begin and end."""

import re
from random import Random

_TOKEN = re.compile(r'"[^"\n]*"|[A-Za-z0-9_]+|->|[+:?]=|[ \t]+|\n|[\s\S]')
_BYTES = (
    "\xff",
    "\xe9",
    "!",
    '"',
    "\\",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    "#",
    "=",
    "+",
    "@",
    "$",
    "^",
    "&",
    ":",
    ";",
    "*",
    "\x01",
    "\r",
    "\f",
    "-",
    "<",
    ">",
    "|",
)
_BLANKS = ("\n", " ", "\t", "\r\n", " # comment\n", "\n#\n", "\\\n", "  ", "\r", " \\\n")
_NEAR = {
    "r": ("w", "R", "x", "z", "rr"),
    "w": ("a", "W", "wa"),
    "rw": ("wr", "RW", "rx"),
    "ix": ("iX", "Ix", "x", "px"),
    "px": ("Px", "pX", "ipx"),
    "deny": ("allow", "Deny", "prompt"),
    "audit": ("quiet", "AUDIT"),
    "owner": ("other", "user"),
    "allow": ("deny",),
    "send": ("receive", "Send"),
    "true": ("false", "yes", "True"),
    "if": ("else", "unless"),
    "and": ("or", "not"),
    "profile": ("hat", "Profile"),
    "hat": ("profile",),
    "include": ("Include", "#include", "include if exists"),
    "safe": ("unsafe",),
    "peer": ("label", "Peer"),
    "options": ("option", "flags"),
    "ro": ("rw", "RO"),
    "stream": ("dgram", "tcp"),
    "inet": ("inet6", "unix"),
    "label": ("addr",),
    "complain": ("enforce", "kill"),
}


def mutate(text: str, random: Random, times: int | None = None) -> str:
    """The text with `times` changes, by default one or two."""
    for _ in range(times or random.choice((1, 1, 2))):
        text = _once(text, random)
    return text


def _once(text: str, random: Random) -> str:
    tokens = _TOKEN.findall(text)
    if not tokens:
        return text
    at = random.randrange(len(tokens))
    solid = [place for place, token in enumerate(tokens) if token.strip()]
    if solid and random.random() < 0.8:
        at = random.choice(solid)
    token = tokens[at]
    match random.randrange(13):
        case 0:
            del tokens[at]
        case 1:
            tokens.insert(at, token + random.choice(("", " ")))
        case 2:
            other = random.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], token
        case 3:
            commas = [place for place, one in enumerate(tokens) if one == ","]
            if commas:
                del tokens[random.choice(commas)]
        case 4:
            ascii = token.encode("latin-1")  # whose upper case is a byte, too
            tokens[at] = (ascii.swapcase() if random.random() < 0.5 else ascii.capitalize()).decode("latin-1")
        case 5:
            tokens.insert(at, random.choice(_BYTES))
        case 6:
            tokens[at] = token.strip('"') if token.startswith('"') else f'"{token}"'
        case 7 | 8:
            tokens.insert(at + random.randrange(2), random.choice(_BLANKS))
        case 9:
            near = [place for place, one in enumerate(tokens) if one in _NEAR]
            if near:
                place = random.choice(near)
                tokens[place] = random.choice(_NEAR[tokens[place]])
        case 10:
            blanks = [place for place, one in enumerate(tokens) if not one.strip()]
            if blanks:
                del tokens[random.choice(blanks)]
        case 11:
            cut = random.randrange(len(token) + 1)
            tokens[at] = token[:cut] + random.choice((" ", ",", "=", "\n")) + token[cut:]
        case _:
            tokens.insert(random.randrange(len(tokens) + 1), token)
    return "".join(tokens)
