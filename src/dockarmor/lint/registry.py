"""Every lint. A new lint is its own file and a line here."""

from collections.abc import Iterator

from dockarmor.lint import (
    abi_drops,
    attached_container,
    change_anywhere,
    class_denied,
    container_capabilities,
    container_flags,
    container_mounts,
    container_namespaces,
    container_signals,
    container_tracing,
    dead_rule,
    doubled_slash,
    engine_socket,
    exec_escapes,
    kernel_files,
    limit_unit,
    missing_abi,
    needless_quotes,
    negation_trap,
    no_files,
    no_new_privileges,
    one_internet,
    own_tracing,
    path_as_name,
    pound_include,
    stray_caret,
    symlinked_path,
    unconfined_peers,
    unknown_abstraction,
    unreachable_child,
    unused_variable,
    upper_case_mode,
    void_intent,
    write_exec,
)
from dockarmor.lint.container import meant_for_containers
from dockarmor.lint.lint import Examined, Lint
from dockarmor.text.diagnostic import Diagnostic

ALL: tuple[Lint, ...] = (
    dead_rule.LINT,
    void_intent.LINT,
    class_denied.LINT,
    stray_caret.LINT,
    negation_trap.LINT,
    unreachable_child.LINT,
    write_exec.LINT,
    exec_escapes.LINT,
    change_anywhere.LINT,
    symlinked_path.LINT,
    doubled_slash.LINT,
    unused_variable.LINT,
    abi_drops.LINT,
    unknown_abstraction.LINT,
    container_signals.STOP,
    container_signals.NAMED,
    unconfined_peers.LINT,
    no_new_privileges.LINT,
    container_mounts.LINT,
    container_capabilities.LINT,
    container_tracing.LINT,
    own_tracing.LINT,
    container_namespaces.ALLOWED,
    container_namespaces.SILENT,
    kernel_files.LINT,
    engine_socket.LINT,
    attached_container.LINT,
    container_flags.LINT,
    no_files.LINT,
    one_internet.LINT,
    upper_case_mode.LINT,
    pound_include.LINT,
    path_as_name.LINT,
    needless_quotes.LINT,
    limit_unit.LINT,
    missing_abi.LINT,
)


def findings(examined: Examined, lints: tuple[Lint, ...] = ALL, *, whole: bool = True) -> Iterator[Diagnostic]:
    """What the lints have to say, in the order of the registry. `whole`: the file was read without errors."""
    container = meant_for_containers(examined.policy, examined.file)
    for lint in lints:
        if (container or not lint.container) and (whole or not lint.whole):
            yield from lint.find(examined)
