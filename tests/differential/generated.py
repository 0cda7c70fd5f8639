"""The policies of one run, by its seed, and the folder that they include from."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from edge_grammar import EdgeGrammar
from mutations import mutate
from policy_grammar import BASE, Grammar


def policies(seed: int, count: int, real: tuple[str, ...] = ()) -> Iterator[str]:
    """As many policies: by both grammars, by the first and broken, and, where there are `real` ones, those broken."""
    for number in range(count):
        random = Random(f"{seed}/{number}")
        if real and number % 4 == 3:
            text = mutate(excerpt(random.choice(real), random), random)
        elif number % 3 == 2:
            text = EdgeGrammar(random, 0.02).policy()
        else:
            text = Grammar(random).policy()
            if number % 2:
                text = mutate(text, random)
        yield text + "\n"


def excerpt(text: str, random: Random) -> str:
    """Some lines of a real file, in a profile of their own; short, so that both parsers are quick."""
    lines = text.splitlines()
    start = random.randrange(max(1, len(lines)))
    body = "\n".join(lines[start : start + random.randint(1, 8)])
    return f"include <tunables/global>\nprofile real {{\n{body}\n}}\n"


def write_base(folder: Path, features: Path | None) -> Path:
    """The files that generated policies include, beneath `folder`."""
    abi = {"abi/now": features.read_text()} if features else {}
    for name, text in (BASE | abi).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
