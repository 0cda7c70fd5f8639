"""Resolved policy to the bytes that a kernel loads."""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import islice
from operator import or_
from typing import cast

from dockarmor.access.signal import signal_number
from dockarmor.automata.limits import DEFAULT, Limits
from dockarmor.compile import version_word
from dockarmor.compile.attachment import Attached, attach, attachments
from dockarmor.compile.blob import write_record
from dockarmor.compile.compiled import CompiledProfile, CompiledTable
from dockarmor.compile.encoding import EXEC_CONFLICT, Encoding, Entries, Findings, Kinds, encode
from dockarmor.compile.mount_join import joined
from dockarmor.compile.reader import FORCE_COMPLAIN
from dockarmor.compile.scope import ProfileScope
from dockarmor.compile.sharing import Encodings
from dockarmor.compile.table import Form, build_all
from dockarmor.policy.features import FeatureSet, Negotiated, intersect
from dockarmor.policy.profile import Flags, Policy, Profile
from dockarmor.rules import prompt
from dockarmor.rules.kind import Kind
from dockarmor.text.diagnostic import Diagnostic, DiagnosticError, Label, Severity
from dockarmor.value import field, frozen, replace

#: Words in the profile flags that make the record carry `path_flags`, and the bits they set (include/path.h).
#: mediate_deleted is written as the reference parser writes it: docs/decisions/0005-blob.md.
_PATH_FLAGS = {
    "attach_disconnected": 0x4,
    "attach_disconnected.path": 0x4,
    "attach_disconnected.ipc": 0x20,
    "chroot_relative": 0x8,
    "chroot_attach": 0x10,
    "mediate_deleted": 0x10000,
    **dict.fromkeys(("namespace_relative", "delegate_deleted", "no_attach_disconnected", "chroot_no_attach"), 0),
}
#: kernels with it know the mode `prompt`, though some know it without
_AFTER_PROMPT_MODE = "policy/permstable32"
_HAT, _DEBUG, _INTERRUPTIBLE = 1, 2, 8
_MODES = {"default_allow": "unconfined", "prompt": "user"}


@frozen
class Options:
    """How to compile, beyond what the features say.

    `differential`: None for where the kernel has it. `classes`: smaller tables by byte classes, where they are.
    `complain`: load in complain mode whatever the profile says. `namespace` replaces the one that profiles name.
    """

    differential: bool | None = None
    classes: bool = True
    complain: bool = False
    namespace: str | None = None
    limits: Limits = field(default=DEFAULT)


@frozen
class CompiledBlob:
    """One profile's record: the bytes, what they say, and warnings on what these features cannot express."""

    data: bytes
    profile: CompiledProfile
    diagnostics: Sequence[Diagnostic] = ()


@frozen
class Size:
    """Figures of one record: bytes of the whole, states of its tables."""

    name: str
    bytes: int
    file_states: int
    policy_states: int


@frozen
class Built:
    """All records of a policy, in the order in which they are loaded."""

    blob: bytes
    diagnostics: Findings
    sizes: tuple[Size, ...]
    records: tuple[CompiledBlob, ...]


def all_kinds() -> Kinds:
    """Every rule kind by the types of its rules."""
    from dockarmor.rules.registry import ALL

    return by_rule(ALL)


def by_rule(kinds: Iterable[Kind]) -> Kinds:
    return {rule: kind for kind in kinds for rule in kind.rules}


def compile_policy(
    policy: Policy,
    kernel_features: FeatureSet,
    policy_features: FeatureSet | None = None,
    options: Options | None = None,
    kinds: Kinds | None = None,
    known: Encodings | None = None,
) -> Built:
    """Compile every profile with its hats and children.

    `policy_features` are what the author knew of where the policy has no ABI rule of its own. `known`: what rules of
    included files came to in policies before. Raises DiagnosticError with the mistakes of all profiles.
    """
    for built in compile_policies([policy], kernel_features, policy_features, options, kinds, known):
        if isinstance(built, DiagnosticError):
            raise built
        return built
    raise AssertionError("nothing came of a policy")


def compile_policies(
    policies: Iterable[Policy],
    kernel_features: FeatureSet,
    policy_features: FeatureSet | None = None,
    options: Options | None = None,
    kinds: Kinds | None = None,
    known: Encodings | None = None,
) -> Iterator[Built | DiagnosticError]:
    """What `compile_policy` makes of each, or what it raises: the same bytes, sooner."""
    families, joined = [], options is not None and options.namespace is not None
    doubles = []
    for policy in policies:
        doubles.append(_double(policy) if joined else None)
        families.append(list(_family(policy, kernel_features, policy_features)))
    records = compile_all([one for family in families for one in family], options, kinds, known)
    for family, double in zip(families, doubles, strict=True):
        built = _joined(list(islice(records, len(family))))
        yield built if double is None else double


def prepare(
    policies: Iterable[Policy], kernel_features: FeatureSet, policy_features: FeatureSet | None, known: Encodings
) -> None:
    """Find out what the rules of included files come to: processes that are forked later need not do so, too."""
    for policy in policies:
        for profile, features in _family(policy, kernel_features, policy_features):
            known.prepare(profile, features)


def _family(
    policy: Policy, kernel_features: FeatureSet, policy_features: FeatureSet | None
) -> Iterator[tuple[Profile, Negotiated]]:
    """Each profile, hat and child of a policy, and what it can rely on."""
    abi = policy.abi if policy.has_abi or policy.abi is not None else policy_features
    features = intersect(abi, kernel_features)
    for top in policy.profiles:
        for profile in top.family():
            yield profile, features


def _double(policy: Policy) -> DiagnosticError | None:
    """What is wrong where all profiles are to come into one namespace: two of one name, from two namespaces."""
    first: dict[str, Profile] = {}
    for profile in policy.profiles:
        other = first.setdefault(profile.name, profile)
        if other is not profile:
            message = f"there are two profiles `{profile.name}` for one namespace"
            others = (Label(other.span, "the first is here"),)
            return DiagnosticError([Diagnostic("DA029", message, profile.span, others=others)])
    return None


def _joined(records: Sequence[CompiledBlob | DiagnosticError]) -> Built | DiagnosticError:
    """The records of one policy, or all that is wrong with them."""
    mistakes = [record for record in records if isinstance(record, DiagnosticError)]
    if mistakes:
        return DiagnosticError([diagnostic for error in mistakes for diagnostic in error.diagnostics])
    sound = tuple(record for record in records if not isinstance(record, DiagnosticError))
    found = Findings()
    for record in sound:
        found.extend(record.diagnostics)
    return Built(
        b"".join(record.data for record in sound),
        found,
        tuple(map(_size, sound)),
        sound,
    )


def compile_profile(
    profile: Profile,
    features: Negotiated,
    options: Options | None = None,
    kinds: Kinds | None = None,
    encoding: Encoding | None = None,
) -> CompiledBlob:
    """Compile one profile, without its children. Raises DiagnosticError.

    `encoding`: what the profile's rules come to with these features, where that is known already.
    """
    if encoding is None:
        encoding = encode(profile, features, all_kinds() if kinds is None else kinds)
    (made,) = _compiled([(profile, features, encoding)], options or Options())
    if isinstance(made, DiagnosticError):
        raise made
    return made


def compile_all(
    wanted: Iterable[tuple[Profile, Negotiated]],
    options: Options | None = None,
    kinds: Kinds | None = None,
    known: Encodings | None = None,
) -> Iterator[CompiledBlob | DiagnosticError]:
    """What `compile_profile` makes of each, or what it raises. All features must be of the same kernel."""
    options = options or Options()
    kinds = all_kinds() if kinds is None else kinds
    encoded: list[_Encoded] = []
    results: list[tuple[Profile, Negotiated, DiagnosticError | None]] = []
    for profile, features in wanted:
        try:
            encoded.append((profile, features, encode(profile, features, kinds, known)))
            results.append((profile, features, None))
        except DiagnosticError as error:
            results.append((profile, features, error))
    made = _compiled(encoded, options)
    for profile, features, mistake in results:
        result = next(made) if mistake is None else mistake
        if known is not None and isinstance(result, DiagnosticError) and EXEC_CONFLICT in _codes(result):
            # Only what is encoded for this profile alone knows by which includes the two rules came.
            try:
                result = compile_profile(profile, features, options, kinds)
            except DiagnosticError as error:
                result = error
        yield result


def _codes(error: DiagnosticError) -> set[str]:
    return {found.code for found in error.diagnostics}


_Encoded = tuple[Profile, Negotiated, Encoding]


def _compiled(encoded: Sequence[_Encoded], options: Options) -> Iterator[CompiledBlob | DiagnosticError]:
    """The record of each; their tables are made together."""
    if not encoded:
        return
    form = form_of(encoded[0][1], options)
    attached: list[Attached | DiagnosticError] = []
    for profile, features, encoding in encoded:
        try:
            attached.append(attach(profile, features, encoding.diagnostics))
        except DiagnosticError as error:
            attached.append(error)
    matched = attachments([Attached() if isinstance(one, DiagnosticError) else one for one in attached], form)
    policies = build_all("policy", [_policy(*one) for one in encoded], form)
    files = build_all("file", [encoding.file for _, _, encoding in encoded], form)
    for one, to, *tables in zip(encoded, attached, matched, policies, files, strict=True):
        yield _record(one, to, tables, form, options)


def _policy(profile: Profile, features: Negotiated, encoding: Encoding) -> Entries:
    return joined(encoding.policy, ProfileScope(profile.name, profile.variables, features))


def _record(
    encoded: _Encoded,
    attached: Attached | DiagnosticError,
    tables: Sequence[CompiledTable | DiagnosticError | None],
    form: Form,
    options: Options,
) -> CompiledBlob | DiagnosticError:
    """A record of its attachment's, its policy's and its files' table, or the first mistake among them."""
    profile, features, encoding = encoded
    if isinstance(attached, DiagnosticError):
        return attached
    for table in tables:
        if isinstance(table, DiagnosticError):
            return _of(profile, table)
    matched, policy, file = cast("Sequence[CompiledTable | None]", tables)
    compiled = replace(
        _header(profile, features, options, form, encoding.diagnostics),
        attachment_table=matched,
        attachment_length=attached.length,
        xattrs=attached.xattrs,
        capabilities=encoding.capability_words(),
        limits=encoding.limits,
        policy=policy,
        file_table=file,
        exec_table=encoding.targets if encoding.file else (),
    )
    try:
        data = write_record(compiled)
    except ValueError as error:
        return DiagnosticError([Diagnostic("DA406", f"the profile is too large: {error}", profile.span)])
    return CompiledBlob(data, compiled, encoding.diagnostics)


def _of(profile: Profile, error: DiagnosticError) -> DiagnosticError:
    """What is wrong with a table as a whole is said of its profile."""
    return DiagnosticError([one if one.span else replace(one, span=profile.span) for one in error.diagnostics])


def form_of(features: Negotiated, options: Options) -> Form:
    """The form of blob that this kernel reads.

    A permission table is only written where the kernel takes the owner's condition from the table's flags
    (version 3); with an earlier version accept words say the same and are read by every kernel. Differential tables
    only go to kernels that announce them: earlier ones take them and then decide wrongly (docs/decisions/0010).
    """
    has = features.kernel_has
    differential = options.differential
    if differential is None:
        differential = has("policy/diff-encode") or has("policy/diff_encode")
    return Form(
        permission_table=has(prompt.FEATURE),
        wide=has("policy/state32"),
        differential=differential,
        classes=options.classes,
        abi=next((abi for abi in (7, 6) if has(f"policy/versions/v{abi}")), 5),
        limits=options.limits,
    )


def _version(form: Form, options: Options) -> int:
    force = FORCE_COMPLAIN if options.complain and form.abi > 5 else 0
    return version_word(form.abi) | force


def _header(
    profile: Profile, features: Negotiated, options: Options, form: Form, warnings: Findings
) -> CompiledProfile:
    """The record's fields that no rule has a say in."""
    flags = profile.flags
    bits = (_HAT if profile.hat else 0) | (_DEBUG if flags.debug else 0)
    if flags.interruptible and _supported(profile, features, "interruptible", warnings):
        bits |= _INTERRUPTIBLE
    kill_signal = error = disconnected_ipc = None
    if flags.kill_signal is not None and _supported(profile, features, "kill.signal", warnings):
        kill_signal = signal_number(flags.kill_signal)
    if flags.error is not None and _supported(profile, features, "error", warnings):
        error = _errno(flags)
    if flags.mode == "prompt" and not options.complain:
        _check_prompt_mode(profile, features, warnings)
    ipc = any(word.startswith("attach_disconnected.ipc") for word in flags.words)
    if ipc and _supported(profile, features, "attach_disconnected.ipc", warnings):
        disconnected_ipc = flags.disconnected_ipc
    return CompiledProfile(
        name=profile.name,
        version=_version(form, options),
        namespace=profile.namespace if options.namespace is None else options.namespace,
        disconnected=flags.disconnected_path,
        disconnected_ipc=disconnected_ipc,
        kill_signal=kill_signal,
        error=error,
        flags=bits,
        mode="complain" if options.complain else _MODES.get(flags.mode, flags.mode),
        audit=flags.audit,
        path_flags=_path_flags(flags),
    )


def _path_flags(flags: Flags) -> int | None:
    """None where no word is about paths: then the kernel's own default holds."""
    words = [word.partition("=")[0] for word in flags.words]
    bits = [_PATH_FLAGS[word] for word in words if word in _PATH_FLAGS]
    return reduce(or_, bits) if bits else None


def _supported(profile: Profile, features: Negotiated, flag: str, warnings: Findings) -> bool:
    """Kernels announce such flags under domain/, the reference parser looks under policy/profile/."""
    announced = flag.removeprefix("attach_")
    if features.kernel_has(f"policy/profile/{announced}") or features.kernel_has(f"domain/{announced}"):
        return True
    warnings.append(
        Diagnostic(
            "DA410",
            f"this kernel does not know the profile flag `{flag}`; it has no effect there",
            profile.span,
            Severity.WARNING,
        )
    )
    return False


def _check_prompt_mode(profile: Profile, features: Negotiated, warnings: Findings) -> None:
    """6.1 refuses the mode, 6.12 takes it; this feature is what tells old kernels from new ones."""
    if not features.kernel_has(_AFTER_PROMPT_MODE):
        message = (
            f"a kernel may refuse this profile for the mode `prompt`: the feature set has no `{_AFTER_PROMPT_MODE}`"
        )
        warnings.append(Diagnostic("DA412", message, profile.span, Severity.WARNING, help=("Linux 6.1 does so",)))


def _errno(flags: Flags) -> int | None:
    import errno

    return getattr(errno, (flags.error or "").upper(), None)


def _size(record: CompiledBlob) -> Size:
    file, policy = record.profile.file_table, record.profile.policy
    return Size(
        record.profile.name,
        len(record.data),
        len(file.tables.base) if file else 0,
        len(policy.tables.base) if policy else 0,
    )
