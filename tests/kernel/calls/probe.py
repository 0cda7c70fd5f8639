"""Runs in the guest: makes system calls in tasks of their own, under a profile or none, and says how they ended.

Reads one JSON line: a list of [name, profile or null, setup, code]. Setup runs unconfined, then the task changes to
the profile and runs the code. Both see this module's names. Writes one JSON line: name -> how it ended.
"""

import ctypes
import json
import os
import signal
import socket  # noqa: F401 (the probes use it)
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


def read(path):
    fd = os.open(path, os.O_RDONLY)
    data = os.read(fd, 65536)
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


def peer(profile, work=lambda: signal.pause()):
    """Another task, under a profile, that works until it is killed; its pid."""
    ready, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(report)
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        if profile:
            become("changeprofile " + profile)
        os.write(go, b"!")
        while True:
            work()
    os.read(ready, 1)
    return pid


def execute(path, *arguments, fallback=b"", **environment):
    """What a program writes, run from a task of its own; OSError where it cannot be run."""
    output, writing = os.pipe()
    failed, failing = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        os.dup2(writing, 1)
        try:
            os.execve(path, [path, *arguments], environment)
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


def probed(profile, setup, code):
    """One probe in a task of its own: its pid, errno (0: it succeeded), result, or by which signal it ended."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        global report
        report = writing
        os.setsid()
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
        said["result"] = names["result"]
        os.write(writing, json.dumps(said).encode())
        os._exit(0)
    os.close(writing)
    said = b""
    while data := os.read(reading, 65536):
        said += data
    os.close(reading)
    status = os.waitpid(pid, 0)[1]
    found = json.loads(said) if said else {"errno": -1, "step": "code", "signal": os.waitstatus_to_exitcode(status)}
    return {"pid": pid, **found}


if __name__ == "__main__":
    found = {}
    for probe, profile, setup, code in json.loads(sys.stdin.readline()):
        try:
            found[probe] = probed(profile, setup, code)
        except Exception as error:
            found[probe] = {"error": repr(error)}
    print(json.dumps(found))
