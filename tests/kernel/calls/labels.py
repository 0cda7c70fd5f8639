"""Where tasks go: programs and their environment, changes of profile, hats, stacks, no_new_privs."""

from collections.abc import Callable

from probes import Class, Probe

from dockarmor.compile.reader import read_blob
from dockarmor.kernel.embedded.kernel import Embedded
from dockarmor.rules.exec_transition import decode

_TOKEN = f"{0x1234567890ABCDEF:016x}"

#: programs under names of their own, each a cat
_NAMES = ("ix", "px", "Px", "ux", "Ux", "cx", "Cx", "pix", "Pix", "pux", "PUx", "no", "none", "unsafe")
_PROGRAMS = f"programs{_NAMES}"


def scrubbed(label: str, path: str) -> Callable[[Embedded], object]:
    """Does the policy have the environment scrubbed for this program (AT_SECURE)?"""

    def found(embedded: Embedded) -> int:
        profile = next(one for one in read_blob(embedded.blob_of(label) or b"").profiles if one.name == label)
        assert profile.file is not None
        table = profile.file
        index = table.permissions(table.walk(table.start(), path.encode())).exec_index
        way = decode(index, profile.exec_table)
        if way.way == "named" and way.target not in {one.name for one in embedded.profiles()}:
            return int(way.scrubs and way.fallback != "inherit")
        return int(way.scrubs)

    return found


def program(name: str) -> Probe:
    path = f"/mnt/x/{name}"
    return Probe(f"result = secure('{path}')", (f"exec {path}",), _PROGRAMS, result=scrubbed("lab-exec", path))


EXEC = Class(
    "exec",
    ("file",),
    """
    / r, /** rwmkl, /{usr/bin,bin}/* ix,
    /mnt/x/ix ix,
    /mnt/x/px px -> lab-exec-target,
    /mnt/x/Px Px -> lab-exec-target,
    /mnt/x/ux ux,
    /mnt/x/Ux Ux,
    /mnt/x/cx cx -> child,
    /mnt/x/Cx Cx -> child,
    /mnt/x/pix pix -> lab-none,
    /mnt/x/Pix Pix -> lab-none,
    /mnt/x/pux pux -> lab-none,
    /mnt/x/PUx PUx -> lab-none,
    /mnt/x/none px -> lab-none,
    unsafe /mnt/x/unsafe Cx -> child,
    audit deny /mnt/x/no x,
    profile child { file, }
    """,
    {name: program(name) for name in _NAMES}
    | {
        "a script's interpreter": Probe(
            "result = execute('/mnt/x/script').decode()",
            ("exec /mnt/x/script",),
            _PROGRAMS + "; write('/mnt/x/script', b'#!/mnt/x/ix /proc/self/attr/current\\n')",
        ),
    },
    others="profile lab-exec-target { file, }",
)

CHANGE_PROFILE = Class(
    "change_profile",
    ("change_profile",),
    """
    change_profile -> lab-target-a,
    change_profile -> &lab-target-stacked,
    change_profile /bin/cat -> lab-target-exec,
    change_profile safe /bin/head -> lab-target-exec,
    change_profile -> lab-target-none,
    """,
    {
        "change": Probe(
            "become('changeprofile lab-target-a'); result = label()",
            ("change_profile lab-target-a",),
            result="lab-target-a",
        ),
        "change to another": Probe("become('changeprofile lab-target-b')", ("change_profile lab-target-b",)),
        "back to none": Probe("become('changeprofile unconfined')", ("change_profile unconfined",)),
        "stack": Probe(
            "become('stack lab-target-stacked'); result = label()",
            ("change_profile &lab-target-stacked",),
            result="lab-change_profile//&lab-target-stacked",
        ),
        "change to one that is not there": Probe(
            "become('changeprofile lab-target-none')",
            ("change_profile lab-target-none",),
            free=False,
        ),
        "stack another": Probe("become('stack lab-target-a')", ("change_profile &lab-target-a",)),
        "at exec": Probe(
            "become('exec lab-target-exec', 'exec'); result = secure('/bin/cat', True)",
            ("change_profile lab-target-exec exec=/bin/cat",),
            result=["lab-target-exec", 1],
        ),
    },
    others="".join(f"profile lab-target-{name} {{ file, }}\n" for name in ("a", "b", "stacked", "exec")),
)


def hat(*names: str) -> str:
    """Enter the first of these hats that there is; none: leave it."""
    words = "\\0".join(names)
    return f"become(b'changehat {_TOKEN}^{words}')"


def there(name: str) -> Callable[[Embedded], bool]:
    """Is the profile loaded?"""
    return lambda embedded: name in {profile.name for profile in embedded.profiles()}


CHANGE_HAT = Class(
    "change_hat",
    (),
    "^one { /** r, /proc/*/attr/** w, } ^two { /proc/** rw, }",
    {
        "enter": Probe(
            f"{hat('one')}; result = label()", allows=there("lab-change_hat//one"), result="lab-change_hat//one"
        ),
        "leave": Probe(
            f"{hat('one')}; {hat('')}; result = label()", allows=there("lab-change_hat//one"), result="lab-change_hat"
        ),
        "from one to the other": Probe(
            f"{hat('one')}; {hat('two')}; result = label()",
            allows=there("lab-change_hat//two"),
            result="lab-change_hat//two",
        ),
        "leave with a wrong token": Probe(f"{hat('one')}; become('changehat 1^')", allows=lambda _: False, result=-9),
        "none of this name": Probe(hat("three"), allows=there("lab-change_hat//three")),
        "the first that is there": Probe(
            f"{hat('three', 'two')}; result = label()",
            allows=there("lab-change_hat//two"),
            result="lab-change_hat//two",
        ),
        "from a profile without hats": Probe(
            hat("one"),
            allows=there("lab-change_hat-none//one"),
            profile="lab-change_hat-none",
        ),
        "what the hat may not": Probe(
            f"{hat('one')}; os.unlink('/mnt/file')",
            ("file d /mnt/file",),
            "private()",
            profile="lab-change_hat//one",
        ),
    },
    others="profile lab-change_hat-none { file, }",
    free=False,  # an unconfined task has no hats
    logged=False,
)

_NO_NEW = "call(PRCTL, 38, 1, 0, 0, 0); "
NO_NEW_PRIVS = Class(
    "no_new_privs",
    ("file", "change_profile"),
    """
    / r, /** rwmkl, /{usr/bin,bin}/* ix,
    change_profile,
    /mnt/x/ix ix,
    /mnt/x/px px -> lab-target,
    /mnt/x/ux ux,
    /mnt/x/cx cx -> child,
    /mnt/x/pix pix -> &lab-target,
    profile child { file, }
    ^hat { file, }
    """,
    {
        name: Probe(
            f"{_NO_NEW}result = execute('/mnt/x/{name}', '/proc/self/attr/current', name='cat').decode()",
            (f"no_new_privs exec /mnt/x/{name}",),
            _PROGRAMS,
            result=found,
        )
        for name, found in {
            "ix": "lab-no_new_privs (enforce)\n",
            "px": None,
            "ux": None,
            "cx": None,
            "pix": "lab-no_new_privs//&lab-target (enforce)\n",
        }.items()
    }
    | {
        "change_profile": Probe(
            f"{_NO_NEW}become('changeprofile lab-target')", ("no_new_privs change_profile lab-target",)
        ),
        "stack": Probe(
            f"{_NO_NEW}become('stack lab-target'); result = label()",
            ("no_new_privs change_profile &lab-target",),
            result="lab-no_new_privs//&lab-target",
        ),
    },
    others="profile lab-target { file, }",
)
