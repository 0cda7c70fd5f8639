"""Rules of the other kinds at random."""

from chance import Chance

_FAMILIES = ["unix", "inet", "inet6", "netlink", "packet", "bluetooth", "alg", "vsock", "xdp", "mctp"]
_TYPES = ["stream", "dgram", "seqpacket", "rdm", "raw", "packet"]
_NET = [
    "create",
    "bind",
    "listen",
    "accept",
    "connect",
    "shutdown",
    "getattr",
    "setattr",
    "getopt",
    "setopt",
    "send",
    "receive",
    "read",
    "write",
    "r",
    "w",
    "rw",
]
_CAPABILITIES = [
    "chown",
    "kill",
    "net_admin",
    "sys_admin",
    "bpf",
    "perfmon",
    "checkpoint_restore",
    "mac_admin",
    "setuid",
    "audit_read",
]
_SIGNALS = [
    "hup",
    "int",
    "kill",
    "term",
    "usr1",
    "chld",
    "stop",
    "cont",
    "io",
    "poll",
    "stp",
    "tstp",
    "exists",
    "rtmin+0",
    "rtmin+32",
    "emt",
]
_OPTIONS = [
    "ro",
    "rw",
    "nosuid",
    "suid",
    "nodev",
    "dev",
    "noexec",
    "exec",
    "sync",
    "async",
    "remount",
    "mand",
    "nomand",
    "dirsync",
    "nosymfollow",
    "noatime",
    "atime",
    "nodiratime",
    "diratime",
    "bind",
    "move",
    "rbind",
    "silent",
    "loud",
    "acl",
    "noacl",
    "unbindable",
    "private",
    "slave",
    "shared",
    "runbindable",
    "rprivate",
    "rslave",
    "rshared",
    "make-private",
    "make-rshared",
    "relatime",
    "norelatime",
    "iversion",
    "strictatime",
    "lazytime",
    "nouser",
    "user",
]
_LIMITS = (
    (
        ["fsize", "data", "stack", "core", "rss", "as", "memlock", "msgqueue"],
        ["0", "1", "10K", "10KB", "4M", "1G", "010", "infinity", "7MB"],
    ),
    (["nofile", "nproc", "locks", "sigpending", "rtprio"], ["0", "12", "1024", "infinity", "010"]),
    (["nice"], ["-20", "0", "19", "-1", "5", "infinity"]),
    (["cpu"], ["1", "10s", "10 s", "2 minutes", "1h", "1week", "infinity", "60seconds"]),
    (["rttime"], ["1", "10ms", "10 us", "2s", "infinity", "1 day"]),
)


class ClassRules(Chance):
    def capability(self) -> str:
        names = [
            self.one(*_CAPABILITIES, self.wrong("chown", "CHOWN", "cap_chown", "nothing", '"chown"'))
            for _ in range(self.random.randint(0, 3))
        ]
        return self.class_qualifiers() + " ".join(["capability", *names])

    def network(self) -> str:
        words = self.permissions(_NET, 0.2)
        family = self.some(
            lambda: " " + self.one(*_FAMILIES, "inet", "inet6", self.wrong("inet", "INET", "foo", "none")), 0.7
        )
        kind = self.some(lambda: " " + self.one(*_TYPES, "tcp", "udp", "icmp"), 0.5)
        conditions = ""
        if self.maybe(0.2):
            family = self.one("", " inet", " inet6", family)
            ip = self.one(
                "ip=1.2.3.4",
                "ip=::1",
                "ip=none",
                self.wrong("ip=10.0.0.1", "ip=1.2.3", "ip=1.2.3.4/8", "ip=*", "ip=300.1.1.1", "ip=(1.2.3.4)"),
            )
            port = self.one(
                "port=80",
                "port=1-1024",
                "port=0",
                self.wrong("port=443", "port=99999", "port=9-1", "port=x", "port=-1", "port=(80 81)"),
            )
            conditions = (
                self.some(" " + ip, 0.7)
                + self.some(" " + port, 0.6)
                + self.some(f" peer=({ip}{self.one(' ', ', ', ',')}{port})", 0.3)
            )
        return f"{self.qualifiers(self.mistakes, self.mistakes)}network{words}{family}{kind}{conditions}"

    def unix(self) -> str:
        address = self.one(
            "addr=@x*",
            "addr=none",
            "addr=auto",
            'addr="@a b"',
            "addr=@x\\x00y",
            "addr=@**",
            self.wrong("addr=@y", "addr=/run/x", "addr=x", "addr=", "addr=(@a @b)"),
        )
        kind = self.one(
            "type=stream",
            "type=dgram",
            "type=seqpacket",
            "type=(stream)",
            "type=none",
            self.wrong("type=raw", "type=foo", "type=STREAM", "type=(stream dgram)", "protocol=0"),
        )
        peer = self.one(
            "addr=@p",
            "label=q",
            "label=/r/**",
            "label=a, addr=@b",
            "label=a addr=none",
            'label="x y"',
            "",
            self.wrong("label=s", "type=stream", "addr=/x", "label=(a b)", "x=y"),
        )
        return (
            f"{self.class_qualifiers()}unix{self.permissions(_NET, 0.4)}{self.some(' ' + kind)}"
            f"{self.some(' ' + address)}"
            f"{self.some(f' peer=({peer})', 0.4)}{self.wrong('', ' label=x', ' attr=x', ' opt=y', ' foo')}"
        )

    def mount_conditions(self) -> str:
        fstype = self.some(
            lambda: (
                " "
                + self.one(
                    "fstype=proc",
                    "fstype=(ext3, ext4)",
                    "vfstype=tmpfs",
                    "fstype=*",
                    "fstype in (a b)",
                    'fstype="x y"',
                )
            ),
            0.3,
        )
        options = ""
        for _ in range(self.random.choice((0, 1, 1, 1, 2))):
            words = self.list_of(
                _OPTIONS if not self.maybe(self.mistakes) else ["defaults", "nodirsync", "RO", "x"], 3
            )
            options += (
                " " + self.one("options", "option") + self.one("=", "=", " in ") + words
                if self.maybe(0.7)
                else f" options={self.one(*_OPTIONS)}"
            )
        return (
            fstype + options + self.wrong("", " foo=bar", " options=", " options=()", " options=ro,rw", " flags=ro")
        )

    def mount(self) -> str:
        source = self.some(
            lambda: " " + self.one("/dev/sda1", "proc", '""', "@{V}", "detached", "/a/**", '"/x y"', "none"), 0.5
        )
        point = self.some(
            lambda: f" {self.wrong('->', '=>', '-')} " + self.one("/mnt/", "/mnt/**", "@{HOME}/m", '"/m n"', "mnt"),
            0.5,
        )
        return f"{self.class_qualifiers()}mount{self.mount_conditions()}{source}{point}"

    def remount(self) -> str:
        word = self.one("remount", "umount", "unmount")
        return (
            f"{self.class_qualifiers()}{word}{self.some(self.mount_conditions, 0.3)}"
            f"{self.some(lambda: ' ' + self.one('/mnt/', '/**', '@{V}', 'x'), 0.6)}"
            f"{self.wrong('', ' -> /x', ' /b')}"
        )

    def pivot_root(self) -> str:
        old = self.some(
            lambda: (
                " oldroot=" + self.one("/old/", "/mnt/**", '"/o p"', "@{V}", "(/a /b)", self.wrong("/x", "", "()"))
            ),
            0.5,
        )
        return (
            f"{self.class_qualifiers()}pivot_root{old}{self.some(' /new/', 0.5)}"
            f"{self.some(' -> profile', 0.3)}{self.wrong('', ' new=/x', ' /y')}"
        )

    def signal(self) -> str:
        signals = self.one(*_SIGNALS) if self.maybe(0.5) else self.list_of(_SIGNALS)
        signals = self.wrong(signals, "foo", "KILL", "9", "sigkill", "rtmin+33", "rtmin", "lost")
        peer = self.some(lambda: f" peer={self.label()}", 0.5)
        return (
            f"{self.class_qualifiers()}signal"
            f"{self.permissions(['send', 'receive', 'read', 'write', 'r', 'w', 'rw'])}"
            f"{self.some(f' set={signals}')}{peer}{self.wrong('', ' set in (hup)', ' foo=x', ' peer=z')}"
        )

    def ptrace(self) -> str:
        words = ["read", "trace", "readby", "tracedby", "r", "w", "rw", "write"]
        return (
            f"{self.class_qualifiers()}ptrace{self.permissions(words)}"
            f"{self.some(lambda: f' peer={self.label()}')}{self.wrong('', ' set=hup', ' x', ' peer=z')}"
        )

    def dbus(self) -> str:
        if self.maybe(0.2):
            return (
                f"{self.class_qualifiers()}dbus{self.one('', ' bind', ' eavesdrop', ' (bind)')}"
                f"{self.some(' bus=session', 0.7)}{self.some(' name=org.x', 0.4)}"
            )
        parts = [
            self.some("bus=system"),
            self.some(lambda: f"path={self.one('/a/b', '/a//**', '/{x,y}')}"),
            self.some("interface=org.x.*"),
            self.some("member={A,B}", 0.3),
            self.some(
                lambda: (
                    "peer=("
                    + self.one(
                        "name=org.y",
                        "label=l",
                        "name=n, label=/m/**",
                        "name=n label=l",
                        "",
                        self.wrong("label=z", "path=/a", "name=a name=b", "foo=x", "name=(a b)"),
                    )
                    + ")"
                ),
                0.5,
            ),
            self.wrong("", "name=org.z", "label=x", "bus=a bus=b", "foo=x", "member in (a)"),
        ]
        self.random.shuffle(parts)
        return (
            f"{self.class_qualifiers()}dbus"
            f"{self.permissions(['send', 'receive', 'read', 'write', 'r', 'w', 'rw'], 0.6)} "
            f"{' '.join(part for part in parts if part)}"
        )

    def userns(self) -> str:
        return self.class_qualifiers() + self.one(
            "userns", "userns create", self.wrong("userns", "userns foo", "userns create create", "userns x=y")
        )

    def io_uring(self) -> str:
        label = self.some(lambda: f" label={self.one('a', '/**', self.wrong('b', '(a b)', 'c label=d'))}", 0.4)
        return f"{self.class_qualifiers()}io_uring{self.permissions(['sqpoll', 'override_creds'])}{label}"

    def mqueue(self) -> str:
        words = ["create", "open", "delete", "read", "write", "getattr", "setattr", "r", "w", "rw"]
        kind = self.some(lambda: " type=" + self.one("posix", "sysv", self.wrong("posix", "foo", "(posix)")), 0.4)
        name = self.some(
            lambda: " " + self.one("/q", "/q*", "12", "0", self.wrong("/r", "x", "-1", "*", "@{V}")), 0.5
        )
        return f"{self.class_qualifiers()}mqueue{self.permissions(words)}{kind}{self.some(' label=l', 0.2)}{name}"

    def all_rule(self) -> str:
        return self.qualifiers(self.mistakes, self.mistakes) + "all" + self.wrong("", " x", " r")

    def limit(self) -> str:
        names, values = self.random.choice(_LIMITS)
        value = self.wrong(self.one(*values), "x", "+5", "0x10", "1.5", "-3", "10k", "10QB", "")
        return f"set rlimit {self.wrong(self.one(*names), 'foo', 'CPU')} {self.wrong('<=', '=', '<')} {value},"
