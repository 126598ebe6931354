"""One chat template, from training to HTTP: what every folder of ours carries.

    tokenizer.chat_template = CHAT_TEMPLATE              # jinja, for transformers, TRL, vLLM
    chat_text([{"role": "user", "content": "Hello"}], add_generation_prompt=True)

    <|endoftext|><|system|>Be brief.<|user|>Hello<|assistant|>Hi.<|endoftext|><|user|>...

The document begins as every document does, a turn begins with its role, and only what the
assistant says ends with the end token: that is where generation stops, so it stands within
`{% generation %}` and is learned. The tokens have their ids from the first tokenizer on
(`SPECIAL_TOKENS`, in this order from id 0), so fine-tuning resizes nothing. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tenfold.terms.refusal import Refusal

END = "<|endoftext|>"  # begins a document, ends one, and ends what the assistant says
PAD = "<|pad|>"  # of its own: padding with the end token would hide the end from the loss
ROLES = ("system", "user", "assistant")
CHAT_TOKENS: tuple[str, ...] = ("<|system|>", "<|user|>", "<|assistant|>", END)
# Fill in the middle: prefix, suffix, and then what stood between them.
MIDDLE_TOKENS: tuple[str, ...] = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
# All that a tokenizer of ours has beside text, by id.
SPECIAL_TOKENS: tuple[str, ...] = (END, PAD, *CHAT_TOKENS[:3], *MIDDLE_TOKENS)
LEAST_VOCABULARY = 256 + len(SPECIAL_TOKENS)  # every byte is a token too

CHAT_TEMPLATE = """\
{{- '<|endoftext|>' -}}
{%- for message in messages -%}
{%- if message['role'] not in ['system', 'user', 'assistant'] -%}
{{- raise_exception("A message's role is system, user or assistant, not " ~ message['role']) -}}
{%- endif -%}
{{- '<|' ~ message['role'] ~ '|>' -}}
{%- if message['role'] == 'assistant' -%}
{%- generation -%}{{- message['content'] ~ '<|endoftext|>' -}}{%- endgeneration -%}
{%- else -%}
{{- message['content'] -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}
"""


def chat_text(messages: Sequence[Mapping[str, str]], add_generation_prompt: bool) -> str:
    """The text that the template makes of `messages` (`role`, `content`), for the tokenizer to
    read with its special tokens. Raises a Refusal for a role that is none."""
    parts = [END]
    for message in messages:
        role = message["role"]
        if role not in ROLES:
            raise Refusal(
                "chat.role",
                f"A message cannot have the role '{role}'.",
                "There are three: system, user and assistant.",
                "name the role of every message as one of these",
            )
        parts += [f"<|{role}|>", message["content"], END if role == "assistant" else ""]
    return "".join(parts) + ("<|assistant|>" if add_generation_prompt else "")
