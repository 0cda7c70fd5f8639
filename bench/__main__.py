"""`make bench [BENCH=PART]`: dockarmor against the reference parser, both sides in the same run.

A missed floor is printed as missed and is the exit status.
"""

import sys

from bench.reference import reference_parser
from bench.roads import heavy, small
from bench.sizes import sizes
from bench.stages import docker_default, firefox

PARTS = {"default": docker_default, "firefox": firefox, "small": small, "heavy": heavy, "sizes": sizes}


def main(names: list[str]) -> int:
    parser = reference_parser()
    if parser is None:
        print("bench: no reference parser here (it comes from the folder beside the project)")
        return 3
    if unknown := set(names) - set(PARTS):
        print(f"bench: there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
        return 2
    met = [PARTS[name](parser) for name in names or PARTS]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
