"""A steady cavity put beside the reference columns, as figures and as files.

Velocities in lid speeds, lengths in box widths. The files: `fields_re400.npz` (u, v at cell
centres), `centre_lines_re400.csv` (at, u, v) and, where a reference exists, `points_re400.csv`.
"""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.science.cavity_tables import CavityTable, table_at
from tenfold.science.lattice_boltzmann.march import SteadyCase
from tenfold.science.lattice_boltzmann.profiles import (
    Array,
    CentreLines,
    centre_lines,
    interpolate,
    main_vortex,
    stream_function,
)


def figures(case: SteadyCase) -> dict[str, Any]:
    """How it ran, the main vortex, the net flow, the largest errors over each line's points."""
    record = case.record
    psi = stream_function(case.u)
    vortex_x, vortex_y, vortex_psi = main_vortex(psi)
    found = asdict(record) | {
        "mlups": record.steps * case.u.size / record.wall_s / 1e6,
        "vortex": {"x": vortex_x, "y": vortex_y, "psi": vortex_psi},
        "net_flow": float(np.abs(psi[-1]).max()),  # through any upright line; exactly 0 in nature
        "judged": False,
    }
    table = table_at(record.reynolds)
    if table is None:
        return found
    lines = centre_lines(case.u, case.v)
    error_u, error_v = largest_errors(lines, table)
    u, v = _at_points(lines, table)
    return found | {
        "judged": True,
        "error_u": error_u,
        "error_v": error_v,
        "ghia_error_u": float(np.abs(u - table.ghia_u).max()),
        "ghia_error_v": float(np.abs(v - table.ghia_v).max()),
    }


def largest_errors(lines: CentreLines, table: CavityTable) -> tuple[float, float]:
    """Largest distance of u and of v from reference E over the table's points, in lid speeds."""
    u, v = _at_points(lines, table)
    return float(np.abs(u - table.u).max()), float(np.abs(v - table.v).max())


def write_files(folder: Path, case: SteadyCase) -> list[tuple[Path, str, str]]:
    """Write the files of one Reynolds number; (path, kind, title) of each."""
    label = f"{case.record.reynolds:g}"
    lines = centre_lines(case.u, case.v)
    fields = folder / f"fields_re{label}.npz"
    np.savez_compressed(fields, u=case.u, v=case.v)
    profiles = folder / f"centre_lines_re{label}.csv"
    _write_rows(profiles, ("at", "u", "v"), zip(lines.at, lines.u, lines.v, strict=True), digits=7)
    written = [
        (fields, "data", f"Re {label}: u and v in every cell"),
        (profiles, "table", f"Re {label}: both centre lines"),
    ]
    table = table_at(case.record.reynolds)
    if table is not None:
        points = folder / f"points_re{label}.csv"
        u, v = _at_points(lines, table)
        rows = [("u", *row) for row in zip(table.y, u, table.u, table.ghia_u, strict=True)]
        rows += [("v", *row) for row in zip(table.x, v, table.v, table.ghia_v, strict=True)]
        _write_rows(points, ("velocity", "at", "ours", "reference_e", "ghia_1982"), rows, digits=5)
        written.append((points, "table", f"Re {label}: ours beside the references"))
    return written


def _at_points(lines: CentreLines, table: CavityTable) -> tuple[Array, Array]:
    return interpolate(lines.at, lines.u, table.y), interpolate(lines.at, lines.v, table.x)


def _write_rows(path: Path, header: tuple[str, ...], rows: Any, digits: int) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            writer.writerow([x if isinstance(x, str) else f"{x:.{digits}f}" for x in row])
