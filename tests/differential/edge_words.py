"""Words at the edges of the language, by the place where they stand: right ones, and some that come near.

Each table is one text: choices separated by ` | `, `~` for nothing.
"""

from functools import lru_cache


@lru_cache(maxsize=1024)
def choices(text: str) -> tuple[str, ...]:
    """The words of a table.

    >>> choices("a b | ~ | c")
    ('a b', '', 'c')
    """
    return tuple("" if word == "~" else word for word in text.split(" | "))


#: what may stand between two words, where a blank would be usual
BETWEEN = "~ | \n | \t | \r\n |    |  # c\n | #c\n | \r | \f | \\\n |  \\\n | , |  ,  | \x0b | \xa0 | \n\n"

PERMISSIONS = (
    "r | w | rw | a | ra | k | m | l | rwk | mr | wr | rwlkm | rix | px | Px | ux | Ux | cx | Cx | pix"
    " | PIx | pux | PUx"
    " | cix | cux | ix | rpx | pxr | W | R | rM | rr | rrix | ixix | X | iX"
)
ODD_PERMISSIONS = (
    "x | rx | z | A | aw | wa | pxix | ixpx | iux | K | RWLMX | xix | ixx | p | u | all | rwx | xpx | Iix"
    " | pixpx | uxUx"
    ' | pxPx | PxPX | pUx | PUX | pIx | xx | r- | r\\ | "r" | r,w | {r} | ~'
)
DENIED = "r | w | x | rwx | rwkx | m | xx"
NET = "create | bind | listen | accept | connect | shutdown | getattr | setattr | getopt | setopt | send | receive"
NET += " | read | write | r | w | rw | wr"
NO_PERMISSION = 'x | READ | sendx | rx | ~ | (r) | "r" | all | R | RW'
SIGNALS = (
    "hup | int | kill | term | chld | stop | stp | io | poll | exists | emt | rtmin+0 | rtmin+1 | rtmin+32 | rtmin+01"
)
ODD_SIGNALS = (
    "KILL | 9 | sigkill | lost | rtmin | rtmin+33 | rtmin+ | rtmin+1x | rtmin-1 | unused | ~ | rtmin+-1 | rtmin+ 1"
)
OPTIONS = (
    "ro | r | rw | w | nosuid | suid | nodev | dev | noexec | exec | sync | async | remount | mand | nomand | dirsync"
    " | nosymfollow | symfollow | noatime | atime | nodiratime | diratime | bind | B | move | M | rbind | R | verbose"
    " | silent | loud | acl | noacl | unbindable | private | slave | shared | runbindable | rprivate"
    " | rslave | rshared"
    " | make-unbindable | make-private | make-slave | make-shared | make-runbindable | make-rprivate | make-rslave"
    " | make-rshared | relatime | norelatime | iversion | noiversion | strictatime | nostrictatime | lazytime"
    " | nolazytime | nouser | user | bind | remount | shared | move | ro"
)
ODD_OPTIONS = 'defaults | nodirsync | RO | x | ro,rw | ~ | ro=1 | mode=755 | "ro" | r\\o | all | noro'
FAMILIES = "unspec | unix | inet | inet6 | netlink | packet | bluetooth | alg | vsock | xdp | mctp | ax25 | ib | smc"
ODD_FAMILIES = 'INET | inet4 | none | local | stream, | inet,stream | "inet" | x | tcp | dccp | max | link | in\\et'
TYPES = "stream | dgram | raw | seqpacket | rdm | packet | tcp | udp | icmp | stream | dgram | raw"
IP = "1.2.3.4 | ::1 | none | 0.0.0.0 | 255.255.255.255 | :: | fe80::1"
ODD_IP = "1.2.3 | 256.1.1.1 | ::g | 1.2.3.4/8 | * | 01.2.3.4 | 1.2.3.4.5 | ::ffff:1.2.3.4 | NONE | any"
PORT = "80 | 0 | 65535 | 1-1024 | 80-80 | 0-65535"
ODD_PORT = "65536 | 9-1 | -1 | x | 080 | 1- | - | +1 | 80x | 0x50 | 1-70000 | 1 -2 | 80,81 | 1-2-3"
ADDRESS = '@a | @a* | none | auto | "@a b" | @{V} | @a\\x00b | @** | @[ab] | @{a,b} | @\\000x'
ODD_ADDRESS = "/run/x | x | a@b | @ | NONE | /"
SOCKETS = "stream | dgram | seqpacket | raw | rdm | packet | (stream) | none | dccp"
LABEL = 'a | /bin/b | "c d" | e//f | /** | @{V} | {a,b} | :n:g | unconfined | @{profile_name} | * | &x | [ab] | a\\ b'

PATH = '/a | /a/* | /a/** | /{a,b} | /a[bc] | @{V}/x | "/a b" | /a/b? | /@{S}/c | /a,b | /\xc3\xa9'
ODD_PATH = (
    '@{V} | foo | a/b | :n:a | &a | &/a | :a | "a" | "" | "@{V}" | /a\\ b | /a\\,b | /a\\x41 | /\\101'
    " | /\\d065 | /\\x2a"
    " | /a\\ | /a\\z | /\\{a | /{a | /a} | /[a | /a] | /[] | /[^] | /[^a] | /[a-] | /[b-a] | /[]a] | /{}"
    " | /{a} | /{,}"
    ' | /{{a,b},c} | /a^ | /(a) | /a;b | /a+b | /a=b | /a!b | /a"b" | "/a\\"b" | /a#b | #a | /a:b | /a->b | /a\x00'
    " | /a\\x00 | /\\000 | \xff | /\xff | @{NONE}/a | @V/a | @{V | @{V }/a | @{a,b} | /@{a,b}/x | /@{1}"
    " | /@{} | @ | @a"
    " | \\@{V} | /\\@{V} | {/a,/b} | [/]a | * | ** | /*** | /***/a | ~/a | $B | /$B | /a/./b | //a | ///a"
    " | /a/ | / | //"
    " | '/a' | <a> | /<a> | /a; | % | /% | /a\x01 | 1 | 1a | /{a, b} | \"/{a, b}\" | deny | owner | link"
    " | file | network"
    " | all | in | or | send | profile | include | r | px | priority | flags | xattrs | peer"
)
TARGET = 'b | /b | :n:b | :n://b | "b c" | a//b | &b | a//&b | @{V} | b-c'
ODD_TARGET = (
    '~ | "" | # | # c\n b | b,c | :n: | ::b | :n | {a,b} | b\\ | deny | -> | -> b | & | b\x00 | @{NONE} | * | [ | b c'
    " | &&b | @V | b!"
)
PROGRAM = '/a | /** | "/a b" | @{V} | @{S}/x'
ODD_PROGRAM = 'x | @V | "x" | -> | safe | unsafe | ** | /[ | /{ | @{NONE} | /a,b | /a->b | &a | # | /a\\ | owner'
PLACE = '/a | /a/ | /a/** | proc | "" | "/a b" | @{V} | @{S}/x | none | detached | {/a,/b} | /dev/[ab] | *'
ODD_PLACE = (
    'deny | -> | a=b | "a=b" | /a=b | (a) | {a | [ | @{NONE} | /a\\ | \\a | a:b | a: | :a | +a | &a | #'
    " | /a,b | a,b | in"
    " | =a | \xe9 | ^"
)
QUEUE = '/q | /q* | / | 12 | 0 | "/q" | /{a,b} | 007 | /**'
ODD_QUEUE = (
    'x | -1 | * | @{V} | a/b | 1a | 0x1 | +1 | "1" | 1, | /[ | /{a | // | /a/b | "/q r" | 12 13 | /a\\ | [1] | 1*'
)
SIZES = "0 | 1 | 010 | 08 | 10K | 10 K | 10KB | 10 MB | 4G | 1GB | infinity | infinity K | infinity x"
SIZES += " | 9223372036854775807"
ODD_SIZES = (
    "+5 | 0x10 | 1.5 | -3 | 10k | 10Q | ~ | 1 0 | 10KBs | KB | 99999999999999999999 | inf | 10B | 10M B | -0 | 10_K"
)
COUNTS = "0 | 12 | 1024 | infinity | 010 | 08"
ODD_COUNTS = "10K | -1 | infinity K | x | 1 1"
TIMES = (
    "1 | 10s | 10 sec | 2 minutes | 1h | 1 hour | 1 hours | 1day | 1 d | 1week | 1 weeks | 60seconds"
    " | 1000ms | 5000 ms"
    " | 1000000us | infinity | 1 min | 5 s | 1 microsecond | 3 microseconds | 1000000 microseconds | 1ms"
)
ODD_TIMES = (
    "0 | 999ms | 1us | 1 S | 1 month | 1 year | -1 | 1sx | 1.5s | 0s | 1 s s | 1minuts | ~ | 99999999999999 weeks"
)
NICE = "-20 | 0 | 19 | -1 | infinity | -010"
ODD_NICE = "-21 | 20 | +5 | 5 s | --1"

VALUE = '/a | b | /a/ | // | "" | "a b" | a,b | {x,y} | * | [ab] | a\\ b | @{S} | /p@{V} | 3 | a=b'
ODD_VALUE = (
    '@{V}/@{V} | @{NONE} | @{A} | " | a!b | a\\ | (a) | # | a#b | \xe9 | \\x41 | \\x00 | a"b" | \'a\' | {a'
    " | a} | [a | $B"
    ' | ${B} | true | = | == | : | -> | \\, | ,a | a, | , | "a\nb" | \\#'
)
ODD_CONDITION = (
    '~ | "" | (a b) | () | a,b | # | {a,b} | {a | [ | @{V} | @{NONE} | "a b" | a\\ b | a=b | (a) | =a | \n'
    " | a!b | \xe9"
    " | \\x00 | a\\ | ->"
)
NAME = 'a | /bin/a | "a b" | :n:a | :n://a | a//b | @{S} | /x/@{V} | /{a,b} | a-b | .a | 1 | a.b'
ODD_NAME = (
    '{ | } | ~ | "" | a b | &a | &:n:a | :n: | ::a | :n | : | #a | a# | a,b | a, | a\\ b | \xe9 | a=b | (a)'
    " | a(complain)"
    " | flags=(audit) | a{ | a{} | -> | ^ | ^a | + | = | \\ | a\\ | [ | /[ | * | @{NONE} | profile | hat | deny | if"
    ' | include | all | flags | xattrs | r | rw | px | priority=1 | a!b | a"b" | @{V | @{} | @{1} | $B | /a\x00b'
    " | a\\x00b | :n://:m:a | :n:/ | unconfined | / | // | /a// | <a> | \\x41"
)
BARE_NAME = '/bin/x | "/bin/x" | :n:/x | :n:y | :n://y | @{V}/x | ^h | hat h | &x | x | {a} | /{a}'
ATTACHMENT = '/bin/x | /** | @{V} | "/a b" | /{a,b}* | @{S}/x'
ODD_ATTACHMENT = 'x | "x" | [a] | /[ | /{ | @ | @{NONE} | {a} | /a,b | /a, | ^a | &a | :n:a | /a#b | @V | /a/bin/y /c'
XATTRS = 'user.a | user.a=x | user.a="x y" | user.a=(w) | user.a=x user.b | ~ | user.a=x,user.b=y | user.a=*'
ODD_XATTRS = "=x | user.a= | user.a in (b) | user.a=(a b) | user.a:=x | user.a==x | [ | a=["
IDENTITIES = 'a | a b | a,b | "/x y" | a, b'
ODD_IDENTITIES = '~ | "a b" | a=b | { | \\ a | ,'
FLAGS = (
    "enforce | complain | kill | unconfined | prompt | default_allow | audit | debug | interruptible"
    " | chroot_relative"
    " | namespace_relative | mediate_deleted | delegate_deleted | attach_disconnected | no_attach_disconnected"
    " | chroot_attach | chroot_no_attach | attach_disconnected.path=/x | attach_disconnected.path=@{V}"
    " | attach_disconnected.ipc | attach_disconnected.ipc=/y | kill.signal=hup | kill.signal=rtmin+32 | error=EACCES"
    ' | error=enoent | "complain" | "attach_disconnected.path=/a b"'
)
ODD_FLAGS = (
    "hat | Complain | error=13 | error= | kill.signal=KILL | attach_disconnected.path=x | debug=1"
    " | attach_disconnected.path= | comp lain | # | complain= | kill.signal=rtmin | error=EFOO | audit,audit"
)
FACTOR = '$B | ${B} | true | false | TRUE | defined @{V} | defined $B | defined @{NONE} | defined @V | "true"'
ODD_FACTOR = (
    "$NONE | x | 1 | defined | defined x | not | $V | @{B} | yes | () | ~ | defined (@{V}) | true, | # | !$B"
    " | defined @{V}/x | $B/x | @{V} | tru\\e | true  | $Bx | $B, | and | true true | { | ( | ) | == | @{N} 3"
)
OPERAND = '@{V} | @{S} | @{N} | @V | a | 3 | 10 | /v | "a b" | "3" | 0x10 | 010 | -1 | a.b | a-b | ""'
ODD_OPERAND = (
    "@{V}/x | a,b | {a} | (a) | a=b | @{NONE} | $B | +1 | 9999999999 | 3x | \xe9 | a\\ b | :a | a: | &a | /a=b | not"
    " | in | @{a,b} | {V} | \" | a!b | # | a#b | (/a /b) | <3 | 'a' | [a] | a+b | = | 1e3 | 0x | 08 |  "
)
