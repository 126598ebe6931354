"""A small Llama-shaped transformer, trained from scratch: for `llm.pretrain`, or as a library.

Light, standard library only: shape (counts, FLOPs, memory), recipe (one dial derives the rest),
chat (the template and its tokens), documents and text (a corpus from a folder; Parquet and PDF by
their libraries). With torch: model, muon, training, gang and sharding (several ranks), generation.
With numpy too: batches, bigram, evaluation. With tokenizers or safetensors: tokens, shards (the
token files of a job), hf_folder (a Hugging Face folder). `pretraining` puts them together.
"""
