"""Runs in the guest: makes system calls in tasks of their own, under a profile or none, and says how they ended.

Reads one JSON line: a list of [name, profile or null, setup, code]. Setup runs unconfined, then the task changes to
the profile and runs the code. Both see this module's names. Writes one JSON line: name -> how it ended.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import struct
import sys

libc = ctypes.CDLL("libc.so.6", use_errno=True)
libc.syscall.restype = ctypes.c_long
NEWNS, NEWUSER, NEWUTS, NEWIPC = 0x20000, 0x10000000, 0x4000000, 0x8000000
RDONLY, NOSUID, NODEV, NOEXEC, REMOUNT, BIND, MOVE, REC = 1, 2, 4, 8, 0x20, 0x1000, 0x2000, 0x4000
UNBINDABLE, PRIVATE, SLAVE, SHARED = 1 << 17, 1 << 18, 1 << 19, 1 << 20
PRCTL, CHROOT, IO_URING_SETUP, IO_URING_ENTER, IO_URING_REGISTER = 157, 161, 425, 426, 427
OPEN_TREE, MOVE_MOUNT, FSOPEN, FSCONFIG, FSMOUNT, MOUNT_SETATTR = 428, 429, 430, 431, 432, 442
PIVOT_ROOT, PTRACE, PRLIMIT, MQ_OPEN, MMAP, MPROTECT = 155, 101, 302, 240, 9, 10
HERE = -100
LABEL = "/proc/self/attr/apparmor/current"

result = None
actor = 0  # the task that makes the call, where it is not the probe's own
report = -1  # the end of the pipe on which a probe says how it ended; no other task may hold it


def call(number, *arguments):
    """A system call by number; its result, or OSError."""
    words = [
        argument
        if isinstance(argument, ctypes.Array)
        else ctypes.c_char_p(argument)
        if isinstance(argument, bytes | None)
        else ctypes.c_long(argument)
        for argument in arguments
    ]
    found = libc.syscall(ctypes.c_long(number), *words)
    if found == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return found


def mount(source, target, kind=None, flags=0, data=None):
    words = [None if word is None else word.encode() for word in (source, target, kind, data)]
    call(165, words[0], words[1], words[2], flags, words[3])


def umount(target, flags=0):
    call(166, target.encode(), flags)


def unshare(flags):
    call(272, flags)


def private():
    """A mount namespace of one's own with a fresh tmpfs at /mnt and some folders and files in it."""
    unshare(NEWNS)
    mount(None, "/", None, REC | PRIVATE)
    mount("lab", "/mnt", "tmpfs")
    for name in ("a", "b", "c", "new", "new/old", "new/other"):
        os.mkdir("/mnt/" + name)
    for name in ("file", "secret", "a/file"):
        write("/mnt/" + name, b"content")


def write(path, data=b""):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o755)
    os.write(fd, data)
    os.close(fd)


def read(path, limit=65536):
    fd = os.open(path, os.O_RDONLY)
    data = os.read(fd, limit)
    os.close(fd)
    return data


def label(pid="self"):
    """The label of a task, without its mode."""
    return read(f"/proc/{pid}/attr/apparmor/current").decode("latin-1").rstrip("\n\0").partition(" (")[0]


def become(command, file="current"):
    """Write to one of the files by which a task changes its label."""
    fd = os.open(f"/proc/self/attr/apparmor/{file}", os.O_WRONLY)
    try:
        os.write(fd, command.encode("latin-1") if isinstance(command, str) else command)
    finally:
        os.close(fd)


def peer(profile, work=lambda _: signal.pause(), start=lambda: None):
    """Another task, under a profile, that starts something and works on it until it is killed; its pid."""
    ready, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(report)
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        if profile:
            become("changeprofile " + profile)
        started = start()
        os.write(go, b"!")
        while True:
            work(started)
    os.close(go)
    if not os.read(ready, 1):
        raise OSError(255, "no peer")
    return pid


def execute(path, *arguments, name=None):
    """What a program writes, run from a task of its own; OSError where it cannot be run."""
    global actor
    output, writing = os.pipe()
    failed, failing = os.pipe2(os.O_CLOEXEC)
    actor = pid = os.fork()
    if pid == 0:
        os.dup2(writing, 1)
        try:
            os.execve(path, [name or path, *arguments], {})
        except OSError as error:
            os.write(failing, str(error.errno).encode())
        os._exit(127)
    os.close(writing)
    os.close(failing)
    trouble = os.read(failed, 16)
    said = b""
    while data := os.read(output, 65536):
        said += data
    os.waitpid(pid, 0)
    if trouble:
        raise OSError(int(trouble), "exec")
    return said


def forked(work):
    """Work done in a child; its OSError, if there is one, is ours."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os.write(writing, b"0")
        except OSError as error:
            os.write(writing, str(error.errno).encode())
        os._exit(0)
    os.close(writing)
    trouble = os.read(reading, 16)
    os.waitpid(pid, 0)
    if trouble != b"0":
        raise OSError(int(trouble or 255), "in a child")


def forked_in(flags):
    """A child in namespaces of its own, that ends at once."""
    pid = call(56, flags | 17, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def limited(resource, value):
    """Set a limit, soft and hard."""
    call(PRLIMIT, 0, resource, ctypes.create_string_buffer(value.to_bytes(8, "little") * 2, 16), None)


def submitted(ring, parameters, personality):
    """Let a ring do nothing with registered credentials; what it answers (an errno, negative)."""
    field = lambda offset: int.from_bytes(parameters.raw[offset : offset + 4], "little")  # noqa: E731
    libc.mmap.restype = ctypes.c_void_p
    areas = [libc.mmap(None, 8192, 3, 0x8001, ring, ctypes.c_long(where)) for where in (0, 0x10000000)]
    entry = bytearray(64)
    entry[42:44] = personality.to_bytes(2, "little")
    ctypes.memmove(areas[1], bytes(entry), 64)
    number = lambda place: ctypes.c_uint32.from_address(areas[0] + place)  # noqa: E731
    number(field(40 + 24)).value = 0  # sq_off.array[0]
    number(field(40 + 4)).value += 1  # sq_off.tail
    call(IO_URING_ENTER, ring, 1, 1, 1, None, 0)
    answer = ctypes.c_int32.from_address(areas[0] + field(80 + 20) + 8).value  # cq_off.cqes[0].res
    if answer < 0:
        raise OSError(-answer, "submitted")
    return answer


def programs(*names):
    """A cat under each of these names in /mnt/x, in a mount namespace of one's own."""
    private()
    os.mkdir("/mnt/x")
    write("/mnt/cat", read("/bin/busybox", 1 << 24))
    for name in names:
        os.link("/mnt/cat", "/mnt/x/" + name)


def secure(path, named=False):
    """Whether the kernel tells a program (a cat) to distrust its environment; with its label if asked."""
    said = execute(path, "/proc/self/auxv", name="cat")
    pairs = struct.iter_unpack("QQ", said[: len(said) // 16 * 16])
    flag = dict(pairs)[23]
    return [execute(path, "/proc/self/attr/current", name="cat").decode().partition(" (")[0], flag] if named else flag


def serving(type, address):
    """A unix socket at an address, made by whoever starts it."""

    def start():
        s = socket.socket(1, type)
        s.bind(address)
        if type != 2:
            s.listen()
        return s

    return start


def passed(path, profile=None):
    """A socket on which waits the descriptor of a file that a task opened, under a profile or under none."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        if profile:
            become("changeprofile " + profile)
        socket.send_fds(theirs, [b"!"], [os.open(path, os.O_RDONLY)])
        os._exit(0)
    os.waitpid(pid, 0)
    return ours


def ended(session):
    """Wait for the end of all tasks that a probe has left, and bring it about."""
    while True:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(session, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def received(waiting):
    """The descriptor that waits on a socket; OSError where it was kept back."""
    found = socket.recv_fds(waiting, 1, 1)[1]
    if not found:
        raise OSError(13, "no descriptor came")
    return found[0]


def files(*names):
    """Files of these names in /mnt."""
    for name in names:
        write("/mnt/" + name, b"content")


def probed(profile, setup, code):
    """One probe in a task of its own: its pid, errno (0: it succeeded), result, or by which signal it ended."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        global report
        report = writing
        os.setsid()
        signal.alarm(20)
        names = dict(globals())
        said = {"errno": 0}
        try:
            exec(setup, names)
            if profile:
                become("changeprofile " + profile)
            said["step"] = "code"
            exec(code, names)
        except OSError as error:
            said["errno"] = error.errno
        except BaseException as error:
            said["error"] = repr(error)
        said |= {"result": names["result"], "pid": actor or os.getpid()}
        os.write(writing, json.dumps(said).encode())
        os._exit(0)
    os.close(writing)
    said = b""
    while data := os.read(reading, 65536):
        said += data
    os.close(reading)
    status = os.waitpid(pid, 0)[1]
    ended(pid)
    found = json.loads(said) if said else {"errno": -1, "step": "code", "signal": os.waitstatus_to_exitcode(status)}
    return {"pid": pid, **found}


if __name__ == "__main__":
    call(PRCTL, 36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: what a probe leaves behind is ours
    found = {}
    for probe, profile, setup, code in json.loads(sys.stdin.readline()):
        try:
            found[probe] = probed(profile, setup, code)
        except Exception as error:
            found[probe] = {"error": repr(error)}
    print(json.dumps(found))
