"""Print the page of a diagnostic code: what it means, an example, what to write instead.

dockarmor rule DA203
dockarmor rule --all        (every page)
dockarmor rule              (every code and its title)
"""

import re
import sys
from argparse import ArgumentParser, Namespace

from dockarmor.cli.main import EXIT_OK, EXIT_USAGE
from dockarmor.cli.output import Results, add_output, color_wanted
from dockarmor.text.page import Page, codes, page, title
from dockarmor.text.regex import regex

#: letters that are taken for digits
_LOOKALIKES = str.maketrans("OIL", "011")
_HEADING = regex(r"^#+ (.*)$", re.MULTILINE)


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("codes", nargs="*", metavar="DAnnn", help="a code, in capital or small letters")
    parser.add_argument("--all", action="store_true", help="every page")
    add_output(parser)


def run(options: Namespace) -> int:
    known = codes()
    asked = known if options.all else [code.upper() for code in options.codes]
    unknown = [code for code in asked if code not in known]
    if unknown:
        return _unknown(unknown, known)
    results = Results("rule@1", options)
    if asked:
        color = color_wanted(sys.stdout)
        for number, code in enumerate(asked):
            found = page(code)
            results.add(_item(found), ([""] if number else []) + _lines(found, color))
    else:
        for code in known:
            name = title(code)
            results.add({"code": code, "title": name}, [f"{code}  {name}"])
    results.finish()
    return EXIT_OK


def _unknown(unknown: list[str], known: list[str]) -> int:
    import difflib

    for code in unknown:
        digits = "DA" + code[:16].removeprefix("DA").translate(_LOOKALIKES)
        near = [digits] if digits in known else difflib.get_close_matches(digits, known, 1)
        hint = f"did you mean `{near[0]}`?" if near else "`dockarmor rule` lists them all."
        sys.stderr.write(f"dockarmor: no diagnostic has the code {code[:80]!a}; {hint}\n")
    return EXIT_USAGE


def _lines(found: Page, color: bool) -> list[str]:
    """The page as it is written; on a terminal headings are bold instead of marked."""
    text = found.text.rstrip("\n")
    if color:
        fences = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
        fences[::2] = [_HEADING.sub("\x1b[1m\\1\x1b[0m", prose) for prose in fences[::2]]
        text = "".join(fences)
    return text.split("\n")


def _item(found: Page) -> dict[str, object]:
    examples = [{"heading": one.heading, "language": one.language, "text": one.text} for one in found.examples]
    return {"code": found.code, "title": found.title, "text": found.prose, "examples": examples}
