"""DA371: a capability by which a container reaches the host."""

from collections.abc import Iterator

from dockarmor.lint.lint import Examined, Lint
from dockarmor.lint.removal import removal
from dockarmor.policy.profile import Profile
from dockarmor.rules.capability import CapabilityRule
from dockarmor.syntax.cursor import Word
from dockarmor.text.diagnostic import Diagnostic, Fix, Severity
from dockarmor.text.source import Span

#: capabilities(7)
_REACH = {
    "sys_admin": "it mounts, enters namespaces and configures the kernel",
    "sys_module": "it loads kernel modules",
    "sys_rawio": "it reads and writes the machine's memory and ports",
    "sys_boot": "it restarts the machine, or boots another kernel",
    "dac_read_search": "it opens files of the host by their handles, past every mount",
    "mac_admin": "it loads and removes AppArmor policy",
    "mac_override": "it overrides mandatory access control",
    "bpf": "it loads programs into the kernel",
}


def _find(examined: Examined) -> Iterator[Diagnostic]:
    """`capability,` as docker-default has it says only: what the engine grants."""
    for profile, rule in examined.own_rules(CapabilityRule):
        if rule.qualifiers.effect == "deny":
            continue
        for word in rule.names:
            if word.text in _REACH and word.text not in examined.once(_denied, profile):
                yield Diagnostic(
                    "DA371",
                    f"with `{word}` a container reaches the host",
                    word.span,
                    Severity.WARNING,
                    label=_REACH[word.text],
                    help=("leave it out unless the container is meant to govern its host",),
                    notes=("the engine must grant it too, as with `--cap-add`",),
                    fix=_without(rule, word),
                )


def _without(rule: CapabilityRule, word: Word) -> Fix:
    if len(rule.names) == 1:
        return removal(rule.span, safe=False)
    text, end = word.span.source.text, word.span.end
    while text[end : end + 1] in (" ", "\t"):
        end += 1
    start = word.span.start
    if word is rule.names[-1]:  # the blanks before it instead
        end = word.span.end
        while text[start - 1] in " \t":
            start -= 1
    return Fix(Span(word.span.source, start, end), "", safe=False, message=f"leave `{word}` out")


def _denied(_: Examined, profile: Profile) -> frozenset[str]:
    found: set[str] = set()
    for placed in profile.rules:
        rule = placed.rule
        if isinstance(rule, CapabilityRule) and rule.qualifiers.effect == "deny":
            found.update([word.text for word in rule.names] or _REACH)
    return frozenset(found)


LINT = Lint("DA371", "container-capability", _find, container=True)
