"""Races between threads and between processes, round by round.

Each round starts at a barrier and has a moment of its own, thirty seconds after the
last one's. An act gets the moment and says whether it succeeded.
"""

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.synchronize import Barrier as BarrierType
from threading import Barrier
from typing import TYPE_CHECKING

from ostiary.identity import totp
from ostiary.identity.model import MFADevice
from ostiary.identity.ring import EMPTY
from ostiary.identity.sealing import MasterKey, parse_master_key
from ostiary.identity.totp import InvalidTokenCode
from ostiary.identity.vault import Vault
from ostiary.services.enrolment import seed_of
from ostiary.services.mfa_ledger import Attempt, TokenCodeError, verify_token_code
from ostiary.store.engine import open_engine
from ostiary.store.sql import SqlStore

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

PROCESSES = 4

Act = Callable[[int], bool]
Verify = Callable[[SqlStore, Attempt, Vault], int]


def ledger(store: SqlStore, attempt: Attempt, vault: Vault) -> int:
    """The real thing."""
    return verify_token_code(store.ledger, attempt, vault)


def naive(store: SqlStore, attempt: Attempt, vault: Vault) -> int:
    """Read, check, write: the control that a good harness catches (T1)."""
    with store.read() as view:
        device = view.find(MFADevice, attempt.serial)
    assert device is not None
    step = totp.verify(
        seed_of(device, vault),
        totp.parse_token_code(attempt.token_code),
        now=attempt.now,
        drift=device.drift,
        last_step=device.last_step,
    )
    with store.ledger() as work:
        work.burn(device.serial, device=device.id, user=device.user, step=step)
    return int(attempt.now)


def threads(acts: Sequence[Act], moments: Sequence[int]) -> list[int]:
    """How many of the acts succeeded, for each round."""
    barrier = Barrier(len(acts))

    def run(act: Act) -> list[bool]:
        outcomes = []
        for moment in moments:
            barrier.wait()
            outcomes.append(act(moment))
        return outcomes

    with ThreadPoolExecutor(len(acts)) as pool:
        rounds = zip(*pool.map(run, acts), strict=True)
        return [sum(outcomes) for outcomes in rounds]


def use(verify: Verify, store: SqlStore, attempt: Attempt, vault: Vault) -> bool:
    """Whether the code was accepted."""
    try:
        verify(store, attempt, vault)
    except (TokenCodeError, InvalidTokenCode):
        return False
    return True


def processes(
    url: str, master: MasterKey, attempt: Attempt, codes: Mapping[int, str]
) -> list[int]:
    """How many of four processes used the one code of each moment."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES)
    results = context.Queue()
    job = (url, master.to_text(), attempt, codes)
    workers = [
        context.Process(target=_worker, args=(barrier, results, job))
        for _ in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    outcomes = [results.get(timeout=280) for _ in workers]
    for worker in workers:
        worker.join()
    return [sum(outcome) for outcome in zip(*outcomes, strict=True)]


def _worker(
    barrier: BarrierType,
    results: "Queue[list[bool]]",
    job: tuple[str, str, Attempt, Mapping[int, str]],
) -> None:
    url, master, attempt, codes = job
    store = SqlStore(open_engine(url))
    vault = Vault(parse_master_key(master), EMPTY)
    outcomes = []
    for moment, code in codes.items():
        barrier.wait(timeout=60)
        mine = replace(attempt, token_code=code, now=moment)
        outcomes.append(use(ledger, store, mine, vault))
    results.put(outcomes)
