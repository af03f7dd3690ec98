"""What a call costs by each transport, from the run of the client `calls`."""

import statistics

LONG = 50000  # instructions: string forms of the 64 KiB message, which go there and back in turns of 16 KiB
# Name, cause in the trace, syndrome of a call.
TRANSPORTS = [("HVC", "HVC", "0x5a000086"), ("BRK", "MDCR_EL2.TDE", "0xf2000086"),
              ("DCC", "MDCR_EL2.TDA", "0x6220c3e3"), ("WFE", "HCR_EL2.TWE", "0x7e00001")]
HEAD = ["| transport | caller | trapped by | exits | least | median | exits of 64 KiB twice | the longest of them |",
        "|---|---|---|---|---|---|---|---|"]


def table(run, transports):
    rows = list(HEAD)
    for el in (1, 0):
        for name, why, esr in transports:
            costs = [back.at - entry.at for entry, back in run.visits(why, el, esr)]
            streams = [cost for cost in costs if cost > LONG]
            if costs:
                rows.append(f"| {name} | EL{el} | `{why}` | {len(costs)} | {min(costs)} | {statistics.median_low(costs)} "
                            f"| {len(streams)} | {max(streams, default=0)} |")
    return rows


def picture(run):
    """One short call by each transport, on one scale: the guest below, EL2 above."""
    cost = lambda visit: visit[1].at - visit[0].at
    shown = [(name, el, min(map(cost, run.visits(why, el, esr))))
             for el in (1, 0) for name, why, esr in TRANSPORTS if run.visits(why, el, esr)]
    width, margin, out = 760, 90, []
    scale = (width - margin - 120) / max(instructions for _, _, instructions in shown)
    for n, (name, el, instructions) in enumerate(shown):
        y, right = 24 + n * 34, margin + 40 + instructions * scale
        out.append(f'<text x="8" y="{y + 14}">{name}, EL{el}</text>')
        out.append(f'<path d="M{margin} {y + 18}H{margin + 40}V{y + 4}H{right:.1f}V{y + 18}H{right + 40:.1f}" '
                   'fill="none" stroke="#1f5fa8" stroke-width="2"/>')
        out.append(f'<text x="{margin + 46}" y="{y + 17}" font-size="11">{instructions} instructions at EL2</text>')
    height = 34 * len(shown) + 24
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
            f'font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(out)}</svg>\n')
