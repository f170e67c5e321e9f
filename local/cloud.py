"""A cloud of one's own on this machine: MiniStack in the background, and our stacks deployed to it by the CDK.

    cloud = LocalCloud(Path("somewhere"))
    cloud.start()
    outputs = cloud.deploy()
    ...
    cloud.stop()

`make run` keeps one in `.local`; a test that needs its own makes one in a temporary folder, on a free port.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from botocore.config import Config
from localstack_client.session import Session as LocalSession
from msgspec import Struct

from infra.app import SYSTEM
from local.environment import CLOUD_VENV, ROOT, cdk_command, with_node
from local.outputs import Outputs, Queue, queues_of, tables_of
from local.progress import Step

REGION = "us-east-1"
ACCOUNT = "000000000000"
USUAL_PORT = 4566
READY_SECONDS = 60.0
STOP_SECONDS = 10.0
BOOTSTRAP_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}


class LocalCloudError(Exception):
    """The local cloud did not start, or a deployment to it failed; the message says where to read more."""


class Process(Struct, frozen=True):
    """A running MiniStack. `bootstrapped` once the CDK has its bucket and roles there."""

    pid: int
    port: int
    auth: bool = False
    bootstrapped: bool = False


class LocalCloud:
    """MiniStack, its state in `directory`: process id, log, temporary files, outputs.

    With `auth` every call is checked against IAM policies, as on AWS; the credentials `test`/`test` are the
    account's root. Nothing survives a stop: the emulator keeps its data in memory.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        auth: bool = False,
        functions: Path = ROOT / "functions",
        python: Path = CLOUD_VENV / "bin" / "python",
    ) -> None:
        self._directory = directory.resolve()
        self._scratch = self._directory / "tmp"
        self._wanted_port = port
        self._auth = auth
        self._functions = functions
        self._python = python
        self._state_file = self._directory / "cloud.json"

    # --- its life ---

    def start(self) -> None:
        """Starts it unless it runs, and waits until it answers. Raises LocalCloudError."""
        if self.running() is not None:
            return
        self._clean_up()
        if not self._python.exists():
            raise LocalCloudError(f"{self._python} is missing: run `make env`")
        self._scratch.mkdir(parents=True, exist_ok=True)
        port = self._wanted_port or _free_port()
        environment = {
            # Lambdas inherit all of this, so it is only what they may see: no AWS_* of the caller's, no endpoint.
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TZ") if name in os.environ},
            "TMPDIR": str(self._scratch),
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "AUTH": str(self._auth).lower(),
            "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        with self.log_file.open("wb") as log:
            process = subprocess.Popen(
                [str(self._python), "-m", "ministack"],
                env=environment,
                cwd=self._scratch,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a process group of its own: stopping it takes its Lambdas along
            )
        self._remember(Process(process.pid, port, self._auth))
        self._wait_until_ready(process)

    def stop(self) -> bool:
        """Ends it and every Lambda worker it started; whether there was anything to end."""
        process = self._process()
        ended = process is not None and _is_ministack(process.pid)
        if process is not None and ended:
            os.killpg(process.pid, signal.SIGTERM)
            if not _gone(process.pid, STOP_SECONDS):
                os.killpg(process.pid, signal.SIGKILL)
                _gone(process.pid, STOP_SECONDS)
        self._end_workers()
        self._clean_up()
        return ended

    def running(self) -> Process | None:
        """The running process, if it is alive and answers."""
        process = self._process()
        if process is None or not _is_ministack(process.pid) or not _answers(process.port):
            return None
        return process

    # --- what is on it ---

    def deploy(self, stacks: Sequence[str] = ()) -> Outputs:
        """Deploys all stacks, or only those named, and writes the outputs. Raises LocalCloudError."""
        process = self._running()
        assembly = self._directory / "cdk.out"
        with Step("turning the map into stacks (cdk synth)"):
            bootstrap = None if process.bootstrapped else self._start_bootstrap()
            self._synthesize(assembly)
            if bootstrap is not None:
                self._finish_bootstrap(*bootstrap)
        which = ["--exclusively", *stacks] if stacks else ["--all"]
        with Step(f"deploying {', '.join(stacks) or 'all stacks'} (cdk deploy)") as step:
            self._cdk(
                [
                    *("deploy", *which, "--app", str(assembly), "--require-approval", "never"),
                    *("--method", "direct", "--concurrency", "4", "--progress", "events"),
                ],
                "deploy",
                step,
            )
        outputs = self._collect_outputs()
        outputs.write(self.outputs_file)
        return outputs

    def outputs(self) -> Outputs:
        """What the last deployment wrote."""
        return Outputs.read(self.outputs_file)

    def client(self, service: str) -> Any:
        """A boto3 client of this cloud's `service`, with the account's root credentials."""
        return local_client(service, self.endpoint)

    @property
    def endpoint(self) -> str:
        """Where it answers, for example `http://localhost:4566`."""
        return f"http://localhost:{self._running().port}"

    @property
    def outputs_file(self) -> Path:
        """Where the outputs are written."""
        return self._directory / "outputs.json"

    @property
    def log_file(self) -> Path:
        """The emulator's own log."""
        return self._directory / "cloud.log"

    # --- deployment ---

    def _cdk_environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
        endpoint = self.endpoint
        return with_node(
            {
                **clean,
                **CREDENTIALS,
                "AWS_ENDPOINT_URL": endpoint,
                "AWS_ENDPOINT_URL_S3": endpoint,
                "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        )

    def _synthesize(self, assembly: Path) -> None:
        shutil.rmtree(assembly, ignore_errors=True)
        settings = json.loads((ROOT / "cdk.json").read_text())
        context = {
            **settings.get("context", {}),
            "target": "local",
            "endpoint": self.endpoint,
            "functions": str(self._functions),
        }
        environment = {
            **self._cdk_environment(),
            "CDK_OUTDIR": str(assembly),
            "CDK_CONTEXT_JSON": json.dumps(context),
        }
        self._logged([sys.executable, "-m", "infra.app"], "synth", environment)

    def _start_bootstrap(self) -> tuple[subprocess.Popen[bytes], Path]:
        log = self._log("bootstrap")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*cdk_command(), "bootstrap", f"aws://{ACCOUNT}/{REGION}"],
                env=self._cdk_environment(),
                cwd=self._directory,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return process, log

    def _finish_bootstrap(self, process: subprocess.Popen[bytes], log: Path) -> None:
        if process.wait():
            raise LocalCloudError(f"cdk bootstrap failed ({log}):\n{_tail(log)}")
        if self._auth:
            # The bucket refuses plain HTTP, which is all this cloud speaks.
            self.client("s3").delete_bucket_policy(Bucket=BOOTSTRAP_BUCKET)
        self._remember(msgspec.structs.replace(self._running(), bootstrapped=True))

    def _cdk(self, arguments: Sequence[str], name: str, step: Step) -> None:
        self._logged([*cdk_command(), *arguments], name, self._cdk_environment(), step)

    def _logged(
        self, command: Sequence[str], name: str, environment: dict[str, str], step: Step | None = None
    ) -> None:
        """Runs a command into a log of its own, telling the step which stack is done."""
        log = self._log(name)
        with (
            log.open("w") as output,
            subprocess.Popen(
                command,
                env=environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            ) as process,
        ):
            for line in process.stdout or ():
                output.write(line)
                if step is not None and "✅" in line:
                    step.note(f"{line.partition('✅')[2].strip()} is up")
        if process.returncode:
            raise LocalCloudError(f"{name} failed ({log}):\n{_tail(log)}")

    def _collect_outputs(self) -> Outputs:
        described = self.client("cloudformation").describe_stacks(StackName=SYSTEM.platform_stack)
        platform = {output["OutputKey"]: output["OutputValue"] for output in described["Stacks"][0]["Outputs"]}
        sqs = self.client("sqs")

        def url(queue: str) -> str:
            return str(sqs.get_queue_url(QueueName=queue)["QueueUrl"])

        return Outputs(
            api_url=f"{self.endpoint}/_aws/execute-api/{platform['ApiId']}/$default",
            region=REGION,
            endpoint_url=self.endpoint,
            bus=platform["BusName"],
            tables={service.name: tables_of(service) for service in SYSTEM.services},
            queues={
                name: Queue(url(name), dlq, url(dlq) if dlq else None) for name, dlq in queues_of(SYSTEM).items()
            },
            functions={
                service.name: {
                    capability.name: service.function(capability) for capability in service.capabilities
                }
                for service in SYSTEM.services
            },
            user_pool_id=platform["UserPoolId"],
            token_url=platform["TokenUrl"],
            clients={
                "people": platform["ClientPeople"],
                **{machine.name: platform[f"Client{machine.name.title()}"] for machine in SYSTEM.machine_clients},
            },
        )

    # --- state ---

    def _running(self) -> Process:
        process = self._process()
        if process is None:
            raise LocalCloudError(f"no local cloud in {self._directory}: start one with `make run`")
        return process

    def _process(self) -> Process | None:
        try:
            return msgspec.json.decode(self._state_file.read_bytes(), type=Process)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def _remember(self, process: Process) -> None:
        written = self._state_file.with_suffix(".new")
        written.write_bytes(msgspec.json.encode(process))
        written.replace(self._state_file)

    def _end_workers(self) -> None:
        """Ends the Lambda workers that a killed cloud left behind: they run from its temporary folder."""
        for pid, command in _processes():
            if f"{self._scratch}/ministack-lambda-" in command:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _clean_up(self) -> None:
        """Forgets a cloud that is no more; logs stay."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._state_file.unlink(missing_ok=True)
        self.outputs_file.unlink(missing_ok=True)

    def _log(self, name: str) -> Path:
        folder = self._directory / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{name}.log"

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise LocalCloudError(f"the local cloud ended at once ({self.log_file}):\n{_tail(self.log_file)}")
            if self.running() is not None:
                return
            time.sleep(0.05)
        self.stop()
        raise LocalCloudError(f"the local cloud did not answer within {READY_SECONDS:.0f} s ({self.log_file})")


@contextmanager
def temporary_cloud(
    directory: Path, *, auth: bool = False, functions: Path = ROOT / "functions"
) -> Iterator[LocalCloud]:
    """A cloud on a free port with everything deployed, gone at the end."""
    cloud = LocalCloud(directory, port=_port_of_the_systems_choice(), auth=auth, functions=functions)
    try:
        cloud.start()
        cloud.deploy()
        yield cloud
    finally:
        cloud.stop()


def local_client(service: str, endpoint: str) -> Any:
    """A boto3 client of the cloud at `endpoint`, with the credentials every local cloud knows."""
    session = LocalSession(
        CREDENTIALS["AWS_ACCESS_KEY_ID"],
        CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
        localstack_host=urlsplit(endpoint).netloc,
    )
    config = Config(inject_host_prefix=False, retries={"mode": "standard", "max_attempts": 5})
    return session.client(service, config=config)


def _free_port() -> int:
    """The usual port, or any other when something listens there."""
    with socket.socket() as caller:
        if caller.connect_ex(("127.0.0.1", USUAL_PORT)) == 0:
            return _port_of_the_systems_choice()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", USUAL_PORT))
        except OSError:
            return _port_of_the_systems_choice()
    return USUAL_PORT


def _port_of_the_systems_choice() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _is_ministack(pid: int) -> bool:
    """Whether that process is still the one we started, and not another that got its number."""
    return any(found == pid and "ministack" in command for found, command in _processes())


def _processes() -> Iterator[tuple[int, str]]:
    """Number and command line of every process: from /proc, or where there is none, from ps."""
    if Path("/proc/self/cmdline").exists():
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(OSError):
                    yield (
                        int(folder.name),
                        (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"),
                    )
        return
    listed = subprocess.run(["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        number, _, command = line.strip().partition(" ")
        yield int(number), command


def _gone(pid: int, seconds: float) -> bool:
    """Waits for a process to be over, its port free again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if _is_over(pid):
            return True
        time.sleep(0.05)
    return False


def _is_over(pid: int) -> bool:
    """Whether the process has ended entirely: its command line goes before its sockets do, so that will not do.

    A child of ours is reaped; one whose parent has not reaped it yet counts as ended.
    """
    with suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state in "ZX"


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-25:])
