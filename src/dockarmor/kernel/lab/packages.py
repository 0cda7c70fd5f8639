"""What the lab is made of, fetched as Debian packages by a private apt that installs nothing.

Each suite has its own apt folders (sources, lists, cache) below the caller's folder; the mirror and the proxy
are those that this machine's own apt uses, and every package is verified by apt against Debian's keyring.
"""

import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dockarmor.kernel.protocol import KernelUnavailable
from dockarmor.text.regex import regex
from dockarmor.value import frozen

Report = Callable[[str], None]

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
TOOLS_SUITE = "trixie"
TOOLS = ("qemu-system-x86", "busybox-static", "python3", "zstd", "lz4")
APT_SECONDS = 600
PACKAGE = regex(r"[a-z0-9][a-z0-9+.-]{1,100}")


@frozen
class KernelSource:
    """Where Debian keeps a kernel: the suite and, for old suites, whether security updates are added."""

    name: str
    suite: str
    security: bool = False


KERNELS: dict[str, KernelSource] = {
    source.name: source
    for source in (
        KernelSource("6.1", "bookworm", security=True),
        KernelSource("6.12", "trixie", security=True),
        KernelSource("6.17", "trixie-backports"),
        KernelSource("6.18", "trixie-backports"),
        KernelSource("7.2", "sid"),
        KernelSource("7.3", "experimental"),
    )
}


@frozen
class Mirror:
    """The addresses of Debian's archive and of its security archive, as this machine's apt knows them."""

    main: str
    security: str | None


def run(argv: Sequence[str], *, seconds: float = APT_SECONDS) -> str:
    """The standard output of a host command. Raises KernelUnavailable with its last words when it fails."""
    try:
        done = subprocess.run(list(argv), stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False)
    except FileNotFoundError as error:
        raise KernelUnavailable(
            f"the lab is made of Debian packages, and `{argv[0]}` is not on this machine"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise KernelUnavailable(f"`{argv[0]}` did not end within {seconds:.0f} seconds") from error
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip()[-400:]
        raise KernelUnavailable(f"`{' '.join(argv[:4])} …` failed: {words}")
    return done.stdout.decode("utf-8", "replace")


def choose_mirror(targets: str) -> Mirror:
    """Pick the archive addresses from `apt-get indextargets` lines `REPO_URI`.

    >>> choose_mirror("https://m.example/debian/\\nhttps://m.example/debian-security/\\n")
    Mirror(main='https://m.example/debian/', security='https://m.example/debian-security/')

    Raises KernelUnavailable when no Debian archive is among them.
    """
    main = security = None
    for address in targets.split():
        if re.fullmatch(r"https?://[^\s\[\]]+/debian/?", address):
            main = main or address
        elif re.fullmatch(r"https?://[^\s\[\]]+/debian-security/?", address):
            security = security or address
    if main is None:
        raise KernelUnavailable(
            "the lab's kernels are Debian packages, and this machine's apt knows no Debian mirror"
        )
    return Mirror(main, security)


def machine_mirror() -> Mirror:
    """The mirror in this machine's own apt configuration."""
    if not KEYRING.is_file():
        raise KernelUnavailable(
            f"Debian's keys are needed to verify packages: {KEYRING} is missing (package debian-archive-keyring)"
        )
    return choose_mirror(
        run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"], seconds=60)
    )


@frozen
class Apt:
    """A private apt for one suite. Its package database is empty: a closure comes with its own libc."""

    root: Path

    def command(self, *argv: str) -> list[str]:
        """The argv of an apt program under this configuration (`env` keeps the caller's proxy settings)."""
        return ["env", f"APT_CONFIG={self.root / 'apt.conf'}", "LC_ALL=C", *argv]

    def candidates(self, pattern: str) -> list[str]:
        """The names of packages that match an anchored regular expression."""
        lines = run(self.command("apt-cache", "search", "--names-only", pattern)).splitlines()
        return [name for line in lines if PACKAGE.fullmatch(name := line.split(" ", 1)[0])]

    def closure(self, names: Iterable[str]) -> list[Path]:
        """Download packages with all that they depend on; the verified files, in name order."""
        run(self.command("apt-get", "clean"))
        run(self.command("apt-get", "-q", "-y", "--no-install-recommends", "--download-only", "install", *names))
        return sorted((self.root / "cache" / "archives").glob("*.deb"))

    def download(self, name: str, folder: Path) -> Path:
        """Download one package without its dependencies into an empty folder."""
        argv = self.command("apt-get", "-q", "download", name)
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"{name}_*.deb"):
            old.unlink()
        run(["env", "-C", str(folder), *argv[1:]])
        found = list(folder.glob(f"{name}_*.deb"))
        if len(found) != 1:
            raise KernelUnavailable(f"apt downloaded no file for package {name}")
        return found[0]


def private_apt(folder: Path, suite: str, mirror: Mirror, *, security: bool = False) -> Apt:
    """Set up (or find) the private apt of a suite and bring its package lists up to date."""
    root = folder / f"apt-{suite}"
    for part in ("etc/apt.conf.d", "etc/preferences.d", "state/lists/partial", "cache/archives/partial"):
        (root / part).mkdir(parents=True, exist_ok=True)
    (root / "state" / "status").write_text("")
    sources = [f"deb [arch=amd64 signed-by={KEYRING}] {mirror.main} {suite} main"]
    if security and mirror.security:
        sources.append(f"deb [arch=amd64 signed-by={KEYRING}] {mirror.security} {suite}-security main")
    (root / "etc" / "sources.list").write_text("\n".join(sources) + "\n")
    (root / "apt.conf").write_text(_configuration(root))
    apt = Apt(root)
    run(apt.command("apt-get", "-q", "update", "-o", "APT::Update::Error-Mode=any"))
    return apt


def _configuration(root: Path) -> str:
    """apt.conf text: our folders, and the machine's own way to the network (proxy, retries)."""
    network = run(["apt-config", "dump", "--format", '%F "%v";%n', "Acquire"], seconds=60)
    kept = [line for line in network.splitlines() if re.match(r"Acquire::[a-z]+::(Proxy|Timeout|CA)", line)]
    ours = {
        "Dir::Etc": root / "etc",
        "Dir::Etc::sourcelist": root / "etc" / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State": root / "state",
        "Dir::State::status": root / "state" / "status",
        "Dir::Cache": root / "cache",
        "APT::Architecture": "amd64",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        # A frozen mirror serves signed but old release files; the signatures are still checked.
        "Acquire::Check-Valid-Until": "false",
    }
    return "\n".join([*kept, *(f'{key} "{value}";' for key, value in ours.items()), ""])


def kernel_packages(name: str, packages: Iterable[str]) -> list[str]:
    """The signed or plain cloud images of kernel series `name`, newest first.

    >>> kernel_packages("6.1", ["linux-image-6.1.0-9-cloud-amd64", "linux-image-6.1.0-49-cloud-amd64",
    ...     "linux-image-6.1.0-49-cloud-amd64-unsigned", "linux-image-6.12.9-cloud-amd64"])
    ['linux-image-6.1.0-49-cloud-amd64', 'linux-image-6.1.0-9-cloud-amd64']
    """
    wanted = re.compile(rf"linux-image-{re.escape(name)}(?=[.-])[0-9a-z.+-]*-?cloud-amd64")
    found = {package for package in packages if wanted.fullmatch(package)}
    return sorted(found, key=_numbers, reverse=True)


def _numbers(package: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", package)[:-1])


def fetch_kernel(apt: Apt, name: str, folder: Path, report: Report) -> tuple[str, list[Path]]:
    """Download the newest kernel of a series that the mirror really has: its release and its package files.

    Since 6.19 the image package is a stub; the files are in linux-binary-V and linux-modules-V.
    """
    images = kernel_packages(name, apt.candidates(rf"^linux-image-{re.escape(name)}[.-]"))
    reason = f"the mirror has no kernel {name} for cloud-amd64"
    for image in images[:4]:
        release = image.removeprefix("linux-image-")
        parts = [image, *sorted(apt.candidates(rf"^linux-(binary|modules)-{re.escape(release)}$"))]
        report(f"downloading Linux {release}")
        try:
            return release, [apt.download(part, folder) for part in parts]
        except KernelUnavailable as error:
            reason = f"the mirror lists {image} but does not give it: {error}"
    raise KernelUnavailable(reason)


def fetch_tools(folder: Path, mirror: Mirror, report: Report) -> Path:
    """QEMU, Python, busybox and the decompressors, unpacked with all their libraries; done once."""
    root = folder / "tools"
    if root.is_dir():
        return root
    report("downloading QEMU and the guest's Python (about 50 MB)")
    files = private_apt(folder, TOOLS_SUITE, mirror, security=True).closure(TOOLS)
    part = folder / "tools.part"
    run(["rm", "-rf", "--", str(part)])
    part.mkdir()
    for file in files:
        run(["dpkg-deb", "-x", str(file), str(part)])
    part.rename(root)
    return root
