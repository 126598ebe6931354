"""What one NVIDIA card tells of its power, through NVML. None where it does not tell."""

from __future__ import annotations

from typing import Any


class CardMeter:
    """By its UUID. Raises LookupError, with the driver's words, where it cannot be asked at all.

    The energy counter of a card is renewed every 20 to 100 ms: measure for seconds, not less.
    """

    def __init__(self, uuid: str) -> None:
        import pynvml  # a job that measures nothing need not wait for it

        self._nvml = pynvml
        try:
            pynvml.nvmlInit()
            self._handle = pynvml.nvmlDeviceGetHandleByUUID(uuid.encode())
        except pynvml.NVMLError as error:
            raise LookupError(str(error)) from error
        self.uuid = uuid
        self.model = str(self._told("nvmlDeviceGetName") or "GPU").removeprefix("NVIDIA ")
        self.driver = str(self._ask(pynvml.nvmlSystemGetDriverVersion) or "")

    def limit_w(self) -> float | None:
        """The most it may draw now, whoever set that."""
        return self._thousandth("nvmlDeviceGetEnforcedPowerLimit")

    def usual_limit_w(self) -> float | None:
        """Its limit as it was made."""
        return self._thousandth("nvmlDeviceGetPowerManagementDefaultLimit")

    def lowest_limit_w(self) -> float | None:
        """The lowest limit that can be set."""
        told = self._told("nvmlDeviceGetPowerManagementLimitConstraints")
        return None if told is None else told[0] / 1000

    def energy_j(self) -> float | None:
        """Since the driver was loaded."""
        return self._thousandth("nvmlDeviceGetTotalEnergyConsumption")

    def power_w(self) -> float | None:
        """Mean over the last second on most cards."""
        return self._thousandth("nvmlDeviceGetPowerUsage")

    def _thousandth(self, name: str) -> float | None:
        """NVML counts in milliwatts and millijoules."""
        told = self._told(name)
        return None if told is None else told / 1000

    def _told(self, name: str) -> Any:
        return self._ask(getattr(self._nvml, name), self._handle)

    def _ask(self, call: Any, *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except self._nvml.NVMLError:
            return None
