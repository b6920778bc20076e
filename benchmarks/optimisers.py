"""What does a step of an optimiser cost, beside PyTorch's?

One million parameters in 100 matrices of 100 x 100, float32, with gradients that stay. Each library runs in a process of
its own and they take turns, several rounds long; a ratio compares times of the same round, and the table gives the median
of the rounds. PyTorch's is asked for its default and, where it has one, for its fused implementation. Before anything is
timed, the parameters after three steps are compared. Machines are noisy: only ratios count.

    python benchmarks/optimisers.py [--quick] [--threads 1] [--rounds 7] [--only SGD,Adam] [--json PATH]

Left out: LBFGS, whose time is the closure's, and SparseAdam.
"""

import argparse
import gc
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from overhead import OURS, Runner, answer, machine, versions_of

TENSORS, SIDE = 100, 100
PEER = "torch"
#: name -> (optimiser, options)
RULES = {
    "SGD": ("SGD", {}),
    "SGD momentum": ("SGD", {"momentum": 0.9}),
    "Adam": ("Adam", {}),
    "AdamW": ("AdamW", {}),
    "Adamax": ("Adamax", {}),
    "NAdam": ("NAdam", {}),
    "RAdam": ("RAdam", {}),
    "Adagrad": ("Adagrad", {}),
    "Adadelta": ("Adadelta", {}),
    "RMSprop": ("RMSprop", {}),
    "Rprop": ("Rprop", {}),
    "ASGD": ("ASGD", {}),
    "Adafactor": ("Adafactor", {}),
    "Muon": ("Muon", {}),
}
FUSED = ("SGD", "SGD momentum", "Adam", "AdamW", "Adagrad")
AGREES = {"Muon": 0.05}  # bfloat16 inside


def built(library, rule, fused):
    """The optimiser after three steps, and a sample of its parameters."""
    lib = __import__(library)
    rng = np.random.default_rng(0)

    def draw():
        return lib.tensor(rng.normal(size=(SIDE, SIDE)).astype(np.float32))

    params = [lib.nn.Parameter(draw()) for _ in range(TENSORS)]
    name, options = RULES[rule]
    made = getattr(lib.optim, name)(params, **options, **({"fused": True} if fused else {}))
    for param in params:
        param.grad = draw()
    for _ in range(3):
        made.step()
    return made, [float(param.detach()[3, 5]) for param in params[:20]]


def child(library, threads):
    """Answer requests: {rule, fused} with parameters, {rule, fused, seconds} with the seconds of a step."""
    if library == PEER:
        __import__(PEER).set_num_threads(threads)
    answer(versions_of(library))
    kept = {}
    for line in sys.stdin:
        request = json.loads(line)
        key = request["rule"], request["fused"]
        try:
            if key not in kept:
                kept.clear()
                kept[key] = built(library, *key)
            made, sample = kept[key]
            answer({"sample": sample} if "seconds" not in request else {"seconds": timed(made.step, request["seconds"])})
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {error}"})
    return 0


def timed(step, seconds):
    """The shortest of the steps that fit into the time; at least three."""
    gc.collect()
    best, count, end = float("inf"), 0, time.perf_counter() + seconds
    while count < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        best, count = min(best, time.perf_counter() - start), count + 1
    return best


def gather(runners, rules, rounds, seconds):
    """One record per rule: milliseconds of each way of running it, and ratios of ours to PyTorch's."""
    records = []
    for rule in rules:
        ways = [(OURS, False)]
        if PEER in runners:
            ways += [(PEER, False), *([(PEER, True)] if rule in FUSED else [])]
        samples = [runners[library].ask(rule=rule, fused=fused) for library, fused in ways]
        failed = next((sample["error"] for sample in samples if "error" in sample), None)
        if failed:
            records.append({"rule": rule, "error": failed})
            continue
        first = np.array(samples[0]["sample"])
        tolerance = AGREES.get(rule, 1e-3)
        differ = [not np.allclose(first, sample["sample"], rtol=tolerance, atol=tolerance) for sample in samples[1:]]
        times = {way: [] for way in ways}
        for _ in range(rounds):
            for library, fused in ways:
                found = runners[library].ask(rule=rule, fused=fused, seconds=seconds)
                times[library, fused].append(found["seconds"])
        record = {"rule": rule, "agrees": not any(differ)}
        for (library, fused), measured in times.items():
            label = f"{library}{' fused' if fused else ''}"
            record[label] = 1e3 * statistics.median(measured)
            if library != OURS:
                ratios = [mine / other for mine, other in zip(times[OURS, False], measured, strict=True)]
                record[f"ratio to {label}"] = statistics.median(ratios)
        records.append(record)
    return records


def show(records):
    print(f"\n{'ms per step':<14}{'minitorch':>11}{'torch':>16}{'torch fused':>16}   (ratio of ours)")
    for record in records:
        if "error" in record:
            print(f"{record['rule']:<14}  {record['error']}")
            continue
        cells = "".join(
            f"{record[label]:>9.2f} ({record[f'ratio to {label}']:.2f})" if label in record else f"{'':>16}"
            for label in ("torch", "torch fused")
        )
        print(f"{record['rule']:<14}{record[OURS]:>11.2f}{cells}{'' if record['agrees'] else '   RESULTS DIFFER'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", help="rules, with commas between")
    parser.add_argument("--json", type=Path, help="where to write everything that was measured")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child, options.threads)
    rules = [rule for rule in RULES if options.only is None or rule in options.only.split(",")]
    rounds = options.rounds or (1 if options.quick else 7)
    runners = {library: Runner(library, options.threads, __file__) for library in (OURS, PEER)}
    for library in [library for library, runner in runners.items() if "error" in runner.versions]:
        print(f"{library} could not be started and is left out: {runners.pop(library).versions['error']}")
    if OURS not in runners:
        return 1
    where = machine()
    print(f"{where['cpu']}, {where['cores']} cores, {where['system']}; {options.threads} thread(s), {rounds} rounds")
    try:
        records = gather(runners, rules, rounds, 0.02 if options.quick else 0.3)
    finally:
        for runner in runners.values():
            runner.close()
    show(records)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"machine": where, "rounds": rounds, "results": records}, indent=1) + "\n")
    return 0 if all(record.get("agrees") for record in records) else 1


if __name__ == "__main__":
    sys.exit(main())
