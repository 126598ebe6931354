"""What a node stands in: size, weight, power supplies, air. None where no source tells it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chassis:
    name: str
    source: str
    rack_units: float | None = None
    weight_kg: float | None = None  # with its cards
    rated_w: float | None = None  # at the wall, as its maker states it
    heat_btu_h: float | None = None  # as its maker states it
    seen: str = ""  # what somebody measured at its wall plug
    supplies: int | None = None  # power supplies
    supplies_needed: int | None = None  # of them, to carry the rated watts
    supply_w: float | None = None  # output of one
    supply_lowest_v: float | None = None  # input of one
    supply_highest_v: float | None = None
    plugs: str = ""
    airflow_cfm: float | None = None
    airflow_at: str = ""  # the state that the airflow was told for
    inlet_lowest_c: float | None = None
    inlet_highest_c: float | None = None
    slots: int | None = None  # double-width places for cards
    lanes: str = ""  # how the cards reach the processors
    noise_dba: float | None = None
