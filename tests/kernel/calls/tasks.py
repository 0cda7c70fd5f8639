"""What tasks do to each other and to themselves: signals, tracing, capabilities, namespaces, limits."""

from probes import Class, Probe, limit_of

LATER = ("lab 6.12", "lab 6.17")


def kill(name: str) -> str:
    return f"os.kill(other, signal.{name})"


def with_peer(profile: str | None) -> str:
    return f"other = peer({profile!r})"


def sent(word: str, peer: str, own: str = "lab-signal") -> tuple[str, ...]:
    """A signal asks the sender's profile, and the receiver's."""
    receiver = () if peer == "unconfined" else (f"{peer}: signal receive {word} peer={own}",)
    return (f"signal send {word} peer={peer}", *receiver)


SIGNAL = Class(
    "signal",
    ("signal",),
    """
    signal send set=(usr1, usr2) peer=lab-peer-*,
    signal send set=usr1 peer=unconfined,
    signal send set=exists peer=lab-peer-quiet,
    signal receive peer=unconfined,
    signal receive set=hup peer=lab-peer-heard,
    """,
    {
        "to an unconfined task": Probe(kill("SIGUSR1"), sent("usr1", "unconfined"), with_peer(None)),
        "another signal to it": Probe(kill("SIGUSR2"), sent("usr2", "unconfined"), with_peer(None)),
        "to a confined task": Probe(kill("SIGUSR1"), sent("usr1", "lab-peer-heard"), with_peer("lab-peer-heard")),
        "the receiver refuses this one": Probe(
            kill("SIGUSR2"), sent("usr2", "lab-peer-heard"), with_peer("lab-peer-heard")
        ),
        "the sender may not": Probe(kill("SIGHUP"), sent("hup", "lab-peer-heard"), with_peer("lab-peer-heard")),
        "the receiver takes none": Probe(kill("SIGUSR1"), sent("usr1", "lab-peer-deaf"), with_peer("lab-peer-deaf")),
        "neither may": Probe(kill("SIGTERM"), sent("term", "lab-peer-deaf"), with_peer("lab-peer-deaf")),
        "is it there": Probe("os.kill(other, 0)", sent("exists", "lab-peer-quiet"), with_peer("lab-peer-quiet")),
        "is it there, not asked of this one": Probe(
            "os.kill(other, 0)", sent("exists", "lab-peer-heard"), with_peer("lab-peer-heard")
        ),
        "a queued signal": Probe(
            "call(129, other, 10, ctypes.create_string_buffer(bytes([10] + [0] * 7 + [255] * 4), 128))",
            sent("usr1", "lab-peer-heard"),
            with_peer("lab-peer-heard"),
        ),
        "through a process descriptor": Probe(
            "signal.pidfd_send_signal(os.pidfd_open(other), signal.SIGUSR2)",
            sent("usr2", "lab-peer-heard"),
            with_peer("lab-peer-heard"),
        ),
    },
    others="""
    profile lab-peer-heard { file, signal receive set=(usr1, exists) peer=lab-signal, signal peer=unconfined, }
    profile lab-peer-deaf { file, signal peer=unconfined, }
    profile lab-peer-quiet { file, signal receive set=exists, signal peer=unconfined, }
    """,
)


def traced(permission: str, peer: str) -> tuple[str, ...]:
    """Tracing asks the tracer's profile, and the tracee's."""
    other = {"read": "readby", "trace": "tracedby"}[permission]
    tracee = () if peer == "unconfined" else (f"{peer}: ptrace {other} peer=lab-ptrace",)
    return (f"ptrace {permission} peer={peer}", *tracee)


_LINK = "result = os.readlink(f'/proc/{other}/exe')"
_SEIZE = "call(PTRACE, 0x4206, other, 0, 0)"
PTRACE = Class(
    "ptrace",
    ("ptrace",),
    """
    ptrace read peer=lab-peer-*,
    ptrace trace peer=lab-peer-open,
    ptrace trace peer=lab-peer-shut,
    ptrace read peer=lab-ptrace,
    ptrace readby peer=lab-ptrace,
    ptrace tracedby peer=lab-peer-tracer,
    """,
    {
        "read": Probe(_LINK, traced("read", "lab-peer-open"), with_peer("lab-peer-open"), result="/usr/bin/python3"),
        "read what does not agree": Probe(_LINK, traced("read", "lab-peer-shut"), with_peer("lab-peer-shut")),
        "read an unconfined task": Probe(_LINK, traced("read", "unconfined"), with_peer(None)),
        "seize": Probe(_SEIZE, traced("trace", "lab-peer-open"), with_peer("lab-peer-open")),
        "seize what does not agree": Probe(_SEIZE, traced("trace", "lab-peer-shut"), with_peer("lab-peer-shut")),
        "seize what may only be read": Probe(_SEIZE, traced("trace", "lab-peer-read"), with_peer("lab-peer-read")),
        "attach": Probe(
            "call(PTRACE, 16, other, 0, 0)", traced("trace", "lab-peer-open"), with_peer("lab-peer-open")
        ),
        "read memory": Probe(
            "os.close(os.open(f'/proc/{other}/mem', os.O_RDONLY))",
            traced("trace", "lab-peer-read"),
            with_peer("lab-peer-read"),
        ),
    },
    others="""
    profile lab-peer-open { file, signal, ptrace (readby, tracedby) peer=lab-ptrace, }
    profile lab-peer-shut { file, signal, }
    profile lab-peer-read { file, signal, ptrace readby peer=lab-ptrace, }
    """,
)

CAPABILITY = Class(
    "capability",
    ("capability",),
    "capability sys_chroot setuid chown mknod, audit capability net_raw,",
    {
        "chroot": Probe("os.chroot('/mnt')", ("capability sys_chroot",)),
        "become a user": Probe("os.setresuid(1000, 1000, 1000)", ("capability setuid",)),
        "become a group": Probe("os.setresgid(1000, 1000, 1000)", ("capability setgid",)),
        "host name": Probe("call(170, b'lab', 3)", ("capability sys_admin",), "unshare(NEWUTS)"),
        "clock": Probe("import time; time.clock_settime(0, time.time())", ("capability sys_time",)),
        "device file": Probe("call(133, b'/mnt/null', 0o20600, 0x103)", ("capability mknod",), "private()"),
        "give a file away": Probe("os.chown('/mnt/file', 1000, 0)", ("capability chown",), "private()"),
        "raw socket": Probe("socket.socket(2, 3, 1).detach()", ("capability net_raw",)),
        "priority": Probe("call(141, 0, 0, -5)", ("capability sys_nice",)),
        # Up to 6.12 a capability that the same profile was just denied is not written again (audit_caps).
        "mount": Probe("mount('lab', '/mnt/a', 'tmpfs')", ("capability sys_admin",), "private()", logged=False),
    },
)

USERNS = Class(
    "userns",
    ("userns",),
    "",
    {
        "unshare": Probe("unshare(NEWUSER)", ("userns create",)),
        "unshare as a user": Probe("unshare(NEWUSER)", ("userns create",), "os.setresuid(1000, 1000, 1000)"),
        "where it may": Probe("unshare(NEWUSER)", ("userns create",), profile="lab-userns-granted"),
        "clone": Probe("forked_in(NEWUSER)", ("userns create",)),
        "another namespace": Probe("unshare(NEWIPC)", ()),
    },
    others="profile lab-userns-granted { file, capability, userns create, }",
    kernels=LATER,
)

_RING = """
parameters = ctypes.create_string_buffer(bytes(8) + bytes([{flags}]) + bytes(111), 120)
ring = call(IO_URING_SETUP, 4, parameters)
"""
#: a ring, and in it the credentials of a task that is (still) unconfined
_REGISTERED = _RING.format(flags=0) + "personality = call(IO_URING_REGISTER, ring, 9, None, 0)"
IO_URING = Class(
    "io_uring",
    ("io_uring",),
    "io_uring override_creds label=lab-io_uring,",
    {
        "plain ring": Probe(_RING.format(flags=0), ()),
        "polling ring": Probe(_RING.format(flags=2), ("io_uring sqpoll",)),
        "polling ring where it may": Probe(
            _RING.format(flags=2), ("io_uring sqpoll",), profile="lab-io_uring-granted"
        ),
        "another's credentials": Probe(
            "result = submitted(ring, parameters, personality)",
            ("io_uring override_creds label=unconfined",),
            _REGISTERED,
            result=0,
        ),
        "one's own credentials": Probe(
            "result = submitted(ring, parameters, call(IO_URING_REGISTER, ring, 9, None, 0))",
            ("io_uring override_creds label=lab-io_uring",),
            _RING.format(flags=0),
            result=0,
        ),
    },
    others="profile lab-io_uring-granted { file, io_uring sqpoll, }",
    kernels=LATER,
)

_ULIMIT = "result = execute('/bin/sh', '-c', 'ulimit -Hn; ulimit -n').decode().split()"
RLIMIT = Class(
    "rlimit",
    (),
    "set rlimit nofile <= 64, set rlimit cpu <= 1h,",
    {
        "lower": Probe("limited(7, 32)", allows=limit_of(7, 32)),
        "as it is set": Probe("limited(7, 64)", allows=limit_of(7, 64)),
        "higher": Probe("limited(7, 65)", allows=limit_of(7, 65), logged=False),
        "another resource": Probe("limited(4, 1 << 20)", allows=limit_of(4, 1 << 20)),
        "seconds of time": Probe("limited(0, 3601)", allows=limit_of(0, 3601), logged=False),
        "given at an exec into the profile": Probe(
            f"become('exec lab-rlimit', 'exec'); {_ULIMIT}",
            allows=lambda _: True,
            result=["64", "64"],
            profile="lab-rlimit-before",
        ),
        # Only a change of profile at exec gives them (lsm.c, apparmor_bprm_committing_creds).
        "not given to who changed to it before": Probe(
            f"{_ULIMIT}; result = min(map(int, result)) > 64", allows=lambda _: True, result=True
        ),
    },
    others="profile lab-rlimit-before { file, change_profile, }",
)
