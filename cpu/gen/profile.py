#!/usr/bin/env python3
"""Chooses the sequences that get handlers of their own, from execution profiles of large guests.

usage: profile.py --count N OUT.txt PROFILE...

A line of a profile is `weight op:a:b:c:d ...`: a straight run of instructions and how often it was executed, as
tests/bench/profile writes it. Each profile counts the same, however long it ran. First come single instructions
with their registers baked in, by weight; then pairs are joined, the most frequent first, into longer and longer
sequences, as long as that saves the most dispatches. The order of the output is by the dispatches or operand
decodings saved, so that a smaller build takes a prefix.
"""
import argparse
import collections
import heapq

MAX_SEQUENCE = 8
SINGLES_SHARE = 0.55 # of the handlers; more singles than this cost less than the sequences they displace
ENDS = ("b", "bl", "br", "blr", "ret", "bcond", "cbz", "cbnz", "tbz", "tbnz")


def ends(token):
    op = token.split(":")[0]
    return op.split("_")[0] in ENDS


def read(path):
    """Root of the executions: what programs have in common counts, not the inner loops of the profiled ones."""
    rows, total = [], 0
    for line in open(path):
        executions, *tokens = line.split()
        weight = int(executions) ** 0.5
        rows.append((weight, tuple(tokens)))
        total += weight * len(tokens)
    return [(weight / total, tokens) for weight, tokens in rows]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("output")
    parser.add_argument("profiles", nargs="+")
    args = parser.parse_args()
    blocks = collections.Counter()
    for path in args.profiles:
        for weight, tokens in read(path):
            blocks[tuple((t,) for t in tokens)] += weight / len(args.profiles)

    singles = collections.Counter()
    for block, weight in blocks.items():
        for unit in block:
            singles[unit] += weight
    chosen = {unit: weight for unit, weight in singles.most_common(int(args.count * SINGLES_SHARE))}

    # Joining pairs: counts are kept up to date only for the blocks that a join changes.
    blocks = [[list(block), weight] for block, weight in blocks.items()]
    pairs, where = collections.Counter(), collections.defaultdict(set)
    heap = [] # of (-count, pair); stale entries are dropped when they come up

    def count(number, sign):
        block, weight = blocks[number]
        for x, y in zip(block, block[1:]):
            if len(x) + len(y) <= MAX_SEQUENCE and not ends(x[-1]):
                pairs[x, y] += sign * weight
                if sign > 0:
                    where[x, y].add(number)
                    heapq.heappush(heap, (-pairs[x, y], (x, y)))

    for number in range(len(blocks)):
        count(number, 1)
    while len(chosen) < args.count and heap:
        known, (x, y) = heapq.heappop(heap)
        weight = pairs.get((x, y), 0)
        if weight < -known * (1 - 1e-9): # counts have gone down since
            if weight > 0:
                heapq.heappush(heap, (-weight, (x, y)))
            continue
        if weight <= 0:
            continue
        joined = x + y
        chosen[joined] = max(weight, chosen.get(joined, 0))
        for number in where.pop((x, y)):
            count(number, -1)
            old, new, i = blocks[number][0], [], 0
            while i < len(old):
                if i + 1 < len(old) and old[i] == x and old[i + 1] == y:
                    new.append(joined)
                    i += 2
                else:
                    new.append(old[i])
                    i += 1
            blocks[number][0] = new
            count(number, 1)
        pairs.pop((x, y), None)

    with open(args.output, "w") as out:
        out.write("# Made by cpu/gen/profile.py: sequences with handlers of their own, the most valuable first.\n")
        for unit, _ in sorted(chosen.items(), key=lambda item: -item[1]):
            out.write(" ".join(unit) + "\n")
    executed = sum(len(u) * w for block, w in blocks for u in block)
    dispatched = sum(w for block, w in blocks for _ in block)
    print(f"{len(chosen)} sequences; {dispatched / executed:.3f} dispatches an instruction")


main()
