"""A model that does not fit one device, split over the ranks of a gang (FSDP2).

    shard(model, "cuda:0")              # of every parameter each rank keeps some of the rows
    whole = gathered(state)             # any nested state with whole tensors, on rank 0's host
    part = split_like(parameter, whole) # and back

Each block's weights are gathered when it is their turn and let go after it; gradients are summed
where they belong. The number of ranks need not divide anything. A gathered state is as if one
device had trained, so it goes on with another number of ranks, split or not. All of it is
collective: every rank calls it. torch's part is imported where it is used: it takes half a second,
which only a split model pays.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import torch
from torch import Tensor, distributed, nn

from tenfold.science.transformer.model import Llama


def shard(model: Llama, device: str) -> None:
    """In place; `model` may lie on the host, each rank keeps its own part on its device."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FSDPModule, fully_shard

    kind = torch.device(device).type
    mesh = init_device_mesh(kind, (distributed.get_world_size(),))
    for block in model.model.layers:
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)  # sums: the loss has its weights already
            module.set_force_sum_reduction_for_comms(True)


def is_split(value: Any) -> TypeGuard[Any]:
    """Whether it is one of torch's DTensors."""
    return isinstance(value, Tensor) and hasattr(value, "to_local")


def gathered(state: Any) -> Any:
    """`state` with whole tensors instead of shares, on the host; on other ranks than the first
    they are let go at once."""
    if is_split(state):
        whole = state.full_tensor()
        return whole.cpu() if distributed.get_rank() == 0 else None
    if isinstance(state, dict):
        return {name: gathered(value) for name, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(gathered(value) for value in state)
    return state


def split_like(parameter: Tensor, whole: Tensor) -> Tensor:
    """This rank's share of `whole`, laid out as `parameter` is; nothing is sent."""
    if not is_split(parameter):
        return whole
    from torch.distributed.tensor import distribute_tensor

    mesh = parameter.device_mesh
    return distribute_tensor(
        whole.to(parameter.device), mesh, parameter.placements, src_data_rank=None
    )


def own(tensor: Tensor) -> Tensor:
    """The share that lies here, or the tensor itself; a view."""
    return tensor.to_local() if is_split(tensor) else tensor


def gathered_like(parameter: Tensor, share: Tensor) -> Tensor:
    """The whole of what `share` is the part of, where `parameter` is split; else `share`."""
    if not is_split(parameter):
        return share
    from torch.distributed.tensor import DTensor

    whole: Tensor = DTensor.from_local(
        share,
        parameter.device_mesh,
        parameter.placements,
        run_check=False,
        shape=parameter.shape,
        stride=parameter.stride(),
    ).full_tensor()
    return whole


def load_model(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Whole weights into a model that may be split."""
    named = dict(model.named_parameters(remove_duplicate=False))
    with torch.no_grad():
        for name, whole in weights.items():
            own(named[name]).copy_(own(split_like(named[name], whole)))


def load_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """A whole optimizer state into one whose parameters may be split."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    split = {
        number: {
            name: split_like(parameters[number], value)
            if isinstance(value, Tensor) and value.shape == parameters[number].shape
            else value
            for name, value in values.items()
        }
        for number, values in state["state"].items()
    }
    optimizer.load_state_dict(state | {"state": split})
