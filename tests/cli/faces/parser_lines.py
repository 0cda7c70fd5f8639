"""Command lines of apparmor_parser that ours and Debian's are given, and the files that they are about."""

FILES = {
    "a": "profile a /bin/a {\n  /x r,\n  ^hat { /y r, }\n  profile child { /z r, }\n}\nprofile b { /x w, }\n",
    "b": "profile b /b { /q r, }\n",
    "many": (
        "profile z /z { /x r, profile zz { /z r, profile zzz { /a r, } } ^ha { /y r, } }\n"
        "profile m /m { /x r, }\nprofile :ns:k /k { /x r, ^h { /z r, } }\nprofile a1 /a1 { /x r, }\n"
    ),
    "own": "profile :own:b /b { /q r, }\n",
    "spaces": "# x\n\nprofile :own:b /b\n  flags=(complain)\n{\n  /q r,\n\n}\n\nprofile :o:c { }\n",
    "bad": "profile bad {\n  nonsense,\n}\n",
    "variable": "profile v {\n  @{foo} r,\n}\n",
    "conflict": "profile x {\n  /** px,\n  /a/** ix,\n}\n",
    "spread": "profile x { }\nprofile :own:x { }\n",
    "twice": "profile t {}\nprofile t {}\n",
    "lacks": "include <nothere>\nprofile l { }\n",
    "maybe": "include if exists <nothere>\n# a comment\nprofile l { include <inc.d> include <inc.d> }\n",
    "empty": "",
    "comment": "# one\n\n# two\n",
    "latin": "profile caf\xe9 { /x r, }\n",
    "utf": "profile caf\xc3\xa9 { /x r, }\n",
    "d/on": "profile on { /x r, }\n",
    "d/off": "profile off { /x r, }\n",
    "d/with": "profile with { /x r, include <inc.d> }\n",
    "d/soft": "profile soft { /x r, include <inc.d> }\n",
    "d/inc.d/1": "/one r,\n",
    "d/inc.d/2": "/two r,\n",
    "classes": (
        "profile n /n {\n  dbus send, io_uring, mqueue r /x, /x rUx, userns, signal, ptrace, capability bpf,\n"
        "  capability net_admin, umount, change_profile -> x, unix, network inet stream, network,\n}\n"
    ),
    "conf": "# defaults\nverbose\nskip-kernel-load\nfeatures-file=F\n",
    "conf-bad": "nonsense\nskip-kernel-load\n",
    "conf-help": "help\n",
    "conf-blanks": "  verbose =\n= = skip-kernel-load\nfeatures-file\tF\nnamespace  foo\n",
    "conf-actions": "replace\nstdout\nremove\nfeatures-file=F\nskip-kernel-load\nverbose\n",
    "conf-names": "names\nfeatures-file=F\n",
    "conf-complain": "Complain\nfeatures-file=F\n",
    "slashes": "profile a//b { profile c { } }\nprofile d { }\n",
    "conf-quiet": "quiet\nfeatures-file=F\nskip-kernel-load\n",
    "left/good": "profile good { }\n",
    **dict.fromkeys((f"left/{name}" for name in ("x~", "x.orig", "x.dpkg-new", "x.rej", "README", ".x")), "nonsense"),
}
#: command lines with the same exit status, the same outputs, and the same files below `fs` and `C` afterwards
SAME = """
-z
-z a
--foo
--rep -M F -Q a
--replace=3 a
--namespace
--kern
-j
-D
-jfoo a
-jx b
-j "" b
-jx3 -M F -QT b
-jauto -M F -QT b
-j -5 -M F -QN a
--max-jobs=foo a
-cfoo a
-d1 a
-O foo
-D foo
-D dfa-stat
--warn=foo -Q a
--Werror=foo -Q a
--help=foo
-M nofile -QS a
--kernel-features nofile -QS a
-a -r a
-r -r a
-N -S a
-N -R a
-S -r a
-NQ -o x a
-Q nofile
-M F -QTK nofile
-M F -QTK -
-M F -Q -- -V
-M F -QTK a
-M F -QTKv a
-M F -rQTKv a
-M F -QTKvj1 a b many
-M F -QTKv < many
-M F -QT empty
-M F -QTv /dev/null
-M F -S empty
-M F -QTKN < a
-M F -N a
-M F -Nj1 a many own
-M F -N empty
-M F -Nj1n foo a many own
-M F -N variable
-M F -N conflict
-Nj1 a
-Q a
-q -Q a
-QT a
-QK a
-Q -R a
a
-R a
-M F -QTK -o /nonexist/out a
-f /nonexist -M F a
-f fs/.load -M F -v a
-f fs -v b
-f fs -M F -vj1 b own
-f fs -M F -Rv b
-f fs -M F -Rv many
-f fs -M F -Rvn foo many
-f fs -M F -Rv nofile
-M F -n foo -QTv spaces
-M F -n foo -qQT spaces
-M F -n foo -QRv spaces
-M F -n foo -N spaces
-M F -n foo --Werror=override -QTv spaces
--kernel-features F --warn=abi -QTj1 spaces b empty
--kernel-features F --warn=abi -QT < b
--kernel-features F --warn=abi -N b
--kernel-features F --policy-features F --warn=abi -QT b
--kernel-features F --warn=abi --Werror=abi -QT b
-M F -B -QTKv out
-M F -B -QTKS out
-M F -B -f fs -v a
-M F -B -f fs -rv out
-M F -B -f fs -v < out
-M F -B -f fs -v nofile
-M F -B -f fs -vR b
-M F -p a
-b d -M F -p maybe
-M F -pN a
-M F -Wkv -f fs -L C b
-M F -QWkv -L C a; PARSER -M F -Qkv -L C a; PARSER -M F -Qkrv -L C a; PARSER -M F -QTkv -L C a
-M F -QWkv -L C a; PARSER -M F -QTWkv -L C a; PARSER -M F -QKkv -L C a
-M F -QW -L C b; PARSER -M F -QWkvN -L C b; PARSER -M F -Rkv -f fs -L C b; PARSER -M F -kvp -L C b
-M F -QW -L C b; PARSER -M F -QkvC -L C b; touch b; PARSER -M F -Qkv -L C b; PARSER -M F -QkvW -L C b
-M F -QW -L C b; PARSER -M F -Qk -L C ./b; PARSER -M F -Wk -L C -o out b
-b d -M F -QWk -L C d/with; PARSER -b d -M F -Qk -L C d/with; touch d/inc.d/1; PARSER -b d -M F -Qk -L C d/with
-b d -M F -QW -L C d/with; touch d/inc.d; PARSER -b d -M F -Qk -L C d/with
-b d -M F -QWk -L C d/soft
-M F -QWkC -L C many
-M F -QWkC --warn=no-cache -L C many
-M F -SWkC -L C many > /dev/null
-QWkC -L C many
-M F -QW -L C b; rm C/*/b; PARSER -M F -Qk -L C b
-M F -QW -L C b; echo garbage > C/7fc4fb32.0/b; PARSER -M F -Qk -L C b
-M F -QWk -L C /dev/stdin < b
-M F -QW -L C b; PARSER -M F -QW -L D,C b; PARSER -M F -rTW -f fs -L C,D b; PARSER -M F -qkQW -L D,C b
-M F -QWkS -L C,D b > /dev/null; PARSER -M F -QkW -L D,C b
-M F -Qk -L nonexist b
-M F -Qk -L d b
-M F -QkW -L no/nonexist b
-M F -QkW -L b/nonexist b
-M F -QkW -L a b
-M F -QkW --skip-bad-cache -L d b
-M features -QWk -L C b; cat C/*/.features
-M tree -QWk -L C b; cat C/*/.features
--kernel-features tree --print-cache-dir
--print-cache-dir -M F -L C
--print-cache-dir -M F -L C,D -Q
--print-cache-dir -M F -QT a
-M F -QW -L C b; PARSER --purge-cache -M F -Q -L C
--purge-cache -k -M F -Q -L nonexist
--purge-cache -M F -L C
-M F -b d -QTKvj1 d/on d/off d/soft
-M F -b d -Nj1 d/on d/off d/soft
-M F -b d -QRvj1 d/off
-M F -b d -p d/off
-M F -b d -QBv d/off
-M F -b d -QKqj1 d/off d/soft
-M F -b /nonexist -QTKv d/on
-M F -b d -QTvj1 d
-M F -QTv ""
-M F -QTv nofile/x b/y
-b "" -M F -QT b
-n "" -M F -QTv b
-n "a b" -M F -N b
-n λ -M F -N b
-n λ -M F -f fs -Rv b
-M "" -QT b
--warn "" -QT b
-M F -o "" b
-M F -o d b
-M F -o /dev/full b
-M F -S b > /dev/full
-M F --print-cache-dir -L ""
-M F -QWk -L C, b
-M F -QTvj1 latin utf
-M F -Nj1 latin utf
-M F -QT $'\\xff'
--config-file=conf a
--config-file=conf-bad -M F a
--config-file=conf-help -M F a
--config-file=nothere -M F -Q a
--config-file=/nonexist --warn=no-config -M F -Q a
--config-file=d -M F -Q a
--config-file=conf-blanks -N b; PARSER --config-file=conf-blanks b
--config-file=conf-actions b; PARSER --config-file=conf-actions -a b; PARSER --config-file=conf-actions -N b
--config-file=conf-names b; PARSER --config-file=conf-names -r b
--config-file=conf-quiet -v b; PARSER --config-file=conf-quiet b
--Werror=config --config-file=nothere -M F -Q a
--print-cache.dir
--print b
--comp b
--re b
--rel -M F -QTv b
--n b
--p b
--c b
--kernel-features F --compile-features features --warn=abi -QT b
-M F --compile-features nofile -QT b
-j 0x2 -M F -QT b
-j 010 -M F -QT b
-j 1k -M F -QT b
--max-jobs x3 -M F -QT b
--max-jobs auto -M F -QT b
--prompt-compat foo -M F -QT b
--prompt-compat flag -M F -QT b
-M F -QTvq b; PARSER -M F -QTqv b; PARSER -f fs -M F -Rvq b
--kernel-features F --Werror=abi -QT b
--kernel-features F -q --warn=abi --Werror=abi -QT b
--kernel-features F --Werror=abi --warn=abi -QTvj1 d/disable b
--kernel-features F --warn=abi -QTj1 comment empty
--Werror=cache -M F -QW -L C,D b
--Werror=cache -M F -QW -L C < b
-M F -n foo --warn=no-override --Werror=override -QT spaces
-M F -QTvj1 left; PARSER -M F -qQTj1 left
-M F -QT b; ln -s nothere left/gone; PARSER -M F -QTvj1 left b
-M F -QT b; ln -s gone left/gone; PARSER -M F -QTvj1 left
-M F --abort-on-error -QTvj1 nofile b
-M F -QT b; rm d/*/*; ln -s /nothere d/disable/on; ln -s /nothere d/force-complain/off; PARSER -b d/ -M F -QTvj1 d
-M F -b d/ -QTvj1 d
-M F -b d -QWj1 -L C d
-M F -QT b; ln -s D C; PARSER -M F -QWk -L C b
-M F -QW -L C b; rm C/*/b; ln -s ../../b C/7fc4fb32.0/b; PARSER -M F -QWk -L C b; cat b
-M F -QW -L C b; rm C/*/b; mkdir C/7fc4fb32.0/b; PARSER -M F -QWk -L C b
-M F -f fs -BR out
-M F -Bp out
-M F -QT b; rm fs/.replace; PARSER -M F -f fs -Brv out
-M F -QW -L C b; rm fs/.replace; PARSER -M F -rvk --skip-bad-cache-rebuild -f fs -L C b
-M F -rTv -f fs b 2> /dev/full
-M F -QTv nofile b 2> /dev/full
-M F --Complain -QWk -L C b; PARSER -M F --complain -f fs -a b
--config-file=conf-complain -QWk -L C b
-M F --optimize=nothing -QT b
-M F -QTv -f fs slashes; PARSER -M F -Rv -f fs slashes; PARSER -M F -N slashes
--help=O > /dev/null
--help=o > /dev/null
""".strip().splitlines()
#: exit status and standard output are the same, and so are the places in the messages; the words are ours
WORDS = """
-M F -QTK bad
-M F -QTKvj1 a bad nofile b
-M F -QTK < bad
-M F -N bad
-M F -R -Q bad
-M F -QT lacks
-M F -N lacks
-M F -p lacks
-M F -S bad
--abort-on-error -M F -QTKj1 bad
-b d -M F -QW -L C d/with; mv d/inc.d d/x; PARSER -b d -M F -Qk -L C d/with
""".strip().splitlines()
#: the same exit status and standard output; the original does not say where
NOWHERE = ("-M F -QT variable", "-M F -QT conflict", "-M F -QT twice", "-M F -n own -QT spread", "-M F -N twice")
