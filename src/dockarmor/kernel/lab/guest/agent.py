"""The lab's process inside the guest: one JSON request a line on the virtio port, one JSON answer a line.

Runs alone, as the first process, under the guest's own Python; imports only what image.py packs for it.
"""

import base64
import contextlib
import errno
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from typing import Any

Request = dict[str, Any]
Answer = dict[str, Any]

APPARMOR = "/sys/kernel/security/apparmor"
OUTPUT_LIMIT = 1 << 20
EVENT_LIMIT = 20_000
LINE_LIMIT = 64 << 20
MARK = 1121  # AUDIT_TRUSTED_APP: a user message, that kauditd queues behind the records before it
END = 1320  # AUDIT_EOE: ends an event of several records, says nothing
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C"}


class Audit:
    """Reader of the audit read-log group (NETLINK_AUDIT multicast 1): no daemon, no printk rate limit."""

    def __init__(self) -> None:
        self.socket = socket.socket(16, socket.SOCK_RAW, 9)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        self.socket.bind((0, 1))
        self.events: list[str] = []
        self.lost = 0
        self.marks = 0

    def collect(self) -> int:
        """All records so far, this moment's included, go to `events`; the number of the first new one."""
        if len(self.events) > EVENT_LIMIT:
            self.lost += len(self.events) - EVENT_LIMIT
            del self.events[:-EVENT_LIMIT]
        before = len(self.events)
        self.marks += 1
        token = f"dockarmor-lab-mark-{self.marks}"
        payload = token.encode() + b"\0"
        self.socket.send(struct.pack("=IHHII", 16 + len(payload), MARK, 1, self.marks, 0) + payload)
        deadline = time.monotonic() + 5
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                break
            if self._receive(token):
                break
        return before

    def _receive(self, token: str) -> bool:
        try:
            data = self.socket.recv(1 << 16)
        except OSError:  # ENOBUFS: the kernel dropped records
            self.lost += 1
            return False
        kind = struct.unpack_from("=H", data, 4)[0]
        text = data[16:].rstrip(b"\0\n").decode("latin-1")
        if kind == MARK and token in text:
            return True
        if kind < 1300 or kind == END:
            return False
        if len(self.events) > 2 * EVENT_LIMIT:
            self.lost += 1
        else:
            self.events.append(f"type={kind} {text}")
        return False


def read(path: str) -> str:
    with open(path, "rb") as file:
        return file.read().decode("latin-1")


def write_once(path: str, data: bytes) -> Answer:
    """One write(2): the policy files take all of it or nothing."""
    fd = os.open(path, os.O_WRONLY)
    try:
        written = os.write(fd, data)
    finally:
        os.close(fd)
    return {"written": written}


def tree(path: str) -> dict[str, Any]:
    """Nested mappings of a folder; leaves are contents without the final newline."""
    found: dict[str, Any] = {}
    for name in sorted(os.listdir(path)):
        below = path + "/" + name
        found[name] = tree(below) if os.path.isdir(below) else read(below).removesuffix("\n")
    return found


def digests(folder: str, prefix: str, found: dict[str, str]) -> dict[str, str]:
    """Profile name -> the kernel's hash of it, from policy/profiles and the children below."""
    for entry in os.listdir(folder):
        below = folder + "/" + entry
        name = prefix + read(below + "/name").removesuffix("\n")
        for kind in ("sha256", "sha1"):
            if os.path.exists(below + "/" + kind):
                found[name] = read(below + "/" + kind).strip()
                break
        if os.path.isdir(below + "/profiles"):
            digests(below + "/profiles", name + "//", found)
    return found


def namespace_digests(folder: str, name: str, found: dict[str, str]) -> dict[str, str]:
    """The same of a namespace and those inside it; the first one has no name."""
    digests(folder + "/profiles", f":{name}:" if name else "", found)
    for inner in os.listdir(folder + "/namespaces"):
        own = os.fsencode(inner).decode("latin-1")
        namespace_digests(f"{folder}/namespaces/{inner}", f"{name}//{own}" if name else own, found)
    return found


def profiles(_request: Request, _audit: Audit) -> Answer:
    hashes = namespace_digests(APPARMOR + "/policy", "", {})
    listed = []
    for line in read(APPARMOR + "/profiles").split("\n"):
        name, bracket, mode = line.rpartition(" (")
        if bracket:
            listed.append([name, mode.rstrip(")"), hashes.get(name)])
    return {"profiles": listed}


def processes(_request: Request, _audit: Audit) -> Answer:
    listed = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            label = read(f"/proc/{entry}/attr/apparmor/current").rstrip("\n\0")
            executable = os.readlink(f"/proc/{entry}/exe")
        except OSError:  # gone, or a kernel thread
            continue
        name, bracket, mode = label.rpartition(" (")
        if bracket:
            listed.append([int(entry), name, mode.rstrip(")"), executable])
    return {"processes": listed}


def features(_request: Request, _audit: Audit) -> Answer:
    return {"features": tree(APPARMOR + "/features")}


def access(request: Request, _audit: Audit) -> Answer:
    """Queries packed as (label number u16, class u8, length u16, bytes), answers as four u32: see lab.py."""
    heads = [b"label\0" + label.encode("latin-1") + b"\0" for label in request["labels"]]
    packed = base64.b64decode(request["queries"])
    answers = []
    place = number = 0
    fd = os.open(APPARMOR + "/.access", os.O_RDWR)
    try:
        while place < len(packed):
            label, mediation, size = struct.unpack_from("<HBH", packed, place)
            place += 5
            os.pwrite(fd, heads[label] + bytes((mediation,)) + packed[place : place + size], 0)
            place += size
            text = os.pread(fd, 80, 0)  # allow 0x… deny 0x… audit 0x… quiet 0x…, one a line, 67 bytes
            answers.append(text[8:16] + text[24:32] + text[41:49] + text[58:66])
            number += 1
    except OSError as error:
        return {"errno": error.errno, "query": number}
    finally:
        os.close(fd)
    return {"answers": base64.b64encode(bytes.fromhex(b"".join(answers).decode())).decode()}


def child(request: Request, pipes: list[int], failures: int) -> None:
    """After fork: become what was asked for, then exec. What fails is told through `failures`."""
    step = "enter its cgroup"
    try:
        write_once(request["cgroup"] + "/cgroup.procs", b"0")
        step = "start a session"
        os.setsid()
        step = "go to " + request["cwd"]
        os.chdir(request["cwd"])
        step = "open the profile file"
        onexec = os.open("/proc/self/attr/apparmor/exec", os.O_WRONLY) if request["profile"] else -1
        for target, fd in enumerate(pipes):
            os.dup2(fd, target)
        step = f"become user {request['uid']}"
        if request["uid"]:
            os.setgroups([])
            os.setgid(request["uid"])
            os.setuid(request["uid"])
        if request["profile"]:
            step = "enter profile " + request["profile"]
            os.write(onexec, b"exec " + request["profile"].encode("latin-1"))
        step = "execute " + request["argv"][0]
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        argv = [word.encode("latin-1") for word in request["argv"]]
        os.execvpe(argv[0], argv, ENVIRONMENT)
    except OSError as error:
        os.write(failures, json.dumps([error.errno, step]).encode())
    except Exception:  # an argv with a NUL and the like
        os.write(failures, json.dumps([errno.EINVAL, step]).encode())
    finally:
        os._exit(127)


def pump(
    pid: int, stdin: int, feed: bytes, outputs: list[int], seconds: float, cgroup: str
) -> tuple[bool, list[bytes]]:
    """Feed and read until the process ends or its time is up; (whether its time was up, what it said)."""
    said = {fd: bytearray() for fd in outputs}
    ended = os.pidfd_open(pid)
    deadline = time.monotonic() + seconds
    waiting = {ended, *outputs}
    while (left := deadline - time.monotonic()) > 0 and waiting:
        readable, writable, _ = select.select(waiting, [stdin] if feed else [], [], left)
        if writable:
            try:
                feed = feed[os.write(stdin, feed[:4096]) :]
            except OSError:
                feed = b""
            if not feed:
                os.close(stdin)
        for fd in readable:
            if fd == ended:
                # Descendants that hold the pipes open must not hold us: they end with it.
                kill_all(cgroup)
                waiting.discard(ended)
                deadline = min(deadline, time.monotonic() + 1)
                continue
            data = os.read(fd, 65536)
            if not data:
                waiting.discard(fd)
            said[fd] += data[: OUTPUT_LIMIT - len(said[fd])]
    timed_out = ended in waiting
    kill_all(cgroup)
    os.close(ended)
    if feed:
        os.close(stdin)
    return timed_out, [bytes(said[fd]) for fd in outputs]


def kill_all(cgroup: str) -> None:
    """End all tasks of a cgroup. Not by signal: AppArmor asks the target's profile about those, even root's."""
    write_once(cgroup + "/cgroup.kill", b"1")


def leave(cgroup: str) -> None:
    """Remove a cgroup once its last task is gone."""
    for _ in range(200):
        try:
            os.rmdir(cgroup)
            return
        except OSError:  # EBUSY
            time.sleep(0.005)


def run(request: Request, audit: Audit) -> Answer:
    audit.collect()
    request["cgroup"] = cgroup = f"/sys/fs/cgroup/run-{audit.marks}"
    os.mkdir(cgroup)
    theirs: list[int] = []
    ours: list[int] = []
    for place in range(3):
        reading, writing = os.pipe2(os.O_CLOEXEC)
        theirs.append(reading if place == 0 else writing)
        ours.append(writing if place == 0 else reading)
    failed, failures = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        child(request, theirs, failures)
    for fd in (*theirs, failures):
        os.close(fd)
    trouble = os.read(failed, 4096)
    os.close(failed)
    feed = base64.b64decode(request["stdin"])
    if not feed:
        os.close(ours[0])
    timed_out, said = pump(pid, ours[0], feed, ours[1:], request["timeout"], cgroup)
    for fd in ours[1:]:
        os.close(fd)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    reap()
    leave(cgroup)
    first = audit.collect()
    records = audit.events[first:]
    if trouble:
        number, step = json.loads(trouble)
        return {"errno": number, "step": step, "records": records}
    out, err = (base64.b64encode(part).decode() for part in said)
    return {"status": status, "timed_out": timed_out, "out": out, "err": err, "records": records}


def events(_request: Request, audit: Audit) -> Answer:
    audit.collect()
    found, audit.events = audit.events, []
    lost, audit.lost = audit.lost, 0
    return {"events": found, "lost": lost}


def ping(request: Request, _audit: Audit) -> Answer:
    """Answer; and take the host's time, which a saved machine cannot know."""
    if "now" in request:
        time.clock_settime(time.CLOCK_REALTIME, request["now"])
    return {"release": os.uname().release}


def load(request: Request, _audit: Audit) -> Answer:
    return write_once(APPARMOR + ("/.replace" if request["replace"] else "/.load"), base64.b64decode(request["blob"]))


def remove(request: Request, _audit: Audit) -> Answer:
    return write_once(APPARMOR + "/.remove", request["name"].encode("latin-1"))


def put(request: Request, _audit: Audit) -> Answer:
    os.makedirs(os.path.dirname(request["path"]) or "/", exist_ok=True)
    with open(request["path"], "wb") as file:
        file.write(base64.b64decode(request["content"]))
    os.chmod(request["path"], request["permissions"])
    return {}


def get(request: Request, _audit: Audit) -> Answer:
    with open(request["path"], "rb") as file:
        return {"content": base64.b64encode(file.read(request["limit"])).decode()}


OPERATIONS = {
    "ping": ping,
    "load": load,
    "remove": remove,
    "profiles": profiles,
    "processes": processes,
    "features": features,
    "access": access,
    "run": run,
    "events": events,
    "put": put,
    "get": get,
}


def answer(line: bytes, audit: Audit) -> bytes:
    number = None
    result: Answer
    try:
        request = json.loads(line)
        number = request["id"]
        result = OPERATIONS[request["op"]](request, audit)
    except OSError as error:
        result = {"errno": error.errno, "error": f"{error.filename or 'the kernel'}: {error.strerror}"}
    except Exception as error:
        result = {"error": repr(error)}
    result["id"] = number
    return json.dumps(result).encode() + b"\n"


def port() -> int:
    for name in os.listdir("/sys/class/virtio-ports"):
        if read(f"/sys/class/virtio-ports/{name}/name").strip() == "lab":
            return os.open("/dev/" + name, os.O_RDWR | os.O_CLOEXEC)
    sys.exit("lab: no virtio port named lab")


def serve() -> None:
    fd, audit, pending = port(), Audit(), bytearray()
    while True:
        data = os.read(fd, 1 << 16)
        if not data:  # nobody is connected
            time.sleep(0.02)
            continue
        pending += data
        if len(pending) > LINE_LIMIT:
            pending.clear()
        if b"\n" not in data:
            continue
        *lines, rest = bytes(pending).split(b"\n")
        pending = bytearray(rest)
        for line in lines:
            if line:
                reply = answer(line, audit)
                while reply:
                    reply = reply[os.write(fd, reply) :]
        reap()


def reap() -> None:
    """Orphans become ours, the first process's, when they end."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    serve()
