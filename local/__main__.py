"""`python -m local <command>`: what the Makefile's targets do."""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.app import SYSTEM
from infra.declaration import NoSuchService
from local import logs, people, redrive, replay
from local.cloud import LocalCloud, LocalCloudError
from local.environment import ROOT, cdk_command, with_node
from local.outputs import Outputs
from local.progress import say

HOME = ROOT / ".local"
PASSWORDS = HOME / "passwords.json"
DEPLOYED = HOME / "deployed"
WHEN_IT_ENDS = "9999"
SOURCES = ("functions", "infra", "requirements.txt", "requirements-local.txt", "cdk.json", "package-lock.json")


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; 0 when it did what was asked."""
    chosen = _parser().parse_args(arguments)
    commands: Mapping[str, Callable[[argparse.Namespace], int]] = {
        "up": up,
        "down": down,
        "reset": reset,
        "status": status,
        "deploy": deploy,
        "token": token,
        "logs": show_logs,
        "redrive": redrive_queue,
        "replay": replay_history,
    }
    try:
        return commands[chosen.command](chosen)
    except (
        LocalCloudError,
        FileNotFoundError,
        people.NoSuchCaller,
        redrive.CannotRedrive,
        replay.CannotReplay,
        NoSuchService,
        BotoCoreError,
        ClientError,
    ) as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        return 130


def up(chosen: argparse.Namespace) -> int:
    """Local cloud, stacks, users, sample data; whatever stands already is left alone."""
    cloud = _cloud(auth=chosen.auth)
    if cloud.running() is None:
        DEPLOYED.unlink(missing_ok=True)
        cloud.start()
        say(f"✓ local cloud at {cloud.endpoint}")
    else:
        say(f"✓ local cloud at {cloud.endpoint} (already up)")
    _deploy_if_changed(cloud)
    return _load_samples() if chosen.seed else 0


def down(_: argparse.Namespace) -> int:
    """Ends the local cloud and the Lambdas it runs; its data goes with it."""
    ended = _cloud().stop()
    DEPLOYED.unlink(missing_ok=True)
    say("✓ the local cloud is stopped" if ended else "the local cloud was not running")
    return 0


def reset(chosen: argparse.Namespace) -> int:
    """A fresh local cloud."""
    down(chosen)
    return up(chosen)


def status(_: argparse.Namespace) -> int:
    """Says whether the local cloud is up, and what waits in its queues."""
    cloud = _cloud()
    process = cloud.running()
    if process is None:
        say("the local cloud is not running; `make run` starts it")
        return 1
    print(f"local cloud   up, process {process.pid}, {cloud.endpoint}{' (IAM enforced)' if process.auth else ''}")
    outputs = cloud.outputs()
    print(f"API           {outputs.api_url}")
    stacks = cloud.client("cloudformation").describe_stacks()["Stacks"]
    for stack in sorted(stacks, key=lambda found: str(found["StackName"])):
        print(f"stack         {stack['StackName']:<22} {stack['StackStatus']}")
    sqs = cloud.client("sqs")
    for name, queue in sorted(outputs.queues.items()):
        waiting, hidden = _depth(sqs, queue.url)
        dead = f", dead {sum(_depth(sqs, queue.dlq_url))}" if queue.dlq_url else ""
        print(f"queue         {name:<30} waiting {waiting}, in work {hidden}{dead}")
    return 0


def deploy(chosen: argparse.Namespace) -> int:
    """Deploys to the local cloud, or to the AWS account of the caller's credentials."""
    if chosen.target == "local":
        cloud = _cloud()
        if cloud.running() is None:
            raise LocalCloudError("the local cloud is not running; `make run` starts it")
        _deploy_if_changed(cloud, stacks=chosen.stacks)
        return 0
    which = ["--exclusively", *chosen.stacks] if chosen.stacks else ["--all"]
    command = [*cdk_command(), "deploy", *which, "--app", f"{sys.executable} -m infra.app", "-c", "target=aws"]
    if chosen.alarm_email:
        command += ["-c", f"alarm_email={chosen.alarm_email}"]
    return subprocess.run(command, cwd=ROOT, env=with_node(dict(os.environ)), check=False).returncode


def token(chosen: argparse.Namespace) -> int:
    """Prints an access token."""
    cloud = _cloud()
    print(people.token_of(chosen.caller, cloud.client("cognito-idp"), cloud.outputs(), PASSWORDS))
    return 0


def show_logs(chosen: argparse.Namespace) -> int:
    """Prints a service's log lines."""
    service = SYSTEM.service(chosen.service)
    client = _clients(chosen.target)("logs")
    for line in logs.lines(client, service, minutes=chosen.minutes, follow=chosen.follow):
        print(line, flush=True)
    return 0


def redrive_queue(chosen: argparse.Namespace) -> int:
    """Tries again what failed."""
    client = _clients(chosen.target)
    count = redrive.redrive(client("sqs"), client("dynamodbstreams"), client("lambda"), SYSTEM, chosen.queue)
    print(f"{count} messages of {chosen.queue} are being tried again")
    return 0


def replay_history(chosen: argparse.Namespace) -> int:
    """Hands a service's history to its projector or its outbox again."""
    client = _clients(chosen.target)
    service = SYSTEM.service(chosen.service)
    whole = not chosen.since and chosen.until == WHEN_IT_ENDS
    count = replay.replay(
        client("dynamodb"),
        client("lambda"),
        service,
        chosen.reader,
        since=chosen.since,
        until=chosen.until,
        filling=int(time.time()) if whole else 0,
    )
    print(f"{service.name} {chosen.reader} has read {count} commits again")
    return 0


def _load_samples() -> int:
    """Loads the sample data, waits for every order to settle, and prints what came of it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "functions")}
    for module in ("local.seed", "local.summary"):
        done = subprocess.run([sys.executable, "-m", module], cwd=ROOT, env=environment, check=False)
        if done.returncode:
            return done.returncode
    return 0


def _deploy_if_changed(cloud: LocalCloud, stacks: tuple[str, ...] = ()) -> Outputs:
    fingerprint = _fingerprint()
    if not stacks and DEPLOYED.exists() and DEPLOYED.read_text() == fingerprint:
        say("✓ everything is deployed as it is here")
        return cloud.outputs()
    DEPLOYED.unlink(missing_ok=True)
    outputs = cloud.deploy(stacks)
    people.hire(cloud.client("cognito-idp"), outputs, list(SYSTEM.roles), PASSWORDS)
    if not stacks:
        DEPLOYED.write_text(fingerprint)
    say(f"✓ API at {outputs.api_url}")
    return outputs


def _fingerprint() -> str:
    """Of everything that a deployment is made from."""
    digest = hashlib.sha256()
    for source in SOURCES:
        path = ROOT / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0")
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _cloud(*, auth: bool = False) -> LocalCloud:
    HOME.mkdir(exist_ok=True)
    return LocalCloud(HOME, auth=auth)


def _clients(target: str) -> Callable[[str], Any]:
    """Makes boto3 clients of the local cloud, or of AWS with the caller's own credentials."""
    if target == "local":
        return _cloud().client
    return lambda service: boto3.client(service)  # type: ignore[call-overload]


def _depth(sqs: Any, url: str) -> tuple[int, int]:
    found = sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, about: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=about.__doc__)

    for name, does in (("up", up), ("reset", reset)):
        starts = command(name, does)
        starts.add_argument("--auth", action="store_true", help="check every call against IAM policies")
        starts.add_argument("--no-seed", dest="seed", action="store_false", help="without the sample data")
    command("down", down)
    command("status", status)
    deploys = command("deploy", deploy)
    deploys.add_argument("stacks", nargs="*", help="only these stacks, for example stowage-orders")
    deploys.add_argument("--alarm-email", help="address that alarms are sent to")
    asks = command("token", token)
    asks.add_argument("caller", help="a role (operator, supervisor, integrator, viewer) or a machine client")
    reads = command("logs", show_logs)
    reads.add_argument("service")
    reads.add_argument("--follow", action="store_true", help="go on until interrupted")
    reads.add_argument("--minutes", type=float, default=15.0, help="how far back (default 15)")
    retries = command("redrive", redrive_queue)
    retries.add_argument("queue", help="for example orders-fulfilment, or orders-outbox-failures")
    repeats = command("replay", replay_history)
    repeats.add_argument("service")
    repeats.add_argument("reader", help="views or outbox")
    repeats.add_argument("--since", default="", help="first recorded time, ISO 8601 in UTC")
    repeats.add_argument("--until", default=WHEN_IT_ENDS, help="last recorded time")
    for either in (deploys, reads, retries, repeats):
        either.add_argument("--target", choices=("local", "aws"), default="local")
    return parser


if __name__ == "__main__":
    sys.exit(main())
