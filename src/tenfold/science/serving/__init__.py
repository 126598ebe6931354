"""A language model behind OpenAI's HTTP: read in this order.

request.py      what is asked of an engine, and what it says back
engine.py       the contract of an engine
loading.py      a Hugging Face folder (and an adapter) becomes a model that can be served
cache.py        keys and values of many texts at once
batching.py     the engine `transformers`: one forward pass a step for all texts under way
sampling.py     one token from one row of logits
structured.py   JSON that a schema allows, and that is closed before the tokens run out
words.py        tokens to text, and where a stop string begins
wire.py         OpenAI's requests, checked; answers.py: what goes back
app.py          the routes
assistant.py    the model name `notes`: retrieval, sources, "I don't know"
memory.py       weights, cache and the decode ceiling, before anything runs (no torch)
vllm.py         the call of the other engine
"""
