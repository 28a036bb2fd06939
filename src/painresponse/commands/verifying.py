"""Commands about trust in a bundle: verify, sign, keys."""

from pathlib import Path
from typing import Annotated

import typer

from painresponse.commands import screen
from painresponse.commands.options import BundleFile, Json

_MARKS = {True: "passed", None: "–", False: "FAILED"}


def verify(
    bundle: BundleFile,
    key: Annotated[
        Path | None,
        typer.Option("--trusted-key", "--key", help="Only a bundle signed by the holder of this key (PEM)."),
    ] = None,
    json: Json = False,
) -> None:
    """Check a bundle line by line, and what each check proves. Exit code 1: it must not be used.

    Example: painresponse verify models/synthetic.onnx
    Example: painresponse verify models/clinic.onnx --trusted-key clinic.public.pem
    """
    from painresponse.scoring.verification import verdict

    findings = verdict(bundle, trusted_key=key)
    sound = all(one.passed is not False for one in findings)
    if json:
        checks = [
            {"check": one.check, "passed": one.passed, "found": one.found, "proves": one.proves}
            for one in findings
        ]
        screen.machine({"bundle": str(bundle), "sound": sound, "checks": checks})
    else:
        screen.table(
            ("check", "verdict", "found", "proves"),
            [(one.check, _MARKS[one.passed], one.found, one.proves) for one in findings],
        )
        screen.say(f"{bundle}: " + ("sound." if sound else "REFUSED. Copy or export it again."))
    if not sound:
        raise typer.Exit(1)


def sign(
    bundle: BundleFile,
    key: Annotated[Path, typer.Option("--key", help="Your private key (PEM), of painresponse keys.")],
    json: Json = False,
) -> None:
    """Sign a bundle that proves itself, in place; the SHA-256 it is known by stays. A signature is replaced.

    Example: painresponse sign models/clinic.onnx --key clinic.private.pem
    """
    from painresponse.publishing import publish_bytes
    from painresponse.scoring.opening import bundle_from_bytes, read_bundle
    from painresponse.scoring.signature import parted
    from painresponse.scoring.signature import sign as signed_with

    data = read_bundle(bundle)
    digest = bundle_from_bytes(data).digest
    signed = signed_with(data, key)
    publish_bytes(bundle.resolve(), signed)
    signature = parted(signed)[1]
    by = signature.fingerprint if signature else ""
    if json:
        screen.machine({"bundle": str(bundle), "sha256": digest, "key": by})
    else:
        screen.say(f"{bundle} (SHA-256 {digest}) is signed by the key {by}.")


def keys(
    name: Annotated[Path, typer.Argument(metavar="NAME", help="Writes NAME.private.pem, NAME.public.pem.")],
    json: Json = False,
) -> None:
    """A new pair of Ed25519 keys. Keep the private one from others; hand the public one to who must trust it.

    Example: painresponse keys clinic
    """
    from painresponse.publishing import publish, publish_bytes, refuse_taken
    from painresponse.scoring.signature import new_keys

    private_file, public_file = (name.with_name(f"{name.name}.{kind}.pem") for kind in ("private", "public"))
    for file in (private_file, public_file):
        refuse_taken(file)
    private, public = new_keys()

    def write_privately(draft: Path) -> None:
        draft.touch(mode=0o600)
        draft.write_bytes(private)

    publish(private_file, write_privately)
    publish_bytes(public_file, public)
    if json:
        screen.machine({"private": str(private_file), "public": str(public_file)})
        return
    screen.say(f"{private_file}: sign with it, and let nobody else read it.")
    screen.say(
        f"{public_file}: give it to painresponse verify --trusted-key and painresponse serve --trusted-key."
    )
