"""Drives SWE-ReX's runtime in a container: one JSON request a line on standard input, one answer a line on standard output.

A request is {"do": "execute" | "session", "argv": [...]} or {"do": "read", "path": "..."}; the answer has what the work gave and the
milliseconds it took as SWE-ReX's own client sees them.
"""

import asyncio
import json
import sys
from time import perf_counter

from swerex.runtime.abstract import BashAction, Command, CreateBashSessionRequest, ReadFileRequest
from swerex.runtime.config import RemoteRuntimeConfig
from swerex.runtime.remote import RemoteRuntime

DEADLINE_SECONDS = 60.0


async def work(runtime: RemoteRuntime, request: dict) -> dict:
    if request["do"] == "read":
        return {"exit_code": 0, "stdout": (await runtime.read_file(ReadFileRequest(path=request["path"]))).content}
    if request["do"] == "session":
        observed = await runtime.run_in_session(BashAction(command=" ".join(request["argv"]), timeout=DEADLINE_SECONDS))
        return {"exit_code": observed.exit_code, "stdout": observed.output}
    ran = await runtime.execute(Command(command=request["argv"], timeout=DEADLINE_SECONDS, cwd="/workspace"))
    return {"exit_code": ran.exit_code, "stdout": ran.stdout}


async def main(host: str, port: int, token: str) -> None:
    runtime = RemoteRuntime.from_config(
        RemoteRuntimeConfig(host=host, port=port, auth_token=token, timeout=DEADLINE_SECONDS)
    )
    await runtime.wait_until_alive(timeout=DEADLINE_SECONDS)
    await runtime.create_session(CreateBashSessionRequest())
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        began = perf_counter()
        answer = await work(runtime, json.loads(line))
        print(json.dumps({"ms": (perf_counter() - began) * 1000, "answer": answer}), flush=True)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
