"""What apparmor_parser says about itself: help, version, and the options that do nothing here."""

import sys

from dockarmor.cli.faces.parser_options import DUMPS, OPTIMIZATIONS, WARNINGS

#: option -> (what is said, whether nothing else is done then)
WITHOUT_EFFECT = {
    "dump": ("has no effect here; `dockarmor dump` prints what a compiled policy holds", False),
    **dict.fromkeys(
        ("variables", "expanded-variables"), ("is not supported; `dockarmor show --as policy` prints them", True)
    ),
    "debug": ("is not supported; `dockarmor show` prints what a policy says", True),
    "Optimize": ("has no effect here; policy is always compiled as small as it can be", False),
    "zstd-compress-level": ("has no effect here; policy is written as it is", False),
    "match-string": ("has no effect here; name a file with -M", False),
    "readimpliesX": ("is not supported; it would let programs map what they may only read", True),
}
_CLASSES = {
    **dict.fromkeys(("warn", "Werror"), WARNINGS),
    **dict.fromkeys(("dump", "Dump", "D"), DUMPS),
    **dict.fromkeys(("Optimize", "optimize", "O"), OPTIMIZATIONS),
}

_USAGE = """usage: {program} [OPTION]… [POLICY]…
Compile AppArmor policy from files, folders or standard input, and load it into the kernel.

What to do
  -a, --add                  load new profiles (default)
  -r, --replace              load profiles; those of the same name are replaced
  -R, --remove               remove profiles
  -S, --stdout               write the compiled policy to standard output
  -o, --ofile FILE           write the compiled policy to a file
  -N, --names                print the names of the profiles
  -p, --preprocess           print the policy with its includes in place
  -B, --binary               the files are compiled already
  -Q, --skip-kernel-load     all but loading

How it is read and compiled
  -b, --base DIR             where <…> is looked for (default: /etc/apparmor.d)
  -I, --Include DIR          looked through before the base; may be given several times
  -n, --namespace NAME       the policy namespace
  -C, --Complain             in complain mode
  -M, --features-file FILE   --kernel-features and --policy-features in one
  --kernel-features FILE     what the kernel can do (default: what this one says)
  --policy-features FILE     what policy without an abi rule knows of (also --compile-features)
  --override-policy-abi FILE the same, also for policy with an abi rule
  -f, --subdomainfs DIR      where the kernel's policy files are
  -j, --jobs N, --max-jobs N compile N at the same time; `auto`, xN for N per processor
  --abort-on-error           stop at the first file with an error

Cache
  -W, --write-cache          keep what is compiled
  -T, --skip-read-cache      do not take what is kept
  -K, --skip-cache           neither
  -L, --cache-loc DIR[,DIR]… where (default: /var/cache/apparmor); all but the first are only read
  -k, --show-cache           say what was found
  --purge-cache, --print-cache-dir, --create-cache-dir, --skip-bad-cache, --skip-bad-cache-rebuild, --debug-cache

Else
  -v, --verbose, -q, --quiet
  --warn CLASS, --Werror[=CLASS]   see --help=warn
  --config-file FILE, --print-config-file
  -V, --version, -h, --help[=warn|Werror|dump|Optimize]

Accepted, without effect: -D/--dump, -O/--Optimize, -c/--zstd-compress-level, -m/--match-string.
Refused: -X/--readimpliesX, -d/--debug.
"""


def answer(program: str, option: str, topic: str | None) -> int:
    """Print the help or the version; the exit status."""
    if option == "version":
        from dockarmor import __version__

        sys.stdout.write(f"AppArmor parser version 5.0.2\n(dockarmor {__version__})\n")
        return 0
    if topic is None:
        sys.stdout.write(_USAGE.format(program=program))
        return 0
    if topic not in _CLASSES:
        sys.stdout.flush()
        sys.stderr.write(f"{program}: Invalid --help option {topic}\n")
        return 1
    names = "\n".join(f"  {name}" for name in _CLASSES[topic])
    dashes = "--" if len(topic) > 1 else "-"
    sys.stdout.write(f"usage: {program} {dashes}{topic}=[no-]CLASS\n{names}\n")
    return 0
