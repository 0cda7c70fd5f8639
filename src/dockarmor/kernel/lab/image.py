"""From packages to what QEMU boots: the uncompressed kernel and the first root."""

import hashlib
import io
import lzma
import re
import struct
import subprocess
import tarfile
import zlib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path

from dockarmor.kernel.lab.cpio import CpioWriter
from dockarmor.kernel.lab.packages import run
from dockarmor.kernel.protocol import KernelUnavailable

KERNEL_LIMIT = 256 << 20
MODULES = ("virtio_pci", "virtio_console")
AGENT_IMPORTS = (
    "base64,contextlib,json,os,select,signal,socket,struct,sys,time,typing,encodings.latin_1,encodings.ascii"
)
PASSWD = "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
LIBRARIES = "usr/lib/x86_64-linux-gnu"

# Run by the packaged Python: says which files its own imports need, and compiles them (a slow guest should not).
COMPILE = """
import importlib, os, py_compile, sys
names, target = sys.argv[1].split(","), sys.argv[2]
for name in names:
    importlib.import_module(name)
for module in list(sys.modules.values()):
    source = getattr(module, "__file__", None)
    if source and source.endswith(".py"):
        below = os.path.relpath(source, os.path.dirname(os.__file__))
        os.makedirs(os.path.dirname(os.path.join(target, below)), exist_ok=True)
        py_compile.compile(source, os.path.join(target, below) + "c", dfile=below, doraise=True, optimize=2,
                           invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    elif source:
        print(source)
"""


def packaged(tools: Path, program: str) -> list[str]:
    """The argv that starts an unpacked program with its own libc, whatever this machine's is."""
    libraries = tools / LIBRARIES
    loader = libraries / "ld-linux-x86-64.so.2"
    return [str(loader), "--library-path", str(libraries), str(tools / "usr/bin" / program)]


def kernel_payload(image: bytes) -> bytes:
    """The compressed kernel inside a bzImage (Documentation/arch/x86/boot.rst: payload_offset, payload_length).

    Raises KernelUnavailable when the bytes are no bzImage.
    """
    if len(image) < 0x250 or image[0x202:0x206] != b"HdrS":
        raise KernelUnavailable("the kernel package holds no bzImage")
    sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (sectors + 1) * 512 + offset
    if length < 16 or start + length > len(image):
        raise KernelUnavailable("the kernel image is cut short")
    return image[start : start + length]


def uncompress_kernel(payload: bytes, tools: Path) -> bytes:
    """The ELF file in a payload; four bytes of size follow the compressed stream. Raises KernelUnavailable."""
    stream = payload[:-4]
    if stream.startswith(b"\x28\xb5\x2f\xfd"):
        kernel = _filter([*packaged(tools, "zstd"), "-dcq"], stream)
    elif stream.startswith(b"\x02\x21\x4c\x18"):
        kernel = _filter([*packaged(tools, "lz4"), "-dcq"], stream)
    elif stream.startswith(b"\xfd7zXZ"):
        kernel = lzma.LZMADecompressor().decompress(payload, KERNEL_LIMIT)
    elif stream.startswith(b"\x1f\x8b"):
        kernel = zlib.decompressobj(31).decompress(payload, KERNEL_LIMIT)
    else:
        raise KernelUnavailable(f"the kernel is compressed in an unknown way ({stream[:4].hex()})")
    if not kernel.startswith(b"\x7fELF"):
        raise KernelUnavailable("the kernel image does not unpack to an ELF file")
    return kernel


def _filter(argv: list[str], data: bytes) -> bytes:
    done = subprocess.run(argv, input=data, capture_output=True, timeout=120, check=False)
    return done.stdout[:KERNEL_LIMIT]


def kernel_files(packages: Iterable[Path]) -> tuple[bytes, dict[str, bytes]]:
    """The bzImage and the virtio modules (name -> uncompressed content) of a kernel's package files."""
    image, modules = b"", {}
    for package in packages:
        with (
            subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as process,
            tarfile.open(fileobj=process.stdout, mode="r|") as archive,
        ):
            for member in archive:
                base = member.name.rpartition("/")[2]
                module = re.fullmatch(r"(virtio[a-z_-]*)\.ko(\.xz)?", base)
                if not member.isfile() or not (module or base.startswith("vmlinuz")):
                    continue
                file = archive.extractfile(member)
                content = file.read(KERNEL_LIMIT) if file else b""
                if module:
                    modules[module[1].replace("-", "_")] = lzma.decompress(content) if module[2] else content
                else:
                    image = content
    if not image:
        raise KernelUnavailable("the kernel packages hold no vmlinuz")
    return image, modules


def module_order(modules: Mapping[str, bytes], wanted: Iterable[str] = MODULES) -> list[str]:
    """Modules in an order in which they load; what is built into the kernel has no file and is left out.

    >>> module_order({"virtio_pci": b"\\0depends=virtio\\0", "virtio": b"\\0depends=\\0"})
    ['virtio', 'virtio_pci']
    """
    order: list[str] = []

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in order or name in path or name not in modules:
            return
        depends = re.search(rb"\0depends=([a-z0-9_,-]*)\0", modules[name])
        for needed in depends[1].decode().split(",") if depends else ():
            add(needed.replace("-", "_"), (*path, name))
        order.append(name)

    for name in wanted:
        add(name, ())
    return order


def modules_archive(modules: Mapping[str, bytes]) -> bytes:
    """The part of the first root that belongs to one kernel."""
    out = io.BytesIO()
    archive = CpioWriter(out)
    order = module_order(modules)
    for name in order:
        archive.file(f"lib/modules/{name}.ko", modules[name])
    archive.file("lib/modules/order", "".join(f"{name}.ko\n" for name in order).encode())
    archive.close()
    return out.getvalue()


def guest_file(name: str) -> bytes:
    """One of the programs that run inside the guest."""
    return (resources.files("dockarmor.kernel.lab") / "guest" / name).read_bytes()


def guest_digest() -> str:
    """Changes when the guest's programs or this recipe do."""
    recipe = (resources.files("dockarmor.kernel.lab") / "image.py").read_bytes()
    return hashlib.sha256(guest_file("init") + guest_file("agent.py") + recipe).hexdigest()[:16]


def base_archive(tools: Path, work: Path) -> bytes:
    """The part of the first root that all kernels share: busybox, Python's few modules, the agent."""
    python = (tools / "usr/bin/python3").readlink().name
    compiled = work / "compiled"
    run(["rm", "-rf", "--", str(compiled)])
    argv = [*packaged(tools, python), "-E", "-S", "-c", COMPILE, AGENT_IMPORTS, str(compiled)]
    extensions = [Path(line) for line in run(argv).splitlines()]
    out = io.BytesIO()
    archive = CpioWriter(out)
    for folder in ("proc", "sys", "dev", "newroot", "run", "root", "var/lib", "mnt"):
        archive.folder(folder)
    archive.folder("tmp", 0o1777)
    archive.character_device("dev/console", 5, 1)
    archive.file("init", guest_file("init"), 0o755)
    archive.file("lab/agent.py", guest_file("agent.py"))
    archive.file("etc/passwd", PASSWD.encode())
    archive.file("bin/busybox", (tools / "usr/bin/busybox").read_bytes(), 0o755)
    archive.file("usr/bin/python3", (tools / "usr/bin" / python).read_bytes(), 0o755)
    for library in ("libc.so.6", "libm.so.6", "libz.so.1", "libexpat.so.1", "ld-linux-x86-64.so.2"):
        archive.file(f"{LIBRARIES}/{library}", (tools / LIBRARIES / library).read_bytes(), 0o755)
    archive.link("lib64", LIBRARIES)
    for file in sorted(compiled.rglob("*.pyc")):
        archive.file(f"usr/lib/{python}/{file.relative_to(compiled)}", file.read_bytes())
    for file in extensions:
        archive.file(f"usr/lib/{python}/lib-dynload/{file.name}", file.read_bytes())
    archive.close()
    return out.getvalue()
